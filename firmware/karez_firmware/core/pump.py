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
TABLE = {
    (OFF, START): (AWAITING, 0),
    (AWAITING, SIGNED): (COMMITTING, WRITE_START),
    (AWAITING, OVERDUE): (COMMITTING, WRITE_START | FLAG_UNSIGNED),
    (AWAITING, STOP): (OFF, OPEN),
    (COMMITTING, COMMITTED): (STARTING, CLOSE | RELEASE_TRIP),
    (COMMITTING, COMMIT_FAILED): (OFF, 0),
    (COMMITTING, STOP): (SETTLING, OPEN),
    (COMMITTING, OVERDUE): (SETTLING, OPEN | ALARM_NOT_STARTED),
    (STARTING, FEEDBACK_ON): (RUNNING, 0),
    (STARTING, OVERDUE): (STOPPING, OPEN | ALARM_NOT_STARTED),
    (STARTING, STOP): (STOPPING, OPEN),
    (RUNNING, STOP): (STOPPING, OPEN),
    (RUNNING, FEEDBACK_OFF): (STOPPING, OPEN),
    (STOPPING, FEEDBACK_OFF): (SETTLING, 0),
    (STOPPING, OVERDUE): (STUCK, OPEN | TRIP | ALARM_NOT_STOPPED),
    (STUCK, FEEDBACK_OFF): (SETTLING, 0),
    (STUCK, STOP): (STUCK, OPEN | TRIP),
    (STUCK, OVERDUE): (STUCK, OPEN | TRIP | ALARM_NOT_STOPPED),
    (SETTLING, SETTLED): (OFF, WRITE_STOP),
    (SETTLING, OVERDUE): (OFF, WRITE_STOP),
    (SETTLING, FEEDBACK_ON): (STUCK, OPEN | TRIP | ALARM_NOT_STOPPED),
}

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


class Pump:
    """The state of one contactor, and of the second trip behind it."""

    def __init__(self):
        self.state = OFF
        self.since_ms = 0
        self.is_closed = False  # what we command
        self.is_tripped = False  # what we command of the second trip

    def fire(self, event, now_ms):
        """Apply an event; return the actions, 0 when the pair is not in the table."""
        found = TABLE.get((self.state, event))
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
