"""`make commission`: the guide, meter swaps and box swaps against real controllers on ptys, by the clock.

    commission_s=… steps=… swap_s=… ok

`commission_s`: from the bare box on the cable to the signed file, in seconds of the bench's clock, with all
that the well needs meanwhile (letting it settle, the step test, the run for the dials). `steps`: of the
guide. `swap_s`: from the read-out of the old box to the signed file of the spare. The answers come from a
file; readings of dials and the pump's buttons from a person who needs no time. Exit code 1 when a limit is
passed.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from commission.swaps import order_hours, swap_box, swap_dead_box, swap_for_pulses, swap_meter  # noqa: E402
from commission.visits import (  # noqa: E402
    PULSE_L,
    at_the_gateway,
    commission,
    commissioned_bench,
    files,
    provision,
)
from karez_gateway.technician import commissioning_file  # noqa: E402
from karez_simulators.play import EXPECTED  # noqa: E402
from system.tool_cable import Cable, run  # noqa: E402

COMMISSION_S_MAX = 600
SWAP_S_MAX = 300
FAST = 3


def say(text):
    print(text, flush=True)


class Watch:
    """Seconds of the bench's clock: it stands while the machine has no processor for the bench."""

    def __init__(self, clock):
        self._clock, self._from_ms = clock, clock.now_ms()

    @property
    def seconds(self):
        return (self._clock.now_ms() - self._from_ms + 999) // 1000


def require(is_so, what):
    if not is_so:
        sys.exit(f"make commission: {what}")


def tell(name, found, folder, work):
    says = commissioning_file.load(folder / f"{work}.commissioning.json").says
    say(f"  {name}: {found['steps']} steps, {', '.join(files(found))}, W {says.controller.volume_l} L")
    return says


async def play(folder):
    """Do all of it; return (commission_s, steps, swap_s)."""
    async with commissioned_bench(folder) as (desk, line, person, words):
        with Cable(line.port) as cable:
            watch = Watch(desk.clock)
            await provision(desk, cable, person, words)
            found, _ = await commission(desk, cable, person, folder)
            commission_s, steps = watch.seconds, found["steps"]
            says = tell("commissioning", found, folder, "well")
            require(all(one.outcome == "passed" for one in says.checks.every()), "a check has failed")
            require(says.controller.volume_l == desk.metered_l, "the books differ from the meter")
            await at_the_gateway(desk, folder, person.name, "well")
            await desk.gateway.start()
            found, _ = await swap_meter(desk, cable, person, folder)
            says = tell("meter swap", found, folder, "meter")
            require(says.controller.volume_l == desk.metered_l, "the books differ from the meters")
            papers = await order_hours(desk, cable, person)
        watch = Watch(desk.clock)
        found, _ = await swap_box(desk, line, person, words, folder, papers)
        swap_s = watch.seconds
        says = tell("box swap", found, folder, "box")
        require(says.controller.volume_l == desk.metered_l, "the spare's books differ from the meters")
        require(len(await orders_of(line)) == 1, "the spare has not taken the order over")
        desk.clock.speed = FAST  # what follows has no limit of time
        await at_the_gateway(desk, folder, says.controller.name, "box")
        with Cable(line.port) as cable:
            found, _ = await swap_for_pulses(desk, cable, person, folder)
        says = tell("meter swap, pulses", found, folder, "pulses")
        require(all(one.outcome == "passed" for one in says.checks.pulse), "the check of pulses has failed")
        before_l = says.controller.volume_l
        # The first pulse comes wherever the dial stood in its ten litres.
        require(abs(desk.metered_l - before_l) < PULSE_L, "the books differ from the meters by a pulse")
        found, _, _ = await swap_dead_box(desk, line, person, words, folder, "old-config")
        says = tell("box swap, old box dead", found, folder, "dead")
        require(says.controller.volume_l == before_l, "the spare's books differ from the gateway's")
        require(len(await orders_of(line)) == 1, "the second spare has not taken the order over")
    return commission_s, steps, swap_s


async def orders_of(line):
    with Cable(line.port) as cable:
        return (await run(cable, "orders"))["parts"]


def main():
    with tempfile.TemporaryDirectory(prefix="karez-commission-") as folder:
        try:
            commission_s, steps, swap_s = asyncio.run(play(Path(folder)))
        except (*EXPECTED, AssertionError) as error:
            sys.exit(f"make commission: {error}")
    is_ok = commission_s <= COMMISSION_S_MAX and swap_s <= SWAP_S_MAX
    verdict = "ok" if is_ok else f"TOO LONG (<= {COMMISSION_S_MAX} and {SWAP_S_MAX} s)"
    say(f"commission_s={commission_s} steps={steps} swap_s={swap_s} {verdict}")
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
