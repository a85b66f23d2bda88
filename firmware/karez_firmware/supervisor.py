"""The supervisor: a task that fails never takes another with it (design §4).

The app is a plain loop (docs/decisions/0006), so a task is a call that must come back. What it
raises ends here: its reset hook drops what it was at, it is counted, reported once a minute at
most, and called again; from the second failure in a row after a pause, so that it cannot eat the
loop. What ends the program (the mains, the bench) derives from BaseException and passes.

When the watchdog is fed: a call that hangs stops the loop, and with it this. Otherwise while every
task has reported within its deadline, and a failure that was dealt with is a report: a memory that
is worn out for ever must not reset the box for ever, for each reset stops a village's water and
pushes three records of evidence out of the ring. So a reset is rare and chosen: control that does
not come to itself, at most every ten minutes (its outputs are off meanwhile); any other task that
fails without a break, at most once an hour and never while the pump runs. Then, and when control
failed and the outputs could not even be opened, the watchdog goes unfed.
"""

import gc

from karez_protocols import event_details, fields
from karez_protocols.constant import const

CONTROL = 0  # its reset hook opens the outputs
INPUT = 1  # buttons and contacts: what the cable or the pins say
RECORDS = 2
UPLINK = 3
SIGNATURES = 4
PANEL = 5
CABLE = 6  # what somebody at the well asked for
BUS = 7  # of line 0; one for each line

# Longest time without a report, in seconds, and the longest pause of a failing task; 0: called on
# demand, so nobody misses it. A text and bytes: a table of tuples would take 200 B of heap a row.
_NAMES = "control input records uplink sign panel cable"
_DEADLINES_S = b"\x01\x0a\x0a\x3c\x3c\x0a\x00"
_BUS_S = const(10)  # a meter that returns is found within 15 s, also behind a failing driver

_PAUSE_MS = const(1_000)  # first pause; doubles
_PAUSE_MAX_MS = const(60_000)
_REPORT_MS = const(60_000)  # a task that fails in every turn would fill the ring with its events
_IN_ROW = const(3)  # once is a bad moment, three times is a state
_LASTING_MS = const(300_000)  # what a reset could cure has had five minutes to cure itself
_CONTROL_RESET_MS = const(600_000)  # four records a reset: 8,000 slots then last for two weeks
_RESET_MS = const(3_600_000)  # and here for three months


def _deadline_ms(number):
    return 1000 * (_DEADLINES_S[number] if number < BUS else _BUS_S)


class _Task:
    """What is known of one task."""

    def __init__(self, now_ms):
        self.reset = None
        self.reported_ms = now_ms
        self.failures = 0
        self.in_row = 0
        self.since_ms = 0  # of the first in this row
        self.due_ms = 0
        self.error = ""
        self.is_news = False
        self.report_ms = now_ms  # not reported again before


def _words(error):
    """What an event holds of an error: its class, and what fits of what it says, in ASCII."""
    text = type(error).__name__
    if error.args:
        # Not str(error): MicroPython writes "[Errno 5] EIO", and the number would be cut off.
        text += " %s" % (error.args[0],)
    clean = bytearray(text[:16].encode()[:16])
    for at in range(len(clean)):
        if not 32 <= clean[at] < 127:
            clean[at] = 63
    return str(clean, "utf-8").rstrip()


# Beside the class: a method that needs no self costs the heap an object more.
def _drop(task):
    """Call a task's hook; False when that failed."""
    if task.reset is None:
        return True
    try:
        task.reset()
    except Exception as error:  # noqa: BLE001 - it is tried twice, and control's withholds the feed
        if isinstance(error, MemoryError):
            gc.collect()
        return False
    return True


def _name(number):
    return _NAMES.split()[number] if number < BUS else "bus %d" % (number - BUS)


class Supervisor:
    """Runs the tasks of one app. `now_ms()` tells the time, `feed()` feeds the watchdog.

    To be read only: `tasks`, in the order of their numbers.

    `lines`: meter lines; `step_ms`: how often control is to run; `resets`: by the watchdog, as far
    as the port can tell.
    """

    def __init__(self, now_ms, feed, lines=1, step_ms=250, resets=0):
        self._now_ms = now_ms
        self._feed = feed
        self._began_ms = now_ms()
        self._step_ms = step_ms
        self._control_ms = None
        self._late_ms = 0
        self._resets = resets
        self._is_unsafe = False  # control failed, and the outputs did not open
        self.tasks = [_Task(self._began_ms) for _ in range(BUS + lines)]

    def on_failure(self, number, reset):
        """Call `reset()` at once whenever this task fails: it drops what the task was at."""
        self.tasks[number].reset = reset

    def is_resting(self, number):
        """True while a failing task is left alone: no use to wake up for what it wants."""
        task = self.tasks[number]
        return task.in_row > 1 and self._now_ms() < task.due_ms

    def run(self, number, function, *arguments):
        """Call a task's function and return its result; None while it rests, or when it failed."""
        task = self.tasks[number]
        now_ms = self._now_ms()
        if task.in_row > 1 and now_ms < task.due_ms:
            task.reported_ms = now_ms  # it rests by our own decision
            return None
        if number == CONTROL:
            self._take_time(now_ms)
        try:
            result = function(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever ends one task must not end the others
            self._fail(number, error)
            return None
        task.in_row = 0
        if number == CONTROL:
            self._is_unsafe = False
        task.reported_ms = self._now_ms()
        return result

    def _take_time(self, now_ms):
        if self._control_ms is not None:
            self._late_ms = max(self._late_ms, now_ms - self._control_ms - self._step_ms)
        self._control_ms = now_ms

    def _fail(self, number, error):
        """Deal with a failure. Nothing here may fail itself, least of all for want of memory."""
        task = self.tasks[number]
        is_done = _drop(task)
        if isinstance(error, MemoryError):
            gc.collect()  # the hook has let go of what was too much
        if not is_done:
            is_done = _drop(task)
        if number == CONTROL:
            self._is_unsafe = not is_done
        task.in_row += 1
        task.failures += 1
        task.is_news = True
        try:
            self._note(number, error)
        except Exception:  # noqa: BLE001 - counted it is; its words are lost
            gc.collect()

    def _note(self, number, error):
        task, now_ms = self.tasks[number], self._now_ms()
        task.reported_ms = now_ms
        if task.in_row == 1:
            task.since_ms = now_ms
        elif number > INPUT:  # a stop must be heard, and control decides: these two get no pause
            most_ms = _deadline_ms(number) or _PAUSE_MAX_MS
            task.due_ms = now_ms + min(_PAUSE_MS << min(task.in_row - 2, 6), most_ms)
        task.error = _words(error)

    def take_report(self):
        """Return (failures of the task since start, detail of an event TASK_FAILED), or None.

        A first failure at once, then at most one report a minute for each task.
        """
        now_ms = self._now_ms()
        for number in range(len(self.tasks)):
            task = self.tasks[number]
            if task.is_news and now_ms >= task.report_ms:
                values = {"task": _name(number), "error": task.error}
                detail = fields.pack(event_details.TASK, values)
                task.is_news = False
                task.report_ms = now_ms + _REPORT_MS
                return task.failures, detail
        return None

    def is_alive(self, now_ms):
        """True while every task has reported within its deadline."""
        for number in range(len(self.tasks)):
            most_ms = _deadline_ms(number)
            if most_ms and now_ms - self.tasks[number].reported_ms > most_ms:
                return False
        return not self._is_unsafe

    def wants_reset(self, now_ms, is_pumping):
        """True when only a fresh start can help, and the last start is long enough ago."""
        uptime_ms = now_ms - self._began_ms
        if self.tasks[CONTROL].in_row >= _IN_ROW:
            return uptime_ms >= _CONTROL_RESET_MS
        if is_pumping or uptime_ms < _RESET_MS:
            return False
        return any(task.in_row >= _IN_ROW and now_ms - task.since_ms >= _LASTING_MS for task in self.tasks)

    def tend(self, is_pumping):
        """Feed the watchdog if all is well; return True if it was fed. Call once a turn."""
        now_ms = self._now_ms()
        if not self.is_alive(now_ms) or self.wants_reset(now_ms, is_pumping):
            return False
        self._feed()
        return True

    def health(self):
        """Return figures for telemetry; `late_ms` is the worst since the last call.

        late_ms: control behind its time · free: bytes of heap, None where nobody counts them ·
        failures: of all tasks since start · tasks: {task: its failures} of those that ever failed ·
        resets: by the watchdog.
        """
        late_ms, self._late_ms = self._late_ms, 0
        tasks = {}
        for number in range(len(self.tasks)):
            if self.tasks[number].failures:
                tasks[_name(number)] = self.tasks[number].failures
        return {
            "late_ms": late_ms,
            "free": gc.mem_free() if hasattr(gc, "mem_free") else None,
            "failures": sum(tasks.values()),
            "tasks": tasks,
            "resets": self._resets,
        }
