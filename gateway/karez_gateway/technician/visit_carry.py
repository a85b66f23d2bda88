"""A spare takes over: what it is given of the old box (visit_old.py), and the proof that its books go on.

What the meter has counted meanwhile is counted by the difference of two readings of the same meter. Where the
register is the box's own, of pulses or of a channel, a spare's begins at 0, and what flowed between the two
boxes nobody has measured: the report says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import grant

from . import visit_old
from .errors import Refused, WrongUse
from .rules import TOTALS

if TYPE_CHECKING:
    from pathlib import Path

    from .guide import Step
    from .visit_acts import Found, Said, Tell
    from .visit_box import Box
    from .visit_file import Visit
    from .visit_old import Old

BOOKS_S = 120
CONFIRM_S = 45  # three readings must agree, ten seconds apart at rest; then a person is asked for
_SLACK_L = 1  # a multiplier rounds


def load(path: Path, keys: list[Path], orders: list[Path]) -> Old:
    """What a read-out says of the box that goes, with the papers that it names. Raises WrongUse."""
    old, named = visit_old.load(path)
    lists = [("keys", data) for data in visit_old.papers(keys)]
    old.papers = lists + visit_old.ordered(named, orders)
    return old


def carry(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Give the spare the last grant, the orders and the account registers. May be done twice."""
    old = box.old
    if old is None:
        raise WrongUse("old-needed")
    if old.controller == box.identity["controller"]:
        raise WrongUse("old-same", name=old.controller)
    _require_meters(visit, old)
    for name, values in old.notes:
        tell(name, **values)
    known(box, tell)
    for name, data in [*old.papers, *([("grant", old.grant)] if old.grant else [])]:
        box.offer(name, data)
    _accounts(box, old)
    return {
        "controller": old.controller,
        "last_seq": old.last_seq,
        "volume_l": old.volume_l,
        "energy_wh": old.energy_wh,
        "counted": old.counted,
        "register": old.register(grant.WATER),
        "multiplier_ppm": old.units[grant.WATER][1],
        "is_channel": old.is_channel,
        "accounts": [list(one) for one in old.accounts],
        "notes": [[name, values] for name, values in old.notes],
    }


def _require_meters(visit: Visit, old: Old) -> None:
    """Where only the binding is known, its meters must hang there still. Raises WrongUse."""
    for quantity, wanted in old.serials.items():
        serial = visit.answers.get(f"meter-{quantity}", {}).get("serial")
        if serial is not None and serial != wanted:
            raise WrongUse("old-meter-other", quantity=quantity, serial=serial, wanted=wanted)


def _accounts(box: Box, old: Old) -> None:
    for account, used_l in old.accounts:
        box.ask("inherit", str(account), str(used_l))
    there = {one.get("account"): one.get("used_l") for one in box.ask("accounts").parts}
    for account, used_l in old.accounts:
        if used_l and there.get(account) != used_l:
            raise WrongUse("carried-other", account=account, used=used_l, there=there.get(account))


def known(box: Box, tell: Tell) -> None:
    """Wait until the books are known; what only a person can bound is confirmed. Raises WrongUse."""
    if box.knows_books(CONFIRM_S):
        return
    tell("visit-confirm")
    try:
        box.ask("confirm", "water")
    except Refused as error:
        if error.word != "refused":
            raise
    if not box.knows_books(BOOKS_S):
        raise WrongUse("visit-books")


def books(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """W of the spare is W of the old box and what the meter has counted since, to the litre."""
    old = visit.found["carry"]
    counted = old["counted"]

    def amounts(answer: dict[str, Any], meters: dict[str, Any]) -> tuple[int, int] | None:
        if answer.get("volume_l") is None or answer.get("contactor"):
            return None
        booked = int(answer["volume_l"]) - int(old["volume_l"])
        if old["is_channel"]:
            return booked, max(booked, 0)  # no meter stands beside it: W may only have risen
        now = meters.get(counted, {}).get("values", {}).get(TOTALS[counted])
        if now is None:
            return None
        return booked, (now - old["register"]) * old["multiplier_ppm"] // 1_000_000

    def is_even(answer: dict[str, Any], meters: dict[str, Any]) -> bool:
        found = amounts(answer, meters)
        return found is not None and abs(found[0] - found[1]) <= _SLACK_L

    found = box.until(is_even, BOOKS_S)
    if found is None:
        both = amounts(*box.live()) or (None, None)
        raise WrongUse("carried-books", booked=both[0], counted=both[1])
    booked, moved = amounts(*found) or (0, 0)
    return {"volume_l": found[0]["volume_l"], "booked_l": booked, "counted_l": moved}
