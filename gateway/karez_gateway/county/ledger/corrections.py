"""Corrections: litres that a person adds to a site's ledger or takes from it, with kind and span. Pure.

Nothing that was booked is changed: a correction stands beside it, and its litres count in the last hour of
its span, as a gap's litres do (design §5). So hours, days and months add up with it as without it. A span
lies within one month, because books are closed by the month.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from karez_gateway.calendars import HOUR_S, MONTH, Calendar
from karez_gateway.county.years.wateryear import Span
from karez_gateway.errors import Refused
from karez_gateway.ledger.figures import METHODS

SORT = "correction"  # of the act
LITRES_MAX = 10**12  # 10⁹ m³: more than any county has
WH_MAX = 10**12
ROWS_MAX = 20_000  # of one act

DOUBLE = "double"  # without litres it speaks of energy alone (doubles.py)
# Word for programs: in English and Chinese.
KINDS = {
    "coefficient": ("the coefficient changed", "水电系数变更"),
    "swap": ("readings of a swapped meter", "换表读数"),
    "dispute": ("a dispute was settled", "争议处理"),
    "year-close": ("year close", "年终结算"),
    "error": ("an error was found", "差错更正"),
    DOUBLE: ("counted by two boxes", "重复计量"),
}
METHOD_OF = {one.code: number for number, one in METHODS.items()} | {"unknown": 0}


class Correction(NamedTuple):
    """One of them. Litres may be below zero; method as in karez_protocols.record.

    `energy_wh`: what one of the kind DOUBLE says of energy, written when it is made; below zero: taken off.
    """

    site: str
    kind: str
    method: int
    from_utc_s: int
    to_utc_s: int
    litres: int
    energy_wh: int = 0

    @property
    def hour_utc(self) -> int:
        """Where its litres count."""
        return self.to_utc_s // HOUR_S - 1


class Below(NamedTuple):
    """A month of a site whose litres by a method would be below zero."""

    site: str
    month: str
    method: int
    litres: int


def checked(one: Correction, civil: Calendar, now_s: int) -> Correction:
    """The same. Raises Refused: a kind nobody knows, nothing to correct, a span that no book has."""
    if one.kind not in KINDS:
        raise Refused(f"{one.kind[:40]!r} is no kind of correction: one of {', '.join(KINDS)}")
    if not (one.litres or one.kind == DOUBLE) or abs(one.litres) > LITRES_MAX:
        raise Refused("a correction has litres, above zero or below, up to 10⁹ m³")
    civil.span("hour", one.from_utc_s, one.to_utc_s)
    if civil.start(MONTH, one.from_utc_s) != civil.start(MONTH, one.to_utc_s - 1):
        raise Refused("a correction lies in one month: books are closed by the month, so say it for each")
    if one.from_utc_s >= now_s:
        raise Refused(f"{civil.iso(one.from_utc_s)} is not yet: what has not been booked cannot be corrected")
    return one


def moved(one: Correction, to_method: int) -> tuple[Correction, Correction]:
    """Litres that change from one method to another: taken there, added here."""
    return one._replace(litres=-one.litres), one._replace(method=to_method)


def months_of(those: Iterable[Correction], civil: Calendar) -> set[int]:
    """Beginnings of the months in which they count."""
    return {civil.start(MONTH, one.from_utc_s) for one in those}


def below_zero(
    added: Iterable[Correction], booked: Mapping[tuple[str, int, int], int], civil: Calendar
) -> list[Below]:
    """Months that these would leave below zero; `booked`: (site, month's begin, method) -> litres so far."""
    total: dict[tuple[str, int, int], int] = {}
    for one in added:
        key = one.site, civil.start(MONTH, one.from_utc_s), one.method
        total[key] = total.get(key, booked.get(key, 0)) + one.litres
    return [
        Below(site, civil.name(MONTH, month), method, litres)
        for (site, month, method), litres in sorted(total.items())
        if litres < 0
    ]


def detail(those: Iterable[Correction], below: Iterable[Below]) -> dict[str, Any]:
    """What the act holds, and the log vouches for."""
    return {
        "corrections": [one._asdict() for one in those],
        "below_zero": [one._asdict() for one in below],
    }


def said(found: Mapping[str, Any]) -> list[Correction]:
    """The corrections of an act's detail."""
    return [Correction(**one) for one in found["corrections"]]


def span_of(those: Iterable[Correction]) -> Span:
    """From the first to the last."""
    listed = list(those)
    return Span(min(one.from_utc_s for one in listed), max(one.to_utc_s for one in listed))
