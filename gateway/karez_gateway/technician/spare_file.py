"""What a gateway knows of a box that is dead: one file for the spare in its place (docs/technician.md).

`karez gateway spare` writes it, `karez tech swap-box --from` reads it. It holds no figure: it holds the
records that say them, each with its place in the gateway's log, and signed objects as they were brought.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import record
from karez_protocols.errors import ProtocolError

from . import document, visit_old
from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

FORMAT, VERSION = "karez-spare", 1
_SIZE_MAX = 1 << 20
PAPERS = ("grant", "keys", "order")
_STATES_MAX = 40  # letters of a state's name


@dataclass(frozen=True)
class Kept:
    """One record at its place. `entry` of `log`; `covered`: a signature of the box stands over it."""

    log: str
    entry: int
    controller: str
    chain: int
    covered: bool
    slot: bytes

    @property
    def values(self) -> dict[str, Any]:
        """What it says."""
        return dict(record.decode(self.slot))

    @property
    def facts(self) -> dict[str, Any]:
        """Where it stands, for a sentence."""
        head = record.header(self.slot)
        return {
            "chain": self.chain,
            "seq": head["seq"],
            "utc_s": head["utc_s"],
            "entry": self.entry,
            "log": self.log,
        }


@dataclass(frozen=True)
class Paper:
    """A signed object: a grant, a list of keys, an order. `entry` None: not in the log yet."""

    sort: str
    data: bytes
    state: str
    log: str
    entry: int | None


@dataclass(frozen=True)
class SpareFile:
    """All of it.

    `volume`, `energy`: the newest records that say W and E; `segments`: events of either's segments, oldest
    first; `statement`: the newest, which names the configuration; `accounts`: of each account the records
    that may say its register; `unheld`: of orders that the box took and the gateway does not hold;
    `site_facts`: of the newest commissioning, or empty.
    """

    site: str
    controller: str
    made_utc_s: int
    binding: bytes
    volume: Kept
    energy: Kept | None
    segments: tuple[Kept, ...]
    statement: Kept | None
    accounts: tuple[Kept, ...]
    unheld: tuple[Kept, ...]
    papers: tuple[Paper, ...]
    site_facts: dict[str, Any]


def encode(file: SpareFile) -> bytes:
    """The file's bytes."""
    value = {
        "format": FORMAT, "version": VERSION,
        "site": file.site, "controller": file.controller, "made_utc_s": file.made_utc_s,
        "binding": file.binding.hex(),
        "volume": _kept(file.volume), "energy": _kept(file.energy),
        "segments": [_kept(one) for one in file.segments], "statement": _kept(file.statement),
        "accounts": [_kept(one) for one in file.accounts],
        "unheld": [_kept(one) for one in file.unheld],
        "papers": [{**one.__dict__, "data": one.data.hex()} for one in file.papers],
        "site_facts": file.site_facts,
    }  # fmt: skip
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _kept(one: Kept | None) -> dict[str, Any] | None:
    return None if one is None else {**one.__dict__, "slot": one.slot.hex()}


def load(path: Path) -> SpareFile:
    """Read a file. Raises WrongUse."""
    value = document.parse(visit_old.read(path, _SIZE_MAX), path, _SIZE_MAX).value
    try:
        if (value["format"], value["version"]) != (FORMAT, VERSION):
            raise WrongUse("spare-file", file=path)
        volume = _record(value["volume"])
        if volume is None:
            raise WrongUse("spare-file", file=path)
        return SpareFile(
            site=str(value["site"]), controller=str(value["controller"]),
            made_utc_s=int(value["made_utc_s"]), binding=bytes.fromhex(value["binding"]),
            volume=volume, energy=_record(value["energy"]),
            segments=_records(value["segments"]), statement=_record(value["statement"]),
            accounts=_records(value["accounts"]), unheld=_records(value["unheld"]),
            papers=tuple(_paper(one) for one in value["papers"]),
            site_facts=dict(value["site_facts"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, ProtocolError):
        raise WrongUse("spare-file", file=path) from None


def _records(rows: list[Any]) -> tuple[Kept, ...]:
    return tuple(one for one in map(_record, rows) if one is not None)


def _record(row: Any) -> Kept | None:
    """A record of a file, which must decode. Raises what load catches."""
    if row is None:
        return None
    kept = Kept(
        str(row["log"]), int(row["entry"]), str(row["controller"]), int(row["chain"]), bool(row["covered"]),
        bytes.fromhex(row["slot"]),
    )  # fmt: skip
    if len(kept.slot) != record.SLOT_SIZE:
        raise ValueError(row)
    record.decode(kept.slot)
    return kept


def _paper(row: Any) -> Paper:
    entry = row["entry"]
    if row["sort"] not in PAPERS:
        raise ValueError(row)
    return Paper(
        row["sort"], bytes.fromhex(row["data"]), str(row["state"])[:_STATES_MAX], str(row["log"]),
        None if entry is None else int(entry),
    )  # fmt: skip
