"""A plan is checked whole before anything starts; times and shares follow from it alone."""

from dataclasses import replace

import pytest

from karez_simulators.fleet import plan as plans
from karez_simulators.fleet import tally, timetable
from karez_simulators.fleet.plan import Plan, PlanError

BAD = (
    ("sites", 0, "--sites 0"),
    ("sites", 10**30, "--sites 1"),
    ("sites", -1, "--sites -1"),
    ("interval_s", 0, "--interval 0"),
    ("interval_s", 86_401, "--interval 86401"),
    ("minutes", 0, "--minutes 0"),
    ("minutes", float("nan"), "--minutes nan"),
    ("minutes", float("inf"), "--minutes inf"),
    ("shape", "autumn", "--shape 'autumn'"),
    ("broker", "emqx", "--broker 'emqx'"),
    ("clock_spread_s", 61, "--clock-spread 61"),
    ("outage_s", 0, "--outage 0"),
    ("backlog_sites", 0, "--backlog-sites 0"),
    ("backlog_days", 1e9, "--backlog-days 1"),
    ("uplink_kbps", -1, "--uplink -1"),
    ("patience_s", 0, "--patience 0"),
    ("workers", 17, "--workers 17"),
    ("seed", -1, "--seed -1"),
)


@pytest.mark.parametrize(("name", "value", "said"), BAD)
def test_what_cannot_be_played_is_said_with_its_option(name, value, said):
    with pytest.raises(PlanError) as caught:
        plans.check(replace(Plan(), **{name: value}))
    assert str(caught.value).startswith(said)


def test_a_storm_longer_than_the_run_is_refused():
    with pytest.raises(PlanError, match="--outage 30 s does not fit"):
        plans.check(Plan(minutes=0.5, shape=plans.RECONNECT_STORM))


def test_the_county_of_the_design_is_a_plan():
    for shape in plans.SHAPES:
        assert plans.check(Plan(shape=shape)).processes == 2


def test_a_machine_without_files_or_room_is_told_before_it_starts(tmp_path):
    with pytest.raises(PlanError, match="ulimit -n 7054"):
        plans.check_machine(Plan(), 1024, tmp_path)
    huge = Plan(sites=10_000, shape=plans.BACKLOG, backlog_sites=10_000, backlog_days=60)
    with pytest.raises(PlanError, match=r"about \d+\.\d GB are needed"):
        plans.check_machine(huge, 1 << 20, tmp_path)
    plans.check_machine(Plan(sites=40, minutes=1), 1024, tmp_path)


def test_a_plan_travels_as_json():
    plan = Plan(sites=7, minutes=0.5, shape=plans.BACKLOG)
    assert Plan.of(plan.document()) == plan


def test_those_with_a_backlog_are_as_many_as_asked_for_and_spread():
    plan = Plan(shape=plans.BACKLOG)
    chosen = [number for number in range(plan.sites) if timetable.is_draining(plan, number)]
    assert len(chosen) == 200
    assert 90 <= sum(number % 2 for number in chosen) <= 110  # two processes have a like share
    assert not any(timetable.is_draining(Plan(), number) for number in range(6954))


def test_everybody_has_a_backlog_if_there_are_no_more_sites():
    plan = Plan(sites=10, shape=plans.BACKLOG)
    assert plan.draining == 10 and all(timetable.is_draining(plan, number) for number in range(10))


def test_intervals_end_on_the_clock_that_a_site_has():
    times = timetable.of(Plan(clock_spread_s=2.0), 5)
    assert 0 <= times.late_s < 2
    for after_s in (0.0, 59.9, 60.0 + times.late_s, 61.99, 119.0):
        found = times.next_interval_s(after_s, 60)
        assert after_s < found <= after_s + 60 and abs((found - times.late_s) % 60) < 1e-6


def test_in_spring_all_start_within_the_hour():
    plan = Plan(minutes=90, shape=plans.SPRING_START)
    starts = [timetable.of(plan, number).start_s for number in range(500)]
    assert 0 <= min(starts) < 60 and 3540 < max(starts) < 3600
    assert timetable.of(Plan(), 1).start_s is None


def test_percentiles_are_of_what_was_counted():
    counts = tally.Counter({1: 98, 50: 1, 900: 1})
    assert tally.figures(counts) == {"count": 100, "p50": 1, "p90": 1, "p99": 50, "p99_9": 900, "max": 900}
    assert tally.figures(tally.Counter())["p50"] is None
    assert (tally.rounded(9_999), tally.rounded(12_345)) == (9_999, 12_300)


def test_processes_are_added_up():
    one, other = tally.Tally(frames=2), tally.Tally(frames=3)
    one.made_to_ack_ms[7] += 1
    other.made_to_ack_ms[7] += 2
    other.complain("an acknowledgement of nothing")
    found = tally.merged([one.document(), other.document()])
    assert found["frames"] == 5 and found["made_to_ack_ms"] == {7: 3}
    assert (found["wrong_count"], found["wrong"]) == (1, ["an acknowledgement of nothing"])
