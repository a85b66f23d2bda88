"""The supervisor: whatever a task does, the others go on, and somebody hears of it."""

import gc
import sys

from karez_firmware import supervisor
from karez_firmware.ports import boot, fake, fake_memory
from karez_protocols import causes, event_details
from karez_protocols.constant import const

HOUR_MS = const(3_600_000)
TASKS = 9  # seven, and two lines


class Bench:
    """A supervisor, its clock and its watchdog."""

    def __init__(self, lines=2):
        self.now_ms = 1_000
        self.fed = 0
        self.supervisor = supervisor.Supervisor(lambda: self.now_ms, self.feed, lines)

    def feed(self):
        self.fed += 1

    def turn(self, failing=(), error=ValueError, is_pumping=False, gap_ms=100):
        """One turn of all tasks, of which some fail; return the numbers of those that were called."""
        called = []

        def work(number):
            called.append(number)
            if number in failing:
                raise error(5)
            return number

        for number in range(TASKS):
            self.supervisor.run(number, work, number)
        self.supervisor.tend(is_pumping)
        self.now_ms += gap_ms
        return called

    def reports(self):
        found = []
        while True:
            report = self.supervisor.take_report()
            if report is None:
                return found
            failures, detail = report
            values = event_details.decode(causes.TASK_FAILED, detail)
            found.append((values["task"], values["error"], failures))


def raising(error):
    raise error


# -- one call -----------------------------------------------------------------------------


def test_a_task_returns_its_result_and_takes_its_arguments():
    run = Bench().supervisor.run
    assert run(supervisor.RECORDS, lambda: 7) == 7
    assert run(supervisor.BUS + 1, lambda a, b: a + b, 1, 2) == 3
    assert run(supervisor.PANEL, lambda: None) is None


def test_an_error_ends_in_the_supervisor_and_is_told_once_with_its_task_and_its_words():
    bench = Bench()
    assert bench.supervisor.run(supervisor.UPLINK, raising, OSError(5)) is None
    assert bench.reports() == [("uplink", "OSError 5", 1)]
    assert bench.reports() == []


def test_the_words_of_an_error_fit_its_event_whatever_they_are():
    class AnErrorWithAVeryLongName(Exception):
        pass

    for error, told in (
        (KeyError("volume_l of nothing"), "KeyError volume_"),
        (ValueError("\u4e95\n\0"), "ValueError ?????"),
        (MemoryError(), "MemoryError"),
        (OSError(5, "Input/output error"), "OSError 5"),
        (ValueError(b"\xff"), "ValueError b'\\xf"),
        (AnErrorWithAVeryLongName("x"), "AnErrorWithAVery"),
    ):
        bench = Bench()
        bench.supervisor.run(supervisor.PANEL, raising, error)
        ((task, words, failures),) = bench.reports()
        assert (task, failures, words) == ("panel", 1, told)


def test_what_ends_the_program_passes():
    for end in (fake.BenchGone, fake_memory.PowerCut, fake.Reset, KeyboardInterrupt, SystemExit):
        for number in (supervisor.CONTROL, supervisor.RECORDS):
            bench = Bench()
            try:
                bench.supervisor.run(number, raising, end())
            except end:
                assert bench.reports() == []
                continue
            raise AssertionError("%s was caught" % end)


def test_a_hook_drops_what_the_task_was_at_at_once_and_only_its_own():
    bench = Bench()
    dropped = []
    bench.supervisor.on_failure(supervisor.UPLINK, lambda: dropped.append("link"))
    bench.supervisor.on_failure(supervisor.BUS, lambda: dropped.append("reading"))
    bench.supervisor.run(supervisor.UPLINK, raising, ValueError())
    assert dropped == ["link"]
    bench.supervisor.run(supervisor.BUS + 1, raising, ValueError())
    assert dropped == ["link"]


def test_a_hook_that_fails_is_tried_twice_and_stops_nothing():
    bench = Bench()
    tried = []

    def hook():
        tried.append(1)
        raise MemoryError

    bench.supervisor.on_failure(supervisor.UPLINK, hook)
    bench.turn(failing=(supervisor.UPLINK,))
    assert len(tried) == 2 and bench.fed == 1
    assert [one[0] for one in bench.reports()] == ["uplink"]


# -- again and again ----------------------------------------------------------------------


def test_the_first_failure_costs_no_turn_and_the_next_ones_a_doubling_pause_up_to_the_deadline():
    for number, most_ms in (
        (supervisor.UPLINK, 60_000), (supervisor.RECORDS, 10_000), (supervisor.BUS, 10_000),
        (supervisor.CABLE, 60_000),
    ):  # fmt: skip
        bench = Bench()
        calls = []
        while len(calls) < 11:
            if number in bench.turn(failing=(number,)):
                calls.append(bench.now_ms)
        pauses = [after - before for before, after in zip(calls, calls[1:])]
        wanted = [100] + [min(1000 << shift, most_ms) for shift in range(9)]
        assert pauses == wanted, (number, pauses)


def test_control_and_the_buttons_are_called_in_every_turn_whatever_happens():
    bench = Bench()
    for _ in range(50):
        called = bench.turn(failing=range(TASKS))
        assert supervisor.CONTROL in called and supervisor.INPUT in called


def test_a_task_that_returns_is_called_in_every_turn_again():
    bench = Bench()
    for _ in range(40):
        bench.turn(failing=(supervisor.PANEL,))
    assert supervisor.PANEL not in bench.turn()
    assert bench.supervisor.is_resting(supervisor.PANEL) and not bench.supervisor.is_resting(
        supervisor.UPLINK
    )
    bench.now_ms += 10_000
    assert not bench.supervisor.is_resting(supervisor.PANEL)
    for _ in range(3):
        assert supervisor.PANEL in bench.turn()
    assert supervisor.PANEL in bench.turn(failing=(supervisor.PANEL,))
    assert supervisor.PANEL in bench.turn()


def test_a_task_that_fails_for_ever_is_told_once_a_minute_and_another_one_apart():
    bench = Bench()
    told = []
    while bench.now_ms < 1_000 + 5 * 60_000:
        bench.turn(failing=(supervisor.RECORDS, supervisor.BUS))
        told += bench.reports()
    names = [one[0] for one in told]
    assert names.count("records") == names.count("bus 0") == 5 and len(names) == 10
    assert told[-1][2] > 25  # of all its failures, not of those that were told


def test_a_failure_behind_the_first_is_told_when_its_minute_is_over():
    bench = Bench()
    bench.turn(failing=(supervisor.PANEL,))
    assert len(bench.reports()) == 1
    bench.turn(failing=(supervisor.PANEL,), error=OSError)
    assert bench.reports() == []
    bench.now_ms += 60_000
    bench.turn()
    assert bench.reports() == [("panel", "OSError 5", 2)]


# -- the watchdog -------------------------------------------------------------------------


def test_the_watchdog_is_fed_in_every_turn_of_a_sound_box():
    bench = Bench()
    for turn in range(100):
        assert bench.fed == turn
        bench.turn()


def test_a_task_that_is_not_called_any_more_stops_the_feeding_after_its_own_deadline():
    deadlines_s = (1, 10, 10, 60, 60, 10, 0, 10, 10)
    for missing in range(TASKS):
        if missing == supervisor.CABLE:
            continue
        bench = Bench()
        bench.turn()
        last_ms = bench.now_ms - 100
        while bench.supervisor.is_alive(bench.now_ms):
            for number in range(TASKS):
                if number != missing:
                    bench.supervisor.run(number, lambda: None)
            bench.now_ms += 100
        assert bench.now_ms - last_ms == deadlines_s[missing] * 1000 + 100, missing
        fed = bench.fed
        assert bench.supervisor.tend(False) is False and bench.fed == fed
        bench.turn()
        assert bench.fed == fed + 1


def test_nobody_misses_the_cable():
    bench = Bench()
    while bench.now_ms < HOUR_MS:
        for number in range(TASKS):
            if number != supervisor.CABLE:
                bench.supervisor.run(number, lambda: None)
        assert bench.supervisor.tend(False)
        bench.now_ms += 500


def test_a_failing_memory_or_link_does_not_reset_the_box_for_ever():
    for number in range(supervisor.RECORDS, TASKS):
        bench = Bench()
        while bench.now_ms < HOUR_MS:
            bench.turn(failing=(number,), gap_ms=500)
            assert bench.supervisor.is_alive(bench.now_ms)
        assert bench.fed == (HOUR_MS - 1_000) // 500, number


def test_an_hour_later_a_task_that_fails_without_a_break_asks_for_one_reset_with_the_pump_off():
    bench = Bench()
    while bench.now_ms < 1_000 + HOUR_MS:
        bench.turn(failing=(supervisor.UPLINK,), gap_ms=500)
        assert not bench.supervisor.wants_reset(bench.now_ms - 500, False)
    wants = bench.supervisor.wants_reset
    assert wants(bench.now_ms, False)
    assert not wants(bench.now_ms, True)
    fed = bench.fed
    assert bench.supervisor.tend(True) and bench.fed == fed + 1
    assert not bench.supervisor.tend(False) and bench.fed == fed + 1
    # One good call, and it is over.
    bench.supervisor.run(supervisor.UPLINK, lambda: None)  # it rests
    assert wants(bench.now_ms, False)
    bench.now_ms += 60_000
    bench.turn()
    assert not wants(bench.now_ms, False)


def test_an_old_box_is_not_reset_for_a_short_failure():
    bench = Bench()
    bench.now_ms += 2 * HOUR_MS
    bench.turn()
    began_ms = bench.now_ms
    while bench.now_ms - began_ms < 300_000:
        bench.turn(failing=(supervisor.UPLINK,), gap_ms=1000)
        assert not bench.supervisor.wants_reset(bench.now_ms - 1000, False)
    assert bench.supervisor.wants_reset(bench.now_ms, False)


# -- control itself -----------------------------------------------------------------------


def test_when_control_fails_the_outputs_open_at_once_and_the_box_stays_alive():
    bench = Bench()
    opened = []
    bench.supervisor.on_failure(supervisor.CONTROL, lambda: opened.append(bench.now_ms))
    now_ms = bench.now_ms
    bench.turn(failing=(supervisor.CONTROL,))
    assert opened == [now_ms] and bench.fed == 1
    assert [one[0] for one in bench.reports()] == ["control"]


def test_three_failures_of_control_in_a_row_ask_for_a_reset_at_most_every_ten_minutes():
    bench = Bench()
    for _ in range(5):
        bench.turn(failing=(supervisor.CONTROL,))
    assert not bench.supervisor.wants_reset(bench.now_ms, False)
    bench.now_ms = 1_000 + 600_000
    assert bench.supervisor.wants_reset(bench.now_ms, True)
    bench = Bench()
    bench.now_ms += 600_000
    for failures in range(1, 5):
        bench.turn(failing=(supervisor.CONTROL,))
        assert bench.supervisor.wants_reset(bench.now_ms, True) == (failures >= 3)
        assert bench.fed == min(failures, 2)
    bench.turn()
    assert not bench.supervisor.wants_reset(bench.now_ms, True) and bench.fed == 3


def test_when_even_the_outputs_do_not_open_the_watchdog_goes_unfed():
    bench = Bench()
    is_stuck = [True]

    def opens():
        if is_stuck[0]:
            raise OSError(5)

    bench.supervisor.on_failure(supervisor.CONTROL, opens)
    bench.turn(failing=(supervisor.CONTROL,))
    assert bench.fed == 0
    is_stuck[0] = False
    bench.turn(failing=(supervisor.CONTROL,))
    assert bench.fed == 1
    is_stuck[0] = True
    bench.turn(failing=(supervisor.CONTROL,))
    assert bench.fed == 1
    bench.turn()  # it works again, and knows what its outputs are
    assert bench.fed == 2


# -- figures ------------------------------------------------------------------------------


def test_health_tells_how_late_control_was_since_it_was_last_asked():
    bench = Bench()
    for gap_ms in (100, 250, 610, 300):
        bench.turn(gap_ms=gap_ms)
    bench.turn()
    health = bench.supervisor.health()
    assert health["late_ms"] == 360 and health["failures"] == 0
    assert bench.supervisor.health()["late_ms"] == 0


def test_health_tells_failures_free_heap_and_resets():
    bench = Bench()
    bench.turn(failing=(supervisor.PANEL, supervisor.BUS + 1))
    bench.turn(failing=(supervisor.PANEL,))
    health = bench.supervisor.health()
    assert health["failures"] == 3 and health["tasks"] == {"panel": 2, "bus 1": 1}
    assert health["resets"] == 0
    assert (health["free"] or 0) > 0 or not hasattr(gc, "mem_free")
    other = supervisor.Supervisor(lambda: 0, lambda: None, resets=3)
    assert other.health()["resets"] == 3 and other.health()["late_ms"] == 0


# -- memory -------------------------------------------------------------------------------


def test_a_task_that_eats_the_whole_heap_fails_alone():
    bench = Bench()

    def eat():
        if sys.implementation.name != "micropython":
            raise MemoryError
        held = []
        size = 1 << 16
        while True:
            try:
                held.append(bytearray(size))
            except MemoryError:
                if size < 32:
                    raise
                size //= 2

    for _ in range(3):
        assert bench.supervisor.run(supervisor.SIGNATURES, eat) is None
        assert bench.supervisor.run(supervisor.CONTROL, lambda: bytes(1000)) == bytes(1000)
        bench.now_ms += 60_000
    ((task, words, failures),) = bench.reports()
    assert task == "sign" and words.startswith("MemoryError") and failures == 3


def test_a_failure_whose_words_cannot_be_had_still_counts_and_rests():
    bench = Bench()
    broken = [0]

    def now_ms():
        broken[0] += 1
        if broken[0] == 3:  # the clock is read for the note, and there is no heap for its integer
            raise MemoryError
        return bench.now_ms

    watched = supervisor.Supervisor(now_ms, bench.feed)
    assert watched.run(supervisor.PANEL, raising, MemoryError()) is None
    assert broken[0] == 3
    assert watched.health()["tasks"] == {"panel": 1}


# -- ports --------------------------------------------------------------------------------


def a_port():
    return fake.Port(fake_memory.RamNor(4096), fake_memory.RamFram(4096))


def test_outputs_that_nobody_holds_drop_after_five_seconds_both():
    port = a_port()
    switched = []
    port.coil = lambda on, now_us: switched.append(("coil", on, now_us // 1000))
    port.trip = lambda on, now_us: switched.append(("trip", on, now_us // 1000))
    port.set_coil(True)
    port.set_trip(True)
    for _ in range(100):
        port.hold()
        port.wait(port.now_us() + 100_000)
    assert port.is_coil_on and port.is_trip_on and port.drops == 0
    held_ms = port.now_ms() - 100
    while port.now_ms() < held_ms + 6_000:
        port.wait(port.now_us() + 100_000)
    assert not port.is_coil_on and not port.is_trip_on and port.drops == 1
    assert switched[2:] == [("coil", False, held_ms + 5_000), ("trip", False, held_ms + 5_000)]
    assert port.said == ["coil 1", "trip 1"]


def test_a_door_comes_as_a_line_of_words():
    port = a_port()
    port.script("door 1")
    assert port.lines() == [["door", "1"]]


def test_a_full_cable_takes_no_line():
    port = a_port()
    port.room = 1
    assert port.say("one") is True and port.say("two") is False
    assert port.said == ["one"]


def test_boot_opens_both_outputs_and_starts_the_watchdog_before_the_program():
    port = a_port()
    seen = []

    def program(given):
        seen.append((given is port, list(port.said), port.has_watchdog))
        raise fake.BenchGone

    try:
        boot.boot(port, program)
    except fake.Reset:
        pass
    assert seen == [(True, ["coil 0", "trip 0"], True)]


def test_whatever_ends_the_program_opens_the_outputs_and_resets_the_box():
    for end in (ValueError("x"), MemoryError(), KeyboardInterrupt(), fake.BenchGone(), None):
        port = a_port()

        def program(port, end=end):
            port.set_coil(True)
            port.set_trip(True)
            if end is not None:
                raise end

        try:
            boot.boot(port, program)
        except fake.Reset:
            assert not port.is_coil_on and not port.is_trip_on
            died = [line for line in port.said if line.startswith("died")]
            assert len(died) == (end is not None)
            # No ring is filled by a program that dies at its start; the watchdog sleeps meanwhile.
            assert port.now_ms() >= 60_000 and port.feeds > 500
            continue
        raise AssertionError("no reset after %r" % end)


def test_boot_resets_also_when_no_output_and_no_cable_can_be_reached():
    class Broken(fake.Port):
        def say(self, text):
            raise OSError(5)

        def wait(self, deadline_us):
            raise OSError(5)

    port = Broken(fake_memory.RamNor(4096), fake_memory.RamFram(4096))
    tried = []
    port.set_trip = tried.append
    try:
        boot.boot(port, lambda port: raising(ValueError("x")))
    except fake.Reset:
        assert tried == [False] * 3  # the coil's failure did not keep it
        return
    raise AssertionError("no reset")
