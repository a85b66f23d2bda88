"""The app under its supervisor: tasks fail in the middle of an irrigation, and nothing is lost by it."""

import binascii
import hashlib

from karez_firmware.core import pump
from karez_firmware.ports import fake
from karez_protocols import bundle, causes, event_details, record, site_class
from wellhouse import a_binding, a_grant, memories, ready


class Failing:
    """Stands before a method of ours and raises at the calls it is told to."""

    def __init__(self, owner, name, error, at):
        self.calls = self.failed = 0
        self._function = getattr(owner, name)
        self._error = error
        self._at = at  # call numbers, or None for every call
        setattr(owner, name, self)

    def __call__(self, *arguments):
        self.calls += 1
        if self._at is None or self.calls in self._at:
            self.failed += 1
            raise self._error()
        return self._function(*arguments)


def irrigation(house):
    """Start, run and stop; return what the well was held to."""
    began = house.app.journal.head["seq"]
    house.press()
    house.run(15)
    is_running = house.well.closed
    house.press("stop")
    house.run(15)
    kinds = [
        values["kind"] for values in house.records(began + 1) if values["kind"] in (record.START, record.STOP)
    ]
    return is_running, house.well.closed, kinds, house.app.books.volume_l == house.well.litres


SOUND = (True, False, [record.START, record.STOP], True)


def events(house):
    """The tasks whose failures are on record."""
    return [
        event_details.decode(causes.TASK_FAILED, values["detail"])["task"]
        for values in house.records()
        if values["kind"] == record.EVENT and values["cause"] == causes.TASK_FAILED
    ]


def test_link_panel_and_signatures_that_fail_in_every_turn_change_nothing():
    for owner, name, task in (
        ("uplink", "pump", "uplink"), ("background", "run_slice", "sign"), (None, "_show", "panel"),
    ):  # fmt: skip
        for error in (MemoryError, ValueError, StopIteration):
            house = ready(10_000, broker=True)
            failing = Failing(getattr(house.app, owner) if owner else house.app, name, error, None)
            assert irrigation(house) == SOUND, (task, error)
            assert failing.failed > 3 and set(events(house)) == {task}
            house.check_chain()


def test_a_record_that_fails_once_is_written_all_the_same():
    for at in range(1, 12):
        house = ready(10_000)
        failing = Failing(house.app.journal, "append", MemoryError, (at,))
        assert irrigation(house) == SOUND, at
        house.check_chain()
        if failing.failed:
            # The signature's record is the background's to write: its checkpoint stays unsigned.
            assert events(house) in (["records"], ["sign"]), at


def test_a_record_that_failed_behind_its_commit_is_not_written_twice():
    for at in range(1, 12):
        house = ready(10_000)
        failing = Failing(house.app.journal, "save", MemoryError, (at,))
        assert irrigation(house) == SOUND, at
        house.check_chain()
        assert failing.failed == (failing.calls >= at)


def test_a_memory_that_fails_for_ever_refuses_a_start_and_never_a_stop():
    house = ready(10_000)
    house.press()
    house.run(10)
    assert house.well.closed
    Failing(house.app.journal, "append", TypeError, None)
    house.press("stop")
    house.run(1)
    assert not house.well.closed
    house.run(100)
    house.press()
    house.run(100)
    assert not house.well.closed and house.state == pump.OFF


def test_a_reading_that_fails_is_dropped_and_the_next_one_counts():
    for at in range(1, 60, 7):
        house = ready(10_000)
        failing = Failing(house.app.buses[0], "turn", MemoryError, (at,))
        assert irrigation(house) == SOUND, at
        assert failing.failed == 1 and events(house) == ["bus 0"]


def test_when_control_fails_the_contactor_opens_at_once_and_a_person_may_start_again():
    house = ready(10_000)
    house.press()
    house.run(10)
    assert house.well.closed
    Failing(house.app.controller, "step", MemoryError, (1,))
    house.turn()
    house.run(0.3)
    assert not house.well.closed
    house.run(20)
    assert not house.well.closed and house.state == pump.OFF
    assert events(house) == ["control"] and house.last(record.STOP)["volume_l"] == house.well.litres
    assert irrigation(house) == SOUND


def test_control_that_fails_for_ever_keeps_the_contactor_open_and_the_link_alive():
    house = ready(10_000, broker=True)
    house.press()
    house.run(10)
    Failing(house.app.controller, "step", ValueError, None)
    house.run(30)
    assert not house.well.closed and events(house) == ["control"] and house.app.uplink.is_up


def failing_job():
    """Slices of which the second fails."""
    yield
    raise ValueError("x")


def test_a_job_that_fails_is_dropped_alone_and_a_signature_comes_with_the_next_checkpoint():
    house = ready(10_000)
    count = [values["kind"] for values in house.records()].count
    signed = count(record.SIGNATURE)
    background, evidence = house.app.background, house.app.evidence
    background.add(failing_job(), None)
    evidence.checkpoint()
    house.run(5)
    assert [values["kind"] for values in house.records()].count(record.SIGNATURE) == signed + 1
    evidence.checkpoint()
    _, done, failed = background._jobs[0]
    background._jobs[0] = (failing_job(), done, failed)  # the signature's own slices
    house.run(5)
    assert [values["kind"] for values in house.records()].count(record.SIGNATURE) == signed + 1
    assert set(events(house)) == {"sign"} and not background.is_busy
    assert irrigation(house) == SOUND
    assert house.records()[-1]["kind"] == record.SIGNATURE


def test_the_watchdog_is_fed_in_every_turn_and_the_outputs_are_held():
    house = ready(10_000)
    fed, turns = house.port.feeds, 0
    while turns < 500:
        house.turn()
        turns += 1
    assert house.port.feeds == fed + 500
    irrigation(house)
    assert house.port.drops == 0


def test_a_bundle_is_exported_while_the_pump_runs_and_control_is_not_late():
    house = ready(10_000)
    irrigation(house)
    house.press()
    house.run(10)
    house.app.supervisor.health()
    house.port.script("bundle")
    house.run(10)
    assert house.well.closed
    lines = [line.split(" ") for line in house.port.said if line.startswith("bundle")]
    data = b"".join(binascii.unhexlify(words[2]) for words in lines[:-1])
    assert lines[-1][1:] == ["end", str(len(data)), binascii.hexlify(hashlib.sha256(data).digest()).decode()]
    assert bundle.decode(data)["digest_ok"]
    assert house.app.supervisor.health()["late_ms"] <= 50
    house.offer(a_grant(9_000, 2))  # the background is free again
    assert house.app.rights.seq == 2
    assert not house.app.cable or not house.app.cable.is_busy


def test_a_memory_that_fails_while_water_runs_stops_nothing():
    for error in (MemoryError, TypeError):
        house = ready(10_000)
        house.press()
        house.run(10)
        failing = Failing(house.app.journal, "append", error, None)
        Failing(house.app.journal, "save", error, None)
        house.app._checkpoint = True
        house.run(400)  # an interval record is due, and the head's bookmark every few seconds
        assert house.well.closed and failing.failed > 3


def test_a_beat_goes_with_a_feed_whatever_the_panel_does_and_never_without():
    house = ready(10_000)
    house.app._show = None  # every call of it fails
    house.run(2)
    house.port.beat = ""
    house.run(1)
    assert house.port.beat != ""
    house.app.supervisor.is_alive = lambda now_ms: False  # as when a task is not called any more
    house.port.beat, fed = "", house.port.feeds
    house.run(2)
    assert house.port.beat == "" and house.port.feeds == fed


def test_a_stop_that_comes_with_an_odd_line_is_heard():
    for line in ("bundle x", "bundle -", "bundle 1 2 3", "bundle"):
        house = ready(10_000)
        house.press()
        house.run(10)
        house.port.script(line)
        house.port.script("stop")
        house.run(1)
        assert not house.well.closed, line


def test_outputs_that_do_not_open_are_not_held():
    house = ready(10_000)
    house.press()
    house.run(10)
    assert house.well.closed
    Failing(house.app.controller, "step", ValueError, None)
    Failing(house.port, "set_coil", OSError, None)
    house.run(0.3)  # until control is due
    fed = house.port.feeds
    house.run(8)
    assert not house.well.closed and house.port.drops == 1  # the dead-man did it
    assert house.port.feeds == fed


def test_a_control_that_failed_does_not_close_the_contactor_again_behind_it():
    """The contact may take its time: the coil must not come back before it has fallen."""
    house = ready(10_000)
    house.press()
    house.run(10)
    house.port.script = lambda text, in_ms=0: None  # no contact is ever heard again
    said = len(house.port.said)
    Failing(house.app.controller, "step", MemoryError, (1,))
    house.run(30)
    assert "coil 1" not in house.port.said[said:] and not house.well.closed


def test_drinking_water_comes_back_by_itself_after_a_control_that_failed_and_no_other_does():
    for use, comes_back in ((site_class.DOMESTIC, True), (site_class.IRRIGATION, False)):
        nor, fram = memories(signed_binding=a_binding(**{"class": use}))
        house = ready(10_000, nor=nor, fram=fram)
        house.press()
        house.run(5)
        assert house.well.closed
        Failing(house.app.controller, "step", MemoryError, (1,))
        house.run(20)
        assert not house.well.closed and house.last(record.STOP)["cause"] == causes.RESTARTED
        for _ in range(960):
            if not house.well.closed:
                house.run(1)
        assert house.well.closed == comes_back, use


def test_a_start_is_never_half_written():
    """Whatever call of the store fails while a start waits: the chain says START and STOP, or neither."""
    for name, owner in (("append", "journal"), ("note", "keeper"), ("commit", "records")):
        for at in (1, 2):
            house = ready(10_000)
            failing = Failing(getattr(house.app, owner), name, MemoryError, (at, at + 1))
            assert irrigation(house) == SOUND, (name, at)
            house.check_chain()
            assert failing.failed and house.app.journal.head["running"] == 0


def test_an_input_that_fails_loses_no_line_behind_it():
    house = ready(10_000)
    house.press()
    house.run(10)
    ask = house.app._ask_bundle

    def failing(words):
        house.app._ask_bundle = ask
        raise MemoryError

    house.app._ask_bundle = failing
    house.port.script("bundle")
    house.port.script("stop")
    house.run(1)
    assert not house.well.closed and events(house) == ["input"]


def test_a_cable_that_fails_is_let_go_and_the_next_one_is_served():
    house = ready(10_000)
    irrigation(house)
    house.port.script("bundle")
    house.turn()
    Failing(house.app.cable, "run_slice", MemoryError, (1,))
    house.run(2)
    assert house.app.cable is None and events(house) == ["cable"]
    house.port.script("bundle")
    house.run(10)
    assert [line for line in house.port.said if line.startswith("bundle end")]


def test_an_error_between_the_tasks_ends_nothing():
    house = ready(10_000)
    report, failed = house.app._report, []

    def failing():
        if len(failed) < 3:
            failed.append(1)
            raise MemoryError
        house.port.is_gone = house.port.us > 6_000_000
        report()

    house.app._report = failing
    try:
        house.app.run()
    except fake.BenchGone:
        pass
    assert len(failed) == 3
