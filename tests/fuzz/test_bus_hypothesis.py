"""The bus of a port against a hostile line: silences, noise, late and broken answers, echo, switching.

Every value a simulated meter sends names its meter, its field and the moment it was read, so a
frame taken for the answer to another question shows. Time is virtual; a turn takes 200 us.
"""

import json
import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karez_firmware.drivers.bus import Bus
from karez_firmware.drivers.master import CRC, EXCEPTION, NOISE, OK, SILENT
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols import cjt188_data, cjt188_frames, dlt645_messages, modbus_frames
from karez_protocols.errors import ProtocolError
from karez_protocols.exchange import Failure, Reply
from karez_protocols.profile import Profile
from karez_protocols.wire_time import wire_us

PROFILES = Path(__file__).parents[2] / "protocols/karez_protocols/profiles"
SECOND_US = 1_000_000
TURN_US = 200
WAIT_MAX_US = 250_000  # the app's control step
FIELD = 1_000_000  # field n counts from n of these: a value tells where it was read
POWER_ADDRESS, WATER_ADDRESS = "123456789012", "10:00000805000001"
FRAMES_TOGETHER_US = 2_000  # what lies so near arrives in one read


def counters(fields, timeout_ms=300, baud=9600):
    """A Modbus profile whose requests all have one length: the worst for late answers."""
    document = json.loads((PROFILES / "sdm120.json").read_text())
    document["fields"] = [
        {"name": f"n{at}_wh", "start": 100 * at, "type": "u32", "order": "ABCD", "scale": 0, "unit": "wh"}
        for at in range(fields)
    ]
    document |= {
        "function": 3,
        "holes": False,
        "total": "n0_wh",
        "reverse": None,
        "reply_timeout_ms": timeout_ms,
    }
    document["serial"] = {"baud": baud, "parity": "N", "stop_bits": 1, "address": 1}
    return Profile(document)


def power(timeout_ms=600):
    """DL/T 645 with six questions, some of which are answered with as many bytes."""
    document = json.loads((PROFILES / "dlt645-2007.json").read_text())
    document["fields"] = [
        document["fields"][0] | {"name": f"n{at}_wh", "di": f"000{at}0000", "scale": 0} for at in range(1, 7)
    ]
    document |= {"total": "n1_wh", "reverse": None, "reply_timeout_ms": timeout_ms}
    return Profile(document)


def water():
    return Profile(json.loads((PROFILES / "cjt188.json").read_text()))


class Meter:
    """One meter: `plan(now_us)` gives what it does to a request: latency in us, or None, and a fault."""

    def __init__(self, name, profile, address, count=0):
        self.name, self.profile, self.address = name, profile, address
        self.line = profile.baud, profile.parity, profile.stop_bits
        self.count = count
        self.plan = lambda _now_us: (30_000, None)
        self.asked = 0

    def value(self, field, now_us):
        """The field's register at a moment: it grows by one each 10 ms."""
        return FIELD * (field + self.count) + now_us // 10_000 % FIELD

    def answer(self, frame, now_us, is_refused):
        """Return the answer's frame, None if this meter is not meant."""
        try:
            if self.profile.protocol == "modbus":
                asked = modbus_frames.decode_request(frame)
                if asked.address != self.address:
                    return None
                if is_refused:
                    return modbus_frames.encode_failure(Failure(asked.address, 3, is_refused))
                data = self.value(asked.start // 100, now_us).to_bytes(4, "big")
                return modbus_frames.encode_reply(Reply(asked.address, 3, data))
            if self.profile.protocol == "dlt645":
                asked = dlt645_messages.decode_message(frame)
                if asked.address != self.address:
                    return None
                if is_refused:
                    return dlt645_messages.encode_message(dlt645_messages.Refused(asked.address, 0x11, 2), 4)
                field = asked.di >> 16 & 15
                digits = bytes.fromhex(f"{self.value(field, now_us):08d}")[::-1]
                return dlt645_messages.encode_message(
                    dlt645_messages.ReadReply(asked.address, asked.di, digits, False), 4
                )
            asked = cjt188_frames.decode(frame)
            if is_refused or not hasattr(asked, "ser"):
                return None
            data = cjt188_data.encode_metering(
                cjt188_data.Metering(
                    self.value(0, now_us), 0x29, 0, 0x2C, bytes(7), cjt188_data.status_bytes("open", False)
                )
            )
            return cjt188_frames.encode(cjt188_frames.answer(asked, 0x10, WATER_ADDRESS[3:], data))
        except ProtocolError:
            return None


class Line:
    """A UART, its wire and its meters. What is heard at other settings than it was sent at is garbage."""

    def __init__(self, meters, seed, echoes=False):
        self.us = 5 * SECOND_US
        self.meters = meters
        self.random = random.Random(seed)
        self.echoes = echoes
        self.line = None
        self.coming = []  # (when, settings, bytes)
        self.sent = []  # (when, meter or None)
        self.chunks = 0

    def configure(self, *line):
        self.line = line

    def read(self):
        here = sorted((item for item in self.coming if item[0] <= self.us), key=lambda item: item[0])
        self.coming = [item for item in self.coming if item[0] > self.us]
        self.chunks += len(here)
        return b"".join(
            data if line in (None, self.line) else self.random.randbytes(len(data)) for _, line, data in here
        )

    def put(self, when_us, data, line=None):
        """Let bytes arrive, in up to three pieces."""
        cuts = sorted(self.random.sample(range(len(data)), min(len(data) - 1, self.random.randrange(3))))
        for first, last in zip([0, *cuts], [*cuts, len(data)], strict=True):
            if last > first:
                self.coming.append((when_us + last * 300, line, data[first:last]))

    def write(self, data):
        data = bytes(data)
        baud, parity, stop_bits = self.line
        end_us = self.us + wire_us(len(data), baud, 9 + (parity != "N") + stop_bits)
        if self.echoes:
            self.put(end_us - 300 * len(data), data, self.line)
        meant = None
        for meter in self.meters:
            if meter.line != self.line:
                continue
            latency_us, fault = meter.plan(end_us)
            is_refused = fault if isinstance(fault, int) else 0
            frame = meter.answer(data, end_us, is_refused)
            if frame is None:
                continue
            meant = meter
            meter.asked += 1
            if latency_us is None:
                continue
            if fault == "damage":
                at = self.random.randrange(len(frame))
                frame = frame[:at] + bytes((frame[at] ^ self.random.randrange(1, 256),)) + frame[at + 1 :]
            elif fault == "cut":
                frame = frame[: self.random.randrange(1, len(frame))]
            elif fault == "twice":
                frame += frame
            # put() spaces the pieces itself: the rest of the frame's time is waited before.
            self.put(
                end_us
                + latency_us
                + wire_us(len(frame), baud, 9 + (parity != "N") + stop_bits)
                - 300 * len(frame),
                frame,
                self.line,
            )
        self.sent.append((self.us, meant.name if meant else None))


class Run:
    """A bus on a line, driven as the app drives it; every reading is checked as it ends."""

    def __init__(self, meters, seed=0, poll_us=SECOND_US, echoes=False):
        self.meters = {meter.name: meter for meter in meters}
        self.line = Line(meters, seed, echoes)
        self.readers = {meter.name: MeterReader(meter.profile, meter.address) for meter in meters}
        self.bus = Bus(self.line, list(self.readers.items()))
        self.poll_us = poll_us
        self.found = []  # (when, name, status)
        self.turns = 0
        self.events = []  # (when, callable)
        self.is_checked = True

    def run(self, seconds):
        line, bus = self.line, self.bus
        until_us = line.us + int(seconds * SECOND_US)
        while line.us < until_us:
            while self.events and self.events[0][0] <= line.us:
                self.events.pop(0)[1]()
            finished = bus.turn(line.us, self.poll_us)
            self.turns += 1
            if finished:
                self.found.append((line.us, finished[0], finished[1]["status"]))
                if self.is_checked:
                    self.check(*finished)
            wake_us = min(max(bus.next_deadline_us(), line.us + TURN_US), line.us + WAIT_MAX_US)
            for when_us, *_ in line.coming + self.events:
                wake_us = min(wake_us, max(when_us, line.us + TURN_US))
            line.us = wake_us

    def check(self, name, reading):
        """Every value is one that this field of this meter had a short while ago, or unknown."""
        meter, status = self.meters[name], reading["status"]
        values = {key: value for key, value in reading["values"].items() if key.startswith(("n", "volume_l"))}
        if status in (SILENT, CRC, NOISE, EXCEPTION):
            assert all(value is None for value in reading["values"].values())
            assert reading["raw"] == bytes(8) and reading["at_ms"] is None and reading["modulus"] is None
            assert (status == EXCEPTION) or not reading["code"]
            return
        assert status == OK, reading
        for key, value in values.items():
            if value is None or "unit" in key:
                assert key != meter.profile.total
                continue
            field = int(key[1]) if key.startswith("n") else 0
            base = FIELD * (field + meter.count)
            age_us = (self.line.us - (value - base) * 10_000) % (FIELD * 10_000)
            assert base <= value < base + FIELD, (name, key, value)
            assert age_us < self.age_max_us(meter), (name, key, value, age_us)
        assert reading["raw"] != bytes(8)
        assert self.line.us - self.age_max_us(meter) <= reading["at_ms"] * 1000 <= self.line.us

    def age_max_us(self, meter):
        """The longest a reading may last: each request three tries, each try as late as it may be."""
        profile = meter.profile
        others = sum(2 * SECOND_US * len(other.profile.requests) for other in self.meters.values())
        return len(profile.requests) * (8 * profile.reply_timeout_us + SECOND_US) + others

    def times(self, name, status=None):
        return [when for when, found, how in self.found if found == name and status in (None, how)]

    def turns_allowed(self, seconds):
        """A beat of the control step and a handful of turns per request, reading and piece."""
        return 20 + 6 * seconds + 5 * len(self.line.sent) + 2 * self.line.chunks + 3 * len(self.found)


def fleet(sorts):
    """Meters of these sorts, each with numbers of its own."""
    found = []
    for at, sort in enumerate(sorts):
        name = f"{sort}{at}"
        if sort == "counter":
            found.append(Meter(name, counters(4), at + 1, 10 * at))
        elif sort == "slow":
            found.append(Meter(name, counters(3, 400, 2400), at + 1, 10 * at))
        elif sort == "power":
            found.append(Meter(name, power(), POWER_ADDRESS, 50))
        else:
            found.append(Meter(name, water(), WATER_ADDRESS, 70))
    return found


FLEETS = st.sampled_from(
    [
        tuple(fleet.split())
        for fleet in (
            "counter", "power", "water", "counter counter", "counter power", "water power", "counter slow",
            "counter water", "counter counter slow", "water power counter",
        )
    ]
)  # fmt: skip
POLLS = st.sampled_from([0, SECOND_US // 2, SECOND_US, 10 * SECOND_US])


def hostile(run, meter, evil):
    """A plan for a meter: mostly well, else silent, late, damaged, cut, twice, or it refuses."""
    dice = run.line.random

    def plan(_now_us):
        latency_us = dice.randrange(5_000, 80_000)
        if dice.random() >= evil:
            return latency_us, None
        timeout_us = meter.profile.reply_timeout_us
        # Late, but within what the master says it waits out: twice the timeout.
        late_us = dice.randrange(timeout_us, 2 * timeout_us - 60_000)
        faults = ("damage", "cut", "twice", 2, 6)
        return dice.choice(
            [(None, None)] * 2
            + [(late_us, fault) for fault in (None, 2)]
            + [(latency_us, fault) for fault in faults]
        )

    return plan


def trouble(run, seconds, noises, switchings):
    """Noise and switching at random moments of the coming seconds."""
    dice, line = run.line.random, run.line
    for _ in range(noises):
        when_us = line.us + dice.randrange(seconds * SECOND_US)
        sorts = [dice.randbytes(dice.randrange(1, 40)), bytes(3), b"\xfe\xfe", b"\x01\x03", b"\x68"]
        if not line.echoes:
            # Before an echo it would be all of a bad answer, and the meter is asked anew at once: noise
            # that imitates a header is as rare as noise that fits the CRC.
            sorts.append(b"\x01\x03\x04")
        data = dice.choice(sorts)
        run.events.append((when_us, lambda data=data: line.put(line.us, data)))
    for _ in range(switchings):
        when_us = line.us + dice.randrange(seconds * SECOND_US)
        run.events.append((when_us, lambda: run.bus.hurry(line.us)))
    run.events.sort(key=lambda event: event[0])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLEETS, POLLS, st.integers(0, 2**32), st.sampled_from([0, 0.1, 0.4, 0.9]), st.booleans())
def test_no_interleaving_makes_a_wrong_value_or_a_spin_and_all_are_found_again(
    sorts, poll_us, seed, evil, echoes
):
    meters = fleet(sorts)
    run = Run(meters, seed, poll_us, echoes)
    for meter in meters:
        meter.plan = hostile(run, meter, evil)
    trouble(run, 40, 20, 4)
    run.run(40)
    # Now all is well: everybody is found within 15 s, and read from then on.
    for meter in meters:
        meter.plan = lambda _now_us: (30_000, None)
    well_us = run.line.us
    run.run(20)
    for meter in meters:
        good = [when for when in run.times(meter.name, OK) if when > well_us]
        before = [status for when, name, status in run.found if name == meter.name and when <= well_us]
        # One that was in service may be held back, for tries that ended well, and then takes its time.
        # With no pause between rounds and everybody failing, one reading may outlast the trouble.
        limit_s = 15 if before and before[-1] in (SILENT, CRC, NOISE) else 20
        assert good and good[0] - well_us <= limit_s * SECOND_US, (meter.name, run.found[-20:])
    if poll_us:
        assert run.turns <= run.turns_allowed(60), (run.turns, len(run.line.sent), run.line.chunks)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLEETS, POLLS, st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.9]))
def test_noise_like_whole_answers_makes_no_answer_that_of_another_question(sorts, poll_us, seed, evil):
    """The meter is asked anew at once, and then answers twice."""
    meters = fleet(sorts)
    run = Run(meters, seed, poll_us)
    dice = run.line.random

    def plan(now_us):
        latency_us = dice.randrange(20_000, 290_000)
        if dice.random() < evil:
            address = dice.randrange(1, len(meters) + 1)
            run.line.put(now_us + dice.randrange(1_000, 15_000), bytes((address, 3, 4)) + dice.randbytes(6))
        return latency_us, None

    for meter in meters:
        meter.plan = plan
    run.run(40)
    assert all(run.times(meter.name) for meter in meters)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLEETS, st.sampled_from([SECOND_US // 2, SECOND_US, 10 * SECOND_US]), st.integers(0, 2**32))
def test_silent_meters_make_nobody_spin(sorts, poll_us, seed):
    meters = fleet(sorts)
    run = Run(meters, seed, poll_us)
    mute = run.line.random.sample(meters, run.line.random.randrange(1, len(meters) + 1))
    for meter in mute:
        meter.plan = lambda _now_us: (None, None)
    run.run(60)
    assert run.turns <= run.turns_allowed(60), (run.turns, len(run.line.sent), len(run.found))
    for meter in meters:
        statuses = {status for _, name, status in run.found if name == meter.name}
        assert statuses == {SILENT if meter in mute else OK}


@settings(max_examples=9, deadline=None)
@given(
    st.sampled_from([("counter", "counter"), ("counter", "power"), ("water", "power")]),
    st.sampled_from([0, SECOND_US // 2, SECOND_US]),
    st.sampled_from([None, "cut", "damage"]),
)
def test_a_bad_meter_makes_the_cycle_of_the_first_at_most_a_twentieth_longer(sorts, poll_us, fault):
    def cycle_us(is_bad):
        meters = fleet(sorts)
        run = Run(meters, 1, poll_us)
        run.run(60)
        if is_bad:
            # A damaged answer may be damaged in its preamble: then it is none the worse.
            meters[1].plan = lambda _now_us: (30_000, fault) if fault else (None, None)
            run.run(120)
        from_us = run.line.us
        run.run(120)
        times = [when for when in run.times(meters[0].name, OK) if when > from_us]
        return (times[-1] - times[0]) / (len(times) - 1)

    # Beside one that answers, or alone: the dearer of both is what it may cost.
    assert cycle_us(True) <= 1.05 * max(cycle_us(False), poll_us)
