"""The pump table, every pair of it."""

from karez_firmware.core import pump

STATES = range(7)
EVENTS = range(8)


def test_every_pair_is_in_the_table_or_changes_nothing():
    for state in STATES:
        for event in EVENTS:
            found = pump.Pump()
            found.state = state
            found.is_closed = state in (pump.STARTING, pump.RUNNING)
            before = found.is_closed
            actions = found.fire(event, 5)
            if (state, event) in pump.TABLE:
                assert (found.state, actions) == pump.TABLE[(state, event)]
            else:
                assert (found.state, actions, found.is_closed) == (state, 0, before)


def test_only_a_committed_start_closes_the_contactor():
    for pair, (_, actions) in pump.TABLE.items():
        assert bool(actions & pump.CLOSE) == (pair == (pump.COMMITTING, pump.COMMITTED))


def test_from_every_state_a_stop_or_its_deadline_leads_to_an_open_contactor():
    for state in (pump.COMMITTING, pump.STARTING, pump.RUNNING):
        after, actions = pump.TABLE[(state, pump.STOP)]
        assert actions & pump.OPEN and after in (pump.STOPPING, pump.SETTLING)


def test_stuck_is_never_reported_as_stopped():
    for (state, _), (after, actions) in pump.TABLE.items():
        if actions & pump.WRITE_STOP:
            assert state == pump.SETTLING and after == pump.OFF
    assert [event for state, event in pump.TABLE if state == pump.STUCK] == [pump.FEEDBACK_OFF]


def test_every_start_that_is_written_is_followed_by_a_stop_record():
    # From COMMITTING on, the only way back to OFF that writes no stop is a failed commit.
    for (state, event), (after, actions) in pump.TABLE.items():
        if after == pump.OFF:
            assert actions & pump.WRITE_STOP or (state, event) == (pump.COMMITTING, pump.COMMIT_FAILED)


def test_states_that_wait_have_a_deadline():
    found = pump.Pump()
    for state in STATES:
        found.state, found.since_ms = state, 1000
        limit_ms = pump.LIMITS_MS.get(state)
        if limit_ms is None:
            assert not found.is_overdue(10_000_000)
        else:
            assert not found.is_overdue(1000 + limit_ms - 1) and found.is_overdue(1000 + limit_ms)
