"""Which meters a person wants on the bench, and how their port is set: names, addresses, settings.

A profile is named, or a .json file; `NAME@ADDRESS` gives it another address than the factory's.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile
from karez_simulators import bench_wording
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
    """What was asked for cannot be done. `why` is one of bench_wording.UNUSABLE, `values` fill it in.

    `str()` says it in English, `said` in another language; always in one line.
    """

    def __init__(self, why: str, /, **values: Any) -> None:
        super().__init__(why)
        self.why = why
        self.values = values

    def __str__(self) -> str:
        return self.said("en")

    def said(self, lang: str) -> str:
        """The reason in this language."""
        return bench_wording.unusable(lang, self.why, self.values)


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
        self.address = address
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

    def questions(self) -> list[bytes]:
        """The requests that another master would read this meter with."""
        profile = Profile(self.document)
        address = self.address if self.server else str(self.address)
        return [
            bytes(profile.codec.encode_request(profile.request(at, address)))
            for at in range(len(profile.requests))
        ]

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
    shipped = not name.endswith(".json")
    if shipped and name not in names():
        raise Unusable("profile_unknown", word=name, near=near(name, names()))
    try:
        source = _folder() / f"{name}.json" if shipped else Path(name)
        document: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        Profile(document)
    except (OSError, ValueError) as error:
        raise Unusable("profile_unread", word=name, reason=error) from None
    except (ProtocolError, KeyError, TypeError, RecursionError) as error:
        raise Unusable("profile_wrong", word=name, reason=error) from None
    return document


def spelt(baud: int, parity: str, stop_bits: int) -> str:
    """9600 8N1."""
    return f"{baud} 8{parity}{stop_bits}"


def placed(wanted: list[str], well: Well) -> list[BenchMeter]:
    """Make the meters; every address may be had once."""
    if not wanted:
        raise Unusable("profile_none")
    meters: list[BenchMeter] = []
    for word in wanted:
        name, asked = _parted(word)
        document = load(name)
        address = _address(word, document, asked)
        try:
            meter = BenchMeter(document, address, well)
        except (KeyError, TypeError, ValueError) as error:
            raise Unusable("profile_wrong", word=word, reason=error) from None
        taken = next((other for other in meters if other.key == meter.key), None)
        if taken is not None:
            raise Unusable("address_taken", word=word, address=address, label=taken.label, name=name)
        if meter.label in [other.label for other in meters]:
            meter.label = f"{meter.label}@{address}"
        meters.append(meter)
    return meters


def _parted(word: str) -> tuple[str, str]:
    """Profile and address; the path of a file may hold an @ of its own."""
    if word.endswith(".json"):
        return word, ""
    name, _, asked = word.rpartition("@") if "@" in word else (word, "", "")
    return name, asked


def _address(word: str, document: dict[str, Any], asked: str) -> int | str:
    own = document["serial"]["address"]
    protocol = document.get("protocol", "modbus")
    if protocol == "modbus":
        wanted = asked or str(own)
        if not _is_number(wanted) or not 1 <= int(wanted) <= ADDRESS_MAX:
            raise Unusable("address_modbus", word=word, most=ADDRESS_MAX)
        return int(wanted)
    digits = DIGITS[protocol]
    # Constructed: a meter that nobody has named has number 1.
    own_kind, _, own_number = own.rpartition(":")
    kind, _, number = asked.rpartition(":")
    number = number or (own_number if _is_number(own_number) else "1").rjust(digits, "0")
    if len(number) != digits or not _is_number(number) or (kind and protocol != "cjt188"):
        raise Unusable("address_digits", word=word, protocol=protocol, digits=digits)
    if protocol != "cjt188":
        return number
    if kind and not re.fullmatch("[0-9A-Fa-f]{2}", kind):
        raise Unusable("address_kind", word=word)
    return f"{kind or own_kind}:{number}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= max(DIGITS.values())


def settings(document: dict[str, Any], serial: Serial) -> tuple[int, str, int]:
    """(baud, parity, stop bits) of a meter: what was asked for, else what its profile says."""
    own = document["serial"]
    parity = serial.parity or own["parity"]
    baud: int = own["baud"] if serial.baud is None else serial.baud
    return baud, parity, own["stop_bits"] if serial.parity is None else 1


def near(name: str, known: list[str]) -> list[str]:
    """Names that were perhaps meant."""
    return difflib.get_close_matches(name, known, n=3)
