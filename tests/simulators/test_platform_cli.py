"""`karez bench platform` as somebody with a gateway of their own starts it."""

import asyncio
import contextlib
import json
import re
import signal
from binascii import unhexlify

import aiomqtt
import pytest
from typer.testing import CliRunner

from bench_process import Bench, bench
from karez_simulators import cli

REPORT = unhexlify("681A68B34101050100C0140000000045230100000000200000151012051516")
CONFIRM = unhexlify("680868334101050100C0000916")
UNUSABLE = 2


def spoken(*words):
    """What a command that needs no process of its own says."""
    return CliRunner().invoke(cli.app, ["platform", *words])


def starting(folder, *words):
    return Bench(folder, "bench", "platform", *words)


async def port_of(running):
    return int(re.search(r"127\.0\.0\.1:(\d+)", await running.line("platform on 127.0.0.1:"))[1])


async def exchange(port, data, size):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await reader.readexactly(size)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_report_is_shown_kept_and_summed_up_at_ctrl_c(tmp_path):
    async with starting(tmp_path, "szy206", "--keep", "kept.jsonl") as running:
        port = await port_of(running)
        assert await exchange(port, REPORT + REPORT, 26) == CONFIRM * 2
        shown = await running.line("4101050100 report C0/3")
        assert "volume_l=12345000" in shown and "flow_lph=50400" in shown
        await running.line("(copy 2)")
        await running.line("closed")
        running.signal(signal.SIGINT)
        ended = await running.end()
    assert ended.code == 0 and "reports 1, copies 1," in ended.out[-1]
    kept = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    assert [one["kind"] for one in kept] == ["connected", "report", "report", "closed"]
    assert [one["raw"] for one in kept if one["kind"] == "report"] == [REPORT.hex()] * 2


async def test_with_json_there_are_two_lines_and_no_others(tmp_path):
    async with starting(tmp_path, "szy206", "--json", "--manner", "forget") as running:
        ready = json.loads(await running.line("ready"))
        assert (ready["standard"], ready["host"]) == ("szy206", "127.0.0.1")
        assert await exchange(ready["port"], REPORT, 13) == CONFIRM
        running.signal(signal.SIGTERM)
        ended = await running.end()
    assert ended.code == 0 and len(ended.out) == 2
    found = json.loads(ended.out[1])
    assert (found["event"], found["reports"], found["reports_forgotten"]) == ("ended", 0, 1)


async def test_an_sl651_platform_asks_what_it_was_told_to_ask(tmp_path):
    hello = unhexlify("7E7E011122334455AAAA2F000802000224011013590003CC42")
    words = ("--ask", "quota-on", "--end", "ACK", "--mode", "M2", "--seconds", "60")
    async with starting(tmp_path, "sl651", *words) as running:
        got = await exchange(await port_of(running), hello, 26)
        assert got[:11].hex().upper() == "7E7E1122334455011234" + "4F"
        running.signal(signal.SIGINT)
        assert (await running.end()).code == 0


async def test_a_platform_of_documents_brings_its_own_broker_or_uses_one_that_is_there(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with starting(tmp_path / "one", "json", "--topic", "a/b") as first:
        port = await port_of(first)
        async with starting(
            tmp_path / "two", "json", "--topic", "a/c", "--broker", f"127.0.0.1:{port}"
        ) as second:
            await port_of(second)
            async with aiomqtt.Client("127.0.0.1", port) as client:
                for topic in ("a/b/report", "a/c/report"):
                    await client.publish(topic, b'{"station":"w1","utc_s":1790000000,"volume_l":5}', 1)
            await first.line("w1 report report")
            await second.line("w1 report report")
            second.signal(signal.SIGINT)
            assert (await second.end()).code == 0
        first.signal(signal.SIGINT)
        assert (await first.end()).code == 0


async def test_it_ends_by_itself_after_so_many_seconds(tmp_path):
    ended = await bench(tmp_path, "platform", "sl651", "--seconds", "0.1")
    assert ended.code == 0 and ended.out[-1].startswith("ended: stations 0")


async def test_it_goes_when_nobody_reads_its_screen(tmp_path):
    async with starting(tmp_path, "szy206") as running:
        port = await port_of(running)
        running.hang_up()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:  # each is shown, until it notices that nobody is there
                await exchange(port, REPORT, 13)
        assert (await running.end()).code == 0


async def test_a_file_that_cannot_be_written_ends_it_with_one_line_and_no_confirm(tmp_path):
    async with starting(tmp_path, "szy206", "--keep", "/dev/full") as running:
        port = await port_of(running)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await exchange(port, REPORT, 13)
        ended = await running.end()
    assert ended.code == UNUSABLE and ended.err.count("\n") == 1 and "No space left" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("szy206", "--manner", "rude"), ("no manner 'rude'", "known: polite, silent, late=SECONDS")),
        (("sl651", "--manner", "late"), ("write late=SECONDS",)),
        (("szy206", "--ask", "weather"), ("no question 'weather'", "known: clock")),
        (("sl651", "--ask", "top-up=x"), ("whole cubic metres",)),
        (("szy206", "--dialect", "205"), ("--dialect 205", "206, 427")),
        (("sl651", "--mode", "M9"), ("--mode M9", "M1, M2, M3")),
        (("sl651", "--password", "12345"), ("four hex digits",)),
        (("json", "--broker", "nowhere"), ("HOST:PORT",)),
        (("json", "--broker", "127.0.0.1:1"), ("no broker on 127.0.0.1:1",)),
        (("szy206", "--keep", "no/such/folder"), ("no/such/folder", "No such file")),
        (("szy206", "--host", "192.0.2.1"), ("192.0.2.1",)),
        (("compare", "nothing"), ("nothing", "No such file")),
    ],
)
def test_a_wrong_word_is_one_line(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    ended = spoken(*words)
    assert ended.exit_code == UNUSABLE and ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith("karez bench platform: ")
    for text in said:
        assert text in ended.stderr


@pytest.mark.parametrize("verb", ["szy206", "sl651", "json", "compare"])
def test_every_verb_has_help_with_an_example(verb):
    ended = spoken(verb, "--help")
    assert ended.exit_code == 0 and f"Example: karez bench platform {verb}" in ended.stdout


def test_manners_and_questions_are_listed():
    assert "\nhang-up[=N] " in spoken("szy206", "--manner", "list").stdout
    assert "\ntop-up=M3\n" in spoken("sl651", "--ask", "list").stdout


async def test_what_was_kept_is_compared_with_what_was_sent(tmp_path):
    async with starting(tmp_path, "szy206", "--json", "--keep", "kept.jsonl") as running:
        ready = json.loads(await running.line("ready"))
        await exchange(ready["port"], REPORT, 13)
        running.signal(signal.SIGINT)
        await running.end()
    kept, sent = str(tmp_path / "kept.jsonl"), str(tmp_path / "sent.csv")
    ended = spoken("compare", kept)
    assert ended.exit_code == 0 and ended.stdout.endswith("\nstations 1: nothing is amiss\n")
    utc_s = json.loads((tmp_path / "kept.jsonl").read_text().splitlines()[1])["utc_s"]
    (tmp_path / "sent.csv").write_text(f"station,utc_s,volume_l\n4101050100,{utc_s},12345999\n")
    ended = spoken("compare", kept, sent)
    assert ended.exit_code == 1 and ended.stdout.endswith("\nsomething is amiss\n")
    assert f"4101050100 {utc_s} volume_l 12345999 12345000" in ended.stdout
    ended = spoken("compare", kept, sent, "--json")
    assert ended.exit_code == 1 and json.loads(ended.stdout)["against"]["rows"] == 1
