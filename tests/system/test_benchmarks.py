"""`make benchmark` runs to its end and writes what it promises. No figure is judged: machines are busy."""

import json
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[1] / "benchmarks/run.py"
KEYS = {"name", "value", "unit", "baseline", "baseline_value", "ratio", "target", "ok"}
WAIT_S = 110


def run(out, *words):
    """Return the entries of a short run."""
    done = subprocess.run(
        [sys.executable, str(RUN), "--quick", "--out", str(out), *words],
        capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    entries = json.loads(out.read_text()) if out.exists() else []
    # 1 also says that a target was missed, which a busy machine may cause.
    assert entries and done.returncode == (0 if all(one["ok"] for one in entries) else 1), done.stderr
    for one in entries:
        assert one["name"] in done.stdout
    return entries


def test_a_short_run_writes_every_figure(tmp_path):
    entries = run(tmp_path / "build" / "benchmarks.json")
    names = [one["name"] for one in entries]
    assert len(set(names)) == len(names)
    assert {"bus_exchange_vs_wire", "read_plan_vs_best", "one_silent_meter", "modbus_decode"} <= set(names)
    for one in entries:
        assert set(one) == KEYS
        # A short backlog, in whole seconds, may be over within the first.
        assert one["value"] > 0 or (one["value"] == 0 and one["name"].startswith("backlog_")), one
        assert one["unit"] and isinstance(one["ok"], bool)
        assert one["target"] is not None or one["ok"]
        if one["baseline"] is None:
            assert one["baseline_value"] is None and one["ratio"] is None
        else:
            assert abs(one["ratio"] - one["value"] / one["baseline_value"]) < 0.001


def test_one_figure_can_be_asked_for(tmp_path):
    (only,) = run(tmp_path / "one.json", "--only", "read_plan_vs_best")
    assert only["name"] == "read_plan_vs_best"
