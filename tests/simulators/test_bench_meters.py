"""`karez bench meters` in a technician's hands: a port that answers, clear refusals, a clean end."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import string
import struct
import sys
import termios
import tty
from pathlib import Path

import pytest

from bench_process import Bench
from karez_simulators import bench_commands, bench_wording, meter_choice, meter_fault_wording, meter_faults
from karez_simulators.bench_meters import MetersBench
from karez_simulators.line_traffic import LineCounters, silence_ns
from karez_simulators.meter_choice import Serial, Unusable

WAIT_S = 30
SILENCE_S = 0.01  # what a master owes the line between an answer and its next request
DEADLINE_S = 10


async def until(is_so):
    """Return when it is so, whatever this machine is busy with."""
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():  # noqa: ASYNC110 - counters and lists have no event
            await asyncio.sleep(0)


class Served:
    """`karez bench meters WORDS` with its keyboard in our hands."""

    def __init__(self, folder, *words):
        self.folder, self.words = folder, words
        self.out = []

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "karez_gateway", "bench", "meters", *self.words, cwd=self.folder,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self.process._transport.close()

    async def line(self, text):
        async with asyncio.timeout(WAIT_S):
            while raw := await self.process.stdout.readline():
                self.out.append(raw.decode().rstrip("\n"))
                if text in self.out[-1]:
                    return self.out[-1]
        raise AssertionError(f"{text!r} never came: {self.out} {await self.process.stderr.read()}")

    def type(self, text):
        self.process.stdin.write(text.encode() + b"\n")

    async def end(self):
        async with asyncio.timeout(WAIT_S):
            out, err = await self.process.communicate()
        self.out += out.decode().splitlines()
        assert b"Traceback" not in err, err.decode()
        return self.process.returncode, err.decode()


async def test_a_request_on_the_printed_port_is_answered_shown_and_ctrl_c_ends_it(
    tmp_path, master, read_request
):
    async with Served(tmp_path, "--profile", "tuf2000m", "--profile", "sdm630@2", "--flow", "67") as served:
        path = (await served.line("port ")).split()[1]
        await served.line("Ctrl-C")
        port = master(path)
        reply = await port.ask(read_request(1, 3, 8, 4), 13, within_s=5)
        assert reply[:3] == b"\x01\x03\x08"
        assert "-> tuf2000m" in await served.line("01 03 00 08 00 04")
        assert "<- tuf2000m" in await served.line("01 03 08")
        served.process.send_signal(signal.SIGINT)
        code, err = await served.end()
        assert code == 130 and err == ""
        assert any("1 requests, 1 replies" in line for line in served.out)


async def test_typed_commands_are_obeyed_while_it_runs(tmp_path, master, read_request):
    async with Served(tmp_path, "--profile", "em1010", "--quiet", "--flow", "67") as served:
        path = (await served.line("port ")).split()[1]
        served.type("flow 50")
        assert "set to 50 m3/h" in await served.line("set to 50")
        served.type("fault empty_pipe on")
        assert await served.line("empty_pipe on") == "empty_pipe on: em1010"
        port = master(path)
        async with asyncio.timeout(DEADLINE_S):
            request = read_request(1, 4, 0x1024, 1)
            while (await port.ask(request, 7))[3:5] != b"\0\1":  # noqa: ASYNC110 - it is asked each time
                await asyncio.sleep(SILENCE_S)
        served.type("fault nonsense on")
        await served.line("no fault 'nonsense'")
        served.type("juggle")
        await served.line("is not understood")
        served.type("stop")
        await served.line("pump stands")
        served.type("help")
        await served.line("fault NAME on|off")
        served.type("faults")
        await served.line("* empty_pipe")
        served.type("quit")
        code, _ = await served.end()
        assert code == 0


def test_the_page_tells_every_fault_and_every_command():
    page = (Path(__file__).parents[2] / "docs" / "bench-meters.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", page, re.MULTILINE))
    kinds = {
        "any meter": meter_faults.ANY,
        "water": meter_faults.WATER,
        "power": meter_faults.POWER,
        "relay": meter_faults.RELAY,
        "valve": meter_faults.VALVE,
        "level": meter_faults.LEVEL,
        "wire": meter_faults.WIRE,
    }
    assert set(rows) == set(meter_faults.EVERY)
    for name, said in rows.items():
        texts = {table[name] for table in kinds.values() if name in table}
        assert all(text in said for text in texts), (name, texts)
    for line in bench_wording.WORDS["en"]["help"].split("\n"):
        assert line in page
    for option in ("--noise", "--bursts", "--echo", "--second-master", "--latency", "--lang", "--fault"):
        assert option in page


async def test_it_ends_by_itself_and_without_a_keyboard(tmp_path):
    words = ("bench", "meters", "--profile", "dlt645-2007@123456789012", "--seconds", "0.2")
    async with Bench(tmp_path, *words) as bench:
        ended = await bench.end()
    assert ended.code == 0 and ended.err == ""
    assert any("dlt645-2007: dlt645, address 123456789012, 2400 8E1" in line for line in ended.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "tuf2000"), ("--profile tuf2000", "did you mean tuf2000m")),
        (("--profile", "tuf2000m", "--profile", "sdm630@1"), ("address 1 is taken by tuf2000m",)),
        (("--profile", "tuf2000m@248"), ("1 to 247",)),
        (("--profile", "dlt645-2007@12"), ("12 digits",)),
        (("--profile", "cjt188@123456789012"), ("14 digits",)),
        (("--profile", "tuf2000m", "--port", "/dev/nowhere"), ("--port /dev/nowhere",)),
        (("--profile", "tuf2000m", "--baud", "9601"), ("baud",)),
        (("--profile", "tuf2000m", "--parity", "X"), ("--parity X", "N, E or O")),
        (("--profile", "tuf2000m", "--fault", "stukc"), ("did you mean stuck",)),
        (("--profile", "tuf2000m", "--fault", "sdm630:stuck"), ("no meter 'sdm630'",)),
        (("--profile", "tuf2000m", "--flow", "1e9"), ("flow 1e+09", "from 0 to 500")),
        (("--profile", "tuf2000m", "--flow", "nan"), ("flow",)),
        (("--profile", "tuf2000m", "--baud", "0"), ("--baud 0", "9600")),
        (("--profile", "tuf2000m", "--port", "/dev/null"), ("--port /dev/null", "no serial port")),
        (("--profile", "tuf2000m", "--noise", "-1"), ("noise -1",)),
        (("--profile", "tuf2000m", "--latency", "99999"), ("latency 99999", "10000 ms")),
        (("--profile", "tuf2000m", "--seconds", "nan"), ("--seconds nan",)),
        (("--profile", "tuf2000m", "--lang", "fr"), ("--lang fr", "en or zh")),
        (("--profile", "tuf2000m", "--port", "/dev/null", "--echo"), ("echo: a real adapter cannot",)),
        (("--profile", "cjt188@zz:12345678901234"), ("two hexadecimal digits",)),
        (("--profile", "sdm120", "--fault", "phase_loss"), ("no fault 'phase_loss'",)),
        (("--profile", "nowhere.json"), ("nowhere.json", "No such file")),
        (("--profile", "tuf2000m", "--profile", "dlt645-2007", "--port", "/dev/x"), ("--baud and --parity",)),
    ],
)
async def test_what_cannot_be_done_is_refused_in_one_line(tmp_path, words, said):
    async with Bench(tmp_path, "bench", "meters", *words) as bench:
        ended = await bench.end()
    assert ended.code == 2 and ended.err.startswith("karez bench: ") and ended.err.count("\n") == 1, ended.err
    assert all(text in ended.err for text in said), ended.err


async def test_profiles_and_faults_are_listed(tmp_path):
    async with Bench(tmp_path, "bench", "meters", "--profile", "list") as bench:
        ended = await bench.end()
    assert [line.split()[0] for line in ended.out] == meter_choice.names()
    async with Bench(tmp_path, "bench", "meters", "--help", COLUMNS="200") as bench:
        ended = await bench.end()
    text = " ".join(" ".join(ended.out).split())
    assert all(name in text for name in meter_faults.EVERY) and "Example: karez bench meters" in text


# -- the core, in this process


@pytest.fixture
async def bench():
    """Starts benches; what they showed is in `seen`."""
    started = []

    def on(*profiles, port=None, baud=None, parity=None, flow_m3h=60, lang="en"):
        seen = []
        one = MetersBench(list(profiles), Serial(port, baud, parity), flow_m3h, seen.append, lang)
        one.seen = seen
        one.start()
        started.append(one)
        return one

    yield on
    for one in started:
        await one.stop()
        await one.stop()


def test_every_profile_can_be_put_on_a_bench():
    for name in meter_choice.names():
        one = MetersBench([name], Serial(), 60)
        assert one.meter_lines()[0].startswith(name)
        assert set(meter_faults.WIRE) <= set(one.meters[0].faults)


async def test_three_protocols_share_a_pty_each_at_its_own_rate(bench, master, read_request):
    one = bench("tuf2000m", "dlt645-2007@123456789012", "cjt188@78330011223344")
    assert [one.settings[meter.label] for meter in one.meters] == [
        (9600, "N", 1),
        (2400, "E", 1),
        (2400, "E", 1),
    ]
    port = master(one.line.port_path)
    assert (await port.ask(read_request(1, 3, 0, 2), 9))[:3] == b"\x01\x03\x04"
    settings = termios.tcgetattr(port.fd)
    settings[4] = settings[5] = termios.B2400
    termios.tcsetattr(port.fd, termios.TCSANOW, settings)
    await until(one.line.is_quiet)
    assert (await port.ask(bytes.fromhex("FEFEFEFE68129078563412681104333334336816"), 24))[12] == 0x91
    await until(one.line.is_quiet)
    assert (await port.ask(bytes.fromhex("FEFEFEFE68104433221100337801031F90008016"), 37))[11] == 0x81
    assert [line.split()[2] for line in one.seen] == [
        "tuf2000m", "tuf2000m", "dlt645-2007", "dlt645-2007", "cjt188", "cjt188",
    ]  # fmt: skip


async def test_wire_faults_are_switched_on_the_line(bench, master, read_request):
    one = bench("tuf2000m", "sdm630@2")
    port = master(one.line.port_path)
    assert bench_commands.obey(one, "fault sdm630:silent on") == "silent on: sdm630"
    assert await port.ask_in_vain(read_request(2, 4, 0, 2), one.line) == ("silent", b"")
    await port.ask(read_request(2, 4, 0, 2), 1, within_s=0)
    await until(lambda: one.seen)
    assert "the meter is silent" in one.seen[-1]
    assert "* silent" in bench_commands.obey(one, "faults")
    bench_commands.obey(one, "fault sdm630:silent off")
    assert len(await port.ask(read_request(2, 4, 0, 2), 9)) == 9
    assert bench_commands.obey(one, "fault stuck on") == "stuck on: tuf2000m, sdm630"
    assert "truth since the start: " in bench_commands.obey(one, "show")
    assert bench_commands.obey(one, "") == ""


def test_a_cjt188_meter_may_be_of_another_type():
    one = MetersBench(["cjt188@20:78330011223344", "cjt188@00000000000003"], Serial(), 60)
    assert [(meter.meter.kind, meter.meter.number) for meter in one.meters] == [
        (0x20, "78330011223344"),
        (0x10, "00000000000003"),
    ]


async def test_a_tripped_relay_stops_the_pump(bench):
    one = bench("dlt645-2007")
    meter = one.meters[0].meter
    meter._order(False)
    meter.refresh(meter._utc_s + 5)
    assert not one.well.is_powered and "relay open" in one.seen[-1]
    bench_commands.obey(one, "start")
    assert not one.well.is_powered  # the relay holds it
    meter._order(True)
    meter.refresh(meter._utc_s + 5)
    assert one.well.is_powered


async def test_two_meters_of_one_make_are_told_apart(bench):
    one = bench("tuf2000m", "tuf2000m@7")
    assert [meter.label for meter in one.meters] == ["tuf2000m", "tuf2000m@7"]
    assert bench_commands.obey(one, "fault tuf2000m@7:stuck on") == "stuck on: tuf2000m@7"
    with pytest.raises(Unusable, match="flow"):
        bench_commands.obey(one, "flow much")


# -- the line's own troubles, on a pty


async def test_troubles_are_switched_told_and_felt(bench, master, read_request):
    one = bench("tuf2000m", "sdm630@2")
    port = master(one.line.port_path)
    request = read_request(1, 3, 0, 2)
    assert bench_commands.obey(one, "echo on") == "echo: on"
    assert (await port.ask(request, 8 + 9))[:8] == request
    bench_commands.obey(one, "echo off")
    await until(one.line.is_quiet)
    assert bench_commands.obey(one, "latency 300") == "every meter answers after 300 ms"
    assert len(await port.ask(request, 9)) == 9 and port.took_ns > 300_000_000
    assert bench_commands.obey(one, "latency profile") == "every meter answers as its profile says"
    assert one.line._branches[1].latency_ns == 30_000_000
    await until(one.line.is_quiet)
    assert bench_commands.obey(one, "noise 1000000").startswith("noise: 1000000")
    await port.ask_in_vain(request, one.line)
    assert one.line.noise.spoilt_bytes == 8
    bench_commands.obey(one, "noise 0")
    bench_commands.obey(one, "bursts on")
    assert "noise when the pump is switched: on" in bench_commands.obey(one, "show")
    port.got.clear()
    bench_commands.obey(one, "stop")
    assert not one.line.is_quiet()
    strays = len(one.line._arrivals._heap)
    await until(one.line.is_quiet)
    assert len(await port.take(strays)) == strays > 0  # all of them: quiet is the wire, not yet the port
    bench_commands.obey(one, "second-master on")
    bench_commands.obey(one, "second-master on")
    assert (await port.take(8))[:2] == b"\x01\x03"
    await until(lambda: one.line.counters.foreign == 1)
    bench_commands.obey(one, "second-master off")
    for wrong in (
        "noise x",
        "noise 1000001",
        "latency -1",
        "echo maybe",
        "second-master",
        "flow -1",
        "flow nan",
    ):
        with pytest.raises(Unusable):
            bench_commands.obey(one, wrong)


async def test_a_closed_valve_stops_the_water(bench):
    one = bench("cjt188")
    meter = one.meters[0].meter
    meter._wants_open, meter._arrives_at_s = False, 0
    meter.refresh(meter._utc_s + 1)
    assert "valve closed" in one.seen[-1] and "set to 60 m3/h" in one.seen[-1]
    bench_commands.obey(one, "flow 30")
    assert one.well._wanted_lph == 0  # still behind the valve
    meter._wants_open, meter._arrives_at_s = True, 0
    meter.refresh(meter._utc_s + 1)
    assert one.well._wanted_lph == 30_000


# -- both languages


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_both_languages_say_the_same_things():
    for table in (bench_wording.WORDS, bench_wording.COUNTERS, bench_wording.UNUSABLE, bench_wording.SYSTEM):
        assert table["en"].keys() == table["zh"].keys()
        for name, english in table["en"].items():
            assert places(english) == places(table["zh"][name]), name
    assert set(vars(LineCounters())) < set(bench_wording.COUNTERS["en"])
    for lang in bench_wording.LANGUAGES:  # whatever can be typed is in the help, and nothing else
        listed = [line.split("  ")[0] for line in bench_wording.WORDS[lang]["help"].split("\n")]
        verbs = {word.split()[0] for line in listed for word in line.split(" | ")}
        assert verbs == set(bench_commands.VERBS) - {"help", "?"}


def test_every_fault_of_every_profile_is_told_in_chinese():
    told = set()
    for name in meter_choice.names():
        for text in MetersBench([name], Serial(), 60).meters[0].faults.values():
            assert meter_fault_wording.of("zh", text) != text == meter_fault_wording.of("en", text)
            told.add(text)
    assert told == set(meter_fault_wording.FAULTS_ZH)


async def test_the_bench_speaks_chinese_and_a_terminal_without_it_shows_question_marks(tmp_path):
    words = ("bench", "meters", "--profile", "dlt645-2007", "--seconds", "0.1")
    async with Bench(tmp_path, *words, LANG="zh_CN.UTF-8") as bench:
        ended = await bench.end()
    assert ended.code == 0 and any("出厂" not in line and "地址 000000000001" in line for line in ended.out)
    assert any("主站一律用 8N1" in line for line in ended.out) and "请求 0，应答 0" in ended.out
    async with Bench(tmp_path, *words, "--lang", "zh", PYTHONIOENCODING="latin-1") as bench:
        ended = await bench.end()
    assert ended.code == 0 and any("??" in line for line in ended.out)
    async with Bench(tmp_path, "bench", "meters", "--profile", "nix", "--lang", "zh") as bench:
        ended = await bench.end()
    assert ended.code == 2 and ended.err == "karez bench: --profile nix：未知；用 --profile list 列出全部\n"


# -- how it is started and left


async def test_nobody_reads_its_screen_any_more(tmp_path):
    words = ("bench", "meters", "--profile", "tuf2000m", "--second-master")
    async with Bench(tmp_path, *words) as bench:
        await bench.line("port ")
        bench.hang_up()
        await asyncio.wait_for(bench._process.wait(), WAIT_S)
        assert (await bench._process.stderr.read()) == b"" and bench._process.returncode == 0


async def test_commands_come_from_a_file_a_pipe_or_nowhere(tmp_path):
    (tmp_path / "typed").write_text("flow 50\nquit")  # without a newline at its end
    karez = f"exec {sys.executable} -m karez_gateway bench meters --profile tuf2000m"
    for shell, code in (
        (f"{karez} < typed", 0),
        (f"printf 'flow 50\nquit' | {{ {karez}; }}", 0),
        (f"{karez} --seconds 0.1 <&-", 0),
        (f"{karez} --seconds 0.1 >&- <&-", 0),
    ):
        process = await asyncio.create_subprocess_shell(
            shell, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
        assert process.returncode == code and err == b"", (shell, err)
        assert (b"set to 50 m3/h" in out) == ("flow" in shell or "typed" in shell), shell


async def test_it_serves_on_after_ctrl_d(tmp_path, master, read_request):
    async with Served(tmp_path, "--profile", "tuf2000m") as served:
        path = (await served.line("port ")).split()[1]
        await served.line("Ctrl-C")
        served.process.stdin.close()
        port = master(path)
        assert len(await port.ask(read_request(1, 3, 0, 2), 9, within_s=5)) == 9
        served.process.send_signal(signal.SIGTERM)
        assert (await served.end())[0] == 130


# -- a real serial port: the far end of a pty stands in for the adapter


@pytest.fixture
def cable():
    """(our end, path of the other end) of a pty that somebody else opens as a serial port."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    path = os.ttyname(theirs)
    os.close(theirs)
    keep = os.open(path, os.O_RDWR | os.O_NOCTTY)
    os.set_blocking(ours, False)
    yield ours, path, keep
    for fd in (ours, keep):
        with contextlib.suppress(OSError):
            os.close(fd)


async def answer_on(fd, count):
    """So many bytes from the far end of the cable."""
    got, grown = b"", asyncio.Event()
    asyncio.get_running_loop().add_reader(fd, grown.set)
    try:
        async with asyncio.timeout(DEADLINE_S):
            while len(got) < count:
                grown.clear()
                with contextlib.suppress(BlockingIOError):
                    got += os.read(fd, count - len(got))
                if len(got) < count:
                    await grown.wait()
    finally:
        asyncio.get_running_loop().remove_reader(fd)
    return got


def nothing_on(fd):
    """Whether the far end of the cable has heard no byte."""
    try:
        return os.read(fd, 1) == b""
    except BlockingIOError:
        return True


async def test_a_serial_port_is_set_as_the_profile_says_and_answers(bench, cable, read_request):
    ours, path, keep = cable
    one = bench("em1010", port=path, baud=4800)
    assert termios.tcgetattr(keep)[4] == termios.B4800
    os.write(ours, read_request(1, 4, 0x1010, 2))
    reply = await answer_on(ours, 9)
    assert reply[:3] == b"\x01\x04\x04" and struct.unpack(">f", reply[3:7])[0] >= 0
    assert one.line.counters.requests == one.line.counters.replies == 1


async def test_a_request_in_two_pieces_is_one_request_on_an_adapter(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    assert one.line.patience_ns > 16_000_000 > silence_ns(9600)  # a USB adapter's latency timer
    one.line.patience_ns = DEADLINE_S * 1_000_000_000  # this machine may be busier than an adapter
    request = read_request(1, 3, 0, 2)
    os.write(ours, request[:5])
    await until(lambda: len(one.line._heard) == 5)
    os.write(ours, request[5:])
    assert len(await answer_on(ours, 9)) == 9
    assert one.line.counters.requests == 1


async def test_half_a_request_is_given_up_and_the_next_one_answered(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    os.write(ours, read_request(1, 3, 0, 2)[:5])
    await until(lambda: one.line.counters.requests == 1)
    assert nothing_on(ours) and one.meters[0].bad_frames == 1
    os.write(ours, read_request(1, 3, 0, 2))
    assert len(await answer_on(ours, 9)) == 9


async def test_our_own_answer_coming_back_is_no_request(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    one.line.patience_ns = DEADLINE_S * 1_000_000_000
    for _ in range(2):
        os.write(ours, read_request(1, 3, 0, 2))
        reply = await answer_on(ours, 9)
        await until(lambda: len(one.line._echo) == 9)
        for byte in reply:  # an adapter that hears itself, byte by byte
            os.write(ours, bytes((byte,)))
        await until(lambda: one.line._echo == b"")
        assert not one.line._heard
    assert one.line.counters.requests == 2 and one.line.counters.replies == 2


async def test_a_request_that_begins_like_the_last_answer_is_not_taken_for_its_echo(
    bench, cable, read_request
):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    for _ in range(3):
        os.write(ours, read_request(1, 3, 0, 2))
        assert (await answer_on(ours, 9))[:2] == b"\x01\x03"
        os.write(ours, b"\x01\x03")  # in two pieces, the first like the answer's beginning
        await until(lambda: bytes(one.line._heard) == b"\x01\x03")
        os.write(ours, read_request(1, 3, 0, 2)[2:])
        assert len(await answer_on(ours, 9)) == 9
    assert one.line.counters.replies == 6


async def test_silent_unknown_slow_and_noisy_on_an_adapter(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    counters = one.line.counters
    bench_commands.obey(one, "fault silent on")
    os.write(ours, read_request(1, 3, 0, 2))
    await until(lambda: counters.unanswered_silent == 1)
    os.write(ours, read_request(9, 3, 0, 2))
    await until(lambda: counters.unanswered_unknown == 1)
    assert nothing_on(ours)
    bench_commands.obey(one, "fault silent off")
    bench_commands.obey(one, "fault noisy on")
    replies = set()
    for _ in range(12):
        os.write(ours, read_request(1, 3, 1436, 2))
        replies.add(await answer_on(ours, 9))
    assert len(replies) > 1


async def test_the_troubles_an_adapter_can_make(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    counters, noise = one.line.counters, one.line.noise
    with pytest.raises(Unusable, match="a real adapter cannot"):
        bench_commands.obey(one, "echo on")
    assert bench_commands.obey(one, "echo off") == "echo: off"
    bench_commands.obey(one, "noise 1000000")
    os.write(ours, read_request(1, 3, 0, 2))
    await until(lambda: counters.requests == 1)
    assert noise.spoilt_bytes == 8  # heard, and not understood
    bench_commands.obey(one, "noise 0")
    bench_commands.obey(one, "bursts on")
    bench_commands.obey(one, "stop")
    assert len(await answer_on(ours, 4)) == 4  # bytes from nowhere
    os.write(ours, read_request(1, 3, 0, 2))
    await until(lambda: counters.requests == 2)
    assert counters.replies == 0 and noise.spoilt_bytes > 8
    await until(lambda: one.clock.now_ns() > one.line._burst_until_ns)
    while not nothing_on(ours):
        pass
    bench_commands.obey(one, "second-master on")
    assert await answer_on(ours, 8) == read_request(1, 3, 0, 16)  # its question, and our answer to it
    assert (await answer_on(ours, 37))[:3] == b"\x01\x03\x20"
    bench_commands.obey(one, "second-master off")
    bench_commands.obey(one, "second-master off")
    assert counters.foreign >= 1 and any("(second master)" in line for line in one.seen)


async def test_an_adapter_that_is_pulled_out_ends_the_bench(bench, cable):
    ours, path, keep = cable
    one = bench("tuf2000m", port=path)
    os.close(keep)
    os.close(ours)
    await asyncio.wait_for(one.finished.wait(), 5)
    assert str(one.failure).startswith("the port is gone: ")
    assert one.failure.said("zh").startswith("串口已断开：")


async def test_parity_is_asked_of_the_port(bench, cable):
    _, path, _ = cable
    one = bench("xylem-magflux", port=path)
    assert one.settings["xylem-magflux"] == (9600, "E", 1)
    assert one.line._serial.parity == "E" and one.line._serial.stopbits == 1
