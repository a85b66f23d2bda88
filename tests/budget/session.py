"""A pump session of the whole controller in the real VM, and what its heap held meanwhile.

A provisioned box, meters on a line, broker, gateway and platform; a grant, an irrigation, its
records and a signed checkpoint delivered: what a controller does for months, once.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from karez_protocols import record
from karez_simulators.acts import Play
from karez_simulators.desk import Desk, DeskError, Plan
from karez_simulators.vm_start import Start

BESIDE = str(Path(__file__).parent / "vm")
SETTINGS = {
    "restart_delay_s": 0,
    "interval_idle_s": 60,
    "interval_pumping_s": 60,
    "checkpoint_pumping_s": 60,  # signed while it pumps
}
LITRES = 5000
PUMP_S = 70  # simulated: an interval record and a checkpoint while the pump runs
SPEED = 5
LOOKS_S = 30  # for the heap of the controller at rest, afterwards


@dataclass
class Heap:
    """Bytes of a controller's heap while it worked."""

    highest: int  # in use when looked at every turn, garbage included
    live: int  # most after a collection, at any look
    last: int  # after the last collection, everything running
    largest_free: int  # the largest piece still to be had then
    names: int
    modules: tuple[str, ...]


class Watched:
    """A desk whose controller tells of its heap."""

    def __init__(self, desk):
        self.desk = desk
        self.modules = ()
        self.told = []  # (highest, live, last)
        vm = desk.controller()
        vm.on_line, self._pass_on = self._hear, vm.on_line

    def _hear(self, words):
        if words[0] == "heap":
            self.told.append(tuple(map(int, words[1:])))
        elif words[0] == "modules":
            self.modules = tuple(words[1:])
        else:
            self._pass_on(words)

    def heap(self):
        log = self.desk.controller().errors.read_text(errors="replace")
        names = re.findall(r"n_qstr=(\d+)", log)[-1]
        free_blocks = re.findall(r"max free sz: (\d+)", log)[-1]
        block = 4 * 8  # bytes of a block: four words (py/gc.h), 64-bit VM
        return Heap(*self.told[-1], int(free_blocks) * block, int(names), self.modules)


async def run(folder, meters, heap_kb, is_in_place):
    """Play one session and return its Heap. Raises DeskError when anything did not happen."""
    plan = Plan(settings=SETTINGS, meters=meters)
    async with Desk(folder, plan) as desk:
        desk.controller().how = Start("heap_watch", is_in_place, heap_kb, (BESIDE,))
        watched = Watched(desk)
        await desk.provision()
        play = Play(desk)
        await play.grant(LITRES)
        desk.clock.speed = SPEED
        await play.start()
        await play.pump(PUMP_S)
        await play.stop()
        await play.delivered()
        for check in (play.litres_exact, play.receipt):
            held, figures = await check()
            if not held:
                raise DeskError(f"{check.__name__} does not hold: {figures}")
        if not desk.records(record.SIGNATURE):
            raise DeskError("the controller signed no checkpoint")
        told = len(watched.told)
        await desk.until(lambda: len(watched.told) > told, LOOKS_S, "the controller tells of its heap")
        return watched.heap()
