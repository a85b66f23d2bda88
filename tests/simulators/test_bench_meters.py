"""`karez bench meters` in a technician's hands: a port that answers, clear refusals, a clean end."""

import asyncio
import contextlib
import os
import pty
import signal
import struct
import sys
import termios
import time
import tty

import pytest

from bench_process import Bench
from karez_simulators import meter_choice, meter_faults
from karez_simulators.bench_meters import MetersBench
from karez_simulators.meter_choice import Serial, Unusable

WAIT_S = 30


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
        for _ in range(100):
            reply = await port.ask(read_request(1, 4, 0x1024, 1), 7, within_s=5)
            if reply[3:5] == b"\0\1":
                break
            await asyncio.sleep(0.02)
        assert reply[3:5] == b"\0\1"
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
        (("--profile", "tuf2000m", "--flow", "1e9"), ("--flow",)),
        (("--profile", "tuf2000m", "--flow", "nan"), ("flow",)),
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

    def on(*profiles, port=None, baud=None, parity=None, flow_m3h=60):
        seen = []
        one = MetersBench(list(profiles), Serial(port, baud, parity), flow_m3h, seen.append)
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
    await asyncio.sleep(0.03)
    assert (await port.ask(bytes.fromhex("FEFEFEFE68129078563412681104333334336816"), 24))[12] == 0x91
    await asyncio.sleep(0.03)
    assert (await port.ask(bytes.fromhex("FEFEFEFE68104433221100337801031F90008016"), 37))[11] == 0x81
    assert [line.split()[2] for line in one.seen] == [
        "tuf2000m", "tuf2000m", "dlt645-2007", "dlt645-2007", "cjt188", "cjt188",
    ]  # fmt: skip


async def test_wire_faults_are_switched_on_the_line(bench, master, read_request):
    one = bench("tuf2000m", "sdm630@2")
    port = master(one.line.port_path)
    assert one.command("fault sdm630:silent on") == "silent on: sdm630"
    assert await port.ask(read_request(2, 4, 0, 2), 1, within_s=0.1) == b""
    assert "the meter is silent" in one.seen[-1]
    assert "* silent" in one.command("faults")
    one.command("fault sdm630:silent off")
    assert len(await port.ask(read_request(2, 4, 0, 2), 9)) == 9
    assert one.command("fault stuck on") == "stuck on: tuf2000m, sdm630"
    assert one.command("show").startswith("truth since the start: ")
    assert one.command("") == ""


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
    one.command("start")
    assert not one.well.is_powered  # the relay holds it
    meter._order(True)
    meter.refresh(meter._utc_s + 5)
    assert one.well.is_powered


async def test_two_meters_of_one_make_are_told_apart(bench):
    one = bench("tuf2000m", "tuf2000m@7")
    assert [meter.label for meter in one.meters] == ["tuf2000m", "tuf2000m@7"]
    assert one.command("fault tuf2000m@7:stuck on") == "stuck on: tuf2000m@7"
    with pytest.raises(Unusable, match="flow"):
        one.command("flow much")


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


async def answer_on(fd, count, within_s=2.0):
    got = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while len(got) < count:
                with contextlib.suppress(BlockingIOError):
                    got += os.read(fd, 256)
                await asyncio.sleep(0.002)
    return got


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
    request = read_request(1, 3, 0, 2)
    for _ in range(20):
        requests = one.line.counters.requests
        began_s = time.monotonic()
        os.write(ours, request[:5])
        await asyncio.sleep(0.012)  # a USB adapter's latency timer: more than t3.5
        os.write(ours, request[5:])
        if time.monotonic() - began_s < 0.02:  # else this machine was busy and the pause too long
            assert len(await answer_on(ours, 9)) == 9
            assert one.line.counters.requests == requests + 1
            return
        await answer_on(ours, 9, 0.1)
    pytest.skip("this machine is too busy for a pause of 12 ms")


async def test_our_own_answer_coming_back_is_no_request(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    for _ in range(2):
        os.write(ours, read_request(1, 3, 0, 2))
        reply = await answer_on(ours, 9)
        os.write(ours, reply)  # an adapter that hears itself
        await asyncio.sleep(0.04)
    assert one.line.counters.requests == 2 and one.line.counters.replies == 2


async def test_silent_unknown_slow_and_noisy_on_an_adapter(bench, cable, read_request):
    ours, path, _ = cable
    one = bench("tuf2000m", port=path)
    one.command("fault silent on")
    os.write(ours, read_request(1, 3, 0, 2))
    assert await answer_on(ours, 1, 0.15) == b""
    os.write(ours, read_request(9, 3, 0, 2))
    assert await answer_on(ours, 1, 0.15) == b""
    assert (one.line.counters.unanswered_silent, one.line.counters.unanswered_unknown) == (1, 1)
    one.command("fault silent off")
    one.command("fault noisy on")
    replies = set()
    for _ in range(12):
        os.write(ours, read_request(1, 3, 1436, 2))
        replies.add(await answer_on(ours, 9))
    assert len(replies) > 1


async def test_an_adapter_that_is_pulled_out_ends_the_bench(bench, cable):
    ours, path, keep = cable
    one = bench("tuf2000m", port=path)
    os.close(keep)
    os.close(ours)
    await asyncio.wait_for(one.finished.wait(), 5)
    assert "the port is gone" in one.failure


async def test_parity_is_asked_of_the_port(bench, cable):
    _, path, _ = cable
    one = bench("xylem-magflux", port=path)
    assert one.settings["xylem-magflux"] == (9600, "E", 1)
    assert one.line._serial.parity == "E" and one.line._serial.stopbits == 1
