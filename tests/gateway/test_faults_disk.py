"""A scripted run (fault_run.py) cut or failing at every write, rename and fsync loses nothing acknowledged.

The log's files lie on a model of a disk (power_cut_disk.py) that promises as little as POSIX, so they can
be cut at every operation and lose whatever was not synced. SQLite's cannot: Python's sqlite3 takes no
file system of ours (a VFS is C), and a model of SQLite would only prove the model. So its real files are
taken as they are at every operation of the log and around every transaction, and what a power cut may
leave of them is made from that. SQLite in WAL mode with synchronous=FULL appends the pages of a commit to
the WAL and syncs it before COMMIT returns; only a synced WAL is copied into the file (a checkpoint) and
begun anew. Hence the images of a cut within a commit: the WAL up to every page and up to the middle of
every page, with nothing, zeros or an older WAL's bytes behind; single sectors missing; and any part of
a checkpoint's pages in the file while the WAL is whole. What is not tested: that SQLite calls fsync
where it says so, and what a disk does that lies about it.

The files themselves lie in memory where there is such a place, for the model needs no real fsync. Every
cut is recovered from and looked at; every third goes on to the end, with KAREZ_FAULTS=all every one.
Processes killed for real: test_restart.py, test_kill.py. A disk full for real: test_faults_full.py.
"""

import errno
import hashlib
import os
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from karez_gateway import config as configuration
from karez_gateway.errors import StoreError
from karez_gateway.log.errors import LogStopped
from karez_gateway.log.keys import load_key
from karez_gateway.log.tlog import Tlog
from karez_gateway.store import engines
from karez_gateway.store.database import FILE, Database

from .county import create
from .fault_run import World, check_finished, check_kept, finish, opened, script, take
from .power_cut_disk import PowerCutDisk

SEED = 20261122
FRAME_HEAD, WAL_HEAD, SECTOR = 24, 32, 512
EVERY = 1 if os.environ.get("KAREZ_FAULTS") == "all" else 3
PARTS = 4  # of the commits: each test is a minute at most
CHECKPOINT_PAGES = 40  # of WAL, so that the run checkpoints many times; SQLite's default is 1,000


class Recorder:
    """What lay on both disks at a moment, and what had been promised by then."""

    def __init__(self, directory):
        self._store, self._wal = directory / FILE, directory / (FILE + "-wal")
        self._known = {}

    def files(self):
        """Bytes of database and WAL; the same bytes are kept once."""
        found = (self._store.read_bytes(), self._wal.read_bytes() if self._wal.exists() else b"")
        return self._known.setdefault(found, found)


class RecordingDisk(PowerCutDisk):
    """Tells before each of its operations, half done as a cut would leave it."""

    def __init__(self):
        super().__init__()
        self.on_step = lambda: None

    def _step(self):
        super()._step()
        self.on_step()


class RecordingDatabase(Database):
    """Tells around each transaction."""

    on_commit = staticmethod(lambda begin: None)

    @contextmanager
    def writing(self):
        with super().writing() as connection:
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            self.on_commit(True)
            yield connection
        self.on_commit(False)


class Place:
    """A data directory for one world, with the log on a model disk."""

    def __init__(self, folder):
        self.folder = folder
        self.config = configuration.load(folder)

    def new_log(self, disk):
        origin = self.config.log.origin
        Tlog.create(disk, origin, load_key(self.folder / "log.key", origin)).close()

    def put(self, files):
        """Let the database be these files."""
        for suffix, data in zip(("", "-wal"), files, strict=True):
            (self.folder / (FILE + suffix)).write_bytes(data)
        (self.folder / (FILE + "-shm")).unlink(missing_ok=True)

    @contextmanager
    def database(self, kind=Database):
        store = kind.open(engines.in_file(self.folder / FILE))
        try:
            yield store
        finally:
            store.close()


def promises(world):
    """What has been promised so far, as a world of its own."""
    copy = World.__new__(World)
    vars(copy).update(vars(world))
    copy.acknowledged = dict(world.acknowledged)
    copy.receipts, copy.published = list(world.receipts), list(world.published)
    return copy


@dataclass
class Recorded:
    """One undisturbed run with all its moments."""

    folder: Path
    moments: list = field(default_factory=list)  # (promises, files, disk), one for each operation of the log
    steps: list = field(default_factory=list)  # (promises, files, disk, operations), one for each step
    commits: list = field(default_factory=list)  # (promises, files before, disk, files after)


@pytest.fixture(scope="module")
def memory():
    """A folder in memory, if this machine has one."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="karez-", dir=shm if os.access(shm, os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture
def place(recorded, memory):
    """Another place with the same keys."""
    folder = memory / "again"
    shutil.copytree(recorded.folder, folder)
    yield Place(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def recorded(memory):
    """Record the run, and go on to its end."""
    folder = create(memory / "g")
    found, place, world, disk = Recorded(folder), Place(folder), World(), RecordingDisk()
    place.new_log(disk)
    recorder, before = Recorder(folder), []

    def moment():
        return promises(world), recorder.files(), disk.copy()

    def at_commit(is_begin):
        if is_begin:
            before[:] = [moment()]
        elif recorder.files() != before[0][1]:
            found.commits.append((*before[0], recorder.files()))

    with place.database(RecordingDatabase) as store, opened(world, place.config, store, disk) as parts:
        disk.on_step, store.on_commit = lambda: found.moments.append(moment()), at_commit
        for step in script(world, parts):
            begin, disk.operations = moment(), 0
            step()
            found.steps.append((*begin, disk.operations))
        finish(world, parts)
        disk.on_step, store.on_commit = lambda: None, lambda _: None
        check_finished(world, parts)
    return found


def recover(place, world, files, disk, number):
    """Start on what is left, look at every promise, and go on to the end (one in EVERY)."""
    place.put(files)
    with place.database() as store, opened(world, place.config, store, disk) as parts:
        check_kept(world, parts)
        if number % EVERY == 0:
            finish(world, parts)
            check_finished(world, parts)


def test_the_run_is_worth_it(recorded):
    assert len(recorded.moments) > 100
    assert len(recorded.commits) > 20
    assert len({files for _, files, _ in recorded.moments}) > 8
    pairs = [(before, after) for _, before, _, after in recorded.commits]
    assert sum(before[1][:WAL_HEAD] != after[1][:WAL_HEAD] for before, after in pairs) > 2  # WALs begun anew
    assert sum(before[0] != after[0] for before, after in pairs) > 2  # checkpoints


# -- the log -----------------------------------------------------------------------------------

OUTCOMES = {"what was not synced is lost": 0, "all is there": 1, "dice 1": None, "dice 2": None}


def chooser(outcome, moment):
    fixed = OUTCOMES[outcome]
    if fixed is None:
        return random.Random(f"{SEED} {outcome} {moment}").randrange
    return lambda _: fixed


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_power_cut_at_any_operation_of_the_log_loses_nothing_that_was_promised(recorded, place, outcome):
    turn = list(OUTCOMES).index(outcome)  # each outcome goes on from other cuts
    for number, (world, files, disk) in enumerate(recorded.moments):
        print(f"operation {number}, {outcome}, seed {SEED}")
        recover(place, promises(world), files, disk.after_power_cut(chooser(outcome, number)), number + turn)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_at_any_operation_stops_the_gateway_before_it_promises_anything(
    recorded, place, number
):
    stopped = 0
    for at, (world, files, disk, operations) in enumerate(recorded.steps):
        for nth in range(1, operations + 1):
            print(f"step {at}, operation {nth}")
            told, failing = promises(world), disk.copy()
            place.put(files)
            with place.database() as store, opened(told, place.config, store, failing) as parts:
                failing.operations, failing.fail_at = 0, nth
                failing.failure = lambda *_: OSError(number, "made to fail")
                try:
                    list(script(told, parts))[at]()
                except LogStopped:
                    stopped += 1
                    assert vars(told) == vars(promises(world))
                    with pytest.raises(StoreError, match="start the service again"):
                        take(told, parts, told.box, told.box.frame(1))
                left = Recorder(place.folder).files()
            recover(place, told, left, failing.after_kill(), nth + number)
    assert stopped > 60  # the others were the removal of what is superfluous


# -- the database ------------------------------------------------------------------------------


def images(before, after, chance):
    """What a cut within a commit may leave: (what it is, database, WAL)."""
    page = int.from_bytes(before[0][16:18], "big") or 4096
    (old_file, old_wal), (new_file, new_wal) = before, after
    first = next((at for at in range(min(len(old_wal), len(new_wal))) if old_wal[at] != new_wal[at]), None)
    first = min(len(old_wal), len(new_wal)) if first is None else first
    frame = FRAME_HEAD + page
    for cut in range(WAL_HEAD, len(new_wal), frame // 2):
        if cut < first:
            continue
        yield f"WAL up to {cut}", old_file, new_wal[:cut]
        rest = old_wal[cut:] if len(old_wal) > cut and chance.random() < 0.5 else bytes(len(new_wal) - cut)
        yield f"WAL up to {cut}, then {len(rest)} other bytes", old_file, new_wal[:cut] + rest
    for _ in range(4):
        if len(new_wal) - first > SECTOR:
            at = chance.randrange(first, len(new_wal) - SECTOR)
            lost = new_wal[:at] + bytes(SECTOR) + new_wal[at + SECTOR :]
            yield f"WAL without {SECTOR} bytes at {at}", old_file, lost
    pages = [
        at for at in range(0, len(new_file), page) if new_file[at : at + page] != old_file[at : at + page]
    ]
    for _ in range(4 if pages else 0):
        file = bytearray(old_file.ljust(len(new_file), b"\0"))
        for at in pages:
            if chance.random() < 0.5:
                file[at : at + page] = new_file[at : at + page]
        yield "a checkpoint half done", bytes(file), new_wal
    yield "all", new_file, new_wal


def tables(path):
    """Digest of every table's rows, as SQLite finds them; it must call the file sound."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [(name, connection.execute(f"SELECT * FROM {name}").fetchall()) for name in sorted(names)]
    return hashlib.sha256(repr(found).encode()).hexdigest()


@pytest.mark.parametrize("part", range(PARTS))
def test_a_power_cut_within_a_commit_leaves_all_of_it_or_nothing(recorded, place, part):
    chance, tried = random.Random(f"{SEED} {part}"), 0
    for number, (world, before, disk, after) in list(enumerate(recorded.commits))[part::PARTS]:
        states = []
        for files in (before, after):
            place.put(files)
            states.append(tables(place.folder / FILE))
        found = list(images(before, after, chance))
        for what, *files in found:
            print(f"commit {number}, {what}, seed {SEED}")
            place.put(files)
            assert tables(place.folder / FILE) in (states if what != "all" else states[1:])
            tried += 1
        what, *files = chance.choice(found)
        print(f"commit {number}, {what}: on to the end")
        recover(place, promises(world), files, disk.after_power_cut(lambda _: 0), number)
    assert tried > 1000 // PARTS
