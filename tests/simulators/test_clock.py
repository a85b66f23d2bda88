"""The bench's clock: scaled, whole, and without jumps."""

import asyncio
import time

import pytest

from karez_simulators.clock import SPEED_MAX, Clock


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
