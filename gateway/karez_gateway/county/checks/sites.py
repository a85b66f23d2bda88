"""Rules of sites, their permits, their accounts, and the life of a well."""

from collections.abc import Iterable, Iterator, Mapping

from karez_gateway.county.checks.context import Context
from karez_gateway.county.registry import trees
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.fields import CUBIC_METRES
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text, whole
from karez_gateway.county.registry.words import CLASSES, POINTS, SITE_KINDS, SOURCES, STATUSES

# Where a site of a kind can be measured and what it takes: wellhead and canal never add up (requirement C02).
POINTS_OF = {"well": ("wellhead", "pipe"), "intake": ("canal-head", "branch-outlet", "pipe")}
SOURCES_OF = {"well": ("ground", "brackish"), "intake": ("surface", "reclaimed", "rain", "brackish")}
# The life of a well: from -> to. Retired is for ever; a renewed well is a new site that names the old ones.
NEXT = {
    "pending": ("licensed", "unlicensed", "sealed", "retired"),
    "licensed": ("pending", "unlicensed", "sealed", "retired"),
    "unlicensed": ("pending", "licensed", "sealed", "retired"),
    "sealed": ("pending", "licensed", "unlicensed", "retired"),
    "retired": (),
}
# Class in a binding (registry.CLASSES of the gateway) -> classes of use that it may stand for.
BOUND_AS = {
    "irrigation": ("farming", "ecology"),
    "domestic": ("domestic",),
    "livestock": ("farming", "domestic"),
    "industry": ("industry",),
}
SITE_BYTES_MAX = 16  # of a binding
ACCOUNT_MAX = (1 << 32) - 1  # of a record


def _joined(words: Iterable[str], chinese: Mapping[str, str]) -> dict[str, str]:
    known = list(words)
    return {
        "known": ", ".join(known) or "nothing",
        "known_zh": "、".join(chinese[one] for one in known) or "无",
    }


def _both(key: str, word: str, chinese: Mapping[str, str]) -> dict[str, str]:
    return {key: word, f"{key}_zh": chinese.get(word, word)}


def points(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Metering point and source fit the kind of site."""
    for site, values in after.of_kind("site"):
        sort = text(values, "sort")
        for key, known, chinese in (("point", POINTS_OF, POINTS), ("source", SOURCES_OF, SOURCES)):
            word = text(values, key)
            if word and sort in known and word not in known[sort]:
                facts = _both("sort", sort, SITE_KINDS) | _both(key, word, chinese)
                yield Fault("site", site, key, key, facts_of(facts | _joined(known[sort], chinese)))


def permits(_before: Registry, after: Registry, context: Context) -> Iterator[Fault]:
    """A permit's days are in order; a site's permit is its holder's, and for its class and source."""
    for number, values in after.of_kind("permit"):
        begin, end = text(values, "from_date"), text(values, "to_date")
        if begin and end and end < begin:
            facts = facts_of({"from_date": begin, "to_date": end})
            yield Fault("permit", number, "to_date", "days", facts)
    for site, values in after.of_kind("site"):
        number, status = text(values, "permit"), text(values, "status")
        if not number and status == "licensed":
            yield Fault("site", site, "permit", "no-permit")
        permit = after.get("permit", number) if number else None
        if permit is not None:
            yield from _permit_of(site, values, number, permit, context)


def _permit_of(site: str, values: Values, number: str, permit: Values, context: Context) -> Iterator[Fault]:
    owner, holder = text(permit, "holder"), text(values, "holder")
    if owner != holder:
        facts: dict[str, str | int] = {"permit": number, "owner": owner, "holder": holder or "nobody"}
        yield Fault(
            "site", site, "permit", "permit-holder", facts_of(facts | {"holder_zh": holder or "（空）"})
        )
    for key, what, chinese in (
        ("class", "permit-class", CLASSES),
        ("source", "permit-source", SOURCES),
    ):
        said, own = text(permit, key), text(values, key)
        if said and own and said != own:
            facts = {"permit": number, **_both("said", said, chinese), **_both("own", own, chinese)}
            yield Fault("site", site, "permit", what, facts_of(facts))
    status, end = text(values, "status"), text(permit, "to_date")
    if status == "licensed" and end and end < context.today:
        facts = {"permit": number, "to_date": end, "site": site}
        yield Fault("permit", number, "to_date", "permit-expired", facts_of(facts))
    if status == "unlicensed":
        facts = {"permit": number, **_both("status", status, STATUSES)}
        yield Fault("site", site, "status", "permit-odd", facts_of(facts))


def life(before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A site's status goes on as the table says."""
    for site, was in before.of_kind("site"):
        old, values = text(was, "status"), after.get("site", site)
        if values is None:
            if old == "retired":
                yield Fault("site", site, "status", "retired-ends")
            continue
        new = text(values, "status")
        if new != old and old in NEXT and new not in NEXT[old]:
            facts = _both("before", old, STATUSES) | _both("after", new, STATUSES)
            yield Fault("site", site, "status", "status", facts_of(facts | _joined(NEXT[old], STATUSES)))


def renewals(_before: Registry, after: Registry, context: Context) -> Iterator[Fault]:
    """Wells that a new one replaces are retired, each for one new well, and enough where it is over-drawn."""
    replaced: dict[str, str] = {}
    for site, values in after.of_kind("site"):
        olds = text(values, "renews").split()
        for old in olds:
            yield from _replaced(after, site, old, replaced)
        area = trees.overdrawn(after, values) if olds and text(values, "class") == "farming" else ""
        if area and len(set(olds)) < context.retired_for_new:
            facts = facts_of({"region": area, "count": len(set(olds)), "least": context.retired_for_new})
            yield Fault("site", site, "renews", "renews-few", facts)


def _replaced(after: Registry, site: str, old: str, replaced: dict[str, str]) -> Iterator[Fault]:
    other = after.get("site", old)
    if old == site:
        yield Fault("site", site, "renews", "renews-itself")
    elif other is None:
        facts = facts_of({"kind": "site", "kind_zh": "取水口", "target": old})
        yield Fault("site", site, "renews", "no-such", facts)
    elif text(other, "status") != "retired":
        facts = facts_of({"old": old, **_both("status", text(other, "status"), STATUSES)})
        yield Fault("site", site, "renews", "renews-living", facts)
    elif replaced.setdefault(old, site) != site:
        yield Fault("site", site, "renews", "renews-twice", facts_of({"old": old, "other": replaced[old]}))


def new_wells(before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A new farming well where it is over-drawn is looked at; it may be one that was only found (T22).

    The first import of a county warns of none.
    """
    if not before.objects["site"]:
        return
    for site, values in after.of_kind("site"):
        is_new = before.get("site", site) is None and text(values, "status") != "retired"
        is_farming = text(values, "sort") == "well" and text(values, "class") == "farming"
        area = trees.overdrawn(after, values) if is_new and is_farming else ""
        if area and not text(values, "renews"):
            yield Fault("site", site, "renews", "new-well", facts_of({"region": area}))


def bounds(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """What is protected fits into what is allowed; a level probe hangs in a well, below its head."""
    for site, values in after.of_kind("site"):
        least, most = whole(values, "minimum_l"), whole(values, "allowed_l")
        if least is not None and most is not None and least > most:
            facts = facts_of({"minimum": CUBIC_METRES.show(least), "allowed": CUBIC_METRES.show(most)})
            yield Fault("site", site, "minimum_l", "minimum", facts)
        probe = whole(values, "probe_mm")
        if probe == 0:
            yield Fault("site", site, "probe_mm", "zero")
        if probe is not None and text(values, "sort") == "intake":
            yield Fault("site", site, "probe_mm", "probe-intake")


def names(_before: Registry, after: Registry, context: Context) -> Iterator[Fault]:
    """A controller can be bound to it, and the one that is says the same class."""
    for site, values in after.of_kind("site"):
        size = len(site.encode())
        if size > SITE_BYTES_MAX:
            yield Fault("site", site, "site", "site-long", facts_of({"size": size, "most": SITE_BYTES_MAX}))
        bound, own = context.bound.get(site), text(values, "class")
        if bound is not None and own and own not in BOUND_AS[bound]:
            facts = facts_of({"bound": bound, **_both("own", own, CLASSES)})
            yield Fault("site", site, "class", "binding-class", facts)


def accounts(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Numbers are those of controllers; shares of a site are at most the whole."""
    shares: dict[str, int] = {}
    last: dict[str, str] = {}
    for name, values in after.of_kind("account"):
        number, site = whole(values, "number"), text(values, "site")
        if number is not None and not 1 <= number <= ACCOUNT_MAX:
            facts = facts_of({"number": number, "most": ACCOUNT_MAX})
            yield Fault("account", name, "number", "account-number", facts)
        shares[site] = shares.get(site, 0) + (whole(values, "share_permille") or 0)
        last[site] = name
    for site, permille in shares.items():
        if permille > 1000:
            facts = facts_of({"site": site, "percent": f"{permille // 10}.{permille % 10}"})
            yield Fault("account", last[site], "share_permille", "shares", facts)


RULES = (points, permits, life, renewals, new_wells, bounds, names, accounts)
