"""The box that goes: what is known of it, whatever told it, and what a spare is bound to go on from.

A read-out of the box itself (here), the gateway's records (visit_spare.py) or the office's folder
(visit_sources.py). Litres are not carried as a number to be believed: the new binding says which reading of
which meter stood for which W.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import binding, bundle, grant, record, signed
from karez_protocols.errors import ProtocolError

from . import document
from .errors import WrongUse
from .rules import TOTALS

if TYPE_CHECKING:
    from pathlib import Path

_SIZE_MAX = 4 << 20
_PAPER_MAX = 4_096  # a grant, an order, a list of keys: at most 500 bytes (firmware: console/bringing.py)
_CONVERTED = (record.CONVERTED, record.CONVERTED_GROUP)
QUANTITIES = {grant.WATER: "water", grant.ENERGY: "energy"}


@dataclass
class Old:
    """What is known of the box that goes. `notes`: where each figure is from, as (text, its values)."""

    controller: str
    last_seq: int | None
    volume_l: int
    energy_wh: int | None
    registers: dict[int, int]  # quantity -> the register that stood for its volume
    accounts: list[tuple[int, int]]
    config: bytes | None
    binding: bytes
    grant: bytes | None
    units: dict[int, tuple[int, int]]  # quantity -> (method, multiplier_ppm) by which it was counted
    papers: list[tuple[str, bytes]] = field(default_factory=list)  # keys and orders, in their order
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)  # answers that are known already, by step
    grant_seq: int = 0  # of the grant in force by its last record; 0: none, or not known
    unheld: dict[bytes, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # orders by digest: notes
    serials: dict[str, str] = field(default_factory=dict)  # meters that must hang there still, by quantity

    @property
    def seq(self) -> int:
        """Number of its binding."""
        return int(binding.open_signed(self.binding)[0]["seq"])

    @property
    def counted(self) -> str:
        """The quantity whose register W follows."""
        return "energy" if self.units[grant.WATER][0] in _CONVERTED else "water"

    @property
    def own(self) -> set[str]:
        """Quantities whose register the box makes itself, of pulses or levels: a spare's begins at 0."""
        config = document.value_of(self.config) if self.config else {}
        found = {one["quantity"] for one in config.get("meters", []) if "pulse_milli" in one}
        return found | ({"water"} if self.is_channel else set())

    @property
    def is_channel(self) -> bool:
        """True where W is counted by a rating curve."""
        return "channel" in (document.value_of(self.config) if self.config else {})

    def register(self, quantity: int) -> int | None:
        """The spare's register that stands for the volume carried."""
        meter = self.counted if quantity == grant.WATER else "energy"
        return 0 if meter in self.own else self.registers.get(quantity)

    @property
    def bases(self) -> dict[int, tuple[int, int]]:
        """What the spare's segments begin with: quantity -> (W or E, the register that stood for it)."""
        found = {}
        for quantity, value in ((grant.WATER, self.volume_l), (grant.ENERGY, self.energy_wh)):
            register = self.register(quantity)
            if value is not None and register is not None:
                found[quantity] = (value, register)
        return found

    def require_site(self, name: str) -> None:
        """A spare stands at the same site. Raises WrongUse."""
        site = binding.open_signed(self.binding)[0]["site"]
        if site != name:
            raise WrongUse("old-site", site=site, name=name)

    def require_units(self, segments: list[dict[str, Any]]) -> None:
        """A spare counts by the same unit as the box before it. Raises WrongUse."""
        for one in segments:
            theirs = self.units.get(one["quantity"])
            mine = one["method"], one["multiplier_ppm"]
            if theirs is not None and theirs != mine:
                raise WrongUse(
                    "old-unit", quantity=QUANTITIES[one["quantity"]], method=theirs[0], ppm=theirs[1],
                    other=mine[0], other_ppm=mine[1],
                )  # fmt: skip


def load(path: Path) -> tuple[Old, list[dict[str, Any]]]:
    """(what a read-out says, the orders that it names). `karez tech readout`, its bundle beside it.

    Raises WrongUse.
    """
    found = document.parse(read(path), path, _SIZE_MAX).value
    try:
        meters = {one["quantity"]: one for one in found["live"]["parts"] if "quantity" in one}
        old = Old(
            controller=found["identify"]["controller"], last_seq=found["identify"]["seq"],
            volume_l=found["live"]["volume_l"], energy_wh=found["live"].get("energy_wh"),
            registers={}, accounts=[
                (one["account"], one["used_l"]) for one in found["accounts"]["parts"] if one.get("account")
            ],
            config=whole_config(found["config"]["document"].encode(), path), binding=b"", grant=None,
            units={},
        )  # fmt: skip
        totals = _totals(meters)
        ordered = list(found["orders"].get("parts", []))
        is_resting = not found["live"]["contactor"]
        wanted = found["grant"].get("sha256")
    except (KeyError, TypeError, AttributeError) as error:
        raise WrongUse("old-shape", file=path, why=error) from None
    if not is_resting:
        raise WrongUse("old-runs", file=path)
    if not isinstance(old.volume_l, int) or not (totals or old.own):
        raise WrongUse("old-books", file=path)
    _prove(old, path.with_suffix(".kzb"), wanted)
    meter_of = {grant.WATER: old.counted, grant.ENERGY: "energy"}
    old.registers = {quantity: totals[name] for quantity, name in meter_of.items() if name in totals}
    if old.register(grant.WATER) is None:
        raise WrongUse("old-books", file=path)
    old.notes.append(("from-readout", {"file": path.name, "seq": old.last_seq, "volume_l": old.volume_l}))
    return old, ordered


def whole_config(data: bytes, path: Path) -> bytes:
    """The bytes of a configuration that names its meters in a list, or none. Raises WrongUse."""
    config = document.parse(data, path).value
    meters = config.get("meters", []) if isinstance(config, dict) else None
    if not isinstance(meters, list) or any(not isinstance(one, dict) for one in meters):
        raise WrongUse("old-shape", file=path, why="config")
    return data


def read(path: Path, most: int = _SIZE_MAX) -> bytes:
    """The bytes of a file, at most so many. Raises WrongUse."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    if len(data) > most:
        raise WrongUse("old-large", file=path, most=most)
    return data


def _totals(meters: dict[str, Any]) -> dict[str, int]:
    names = {"water": TOTALS["water"], "energy": TOTALS["energy"]}
    return {
        one: meters[one]["values"][name]
        for one, name in names.items()
        if one in meters and isinstance(meters[one]["values"].get(name), int)
    }


def _prove(old: Old, path: Path, wanted: str | None) -> None:
    """Binding and grant are in the bundle beside the read-out, signed. Raises WrongUse."""
    try:
        found = bundle.decode(read(path, bundle.SIZE_MAX))
        bundle.require_digest(found)
    except ProtocolError as error:
        raise WrongUse("old-shape", file=path, why=error) from None
    old.binding = found["binding"]
    require_binding(old, path)
    for data in found["grants"]:
        if hashlib.sha256(data).hexdigest() == wanted:
            old.grant = data
    if wanted is not None and old.grant is None:
        raise WrongUse("old-grant", file=path)


def require_binding(old: Old, path: Path) -> None:
    """The binding is this box's; it says by which units the box counted. Raises WrongUse."""
    try:
        values, segments = binding.open_signed(old.binding)[:2]
    except ProtocolError as error:
        raise WrongUse("old-shape", file=path, why=error) from None
    if values["controller"] != old.controller:
        raise WrongUse("old-other", file=path, name=values["controller"], wanted=old.controller)
    old.units = {one["quantity"]: (one["method"], one["multiplier_ppm"]) for one in segments}


def ordered(found: list[dict[str, Any]], files: list[Path]) -> list[tuple[str, bytes]]:
    """The orders in force, each from a file: a read-out names them by digest. Raises WrongUse."""
    given = {signed.digest(data).hex(): data for data in papers(files)}
    missing = [one for one in found if one.get("sha256") not in given]
    if missing:
        said = ", ".join(f"{one.get('kind')} {one.get('seq')} ({one.get('office')})" for one in missing)
        raise WrongUse("old-orders", orders=said)
    return [("order", given[one["sha256"]]) for one in found]


def papers(files: list[Path]) -> list[bytes]:
    """Signed objects from files. Raises WrongUse."""
    return [read(one, _PAPER_MAX) for one in files]
