"""Tables of litres: by region, class, month and site, and what came late. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county.ledger.books import Books
from karez_gateway.county.ledger.classing import UNREGISTERED, Placed
from karez_gateway.county.ledger.hearing import Rates
from karez_gateway.county.ledger.rollup import Amount, Line, roll
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.words import CLASSES, POINTS, SOURCES
from karez_gateway.county.reports import uncertainty
from karez_gateway.county.reports.document import Cell, Column, Litres, Permille, Table
from karez_gateway.county.reports.words import COLUMNS, HEADINGS, Say
from karez_gateway.ledger.figures import method
from karez_protocols import record

_METHODS = (
    ("metered", record.METERED),
    ("converted", record.CONVERTED),
    ("group", record.CONVERTED_GROUP),
    ("estimated", record.ESTIMATED),
    ("unknown", 0),
)
_AMOUNT = ("total", *(name for name, _ in _METHODS), "corrections", "late", "metering")
_RATES = ("arrival", "online")
_WIDE = {"name": 22, "because": 28, "uncertainty": 24, "digest": 24, "site": 14, "region": 12, "user": 18}
_LITRES = {*_AMOUNT, "volume", "used", "plan", "over_plan", "norm", "over_norm", "limit", "distance"}
_PERMILLE = {*_RATES, "metering", "share", "of_plan"}
_NARROW = {"sites": 6, "act": 6, "arrival": 8, "online": 8, "metering": 9, "share": 8, "of_plan": 9}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about: the lines and sites that belong to it."""

    books: Books
    registry: Registry
    lines: Sequence[Line]
    sites: Sequence[str]
    civil: Calendar
    say: Say
    region: str = ""  # empty: all of them

    def regions(self, placed: Placed) -> tuple[str, ...]:
        """Regions that a site's litres are told of: its own and those above it, up to the report's own."""
        found: list[str] = []
        for tree in (placed.admin, placed.basin):
            if not self.region:
                found += tree
            elif self.region in tree:
                found += tree[: tree.index(self.region) + 1]
        return tuple(found)

    def placed(self, site: str) -> Placed:
        """Where a site stands in the span's last month."""
        return self.books.placing.of(site, len(self.books.months) - 1)

    def user(self, site: str) -> str:
        """Who used a site's water: its right holder at the span's end, or the site itself without one."""
        return self.placed(site).holder or site


def columns(say: Say, *keys: str) -> tuple[Column, ...]:
    """Columns by their keys."""
    return tuple(
        Column(key, say.pick(COLUMNS[key]), _WIDE.get(key) or _NARROW.get(key) or 11, _unit(key))
        for key in keys
    )


def _unit(key: str) -> str:
    return "permille" if key in _PERMILLE else "l" if key in _LITRES else ""


def table(say: Say, key: str, keys: Sequence[str], rows: Sequence[tuple[Cell, ...]], note: str = "") -> Table:
    """A table by its key; an empty one says that there is nothing."""
    return Table(
        key, say.pick(HEADINGS[key]), columns(say, *keys), rows, note if rows else say.text("no-litres")
    )


def amount_cells(amount: Amount) -> tuple[Cell, ...]:
    """Cells of _AMOUNT."""
    rate = amount.metered_permille
    return (
        Litres(amount.total_l),
        *(Litres(amount.of(number)) for _, number in _METHODS),
        Litres(amount.correction_l),
        Litres(amount.late_l),
        None if rate is None else Permille(rate),
    )


def rate_cells(rates: Rates) -> tuple[Cell, ...]:
    """Cells of _RATES."""
    both = rates.arrival_permille, rates.online_permille
    return tuple(None if one is None else Permille(one) for one in both)


def summed(rates: Iterable[Rates]) -> Rates:
    """Of many sites."""
    found = Rates()
    for one in rates:
        found = found.plus(one)
    return found


def word(say: Say, words: dict[str, str], code: str) -> str:
    """A code of the registry as people read it; English ones are words already."""
    if code == UNREGISTERED:
        return say.text("unregistered")
    return words.get(code, code) if say.language == "zh" else code


def region_name(say: Say, registry: Registry, code: str) -> str:
    """A region's name; its code where the registry has none."""
    if code == UNREGISTERED:
        return say.text("unregistered")
    values = registry.get("region", code) or {}
    english = values.get("name_en") if say.language == "en" else None
    return str(english or values.get("name_zh") or code)


def by_region(scope: Scope) -> Table:
    """A row for every region and metering point, each with all that lies below it."""
    say, place = scope.say, scope.books.placing.of

    def keys(line: Line) -> Iterable[tuple[str, str]]:
        placed = place(line.site, line.at)
        return [(region, placed.point) for region in scope.regions(placed) or (UNREGISTERED,)]

    amounts = roll(scope.lines, keys)
    members: dict[tuple[str, str], list[str]] = {}
    for site in scope.sites:
        placed = scope.placed(site)
        for region in scope.regions(placed) or (UNREGISTERED,):
            members.setdefault((region, placed.point), []).append(site)
    rows = []
    for region, point in sorted({*amounts, *members}):
        of_it = members.get((region, point), [])
        rates = summed(scope.books.rates.get(site, Rates()) for site in of_it)
        amount = amounts.get((region, point), Amount())
        head = (region, region_name(say, scope.registry, region), word(say, POINTS, point), len(of_it))
        rows.append((*head, *amount_cells(amount), *rate_cells(rates)))
    heads = ("region", "name", "point", "sites", *_AMOUNT, *_RATES)
    return table(say, "regions", heads, rows, say.text("point"))


def by_class(scope: Scope) -> Table:
    """A row for every class, source and metering point, with its share of what is measured at such points."""
    say, place = scope.say, scope.books.placing.of
    amounts = roll(scope.lines, lambda line: [place(line.site, line.at)[:3]])
    of_point: dict[str, int] = {}
    for (_, _, point), amount in amounts.items():
        of_point[point] = of_point.get(point, 0) + amount.total_l
    rows: list[tuple[Cell, ...]] = []
    for (use, source, point), amount in sorted(amounts.items()):
        whole_l = of_point[point]
        share = Permille(amount.total_l * 1000 // whole_l) if whole_l > 0 else None
        head = (word(say, CLASSES, use), word(say, SOURCES, source), word(say, POINTS, point))
        rows.append((*head, *amount_cells(amount), share))
    return table(say, "classes", ("use", "source", "point", *_AMOUNT, "share"), rows, say.text("point"))


def by_month(scope: Scope) -> Table:
    """A row for every month and metering point, and whether the month is closed."""
    say, books = scope.say, scope.books
    amounts = roll(scope.lines, lambda line: [(line.at, books.placing.of(line.site, line.at).point)])
    rows: list[tuple[Cell, ...]] = []
    for (at, point), amount in sorted(amounts.items()):
        closed = books.closed.get(at)
        state = say.text("closed" if closed else "not-closed")
        name = scope.civil.name(MONTH, books.months[at].from_utc_s)
        seal = closed.digest.hex()[:16] if closed else None
        rows.append((name, word(say, POINTS, point), state, *amount_cells(amount), seal))
    return table(say, "months", ("month", "point", "state", *_AMOUNT, "digest"), rows)


def by_site(scope: Scope) -> Table:
    """A row for every site, also of those without a litre."""
    say = scope.say
    amounts = roll(scope.lines, lambda line: [line.site])
    last_day = scope.civil.local(scope.books.span.to_utc_s - 1).date().isoformat()
    known = uncertainty.Known(scope.registry, last_day)
    rows: list[tuple[Cell, ...]] = []
    for site in scope.sites:
        amount = amounts.get(site, Amount())
        placed = scope.placed(site)
        values = scope.registry.get("site", site) or {}
        head = (
            site,
            str(values.get("name_zh", "")),
            word(say, CLASSES, placed.use),
            word(say, SOURCES, placed.source),
            word(say, POINTS, placed.point),
        )
        rates = rate_cells(scope.books.rates.get(site, Rates()))
        rows.append((*head, *amount_cells(amount), *rates, known.said(site, amount, say)))
    heads = ("site", "name", "use", "source", "point", *_AMOUNT, *_RATES, "uncertainty")
    return table(say, "sites", heads, rows, say.text("uncertain"))


def late(scope: Scope) -> Table:
    """A row for everything that came to a closed month afterwards."""
    say, rows = scope.say, []
    for line in scope.lines:
        if line.late_l:
            month = scope.civil.name(MONTH, scope.books.months[line.at].from_utc_s)
            one = method(line.method)
            rows.append((month, line.site, one.zh if say.language == "zh" else one.en, Litres(line.late_l)))
    return table(say, "late", ("month", "site", "method", "volume"), rows)
