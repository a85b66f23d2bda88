"""The records of one simulated controller, made quickly: packed whole, chained, signed by its own key.

The layouts are `karez_protocols.record`'s: each kind's fields are laid out once as one `struct.Struct`,
so that what the codec writes in a hundred steps is written in one. A test holds every kind against the codec.
"""

from __future__ import annotations

import hashlib
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

from karez_protocols import chain, fields, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PREFIX = b"KZ1"
_CODES = {("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q", ("s", 2): "h", ("s", 4): "i"}
_KWH = struct.Struct(">f4x")  # an SDM630 shows kWh as a REAL4
RUNNING, STOPPED = 3, 0  # pump states, as a record has them
_M3 = 1000


@cache
def packer(kind: int) -> tuple[struct.Struct, tuple[str, ...]]:
    """Return what packs the content of a kind, and the names of the values it takes, in order.

    A name may stand there twice: the codec's six-byte numbers are two for `struct`, low half first.
    """
    code, names = "<", []
    for layout in record.layouts(kind):
        for name, letter, _, size in fields.each(layout):
            if letter == "x":
                code += f"{size}x"
                continue
            if size == 6 and letter == "u":
                code += "IH"
                names += [name, name]
                continue
            code += f"{size}s" if letter == "b" else _CODES[letter, size]
            names.append(name)
    return struct.Struct(code), tuple(names)


def content(kind: int, values: Mapping[str, Any]) -> bytes:
    """Return the 112 bytes of a record; every value is known. Raises struct.error, KeyError."""
    laid_out, names = packer(kind)
    found: list[Any] = []
    before = ""
    for name in names:
        value = values[name]
        if name == before:
            found[-1], value = value & 0xFFFFFFFF, value >> 32
        found.append(value)
        before = name
    return laid_out.pack(*found)


def register(litres: int) -> bytes:
    """Return litres as a TUF-2000M shows them: whole m³ as a LONG, the rest as a REAL4, low words first."""
    whole, part = divmod(litres, _M3)
    real = struct.unpack(">I", struct.pack(">f", part / _M3))[0]
    return struct.pack(">HHHH", whole & 0xFFFF, whole >> 16, real & 0xFFFF, real >> 16)


class Scribe:
    """Writes one controller's records in order; `keep` gets each slot of 128 bytes."""

    def __init__(
        self, name: str, key: Ed25519PrivateKey, binding: bytes, keep: Callable[[bytes], None]
    ) -> None:
        """Begin chain 1 at the binding."""
        self.name = name
        self.seq = 0
        self.h: bytes = chain.genesis(1, binding)
        self.volume_l = 0
        self.energy_wh = 0
        self.pump = STOPPED
        self._key = key
        self._keep = keep
        self._began_utc_s: int | None = None
        self._interval, order = packer(record.INTERVAL)
        self._frame = [self._filled(record.INTERVAL).get(name, 0) for name in order]
        self._at = {name: at for at, name in reversed(list(enumerate(order)))}

    @staticmethod
    def _filled(kind: int) -> dict[str, Any]:
        """Every field of a kind with nothing in it."""
        values: dict[str, Any] = {}
        for layout in record.layouts(kind):
            for name, letter, _, size in fields.each(layout):
                if letter != "x":
                    values[name] = bytes(size) if letter == "b" else 0
        return values | {"version": record.VERSION, "kind": kind, "time_state": record.TIME_SYNCHRONISED}

    def _seal(self, packed: bytes) -> bytes:
        self.h = hashlib.sha256(_PREFIX + self.h + packed).digest()
        slot = packed + self.h[:16]
        self._keep(slot)
        return slot

    def _head(self, utc_s: int) -> dict[str, int]:
        if self._began_utc_s is None:
            self._began_utc_s = utc_s
        self.seq += 1
        return {"seq": self.seq, "utc_s": utc_s, "boot": 1, "uptime_s": utc_s - self._began_utc_s}

    def _measured(self, flow_lph: int, power_w: int) -> dict[str, Any]:
        return {
            "segment": 1,
            "method": record.METERED,
            "pump": self.pump,
            "water_raw": register(self.volume_l),
            "energy_raw": _KWH.pack(self.energy_wh / 1000),
            "volume_l": self.volume_l,
            "energy_wh": self.energy_wh,
            "flow_lph": flow_lph,
            "power_w": power_w,
        }

    def measuring(self, kind: int, utc_s: int, flow_lph: int = 0, power_w: int = 0, **more: Any) -> bytes:
        """Write a measuring record of any kind: boot, start, stop."""
        values = self._filled(kind) | self._head(utc_s) | self._measured(flow_lph, power_w) | more
        return self._seal(content(kind, values))

    def interval(self, utc_s: int, litres: int, energy_wh: int, flow_lph: int, power_w: int) -> bytes:
        """Write what most records are: the interval that ends now, some litres and Wh later."""
        self.volume_l += litres
        self.energy_wh += energy_wh
        frame, at = self._frame, self._at
        for name, value in (self._head(utc_s) | self._measured(flow_lph, power_w)).items():
            frame[at[name]] = value
        for name in ("volume_l", "energy_wh"):
            value, place = frame[at[name]], at[name]
            frame[place], frame[place + 1] = value & 0xFFFFFFFF, value >> 32
        return self._seal(self._interval.pack(*frame))

    def checkpoint(self, utc_s: int) -> None:
        """Write a statement over all so far, and the signature over it."""
        values = self._filled(record.STATEMENT) | {"covered_seq": self.seq, "covered_h": self.h, "chain": 1}
        slot = self._seal(content(record.STATEMENT, values | self._head(utc_s)))
        message = chain.checkpoint_message(self.name, slot[: record.CONTENT_SIZE])
        values = self._filled(record.SIGNATURE) | {"statement_seq": self.seq}
        values |= {"signature": self._key.sign(message)}
        self._seal(content(record.SIGNATURE, values | self._head(utc_s)))
