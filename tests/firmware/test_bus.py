"""The meters of one line: in turn, in rounds, and a silent one stops nobody."""

import json

from karez_firmware.drivers.bus import Bus
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols import modbus, modbus_frames
from karez_protocols.exchange import Failure
from karez_protocols.profile import Profile
from wellhouse import Well, memories, port_for

SECOND_US = 1_000_000


class Line:
    """A bus with both meters of a well, driven as the app drives it."""

    def __init__(self, names=("water", "energy")):
        self.well = Well()
        self.port = port_for(*memories(provisioned=False), well=self.well)
        readers = []
        for name in names:
            profile_name, address = ("tuf2000m", 1) if name == "water" else ("sdm630", 2)
            document = json.loads(self.port.resource("karez_protocols/profiles/%s.json" % profile_name))
            readers.append((name, MeterReader(Profile(document), address)))
        self.bus = Bus(self.port, readers)
        self.poll_us = SECOND_US
        self.found = []  # (when, name, status) of the last readings
        self.spans = {}  # name -> [first, last, how many] since it was cleared
        self.last = {}  # name -> reading

    def run(self, seconds):
        until_us = self.port.us + int(seconds * SECOND_US)
        while self.port.us < until_us:
            finished = self.bus.turn(self.port.us, self.poll_us)
            if finished:
                name, self.last[finished[0]] = finished
                self.found.append((self.port.us, name, finished[1]["status"]))
                first, _, count = self.spans.get(name, (self.port.us, 0, 0))
                self.spans[name] = (first, self.port.us, count + 1)
            if len(self.found) > 150:
                self.found = self.found[50:]
            if len(self.port.requests) > 100:
                self.port.requests = self.port.requests[50:]
            self.port.wait(min(self.bus.next_deadline_us(), until_us))

    def mean_us(self, name):
        """The mean time between this meter's readings."""
        first, last, count = self.spans[name]
        return (last - first) / (count - 1)

    def times(self, name):
        return [when for when, found, _ in self.found if found == name]


def test_every_round_reads_each_meter_once_and_the_first_one_first():
    line = Line()
    line.run(5.5)
    assert [name for _, name, _ in line.found] == ["water", "energy"] * 6
    assert line.last["water"]["values"]["volume_l"] == 23_879
    assert line.last["energy"]["values"]["energy_wh"] == 1_000
    assert all(status == 0 for _, _, status in line.found)


def test_rounds_begin_a_poll_apart():
    line = Line()
    for poll_us in (SECOND_US, 10 * SECOND_US):
        line.poll_us = poll_us
        line.run(5 * poll_us // SECOND_US)
        times = line.times("water")[-4:]
        for before, after in zip(times, times[1:]):
            assert abs(after - before - poll_us) < 5_000, times


def test_a_silent_meter_is_said_to_be_silent_and_the_other_goes_on():
    for address, name, other in ((1, "water", "energy"), (2, "energy", "water")):
        line = Line()
        line.well.silent = (address,)
        line.run(20)
        assert {status for _, found, status in line.found if found == name} == {1}
        assert {status for _, found, status in line.found if found == other} == {0}
        assert len(line.times(other)) >= 9
        line.well.silent = ()
        line.run(5)
        assert line.found[-1][2] == line.found[-2][2] == 0


def test_hurry_begins_a_round_now():
    line = Line()
    line.poll_us = 10 * SECOND_US
    line.run(3)
    assert len(line.times("water")) == 1
    line.bus.hurry(line.port.us)
    line.run(0.5)
    assert len(line.times("water")) == len(line.times("energy")) == 2


def test_hurry_drops_the_rest_of_a_reading_and_begins_the_round_anew():
    line = Line()
    line.poll_us = 10 * SECOND_US
    while not line.port.requests:
        line.run(0.001)
    line.bus.hurry(line.port.us)
    line.run(2)
    assert [name for _, name, _ in line.found] == ["water", "energy"]
    # One request of the reading that was dropped, then a whole round: 3 requests and 2.
    assert [address for _, address in line.port.requests] == [1] + [1] * 3 + [2] * 2


def test_hurry_does_not_wait_for_the_tries_of_a_silent_meter():
    line = Line()
    line.poll_us = 10 * SECOND_US
    line.well.silent = (2,)
    while not line.port.requests or line.port.requests[-1][1] != 2:
        line.run(0.001)
    asked_us = line.port.us
    line.bus.hurry(asked_us)
    line.run(1)
    water_us = [when for when, address in line.port.requests if address == 1 and when > asked_us]
    assert 0 < water_us[0] - asked_us < 320_000  # one reply timeout of 300 ms, not three
    assert [name for _, name, _ in line.found[:2]] == ["water", "water"]


def cycle_us(line, name, seconds=30):
    """The mean time between readings of a meter while the line never rests."""
    line.poll_us = 0
    line.run(seconds)
    line.spans.clear()
    line.run(seconds)
    return line.mean_us(name)


def spoilt(line, every):
    """Let the energy meter's answers come with a changed byte, `every` time of so many."""
    answer, count = line.port._answer, [0]

    def spoil(asked, frame):
        if frame[0] == 2:
            count[0] += 1
            if count[0] % every == 0:
                frame = frame[:5] + bytes((frame[5] ^ 1,)) + frame[6:]
        answer(asked, frame)

    line.port._answer = spoil


def test_a_silent_meter_costs_the_others_at_most_a_twentieth():
    alone = cycle_us(Line(("water",)), "water")
    line = Line()
    line.well.silent = (2,)
    assert alone < cycle_us(line, "water") < 1.05 * alone


def test_a_meter_that_answers_badly_costs_the_others_at_most_a_twentieth():
    alone = cycle_us(Line(("water",)), "water")
    line = Line()
    spoilt(line, 1)
    assert alone < cycle_us(line, "water") < 1.05 * alone
    both = cycle_us(Line(), "water")
    line = Line()
    spoilt(line, 2)
    assert cycle_us(line, "water") < 1.05 * both
    assert line.spans["energy"][2] > 3  # and it is read all the same


def test_a_meter_that_comes_and_goes_costs_the_others_at_most_a_twentieth():
    line = Line()
    line.poll_us = 0
    both = cycle_us(Line(), "water")
    for _ in range(60):
        line.well.silent = (2,)
        line.run(3)
        line.well.silent = ()
        line.run(1)
    assert line.mean_us("water") < 1.05 * both


def test_with_time_to_spare_a_silent_meter_costs_nothing():
    line = Line()
    line.well.silent = (2,)
    line.run(60)
    times = line.times("water")[6:]  # until then it has three tries
    assert len(times) == 54 and all(abs(b - a - SECOND_US) < 5_000 for a, b in zip(times, times[1:]))


def test_a_silent_meter_is_probed_after_half_a_second_and_then_ever_more_rarely():
    line = Line(("water",))
    line.well.silent = (1,)
    line.run(60)
    asked = [when for when, _ in line.port.requests]
    # Three readings of three tries, then single ones.
    pauses = [b - a - 300_000 for a, b in zip(asked, asked[1:]) if b - a > 400_000]
    wanted = [500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 10_000_000, 10_000_000]
    # The poll of a second is waited for where a probe would not fit before it.
    assert all(due < found < due + 350_000 for found, due in zip(pauses, wanted)), pauses


def test_a_meter_that_returns_is_found_within_15_s_whatever_its_past():
    for silence_s in (1, 5, 20, 100, 1000):
        for poll_us in (0, SECOND_US, 10 * SECOND_US):
            line = Line()
            line.poll_us = poll_us
            line.bus._readers[1][1].profile.reply_timeout_us = SECOND_US  # the slowest meter known
            line.well.silent = (2,)
            line.run(silence_s)
            line.well.silent = ()
            back_us = line.port.us
            line.run(15)
            good = [when for when, name, status in line.found if name == "energy" and not status]
            assert good and good[0] - back_us < 15 * SECOND_US, (silence_s, poll_us)
            line.run(31)  # and is then one of the round again
            assert len(line.times("energy")) > 3


def test_a_fault_while_the_contactor_switches_is_not_the_meter_s():
    line = Line()
    line.run(3)
    reader = line.bus._readers[1][1]
    counts = list(reader.counts)
    spoilt(line, 1)
    line.bus.hurry(line.port.us)
    line.run(0.9)
    assert reader.disturbed[2] == 1 and reader.counts == counts and not reader.failed
    line.run(3)
    assert reader.counts[2] > 0 and reader.failed


def test_it_is_waiting_exactly_while_an_answer_is_outstanding():
    line = Line()
    for _ in range(3000):
        finished = line.bus.turn(line.port.us, SECOND_US)
        if line.port._rx:
            assert line.bus.is_waiting
        if finished:
            assert not line.bus.is_waiting
        line.port.wait(line.port.us + 1_000)


def test_a_line_full_of_noise_stops_nothing():
    line = Line()
    line.port.read = lambda: b"\x00\xff\x55"
    line.run(20)
    assert line.found and all(status != 0 for _, _, status in line.found)
    del line.port.read
    line.run(10)
    assert line.found[-1][2] == line.found[-2][2] == 0


def turns_in(line, seconds):
    """How many turns the bus asks for: what the loop costs its processor."""
    turn, count = line.bus.turn, [0]

    def counted(now_us, poll_us):
        count[0] += 1
        return turn(now_us, poll_us)

    line.bus.turn = counted
    line.run(seconds)
    line.bus.turn = turn
    return count[0]


def test_nobody_spins_while_a_probe_waits_for_its_gap():
    for silent in ((1,), (2,), (1, 2)):
        for timeout_us in (300_000, SECOND_US):
            line = Line()
            line.bus._readers[1][1].profile.reply_timeout_us = timeout_us
            line.well.silent = silent
            # An exchange takes a handful of turns, an idle line wakes every 200 ms.
            assert turns_in(line, 60) < 60 * (5 + 5 * 6), (silent, timeout_us)


def test_a_meter_that_is_always_busy_costs_the_others_at_most_a_twentieth():
    both = cycle_us(Line(), "water")
    line = Line()
    answer = line.port._answer

    def busy(asked, frame):
        answer(asked, modbus_frames.encode_failure(Failure(2, frame[1], 6)) if frame[0] == 2 else frame)

    line.port._answer = busy
    assert cycle_us(line, "water", 60) < 1.05 * both
    assert line.last["energy"]["status"] == 4 and line.last["energy"]["code"] == 6


def test_a_meter_that_answers_only_the_first_request_costs_the_others_at_most_a_twentieth():
    alone = cycle_us(Line(("water",)), "water")
    line = Line()
    station, asked = line.port.stations[2], [0]

    class Half:
        def registers(self, start, count, now_us):
            asked[0] = start if not asked[0] else asked[0]
            return station.registers(start, count, now_us) if start == asked[0] else None

    line.port.stations[2] = Half()
    assert len(line.bus._readers[1][1].profile.requests) > 1
    cycle_us(line, "water", 60)  # the allowance
    assert cycle_us(line, "water", 60) < 1.05 * alone
    assert line.last["energy"]["status"] == 1


def test_what_rules_the_pump_is_read_in_every_round_while_it_answers():
    line = Line()
    line.poll_us = SECOND_US // 2
    answer, count = line.port._answer, [0]

    def spoil(asked, frame):  # every third answer of both: each round is late
        count[0] += 1
        answer(asked, frame if count[0] % 3 else frame[:-1])

    line.port._answer = spoil
    line.run(60)
    times = line.times("water")
    assert all(after - before < 4 * SECOND_US for before, after in zip(times, times[1:])), times


def test_a_silent_first_meter_fails_a_second_time_soon():
    line = Line()
    line.bus._readers[0][1].profile.reply_timeout_us = SECOND_US
    line.run(3.5)
    line.well.silent = (1,)
    silent_us = line.port.us
    line.run(9)
    failed = [when for when, name, status in line.found if name == "water" and status == 1]
    assert len(failed) >= 2 and failed[1] - silent_us < 9 * SECOND_US


def test_a_silent_meter_is_not_asked_without_end_after_a_switching():
    line = Line()
    line.well.silent = (2,)
    line.run(40)
    line.poll_us = 10 * SECOND_US
    line.bus.hurry(line.port.us)
    from_us = line.port.us
    line.run(2)
    assert len([1 for when, address in line.port.requests if address == 2 and when > from_us]) <= 3


def test_a_late_answer_is_waited_for_also_when_another_meter_failed_meanwhile():
    line = Line()
    master = line.bus.master
    for address, timeout_us in ((1, 300_000), (2, 100_000)):
        master.start(modbus.Request(address, 3, 0, 4), line.port.us, (timeout_us, 20_000, 0, 1))
        while not master.is_done():
            line.port.read = lambda: b""
            master.serve(line.port, line.port.us)
            line.port.us += 1_000
    master.start(modbus.Request(1, 3, 100, 4), line.port.us, (300_000, 20_000, 0, 1))
    first_us = next(when for when, address in line.port.requests if address == 1)
    assert master.next_deadline_us() >= first_us + 600_000


def test_a_retry_that_is_cancelled_before_it_is_sent_still_has_its_late_answer_waited_for():
    line = Line()
    master = line.bus.master
    line.port.read = lambda: b"\x55"  # noise: the retry waits for silence
    master.start(modbus.Request(1, 3, 0, 4), line.port.us, (300_000, 20_000, 0, 3))
    while not (master.tries == 1 and not master.is_waiting()):
        master.serve(line.port, line.port.us)
        line.port.us += 1_000
    master.cancel()
    line.port.read = lambda: b""
    master.start(modbus.Request(1, 3, 100, 4), line.port.us, (300_000, 20_000, 0, 3))
    assert master.next_deadline_us() > line.port.us + 250_000


def test_a_silent_meter_that_may_take_a_second_costs_the_others_at_most_a_twentieth():
    alone = cycle_us(Line(("water",)), "water")
    line = Line()
    line.bus._readers[1][1].profile.reply_timeout_us = SECOND_US
    line.well.silent = (2,)
    cycle_us(line, "water", 60)  # the allowance
    assert cycle_us(line, "water", 120) < 1.05 * alone
