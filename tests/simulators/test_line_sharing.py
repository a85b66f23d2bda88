"""Several protocols, rates and talkers on one pair: who hears what, and who spoils whom."""

import asyncio
import os
import termios

import pytest

from karez_simulators.clock import Clock
from karez_simulators.line import Line
from karez_simulators.second_master import SecondMaster, babbler

REQUEST = bytes.fromhex("01030000000AC5CD")
FOREIGN = bytes.fromhex("68AAAAAAAAAAAA681300DF16")  # DL/T 645: whoever is there, your address
ANSWER = bytes(range(25))


class Parrot:
    def __init__(self, answer=ANSWER):
        self.answer = answer
        self.heard = []

    def receive(self, frame, reply):
        self.heard.append(frame)
        reply(self.answer)

    def hears(self, frame):
        return b"\x68" in frame and frame[-1] == 0x16


@pytest.fixture
async def bench():
    """Lines with a Modbus parrot at 1, closed after the test."""
    lines = []

    def build(speed=1, **options):
        clock = Clock(speed)
        line = Line(clock, **options)
        parrot = Parrot()
        line.attach(1, parrot, latency_ns=5_000_000)
        line.open()
        lines.append(line)
        return clock, line, parrot

    yield build
    for line in lines:
        line.close()


def frames_of(line):
    frames = []
    line.tap = frames.append
    return frames


def set_baud(port, name):
    settings = termios.tcgetattr(port.fd)
    settings[4] = settings[5] = getattr(termios, name)
    termios.tcsetattr(port.fd, termios.TCSANOW, settings)


async def test_stations_of_other_protocols_hear_what_their_matcher_finds(bench, master):
    _, line, modbus = bench(20)
    other = Parrot(b"other")
    line.attach("dlt645 1", other, hears=other.hears)
    port = master(line.port_path)
    assert await port.ask(REQUEST, 25) == ANSWER
    await line._clock.sleep_ms(10)
    assert await port.ask(b"\xfe\xfe" + FOREIGN, 5) == b"other"
    assert modbus.heard == [REQUEST] and other.heard == [b"\xfe\xfe" + FOREIGN]
    with pytest.raises(ValueError, match="address"):
        line.attach("dlt645 1", other, hears=other.hears)
    with pytest.raises(ValueError, match="address"):
        line.attach("a name", other)  # without a matcher nobody finds it


async def test_the_silence_of_modbus_is_not_asked_of_other_protocols(master):
    """DL/T 645 masters ask on as soon as they have the answer; frames are found by their length."""
    now = [0]
    line = Line(Clock(monotonic_ns=lambda: now[0]))
    modbus, other = Parrot(), Parrot()
    line.attach(1, modbus)
    line.attach("dlt645 1", other, hears=other.hears)
    line.open()
    frames = frames_of(line)
    port = master(line.port_path)
    try:
        for request in (FOREIGN, FOREIGN, REQUEST):
            requests = line.counters.requests
            port.send(request)
            while line.counters.requests == requests:
                await asyncio.sleep(0)
                if line._request is not None:
                    now[0] = line._request.end_ns + line.silence_ns
            now[0] = frames[-1].end_ns  # not a moment after the answer
    finally:
        line.close()
    assert [frame.fate for frame in frames if frame.kind == "request"] == ["routed", "routed", "too_early"]
    assert len(other.heard) == 2 and modbus.heard == [] and line.counters.gap_violations == 1


async def test_a_station_hears_only_frames_at_its_own_rate(bench, master):
    _, line, modbus = bench(20)
    slow = Parrot(b"slow")
    line.attach("dlt645 1", slow, hears=slow.hears, baud=2400, latency_ns=0)
    port = master(line.port_path)
    assert await port.ask_in_vain(FOREIGN, line) == ("wrong_baud", b"")
    set_baud(port, "B2400")
    await line._clock.sleep_ms(20)
    assert await port.ask(FOREIGN, 4) == b"slow"
    assert port.took_ns * 20 >= (len(FOREIGN) + 4) * 10 * 1_000_000_000 // 2400
    await line._clock.sleep_ms(20)
    assert await port.ask_in_vain(REQUEST, line) == ("wrong_baud", b"")
    set_baud(port, "B9600")
    await line._clock.sleep_ms(20)
    assert await port.ask(REQUEST, 25) == ANSWER
    assert modbus.heard == [REQUEST] and slow.heard == [FOREIGN]
    assert line.counters.unanswered_baud == 2


async def test_an_answer_at_a_rate_the_master_no_longer_has_is_garbage(bench, master):
    _, line, _ = bench(20)
    port = master(line.port_path)
    line.tap = lambda carried: set_baud(port, "B2400")
    got = await port.ask(REQUEST, 25)
    assert all(a != b for a, b in zip(got, ANSWER))


async def test_two_who_answer_the_same_wildcard_spoil_each_other(bench, master):
    _, line, _ = bench(20)
    for name in ("one", "two"):
        parrot = Parrot(name.encode() * 5)
        line.attach(name, parrot, hears=parrot.hears)
    port = master(line.port_path)
    got = await port.ask(FOREIGN, 30)
    assert len(got) == 30 and b"one" not in got and b"two" not in got
    assert line.counters.collisions == 1 and line.counters.replies == 2


async def test_zeros_of_a_floating_pair_stand_around_every_reply(bench, master):
    _, line, _ = bench(20)
    line.leading_zeros, line.trailing_zeros = 1, 2
    port = master(line.port_path)
    for _ in range(2):
        assert await port.ask(REQUEST, 28) == b"\0" + ANSWER + b"\0\0"
        await line._clock.sleep_ms(10)


async def test_a_burst_spoils_a_reply_and_loses_a_request_and_then_it_is_over(bench, master):
    clock, line, parrot = bench(20)
    answered = asyncio.Event()
    line.tap = lambda frame: frame.kind == "reply" and answered.set()
    line.set_latency(1, 200_000_000)
    port = master(line.port_path)
    port.send(REQUEST)
    await answered.wait()
    line.burst(400)  # reply and all that is said meanwhile
    got = await port.take(25)
    assert got != ANSWER
    while not line.is_quiet():
        await clock.sleep_ms(10)
    port.got.clear()
    line.burst(4000)  # a fifth of a second of ours: a busy machine may take its time to send
    assert (await port.ask_in_vain(REQUEST, line))[0] == "spoilt"
    while not line.is_quiet():
        await clock.sleep_ms(10)
    await clock.sleep_ms(20)
    port.got.clear()
    assert await port.ask(REQUEST, 25) == ANSWER
    assert len(parrot.heard) == 2 and line.counters.collisions == 0


async def test_a_burst_on_a_quiet_line_looks_like_bytes_to_the_master(bench, master):
    _, line, _ = bench(20)
    port = master(line.port_path)
    line.burst(400)
    got = await port.take(384, within_s=0.2)
    assert 50 < len(got) < 150  # a quarter of 384 characters
    assert await port.take(1, within_s=0.02) == b""


async def test_noisy_and_slow_belong_to_one_meter(bench, master):
    _, line, _ = bench(20)
    line.attach(2, Parrot())
    line.set_noisy(1, True)
    port = master(line.port_path)
    answers = {1: [], 2: []}
    for _ in range(20):
        for address in (1, 2):
            answers[address].append(await port.ask(bytes((address,)) + REQUEST[1:], 25))
            await line._clock.sleep_ms(10)
    wrong = [answer for answer in answers[1] if answer != ANSWER]
    assert 3 <= len(wrong) <= 17
    assert all(sum(a != b for a, b in zip(answer, ANSWER)) == 1 for answer in wrong)
    assert answers[2] == [ANSWER] * 20
    line.set_slow(2, True)
    assert line.least_ns(8, 25, 2) - 1_000_000_000 == line.least_ns(8, 25, 1) + 5_000_000
    assert await port.ask(b"\x02" + REQUEST[1:], 25) == ANSWER
    assert port.took_ns * 20 >= 1_000_000_000
    with pytest.raises(KeyError):
        line.set_slow(9, True)


async def test_a_second_master_is_heard_and_answered(bench, master):
    clock, line, parrot = bench(20)
    frames = frames_of(line)
    other = SecondMaster(line, clock, [REQUEST], 200, polite=True)
    port = master(line.port_path)
    other.start()
    got = await port.take(66)
    assert got == (REQUEST + ANSWER) * 2  # we hear both, and did not ask
    await other.stop()
    await other.stop()
    assert other.sent >= 2 and len(parrot.heard) >= 2
    assert {frame.kind for frame in frames} == {"foreign", "reply"}
    assert line.counters.foreign >= 2 and line.counters.requests == 0


async def test_a_second_master_asks_each_meter_at_its_own_rate(bench, master):
    clock, line, modbus = bench(20)
    slow = Parrot(b"slow")
    line.attach("dlt645 1", slow, hears=slow.hears, baud=2400)
    frames = frames_of(line)
    other = SecondMaster(line, clock, [REQUEST, FOREIGN], 400, bauds=[9600, 2400])
    master(line.port_path)
    other.start()
    while len(frames) < 4:
        await clock.sleep_ms(10)
    other.cancel()
    await other.stop()
    assert modbus.heard[0] == REQUEST and slow.heard[0] == FOREIGN


async def test_a_rude_second_master_collides_with_our_request(bench, master):
    clock, line, parrot = bench(baud=1200)
    frames = frames_of(line)
    port = master(line.port_path)
    line.transmit(REQUEST, "rude")
    port.send(REQUEST)
    while len(frames) < 2:
        await clock.sleep_ms(1)
    assert sorted((frame.kind, frame.fate) for frame in frames) == [
        ("foreign", "spoilt"),
        ("request", "spoilt"),
    ]
    assert parrot.heard == [] and line.counters.collisions == 1
    heard = await port.take(8)
    assert len(heard) == 8 and heard != REQUEST


async def test_a_babbler_spoils_what_it_falls_into(bench, master):
    clock, line, _ = bench(20)
    wild = babbler(line, clock, seed=3, period_ms=25, length=20)
    port = master(line.port_path)
    wild.start()
    asked = 0
    while asked < 10 or wild.sent <= 20:  # its beat is slower than it says where the machine is busy
        port.send(REQUEST)
        asked += 1
        await clock.sleep_ms(100)
    await wild.stop()
    assert line.counters.collisions > 5 and wild.sent > 20
    await clock.sleep_ms(50)
    port.got.clear()
    assert await port.ask(REQUEST, 25) == ANSWER  # and then it is over


def test_the_least_time_counts_the_stations_own_rate_and_the_silences_asked_for():
    line = Line(Clock())
    line.attach("slow", Parrot(), hears=lambda frame: True, baud=2400, latency_ns=7)
    character_ns = 10 * 1_000_000_000 // 2400
    silence_ns = character_ns * 7 // 2
    assert line.least_ns(3, 4, "slow") == 7 * character_ns + silence_ns + 7
    assert line.least_ns(3, 4, "slow", silences=2) == 7 * character_ns + 2 * silence_ns + 7
    with pytest.raises(KeyError):
        line.least_ns(1, 1, "nobody")
    with pytest.raises(ValueError, match="baud"):
        line.attach(3, Parrot(), baud=300)


async def test_the_ports_rate_is_what_its_user_has_set(bench):
    _, line, _ = bench(baud=19_200)
    fd = os.open(line.port_path, os.O_RDWR | os.O_NOCTTY)
    try:
        assert line._port.baud == 19_200
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = termios.B1200
        termios.tcsetattr(fd, termios.TCSANOW, settings)
        assert line._port.baud == 1200
    finally:
        os.close(fd)
