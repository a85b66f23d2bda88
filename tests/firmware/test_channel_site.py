"""An open channel as a site: a level becomes litres, the books follow them, and a cut loses none."""

import struct

from karez_firmware import commissioning, configuration
from karez_firmware.store import objects
from karez_protocols import binding, flags, record
from wellhouse import (
    UTC,
    House,
    Well,
    a_binding,
    a_config,
    a_grant,
    document,
    identity,
    memories,
    port_for,
    segment,
)

RATED_LPH = 72_000
CURVE = {"version": 3, "kind": "table", "zero_mm": 10, "rows": [[0, 0], [100, 36_000], [200, 72_000]]}
PROBE = {"quantity": "level", "profile": "qdy30a", "address": 3}


def channel_binding(**changed):
    values = {"profile": "channel", "coefficient_version": 3, "register_base": 0}
    values.update(changed)
    kind = dict(values)
    profile, register_base = kind.pop("profile"), kind.pop("register_base")
    return a_binding([segment(binding.WATER, profile, register_base, **kind)], rated_flow_lph=RATED_LPH)


def channel_config(**changed):
    values = {
        "settings": {"interval_idle_s": 60}, "meters": [dict(PROBE)], "channel": dict(CURVE),
    }  # fmt: skip
    values.update(changed)
    return a_config(**values)


class Probe:
    """A QDY30A in the channel: unit mm, no decimals."""

    def __init__(self):
        self.level_mm = 110
        self.is_silent = False

    def registers(self, start, count, now_us):
        if self.is_silent:
            return None
        table = {2: 17, 3: 1, 4: self.level_mm}
        return b"".join(struct.pack(">h", table.get(at, 0)) for at in range(start, start + count))


def a_channel(nor=None, fram=None, probe=None, utc_s=UTC, **named):
    """A house whose only meter is the probe."""
    if nor is None:
        nor, fram = memories(signed_binding=channel_binding(), config=channel_config())
    port = port_for(nor, fram, Well(), utc_s)
    probe = probe or Probe()
    port.stations = {3: probe}
    house = House(nor, fram, port=port, **named)
    house.probe = probe
    return house


def again(house, after_s=20):
    """A cut, and a new run over the same memories."""
    utc_s = UTC + house.port.us // 1_000_000 + after_s
    return a_channel(house.nor.copy(), house.fram.copy(), house.probe, utc_s)


def test_a_level_becomes_flow_and_flow_becomes_litres_on_record():
    house = a_channel()
    house.run(60)
    began_l = house.app.books.volume_l
    house.run(300)
    # 110 mm on the gauge are 100 above zero: 36 m3/h, read every 10 s.
    counted_l = house.app.books.volume_l - began_l
    assert 2_900 <= counted_l <= 3_100, counted_l
    house.probe.level_mm = 210
    house.run(90)
    interval = house.last(record.INTERVAL)
    assert interval["flow_lph"] == 72_000 and interval["level_mm"] == 210
    assert interval["method"] == record.METERED and interval["held_l"] == 0
    assert not interval["alarms"], interval["alarms"]
    house.check_chain()


def test_nobody_starts_anything_where_there_is_no_contactor():
    house = a_channel()
    house.run(10)
    house.offer(a_grant(1_000_000))
    house.press()
    house.run(20)
    assert "coil 1" not in house.port.said
    assert not [values for values in house.records() if values["kind"] in (record.START, record.STOP)]


def test_a_silent_probe_counts_p_by_rated_flow_and_time_and_is_said():
    house = a_channel()
    house.run(60)
    before_l = house.app.books.volume_l
    house.probe.is_silent = True
    house.run(100)
    books = house.app.books
    assert books.volume_l - before_l <= 100 and 1_800 <= books.held_l <= 2_300, books.held_l
    assert house.app.controller.recorder.alarms & flags.LEVEL_SILENT
    house.probe.is_silent = False
    house.run(60)
    # Nobody saw what flowed: what P counted of it stays.
    assert house.app.books.charged_l - before_l >= 1_800


def test_a_cut_loses_no_litre_that_was_seen():
    house = a_channel()
    house.run(60)
    for _ in range(12):
        house.run(7)
        seen_l = house.app.channel.volume_l
        found = again(house)
        assert seen_l - found.app.channel.volume_l <= 1, (seen_l, found.app.channel.volume_l)
    found.run(120)
    assert found.app.books.volume_l >= seen_l and not found.app.books.is_uncertain
    found.check_chain()


def test_a_lost_head_takes_the_register_from_the_litres_in_the_ring():
    house = a_channel()
    house.run(200)
    recorded_l = house.last(record.INTERVAL)["volume_l"]
    house.fram.write(0, bytes(4096))
    found = again(house)
    assert found.app.channel.volume_l >= recorded_l > 1_000
    found.run(120)
    assert found.app.books.volume_l >= recorded_l and not found.app.books.is_provisional


def test_a_probe_without_a_channel_is_in_the_interval_records_of_a_well():
    meters = document()["meters"] + [dict(PROBE)]
    nor, fram = memories(config=a_config(meters=meters, settings={"interval_idle_s": 60}))
    house = House(nor, fram)
    house.port.stations[3] = Probe()
    house.run(70)
    assert house.last(record.INTERVAL)["level_mm"] == 110 and house.app.channel is None
    assert house.app.books.is_known and house.app.books.volume_l == 0


def refused(name, data, first=()):
    """Why a box that has `first` already does not take an object."""
    nor, fram = memories(provisioned=False)
    port = port_for(nor, fram, Well())
    for sort, known in first:
        objects.write(nor, sort, 0, known)
    try:
        commissioning._check(port, name, data, identity())
    except commissioning.Refused as error:
        return str(error)
    return ""


def test_binding_and_curve_must_fit_whichever_comes_first():
    good = channel_binding()
    assert refused("config", channel_config(), [(objects.BINDING, good)]) == ""
    assert refused("binding", good, [(objects.CONFIG, channel_config())]) == ""
    for bad, text in (
        (channel_binding(coefficient_version=2), "version 2 of the curve, this is 3"),
        (channel_binding(profile="tuf2000m"), "counts by no channel"),
        (channel_binding(method=record.ESTIMATED), "counts by no channel"),
        (channel_binding(register_base=5), "begins at 0"),
        (channel_binding(multiplier_ppm=2_000_000), "begins at 0"),
    ):
        assert text in refused("config", channel_config(), [(objects.BINDING, bad)]), text
        assert text in refused("binding", bad, [(objects.CONFIG, channel_config())]), text
    assert "and there is none" in refused("config", a_config(), [(objects.BINDING, good)])
    steep = dict(CURVE, rows=[[0, 0], [100, 72_001]])
    text = refused("config", channel_config(channel=steep), [(objects.BINDING, good)])
    assert "reaches 72001 L/h" in text


def _curve(channel):
    return configuration.read(channel_config(channel=channel)).curve


def test_a_curve_that_is_none_is_refused():
    weir = {"version": 1, "kind": "weir", "coefficient": 1_000_000, "level_max_mm": 500}
    assert _curve(weir).flow_lph(100) == 1000
    assert _curve(dict(weir, kind="v-notch")).flow_lph(100) == 100_000
    for base, changes in (
        (CURVE, ({"kind": "flume"}, {"kind": None}, {"version": 0}, {"version": None}, {"zero_mm": 1.5},
                 {"rows": []}, {"rows": [[0, 0]]}, {"rows": [[0, 0], [0, 5]]}, {"rows": [[0, 5], [9, 1]]},
                 {"rows": [[0, 0], [9, 1.5]]}, {"rows": [[0, 0], [9]]}, {"rows": [[0, 0], 9]}, {"rows": None},
                 {"coefficient": 5}, {"extra": 1})),
        (weir, ({"coefficient": 0}, {"coefficient": None}, {"level_max_mm": 0}, {"rows": []})),
    ):  # fmt: skip
        for change in changes:
            values = dict(base)
            values.update(change)
            try:
                configuration.read(channel_config(channel=values))
                raise AssertionError("taken: %r" % values)
            except configuration.BadConfiguration:
                pass
    water = document()["meters"][0]
    for meters in ([], [water], [dict(PROBE), water], [dict(PROBE), dict(PROBE)]):
        try:
            configuration.read(channel_config(meters=meters))
            raise AssertionError("taken: %r" % meters)
        except configuration.BadConfiguration:
            pass


def test_a_spare_s_channel_goes_on_from_w_with_a_register_of_its_own():
    carried = channel_binding(base=5_000_000)
    house = a_channel(*memories(signed_binding=carried, config=channel_config()))
    house.run(60)
    began_l = house.app.books.volume_l
    assert 5_000_000 <= began_l <= 5_000_700, began_l
    house.run(300)
    counted_l = house.app.books.volume_l - began_l
    assert 2_900 <= counted_l <= 3_100, counted_l
    after = again(house)
    after.run(60)
    assert after.app.books.volume_l >= began_l + counted_l
