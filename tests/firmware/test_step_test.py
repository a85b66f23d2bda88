"""The step test: steady, long enough, three thirds that agree."""

from desk import FLOW_LPH, POWER_W, pumping, ready
from karez_firmware.core import step_test
from karez_firmware.core.step_test import DONE, REFUSED, RUNNING, StepTest
from karez_protocols import causes, event_details, fields, record


def run(test, seconds, ratio=lambda second: 2500, drawn_w=22_000, step_l=1, step_wh=1, **seen):
    """Feed a second each until the test ends; return the state."""
    ml = 0
    for second in range(seconds + 1):
        wh = 100_000 + drawn_w * second // 3600
        values = {
            "volume_l": (500_000_000 + ml) // 1000 // step_l * step_l,
            "energy_wh": wh // step_wh * step_wh,
            "flow_lph": drawn_w * ratio(second) // 1000,
            "power_w": drawn_w,
        }
        for name, change in seen.items():
            values[name] = change(second)
        if test.step(7_000 + second * 1000, **values) != RUNNING:
            break
        ml += drawn_w * ratio(second) // 3600
    return test.state


def test_a_steady_quarter_of_an_hour_gives_the_ratio():
    test = StepTest(900, 1000, reference_ml_per_wh=2400)
    assert run(test, 899) == RUNNING and test.result is None
    test = StepTest(900, 1000, reference_ml_per_wh=2400)
    assert run(test, 900, level_mm=lambda second: 60_000 - second) == DONE
    result = test.result
    assert 2498 <= result["ratio_ml_per_wh"] <= 2502
    assert result["seconds"] == 900 and result["reference_ml_per_wh"] == 2400
    assert result["spread_permille"] <= 2
    assert (test.level.least, test.level.most) == (59_100, 60_000)
    packed = fields.pack(event_details.layout(causes.STEP_TEST), result)
    assert event_details.decode(causes.STEP_TEST, packed) == result
    # It stays done, whatever comes.
    assert test.step(9_999_999, None, None, None, None) == DONE and test.end() == DONE


def test_without_a_reference_before_it_is_unknown():
    test = StepTest(900, 1000)
    assert run(test, 900) == DONE and test.result["reference_ml_per_wh"] is None


def test_thirds_that_differ_by_more_than_three_percent_are_refused():
    for last, state in ((2500 * 972 // 1000, DONE), (2500 * 968 // 1000, REFUSED)):
        test = StepTest(900, 1000)
        assert run(test, 900, lambda second, last=last: 2500 if second < 600 else last) == state
    assert test.refusal == step_test.UNSTEADY and test.result is None


def test_a_flow_or_a_power_that_swings_is_refused_at_once():
    for name in ("flow_lph", "power_w"):
        test = StepTest(900, 1000)
        seen = {name: lambda second: 20_000 if second < 100 else 15_900}
        assert run(test, 900, **seen) == REFUSED
        assert test.refusal == step_test.UNSTEADY
        assert test._last == (501_512, 100_605)  # second 99 was the last that was taken


def test_a_pump_that_stops_is_refused():
    for name in ("flow_lph", "power_w"):
        for value in (0, -5):
            test = StepTest(900, 1000)
            seen = {name: lambda second, value=value: 20_000 if second < 100 else value}
            assert run(test, 900, **seen) == REFUSED and test.refusal == step_test.STOPPED


def test_lost_flow_and_power_readings_do_no_harm():
    test = StepTest(900, 1000)
    assert run(test, 900, flow_lph=lambda second: None, power_w=lambda second: None) == DONE


def test_a_meter_that_is_unknown_not_good_or_falls_is_refused():
    for seen in (
        {"volume_l": lambda second: None if second == 50 else 1000 + second},
        {"energy_wh": lambda second: None if second == 50 else 1000 + second},
        {"is_good": lambda second: second != 50},
        {"volume_l": lambda second: 1000 + second if second < 50 else 999},
        {"energy_wh": lambda second: 1000 + second if second < 50 else 999},
    ):
        test = StepTest(900, 1000)
        assert run(test, 900, **seen) == REFUSED and test.refusal == step_test.NO_METER
    test = StepTest(900, 1000)
    assert test.step(0, None, None, None, None) == REFUSED


def test_ended_by_hand_it_was_too_short():
    test = StepTest(900, 1000)
    run(test, 899)
    assert test.end() == REFUSED and test.refusal == step_test.TOO_SHORT
    assert test.end() == REFUSED


def test_least_energy_makes_it_longer():
    test = StepTest(900, 7_500)
    assert run(test, 2000) == DONE
    assert 1225 <= test.result["seconds"] <= 1235 and test.result["energy_wh"] >= 7_500


def test_coarse_registers_make_it_longer_and_too_coarse_ones_are_refused():
    test = StepTest(900, 1000, volume_step_l=1, energy_step_wh=10)
    assert run(test, 3000, step_wh=10) == DONE and test.result["seconds"] == 900
    test = StepTest(900, 1000, volume_step_l=100, energy_step_wh=1)
    assert run(test, 3000, step_l=100) == DONE and test.result["seconds"] > 1900
    for steps in ((1000, 1), (1, 1000)):
        test = StepTest(900, 1000, *steps)
        assert run(test, 3000) == REFUSED and test.refusal == step_test.TOO_SHORT
        assert not test.result


def test_a_technician_s_test_at_the_cable_ends_in_a_record_and_a_provisional_reference():
    desk = pumping(1_000_000)
    ratio = desk.parts.crosscheck.ratio
    desk.change("steptest", "120")
    assert desk.step().answers == ["done steptest"]
    lines = []
    for _ in range(2_000):
        lines += desk.step().answers
    assert len(lines) == 1 and lines[0].startswith("result steptest 27")
    detail = desk.event(causes.STEP_TEST)["detail"]
    found = event_details.decode(causes.STEP_TEST, detail)
    assert abs(found["ratio_ml_per_wh"] - FLOW_LPH * 1000 // POWER_W) <= 20
    assert ratio.is_provisional and abs(ratio.reference_ml_per_wh - found["ratio_ml_per_wh"]) <= 1
    assert desk.controller.trial is None
    desk.check_records()


def test_a_test_that_cannot_tell_says_why_and_changes_nothing():
    desk = ready(1_000_000)
    for words, why in (
        (("steptest", "300"), "start the pump"),
        (("steptest", "5"), "a test lasts"),
        (("steptest", "end"), "no test"),
        (("steptest", "soon"), "expected"),
        (("steptest",), "expected"),
    ):
        desk.change(*words)
        assert desk.step().answers[0].startswith("refused steptest " + why), words
    desk = pumping(1_000_000)
    desk.change("steptest", "300")
    desk.run(10)
    desk.change("steptest", "end")
    lines = desk.step().answers + desk.step().answers
    assert lines[0] == "done steptest" and "too short" in lines[1]
    desk.change("steptest", "300")
    desk.run(10)
    desk.water_status = 1
    lines = []
    for _ in range(40):
        lines += desk.step().answers
    assert lines == ["refused steptest a meter was not believed"] and desk.closed
    assert desk.count(record.EVENT, causes.STEP_TEST) == 0


def test_a_well_without_both_meters_has_nothing_to_test():
    from desk import CONVERTED, Desk, a_grant

    desk = Desk(segments=CONVERTED)
    desk.run(4)
    desk.rights.install(*a_grant(1_000_000))
    desk.press()
    desk.run(4)
    desk.change("steptest", "300")
    assert desk.step().answers[0].startswith("refused steptest a well with a water meter")
