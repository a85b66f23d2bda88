"""Event counters of platforms: counted once, in the ledger's transaction, and never by reading a year."""

import pytest
from sqlalchemy import event as sql_events
from sqlalchemy import text

from karez_gateway.errors import Refused
from karez_gateway.ledger.stage import Ledger
from karez_gateway.store import eventcounts
from karez_gateway.store.database import FILE
from karez_gateway.uploads import event_counters
from karez_gateway.uploads.event_counters import Counted
from karez_gateway.uploads.station_view import StoredStation
from karez_protocols import causes, record, sl651_controls, szy206_words
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import create, opened
from .synthetic import SyntheticController, make_grant, tampered
from .test_orders import report
from .test_uploads_migration import fill, old_store
from .uploading import destination, sending, until

NAMES = szy206_words.EVENTS.split()


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


@pytest.fixture
def county(tmp_path, box):
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        yield found


def counted(county, well="well-1", where="county"):
    return StoredStation(county.store, well, where).counted()


def told(county, **given):
    """The counters that are not 0, by name."""
    row = event_counters.szy206(counted(county, **given), 0)
    assert len(row) == 32 and not any(row[len(NAMES) :])
    return {name: count for name, count in zip(NAMES, row) if count}


def lived(box):
    """Something of everything; what is counted of it."""
    box.accept_grant(make_grant("well-1", 7, 9_000_000))
    box.start()
    for _ in range(5):
        box.interval(1000)
    box.event(causes.METER_SILENT)
    box.event(causes.METER_BACK)
    box.event(causes.READING_HELD)
    box.event(causes.WARNING_LINE, 80)
    box.stop(0, cause=causes.WATER_CEILING)
    box.event(causes.DOOR_OPENED)
    box.event(causes.DOOR_CLOSED)
    box.start()
    box.stop(0, cause=causes.MAINS_LOST)
    box.measure(record.BOOT, chain=1)
    box.event(causes.HEAD_REBUILT)
    box.start()
    box.stop(0, cause=causes.OVER_CURRENT)
    box.event(causes.LOCKOUT_BEGAN)
    box.checkpoint()
    return {
        "parameter_changed": 1,
        "state_changed": 8,
        "meter_fault": 1,
        "terminal_fault": 1,
        "mains_lost": 1,
        "box_opened": 1,
        "pump_fault": 1,
        "remaining_alarm": 2,
        "data_error": 1,
    }


def test_what_verified_records_say_is_counted_and_nothing_else(county, box):
    assert told(county) == {}
    expected = lived(box)
    report(county, box)
    assert told(county) == expected
    report(county, box)  # the same frames again are no news
    assert told(county) == expected
    box.event(causes.DOOR_OPENED)
    report(county, box)
    assert told(county) == expected | {"box_opened": 2, "state_changed": 9}


def test_every_counter_is_counted_or_never_happens_or_is_of_frames():
    lists = (*event_counters.OF_RECORDS, *event_counters.NEVER, *event_counters.OF_FRAMES)
    assert sorted((*lists, event_counters.PASSWORD)) == sorted(NAMES)
    assert len(sl651_controls.COUNTER_NAMES.split()) == len(NAMES)
    for keys in event_counters.OF_RECORDS.values():
        for key in keys:
            assert (key if isinstance(key, int) else key[0]) in eventcounts.COUNTED


@pytest.mark.parametrize(("name", "keys"), event_counters.OF_RECORDS.items())
def test_each_kind_and_cause_that_a_counter_names_is_in_it(name, keys):
    at = NAMES.index(name)
    for key in keys:
        one = (key, 0) if isinstance(key, int) else key
        assert event_counters.szy206(Counted({one: 3}), 0)[at] == 3
        assert event_counters.sl651(Counted({one: 3}))[at] == 3
        assert event_counters.szy206(Counted({(record.INTERVAL, one[1]): 3}), 0)[at] == 0


def test_faults_stay_at_the_top_and_frames_go_on_from_zero():
    many = {(record.EVENT, causes.DOOR_OPENED): 65_536, (record.EVENT, causes.TASK_FAILED): 65_535}
    row = dict(zip(NAMES, event_counters.szy206(Counted(many, confirmed=65_537, failed=65_536), 70_000)))
    assert row["box_opened"] == row["terminal_fault"] == row["password_error"] == 65_535
    assert (row["frames_sent"], row["frames_received"], row["send_errors"]) == (1, 1, 0)


def test_the_fifth_counter_is_wrong_passwords_in_one_standard_and_changes_of_it_in_the_other():
    assert event_counters.szy206(Counted(), 4)[4] == 4
    assert event_counters.sl651(Counted())[4] == 0


def test_a_ledger_that_is_killed_counts_nothing_twice(tmp_path, county, box):
    expected = lived(box)

    class Killed(Exception):
        pass

    def kill(_phase):
        raise Killed

    county.take(box, *box.payloads())
    while county.verification.step():
        pass
    with pytest.raises(Killed):
        Ledger(county.store, kill).step()
    assert told(county) == {}
    after = Ledger(county.store)
    while after.step():
        pass
    assert told(county) == expected


def test_a_quarantined_record_counts_nothing(county, box):
    box.interval(10)
    box.checkpoint()
    slot = tampered(box.event(causes.DOOR_OPENED), 60)
    county.take(box, *box.payloads(1, 3), box.carry([slot]))
    while county.verification.step():
        pass
    while county.ledger.step():
        pass
    assert told(county) == {}


def test_a_box_that_lost_its_memory_goes_on_and_says_that_it_did(county, box):
    expected = lived(box)
    report(county, box)
    after = box.next_chain()
    after.event(causes.CHAIN_BEGUN)
    after.event(causes.DOOR_OPENED)
    after.checkpoint()
    report(county, after)
    assert told(county) == expected | {"data_initialised": 1, "box_opened": 2, "state_changed": 9}


def test_each_well_has_its_own_and_a_revoked_or_unknown_one_none(county, box):
    other = SyntheticController("b", "well-2")
    county.enrol(other)
    expected = lived(box)
    report(county, box)
    other.event(causes.DOOR_OPENED)
    other.checkpoint()
    report(county, other)
    assert told(county) == expected
    assert told(county, well="well-2") == {"box_opened": 1, "state_changed": 1}
    with pytest.raises(Refused):
        counted(county, "well-3")


def test_asking_reads_no_record_however_many_there_are(county, box):
    for _ in range(40):
        lived(box)
    report(county, box)
    statements = []
    engine = county.store._reader  # what is asked of the database is the point
    sql_events.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert counted(county).records
    assert statements and not any("FROM entry" in one or "FROM verdict" in one for one in statements)


async def test_reports_are_counted_for_each_platform_and_each_attempt_that_failed(county, box):
    async with PlatformSzy206() as platform:
        to = destination(platform, timeout_s=0.2)
        box.interval(1000)
        box.interval(1000)
        box.checkpoint()
        report(county, box)
        async with sending(county, to):
            await until(lambda: counted(county, where=to.name).confirmed == 2)
        assert counted(county, where=to.name).failed == 0
        assert counted(county, where="another").confirmed == 0
        assert told(county, where=to.name) == {"frames_sent": 2, "frames_received": 2}
    box.interval(1000)
    box.checkpoint()
    report(county, box)
    async with sending(county, to):  # nobody is there any more
        await until(lambda: counted(county, where=to.name).failed > 0)
    assert counted(county, where=to.name).confirmed == 2


def test_an_older_store_is_counted_once_when_it_is_brought_up_to_date(tmp_path, box):
    directory = create(tmp_path / "g")
    (directory / FILE).unlink(missing_ok=True)
    reader, writer = old_store(directory)
    box.event(causes.DOOR_OPENED)
    box.irrigate(3)
    box.event(causes.DOOR_CLOSED)
    with writer.begin() as connection:
        fill(connection, box)
        names = "controller_id, chain, stored_seq, top_seq, verified_seq, seen_seq, signed_seq, covered_seq"
        connection.execute(
            text(
                f"INSERT INTO chain_state ({names}, h, broken, statements) "
                "VALUES (1, 1, :s, :s, :s, :s, 0, 0, :h, :f, :e)"
            ),
            {"s": box.seq, "h": bytes(32), "f": False, "e": b""},
        )
        # The ledger had not come to the last record: it counts it itself.
        connection.execute(text("INSERT INTO cursor VALUES ('ledger', :p)"), {"p": box.seq - 2})
    reader.dispose()
    writer.dispose()
    expected = {"box_opened": 1, "state_changed": 3, "frames_sent": 1, "frames_received": 1, "send_errors": 3}
    with opened(directory) as found:
        assert told(found) == expected
        while found.ledger.step():
            pass
        assert told(found) == expected | {"state_changed": 4}
