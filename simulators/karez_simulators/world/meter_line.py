"""A port with one meter, polled without a wire: the calls of the firmware's Bus, a whole reading at once.

The registers' bytes are the meter's, their meaning the firmware's own Profile's. What is left out is the
line: baud, silence and retries are the bench's matter, where time is real.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from karez_firmware.drivers.master import EXCEPTION, INVALID, OK, SILENT
from karez_firmware.drivers.meter_reader import RAW_BYTES
from karez_simulators.meters import Refused
from karez_simulators.world.site import ENERGY

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_protocols.profile import Profile
    from karez_simulators.world.site import Site


class MeterLine:
    """`name`: water or energy."""

    is_waiting = False  # an answer is there as soon as it is asked for
    guest = None

    def __init__(self, name: str, profile: Profile, site: Site) -> None:
        """Take the profile as the box has compiled it, and where the meter hangs."""
        self.name = name
        self.profile = profile
        self.wild: Callable[[bytes], bytes] | None = None  # what a wild answer makes of the total's block
        self.least_us = 0  # asked no more often than this: while nothing changes
        self.readings = 0
        self._site = site
        self._due_us = 0
        self._last: tuple[list[bytes], dict[str, Any]] | None = None  # answers, and what they mean

    def hear(self) -> bytes:
        """Nothing comes by itself."""
        return b""

    def turn(
        self,
        now_us: int,
        poll_us: int,
        heard: bytes | None = None,  # noqa: ARG002 - the Bus's call
    ) -> tuple[str, dict[str, Any]] | None:
        """Return (name, reading) when one is due, else None."""
        if now_us < self._due_us:
            return None
        self._due_us = now_us + max(poll_us, self.least_us)
        self.readings += 1
        return self.name, self._reading(now_us // 1000)

    def next_deadline_us(self) -> int:
        """When it is asked next."""
        return self._due_us

    def hurry(self, now_us: int) -> None:
        """The contactor has switched: ask at once."""
        self._due_us = now_us

    def cancel(self) -> None:
        """Nothing is under way."""

    def _reading(self, now_ms: int) -> dict[str, Any]:
        site = self._site
        if self.name in site.silent or (self.name == ENERGY and not site.has_mains):
            return self._empty(SILENT, 0)  # the power meter lives on the mains, the water meter on a battery
        site.refresh(self.name)
        profile = self.profile
        try:
            replies = [self._answer(start, count) for start, count in profile.requests]
        except Refused as refused:
            return self._empty(EXCEPTION, refused.code)
        if self.wild is not None:
            replies[profile.total_request] = self.wild(replies[profile.total_request])
        if self._last is None or self._last[0] != replies:
            self._last = replies, self._meant(replies)
        return self._last[1] | {"at_ms": now_ms}

    def _answer(self, start: int, count: int) -> bytes:
        words = self._site.meters[self.name].read(self.profile.function, start, count)
        return struct.pack(f">{count}H", *words)

    def _meant(self, replies: list[bytes]) -> dict[str, Any]:
        profile = self.profile
        values = profile.decode(replies)
        raw = profile.total_raw(replies)
        return {
            "status": INVALID if values.get(profile.total, 0) is None else OK,
            "values": values,
            "raw": raw + bytes(RAW_BYTES - len(raw)),
            "code": 0,
            "measuring": profile.is_measuring(values),
            "modulus": profile.total_modulus(replies),
            "step": profile.total_step(replies),
        }

    def _empty(self, status: int, code: int) -> dict[str, Any]:
        return {
            "status": status, "values": self.profile.unknown(), "raw": bytes(RAW_BYTES), "at_ms": None,
            "code": code, "measuring": None, "modulus": None, "step": 1,
        }  # fmt: skip
