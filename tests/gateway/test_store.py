"""The schema that migrations make is the schema the code uses; transactions are what they promise."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from karez_gateway.errors import StoreError
from karez_gateway.seqruns import SeqRuns
from karez_gateway.store import cursors
from karez_gateway.store.database import FILE, HEAD, MIGRATIONS, Database
from karez_gateway.store.schema import cursor, metadata, verdict


@pytest.fixture
def store(tmp_path):
    database = Database.open(tmp_path / FILE)
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


def test_a_commit_is_durable_before_it_returns(store):
    with store.reading() as connection:
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


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="restore it from a backup"):
        Database.open(tmp_path / FILE)


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
