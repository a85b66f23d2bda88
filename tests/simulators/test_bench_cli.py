"""`karez bench` in the hands of somebody who gets everything wrong: one clear line, nothing left running."""

import asyncio
import signal
import socket
import sys

import pytest

from bench_process import Bench, bench
from karez_simulators import failures, firmware_image, mosquitto, scenario

UNUSABLE = 2
LISTENERS = ("127.0.0.1", "0.0.0.0")


def is_one_line(ended, *said):
    """It was refused with one line that says all of this, and nothing was played."""
    assert ended.code == UNUSABLE, ended.err
    assert ended.err.startswith("karez bench: ") and ended.err.count("\n") == 1, ended.err
    for text in said:
        assert text in ended.err


@pytest.mark.parametrize("verb", ["demo", "run", "scenarios", "wells"])
async def test_every_verb_has_help_with_an_example(tmp_path, verb):
    ended = await bench(tmp_path, verb, "--help")
    assert ended.code == 0
    text = "\n".join(ended.out)
    assert f"Example: karez bench {verb}" in text and "--lang" in text


async def test_bench_alone_lists_its_verbs(tmp_path):
    ended = await bench(tmp_path)
    text = "\n".join(ended.out) + ended.err
    assert all(verb in text for verb in ("demo", "run", "scenarios"))


@pytest.mark.parametrize(("words", "title"), [((), "title"), (("--lang", "zh"), "title_zh")])
async def test_the_scenarios_that_ship_are_listed(tmp_path, words, title):
    ended = await bench(tmp_path, "scenarios", *words)
    assert ended.code == 0
    shown = ended.out[: ended.out.index("")]
    assert [line.split(maxsplit=1) for line in shown] == [
        [name, getattr(scenario.load(name), title)] for name in scenario.names()
    ]
    waiting = [
        (one.number, f"{getattr(one, title)}: {what}") for one in failures.catalogue() for what in one.waits
    ]
    assert [tuple(line.split(maxsplit=1)) for line in ended.out[len(shown) + 2 :]] == waiting != []


async def test_the_language_of_the_terminal_is_spoken(tmp_path):
    ended = await bench(tmp_path, "scenarios", LANG="zh_CN.UTF-8")
    assert any("一升水" in line for line in ended.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("demo", "--broker", "rabbit"), ("--broker rabbit", "in-process, mosquitto")),
        (("demo", "--lang", "xx"), ("--lang xx", "en or zh")),
        (("scenarios", "--lang", "xx"), ("--lang xx", "en or zh")),
        (("scenarios", "--broker", "rabbit"), ("--broker rabbit", "in-process, mosquitto")),
        (("scenarios", "--only", "f16-strang-card"), ("did you mean 'f16-strange-card'?",)),
        (("scenarios", "--only", "F31"), ("'F31' in --only is not known",)),
        (("scenarios", "--only", ""), ("'' in --only is not known",)),
        (("wells", "--broker", "rabbit"), ("--broker rabbit", "in-process, mosquitto")),
        (("run", "one-liter"), ("did you mean 'one-litre'?",)),
        (("run", "nowhere.toml"), ("nowhere.toml", "No such file or directory")),
        (("run", "."), ("Is a directory",)),
        (("run", "bad.toml"), ("bad.toml", "line 1, column 8")),
        (("demo", "--keep", "full"), ("--keep full is not empty", "name a new folder")),
        (("demo", "--keep", "bad.toml"), ("--keep bad.toml", "name a new folder")),
        (("demo", "--keep", "bad.toml/inside"), ("Not a directory",)),
        (("demo", "--picture", "full"), ("--picture full cannot be written",)),
        (("demo", "--picture", "nowhere/demo.svg"), ("--picture nowhere/demo.svg cannot be written",)),
    ],
)
async def test_a_wrong_word_is_one_line(tmp_path, words, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "bad.toml").write_text("title =\nspeed = 5\n")
    is_one_line(await bench(tmp_path, *words), *said)
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "words",
    [
        "run", "scenarios --jobs 0", "wells --wells 0", "wells --seconds x", "demo --broker-port 70000",
        "demo --broker-port x", "dmeo", "demo -x",
    ],
)  # fmt: skip
async def test_what_the_command_line_itself_refuses_is_no_traceback(tmp_path, words):
    ended = await bench(tmp_path, *words.split())
    assert ended.code == UNUSABLE and ended.err


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize(("what", "option"), [("broker", "--broker-port"), ("platform", "--platform-port")])
@pytest.mark.parametrize("broker", ["in-process", "mosquitto"])
async def test_a_taken_port_is_named_with_what_to_do(tmp_path, what, option, broker, listener):
    if broker == "mosquitto" and mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: " + mosquitto.INSTALL)
    with socket.create_server((listener, 0)) as taken:
        port = taken.getsockname()[1]
        ended = await bench(tmp_path, "demo", "--broker", broker, option, str(port))
    is_one_line(ended, f"port {port} of the {what}", "already in use", f"name another with {option}")


async def test_one_port_for_both_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    ended = await bench(tmp_path, "demo", "--broker-port", port, "--platform-port", port)
    is_one_line(ended, f"port {port} of the platform", "already in use")


@pytest.mark.parametrize("named", ["/nonexistent", "/"])
async def test_without_a_vm_one_line_says_so(tmp_path, named):
    ended = await bench(tmp_path, "demo", KAREZ_MICROPYTHON=named)
    is_one_line(ended, f"KAREZ_MICROPYTHON={named} is not a program")


async def test_a_vm_that_ends_at_once_is_noticed_at_once(tmp_path):
    await asyncio.to_thread(firmware_image.build, firmware_image.cache())  # or the bench builds it first
    async with Bench(tmp_path, "bench", "demo", KAREZ_MICROPYTHON="/bin/false") as running:
        ended = await running.end(within_s=15)  # and not only when patience is over
    is_one_line(ended, "the controller ended")


async def test_a_vm_that_speaks_nonsense_is_noticed_at_once(tmp_path):
    program = tmp_path / "vm"
    speak = "import os, signal, sys\nos.write(int(sys.argv[-1]), b'identity who\\n')\nsignal.pause()\n"
    program.write_text(f"#!{sys.executable}\n{speak}")
    program.chmod(0o755)
    await asyncio.to_thread(firmware_image.build, firmware_image.cache())
    async with Bench(tmp_path, "bench", "demo", KAREZ_MICROPYTHON=str(program)) as running:
        ended = await running.end(within_s=15)
    is_one_line(ended, "the controller said what the bench does not understand: identity who")


async def test_a_temporary_folder_that_is_not_ours_is_one_line(tmp_path):
    ended = await bench(tmp_path, "demo", "--keep", "/proc/karez")
    is_one_line(ended, "/proc/karez")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_before_the_desk_is_up_stops_it(tmp_path, number):
    async with Bench(tmp_path, "bench", "demo") as running:
        await running.line("On the desk")
        running.signal(number)
        ended = await running.end()
    assert (ended.code, ended.err) == (130, "karez bench: stopped; nothing is left running\n")


def test_a_machine_without_mosquitto_is_told_how_to_install_it(tmp_path):
    (tmp_path / "mosquitto").write_text("not a program")
    assert mosquitto.find(path=str(tmp_path), beside="") is None
    with pytest.raises(mosquitto.MosquittoMissing) as caught:
        mosquitto.found(None)
    assert str(caught.value) == f"mosquitto is not installed: {mosquitto.INSTALL}; or leave --broker out"


def test_a_mosquitto_outside_of_path_is_found(tmp_path):
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert mosquitto.find(path="", beside=str(tmp_path)) == str(program)
    assert mosquitto.found(str(program)) == str(program)


async def test_every_fault_of_a_file_is_told_at_once_with_file_table_and_key(tmp_path):
    (tmp_path / "bad.toml").write_text(
        'titel = "T"\ntitle_zh = "T"\nfailure = "F31"\n[well]\nrated_flow_lph = -5\ndepth = 1\n'
        '[meters]\nheat = "tuf2000m"\n[controller]\nrestart_delay_s = 9999\nquiet_days = 0\n'
        '[[act]]\ntitle = "A"\ntitle_zh = "A"\nspeed = 50\n'
        'steps = [ { do = "pump", seconds = "x", litres = 1 }, { check = "dance" }, { do = "grant" } ]\n',
        encoding="utf-8",
    )
    ended = await bench(tmp_path, "run", "bad.toml")
    assert ended.code == UNUSABLE
    lines = ended.err.splitlines()
    assert all(line.startswith("karez bench: bad.toml: ") for line in lines), ended.err
    for said in (
        "'titel' in the file", "title = ", "failure = 'F31'", "[well]: rated_flow_lph", "'depth' in [well]",
        "'heat' in [meters]", "[controller]: restart_delay_s = 9999", "[controller]: quiet_days = 0",
        "speed = 50 in act 1", "'litres' in act 1, step 1 (pump)", "act 1, step 1: seconds = 'x'",
        "'dance' in act 1, step 2", "act 1, step 3: grant needs litres",
    ):  # fmt: skip
        assert sum(said in line for line in lines) == 1, (said, ended.err)
    assert len(lines) == 13


def test_what_bench_wells_says_has_the_same_names_in_both_languages():
    from karez_simulators.wells_wording import WELLS

    assert list(WELLS["en"]) == list(WELLS["zh"])
    assert not any(WELLS["zh"][name] == text for name, text in WELLS["en"].items())
