"""Whatever the other tasks do, control is called on time and decides as if they did nothing.

The loop of the app in small: the real core on its desk is the control task, every other task may
raise anything at any call and takes up to one slice of time. Time is virtual.
"""

import gc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk import ready
from karez_firmware import supervisor
from karez_firmware.supervisor import Supervisor
from karez_protocols import causes, event_details

STEP_MS = 100  # the desk's own
SLICE_MS = 50  # the longest a task may take (design §4)
STEPS = 300
OTHERS = (
    supervisor.INPUT, supervisor.RECORDS, supervisor.UPLINK, supervisor.SIGNATURES, supervisor.PANEL,
    supervisor.CABLE, supervisor.BUS, supervisor.BUS + 1,
)  # fmt: skip
# Made anew for each raise: an error that is raised again keeps every traceback it ever had.
ERRORS = (None, MemoryError, ValueError, OSError, KeyError, TypeError, StopIteration, RecursionError)
PRESSES = {20: "start", 150: "stop", 220: "start", 290: "stop"}  # by step


class Loop:
    """Turns of all tasks around one controller; `fates` gives (error, ms) of every call of another task."""

    def __init__(self, fates, hooks_fail=False):
        self.desk = ready(ceiling=100)
        self.fates = fates
        self.calls = 0
        self.now_ms = 0
        self.due_ms = 0
        self.steps = []  # (how late, coil)
        self.fed = 0
        self.reports = []
        self.supervisor = Supervisor(lambda: self.now_ms, self.feed, 2, STEP_MS)
        for number in OTHERS:
            self.supervisor.on_failure(number, self.fail if hooks_fail else lambda: None)

    def feed(self):
        self.fed += 1

    def fail(self):
        raise ValueError

    def control_if_due(self):
        if self.now_ms < self.due_ms or len(self.steps) == STEPS:
            return
        step = len(self.steps)
        if step in PRESSES:
            self.desk.press(PRESSES[step])
        late_ms, self.due_ms = self.now_ms - self.due_ms, self.due_ms + STEP_MS
        out = self.supervisor.run(supervisor.CONTROL, self.desk.step)
        assert out is not None, "control failed"
        self.steps.append((late_ms, self.desk.closed))

    def other(self):
        error, took_ms = self.fates[self.calls % len(self.fates)]
        self.calls += 1
        self.now_ms += took_ms
        if error is not None:
            raise error(5)

    def run(self):
        while len(self.steps) < STEPS:
            for number in OTHERS:
                self.control_if_due()
                self.supervisor.run(number, self.other)
            report = self.supervisor.take_report()
            if report:
                self.reports.append((self.now_ms, event_details.decode(causes.TASK_FAILED, report[1])))
            assert self.supervisor.tend(True), "the watchdog would have reset the box"
            self.now_ms = max(self.now_ms + 1, self.due_ms)
        return self

    def decisions(self):
        return [closed for _, closed in self.steps], self.desk.records, self.desk.litres


CLEAN = Loop([(None, 0)]).run()


@pytest.fixture(scope="module", autouse=True)
def _cheap_collections():
    """The supervisor collects after a MemoryError: not all of pytest's objects each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def fates():
    one = st.tuples(st.sampled_from(ERRORS), st.integers(0, SLICE_MS))
    return st.lists(one, min_size=1, max_size=97)


def test_the_clean_run_starts_and_stops_so_that_there_is_something_to_spoil():
    closed = [on for _, on in CLEAN.steps]
    assert True in closed and False in closed
    assert CLEAN.desk.litres > 0 and len(CLEAN.desk.records) >= 2 and CLEAN.reports == []


@given(fates(), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_failure_of_another_task_changes_a_decision_or_makes_control_late(drawn, hooks_fail):
    loop = Loop(drawn, hooks_fail).run()
    assert loop.decisions() == CLEAN.decisions()
    assert max(late_ms for late_ms, _ in loop.steps) <= SLICE_MS  # one slice, never more
    assert "control" not in loop.supervisor.health()["tasks"]
    last_ms = {}
    for now_ms, values in loop.reports:
        before_ms = last_ms.get(values["task"])
        assert before_ms is None or now_ms - before_ms >= 60_000
        last_ms[values["task"]] = now_ms
    failed = {error for error, _ in drawn[: loop.calls]} - {None}
    assert bool(failed) == bool(loop.reports)


@given(st.lists(st.sampled_from(ERRORS), min_size=20, max_size=60))
@settings(max_examples=100, deadline=None)
def test_after_every_failure_of_control_the_outputs_are_open_before_anything_else_runs(drawn):
    state = {"coil": False}
    now = [0]
    watched = Supervisor(lambda: now[0], lambda: None)

    def opens():
        state["coil"] = False

    def control(error):
        state["coil"] = True
        if error is not None:
            raise error(5)

    watched.on_failure(supervisor.CONTROL, opens)
    row = 0
    for error in drawn:
        now[0] += 700_000
        watched.run(supervisor.CONTROL, control, error)
        row = row + 1 if error is not None else 0
        assert state["coil"] == (error is None)
        assert watched.wants_reset(now[0], True) == (row >= 3)
