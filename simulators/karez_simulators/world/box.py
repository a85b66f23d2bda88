"""One controller: the firmware's App over memories that outlive it, from one power-on to the next."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from karez_firmware import bring_up
from karez_firmware.app import App
from karez_firmware.ports import fake_memory
from karez_firmware.store import devices, objects
from karez_protocols import chain
from karez_protocols.slices import finish
from karez_simulators.world import households, native, pace
from karez_simulators.world.meter_line import MeterLine
from karez_simulators.world.port import WorldPort
from karez_simulators.world.site import ADDRESSES, CONTACTOR_MS, ENERGY, PROFILES, WATER

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_firmware.site import Site as Told
    from karez_simulators.world.agenda import Agenda
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.radio import Radio
    from karez_simulators.world.site import Site

FRAM_BYTES = 4096
# The link's key and papers are never used here: no TLS is spoken. They have the form that the box expects.
_LINK_KEY = b"\x30" + bytes(55) + b"\x04" + b"p" * 64
_CERTIFICATE = b"\x30\x82\x00\x48" + bytes(7) + _LINK_KEY[-65:]
_AUTHORITY = b"\x30\x03\x02\x01\x05"


class Box:
    """One controller at a site. Every act on it is of the agenda's now; `after_turn` sees each turn."""

    def __init__(self, site: Site, agenda: Agenda, chance: Chance, radio: Radio, sectors: int) -> None:
        """Make its key; it is not provisioned and has no power yet."""
        self.site = site
        self.radio = radio
        self._agenda = agenda
        self._chance = chance
        self.seed = hashlib.sha256(f"box {site.name} {chance.random()}".encode()).digest()
        self.public = finish(native.secret_slices(self.seed))[64:]
        self.name = chain.controller_name(self.public)
        self.nor = fake_memory.RamNor((objects.SECTORS + sectors) * devices.SECTOR)
        self.fram = fake_memory.RamFram(FRAM_BYTES)
        self.app: App | None = None
        self.port: WorldPort
        self.lines: list[MeterLine] = []
        self.boots = self.turns = 0
        self.fine_until_ms = 0  # every step counts until then
        self.passes_over = True  # quiet polls (pace.py)
        self.quiet_ms = 900_000  # nothing is due for so long but the next interval record
        self.on_record: Callable[[bytes], None] = lambda _slot: None
        self.after_turn: Callable[[], None] = lambda: None
        self.on_cut: Callable[[], None] = lambda: None
        self.asleep_since_ms: int | None = None
        self.is_broken = False  # for good
        self.is_glancing = False  # the next turn may be pace.glance
        self.is_talking = False  # the next turn may be pace.talk
        self._full_ms = 0  # of the last whole turn
        self._due_ms: int | None = None
        self._told: tuple[bytes, Told] | None = None

    def provision(self, binding: bytes, settings: dict[str, int], ceilings_l: dict[str, int]) -> None:
        """What the bench gives a box."""
        self.quiet_ms = settings["interval_idle_s"] * 1000
        config = {
            "settings": settings,
            "accounts": {card.hex(): number for card, number in households.CARDS.items()},
            "ceilings_l": ceilings_l,
            "link": {"host": "127.0.0.1", "port": 8883, "tls_name": "world"},
            "meters": [
                {"quantity": name, "profile": PROFILES[name], "address": ADDRESSES[name], "line": line}
                for line, name in enumerate((WATER, ENERGY))
            ],
        }
        objects.write_once(self.nor, objects.KEY, self.seed + _LINK_KEY)
        for sort, data in (
            (objects.BINDING, binding),
            (objects.LINK_CERTIFICATE, _CERTIFICATE),
            (objects.LINK_AUTHORITY, _AUTHORITY),
            (objects.CONFIG, json.dumps(config).encode()),
        ):
            objects.write(self.nor, sort, 0, data)

    @property
    def is_on(self) -> bool:
        """Whether it has power and runs."""
        return self.app is not None

    # -- power --------------------------------------------------------------------------

    def power_on(self) -> None:
        """It starts over whatever its memories hold."""
        self.boots += 1
        self.port = WorldPort(self.nor, self.fram, self._agenda, self._chance, self.on_record)
        self.port.broker = self.radio.broker
        self.port.coil = self._coil
        try:
            self.app = App(self.port, self._told_by_memories())
        except fake_memory.PowerCut:
            self._die()
            return
        told = self._told_by_memories()
        profiles = {quantity: profile for quantity, profile, _, _ in told.meters}
        self.lines = [MeterLine(name, profiles[name], self.site) for name in (WATER, ENERGY)]
        self.app.buses = list(self.lines)
        self.port.hear(f"aux {int(self.site.aux)}")
        self.look_closely(30_000)
        self.wake()

    def _told_by_memories(self) -> Told:
        """What bring_up makes of the memories: the same as long as they say the same."""
        said = objects.read_any(self.nor, objects.BINDING) + objects.newest(self.nor, objects.CONFIG)[0]
        if self._told is None or self._told[0] != said:
            self._told = said, bring_up.bring_up(self.port)
        return self._told[1]

    def cut_at_write(self, number: int, mode: int, kept: int) -> None:
        """The mains will go in the middle of the write that is so many from now."""
        mains = fake_memory.Mains(number, kept, mode=mode, seed=self._chance.randrange(1 << 30))
        self.nor.mains = self.fram.mains = mains

    def power_off(self) -> None:
        """It is gone between two writes."""
        self.is_glancing = False
        self._turn(self._agenda.now_ms, is_last=True)  # its head is seconds old, however quiet it was
        if self.app is not None:
            self._die()

    def _die(self) -> None:
        self.app = None
        self._due_ms = self.asleep_since_ms = None
        self.nor.mains = self.fram.mains = fake_memory.Mains()
        self.radio.broker.drop()
        self.site.switch(False)

    def _coil(self, on: bool, _now_us: int) -> None:
        app, boots = self.app, self.boots
        self.look_closely(10_000)

        def contacts() -> None:
            if self.boots == boots and (self.app is not None or app is None):
                self.site.switch(on)
                self.port.hear(f"aux {int(self.site.aux)}")
                self.wake()

        self._agenda.after(CONTACTOR_MS, contacts)

    # -- spoilt --------------------------------------------------------------------------

    def spoil(self, name: str, litres: int, times: int) -> None:
        """The next answers of a meter say so much more (litres below 2^31 of its whole cubic metres)."""
        left = [times]

        def wild(reply: bytes) -> bytes:
            if not left[0]:
                return reply
            left[0] -= 1
            whole = (int.from_bytes(reply[16:18], "big") | int.from_bytes(reply[18:20], "big") << 16) + max(
                litres // 1000, 1
            )
            return (
                reply[:16] + (whole & 0xFFFF).to_bytes(2, "big") + (whole >> 16 & 0xFFFF).to_bytes(2, "big")
            ) + reply[20:]

        self.lines[(WATER, ENERGY).index(name)].wild = wild

    def rot(self, seq: int, at: int, bit: int) -> bool:
        """Turn a bit over of a record that lies in the ring; False if it is not found there."""
        if self.app is None:
            return False
        slot = self.app.journal.slot(seq)
        first = objects.SECTORS * devices.SECTOR
        whole = self.nor.read(first, self.nor.size - first)
        place = whole.find(slot) if slot else -1
        if place < 0:
            return False
        self.nor.rot(first + place + at, bit)
        return True

    # -- time ---------------------------------------------------------------------------

    def look_closely(self, duration_ms: int) -> None:
        """Something is about to happen: no step is passed over for so long."""
        self.fine_until_ms = max(self.fine_until_ms, self._agenda.now_ms + duration_ms)
        if self.app is not None:
            self.wake()

    def hear(self, *lines: str) -> None:
        """Somebody at the box presses or types."""
        if self.app is not None:
            self.port.hear(*lines)
            self.look_closely(5_000)

    def wake(self, after_ms: int = 0) -> None:
        """Have a turn so many milliseconds from now, or earlier if one is due."""
        time_ms = self._agenda.now_ms + after_ms
        if self.app is None or (self._due_ms is not None and self._due_ms <= time_ms):
            return
        self._due_ms = time_ms
        self._agenda.at(time_ms, lambda: self._turn(time_ms))

    def _live(self, app: App) -> None:
        now_ms = self._agenda.now_ms
        if self.is_glancing and now_ms - self._full_ms < pace.WHOLE_MS and not self.port.has_lines:
            pace.glance(app)
            return
        if self.is_talking and not self.port.has_lines and pace.may_only_talk(app):
            pace.talk(app)
            return
        self._full_ms = now_ms
        app.turn()

    def _turn(self, due_ms: int, is_last: bool = False) -> None:
        app = self.app
        if app is None or (self._due_ms != due_ms and not is_last):
            return  # it has been dead since, or had its turn earlier
        self._due_ms = None
        self.turns += 1
        self.port.go_on()
        if self.asleep_since_ms is not None:
            pace.pass_over(app, self._agenda.now_ms - self.asleep_since_ms)
            self.asleep_since_ms = None
        try:
            self._live(app)
        except fake_memory.PowerCut:
            self._die()
            self.on_cut()
            return
        self.after_turn()
        if self.app is app:
            self.wake(pace.next_ms(self, self._agenda.now_ms, self._agenda.utc_s))
