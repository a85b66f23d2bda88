"""What a record says of meters that answered, were silent, or never spoke."""

from desk import SEGMENTS, SITE
from karez_firmware.core.books import Books
from karez_firmware.core.pump import Pump
from karez_firmware.core.recording import UNREAD, Meter, Recorder
from karez_protocols import causes, record

READING = {
    "status": 0, "at_ms": 500, "raw": b"rawbytes", "step": 1, "values": {"flow_lph": 7, "power_w": None},
}  # fmt: skip
HEADER = {"seq": 1, "utc_s": 1, "boot": 1, "uptime_s": 1, "time_state": 2, "grant_seq": 0}


def silent(status=1):
    return {"status": status, "at_ms": None, "raw": bytes(8), "values": {"flow_lph": None}}


def decoded(values):
    """The values after a journey through a slot's content."""
    values.update(HEADER)
    return record.decode(record.encode(values))


def test_a_meter_that_never_spoke_is_unknown_not_zero():
    found = Meter()
    assert found.value("flow_lph") is None and found.age_ds(9_000) is None and found.state == UNREAD
    assert not found.is_gone(10_000_000)


def test_a_silent_meter_keeps_its_raw_register_and_its_age_but_no_value():
    found = Meter()
    found.take(READING, 500)
    assert found.value("flow_lph") == 7 and found.age_ds(1_500) == 10
    found.take(silent(), 2_000)
    assert found.value("flow_lph") is None and found.raw == b"rawbytes" and found.age_ds(2_500) == 20
    assert found.age_ds(500 + 10_000_000_000) == 65_534


def test_a_meter_is_gone_after_two_failures_that_last_three_seconds_and_back_at_once():
    found = Meter()
    found.take(silent(), 1_000)
    assert not found.is_gone(60_000)  # one lost answer is the line's everyday
    found.take(silent(2), 2_000)
    assert not found.is_gone(3_999) and found.is_gone(4_000)
    found.take(READING, 5_000)
    assert not found.is_gone(5_000) and found.state == 0
    found.take(silent(), 6_000)
    assert not found.is_gone(60_000)


def test_every_sort_of_record_encodes_with_nothing_known_and_says_so():
    recorder = Recorder(Books(SITE, SEGMENTS), Pump())
    none = (
        recorder.interval(1_000),
        recorder.irrigation(record.STOP, causes.BUTTON, 7, b"card-001", None, None, 1_000),
        recorder.event(causes.START_REFUSED, 1_000, 5),
        recorder.boot(1, 0, 0, None, 3, 1_000),
        recorder.gap((None, None), None, None, 1_000),
    )
    for values in none:
        found = decoded(values)
        for name in ("volume_l", "energy_wh", "flow_lph", "power_w", "water_age_ds"):
            assert found[name] is None, (found["kind"], name)
        assert found["meters"] == UNREAD | UNREAD << 8


def test_a_gap_names_its_beginning_only_if_outage_and_time_are_known():
    recorder = Recorder(Books(SITE, SEGMENTS), Pump())
    assert decoded(recorder.gap((5, 6), 100, 1_000, 1))["from_utc_s"] == 900
    assert decoded(recorder.gap((5, 6), 100, None, 1))["from_utc_s"] is None
    assert decoded(recorder.gap((5, 6), None, 1_000, 1))["from_utc_s"] is None


def test_an_interval_carries_the_mains():
    recorder = Recorder(Books(SITE, SEGMENTS), Pump())
    values = {"voltage_a_dv": 3801, "current_c_ca": 4400, "power_w": -5}
    recorder.energy.take({"status": 0, "at_ms": 1, "raw": bytes(8), "step": 1, "values": values}, 1)
    found = decoded(recorder.interval(1))
    assert (found["voltage_a_dv"], found["current_c_ca"], found["voltage_b_dv"]) == (3801, 4400, None)
    assert found["power_w"] == -5
