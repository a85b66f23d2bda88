"""The clock's page: what a controller reads of it, and what becomes of time when it does not keep up."""

import mmap
import os
import time

import pytest

from karez_simulators.clock import ENDLESS_NS, HORIZON_NS, NS_PER_MS, STILL_NS, Clock
from karez_simulators.clock_page import LOWER, SIZE, ClockPage, can_share

pytestmark = pytest.mark.skipif(not can_share(), reason="no memory can be shared through a descriptor here")

NS_PER_US = 1000
# Either side rounds its origin down to a microsecond.
ROUNDED_US = 2


class Machine:
    """A monotonic clock turned by hand; its upper word is in use, as after 72 minutes."""

    def __init__(self):
        self.ns = 5_000_000_000_123_456

    def __call__(self):
        return self.ns


class Reader:
    """A controller's view of the page, by the words of its description alone."""

    def __init__(self, page, machine):
        self.memory = mmap.mmap(page.fd, SIZE)
        self.words = memoryview(self.memory).cast("I")
        self.machine = machine

    def now_us(self):
        at = 2 + 6 * (self.words[0] & 1)
        upper, lower, real_upper, real_lower, fast_us, speed = self.words[at : at + 6]
        passed_us = self.machine.ns // NS_PER_US - (real_upper << 32 | real_lower)
        behind_us = max(passed_us - fast_us - STILL_NS // NS_PER_US, 0)
        return (upper << 32 | lower) + min(passed_us, fast_us) * speed + behind_us

    def sleeps_until_ms(self, instant_ms):
        self.words[1] = instant_ms


class Bench:
    """A clock, its page and a reader; `renew` is what the alarm does every few milliseconds."""

    def __init__(self, speed):
        self.machine = Machine()
        self.clock = Clock(speed, monotonic_ns=self.machine)
        self.machine.ns += 777_777_777  # the controller starts later than the clock
        self.zero_ns = self.clock.now_ns()
        self.page = ClockPage(self.clock)
        self.reader = Reader(self.page, self.machine)

    def runs(self, real_ms, *, renewed=True):
        """Let real time pass, a millisecond at a time; return the simulated ms that passed."""
        before_ns = self.clock.now_ns()
        for at in range(real_ms):
            if renewed and at % 4 == 0:
                self.clock.renew()
            told_us = self.reader.now_us()
            self.machine.ns += NS_PER_MS
            assert self.reader.now_us() >= told_us
            assert abs(self.now_us() - self.reader.now_us()) <= ROUNDED_US
        return (self.clock.now_ns() - before_ns) // NS_PER_MS

    def now_us(self):
        return (self.clock.now_ns() - self.zero_ns) // NS_PER_US


@pytest.fixture
async def bench():
    one = Bench(5)
    yield one
    one.page.close()


async def test_both_tell_the_same_time_and_a_controller_that_boots_holds_nobody(bench):
    assert bench.reader.now_us() == 0
    assert bench.runs(1000) == 5000
    for speed in (1, 20, 3):
        bench.clock.speed = speed
        assert bench.runs(100) == 100 * speed


async def test_a_controller_that_keeps_up_has_fast_time(bench):
    for _ in range(100):
        bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 40)
        assert bench.runs(8) == 40
        bench.reader.sleeps_until_ms(bench.now_us() // 1000)  # a turn of 4 ms
        assert bench.runs(4) == 20


class Share:
    """What the controller's process could use of the time that passed: a fixed part of it."""

    percent = 0
    is_awake = False

    def look_ns(self, passed_ns):
        return passed_ns * self.percent // 100

    def close(self):
        pass


async def test_a_controller_without_a_processor_stops_time_one_grant_behind_what_it_vouched_for(bench):
    bench.page._share = Share()
    bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 100)
    assert bench.runs(20) == 100  # asleep
    grant_ms = 5 * HORIZON_NS // NS_PER_MS
    assert bench.runs(300) == grant_ms
    assert bench.runs(300) == 0
    assert bench.clock.ran_ns() // NS_PER_MS == 777 + 20 + HORIZON_NS // NS_PER_MS
    bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 100)  # there it is again
    bench.clock.renew()
    assert bench.runs(4) == 20


async def test_a_controller_that_is_woken_and_gets_no_processor_stops_time_before_its_sleep_is_over(bench):
    bench.page._share = Share()
    bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 500)
    assert bench.runs(20) == 100
    bench.page._share.is_awake = True
    assert bench.runs(100) <= 2 * 5 * HORIZON_NS // NS_PER_MS
    assert bench.runs(100) == 0
    bench.page._share.is_awake = False  # it sleeps on
    bench.clock.renew()
    assert bench.runs(20) == 100


@pytest.mark.parametrize("percent", [100, 30])
async def test_a_turn_that_is_long_by_itself_costs_what_it_had_of_the_processor(bench, percent):
    bench.page._share = Share()
    bench.page._share.percent = percent
    bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 1)
    bench.runs(100)
    assert bench.runs(400) == 4 * percent


async def test_a_bench_that_stalls_stops_time_one_grant_on(bench):
    bench.reader.sleeps_until_ms(bench.now_us() // 1000 + 10_000)
    bench.clock.renew()
    assert bench.runs(300, renewed=False) == 5 * HORIZON_NS // NS_PER_MS
    assert bench.runs(4) == 20


@pytest.mark.parametrize("speed", [1, 20])
async def test_the_alarm_renews_it(speed):
    clock = Clock(speed)
    page = ClockPage(clock)
    try:
        before = page._words[0]
        began_ns, real_ns = clock.now_ns(), time.monotonic_ns()
        while time.monotonic_ns() - real_ns < 10 * HORIZON_NS:
            await clock.sleep_ms(10)
        assert page._words[0] > before + 5
        assert clock.now_ns() - began_ns > 2 * HORIZON_NS * speed
    finally:
        page.close()


async def test_a_page_that_is_closed_leaves_a_clock_without_limits_and_nothing_open(bench):
    fd = bench.page.fd
    bench.reader.sleeps_until_ms(1)
    bench.page.close()
    bench.page.close()  # harmless twice
    assert bench.clock.stretch.fast_ns == ENDLESS_NS
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(fd)
    bench.clock.speed = 7
    bench.machine.ns += 1000 * NS_PER_MS
    assert bench.clock.now_ns() >= 7000 * NS_PER_MS


async def test_the_number_of_an_edition_is_never_0(bench):
    bench.reader.words[0] = LOWER - 1
    bench.clock.renew()
    assert bench.reader.words[0] == 1
    assert bench.runs(20) == 100


async def test_twenty_controllers_are_not_asked_twenty_times_as_often_as_one(bench):
    pages = [bench.page, *(ClockPage(bench.clock) for _ in range(19))]
    try:
        asked = [0]
        renew = bench.clock.renew

        def counted():
            asked[0] += 1
            renew()

        bench.clock.renew = counted
        for at in range(200):  # so many milliseconds; each alarm rings every four of them
            bench.machine.ns += NS_PER_MS
            for page in pages[at % 4 :: 4]:
                page._alarm.cancel()
                page._renew()
        assert 200 // 4 <= asked[0] <= 200 // 2
        assert bench.clock.now_ns() - bench.zero_ns == 5 * 200 * NS_PER_MS  # and time ran all the while
    finally:
        for page in pages[1:]:
            page.close()
