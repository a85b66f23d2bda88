"""What mutants of the pump showed: each action does its own thing and no more, to the millisecond."""

from karez_firmware.core import pump

# {(state, event): (next state, actions)}, as the table has them.
TABLE = {
    (pump.TABLE[at], pump.TABLE[at + 1]): pump.row(pump.TABLE[at], pump.TABLE[at + 1])
    for at in range(0, len(pump.TABLE), pump.ROW)
}
DEADLINES_MS = {
    pump.AWAITING: 10_000, pump.COMMITTING: 10_000, pump.STARTING: 5_000, pump.STOPPING: 5_000,
    pump.STUCK: 300_000, pump.SETTLING: 10_000,
}  # fmt: skip


def in_state(state, is_closed, is_tripped):
    found = pump.Pump()
    found.state, found.is_closed, found.is_tripped = state, is_closed, is_tripped
    return found


def test_a_new_pump_is_open_and_not_tripped():
    assert (pump.Pump().state, pump.Pump().is_closed, pump.Pump().is_tripped) == (pump.OFF, False, False)


def test_actions_are_one_bit_each():
    actions = (pump.CLOSE, pump.OPEN, pump.WRITE_START, pump.WRITE_STOP, pump.ALARM_NOT_STARTED)
    actions += (pump.ALARM_NOT_STOPPED, pump.TRIP, pump.RELEASE_TRIP, pump.FLAG_UNSIGNED)
    assert actions == (1, 2, 4, 8, 16, 32, 64, 128, 256)


def test_contactor_and_second_trip_move_only_where_the_row_says_so():
    for (state, event), (_, actions) in TABLE.items():
        for was_closed in (False, True):
            for was_tripped in (False, True):
                found = in_state(state, was_closed, was_tripped)
                found.fire(event, 5)
                closed = actions & pump.CLOSE or (was_closed and not actions & pump.OPEN)
                tripped = actions & pump.TRIP or (was_tripped and not actions & pump.RELEASE_TRIP)
                where = (state, event, was_closed, was_tripped)
                assert (found.is_closed, found.is_tripped) == (bool(closed), bool(tripped)), where


def test_a_state_begins_when_it_is_entered_and_again_when_it_is_overdue():
    for (state, event), (after, _) in TABLE.items():
        found = in_state(state, False, False)
        found.since_ms = 1000
        found.fire(event, 2000)
        begins_anew = after != state or event == pump.OVERDUE
        assert found.since_ms == (2000 if begins_anew else 1000), (state, event)


def test_deadlines_are_kept_to_the_millisecond_and_stay_passed():
    for state in range(8):
        found = in_state(state, False, False)
        found.since_ms = 1000
        deadline_ms = DEADLINES_MS.get(state)
        if deadline_ms is None:
            assert not found.is_overdue(10_000_000)
            continue
        late = [found.is_overdue(1000 + deadline_ms + extra_ms) for extra_ms in (-1, 0, 1, 10_000)]
        assert late == [False, True, True, True], state
