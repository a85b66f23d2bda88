"""The trees of regions: who lies above whom, and who answers for a site."""

from collections.abc import Iterator

from karez_gateway.county.registry import Registry, Values
from karez_gateway.county.values import text


def upwards(registry: Registry, code: str) -> Iterator[str]:
    """A region and those above it, the root last; of a cycle each once."""
    seen: set[str] = set()
    while code and code not in seen:
        values = registry.get("region", code)
        if values is None:
            return
        seen.add(code)
        yield code
        code = text(values, "parent")


def overdrawn(registry: Registry, site: Values) -> str:
    """The over-drawn area that a site lies in by either tree, "" for none."""
    for key in ("region", "basin"):
        for code in upwards(registry, text(site, key)):
            if registry["region", code].get("is_overdrawn"):
                return code
    return ""


def responsible(registry: Registry, site: Values) -> str:
    """The person who answers for a site: its own, or that of the nearest region above; "" for nobody."""
    own = text(site, "person")
    if own:
        return own
    above = (text(registry["region", code], "person") for code in upwards(registry, text(site, "region")))
    return next((person for person in above if person), "")
