"""A spare takes over: what the read-out of the old box says, what the new one is bound by, and the proof.

Litres are not carried as a number to be believed: the new binding says which reading of which meter stood for
which W, so that what the meter has counted meanwhile is counted by the difference.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import binding, bundle, grant, record, signed
from karez_protocols.errors import ProtocolError

from . import document
from .errors import Refused, WrongUse
from .rules import TOTALS
from .site_binding import CHANNEL

if TYPE_CHECKING:
    from pathlib import Path

    from .guide import Step
    from .visit_acts import Found, Said, Tell
    from .visit_box import Box
    from .visit_file import Visit

BOOKS_S = 120
CONFIRM_S = 45  # three readings must agree, ten seconds apart at rest; then a person is asked for
_SIZE_MAX = 4 << 20
_SLACK_L = 1  # a multiplier rounds


@dataclass
class Old:
    """What is known of the box that goes."""

    controller: str
    last_seq: int
    volume_l: int
    energy_wh: int | None
    registers: dict[str, int]  # by quantity, read with these volumes
    accounts: list[tuple[int, int]]
    config: bytes
    binding: bytes
    grant: bytes | None
    orders: list[dict[str, Any]]
    papers: list[tuple[str, bytes]]  # what is brought besides: keys, orders

    @property
    def seq(self) -> int:
        """Number of its binding."""
        return int(binding.open_signed(self.binding)[0]["seq"])

    @property
    def bases(self) -> dict[int, tuple[int, int]]:
        """What the spare's segments begin with: quantity -> (W or E, the register that stood for it)."""
        water = next(one for one in _segments(self.binding) if one["quantity"] == grant.WATER)
        counted = "water" if water["method"] == record.METERED else "energy"
        found = {grant.WATER: (self.volume_l, self.registers[counted])}
        if "energy" in self.registers and self.energy_wh is not None:
            found[grant.ENERGY] = (self.energy_wh, self.registers["energy"])
        return found


def _segments(data: bytes) -> list[dict[str, Any]]:
    return list(binding.open_signed(data)[1])


def load(path: Path, keys: list[Path], orders: list[Path]) -> Old:
    """What a read-out says (`karez tech readout`), with the bundle beside it. Raises WrongUse."""
    found = document.parse(_read(path), path, _SIZE_MAX).value
    try:
        config = found["config"]["document"].encode()
        meters = {one["quantity"]: one for one in found["live"]["parts"] if "quantity" in one}
        old = Old(
            controller=found["identify"]["controller"], last_seq=found["identify"]["seq"],
            volume_l=found["live"]["volume_l"], energy_wh=found["live"].get("energy_wh"),
            registers=_registers(meters),
            accounts=[
                (one["account"], one["used_l"]) for one in found["accounts"]["parts"] if one.get("account")
            ],
            config=config, binding=b"", grant=None, orders=list(found["orders"].get("parts", [])), papers=[],
        )  # fmt: skip
        is_resting = not found["live"]["contactor"]
        wanted = found["grant"].get("sha256")
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongUse("old-shape", file=path, why=error) from None
    if not is_resting:
        raise WrongUse("old-runs", file=path)
    if not isinstance(old.volume_l, int) or not old.registers:
        raise WrongUse("old-books", file=path)
    _prove(old, path.with_suffix(".kzb"), wanted)
    old.papers = [("keys", _read(one)) for one in keys] + _ordered(old, orders)
    return old


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_SIZE_MAX + 1)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None


def _registers(meters: dict[str, Any]) -> dict[str, int]:
    names = {"water": TOTALS["water"], "energy": TOTALS["energy"]}
    return {
        one: meters[one]["values"][name]
        for one, name in names.items()
        if one in meters and isinstance(meters[one]["values"].get(name), int)
    }


def _prove(old: Old, path: Path, wanted: str | None) -> None:
    """Binding and grant are in the bundle beside the read-out, signed. Raises WrongUse."""
    try:
        found = bundle.decode(_read(path))
        bundle.require_digest(found)
        values, segments = binding.open_signed(found["binding"])[:2]
    except ProtocolError as error:
        raise WrongUse("old-shape", file=path, why=error) from None
    if values["controller"] != old.controller:
        raise WrongUse("old-other", file=path, name=values["controller"], wanted=old.controller)
    if any(one["profile"] == CHANNEL for one in segments):
        raise WrongUse("old-channel")
    old.binding = found["binding"]
    for data in found["grants"]:
        if hashlib.sha256(data).hexdigest() == wanted:
            old.grant = data
    if wanted is not None and old.grant is None:
        raise WrongUse("old-grant", file=path)


def _ordered(old: Old, files: list[Path]) -> list[tuple[str, bytes]]:
    """The orders in force, each from a file: the read-out names them by digest. Raises WrongUse."""
    given = {signed.digest(data).hex(): data for data in (_read(one) for one in files)}
    missing = [one for one in old.orders if one.get("sha256") not in given]
    if missing:
        said = ", ".join(f"{one.get('kind')} {one.get('seq')} ({one.get('office')})" for one in missing)
        raise WrongUse("old-orders", orders=said)
    return [("order", given[one["sha256"]]) for one in old.orders]


def carry(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Give the spare the last grant, the orders and the account registers. May be done twice."""
    old = box.old
    if old is None:
        raise WrongUse("old-needed")
    if old.controller == box.identity["controller"]:
        raise WrongUse("old-same", name=old.controller)
    known(box, tell)
    for name, data in [*old.papers, *([("grant", old.grant)] if old.grant else [])]:
        box.offer(name, data)
    for account, used_l in old.accounts:
        box.ask("inherit", str(account), str(used_l))
    there = {one.get("account"): one.get("used_l") for one in box.ask("accounts").parts}
    for account, used_l in old.accounts:
        if used_l and there.get(account) != used_l:
            raise WrongUse("carried-other", account=account, used=used_l, there=there.get(account))
    return {
        "controller": old.controller,
        "last_seq": old.last_seq,
        "volume_l": old.volume_l,
        "energy_wh": old.energy_wh,
        "registers": old.registers,
        "accounts": [list(one) for one in old.accounts],
    }


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
    water = (
        next(one for one in _segments(box.old.binding) if one["quantity"] == grant.WATER) if box.old else None
    )
    if water is None:
        raise WrongUse("old-needed")
    counted = "water" if water["method"] == record.METERED else "energy"

    def amounts(answer: dict[str, Any], meters: dict[str, Any]) -> tuple[int, int] | None:
        now = meters.get(counted, {}).get("values", {}).get(TOTALS[counted])
        if now is None or answer.get("volume_l") is None or answer.get("contactor"):
            return None
        moved = (now - old["registers"][counted]) * water["multiplier_ppm"] // 1_000_000
        return int(answer["volume_l"]) - int(old["volume_l"]), int(moved)

    def is_even(answer: dict[str, Any], meters: dict[str, Any]) -> bool:
        found = amounts(answer, meters)
        return found is not None and abs(found[0] - found[1]) <= _SLACK_L

    found = box.until(is_even, BOOKS_S)
    if found is None:
        both = amounts(*box.live()) or (None, None)
        raise WrongUse("carried-books", booked=both[0], counted=both[1])
    booked, moved = amounts(*found) or (0, 0)
    return {"volume_l": found[0]["volume_l"], "booked_l": booked, "counted_l": moved}
