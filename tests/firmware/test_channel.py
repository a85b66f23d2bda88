"""An open channel: a level becomes a flow, a flow litres, and what nobody saw is not counted."""

from karez_firmware.core import channel
from karez_firmware.core.books import Books
from karez_firmware.core.channel import Channel
from karez_firmware.core.rating_curve import TABLE, Curve
from karez_protocols import fields, grant, record

CURVE = Curve(TABLE, 1, zero_mm=10, rows=[(0, 0), (100, 100_000), (200, 300_000)])
SITE = {"upper_ml_per_wh": 0, "rated_flow_lph": 300_000, "rated_power_w": None, "riser_l": 0}
SEGMENT = {
    "quantity": grant.WATER, "method": record.METERED, "base": 0, "register_base": 0,
    "multiplier_ppm": 1_000_000, "coefficient_version": 0,
}  # fmt: skip


def gauge(level_mm, at_ms, status=0):
    """A reading of the level gauge as meter_reader gives it."""
    return {
        "status": status, "values": {"level_mm": level_mm}, "raw": b"\x00\x6e" + bytes(6),
        "at_ms": at_ms if status == 0 else None, "code": 0, "measuring": None, "modulus": None, "step": 5,
    }  # fmt: skip


def test_a_reading_has_the_shape_of_a_water_meters():
    reading = Channel(CURVE).take(gauge(110, 1000))
    assert reading == {
        "status": 0, "values": {"volume_l": 0, "flow_lph": 100_000, "level_mm": 110},
        "raw": b"\x00\x6e" + bytes(6), "at_ms": 1000, "code": 0, "measuring": False,
        "modulus": None, "step": 1,
    }  # fmt: skip


def test_an_hour_at_one_level_is_its_flow_to_the_litre():
    found = Channel(CURVE)
    for second in range(3601):
        reading = found.take(gauge(110, second * 1000))
    assert reading["values"]["volume_l"] == 100_000 and reading["measuring"]


def test_a_rising_level_counts_the_mean_of_both_ends_and_keeps_the_rest():
    found = Channel(CURVE)
    found.take(gauge(10, 0))
    found.take(gauge(110, 36_000))  # 0 to 100 m3/h within 36 s: 500 l
    assert found.volume_l == 500
    for at in range(1, 8):
        found.take(gauge(110, 36_000 + at))  # 27.8 ml each
    assert found.volume_l == 500
    found.take(gauge(110, 36_036))
    assert found.volume_l == 501


def test_below_the_zero_of_the_gauge_nothing_flows_and_nothing_runs_back():
    found = Channel(CURVE)
    for at, level_mm in enumerate((110, 110, 10, -400, 0, 110)):
        found.take(gauge(level_mm, at * 10_000))
    assert found.volume_l == (100_000 + 50_000 + 0 + 0 + 50_000) * 10 // 3600


def test_an_unknown_level_counts_nothing_and_the_next_reading_says_so():
    for unseen in (gauge(None, 20_000), gauge(211, 20_000), gauge(None, 0, status=1)):
        found = Channel(CURVE)
        found.take(gauge(110, 0))
        found.take(gauge(110, 10_000))
        before = found.volume_l
        reading = found.take(unseen)
        assert reading["measuring"] is False and reading["values"]["flow_lph"] is None
        assert reading["values"]["volume_l"] == (None if unseen["status"] else before)
        assert found.take(gauge(110, 30_000))["measuring"] is False and found.volume_l == before
        assert found.take(gauge(110, 40_000))["measuring"] and found.volume_l == 555


def test_two_levels_more_than_a_minute_apart_say_nothing_of_the_time_between():
    found = Channel(CURVE)
    found.take(gauge(110, 0))
    assert found.take(gauge(110, 60_000))["measuring"] and found.volume_l == 1_666
    assert found.take(gauge(110, 120_001))["measuring"] is False and found.volume_l == 1_666


def test_the_register_and_its_rest_survive_a_power_cut():
    found = Channel(CURVE)
    for at in range(8):
        found.take(gauge(137, at * 7_777))
    packed = fields.pack(channel.LAYOUT, found.snapshot())
    again = Channel(CURVE)
    again.restore(fields.unpack(channel.LAYOUT, packed))
    assert again.snapshot() == found.snapshot() and again.volume_l == found.volume_l > 0
    again.restore({"channel_l": None, "channel_rest": None})
    assert again.volume_l == 0 and again.snapshot()["channel_rest"] == 0


def read(books, reading, now_ms):
    """As the controller hands a reading on."""
    books.tick(now_ms, True)  # no contactor: water may always flow
    if reading["values"]["volume_l"] is not None:
        books.read_water(
            reading["values"]["volume_l"], reading["at_ms"], None, reading["step"],
            measuring=reading["measuring"], flow_lph=reading["values"]["flow_lph"],
        )  # fmt: skip
    books.tick(now_ms, True)


def test_the_books_count_a_channel_and_p_by_rated_flow_where_its_level_is_unknown():
    books, found = Books(SITE, [SEGMENT]), Channel(CURVE)
    for second in range(101):
        read(books, found.take(gauge(110, second * 1000)), second * 1000)
    assert books.volume_l == found.volume_l == 2_777 and books.held_l == 0
    assert books.method == record.METERED
    for second in range(101, 111):
        read(books, found.take(gauge(None, 0, status=1)), second * 1000)
    assert books.held_l == 833 and books.volume_l == 2_777 and books.method == record.ESTIMATED
    for second in range(111, 131):
        read(books, found.take(gauge(110, second * 1000)), second * 1000)
    # Nobody has seen what flowed in 12 s: it stays, at the rated flow; what was seen is counted.
    assert books.charged_l >= 2_777 + 900 + 500 and books.water.last == found.volume_l
    assert books.charged_l <= 2_777 + 1_100 + 600
