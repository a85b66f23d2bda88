"""`make commission`: the guide, a meter swap and a box swap against real controllers on ptys, by the clock.

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

from commission.visits import commission, commissioned_bench, files, provision, swap_box, swap_meter  # noqa: E402
from karez_gateway.technician import commissioning_file  # noqa: E402
from karez_simulators.play import EXPECTED  # noqa: E402
from system.tool_cable import Cable  # noqa: E402

COMMISSION_S_MAX = 600
SWAP_S_MAX = 300


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
    """Do all three; return (commission_s, steps, swap_s)."""
    async with commissioned_bench(folder) as (desk, line, person, words):
        with Cable(line.port) as cable:
            watch = Watch(desk.clock)
            await provision(desk, cable, person, words)
            found, _ = await commission(desk, cable, person, folder)
            commission_s, steps = watch.seconds, found["steps"]
            says = tell("commissioning", found, folder, "well")
            require(all(one.outcome == "passed" for one in says.checks.every()), "a check has failed")
            require(says.controller.volume_l == desk.metered_l, "the books differ from the meter")
            found, _ = await swap_meter(desk, cable, person, folder)
            says = tell("meter swap", found, folder, "meter")
            require(says.controller.volume_l == desk.metered_l, "the books differ from the meters")
        watch = Watch(desk.clock)
        found, _ = await swap_box(desk, line, person, words, folder)
        swap_s = watch.seconds
        says = tell("box swap", found, folder, "box")
        require(says.controller.volume_l == desk.metered_l, "the spare's books differ from the meters")
    return commission_s, steps, swap_s


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
