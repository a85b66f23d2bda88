"""The schema that migrations make is the schema the code uses; transactions are what they promise."""

import os
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select
from sqlalchemy.exc import DatabaseError, IntegrityError, InternalError

from karez_gateway.config import STORE_VARIABLE
from karez_gateway.entries.seqruns import SeqRuns
from karez_gateway.errors import StoreError
from karez_gateway.store import cursors, engines
from karez_gateway.store.database import FILE, HEAD, MIGRATIONS, Database
from karez_gateway.store.schema import cursor, metadata, verdict


@pytest.fixture
def store(tmp_path, database_kind):
    named = os.environ.get(STORE_VARIABLE)
    database = Database.open(engines.parse(named) if named else engines.in_file(tmp_path / FILE))
    yield database
    database.close()


def test_the_migrations_make_exactly_the_schema(store):
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
        assert compare_metadata(context, metadata) == []


def test_the_head_named_in_the_code_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_commit_is_durable_before_it_returns(store, database_kind):
    with store.reading() as connection:
        if database_kind == "postgresql":
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
            return
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_foreign_keys_are_held(store):
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(insert(verdict).values(position=0, log_index=5, record_kind=1))


def test_nothing_of_a_failed_transaction_stays(store):
    def fail():
        with store.writing() as connection:
            cursors.move(connection, "x", 7)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.reading() as connection:
        assert connection.execute(select(cursor)).all() == []
        assert cursors.position(connection, "x") == -1


def test_a_reader_sees_one_moment_while_a_writer_goes_on(store):
    with store.writing() as connection:
        cursors.move(connection, "x", 1)
    with store.reading() as reader:
        assert cursors.position(reader, "x") == 1
        with store.writing() as writer:
            cursors.move(writer, "x", 2)
        assert cursors.position(reader, "x") == 1
    with store.reading() as reader:
        assert cursors.position(reader, "x") == 2


def test_there_is_one_writer_at_a_time_and_it_reads_what_the_one_before_wrote(store):
    order = []

    def second():
        with store.writing() as connection:
            order.append(cursors.position(connection, "x"))

    with store.writing() as connection:
        other = threading.Thread(target=second)
        other.start()
        cursors.move(connection, "x", 5)
        order.append("first")
    other.join()
    assert order == ["first", 5]


def test_a_reader_cannot_write(store, database_kind):
    if database_kind == "sqlite":
        return  # one file, one lock: nothing there tells a reader apart
    with pytest.raises(InternalError), store.reading() as connection:
        cursors.move(connection, "x", 1)


def test_a_file_that_is_no_database_is_refused(tmp_path, database_kind):
    if database_kind == "sqlite":
        (tmp_path / FILE).write_bytes(b"no database at all" * 100)
        url, why = engines.in_file(tmp_path / FILE), "restore it from a backup"
    else:
        url = engines.parse(f"postgresql://karez:secret@/karez?host={tmp_path}")
        why = "see that the server runs"
    with pytest.raises(StoreError, match=why) as refused:
        Database.open(url)
    assert "secret" not in str(refused.value)


def test_a_server_that_was_restarted_is_found_again(store, database_kind, request):
    if database_kind == "sqlite":
        return  # there is no server
    with store.writing() as connection:
        cursors.move(connection, "x", 1)
    server = request.getfixturevalue("postgresql")
    server.stop()
    with pytest.raises(DatabaseError), store.reading() as connection:
        pass
    server.start()
    with store.reading() as connection:
        assert cursors.position(connection, "x") == 1


def test_runs_of_numbers_agree_with_a_plain_set():
    import random

    for seed in range(200):
        chance = random.Random(seed)
        runs, plain = SeqRuns(0), set()
        for _ in range(40):
            first = chance.randint(1, 60)
            last = first + chance.choice([0, 0, 0, 1, 5, 20])
            runs.add(first, last)
            plain.update(range(first, last + 1))
            end = next(number for number in range(1, 100) if number not in plain) - 1
            assert (runs.end, runs.top) == (end, max(plain)), f"seed {seed}"
