"""What is written down: every record encodes, says who and how much, and comes in the right order."""

from desk import CARD, UTC, Desk, a_grant, detail_of, domestic, pumping, ready
from karez_firmware.core.recording import UNREAD
from karez_firmware.store import head
from karez_protocols import causes, event_details, flags, grant, record

SEGMENT_TOLD = (record.EVENT, causes.SEGMENT_OPENED)


def after(desk, count):
    """(kind, cause) of the records behind the first so many."""
    return desk.kinds()[count:]


def test_start_and_stop_say_who_what_he_has_used_and_up_to_where():
    desk = ready(1000)
    for number in (1, 2):
        desk.press()
        desk.run(8)
        desk.press("stop")
        desk.run(5)
        start, stop = desk.last(record.START), desk.last(record.STOP)
        assert start["account"] == stop["account"] == 7 and start["credential"] == CARD
        assert start["account_l"] == start["volume_l"] and stop["account_l"] == stop["volume_l"]
        assert start["ceiling_l"] == stop["ceiling_l"] == 1000
        assert (start["cause"], stop["cause"]) == (causes.CARD, causes.BUTTON)
        assert stop["volume_l"] == desk.litres
        assert desk.count(record.START, causes.CARD) == desk.count(record.STOP, causes.BUTTON) == number
    desk.check_records()


def test_a_swap_tells_of_the_segment_first_and_then_of_both_meters():
    desk = pumping()
    desk.press("stop")
    desk.run(5)
    assert desk.controller.is_pumping is False
    closing = desk.register_l + desk.litres
    count = len(desk.records)
    desk.change("swap", "water", "OLD-1", str(closing), "NEW-1", "500")
    assert desk.step().answers == ["done swap"]
    assert after(desk, count) == [
        SEGMENT_TOLD, (record.EVENT, causes.METER_CLOSED), (record.EVENT, causes.METER_OPENED),
    ]  # fmt: skip
    opened = detail_of(desk.event(causes.SEGMENT_OPENED))
    assert (opened["number"], opened["closing"], opened["base"]) == (3, closing, desk.litres)
    assert (opened["register_base"], opened["reason"]) == (500, event_details.SWAP)
    assert desk.event(causes.SEGMENT_OPENED)["subject"] == 1_000_000
    told = detail_of(desk.event(causes.METER_CLOSED))
    assert (told["serial"], told["register"], told["quantity"]) == ("OLD-1", closing, grant.WATER)
    assert detail_of(desk.event(causes.METER_OPENED))["serial"] == "NEW-1"
    desk.register_l = 500 - desk.litres
    desk.press()
    desk.run(6)
    desk.press("stop")
    desk.run(5)
    assert desk.last(record.STOP)["volume_l"] == desk.litres and desk.last(record.STOP)["segment"] == 3
    desk.check_records()


def test_what_a_person_may_not_say_is_refused_in_words_and_changes_nothing():
    desk = pumping()
    desk.change("reset")
    assert desk.step().answers == ["refused reset stop the pump first"]
    desk.press("stop")
    desk.run(5)
    count = len(desk.records)
    for words in (
        ("swap", "water", "A", "1", "B"),  # a word is missing
        ("swap", "wine", "A", "1", "B", "2"),
        ("swap", "water", "A", "one", "B", "2"),
        ("swap", "water", "A" * 17, "30000", "B", "2"),  # no record holds such a serial number
        ("swap", "water", "A", "1", "B", "2"),  # below the last reading
        ("convert", "2000000", "1"),  # a metered well
        ("confirm", "water"),  # there is nothing to confirm
        ("confirm",),
        ("sing",),
    ):
        desk.change(*words)
        answer = desk.step().answers[0]
        assert answer.startswith("refused " + words[0]), answer
    assert len(desk.records) == count and desk.books.segment == 1


def test_a_take_over_by_energy_and_its_new_coefficient_have_their_segments():
    desk = pumping()
    desk.press("stop")
    desk.run(5)
    desk.change("takeover", "2727272", "4")
    desk.change("convert", "2500000", "5")
    assert desk.step().answers == ["done takeover", "done convert"]
    subjects = [v["subject"] for v in desk.records if v["cause"] == causes.SEGMENT_OPENED]
    assert subjects == [2_727_272, 2_500_000]
    desk.check_records()


def test_a_new_segment_is_told_before_the_stop_and_the_interval_that_stand_in_it():
    desk = pumping(settings={"interval_pumping_s": 60})
    desk.register_l -= 20_000  # another meter, and nobody said so
    desk.step_ms = 500
    desk.run(90)
    assert desk.books.segment == 3 and SEGMENT_TOLD in desk.kinds()
    desk.press("stop")
    desk.run(6)
    assert desk.last(record.STOP)["segment"] == 3
    desk.check_records()
    desk.change("confirm", "water")
    assert desk.step().answers == ["done confirm"]
    assert detail_of(desk.event(causes.SEGMENT_CONFIRMED))["is_confirmed"] == 1


def test_a_gap_between_two_readings_has_its_record_behind_any_segment_it_opens():
    desk = pumping(5000)
    desk.step_ms = 500
    desk.water_status = 1
    desk.run(120)
    desk.water_status = 0
    desk.run(10)
    gap = desk.last(record.GAP)
    assert gap["volume_before_l"] < gap["volume_l"] and gap["outage_s"] >= 120
    assert gap["from_utc_s"] == UTC + desk.now_ms // 1000 - gap["outage_s"] or gap["outage_s"] > 120
    assert abs(desk.books.volume_l - desk.litres) <= 17
    desk.check_records()


def test_a_gap_without_trusted_time_says_so():
    desk = pumping()
    values = head.fresh()
    values.update({"register_l": desk.books.water.last, "energy_register_wh": desk.books.energy.last})
    again = Desk(restored=values)
    again.register_wh += desk.work_mwh // 3_600_000
    again.controller.readings.outage_s = again.controller.readings.energy_outage_s = None
    again.clock_s, again.time_state = None, record.TIME_UNKNOWN
    again.register_l += desk.litres
    again.run(6)
    gap = again.last(record.GAP)
    assert gap["outage_s"] is None and gap["from_utc_s"] is None
    again.check_records()


def test_a_wild_reading_is_on_record_once_and_no_value_keeps_a_record_from_being_written():
    desk = pumping(settings={"interval_pumping_s": 60})
    desk.voltages, desk.currents = (2200, 70_000, 2200), (-3_000, 3_000, 1_000_000)
    desk.level_status, desk.level_mm = 0, 1 << 40
    for _ in range(5):
        desk.register_l += 1 << 30
        desk.foreign_lph, desk.power_says = 1 << 33, 1 << 40
        desk.run(1)
        desk.register_l -= 1 << 30
        desk.foreign_lph, desk.power_says, desk.metered_mlh = 0, None, desk.litres_mlh
        desk.run(1)
    assert desk.count(record.EVENT, causes.READING_HELD) == 1
    desk.foreign_lph, desk.power_says = 1 << 33, 1 << 40
    desk.step_ms = 500
    desk.run(70)
    interval = desk.last(record.INTERVAL)
    assert interval["flow_lph"] is None and interval["power_w"] is None and interval["level_mm"] is None
    assert interval["voltage_b_dv"] is None and interval["voltage_a_dv"] == 2200
    assert interval["current_a_ca"] == 3_000 and interval["current_c_ca"] is None
    desk.check_records()


def test_a_person_puts_the_water_meter_back_over_the_power_meter_that_stood_for_it():
    desk = ready(100_000)
    desk.change("takeover", "2727272", "4")
    assert desk.step().answers == ["done takeover"] and desk.books.is_converted
    before_l = desk.books.volume_l
    desk.register_l = 500_000 - desk.metered_mlh // 3_600_000  # a new meter, put on where the old one failed
    desk.change("takeover", "1000000", "0", "500000")
    assert desk.step().answers == ["done takeover"] and not desk.books.is_converted
    desk.run(2)
    assert desk.books.volume_l == before_l
    desk.press()
    desk.run(20)
    assert desk.closed and desk.books.volume_l - before_l == desk.register_l + desk._stood_l - 500_000 > 100
    assert desk.count(record.EVENT, causes.SEGMENT_OPENED) == 2
    desk.press("stop")
    desk.run(20)
    desk.change("takeover", "1000000", "0", "500000", "1")
    desk.change("takeover", "1000000", "0", "none")
    assert all(line.startswith("refused takeover expected") for line in desk.step().answers)


def test_meters_that_fall_silent_have_their_alarm_their_event_and_their_return():
    desk = ready()
    desk.level_status = 0
    desk.level_mm = 41_000
    desk.run(2)
    desk.level_status = desk.energy_status = 1
    desk.run(5)
    alarms = desk.controller.recorder.alarms
    assert alarms & flags.LEVEL_SILENT and alarms & flags.ENERGY_SILENT and not alarms & flags.WATER_SILENT
    assert desk.event(causes.METER_SILENT)["subject"] == 1
    desk.level_status = desk.energy_status = 0
    desk.run(2)
    assert not desk.controller.recorder.alarms & (flags.LEVEL_SILENT | flags.ENERGY_SILENT)
    assert desk.count(record.EVENT, causes.METER_BACK) == 2


def test_a_second_water_meter_rules_nothing_and_tells_when_the_two_differ_or_it_is_silent():
    desk = ready(100_000)
    desk.witness_status = 0
    desk.step_ms = 500
    desk.press()
    desk.run(400)
    recorder = desk.controller.recorder
    assert desk.closed and not recorder.alarms & (flags.CHANNELS | flags.WITNESS_SILENT)
    desk.witness_permille = 900
    desk.run(600)
    assert recorder.alarms & flags.CHANNELS and desk.count(record.EVENT, causes.CHANNELS_DIFFER) == 1
    assert desk.closed and desk.books.volume_l == desk.litres
    desk.witness_status = 1
    desk.run(5)
    assert recorder.alarms & flags.WITNESS_SILENT and desk.closed
    desk.witness_status, desk.witness_permille = 0, 1000
    desk.run(700)
    assert not recorder.alarms & (flags.CHANNELS | flags.WITNESS_SILENT)
    assert desk.count(record.EVENT, causes.METER_BACK) == 1


def test_before_the_first_answer_a_meter_is_unread_and_has_no_age():
    desk = Desk()
    desk.read_ms = 1 << 30
    desk.press()
    desk.step()
    found = desk.last(record.EVENT)
    assert found["water_age_ds"] is None and found["meters"] == UNREAD | UNREAD << 8
    assert found["volume_l"] is None
    desk.check_records()


def test_the_door_is_told_when_it_moves_and_its_opening_is_covered_by_a_signature():
    desk = ready()
    desk.door = False
    desk.step()
    assert (record.EVENT, causes.DOOR_CLOSED) not in desk.kinds()  # shut as it should be
    desk.door = True
    assert desk.step().checkpoint and not desk.step().checkpoint
    assert desk.event(causes.DOOR_OPENED) and desk.controller.recorder.status & flags.DOOR_OPEN
    desk.door = False
    assert not desk.step().checkpoint
    assert desk.event(causes.DOOR_CLOSED) and not desk.controller.recorder.status & flags.DOOR_OPEN


def test_a_village_s_irrigation_without_books_or_right_is_written_with_what_is_unknown():
    desk = Desk(domestic())
    desk.water_status = desk.energy_status = 1
    desk.press()
    desk.run(8)
    assert desk.closed and desk.controller.left_l() is None
    start = desk.last(record.START)
    assert start["volume_l"] is None and start["ceiling_l"] is None
    desk.press("stop")
    desk.run(20)
    desk.check_records()


def test_a_long_silence_of_the_gateway_and_a_segment_nobody_confirms_warn_once_and_stop_nobody():
    desk = pumping(10_000)
    desk.register_l -= 20_000
    desk.run(15)
    assert desk.books.is_provisional
    desk.controller.watch.quiet_since(UTC)
    desk.rights.install(*a_grant(10_000, 2, to_utc_s=UTC + 10_000_000))
    desk.run(1)
    desk.clock_s += 31 * 86_400
    desk.run(5)
    alarms = desk.controller.recorder.alarms
    assert alarms & flags.QUIET and alarms & flags.OVERDUE and desk.closed
    assert desk.count(record.EVENT, causes.QUIET) == desk.count(record.EVENT, causes.PROVISIONAL_OVERDUE) == 1
    assert desk.count(record.EVENT, causes.CLOCK_STEPPED) == 1
    desk.check_records()
