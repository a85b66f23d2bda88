"""Rules of meters and coefficients: one serial number at one place, one count of a quantity at a time."""

from collections.abc import Iterator
from itertools import pairwise

from karez_gateway.county.checks.context import Context
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.fields import RATIO
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text, whole
from karez_gateway.county.registry.words import QUANTITIES

WITHOUT_REGISTER = "level"  # a level meter counts nothing
BILLED = ("energy", "supply")


def moves(before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A meter leaves a site closed, and comes to the next one not before."""
    for serial, was in before.of_kind("meter"):
        values = after.get("meter", serial)
        if values is None or text(values, "site") == text(was, "site"):
            continue
        to_date, from_date = text(was, "to_date"), text(values, "from_date")
        facts = {"before": text(was, "site"), "after": text(values, "site")}
        if not to_date:
            yield Fault("meter", serial, "site", "meter-moved", facts_of(facts))
        elif from_date < to_date:
            facts |= {"to_date": to_date, "from_date": from_date}
            yield Fault("meter", serial, "from_date", "meter-earlier", facts_of(facts))


def registers(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Days and registers of each meter are in order; what was removed has its closing register."""
    for serial, values in after.of_kind("meter"):
        yield from _days(serial, values)
        is_closed = bool(text(values, "to_date"))
        opening, closing = whole(values, "opening_milli"), whole(values, "closing_milli")
        if is_closed and closing is None and text(values, "quantity") != WITHOUT_REGISTER:
            facts = facts_of({"to_date": text(values, "to_date")})
            yield Fault("meter", serial, "closing_milli", "no-closing", facts)
        if closing is not None and not is_closed:
            yield Fault("meter", serial, "to_date", "closing-open")
        if opening is not None and closing is not None and closing < opening:
            facts = facts_of({"closing": RATIO.show(closing), "opening": RATIO.show(opening)})
            yield Fault("meter", serial, "closing_milli", "closing-below", facts)
        multiplier = whole(values, "multiplier_milli")
        if multiplier == 0:
            yield Fault("meter", serial, "multiplier_milli", "zero")
        if multiplier is None and text(values, "quantity") in BILLED:
            yield Fault("meter", serial, "multiplier_milli", "no-multiplier")


def _days(serial: str, values: Values) -> Iterator[Fault]:
    for first, last, what in (("from_date", "to_date", "days"), ("verified_date", "due_date", "due-first")):
        begin, end = text(values, first), text(values, last)
        if begin and end and end < begin:
            yield Fault("meter", serial, last, what, facts_of({first: begin, last: end}))


def periods(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Of one quantity at a site one meter counts at a time; who follows another has an opening register.

    The day of a swap belongs to both.
    """
    at_site: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for serial, values in after.of_kind("meter"):
        place = text(values, "site"), text(values, "quantity")
        at_site.setdefault(place, []).append((text(values, "from_date"), text(values, "to_date"), serial))
    for (site, quantity), spans in at_site.items():
        spans.sort()
        for (_, end, other), (begin, _, serial) in pairwise(spans):
            if not end or begin < end:
                facts = {"site": site, "from_date": begin, "other": other, "quantity": quantity}
                facts |= {"quantity_zh": QUANTITIES.get(quantity, quantity)}
                facts |= {
                    "until": f"until {end}" if end else "still",
                    "until_zh": f"至 {end}" if end else "至今",
                }
                yield Fault("meter", serial, "from_date", "meters-overlap", facts_of(facts))
            elif quantity != WITHOUT_REGISTER and whole(after["meter", serial], "opening_milli") is None:
                yield Fault("meter", serial, "opening_milli", "no-opening", facts_of({"other": other}))


def retired(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A retired site's meters are closed; a level meter may go on to watch."""
    for serial, values in after.of_kind("meter"):
        site = after.get("site", text(values, "site"))
        is_open = not text(values, "to_date") and text(values, "quantity") != WITHOUT_REGISTER
        if is_open and site is not None and text(site, "status") == "retired":
            yield Fault("site", text(values, "site"), "status", "retired-meter", facts_of({"serial": serial}))


def coefficients(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A coefficient is more than nothing and lies in its own range."""
    for name, values in after.of_kind("coefficient"):
        value = whole(values, "l_per_kwh")
        low, high = whole(values, "low_l_per_kwh"), whole(values, "high_l_per_kwh")
        if value == 0:
            yield Fault("coefficient", name, "l_per_kwh", "zero")
        elif value is not None and not (low or 0) <= value <= (value if high is None else high):
            facts = {"value": RATIO.show(value), "low": RATIO.show(low or 0)}
            facts |= {"high": "…" if high is None else RATIO.show(high)}
            yield Fault("coefficient", name, "l_per_kwh", "coefficient-range", facts_of(facts))
        tested, begins = text(values, "tested_date"), text(values, "from_date")
        if tested > begins:
            facts = {"tested_date": tested, "from_date": begins}
            yield Fault("coefficient", name, "tested_date", "tested-late", facts_of(facts))


RULES = (moves, registers, periods, retired, coefficients)
