"""From wished rights to rows of absolute ceilings, and what no such rows may be (design §6, domain §5.10).

    ceiling = W_a + right − ledger(a)        (for energy: E_a + right − what was used this year)

Rows are cumulative and follow one another without a gap from now to the year's end; the last one is the
interim rule with its end: never unlimited, and no silent stop on New Year's night.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from karez_protocols import grant

from .errors import Untrue
from .request import ENERGY, FINISH, STOP, WARN, WATER, share_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .limits import Rules
    from .request import Wish, WishRow

QUANTITIES = {WATER: grant.WATER, ENERGY: grant.ENERGY}
POLICIES = {STOP: grant.STOP, FINISH: grant.FINISH, WARN: grant.WARN}
# Drinking water is warned, never stopped (domain §5.7); a right that only warns binds nobody else.
ALLOWED = {
    "farming": (STOP, FINISH),
    "industry": (STOP, FINISH),
    "ecology": (STOP, FINISH),
    "domestic": (WARN,),
}
STEP_L = 100  # allowances count in 0.1 m³ on the wire
_M3_L = 1000
_DAY_S = 86_400

Row = dict[str, int]


class Span(NamedTuple):
    """A water year and the present in it, UTC seconds."""

    from_utc_s: int
    to_utc_s: int
    now_s: int


class Base(NamedTuple):
    """What a ceiling stands on: W_a − ledger(a), and E at the year's start (None: not known)."""

    volume_l: int
    energy_wh: int | None


def check(wish: Wish, use: str, span: Span, rules: Rules) -> None:
    """Refuse a wish that no grant may hold, whatever the evidence says. Raises Untrue."""
    if wish.policy not in ALLOWED[use]:
        raise Untrue("policy", policy=wish.policy, use=use, allowed=", ".join(ALLOWED[use]))
    if not any(row.quantity == WATER for row in wish.rows):
        raise Untrue("rows-water")
    for quantity in QUANTITIES:
        _check_rows([row for row in wish.rows if row.quantity == quantity], quantity, span)
    interim_rows = len({row.quantity for row in wish.rows})
    if len(wish.rows) + interim_rows > grant.ROWS_MAX:
        raise Untrue("rows-many", most=grant.ROWS_MAX - interim_rows)
    if wish.policy != FINISH and wish.finish_l:
        raise Untrue("finish-policy")
    for name, volume_l, most_m3 in (
        ("finish_m3", wish.finish_l, rules.finish_m3),
        ("emergency_m3", wish.emergency_l, rules.emergency_m3),
    ):
        if volume_l > most_m3 * _M3_L or volume_l % STEP_L:
            raise Untrue("allowance", rule=name, most=most_m3)
    check_interim(wish, span.to_utc_s, rules)


def check_interim(wish: Wish, from_utc_s: int, rules: Rules) -> None:
    """Refuse an interim rule that is none, too long or too large. Raises Untrue."""
    if not from_utc_s < wish.interim_to_utc_s <= from_utc_s + rules.interim_days * _DAY_S:
        raise Untrue("interim-days", most=rules.interim_days)
    for quantity, interim in ((WATER, wish.interim_l), (ENERGY, wish.interim_wh)):
        right = wish.right(quantity)
        if interim > share_of(right, rules.interim_percent):
            raise Untrue("interim-percent", quantity=quantity, most=rules.interim_percent)
        if right and not interim:
            raise Untrue("interim-nothing", quantity=quantity)


def _check_rows(rows: Sequence[WishRow], quantity: str, span: Span) -> None:
    """One quantity's rows: gapless from now to the year's end, rights never falling."""
    if not rows:
        return
    if not span.from_utc_s <= rows[0].from_utc_s <= span.now_s:
        raise Untrue("rows-begin", quantity=quantity)
    if rows[-1].to_utc_s != span.to_utc_s:
        raise Untrue("rows-end", quantity=quantity)
    for row in rows:
        if row.from_utc_s >= row.to_utc_s:
            raise Untrue("rows-gap", quantity=quantity)
    for before, after in pairwise(rows):
        if after.from_utc_s != before.to_utc_s:
            raise Untrue("rows-gap", quantity=quantity)
        if after.right < before.right:
            raise Untrue("rows-fall", quantity=quantity)


def build(wish: Wish, base: Base, span: Span) -> list[Row]:
    """The rows of a year's grant, the interim rule last of each quantity. Raises Untrue."""
    bases = {WATER: base.volume_l, ENERGY: base.energy_wh}
    interims = {WATER: wish.interim_l, ENERGY: wish.interim_wh}
    found = []
    for quantity in QUANTITIES:
        mine = [row for row in wish.rows if row.quantity == quantity]
        at = bases[quantity]
        if mine and at is None:
            raise Untrue("energy-unknown")
        if not mine or at is None:
            continue
        found += [_row(wish, quantity, row.from_utc_s, row.to_utc_s, at + row.right) for row in mine]
        ceiling = at + mine[-1].right + interims[quantity]
        found.append(_row(wish, quantity, span.to_utc_s, wish.interim_to_utc_s, ceiling))
    return found


def interim_only(wish: Wish, volume_l: int, span: Span, rules: Rules) -> list[Row]:
    """The one row of a site without evidence: so much above the known W, for so long. Raises Untrue."""
    until_utc_s = min(wish.interim_to_utc_s, span.now_s + rules.interim_days * _DAY_S)
    return [_row(wish, WATER, span.from_utc_s, until_utc_s, volume_l + wish.interim_l)]


def _row(wish: Wish, quantity: str, from_utc_s: int, to_utc_s: int, ceiling: int) -> Row:
    if ceiling < 0:
        raise Untrue("ceiling-negative")
    is_water = quantity == WATER
    return {
        "quantity": QUANTITIES[quantity],
        "from_utc_s": from_utc_s,
        "to_utc_s": to_utc_s,
        "ceiling": ceiling,
        "finish_100l": wish.finish_l // STEP_L if is_water else 0,
        "emergency_100l": wish.emergency_l // STEP_L if is_water else 0,
    }
