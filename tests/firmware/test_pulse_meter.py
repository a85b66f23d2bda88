"""A water meter that sends a pulse per 100 L: the register is the controller's own, in FRAM."""

from karez_firmware import configuration
from karez_firmware.console import deed
from karez_firmware.store import objects
from karez_protocols import binding, causes, record
from wellhouse import House, a_binding, a_config, a_grant, document, memories, segment

MILLI = 100_000  # 100 L
METERS = [
    {"quantity": "water", "pulse_milli": MILLI},
    {"quantity": "energy", "profile": "sdm630", "address": 2},
]
SEGMENTS = [segment(binding.WATER, "pulse", 0), segment(binding.ENERGY, "sdm630", 1_000)]


class PulseHouse(House):
    """A well whose water meter closes a contact once per 100 L."""

    sent = 0

    def turn(self):
        self.well.go_on(self.port.us)
        due = self.well.litres * 1000 // MILLI
        if due > self.sent and self.port.is_sound[0]:
            self.port.pulses[0] += due - self.sent
        self.sent = due
        super().turn()


def a_house():
    given = memories(signed_binding=a_binding(SEGMENTS), config=a_config(meters=METERS))
    house = PulseHouse(*given)
    house.run(5)
    house.offer(a_grant(3_000))
    return house


def pumping(house, seconds):
    house.press()
    house.run(seconds)
    return house


def test_pulses_are_booked_and_the_ceiling_stops_within_two_of_them():
    house = pumping(a_house(), 60)
    assert house.app.controller.is_pumping and house.app.books.volume_l == house.sent * 100 > 800
    house.run(200)
    assert not house.app.controller.is_pumping
    stop = house.last(record.STOP)
    assert 3_000 <= stop["volume_l"] <= 3_100 and stop["volume_l"] == house.sent * 100
    assert int.from_bytes(stop["water_raw"], "big") == house.sent


def test_the_flow_follows_from_the_time_between_pulses_and_ends_with_them():
    house = pumping(a_house(), 60)
    flow_lph = house.app.controller.recorder.water.value("flow_lph")
    assert abs(flow_lph - 60_000) < 3_000
    house.press("stop")
    house.run(40)
    assert house.app.controller.recorder.water.value("flow_lph") == 0
    assert house.last(record.STOP)["volume_l"] == house.sent * 100


def test_a_power_cut_loses_at_most_the_pulse_that_is_going_on():
    house = pumping(a_house(), 47)
    counted = house.sent
    after = house.again()
    assert after.app.journal.head["water_pulses"] == counted
    after.__class__ = PulseHouse
    after.sent = after.well.litres * 1000 // MILLI
    after.run(20)
    assert after.app.books.volume_l == counted * 100


def test_a_lost_head_finds_the_count_in_the_newest_record():
    house = pumping(a_house(), 60)
    house.press("stop")
    house.run(30)
    written = int.from_bytes(house.last(record.STOP)["water_raw"], "big")
    house.fram.write(0, bytes(1024))
    after = house.again()
    assert after.app.journal.is_rebuilt and after.app.journal.head["water_pulses"] == written > 5


def test_a_meter_that_sends_pulses_in_the_place_of_one_on_the_line_begins_at_0():
    house = House()
    house.run(5)
    deed.record(house.app, causes.CONFIG_REPLACED, {"number": 7, "digest": bytes(22)})
    assert int.from_bytes(house.last(record.EVENT)["water_raw"], "big") > 0  # the old meter's register
    objects.write(house.nor, objects.CONFIG, 0, a_config(meters=METERS))
    after = house.again()
    after.run(20)
    assert after.app.journal.head["water_pulses"] == 0
    assert after.app.controller.recorder.water.value("volume_l") == 0


def test_a_broken_loop_is_a_silent_meter_and_p_counts():
    house = pumping(a_house(), 30)
    booked_l = house.app.books.volume_l
    house.port.is_sound[0] = False
    house.run(30)
    assert house.app.controller.recorder.alarms & 16  # water silent
    assert house.app.books.volume_l == booked_l and house.app.books.held_l > 300
    house.port.is_sound[0] = True
    house.run(5)
    assert not house.app.controller.recorder.alarms & 16


def test_a_pulse_meter_is_checked_like_any_other():
    for name, value in (("pulse_milli", 0), ("pulse_milli", "1"), ("pulse_milli", 10_000_001), ("input", 2)):
        meter = dict(METERS[0])
        meter[name] = value
        said = ""
        try:
            configuration.read(a_config(meters=[meter, METERS[1]]))
        except configuration.BadConfiguration as error:
            said = str(error)
        assert name in said, (name, value)


def test_the_pulse_output_of_a_meter_may_be_its_witness_and_its_count_is_nobodys_register():
    meters = document()["meters"]
    meters.append({"quantity": "witness", "pulse_milli": 10_000})
    house = House(*memories(config=a_config(meters=meters)))
    house.run(5)
    house.offer(a_grant(100_000))
    house.press()
    for _ in range(160):  # a third of the pulses get through
        house.port.pulses[0] += 1
        house.run(2)
    assert house.app.controller.recorder.witness.value("volume_l") == 1_600
    assert house.app.books.volume_l > 5_000 and (record.EVENT, causes.CHANNELS_DIFFER) in house.kinds()
    assert house.app.journal.head["water_pulses"] is None
    again = house.again()
    again.run(5)
    assert again.app.controller.recorder.witness.value("volume_l") == 0
