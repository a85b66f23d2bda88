"""Several protocols and speeds on one line, and lines that know nothing of each other."""

import json

from karez_firmware.drivers.bus import Bus
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols import cjt188_data, cjt188_frames, dlt645_data, dlt645_messages
from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile
from wellhouse import Well, memories, port_for

SECOND_US = 1_000_000
ENERGY_ADDRESS = "123456789012"
WATER_ADDRESS = "00000805000001"


class PowerMeter:
    """A DL/T 645 meter that answers the identifiers it has, refuses the others and counts who asked how."""

    def __init__(self, port):
        self.port = port
        self.energy_wh = 12_345_670
        self.lacks = ()
        self.heard_at = set()

    def talk(self, frame):
        try:
            request = dlt645_messages.decode_message(frame)
        except ProtocolError:
            return None
        if request.address != ENERGY_ADDRESS:
            return None
        self.heard_at.add((self.port.baud, self.port.character_bits))
        data = None if request.di in self.lacks else self.data(request.di)
        if data is None:
            return dlt645_messages.encode_message(dlt645_messages.Refused(request.address, 0x11, 2), 4)
        return dlt645_messages.encode_message(
            dlt645_messages.ReadReply(request.address, request.di, data, False), 4
        )

    def data(self, di):
        values = {
            0x00010000: [self.energy_wh],
            0x00020000: [0],
            0x0201FF00: [2302, 2298, 2305],
            0x0202FF00: [41_250, 41_000, 40_990],
            0x02030000: [223_456],
            0x02800002: [5001],
        }.get(di)
        return values and dlt645_data.encode_values(di, values)


class WaterMeter:
    """A CJ/T 188 meter."""

    def __init__(self, port):
        self.port = port
        self.centi_m3 = 12_300
        self.sers = []

    def talk(self, frame):
        try:
            request = cjt188_frames.decode(frame)
        except ProtocolError:
            return None
        self.sers.append(request.ser)
        self.centi_m3 += 1
        data = cjt188_data.encode_metering(
            cjt188_data.Metering(
                self.centi_m3, 0x2C, 0, 0x2C, bytes(7), cjt188_data.status_bytes("open", False)
            )
        )
        return cjt188_frames.encode(cjt188_frames.answer(request, 0x10, WATER_ADDRESS, data))


class Site:
    """A port with one line and the readers of these meters: (name, profile, address)."""

    def __init__(self, meters):
        self.well = Well()
        self.port = port_for(*memories(provisioned=False), well=self.well)
        self.power, self.water = PowerMeter(self.port), WaterMeter(self.port)
        self.port.talkers = [self.power.talk, self.water.talk]
        readers = []
        for name, profile, address in meters:
            document = json.loads(self.port.resource("karez_protocols/profiles/%s.json" % profile))
            readers.append((name, MeterReader(Profile(document), address)))
        self.bus = Bus(self.port, readers)
        self.last = {}

    def run(self, seconds, poll_us=SECOND_US):
        until_us = self.port.us + int(seconds * SECOND_US)
        while self.port.us < until_us:
            finished = self.bus.turn(self.port.us, poll_us)
            if finished:
                self.last[finished[0]] = finished[1]
            self.port.wait(min(self.bus.next_deadline_us(), until_us))


TUF = ("water", "tuf2000m", 1)
POWER = ("energy", "dlt645-2007", ENERGY_ADDRESS)


def test_a_modbus_and_a_dlt645_meter_share_a_pair_each_at_its_own_speed():
    site = Site((TUF, POWER))
    site.run(10)
    assert site.last["water"]["status"] == site.last["energy"]["status"] == 0
    assert site.last["water"]["values"]["volume_l"] == 23_879
    values = site.last["energy"]["values"]
    assert (values["energy_wh"], values["power_w"]) == (12_345_670, 22_346)
    assert (values["voltage_b_dv"], values["current_a_ca"], values["frequency_chz"]) == (2298, 4125, 5001)
    assert site.last["energy"]["raw"] == b"\x67\x45\x23\x01" + bytes(4)
    assert site.power.heard_at == {(2400, 11)} and (site.port.baud, site.port.character_bits) in (
        (9600, 10),
        (2400, 11),
    )


def test_what_the_meter_lacks_beside_its_total_is_unknown_and_the_rest_stands():
    site = Site((POWER,))
    site.power.lacks = (0x00020000, 0x02800002)
    site.run(5)
    reading = site.last["energy"]
    assert reading["status"] == 0 and reading["values"]["energy_wh"] == 12_345_670
    assert reading["values"]["energy_export_wh"] is None and reading["values"]["frequency_chz"] is None
    assert reading["values"]["power_w"] == 22_346


def test_a_meter_that_lacks_its_total_is_refused_with_its_error_word():
    site = Site((POWER,))
    site.power.lacks = (0x00010000,)
    site.run(5)
    assert site.last["energy"]["status"] == 4 and site.last["energy"]["code"] == 2
    assert all(value is None for value in site.last["energy"]["values"].values())


def test_a_cjt188_meter_tells_litres_and_its_flow_follows_from_them():
    site = Site((("water", "cjt188", WATER_ADDRESS),))
    site.run(30)
    values = site.last["water"]["values"]
    assert site.last["water"]["status"] == 0 and values["volume_l"] == 10 * site.water.centi_m3
    # One step of 10 L a second.
    assert abs(values["flow_lph"] - 36_000) < 2_000
    assert all(a != b for a, b in zip(site.water.sers, site.water.sers[1:]))


def test_a_silent_dlt645_meter_leaves_the_modbus_meter_its_beat():
    site = Site((TUF, POWER))
    site.port.talkers = []
    site.port.write = quiet_for_others(site.port)
    site.run(60)
    assert site.last["energy"]["status"] == 1 and site.last["water"]["status"] == 0
    assert len([1 for _, address in site.port.requests if address == 1]) >= 3 * 55


def quiet_for_others(port):
    """The port's write, for frames that are Modbus; others go nowhere."""
    write = port.write

    def only_modbus(data):
        if data[0] < 0xFE:
            write(data)

    return only_modbus


def test_a_long_reading_lets_the_water_meter_keep_its_beat():
    site = Site((TUF, POWER))
    times = {"water": [], "energy": []}
    until_us = site.port.us + 60 * SECOND_US
    while site.port.us < until_us:
        finished = site.bus.turn(site.port.us, SECOND_US)
        if finished:
            name, reading = finished
            assert reading["status"] == 0 and site.port.us // 1000 - reading["at_ms"] < 2_500
            times[name].append(site.port.us)
        site.port.wait(min(site.bus.next_deadline_us(), until_us))
    gaps = [after - before for before, after in zip(times["water"], times["water"][1:])]
    # Late by one request of the other meter and its change of speed, at most: 16 + 38 characters.
    assert len(gaps) >= 58 and max(gaps) < SECOND_US + 330_000, gaps
    # Six requests take 1.7 s of the line: the power meter has what the water meter leaves.
    assert len(times["energy"]) >= 22


def test_a_switching_drops_a_reading_that_pauses():
    site = Site((TUF, POWER))
    while not site.bus._readers[1][1].is_paused:
        site.bus.turn(site.port.us, SECOND_US)
        site.port.wait(site.bus.next_deadline_us())
    site.power.energy_wh += 1_000_000
    site.bus.hurry(site.port.us)
    site.last.clear()
    while "energy" not in site.last:
        site.run(0.1)
    reading = site.last["energy"]
    assert reading["status"] == 0 and reading["values"]["energy_wh"] == 13_345_670
    assert reading["values"]["frequency_chz"] == 5001
