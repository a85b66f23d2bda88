"""One site as the controller's cables see it: a well, its water and power meter, one RS-485 pair."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from karez_protocols.profile import Profile
from karez_simulators import meter_choice
from karez_simulators.line import Line
from karez_simulators.meter_faults import ACTS, WIRE
from karez_simulators.physics import well_faults
from karez_simulators.well import Well

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.clock import Clock
    from karez_simulators.meter_choice import BenchMeter
    from karez_simulators.meters import Instrument
    from karez_simulators.well import WellParameters

NO_METER = "none"  # of "water": a well whose litres are converted from its energy; of "level": no probe
METERS = {"water": "tuf2000m@1", "power": "sdm630@2", "level": NO_METER}
QUANTITIES = {"water": "water", "power": "energy", "level": "level"}  # as the controller calls them
COUNTING = ("water", "power")  # those whose dial counts
SERIAL_LETTERS = 10  # of a profile's name: a binding has room for 16, "-247-9" behind it


def mounted(meters: dict[str, str], well: Well) -> dict[str, BenchMeter]:
    """Make what hangs at a site: METERS, but for what `meters` says. Raises Unusable."""
    wanted = {name: word for name, word in (METERS | meters).items() if word != NO_METER}
    return dict(zip(wanted, meter_choice.placed(list(wanted.values()), well), strict=True))


@dataclass(frozen=True)
class MeterSwap:
    """What a technician writes down who takes one meter off and puts another on; litres or Wh."""

    old_serial: str
    closing: int
    new_serial: str
    opening: int


class PhysicalSite:
    """Well, meters and line on one clock; an asynchronous context manager.

    `meters`: what is mounted as "water", "power" and "level", each `PROFILE@ADDRESS`; "water" and "level"
    may be NO_METER.
    Everything the controller may touch is `port_path` (its serial port), the
    contactor (`set_contactor`) and its feedback (`well.is_powered`). The rest
    (`fault`, `part_fault`, `set_mains`, `well`, `line`) belongs to the scenario. Setters act at
    the clock's present instant. `switching_noise_ms` may be set at any time: how long
    the pair is disturbed whenever the contactor switches. `has_shunt_release`: a breaker
    stands in front of the contactor, with a release that the controller's second trip energises.
    `on_contactor` is called with what the auxiliary contact says when the contacts move by themselves, as
    in a brown-out.
    """

    def __init__(
        self,
        clock: Clock,
        parameters: WellParameters | None = None,
        *,
        meters: dict[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.well = Well(parameters, clock.now_ms(), seed=seed)
        self.on_contactor: Callable[[bool], None] | None = None
        self.line = Line(clock, baud=9600, seed=seed)
        self.mounted = mounted(meters or {}, self.well)
        self.meters: dict[str, Instrument] = {name: one.meter for name, one in self.mounted.items()}
        self._profiles = {name: Profile(one.document) for name, one in self.mounted.items()}
        self._silenced: set[str] = set()
        self._taken_off = dict.fromkeys(self.meters, 0)  # meters that hung here before
        self._off: list[BenchMeter] = []  # those of another kind than what hangs here now
        self._counting = [meter for meter in self.meters if meter in COUNTING]
        self._begun = dict.fromkeys(self._counting, 0)  # litres or Wh on the dial when counting began …
        self._before = dict.fromkeys(self._counting, 0)  # … and what was counted before that dial
        self.switching_noise_ms = 0
        self.has_shunt_release = False
        for one in self.mounted.values():
            one.attach(self.line, one.document["serial"]["baud"])
        self._refreshing: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the port and serve the meters. Raises OSError if no pty is left."""
        self.line.open()
        for one in self.mounted.values():
            if one.server is not None:
                one.server.start()
        self.settle()
        for meter in self.meters.values():
            meter.refresh(self.clock.utc())
            self._refreshing.append(asyncio.create_task(self._refresh(meter)))
        self.begin_counting()

    async def stop(self) -> None:
        """Close everything; raises what went wrong in a meter meanwhile. Harmless twice."""
        tasks, self._refreshing = self._refreshing, []
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for one in (*self.mounted.values(), *self._off):
            if one.server is not None:
                await one.server.stop()
        self.line.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    @property
    def port_path(self) -> str:
        """Path of the controller's RS-485 port. Raises RuntimeError before `start`."""
        return self.line.port_path

    def settle(self) -> Well:
        """Bring the well up to now and return it: call before reading exact litres."""
        self.well.advance(self.clock.now_ms())
        return self.well

    def dial(self, meter: str) -> int:
        """The total as a technician reads it: litres of "water", Wh of "power", as the profile says."""
        profile = self._profiles[meter]
        replies = [self._told(meter, at) for at in range(len(profile.requests))]
        return int(profile.decode(replies)[profile.total])

    def _told(self, meter: str, at: int) -> bytes | None:
        """What the meter tells now to one request of its profile; None: it refuses."""
        profile, one = self._profiles[meter], self.mounted[meter]
        if one.server is not None:
            words = one.server.meter.read(profile.function, *profile.requests[at])
            return b"".join(word.to_bytes(2, "big") for word in words)
        reader, heard = profile.codec.ReplyReader(), bytearray()
        one.meter.receive(reader.expect(profile.request(at, self.address(meter))), heard.extend)
        return getattr(reader.receive(bytes(heard)), "data", None)

    def begin_counting(self) -> None:
        """From now on `counted` is zero and more."""
        self.settle()
        self._before = dict.fromkeys(self._counting, 0)
        self._begun = {meter: self.dial(meter) for meter in self._counting}

    def counted(self, meter: str) -> int:
        """Litres or Wh on all the dials that have hung there since `begin_counting`."""
        self.settle()
        return self._before[meter] + self._on_dial(meter, self.dial(meter))

    def _on_dial(self, meter: str, shown: int) -> int:
        """What this dial has counted since its counting began, also when it has rolled over meanwhile."""
        moved = shown - self._begun[meter]
        if moved >= 0:
            return moved
        told = [self._told(meter, at) for at in range(len(self._profiles[meter].requests))]
        return moved + int(self._profiles[meter].total_modulus(told) or 0)

    def serial(self, meter: str) -> str:
        """The number on the meter: where the protocol calls it by one, that; else a constructed one."""
        document, address = self.mounted[meter].document, self.address(meter)
        if isinstance(address, str):
            return address[-16:]
        later = f"-{self._taken_off[meter] + 1}" if self._taken_off[meter] else ""
        return f"{document['name'][:SERIAL_LETTERS].upper()}-{address}{later}"

    def step(self, meter: str) -> int:
        """The least by which a dial moves, litres or Wh: of its register, or of the meter if that is more."""
        profile = self._profiles[meter]
        told = [self._told(meter, at) for at in range(len(profile.requests))]
        least = self.meters[meter].energy_step_wh if meter == "power" else 1
        return max(int(profile.total_step(told)), least)

    def address(self, meter: str) -> int | str:
        """Where a meter is on the line, as a configuration names it."""
        address: int | str = self.meters[meter].address
        return address

    def set_contactor(self, closed: bool) -> None:
        """The contactor's main contacts close or open now."""
        if closed != self.well.contactor and self.switching_noise_ms:
            self.line.burst(self.switching_noise_ms)
        self.well.set_contactor(closed, self.clock.now_ms())

    def set_trip(self, is_fired: bool) -> None:
        """The second trip is fired or let go: an open breaker stays open until a person closes it."""
        if is_fired and self.has_shunt_release:
            self.part_fault("breaker", "tripped")

    def set_bridged(self, bridged: bool) -> None:
        """Somebody bridges the contactor."""
        self.well.set_bridged(bridged, self.clock.now_ms())

    def set_mains(self, present: bool) -> None:
        """The supply comes or goes. The power meter lives on it; the water meter has a battery of its own."""
        self.well.set_mains(present, self.clock.now_ms())
        self._silence("power")

    def part_fault(self, part: str, name: str, on: bool = True) -> None:
        """Switch a fault of "pump", "supply" or "contactor" on or off, see physics/well_faults.py.

        Raises KeyError for unknown names.
        """
        was_closed = self.well.contactor
        well_faults.spoil(self.well, part, name, on, self.clock.now_ms())
        self._silence("power")
        if self.on_contactor is not None and self.well.contactor != was_closed:
            self.on_contactor(self.well.contactor)

    def fault(self, meter: str, name: str, on: bool = True) -> None:
        """Switch a fault of a meter on or off: of the wire (`meter_faults.WIRE`), or of the meter.

        Registers show it from the meter's next refresh, what happens once at once. Raises KeyError for
        unknown names.
        """
        known, key = self.meters[meter], self.mounted[meter].key
        if name in ACTS and on:
            self._jump(meter, name)
        elif name not in WIRE:
            self.settle()
            known.fault(name, on)
        elif name == "noisy":
            self.line.set_noisy(key, on)
        elif name == "slow":
            self.line.set_slow(key, on)
        else:
            (self._silenced.add if on else self._silenced.discard)(meter)
            self._silence(meter)

    def swap_meter(self, meter: str) -> MeterSwap:
        """A technician takes a meter off and puts a sound one of its kind on, at the same address.

        Raises KeyError where there is none, ValueError for one that is called by its own number: the
        controller would not find the new one without another configuration; and for a level probe.
        """
        if meter not in COUNTING:
            raise ValueError(
                f"a {meter} probe counts nothing: there are no readings to enter, it is not swapped"
            )
        if self.mounted[meter].server is None:
            raise ValueError(f"the {meter} meter is called by its number, a new one by another: not swapped")
        serial = self.serial(meter)
        for name in self.meters[meter].active_faults:
            self.fault(meter, name, on=False)
        self.fault(meter, "silent", on=False)
        closing = self._jump(meter, "swapped")
        self._taken_off[meter] += 1
        return MeterSwap(serial, closing, self.serial(meter), self.dial(meter))

    def put_on(self, meter: str, wanted: str) -> MeterSwap:
        """A technician takes a meter off and puts another kind on, as PROFILE@ADDRESS has it.

        Raises Unusable for what cannot hang there, ValueError where somebody has the address.
        """
        new = meter_choice.placed([wanted], self.well)[0]
        new.attach(self.line, new.document["serial"]["baud"])
        old_serial, closing = self.serial(meter), self._closing(meter)
        self.line.set_silent(self.mounted[meter].key, True)
        self._taken_off[meter] += 1
        self._off.append(self.mounted[meter])
        self.mounted[meter], self.meters[meter] = new, new.meter
        self._profiles[meter] = Profile(new.document)
        if new.server is not None:
            new.server.start()
        new.meter.refresh(self.clock.utc())
        self._refreshing.append(asyncio.create_task(self._refresh(new.meter)))
        self._begun[meter] = self.dial(meter)
        return MeterSwap(old_serial, closing, self.serial(meter), self.dial(meter))

    def _closing(self, meter: str) -> int:
        """What the dial shows last; it counts no more for what hangs there next."""
        self.settle()
        self.meters[meter].refresh(self.clock.utc())
        closing = self.dial(meter)
        self._before[meter] += self._on_dial(meter, closing)
        return closing

    def _jump(self, meter: str, name: str) -> int:
        """The dial goes on elsewhere; return what it showed last."""
        known, closing = self.meters[meter], self._closing(meter)
        known.fault(name)
        known.refresh(self.clock.utc())
        self._begun[meter] = self.dial(meter)
        return closing

    def _silence(self, meter: str) -> None:
        unpowered = meter == "power" and not self.well.mains
        self.line.set_silent(self.mounted[meter].key, unpowered or meter in self._silenced)

    async def _refresh(self, meter: Instrument) -> None:
        """Rewrite the registers on the meter's own beat, as a meter does, polled or not."""
        while True:
            beat_ms = self.clock.now_ms() // meter.refresh_ms + 1
            await self.clock.sleep_until_ms(beat_ms * meter.refresh_ms)
            self.settle()
            meter.refresh(self.clock.utc())
