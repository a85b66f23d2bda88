"""Many real controllers at one gateway: played small here, `karez bench wells` plays twenty."""

import json

import pytest

from bench_process import Bench


@pytest.mark.timeout(240)
async def test_two_wells_pump_at_once_and_no_litre_is_off(tmp_path):
    async with Bench(tmp_path, "bench", "wells", "--wells", "2", "--seconds", "10", "--json") as running:
        ended = await running.end(within_s=220)
    assert ended.code == 0, ended.err
    told = json.loads("\n".join(ended.out))
    assert (told["wells"], told["litres_off"]) == (2, 0)
    assert told["litres"] > 100 and told["beats"] > 10 and told["late_ms_max"] <= 250
    assert "[2/2] wells stand" in ended.err
