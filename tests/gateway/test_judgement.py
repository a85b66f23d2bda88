"""What the figures of a check mean, at the very edge of each bound."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.technician import judgement
from karez_gateway.technician.commissioning import (
    CHECKS,
    ContactorCheck,
    CtCheck,
    DialCheck,
    PulseCheck,
    ScanCheck,
    Skipped,
    StepCheck,
)
from karez_gateway.technician.report_words import REASONS

from .commissionings import checks, sample


def scan(profile="tuf2000m"):
    found = {"address": "1", "baud": 9600, "sure_pct": 90}
    if profile is None:
        found = dict.fromkeys(found)
    return judgement.made(
        ScanCheck, quantity="water", line=0, addresses="1-32", bauds=(9600,), profile=profile, **found
    )


def ct(power_w, voltage_dv=4000, current_ma=100_000, factor=1000):
    return judgement.made(
        CtCheck, power_w=power_w, voltage_dv=voltage_dv, current_ma=current_ma, power_factor_permille=factor
    )


def pulse(pulses, litres, step=1, milli=100_000):
    return judgement.made(
        PulseCheck,
        quantity="water",
        pulse_milli=milli,
        pulses=pulses,
        dial_before=5,
        dial_after=5 + litres,
        dial_step=step,
    )


def dial(by_dial, by_controller, step=10):
    return judgement.made(
        DialCheck,
        quantity="water",
        dial_before=700,
        dial_after=700 + by_dial,
        dial_step=step,
        register_before=9000,
        register_after=9000 + by_controller,
    )


def contactor(close_ms, open_ms):
    return judgement.made(ContactorCheck, feedback="contact", close_ms=close_ms, open_ms=open_ms)


def step(litres, wh, step_l=1, step_wh=1):
    return judgement.made(
        StepCheck, seconds=1800, volume_l=litres, energy_wh=wh, volume_step_l=step_l, energy_step_wh=step_wh
    )


# 400 V, 100 A, factor 1: 69 282 W.
CASES = [
    (scan(), None),
    (scan(None), "nothing-answered"),
    (ct(69_282), None),
    (ct(76_210), None),  # 9.9997 %
    (ct(76_211), "ct-off"),
    (ct(62_354), None),
    (ct(62_353), "ct-off"),
    (ct(1_732), "ct-off"),  # a ratio of 40 forgotten
    (ct(0, current_ma=0), "no-current"),
    (pulse(10, 1000), None),
    (pulse(9, 900), "few-pulses"),
    (pulse(10, 1101), None),  # one pulse and one step of the dial
    (pulse(10, 1102), "pulses-off"),
    (pulse(10, 899), None),
    (pulse(10, 898), "pulses-off"),
    (pulse(100, 1000), "pulses-off"),  # the weight is ten times too much
    (dial(1000, 1000), None),
    (dial(1000, 1010), None),
    (dial(1000, 1011), "dial-off"),
    (dial(1000, 990), None),
    (dial(1000, 989), "dial-off"),
    (dial(999, 999), "dial-coarse"),
    (dial(0, 0), "dial-stood"),
    (dial(0, 700), "dial-stood"),
    (dial(-10, 0), "dial-stood"),
    (contactor(400, 300), None),
    (contactor(5000, 5000), None),
    (contactor(5001, 300), "slow-feedback"),
    (contactor(400, 5001), "slow-feedback"),
    (contactor(None, 300), "no-feedback"),
    (contactor(400, None), "no-feedback"),
    (contactor(0, 0), None),
    (step(24_980, 7_310), None),
    (step(100, 50), None),  # 1/100 + 1/50: exactly 3 %
    (step(100, 49), "step-coarse"),
    (step(0, 50), "nothing-flowed"),
    (step(100, 0), "nothing-flowed"),
]


@pytest.mark.parametrize(
    ("check", "why"), CASES, ids=[f"{one.kind}-{at}" for at, (one, _) in enumerate(CASES)]
)
def test_a_check_passes_up_to_its_bound_and_fails_for_a_named_reason(check, why):
    assert (check.outcome, judgement.reason(check)) == ("failed" if why else "passed", why)


def test_every_reason_is_tried_here_and_has_its_words():
    named = {name for rows in judgement.WHY.values() for name, _ in rows}
    assert named == {why for _, why in CASES if why} == set(REASONS)
    assert set(judgement.WHY) == set(CHECKS)


def test_power_of_three_phases():
    assert judgement.three_phase_w(4000, 100_000, 1000) == 69_282
    assert judgement.three_phase_w(3912, 25_400, 860) == 14_801
    assert judgement.three_phase_w(0, 25_400, 860) == judgement.three_phase_w(3912, 0, 860) == 0


@given(st.integers(1, 10**9), st.integers(-(10**9), 10**9))
def test_too_much_and_too_little_by_the_same_give_the_same_figure(reference, off):
    assert judgement.ppm(reference + off, reference) == -judgement.ppm(reference - off, reference)


def test_no_reference_is_unknown_and_never_zero():
    assert judgement.ppm(5, 0) is None and judgement.ppm(5, -5) is None and judgement.ppm(0, 5) == -1_000_000


def test_the_ratio_of_a_step_test_is_rounded_and_bears_its_uncertainty():
    made = step(24_980, 7_310, 1, 10)
    assert (made.l_per_kwh, made.uncertainty_ppm) == (3417, 1408)
    assert (step(0, 7).l_per_kwh, step(0, 7).uncertainty_ppm) == (None, None)


def test_the_result_of_all_is_that_of_the_worst():
    whole = replace(sample(), skipped=())
    assert judgement.result(whole) == "passed"
    assert judgement.result(sample()) == "skipped"
    bad = replace(checks(), dial=(dial(1000, 0),))
    assert judgement.result(replace(sample(), checks=bad)) == "failed"


def test_outcomes_go_by_sort_and_say_what_was_left_out_and_why():
    rows = judgement.outcomes(replace(sample(), skipped=(Skipped("pulse", "none"), Skipped("dial", "dark"))))
    assert [(kind, outcome) for kind, _, outcome, _ in rows] == [
        ("scan", "passed"),
        ("scan", "passed"),
        ("ct", "passed"),
        ("pulse", "skipped"),
        ("dial", "passed"),
        ("dial", "skipped"),
        ("contactor", "passed"),
        ("step", "passed"),
    ]
    assert [why for *_, why in rows] == ["", "", "", "none", "", "dark", "", ""]


def test_a_reading_that_no_check_has_is_refused():
    with pytest.raises(TypeError):
        judgement.made(ContactorCheck, feedback="contact", close_ms=1, open_ms=1, colour="red")
