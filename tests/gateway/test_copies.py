"""Before a new version changes its tables, the store is kept as it was."""

import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config

from karez_gateway import config as configuration
from karez_gateway.errors import StoreError
from karez_gateway.operation import backup
from karez_gateway.store import copies, engines
from karez_gateway.store.database import FILE, HEAD, MIGRATIONS, Database

from .county import create


def old_store(path):
    """The tables of the first version."""
    _, writer = engines.engines(engines.in_file(path))
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with writer.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
    writer.dispose()


def version(path):
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def test_an_older_store_is_kept_and_then_brought_up_to_date(tmp_path):
    path = tmp_path / FILE
    old_store(path)
    for _ in range(2):
        Database.open(engines.in_file(path)).close()
        assert version(path) == HEAD
        assert version(tmp_path / f"{FILE}.before-{HEAD}") == "0001"


def test_a_new_store_has_nothing_to_keep(tmp_path):
    Database.open(engines.in_file(tmp_path / FILE)).close()
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_where_it_cannot_be_kept_nothing_is_changed(tmp_path):
    path = tmp_path / FILE
    old_store(path)
    (tmp_path / f"{FILE}.before-{HEAD}.part").mkdir()
    with pytest.raises(StoreError, match="left as it is"):
        Database.open(engines.in_file(path))
    assert version(path) == "0001"


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be copied"):
        copies.copy(tmp_path / "none.sqlite3", tmp_path / "copy.sqlite3")


def test_a_backup_leaves_the_kept_store_behind(tmp_path):
    directory = create(tmp_path / "g")
    config = configuration.load(directory)
    Database.open(config.store_url).close()
    (directory / f"{FILE}.before-{HEAD}").write_bytes(b"old")
    backup.write(config, tmp_path / "b.tar.gz")
    restored = backup.unpack(tmp_path / "b.tar.gz", tmp_path / "r")
    assert not list(restored.data.glob("*.before-*"))
