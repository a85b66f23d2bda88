"""The pump table: every pair of it against a matrix of its own, and every sequence of events."""

from karez_firmware.core import pump

EVENTS = range(9)
STATES = range(8)
# {(state, event): (next state, actions)}, as the table has them.
TABLE = {
    (pump.TABLE[at], pump.TABLE[at + 1]): pump.row(pump.TABLE[at], pump.TABLE[at + 1])
    for at in range(0, len(pump.TABLE), pump.ROW)
}

# Written by hand from the design, not from the code: one row a state, one column an event, in the
# order of their numbers. "." changes nothing, else the next state and, after a colon, the actions.
MATRIX = """
off        awaiting . . . . . . . .
committing . starting:close,release off . . settling:open settling:open,unstarted . .
starting   . . . running . stopping:open stopping:open,unstarted . .
running    . . . . stopping:open stopping:open . . .
stopping   . . . . settling . stuck:open,trip,unstopped . .
stuck      . . . . settling stuck:open,trip stuck:open,trip,unstopped . .
settling   . . . stuck:open,trip,unstopped . . off:stopped off:stopped .
awaiting   . . . . . off:open committing:start,unsigned . committing:start
"""
ACTIONS = {
    "close": 1, "open": 2, "start": 4, "stopped": 8, "unstarted": 16, "unstopped": 32,
    "trip": 64, "release": 128, "unsigned": 256,
}  # fmt: skip
NUMBERS = {
    "off": 0, "committing": 1, "starting": 2, "running": 3, "stopping": 4, "stuck": 5,
    "settling": 6, "awaiting": 7,
}  # fmt: skip


def expected():
    """{(state, event): (next state, actions)} of the matrix, pairs that change nothing included."""
    found = {}
    for line in MATRIX.strip().split("\n"):
        state, cells = NUMBERS[line.split()[0]], line.split()[1:]
        assert len(cells) == len(EVENTS), line
        for event, cell in enumerate(cells):
            name, _, actions = cell.partition(":")
            after = state if name == "." else NUMBERS[name]
            found[state, event] = after, sum(ACTIONS[one] for one in actions.split(",") if one)
    assert len(found) == len(STATES) * len(EVENTS)
    return found


def in_state(state):
    found = pump.Pump()
    found.state = state
    found.is_closed = state in (pump.STARTING, pump.RUNNING)
    found.is_tripped = state == pump.STUCK
    return found


def test_every_pair_is_in_the_table_or_changes_nothing():
    for (state, event), (after, actions) in expected().items():
        found = in_state(state)
        before = found.is_closed, found.is_tripped
        assert (found.fire(event, 5), found.state) == (actions, after), (state, event)
        if (state, event) not in TABLE:
            assert (found.state, found.since_ms) == (state, 0)
            assert (found.is_closed, found.is_tripped) == before


def test_the_table_holds_no_pair_beyond_the_matrix():
    named = [pair for pair, (after, actions) in expected().items() if actions or after != pair[0]]
    assert sorted(named) == sorted(TABLE) and len(TABLE) * pump.ROW == len(pump.TABLE)
    assert sorted(NUMBERS, key=NUMBERS.get) == pump.STATE_NAMES


def test_numbers_that_stand_in_records_never_change():
    states = (pump.OFF, pump.COMMITTING, pump.STARTING, pump.RUNNING)
    states += (pump.STOPPING, pump.STUCK, pump.SETTLING, pump.AWAITING)
    assert states == (0, 1, 2, 3, 4, 5, 6, 7)


def test_only_a_committed_start_closes_the_contactor():
    for pair, (_, actions) in TABLE.items():
        assert bool(actions & pump.CLOSE) == (pair == (pump.COMMITTING, pump.COMMITTED))


def test_from_every_state_a_stop_or_its_deadline_leads_to_an_open_contactor():
    for state in STATES:
        found = in_state(state)
        actions = found.fire(pump.STOP, 5)
        assert not found.is_closed and found.state not in (pump.STARTING, pump.RUNNING)
        # Where something was permitted the stop itself opens; elsewhere it is open already.
        if state in (pump.AWAITING, pump.COMMITTING, pump.STARTING, pump.RUNNING, pump.STUCK):
            assert actions & pump.OPEN
        found = in_state(state)
        found.fire(pump.OVERDUE, 5)
        assert not found.is_closed or state == pump.RUNNING  # a run has no deadline of its own


def test_stuck_is_never_reported_as_stopped():
    for (state, _), (after, actions) in TABLE.items():
        if actions & pump.WRITE_STOP:
            assert state == pump.SETTLING and after == pump.OFF
    stuck = pump.STUCK
    leaving = [event for (state, event), (after, _) in TABLE.items() if state == stuck != after]
    assert leaving == [pump.FEEDBACK_OFF]


def test_a_stop_pressed_while_stuck_trips_again_and_does_not_put_off_the_alarm():
    found = in_state(pump.STUCK)
    found.since_ms = 1000
    for now_ms in range(2000, 1000 + pump.STUCK_MS, 10_000):
        assert found.fire(pump.STOP, now_ms) == pump.OPEN | pump.TRIP
    assert found.is_overdue(1000 + pump.STUCK_MS)
    assert found.fire(pump.OVERDUE, 1000 + pump.STUCK_MS) & pump.ALARM_NOT_STOPPED
    assert not found.is_overdue(1000 + 2 * pump.STUCK_MS - 1) and found.is_overdue(1000 + 2 * pump.STUCK_MS)


def test_the_second_trip_is_held_until_the_next_start():
    # Let go when the feedback falls, it would start a welded pump whose auxiliary contact lies.
    found = in_state(pump.STOPPING)
    found.fire(pump.OVERDUE, 1)
    assert found.is_tripped
    for event in (pump.FEEDBACK_OFF, pump.SETTLED, pump.START, pump.SIGNED):
        found.fire(event, 2)
        assert found.is_tripped
    assert found.fire(pump.COMMITTED, 3) & pump.RELEASE_TRIP
    assert not found.is_tripped and found.is_closed


def test_a_start_waits_for_the_signature_at_most_ten_seconds_and_then_says_so():
    found = pump.Pump()
    assert found.fire(pump.START, 1000) == 0 and not found.is_overdue(10_999) and found.is_overdue(11_000)
    assert found.fire(pump.OVERDUE, 11_000) == pump.WRITE_START | pump.FLAG_UNSIGNED
    found = pump.Pump()
    found.fire(pump.START, 1000)
    assert found.fire(pump.SIGNED, 1000) == pump.WRITE_START


def test_states_that_wait_have_a_deadline():
    found = pump.Pump()
    for state in STATES:
        found.state, found.since_ms = state, 1000
        limit_ms = pump.LIMITS_MS.get(state)
        if limit_ms is None:
            assert state in (pump.OFF, pump.RUNNING) and not found.is_overdue(10_000_000)
        else:
            assert not found.is_overdue(1000 + limit_ms - 1) and found.is_overdue(1000 + limit_ms)
            after, actions = TABLE[state, pump.OVERDUE]
            assert after != state or actions & pump.ALARM_NOT_STOPPED


class Story:
    """What has happened since the pump was last off: the ghost beside the table."""

    def __init__(self):
        self.starts = self.closes = self.stops = self.opens = 0
        self.is_tripped = False

    def after(self, state, event, found, actions):
        """The story one event later; every invariant is checked on the way."""
        where = (state, event)
        told = Story()
        told.starts = self.starts + bool(actions & pump.WRITE_START)
        told.closes = self.closes + bool(actions & pump.CLOSE)
        told.stops = self.stops + bool(actions & pump.WRITE_STOP)
        told.opens = self.opens + bool(actions & pump.OPEN)
        told.is_tripped = found.is_tripped
        assert found.is_closed == (found.state in (pump.STARTING, pump.RUNNING)), where
        assert not (found.is_closed and found.is_tripped), where
        if event == pump.STOP:
            assert not found.is_closed, where
        if actions & pump.CLOSE:
            assert event == pump.COMMITTED and self.starts == 1 and self.closes == 0, where
        if actions & pump.TRIP:
            assert self.opens and self.starts, where  # an open that failed
        if self.is_tripped and not found.is_tripped:
            assert actions & pump.CLOSE, where
        if actions & pump.FLAG_UNSIGNED:
            assert event == pump.OVERDUE and actions & pump.WRITE_START, where
        if found.state == pump.OFF:
            # One stop for each start that was written and closed; never a stop without a start.
            if told.closes:
                assert (told.starts, told.closes, told.stops) == (1, 1, 1), where
            else:
                assert told.stops <= told.starts <= 1, where
            told = Story()
            told.is_tripped = found.is_tripped
        return told


def walk(found, told, depth):
    """Every sequence of events from here; return how many there are.

    An event that changes nothing leads to the same sequences as leaving it out, so it is checked
    and then left out: with these, depth 10 covers all 9^10 sequences.
    """
    if not depth:
        return 1
    count = 0
    for event in EVENTS:
        went = pump.Pump()
        went.state, went.is_closed, went.is_tripped = found.state, found.is_closed, found.is_tripped
        actions = went.fire(event, 0)
        story = told.after(found.state, event, went, actions)
        if actions or went.state != found.state:
            count += walk(went, story, depth - 1)
    return count


def test_no_sequence_of_events_breaks_an_invariant():
    assert walk(pump.Pump(), Story(), 10) > 1000


def test_from_every_state_deadlines_and_a_falling_feedback_lead_to_off():
    for state in STATES:
        found = in_state(state)
        for event in (pump.STOP, pump.OVERDUE, pump.OVERDUE, pump.FEEDBACK_OFF, pump.OVERDUE):
            found.fire(event, 0)
        assert found.state == pump.OFF and not found.is_closed
