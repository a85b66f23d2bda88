"""A dead box by the gateway's records of it: its litres, registers, accounts, and what it had in force.

W is computed from a register, never accumulated, so a record's W names the register it was computed from by
the segment in force then. Where a record cannot say a figure, the person is asked; nothing is guessed.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from karez_protocols import binding, causes, event_details, grant, record
from karez_protocols.errors import ProtocolError

from . import commissioning, spare_file, visit_answers, visit_old
from .commissioning import BOX_SWAP
from .errors import WrongUse
from .faults import Faults
from .visit_old import QUANTITIES, Old

if TYPE_CHECKING:
    from pathlib import Path

    from .spare_file import Kept, SpareFile

_OPENED = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)
_WORDS = 22  # bytes of an act's words in a record: as many may be cut


def load(path: Path) -> tuple[Old, bytes | None]:
    """What `of` makes of a gateway's file. Raises WrongUse."""
    return of(spare_file.load(path), path)


def of(file: SpareFile, path: Path) -> tuple[Old, bytes | None]:
    """(the box that goes, digest of the configuration that it ran). Raises WrongUse."""
    try:
        return _of(file, path)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, ProtocolError):
        raise WrongUse("spare-file", file=path) from None  # a record of another kind than its place


def _of(file: SpareFile, path: Path) -> tuple[Old, bytes | None]:
    volume = file.volume.values
    old = Old(
        controller=file.controller, last_seq=volume["seq"], volume_l=volume["volume_l"],
        energy_wh=None if file.energy is None else file.energy.values["energy_wh"],
        registers={}, accounts=[], config=None, binding=file.binding, grant=None, units={},
    )  # fmt: skip
    visit_old.require_binding(old, path)
    if old.volume_l is None:
        raise WrongUse("spare-file", file=path)
    _count(old, file)
    if old.units[grant.WATER][0] == record.ESTIMATED:
        raise WrongUse("old-books", file=path)
    old.notes.append(
        ("from-record", {"volume_l": old.volume_l, "held_l": volume["held_l"], **_told(file.volume)})
    )
    if not file.volume.covered:
        old.notes.append(("from-unsigned", {"seq": volume["seq"]}))
    _accounts(old, file)
    for one in file.papers:
        if one.sort == "grant":
            old.grant = one.data
        else:
            old.papers.append((one.sort, one.data))
        old.notes.append(
            ("from-paper", {"sort": one.sort, "state": one.state, "log": one.log, "entry": one.entry})
        )
    for kept in file.unheld:
        old.unheld[kept.values["digest"]] = "from-unheld", {"order": kept.values["object_seq"], **_told(kept)}
    old.grant_seq = volume["grant_seq"] or 0
    if file.site_facts:
        faults = Faults()
        visit_answers.check({"site": file.site_facts}, BOX_SWAP, commissioning.QUANTITIES, faults)
        if faults.found:
            raise WrongUse("spare-file", file=path)
        old.said["site"] = file.site_facts
    digest = None if file.statement is None else file.statement.values["config_digest"]
    return old, digest


def _told(one: Kept) -> dict[str, Any]:
    facts = one.facts
    return {"utc": utc(facts.pop("utc_s")), **facts}


def utc(seconds: int | None) -> str:
    """A record's time for a sentence."""
    if seconds is None:
        return "—"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


# -- registers ----------------------------------------------------------------------------


def _count(old: Old, file: SpareFile) -> None:
    """By which segment each quantity was counted, and which register stood for its volume."""
    listed = {one["quantity"]: one for one in binding.open_signed(file.binding)[1]}
    wanted = {grant.WATER: (file.volume, old.volume_l), grant.ENERGY: (file.energy, old.energy_wh)}
    for quantity, (kept, value) in wanted.items():
        if quantity not in listed or kept is None or value is None:
            old.units.pop(quantity, None)
            continue
        segment = _segment(listed[quantity], file.segments, kept)
        old.units[quantity] = segment["method"], segment["multiplier_ppm"]
        old.registers[quantity] = _register(segment, value)


def _segment(bound: dict[str, Any], events: tuple[Kept, ...], until: Kept) -> dict[str, Any]:
    """The segment in force at a record: the binding's, or the last that an event tells of."""
    found = dict(bound)
    for one in events:
        values = one.values
        if (one.chain, values["seq"]) > (until.chain, until.facts["seq"]):
            continue
        if values["cause"] == causes.ROLLOVER:
            if values["subject"] == bound["quantity"]:
                found["rolled"] = one
            continue
        detail = event_details.decode(values["cause"], values["detail"])
        if detail["quantity"] == bound["quantity"] and values["cause"] in _OPENED:
            found |= {name: detail[name] for name in ("method", "base", "register_base")}
            found["multiplier_ppm"] = values["subject"]
            if values["cause"] == causes.SEGMENT_OPENED:
                found.pop("rolled", None)
    if "rolled" in found:
        raise WrongUse("spare-rolled", quantity=QUANTITIES[bound["quantity"]], **_told(found["rolled"]))
    return found


def _register(segment: dict[str, Any], value: int) -> int:
    """The least register that books this value (firmware: core/segment.py)."""
    units = -(-(value - segment["base"]) * 1_000_000 // segment["multiplier_ppm"])
    return int(segment["register_base"] + units)


# -- accounts -----------------------------------------------------------------------------


def _accounts(old: Old, file: SpareFile) -> None:
    """Of each account the highest register that a record says: it never falls."""
    best: dict[int, tuple[int, str, Kept]] = {}
    for one in file.accounts:
        account, used_l, why = _account(one, file)
        if account and used_l is not None and used_l >= best.get(account, (0,))[0]:
            best[account] = used_l, why, one
    for account, (used_l, why, one) in sorted(best.items()):
        old.accounts.append((account, used_l))
        old.notes.append((why, {"account": account, "used_l": used_l, **_told(one)}))
    old.notes.append(("from-nobody", {"utc": utc(file.volume.facts["utc_s"])}))


def _account(one: Kept, file: SpareFile) -> tuple[int | None, int | None, str]:
    """(account, its litres, the text that says where from) of a start, a stop, or an act of a technician."""
    values = one.values
    if values["kind"] == record.EVENT:
        return (*inherited(values), "from-act")
    used_l = values["account_l"]
    if values["kind"] == record.STOP or used_l is None:
        return values["account"], used_l, "from-stop"
    # A start that no stop has followed: what W rose by until its last record is this account's.
    is_open = _chain(one) == _chain(file.volume) and all(
        other.values["seq"] <= values["seq"] for other in file.accounts if _chain(other) == _chain(one)
    )
    since_l = 0
    if is_open and values["volume_l"] is not None:
        since_l = max(file.volume.values["volume_l"] - values["volume_l"], 0)
    return values["account"], used_l + since_l, "from-start"


def _chain(one: Kept) -> tuple[str, int]:
    return one.controller, one.chain


def inherited(values: dict[str, Any]) -> tuple[int | None, int | None]:
    """(account, litres) that a technician has handed over, by the record of his act; None: none, or cut."""
    if values["cause"] != causes.TECHNICIAN_ACTS:
        return None, None
    text = str(event_details.decode(values["cause"], values["detail"])["words"] or "")
    words = text.split()
    is_whole = len(text.encode()) < _WORDS
    if not is_whole or len(words) != 3 or words[0] != "inherit" or not all(map(str.isdigit, words[1:])):
        return None, None
    return int(words[1]), int(words[2])
