"""A plan that a person changes within the year (requirement T26): a new version with reason and document.

What is used stays used. A cut below it is legal, and stops the well at once where its policy stops wells: so
somebody must say that it is meant.
"""

from collections.abc import Mapping

from karez_gateway.county.quota import findings, plans
from karez_gateway.county.quota.plans import Change
from karez_gateway.county.quota.wording import m3
from karez_gateway.county.registry.objects import Registry
from karez_gateway.errors import Refused


def changes(
    registry: Registry,
    year: int,
    volumes_l: Mapping[str, int],
    used_l: Mapping[str, int],
    document: str,
    over: tuple[str, ...] = (),
    *,
    is_below_use_meant: bool = False,
) -> list[Change]:
    """Plans of some sites as they become.

    Raises Refused without a document, and below what is protected or used.
    """
    if not document.strip():
        raise Refused("an adjustment needs its document: --document TEXT")
    for site, volume_l in volumes_l.items():
        values = registry.get("site", site)
        if values is None:
            raise Refused(f"there is no site {site!r} in the registry")
        if volume_l < int(values.get("minimum_l", 0)):
            raise Refused(
                f"site {site}: {m3(volume_l)} m³ are below its protected minimum, "
                f"{m3(int(values['minimum_l']))} m³"
            )
    if not is_below_use_meant:
        refuse_below_use(volumes_l, used_l)
    return plans.of_year(registry, year, volumes_l, document, over)


def refuse_below_use(volumes_l: Mapping[str, int], used_l: Mapping[str, int]) -> None:
    """Raise Refused naming the sites that would have less than they used already."""
    found = plans.below_use(volumes_l, used_l)
    try:
        findings.refuse_faults(found)
    except Refused as error:
        raise Refused(f"{error}\nsay --below-use if that is meant") from None
