"""The meters of one line: in turn, in rounds, and a silent one stops nobody."""

import json

from karez_firmware.drivers.bus import Bus
from karez_firmware.drivers.meter_reader import MeterReader
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
        self.bus = Bus(9600, 10, readers)
        self.poll_us = SECOND_US
        self.found = []  # (when, name, reading)

    def run(self, seconds):
        until_us = self.port.us + int(seconds * SECOND_US)
        while self.port.us < until_us:
            finished = self.bus.turn(self.port, self.port.us, self.poll_us)
            if finished:
                name, reading = finished
                self.found.append((self.port.us, name, reading))
            self.port.wait(min(self.bus.next_deadline_us(), until_us))

    def times(self, name):
        return [when for when, found, _ in self.found if found == name]


def test_every_round_reads_each_meter_once_and_the_first_one_first():
    line = Line()
    line.run(5.5)
    assert [name for _, name, _ in line.found] == ["water", "energy"] * 6
    assert line.found[-2][2]["values"]["volume_l"] == 23_879
    assert line.found[-1][2]["values"]["energy_wh"] == 1_000
    assert all(reading["status"] == 0 for _, _, reading in line.found)


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
        assert {reading["status"] for _, found, reading in line.found if found == name} == {1}
        assert {reading["status"] for _, found, reading in line.found if found == other} == {0}
        assert len(line.times(other)) >= 9
        line.well.silent = ()
        line.run(5)
        assert line.found[-1][2]["status"] == line.found[-2][2]["status"] == 0


def test_hurry_begins_a_round_now():
    line = Line()
    line.poll_us = 10 * SECOND_US
    line.run(3)
    assert len(line.times("water")) == 1
    line.bus.hurry()
    line.run(0.5)
    assert len(line.times("water")) == len(line.times("energy")) == 2


def test_hurry_in_the_middle_of_a_round_lets_it_end_and_begins_another():
    line = Line()
    line.poll_us = 10 * SECOND_US
    while not line.bus.is_waiting:
        line.run(0.001)
    line.bus.hurry()
    line.run(2)
    assert [name for _, name, _ in line.found] == ["water", "energy"] * 2


def test_it_is_waiting_exactly_while_an_answer_is_outstanding():
    line = Line()
    for _ in range(3000):
        finished = line.bus.turn(line.port, line.port.us, SECOND_US)
        if line.port._rx:
            assert line.bus.is_waiting
        if finished:
            assert not line.bus.is_waiting
        line.port.wait(line.port.us + 1_000)


def test_a_line_full_of_noise_stops_nothing():
    line = Line()
    line.port.read = lambda: b"\x00\xff\x55"
    line.run(20)
    assert line.found and all(reading["status"] != 0 for _, _, reading in line.found)
    del line.port.read
    line.run(10)
    assert line.found[-1][2]["status"] == line.found[-2][2]["status"] == 0
