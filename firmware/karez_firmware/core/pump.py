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
AWAITING = 7  # a permitted start waits for the signature over the last stop (design §8)

# One text, split at import: short literals would each become a name that MicroPython keeps for ever.
STATE_NAMES = "off committing starting running stopping stuck settling awaiting".split()

START = 0
COMMITTED = 1
COMMIT_FAILED = 2
FEEDBACK_ON = 3
FEEDBACK_OFF = 4
STOP = 5
OVERDUE = 6
SETTLED = 7
SIGNED = 8  # the signature over the last stop is stored, or none is outstanding

CLOSE = 1
OPEN = 2
WRITE_START = 4
WRITE_STOP = 8
ALARM_NOT_STARTED = 16
ALARM_NOT_STOPPED = 32
TRIP = 64  # the second trip: a shunt trip, or a contactor in series
RELEASE_TRIP = 128
FLAG_UNSIGNED = 256  # the start that is being written did not wait for the signature

# The second trip is held until somebody starts again, and not let go when the feedback falls:
# behind a welded contactor whose auxiliary contact says "open", letting go would start the pump.
# Rows of state, event, next state, actions, flags; as a dict they would take 1.4 kB of heap.
ROW = 5
TABLE = bytes((
    OFF, START, AWAITING, 0, 0,
    AWAITING, SIGNED, COMMITTING, WRITE_START, 0,
    AWAITING, OVERDUE, COMMITTING, WRITE_START, FLAG_UNSIGNED >> 8,
    AWAITING, STOP, OFF, OPEN, 0,
    COMMITTING, COMMITTED, STARTING, CLOSE | RELEASE_TRIP, 0,
    COMMITTING, COMMIT_FAILED, OFF, 0, 0,
    COMMITTING, STOP, SETTLING, OPEN, 0,
    COMMITTING, OVERDUE, SETTLING, OPEN | ALARM_NOT_STARTED, 0,
    STARTING, FEEDBACK_ON, RUNNING, 0, 0,
    STARTING, OVERDUE, STOPPING, OPEN | ALARM_NOT_STARTED, 0,
    STARTING, STOP, STOPPING, OPEN, 0,
    RUNNING, STOP, STOPPING, OPEN, 0,
    RUNNING, FEEDBACK_OFF, STOPPING, OPEN, 0,
    STOPPING, FEEDBACK_OFF, SETTLING, 0, 0,
    STOPPING, OVERDUE, STUCK, OPEN | TRIP | ALARM_NOT_STOPPED, 0,
    STUCK, FEEDBACK_OFF, SETTLING, 0, 0,
    STUCK, STOP, STUCK, OPEN | TRIP, 0,
    STUCK, OVERDUE, STUCK, OPEN | TRIP | ALARM_NOT_STOPPED, 0,
    SETTLING, SETTLED, OFF, WRITE_STOP, 0,
    SETTLING, OVERDUE, OFF, WRITE_STOP, 0,
    SETTLING, FEEDBACK_ON, STUCK, OPEN | TRIP | ALARM_NOT_STOPPED, 0,
))  # fmt: skip

# How long a state may last before OVERDUE, ms.
SIGNATURE_MS = 10_000  # design §8: a start waits no longer, then goes on and says so
COMMIT_MS = 10_000  # a store answers within 2 s, erased sectors and burnt slots included
FEEDBACK_MS = 5_000  # contactor 0.1 s, soft starter 3 s, a meter's own refresh and a 2400 Bd line 2 s
STUCK_MS = 300_000  # an alarm that stands is repeated as often as an interval record of a run
SETTLE_MS = 10_000  # a meter refreshes every few seconds, and its answer may be lost once or twice
LIMITS_MS = {
    AWAITING: SIGNATURE_MS,
    COMMITTING: COMMIT_MS,
    STARTING: FEEDBACK_MS,
    STOPPING: FEEDBACK_MS,
    STUCK: STUCK_MS,
    SETTLING: SETTLE_MS,
}


def row(state, event):
    """Return (next state, actions), None of a pair that is not in the table."""
    for at in range(0, len(TABLE), ROW):
        if TABLE[at] == state and TABLE[at + 1] == event:
            return TABLE[at + 2], TABLE[at + 3] | TABLE[at + 4] << 8
    return None


class Pump:
    """The state of one contactor, and of the second trip behind it."""

    def __init__(self):
        self.state = OFF
        self.since_ms = 0
        self.is_closed = False  # what we command
        self.is_tripped = False  # what we command of the second trip

    def fire(self, event, now_ms):
        """Apply an event; return the actions, 0 when the pair is not in the table."""
        found = row(self.state, event)
        if found is None:
            return 0
        after, actions = found
        # A stop pressed again and again must not put off the next alarm.
        if after != self.state or event == OVERDUE:
            self.since_ms = now_ms
        self.state = after
        if actions & OPEN:
            self.is_closed = False
        if actions & CLOSE:
            self.is_closed = True
        if actions & TRIP:
            self.is_tripped = True
        if actions & RELEASE_TRIP:
            self.is_tripped = False
        return actions

    def is_overdue(self, now_ms):
        """True when the present state has lasted longer than it may."""
        limit_ms = LIMITS_MS.get(self.state)
        return limit_ms is not None and now_ms - self.since_ms >= limit_ms
