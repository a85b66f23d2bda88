"""How long the control waits while the network misbehaves: the greatest time between two of its steps.

The cases of tests/system/uplink_cases.py at one desk: real firmware in the VM, TLS, a pump that runs.
A step is due every 250 ms, so a figure is that and the lateness; the target allows 100 ms (design §4).
Time runs at 1x where it is judged. A desk takes longer to come up than a short run may last, so
`--quick` leaves this subject to tests/system/test_uplink_hostile.py, which runs the same cases.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from entry import entry

sys.path.append(str(Path(__file__).parents[1] / "system"))

import uplink_cases

STEP_MS = 250
SHM = Path("/dev/shm")  # a disk that stalls is no fault of the network


def name_of(trouble):
    """The figure of a trouble."""
    return "uplink_step_" + trouble.name.replace(",", "").replace("-", " ").replace(" ", "_").lower()


NAMES = tuple(name_of(trouble) for trouble in uplink_cases.TROUBLES)


async def faced(folder, say):
    """Let every trouble come; return the greatest time between two steps for each, ms."""
    found = {}
    async with uplink_cases.stand_of(folder) as stand:
        for trouble in uplink_cases.TROUBLES:
            one = await stand.face(trouble)
            found[name_of(trouble)] = STEP_MS + one.late_ms
            told = f"{one.polls} polls of the water meter, back after {one.recovery_s:.1f} s"
            say(
                f"  {trouble.name}: {one.late_ms} ms late, {told}{''.join('; ' + each for each in one.wrong)}"
            )
    return found


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    if quick:
        say("  not in a short run: see uplink.py")
        return []
    with tempfile.TemporaryDirectory(prefix="karez-uplink-", dir=SHM if SHM.is_dir() else None) as folder:
        found = asyncio.run(faced(Path(folder), say))
    unit = "ms between two steps of control, greatest"
    return [
        entry(name, value, unit, at_most=STEP_MS + uplink_cases.LATE_MS_MAX) for name, value in found.items()
    ]
