"""The bench's clock: scaled, whole, and without jumps."""

import asyncio
import random
import time

import pytest

from karez_simulators.clock import HORIZON_NS, NS_PER_MS, SPEED_MAX, Clock


class Machine:
    """A monotonic clock turned by hand."""

    def __init__(self):
        self.ns = 987_654_321

    def __call__(self):
        return self.ns


def test_time_runs_at_its_speed_from_zero():
    machine = Machine()
    for speed in range(1, SPEED_MAX + 1):
        clock = Clock(speed, monotonic_ns=machine)
        assert clock.now_ms() == 0
        machine.ns += 1_234_000_000
        assert clock.now_ms() == 1234 * speed and clock.now_ns() == 1_234_000_000 * speed


def test_a_change_of_speed_bends_time_and_never_breaks_it():
    machine = Machine()
    clock = Clock(1, monotonic_ns=machine)
    expected_ns = 0
    for step, speed in enumerate((20, 1, 7, 3, 20, 1)):
        machine.ns += 333_333_333 + step
        expected_ns += (333_333_333 + step) * clock.speed
        before_ns = clock.now_ns()
        clock.speed = speed
        assert before_ns == clock.now_ns() == expected_ns


def test_utc_counts_simulated_seconds():
    machine = Machine()
    clock = Clock(20, utc_start_s=1_700_000_000, monotonic_ns=machine)
    assert clock.utc() == 1_700_000_000
    machine.ns += 49_999_999
    assert clock.utc() == 1_700_000_000
    machine.ns += 1
    assert clock.utc() == 1_700_000_001


def test_the_real_instant_is_the_first_at_which_simulated_time_has_come():
    machine = Machine()
    clock = Clock(7, monotonic_ns=machine)
    machine.ns += 1000
    clock.speed = 3
    for wanted_ns in (7_000, 7_001, 7_002, 7_003, 50_000):
        machine.ns = clock.real_ns_at(wanted_ns)
        assert clock.now_ns() >= wanted_ns
        machine.ns -= 1
        assert clock.now_ns() < wanted_ns


def test_a_speed_outside_1_to_20_is_refused_and_changes_nothing():
    clock = Clock(2)
    for speed in (0, -1, SPEED_MAX + 1, 1.5, True, "2", None):
        with pytest.raises(ValueError, match="speed"):
            clock.speed = speed
        with pytest.raises(ValueError, match="speed"):
            Clock(speed)
    assert clock.speed == 2


async def test_a_sleep_lasts_its_simulated_time():
    clock = Clock(20)
    began_ms = clock.now_ms()
    real_ns = time.monotonic_ns()
    await clock.sleep_ms(400)
    assert clock.now_ms() - began_ms >= 400
    assert time.monotonic_ns() - real_ns >= 19_900_000
    await clock.sleep_until_ms(began_ms)  # long past: at once
    await clock.sleep_ms(-5)


async def test_a_sleeper_follows_a_change_of_speed():
    clock = Clock(1)
    sleeper = asyncio.create_task(clock.sleep_ms(4000))
    await asyncio.sleep(0)
    real_ns = time.monotonic_ns()
    clock.speed = 20
    await sleeper
    assert clock.now_ms() >= 4000
    assert 190_000_000 <= time.monotonic_ns() - real_ns < 2_000_000_000


async def test_a_cancelled_sleeper_leaves_nothing_behind():
    clock = Clock(1)
    sleeper = asyncio.create_task(clock.sleep_ms(1_000_000))
    await asyncio.sleep(0)
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    assert not clock._sleepers


def test_watchers_hear_each_change_until_they_leave():
    clock = Clock(1)
    heard = []
    changed = lambda: heard.append(clock.speed)  # noqa: E731 - a function with one line and one use
    clock.watch(changed)
    clock.speed = 5
    clock.speed = 6
    clock.unwatch(changed)
    clock.unwatch(changed)
    clock.speed = 7
    assert heard == [5, 6]


def limited(speed, machine):
    """Return a clock in which somebody else takes part."""
    clock = Clock(speed, monotonic_ns=machine)
    clock.grant(None)
    return clock


def passes(clock, machine, real_ns):
    """Let real time pass; return how much of simulated time did."""
    before_ns = clock.now_ns()
    machine.ns += real_ns
    return clock.now_ns() - before_ns


def test_a_bench_that_stalls_costs_what_it_stalled_and_one_grant():
    for speed in range(1, SPEED_MAX + 1):
        machine = Machine()
        clock = limited(speed, machine)
        assert passes(clock, machine, HORIZON_NS) == speed * HORIZON_NS
        assert passes(clock, machine, 300 * NS_PER_MS) == 300 * NS_PER_MS
        clock.grant(None)
        assert passes(clock, machine, HORIZON_NS) == speed * HORIZON_NS


def test_time_is_fast_as_far_as_others_vouch_however_often_it_is_renewed():
    machine = Machine()
    clock = limited(5, machine)
    until_ns = clock.now_ns() + 100 * NS_PER_MS
    took_ns = 0
    for _ in range(100):
        clock.grant(until_ns)
        took_ns += passes(clock, machine, 4 * NS_PER_MS)
    # The first 20 ms are five times as fast, the other 380 are not.
    assert took_ns == (100 + 380) * NS_PER_MS
    clock.grant(clock.now_ns() + 50 * NS_PER_MS)
    assert passes(clock, machine, 4 * NS_PER_MS) == 20 * NS_PER_MS


def test_what_was_granted_is_not_taken_back():
    machine = Machine()
    clock = limited(5, machine)
    machine.ns += HORIZON_NS // 2
    before = clock.stretch
    clock.grant(0)
    for _ in range(20):
        machine.ns += NS_PER_MS
        assert clock.now_ns() == before.at(machine.ns)


def test_limited_time_never_falls_and_is_never_faster_than_its_speed_or_slower_than_the_machine():
    seed = 20261123
    chance = random.Random(seed)
    machine = Machine()
    clock = limited(7, machine)
    for step in range(5000):
        before_ns, real_ns = clock.now_ns(), chance.choice((0, 1, 999, 4 * NS_PER_MS, 40 * NS_PER_MS))
        machine.ns += real_ns
        passed_ns, speed = clock.now_ns() - before_ns, clock.speed
        assert real_ns <= passed_ns <= speed * real_ns, (seed, step)
        if chance.random() < 0.1:
            clock.speed = chance.randint(1, SPEED_MAX)
        else:
            clock.grant(chance.choice((None, 0, clock.now_ns() + chance.randint(0, 200 * NS_PER_MS))))
        assert clock.now_ns() == before_ns + passed_ns, (seed, step)


def test_a_new_speed_grants_nothing_by_itself_where_others_take_part():
    machine = Machine()
    clock = limited(2, machine)
    clock.speed = 20
    assert passes(clock, machine, NS_PER_MS) == NS_PER_MS
    clock.watch(lambda: clock.grant(None))
    clock.speed = 10
    assert passes(clock, machine, NS_PER_MS) == 10 * NS_PER_MS


def test_once_nobody_else_takes_part_time_is_fast_for_good():
    machine = Machine()
    clock = limited(20, machine)
    machine.ns += 2 * HORIZON_NS
    clock.release()
    assert passes(clock, machine, 3_600 * 1000 * NS_PER_MS) == 20 * 3_600 * 1000 * NS_PER_MS
    clock.speed = 3
    assert passes(clock, machine, 3_600 * 1000 * NS_PER_MS) == 3 * 3_600 * 1000 * NS_PER_MS


def test_an_alarm_in_slow_time_is_early_and_looks_again():
    machine = Machine()
    clock = limited(5, machine)
    wanted_ns = clock.now_ns() + 200 * NS_PER_MS  # 50 of them are fast
    looks = 0
    while clock.now_ns() < wanted_ns:
        machine.ns = clock.real_ns_at(wanted_ns)
        looks += 1
    assert clock.now_ns() == wanted_ns and looks < 100


async def test_a_sleep_in_slow_time_is_never_too_short():
    clock = Clock(20)
    clock.grant(None)
    began_ns, real_ns = clock.now_ns(), time.monotonic_ns()
    await clock.sleep_ms(250)  # 200 fast in the first 10 ms, 50 slow
    assert clock.now_ns() - began_ns >= 250 * NS_PER_MS
    assert time.monotonic_ns() - real_ns >= 59 * NS_PER_MS
