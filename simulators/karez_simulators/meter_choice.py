"""Which meters a person wants on the bench, and how their port is set: names, addresses, settings.

A profile is named, or a .json file; `NAME@ADDRESS` gives it another address than the factory's.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_simulators.cjt188_meter import Cjt188Meter
from karez_simulators.dlt645_meter import Dlt645Meter
from karez_simulators.line_station import ADDRESS_MAX
from karez_simulators.meter_faults import WIRE
from karez_simulators.modbus_server import MeterServer
from karez_simulators.profile_meter import ProfileMeter
from karez_simulators.sdm630 import Sdm630
from karez_simulators.tuf2000m import Tuf2000m

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from karez_simulators.adapter_line import AdapterLine
    from karez_simulators.line import Line
    from karez_simulators.meters import Meter
    from karez_simulators.well import Well

HAND_WRITTEN = {"tuf2000m": Tuf2000m, "sdm630": Sdm630}  # with more of the real meter than its profile names
DIGITS = {"dlt645": 12, "cjt188": 14}  # of a number on the meter


class Unusable(Exception):
    """What was asked for cannot be done; the text says why, in one line."""


@dataclass(frozen=True)
class Serial:
    """How a port is set; None: as the profiles say."""

    port: str | None = None
    baud: int | None = None
    parity: str | None = None


class BenchMeter:
    """One meter on the bench: its label, its line settings, the instrument itself."""

    def __init__(self, document: dict[str, Any], address: int | str, well: Well) -> None:
        self.label: str = document["name"]
        self.document = document
        self.protocol = document.get("protocol", "modbus")
        self.server: MeterServer | None = None
        self.meter: Any
        if self.protocol == "dlt645":
            edition = 1997 if "1997" in document["name"] else 2007
            self.meter = Dlt645Meter(str(address), well, edition)
        elif self.protocol == "cjt188":
            kind, _, number = str(address).rpartition(":")
            self.meter = Cjt188Meter(number, well, int(kind or "10", 16))  # 10 = cold water
        else:
            self.meter = _modbus_meter(document, int(address), well)
            self.server = MeterServer(self.meter)
        self.key: int | str = self.meter.address if self.server else f"{self.protocol} {self.meter.number}"
        self.faults: dict[str, str] = {**self.meter.faults, **WIRE}
        self.on_wire: set[str] = set()

    @property
    def bad_frames(self) -> int:
        """Frames meant for it that were damaged."""
        return int((self.server or self.meter).bad_frames)

    def attach(self, line: Line | AdapterLine, baud: int) -> None:
        """Hang it on the line, with the delay its profile names."""
        latency_ns = self.document["latency_ms"] * 1_000_000
        if self.server is not None:
            line.attach(self.key, self.server, latency_ns=latency_ns, baud=baud)
        else:
            line.attach(self.key, self.meter, latency_ns=latency_ns, baud=baud, hears=self.meter.hears)


def _modbus_meter(document: dict[str, Any], address: int, well: Well) -> Meter:
    made = HAND_WRITTEN.get(document["name"])
    return made(address, well) if made else ProfileMeter(address, well, document)


def names() -> list[str]:
    """The profiles that ship with karez, sorted."""
    return sorted(
        entry.name.removesuffix(".json")
        for entry in _folder().iterdir()
        if entry.name.endswith(".json") and not entry.name.endswith(".schema.json")
    )


def _folder() -> Traversable:
    return resources.files("karez_protocols") / "profiles"


def load(name: str) -> dict[str, Any]:
    """A profile document by its name, or from a .json file. Raises Unusable."""
    try:
        if name.endswith(".json"):
            text = Path(name).read_text(encoding="utf-8")
        elif name in names():
            text = (resources.files("karez_protocols") / "profiles" / f"{name}.json").read_text(
                encoding="utf-8"
            )
        else:
            raise Unusable(f"--profile {name} is not known{near(name, names())}; --profile list names them")
        document: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as error:
        raise Unusable(f"--profile {name}: {reason(error)}") from None
    return document


def spelt(baud: int, parity: str, stop_bits: int) -> str:
    """9600 8N1."""
    return f"{baud} 8{parity}{stop_bits}"


def placed(wanted: list[str], well: Well) -> list[BenchMeter]:
    """Make the meters; every address may be had once."""
    if not wanted:
        raise Unusable("name at least one meter: --profile NAME; --profile list names them")
    meters: list[BenchMeter] = []
    for word in wanted:
        name, _, asked = word.partition("@")
        document = load(name)
        try:
            address = _address(document, asked)
            label = (
                document["name"] if word not in [m.label for m in meters] else f"{document['name']}@{address}"
            )
            if label in [meter.label for meter in meters]:
                label = f"{document['name']}@{address}"
            meter = BenchMeter(document, address, well)
        except (KeyError, TypeError, ValueError) as error:
            raise Unusable(f"--profile {word}: this profile cannot be served: {error!r}") from None
        taken = next((other for other in meters if other.key == meter.key), None)
        if taken is not None:
            taken_by = f"address {address} is taken by {taken.label}"
            raise Unusable(f"--profile {word}: {taken_by}; name another: {name}@ADDRESS")
        if meter.label in [other.label for other in meters]:
            meter.label = f"{meter.label}@{address}"
        meters.append(meter)
    return meters


def _address(document: dict[str, Any], asked: str) -> int | str:
    name, own = document["name"], document["serial"].get("address", "")
    protocol = document.get("protocol", "modbus")
    if protocol == "modbus":
        address = int(asked or own) if str(asked or own).isdigit() else 0
        if not 1 <= address <= ADDRESS_MAX:
            raise Unusable(f"--profile {name}@{asked}: a Modbus address is 1 to {ADDRESS_MAX}")
        return address
    digits = DIGITS[protocol]
    # Constructed: a meter that nobody has named has number 1.
    own_kind, _, own_number = own.rpartition(":")
    kind, _, number = asked.rpartition(":")
    number = number or (own_number if own_number.isdigit() else "1").rjust(digits, "0")
    if len(number) != digits or not number.isdigit():
        raise Unusable(f"--profile {name}@{asked}: an address of {protocol} has {digits} digits")
    return f"{kind or own_kind}:{number}" if protocol == "cjt188" else number


def settings(document: dict[str, Any], serial: Serial) -> tuple[int, str, int]:
    own = document["serial"]
    parity = serial.parity or own["parity"]
    return serial.baud or own["baud"], parity, own["stop_bits"] if serial.parity is None else 1


def near(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {', '.join(close)}?" if close else ""


def reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())
