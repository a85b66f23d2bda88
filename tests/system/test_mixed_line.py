"""Two meters that speak no Modbus, at 2400 baud, under the real firmware in the real VM."""

import pytest

from bench_process import Bench
from karez_simulators import scenario

MIXED = scenario.load("mixed-line")
CHECKS = sum(step.is_check for act in MIXED.acts for step in act.steps)


@pytest.mark.timeout(240)
async def test_a_well_with_a_cjt188_and_a_dlt645_meter_is_booked_to_the_register_step(tmp_path):
    async with Bench(tmp_path, "bench", "run", "mixed-line") as running:
        played = await running.end(within_s=220)
    print("\n".join(played.out))
    assert played.code == 0, [*played.out[-5:], played.err]
    marks = [line.split()[0] for line in played.out if line.startswith("   ")]
    assert (marks.count("✓"), marks.count("✗")) == (CHECKS, 0)
