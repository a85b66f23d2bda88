"""Scenarios played as a whole: one verdict each, by name; and what is left when somebody stops it."""

import json
import signal

import pytest

from bench_process import Bench
from karez_simulators import scenario_runs

PLAYED = ("f16-strange-card", "f17-lost-card", "f22-right-twice")
WRONG = """
title = "Wrong"
title_zh = "错"
[[act]]
title = "It never ran"
title_zh = "从未运行"
steps = [ { check = "pump_runs" } ]
"""


@pytest.mark.timeout(300)
async def test_what_is_chosen_is_played_and_ends_with_a_list_of_verdicts(tmp_path):
    words = [word for name in PLAYED for word in ("--only", name)]
    async with Bench(tmp_path, "bench", "scenarios", "--json", *words) as running:
        ended = await running.end(within_s=280)
    assert ended.code == 0, ended.err
    told = json.loads("\n".join(ended.out))
    assert [(one["name"], one["passed"]) for one in told] == [(name, True) for name in PLAYED]
    assert all(one.keys() == {"name", "passed", "seconds"} and one["seconds"] > 1 for one in told)
    assert ended.err.splitlines()[-1].startswith("passed=3 failed=0 waiting=")
    assert all(f"{name}: passed" in ended.err for name in PLAYED)


def test_one_that_fails_is_told_with_what_did_not_hold_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text(WRONG, encoding="utf-8")
    told = []
    found = scenario_runs.run(["wrong.toml", "nowhere.toml"], "in-process", 2, told.append)
    assert [(one.name, one.passed) for one in found] == [("wrong.toml", False), ("nowhere.toml", False)]
    assert sorted(one.name for one in told) == ["nowhere.toml", "wrong.toml"]
    assert any("✗ Not so: The pump gives 0.0 m³/h" in line for line in found[0].why)
    assert any("No such file or directory" in line for line in found[1].why)


async def test_ctrl_c_leaves_no_scenario_running(tmp_path):
    async with Bench(tmp_path, "bench", "scenarios", "--json", "--only", PLAYED[0]) as running:
        await running.until(running.children, "a desk comes up")
        running.signal(signal.SIGINT)
        ended = await running.end()
    assert ended.code == 130 and ended.out == []
    assert ended.err == "karez bench: stopped; nothing is left running\n"
