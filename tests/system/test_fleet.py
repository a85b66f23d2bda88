"""A small county, played as a user plays a large one: nothing lost, every acknowledgement true."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench_process import Bench
from karez_simulators import mosquitto
from karez_simulators.cli import app
from karez_simulators.fleet.players import Player, PlayerFailed, Players

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
BUSY_S = 110  # of a machine whose every core is taken by other tests; a free one needs some ten seconds
SMALL = ("fleet", "--json", "--interval", "1", "--broker")


def report_of(ended):
    assert ended.code == 0, ended.err
    return json.loads("\n".join(ended.out))


def holds(report, sites):
    """Every record is where it should be; figures are there to be read."""
    records, counts = report["records"], report["link_counts"]
    assert report["held"] and not report["faults"] and report["plan"]["sites"] == sites
    assert records["made"] == records["acknowledged"] == records["in_log"] > records["measured"] > 0
    assert records["lost"] == records["twice"] == counts["wrong_count"] == counts["malformed"] == 0
    assert report["latency_ms"]["made_to_ack"]["count"] == records["measured"]
    assert report["live_late_s"]["count"] == records["measured"]
    assert report["audit"] == dict.fromkeys(report["audit"], 0)
    assert report["cost"]["gateway"]["rss_mb"] > 20 and report["cost"]["gateway"]["core_share"] > 0


async def played(tmp_path, *words):
    async with Bench(tmp_path, "bench", *SMALL, *words) as running:
        return await running.end(BUSY_S)


@pytest.mark.skipif(mosquitto.find() is None, reason=f"no mosquitto: {mosquitto.INSTALL}")
async def test_forty_sites_with_backlogs_lose_nothing_through_mosquitto(tmp_path):
    words = ("--sites", "40", "--minutes", "0.05", "--shape", "backlog", "--backlog-sites", "5")
    ended = await played(tmp_path, "mosquitto", *words, "--backlog-days", "0.1", "--uplink", "0")
    report = report_of(ended)
    holds(report, 40)
    assert report["broker"] == "mosquitto" and report["backlog"]["records"] == 5 * 144
    assert report["backlog"]["drained_s"] > 0 and report["records"]["made"] > 5 * 144 + 40 * 6
    assert "enrolling at the gateway" in ended.err or "preparing" in ended.err


async def test_a_broker_that_goes_away_costs_no_record(tmp_path):
    words = (
        "--sites",
        "12",
        "--minutes",
        "0.1",
        "--shape",
        "reconnect-storm",
        "--outage",
        "1",
        "--workers",
        "2",
    )
    report = report_of(await played(tmp_path, "in-process", *words))
    holds(report, 12)
    assert report["link_counts"]["losses"] >= 12 and report["link_counts"]["sessions"] >= 24
    assert report["storm"]["outage_s"] >= 1 and report["processes"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sites", "0"), "--sites 0 is outside 1 to 10000"),
        (("--sites", str(10**40)), f"--sites {10**40} is outside"),
        (("--interval", "0"), "--interval 0 is outside 1 to 86400 s"),
        (("--minutes", "nan"), "--minutes nan is outside"),
        (("--shape", "autumn"), "--shape 'autumn' is not known; known: steady"),
        (("--broker", "emqx"), "--broker 'emqx' is not known; known: auto"),
        (("--shape", "reconnect-storm", "--minutes", "0.1"), "--outage 30 s does not fit"),
        (("--keep", str(Path(__file__).parent)), "is not empty: name a new folder"),
        (("--keep", "/dev/null/x"), "cannot be made"),
    ],
)
def test_a_plan_that_cannot_be_played_is_one_line(words, said):
    ended = CliRunner().invoke(app, ["fleet", *words])
    assert ended.exit_code == UNUSABLE and said in ended.stderr and ended.stderr.count("\n") == 1


def test_help_has_an_example():
    ended = CliRunner().invoke(app, ["fleet", "--help"])
    assert ended.exit_code == 0 and "Example: karez bench fleet" in ended.stdout


async def test_controllers_that_cannot_begin_are_named(tmp_path):
    player = Player(tmp_path / "orders.json", tmp_path / "result.json")
    (tmp_path / "orders.json").write_text("no orders")
    players = Players(tmp_path)
    players.all.append(player)
    await player.start()
    async with asyncio.timeout(BUSY_S):
        await player.ended()
    with pytest.raises(PlayerFailed, match="a process of controllers ended: json"):
        players.check()
    await players.stop()


async def until_it_plays(running, shown):
    """Wait for a word of its progress on stderr."""
    async with asyncio.timeout(BUSY_S):
        while line := (await running._process.stderr.readline()).decode():
            if shown in line:
                return line
    raise AssertionError(f"{shown!r} was never shown")


def process_of(running, words):
    (pid,) = [pid for pid, line in running.children().items() if words in line]
    return pid


@pytest.mark.parametrize(
    ("victim", "said"),
    [
        ("gateway run", "the gateway ended"),
        pytest.param(
            "mosquitto -c", "mosquitto ended",
            marks=pytest.mark.skipif(mosquitto.find() is None, reason=f"no mosquitto: {mosquitto.INSTALL}"),
        ),
    ],
)  # fmt: skip
async def test_a_part_that_dies_ends_the_run_with_its_name(tmp_path, victim, said):
    broker = "mosquitto" if "mosquitto" in victim else "in-process"
    async with Bench(tmp_path, "bench", *SMALL, broker, "--sites", "5", "--minutes", "5") as running:
        await until_it_plays(running, "steady")
        os.kill(process_of(running, victim), signal.SIGKILL)
        ended = await running.end(BUSY_S)
    assert ended.code == FAILED and said in ended.err, ended.err


async def test_ctrl_c_stops_all_of_it(tmp_path):
    async with Bench(tmp_path, "bench", *SMALL, "in-process", "--sites", "5", "--minutes", "5") as running:
        await until_it_plays(running, "steady")
        assert len(running.children()) >= 2
        running.signal(signal.SIGINT)
        ended = await running.end(BUSY_S)
    assert ended.code == INTERRUPTED and "stopped; nothing is left running" in ended.err
