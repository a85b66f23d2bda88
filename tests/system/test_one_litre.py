"""The main job, played as a user plays it; and what is left when it is stopped or goes wrong."""

import json
import os
import signal
import subprocess
import sys

import pytest

from bench_process import Bench, bench, processes_of
from karez_protocols import causes
from karez_simulators import cli, mosquitto, scenario
from karez_simulators.acts import Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import Desk, Plan
from karez_simulators.log_reader import Unreadable

MAIN = cli.DEMO[0]
FLIPPED, PROVED = 1, 0
STOPPED = "karez bench: stopped; nothing is left running\n"

HEAD = """
title = "A sip"
title_zh = "一口水"
[controller]
restart_delay_s = 0
interval_idle_s = 60
interval_pumping_s = 60
[[act]]
title = "Once"
title_zh = "一次"
speed = 1
steps = [
"""
SIP = (
    HEAD
    + """
  { do = "grant", litres = 5000 },
  { do = "start" },
  { do = "pump", seconds = 1 },
  { do = "stop" },
  { check = "litres_exact" },
]
"""
)
LONG = (
    HEAD
    + """
  { do = "grant", litres = 500000 },
  { do = "start" },
  { check = "pump_runs" },
  { do = "broker_away" },
  { do = "pump", seconds = 600 },
]
"""
)


def brokers():
    """Both brokers; without the real one its test is skipped and says why."""
    is_missing = mosquitto.find() is None
    why = f"mosquitto is not installed: {mosquitto.INSTALL}"
    return ["in-process", pytest.param("mosquitto", marks=pytest.mark.skipif(is_missing, reason=why))]


def karez(*words):
    """Run another `karez` command to its end."""
    command = [sys.executable, "-m", "karez_gateway", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("broker", brokers())
async def test_one_litre_from_register_to_receipt_and_its_proof_afterwards(tmp_path, broker):
    kept = tmp_path / "kept desk"
    is_demo = broker == "in-process"
    words = ("demo",) if is_demo else ("run", MAIN, "--broker", broker)
    async with Bench(tmp_path, "bench", *words, "--keep", str(kept), "--picture", "demo.svg") as running:
        played = await running.end(within_s=280)
    print("\n".join(played.out))
    assert played.code == 0, [*played.out[-5:], played.err]
    acts = [act for name in (cli.DEMO if is_demo else (MAIN,)) for act in scenario.load(name).acts]
    is_check = [step.is_check for act in acts for step in act.steps]
    marks = [line.split()[0] for line in played.out if line.startswith("   ")]
    assert (marks.count("✓"), marks.count("·"), marks.count("✗")) == (sum(is_check), is_check.count(False), 0)
    assert [line for line in played.out if line[:1].isdigit()] == [
        f"{number}. {act.title}" + (f"  (time runs {act.speed} times as fast)" if act.speed > 1 else "")
        for number, act in enumerate(acts, 1)
    ]
    assert (tmp_path / "demo.svg").read_text(encoding="utf-8").startswith("<svg")
    assert processes_of(kept) == {}
    desks = {name: kept / name for name in cli.DEMO} if is_demo else {MAIN: kept}
    for name, desk in desks.items():
        bundle_is_proved_by_anyone(name, desk, tmp_path / f"{name}.kzb")


def bundle_is_proved_by_anyone(name, desk, mine):
    """A bundle exported from the kept desk is proved; the one that an act changed is not."""
    steps = [step.name for act in scenario.load(name).acts for step in act.steps]
    trust = desk / "gateway" / "trust.json"
    site = json.loads(karez("gateway", "status", "--data", desk / "gateway", "--json").stdout)
    assert site
    done = karez("gateway", "export", "--data", desk / "gateway", "--site", "410105-0001", mine)
    assert done.returncode == 0, done.stderr
    proved = karez("verify", mine, "--trust", trust, "--json")
    assert proved.returncode == PROVED, proved.stdout
    assert len(json.loads(proved.stdout)["irrigations"]) == steps.count("start")
    theirs = karez("verify", desk / "site.kzb", "--trust", trust, "--json")
    is_flipped = "flip_a_bit" in steps
    assert theirs.returncode == (FLIPPED if is_flipped else PROVED)
    assert bool(json.loads(theirs.stdout)["findings"]) == is_flipped


async def stopped_at(tmp_path, broker, moment, *numbers):
    """Play LONG until a line holds `moment`, send the signals, return what was left."""
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    async with Bench(tmp_path, "bench", "run", "long.toml", "--broker", broker) as running:
        await running.line("On the desk")
        await running.until(
            lambda: any("main_unix" in line for line in running.children().values()), "the VM"
        )
        if moment:
            await running.line(moment)
        count = len(running.children())
        running.signal(numbers[0])
        if numbers[1:]:  # it comes in the middle of the tidying up
            await running.until(lambda: len(running.children()) < count, "one child ends")
            running.signal(numbers[1])
        return await running.end()


@pytest.mark.parametrize("broker", brokers())
@pytest.mark.parametrize("moment", ["", "The pump gives", "The message broker goes away"])
async def test_ctrl_c_at_any_moment_leaves_nothing_running(tmp_path, broker, moment):
    ended = await stopped_at(tmp_path, broker, moment, signal.SIGINT)
    assert (ended.code, ended.err) == (130, STOPPED)


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGINT, signal.SIGINT)],
    ids=["killed", "terminal closed", "impatient"],
)
async def test_however_it_is_stopped_nothing_is_left_running(tmp_path, numbers):
    ended = await stopped_at(tmp_path, "in-process", "The pump gives", *numbers)
    assert (ended.code, ended.err) == (130, STOPPED)


async def test_a_reader_who_walks_away_leaves_nothing_running(tmp_path):
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    async with Bench(tmp_path, "bench", "run", "long.toml") as running:
        await running.line("On the desk")
        await running.until(running.children, "the desk comes up")
        running.hang_up()
        await running.until(lambda: running.has_ended, "it ends")
        assert running.children() == {} and list(running.temporary.iterdir()) == []
        assert b"Traceback" not in await running._process.stderr.read()


async def test_a_check_that_fails_is_the_exit_code_and_ends_the_play(tmp_path):
    wrong = SIP.replace('{ check = "litres_exact" }', '{ check = "stopped_by", cause = "card" }')
    (tmp_path / "wrong.toml").write_text(wrong.removesuffix("]\n") + '  { check = "receipt" },\n]\n', "utf-8")
    ended = await bench(tmp_path, "run", "wrong.toml")
    assert ended.code == 1 and ended.err == ""
    assert any(line.startswith("   ✗ Not so: Stopped because of: button") for line in ended.out)
    assert ended.out[-1].startswith("A check did not hold; 1 were looked at")
    assert not any("county platform confirmed" in line for line in ended.out)  # what follows is not played


async def test_a_scenario_that_asks_for_what_has_not_happened_fails_with_the_reason(tmp_path):
    early = HEAD + '  { do = "start_in_vain" },\n  { check = "stopped_by", cause = "button" },\n]\n'
    (tmp_path / "early.toml").write_text(early, encoding="utf-8")
    ended = await bench(tmp_path, "run", "early.toml", "--lang", "zh")
    assert ended.code == 1
    assert any("✗ 停泵原因: the controller has written no stop record yet" in line for line in ended.out)


async def test_a_gateway_that_dies_fails_the_play_at_once(tmp_path):
    (tmp_path / "sip.toml").write_text(LONG.replace('{ do = "pump", seconds = 600 }', '{ do = "delivered" }'))
    async with Bench(tmp_path, "bench", "run", "sip.toml") as running:
        await running.line("Set up in")
        pid = next(pid for pid, line in running.children().items() if "gateway run" in line)
        os.kill(pid, signal.SIGKILL)
        ended = await running.end()
    assert ended.code == 1
    assert any("✗" in line and "the gateway ended" in line for line in ended.out)


async def test_a_terminal_that_cannot_spell_sees_question_marks_and_the_play_goes_on(tmp_path):
    (tmp_path / "sip.toml").write_text(SIP, encoding="utf-8")
    environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    ended = await bench(tmp_path, "run", "sip.toml", "--lang", "zh", **environment)
    assert ended.code == 0, ended.err
    assert any(line.startswith("   ? ???") for line in ended.out)


async def test_a_folder_with_a_hostile_name_is_a_folder_like_others(tmp_path):
    (tmp_path / "sip.toml").write_text(SIP, encoding="utf-8")
    kept = tmp_path / "a b:c'd\"e 井😀"
    ended = await bench(tmp_path, "run", "sip.toml", "--keep", str(kept))
    assert ended.code == 0, ended.err
    assert (kept / "gateway" / "trust.json").exists() and (kept / "controller" / "nor.bin").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kept.name, "sip.toml", "tmp"])


async def refused(step, *said, **values):
    """The step, in real form, raises one of the errors that a play shows."""
    with pytest.raises((DeskError, Unreadable)) as caught:
        await step(**values)
    for text in said:
        assert text in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_steps_out_of_order_say_what_is_missing(tmp_path):
    async with Desk(tmp_path, Plan(settings={"restart_delay_s": 0})) as desk:
        await desk.provision()
        play = Play(desk)
        await refused(play.replayed_grant, "no grant has been given")
        await refused(play.pump, "the pump does not run", seconds=1)
        await refused(play.stopped_by, "no stop record yet", cause="button")
        await refused(play.overshoot, "no stop record yet")
        await refused(play.gap_booked, "no gap record yet")
        await refused(play.receipt, "no stop record yet")
        await refused(play.flip_a_bit, "no bundle has been exported")
        await refused(play.bundle_proved, "no bundle has been exported")
        await refused(play.converted_exact, "a water meter hangs at this well")
        await refused(play.noticed, "nothing has been spoilt yet", cause="energy without water", within=300)
        await refused(play.meter_changed, "no meter has been swapped yet")
        await refused(play.enter_swap, "no meter has been swapped")
        await refused(play.start, "the controller refuses the start: no grant")
        assert (await play.grant_in_force())[0] is False
        assert (await play.pump_runs())[0] is False and (await play.pump_is_off())[0] is True
        await play.grant(30)
        await play.start()
        await refused(play.reset, "the controller refuses: stop the pump first")
        await refused(play.pump, "the pump stopped meanwhile: water ceiling reached", seconds=6)
        await play.kill()
        await refused(play.start, "the controller does not run")
        await refused(play.reset, "the controller does not run")
        await play.kill()  # harmless twice
        await play.restart()
        assert (await play.litres_exact())[0] is True
        await play.broker_back()  # it was never away
    assert processes_of(tmp_path) == {}


@pytest.mark.parametrize(
    ("water", "meter"), [("tuf2000m@1", "water"), ("tuf2000m@1", "power"), ("none", "power")]
)
async def test_a_meter_swapped_in_silence_is_noticed_and_confirmed_once_both_readings_are_entered(
    tmp_path, water, meter
):
    async def irrigated():
        await play.start()
        await play.pump(8)
        await play.stop()

    plan = Plan(settings={"restart_delay_s": 0}, meters={"water": water})
    async with Desk(tmp_path, plan) as desk:
        await desk.provision()
        play = Play(desk)
        desk.clock.speed = 4
        await play.grant(5_000)
        await irrigated()
        assert desk.volume_l == desk.owed_l > 0
        play.act_begins()
        await play.silent_swap(meter)
        assert (await play.event("segment opened"))[0]
        beside_l = desk.volume_l - desk.owed_l  # by the energy since the last reading of the old meter
        confirmed = len(desk.events(causes.SEGMENT_CONFIRMED))
        await play.enter_swap()
        held, figures = await play.meter_changed()
        assert held, figures
        assert len(desk.events(causes.SEGMENT_CONFIRMED)) > confirmed
        await irrigated()
        # Two converted segments are rounded down each for itself.
        assert abs(desk.volume_l - desk.owed_l - beside_l) <= (water == "none")
