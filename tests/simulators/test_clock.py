"""The bench's clock: scaled, whole, and without jumps."""

import asyncio
import random
import time

import pytest

from karez_simulators.clock import HORIZON_NS, NS_PER_MS, NS_PER_S, SLACK_NS, SPEED_MAX, STILL_NS, Clock


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


def silent():
    """Somebody who takes part and says nothing of how far he keeps up."""


def limited(speed, machine, vouched_ns=silent):
    """Return a clock in which somebody else takes part."""
    clock = Clock(speed, monotonic_ns=machine)
    clock.join(vouched_ns, silent)
    return clock


def passes(clock, machine, real_ns):
    """Let real time pass; return how much of simulated time did."""
    before_ns = clock.now_ns()
    machine.ns += real_ns
    return clock.now_ns() - before_ns


def test_time_stands_still_for_a_bench_that_stalls_and_not_for_one_that_is_gone():
    for speed in range(1, SPEED_MAX + 1):
        machine = Machine()
        clock = limited(speed, machine)
        assert passes(clock, machine, HORIZON_NS) == speed * HORIZON_NS
        assert passes(clock, machine, STILL_NS) == 0
        assert passes(clock, machine, 300 * NS_PER_MS) == 300 * NS_PER_MS
        clock.grant(None)
        assert passes(clock, machine, HORIZON_NS) == speed * HORIZON_NS
        assert clock.ran_ns() == 2 * HORIZON_NS + 300 * NS_PER_MS


def test_time_runs_as_far_as_others_vouch_however_often_it_is_renewed():
    machine = Machine()
    clock = limited(5, machine)
    until_ns = clock.now_ns() + 100 * NS_PER_MS
    for _ in range(100):
        clock.grant(until_ns)
        machine.ns += 4 * NS_PER_MS
    assert clock.now_ns() == until_ns
    assert clock.ran_ns() == 20 * NS_PER_MS  # of 400
    clock.grant(clock.now_ns() + 50 * NS_PER_MS)
    assert passes(clock, machine, 4 * NS_PER_MS) == 20 * NS_PER_MS


def test_who_vouches_for_least_is_waited_for_and_all_are_told():
    machine = Machine()
    told, vouched = [], [20 * NS_PER_MS, 10 * NS_PER_MS]
    ones = [
        (lambda who=who: vouched[who], lambda who=who: told.append((who, clock.stretch))) for who in (0, 1)
    ]
    clock = Clock(5, monotonic_ns=machine)
    for one in ones:
        clock.join(*one)
    assert [who for who, _ in told] == [0, 0, 1]
    assert told[1][1] == told[2][1] == clock.stretch
    assert passes(clock, machine, HORIZON_NS) == 10 * NS_PER_MS
    vouched[1] = 30 * NS_PER_MS
    clock.renew()
    assert passes(clock, machine, HORIZON_NS) == 10 * NS_PER_MS
    clock.leave(*ones[0])
    clock.renew()
    assert passes(clock, machine, HORIZON_NS) == 10 * NS_PER_MS
    clock.leave(*ones[1])
    clock.leave(*ones[1])  # harmless twice
    assert passes(clock, machine, NS_PER_S) == 5 * NS_PER_S


def test_time_does_not_run_past_what_the_bench_has_yet_to_do():
    machine = Machine()
    clock = limited(5, machine)
    character, request = object(), object()
    clock.expect(request, 200 * NS_PER_MS)
    clock.expect(character, 4 * NS_PER_MS)  # what was granted further is taken back
    assert passes(clock, machine, NS_PER_S) == 4 * NS_PER_MS + SLACK_NS
    clock.expect(character, 30 * NS_PER_MS)  # done, and the next one
    assert passes(clock, machine, NS_PER_S) == 26 * NS_PER_MS
    clock.renew()
    assert passes(clock, machine, NS_PER_S) == 0
    clock.expect(character, None)
    for _ in range(100):
        machine.ns += HORIZON_NS
        clock.renew()
    assert clock.now_ns() == 200 * NS_PER_MS + SLACK_NS


def test_limited_time_never_falls_and_is_as_fast_as_its_speed_while_it_runs():
    seed = 20261123
    chance = random.Random(seed)
    machine = Machine()
    clock = limited(7, machine)
    for step in range(5000):
        before_ns, ran_ns = clock.now_ns(), clock.ran_ns()
        real_ns = chance.choice((0, 1, 999, 4 * NS_PER_MS, 40 * NS_PER_MS, 3 * NS_PER_S))
        machine.ns += real_ns
        passed_ns, ran_ns = clock.now_ns() - before_ns, clock.ran_ns() - ran_ns
        assert max(real_ns - HORIZON_NS - STILL_NS, 0) <= ran_ns <= real_ns, (seed, step)
        assert ran_ns <= passed_ns <= clock.speed * ran_ns, (seed, step)
        if chance.random() < 0.1:
            clock.speed = chance.randint(1, SPEED_MAX)
        else:
            clock.grant(chance.choice((None, 0, clock.now_ns() + chance.randint(0, 200 * NS_PER_MS))))
        assert clock.now_ns() == before_ns + passed_ns, (seed, step)


def test_a_new_speed_is_granted_at_once():
    machine = Machine()
    clock = limited(2, machine)
    machine.ns += 2 * HORIZON_NS
    clock.speed = 20
    assert passes(clock, machine, NS_PER_MS) == 20 * NS_PER_MS


def test_once_nobody_else_takes_part_time_is_fast_for_good():
    machine = Machine()
    clock = limited(20, machine)
    machine.ns += 2 * HORIZON_NS
    clock.leave(silent, silent)
    assert passes(clock, machine, 3_600 * 1000 * NS_PER_MS) == 20 * 3_600 * 1000 * NS_PER_MS
    clock.speed = 3
    assert passes(clock, machine, 3_600 * 1000 * NS_PER_MS) == 3 * 3_600 * 1000 * NS_PER_MS


def test_an_alarm_for_time_that_stands_is_early_and_looks_again_but_not_at_once():
    machine = Machine()
    clock = limited(5, machine)
    wanted_ns, real_ns = clock.now_ns() + 200 * NS_PER_MS, machine.ns
    looks = 0
    while clock.now_ns() < wanted_ns:
        machine.ns = clock.real_ns_at(wanted_ns)
        looks += 1
        if looks % 30 == 0:
            clock.grant(None)
    assert clock.now_ns() == wanted_ns
    assert looks - 5 <= (machine.ns - real_ns) // NS_PER_MS


async def test_a_sleep_in_time_that_stands_is_never_too_short():
    clock = Clock(20)
    clock.join(silent, silent)
    began_ns = clock.now_ns()
    sleeping = asyncio.create_task(clock.sleep_ms(250))  # 200 in the first 10 ms
    await asyncio.sleep(0.05)
    assert not sleeping.done() and clock.now_ns() - began_ns <= 200 * NS_PER_MS
    clock.grant(None)
    await sleeping
    assert clock.now_ns() - began_ns >= 250 * NS_PER_MS
