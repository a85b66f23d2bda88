"""The pump: one table, state x event -> state, actions (design §6).

Everything that switches the contactor lives here. A pair that is not in the table changes
nothing. Permission is committed, then acted on; a stop opens first and is recorded after.
"""

OFF = 0
COMMITTING = 1  # the start is being written; the contactor is still open
STARTING = 2  # closed, waiting for the feedback
RUNNING = 3
STOPPING = 4  # opened, waiting for the feedback to fall
STUCK = 5  # it did not stop: never reported as stopped
SETTLING = 6  # stopped; the meter's last litres are still coming in

# One text, split at import: short literals would each become a name that MicroPython keeps for ever.
STATE_NAMES = "off committing starting running stopping stuck settling".split()

START = 0
COMMITTED = 1
COMMIT_FAILED = 2
FEEDBACK_ON = 3
FEEDBACK_OFF = 4
STOP = 5
OVERDUE = 6
SETTLED = 7

CLOSE = 1
OPEN = 2
WRITE_START = 4
WRITE_STOP = 8
ALARM_NOT_STARTED = 16
ALARM_NOT_STOPPED = 32

TABLE = {
    (OFF, START): (COMMITTING, WRITE_START),
    (COMMITTING, COMMITTED): (STARTING, CLOSE),
    (COMMITTING, COMMIT_FAILED): (OFF, 0),
    (COMMITTING, STOP): (SETTLING, OPEN),
    (STARTING, FEEDBACK_ON): (RUNNING, 0),
    (STARTING, OVERDUE): (STOPPING, OPEN | ALARM_NOT_STARTED),
    (STARTING, STOP): (STOPPING, OPEN),
    (RUNNING, STOP): (STOPPING, OPEN),
    (RUNNING, FEEDBACK_OFF): (STOPPING, OPEN),
    (STOPPING, FEEDBACK_OFF): (SETTLING, 0),
    (STOPPING, OVERDUE): (STUCK, OPEN | ALARM_NOT_STOPPED),
    (STUCK, FEEDBACK_OFF): (SETTLING, 0),
    (SETTLING, SETTLED): (OFF, WRITE_STOP),
    (SETTLING, OVERDUE): (OFF, WRITE_STOP),
}

# How long a state may last before OVERDUE, ms.
FEEDBACK_MS = 3_000  # a contactor and its auxiliary contact move within 0.1 s; a soft starter within 3 s
SETTLE_MS = 10_000  # a meter refreshes every few seconds, and its answer may be lost once or twice
LIMITS_MS = {STARTING: FEEDBACK_MS, STOPPING: FEEDBACK_MS, SETTLING: SETTLE_MS}


class Pump:
    """The state of one contactor."""

    def __init__(self):
        self.state = OFF
        self.since_ms = 0
        self.is_closed = False  # what we command

    def fire(self, event, now_ms):
        """Apply an event; return the actions, 0 when the pair is not in the table."""
        found = TABLE.get((self.state, event))
        if found is None:
            return 0
        self.state, actions = found
        self.since_ms = now_ms
        if actions & OPEN:
            self.is_closed = False
        if actions & CLOSE:
            self.is_closed = True
        return actions

    def is_overdue(self, now_ms):
        """True when the present state has lasted longer than it may."""
        limit_ms = LIMITS_MS.get(self.state)
        return limit_ms is not None and now_ms - self.since_ms >= limit_ms
