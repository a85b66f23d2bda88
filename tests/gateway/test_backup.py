"""A backup is one whole moment, and what is restored from it does not go on by itself."""

import gzip
import io
import json
import tarfile
import threading

import pytest

from karez_gateway import config as configuration
from karez_gateway.entries import restored
from karez_gateway.errors import Refused, StoreError
from karez_gateway.operation import backup

from .county import create, opened
from .synthetic import SyntheticController
from .test_cli import karez


def used(directory, seed="a", irrigations=2):
    """A gateway that has taken and judged some records."""
    box = SyntheticController(seed, "well-1")
    for _ in range(irrigations):
        box.irrigate(3)
    with opened(create(directory)) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.work()
    return box


def load(directory):
    return configuration.load(directory)


def test_what_is_restored_is_what_was_there_and_waits_for_a_new_origin(tmp_path):
    box = used(tmp_path / "g")
    out = tmp_path / "b.tar.gz"
    assert backup.write(load(tmp_path / "g"), out) == out.stat().st_size
    assert out.stat().st_mode & 0o777 == 0o600
    config = backup.unpack(out, tmp_path / "again")
    assert config.data == tmp_path / "again"
    with pytest.raises(StoreError, match="new-origin"), opened(tmp_path / "again"):
        pass
    (config.data / restored.HALTED).unlink()  # nothing was signed meanwhile: it is the same log
    with opened(tmp_path / "g") as county:
        before = county.litres(), county.marks(box).verified_seq, county.sequencer.log.root
    with opened(tmp_path / "again") as county:
        assert (county.litres(), county.marks(box).verified_seq, county.sequencer.log.root) == before
    files = {path.name for path in (tmp_path / "g").iterdir()} - {"karez.sqlite3-wal", "karez.sqlite3-shm"}
    assert files <= {path.name for path in (tmp_path / "again").iterdir()}


def test_a_backup_while_records_come_in_is_one_moment(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(40):
        box.irrigate(6)
    payloads = box.payloads()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, payloads[0])
        done = threading.Event()
        taken = []

        def copy():
            try:
                while not done.is_set() or not taken:
                    out = tmp_path / f"{len(taken)}.tar.gz"
                    backup.write(county.config, out)
                    taken.append(out)
            except BaseException as error:  # of this thread: the test's own looks at it
                taken.append(error)
                raise

        other = threading.Thread(target=copy)
        other.start()
        for payload in payloads[1:]:
            county.take(box, payload)
        done.set()
        other.join()
    for number, out in enumerate(taken):
        config = backup.unpack(out, tmp_path / f"r{number}")
        (config.data / restored.HALTED).unlink()
        with opened(config.data) as county:  # the log is never ahead of the store
            assert county.sequencer.log.size > 0


def test_a_file_that_is_there_and_a_directory_that_is_there_are_left_alone(tmp_path):
    used(tmp_path / "g")
    out = tmp_path / "b.tar.gz"
    out.write_bytes(b"mine")
    with pytest.raises(Refused, match="exists already"):
        backup.write(load(tmp_path / "g"), out)
    assert out.read_bytes() == b"mine"
    backup.write(load(tmp_path / "g"), tmp_path / "c.tar.gz")
    with pytest.raises(Refused, match="exists already"):
        backup.unpack(tmp_path / "c.tar.gz", tmp_path / "g")


def test_a_backup_that_was_cut_changed_or_is_none_restores_nothing(tmp_path):
    used(tmp_path / "g")
    out = tmp_path / "b.tar.gz"
    backup.write(load(tmp_path / "g"), out)
    whole = out.read_bytes()
    plain = bytearray(gzip.decompress(whole))
    plain[plain.index(b"[gateway]") + 1] ^= 1
    cut = (whole[: len(whole) // 2], whole[: len(whole) * 9 // 10])
    for bad in (b"", b"no archive", *cut, gzip.compress(bytes(plain))):
        out.write_bytes(bad)
        with pytest.raises(Refused, match="nothing was restored"):
            backup.unpack(out, tmp_path / "again")
        assert not (tmp_path / "again").exists()
    assert [path.name for path in tmp_path.glob(".karez*")] == []


def archive(path, **members):
    """A tar with these files."""
    with tarfile.open(path, "w:gz") as found:
        for name, data in members.items():
            one = tarfile.TarInfo(name)
            one.size = len(data)
            found.addfile(one, io.BytesIO(data))


def test_a_backup_of_another_version_or_with_a_path_out_of_it_is_refused(tmp_path):
    archive(tmp_path / "a", **{backup.MANIFEST: json.dumps({"version": 9, "sha256": {}}).encode()})
    archive(tmp_path / "b", **{"../evil": b"x"})
    archive(tmp_path / "c", **{backup.MANIFEST: b"{}"})
    for name in "abc":
        with pytest.raises(Refused, match="nothing was restored"):
            backup.unpack(tmp_path / name, tmp_path / "again")
    assert not (tmp_path / "evil").exists()


def test_the_commands_say_what_comes_next(tmp_path):
    used(tmp_path / "g")
    out = tmp_path / "b.tar.gz"
    done = karez("gateway", "backup", "--data", tmp_path / "g", out)
    assert done.returncode == 0 and "karez gateway restore" in done.stdout
    done = karez("gateway", "restore", out, tmp_path / "again")
    assert done.returncode == 0 and "new-origin" in done.stdout
    done = karez("gateway", "restore", out, tmp_path / "again")
    assert done.returncode == 2 and "exists already" in done.stderr


def test_a_store_on_a_server_is_its_own_tools_to_take(tmp_path):
    used(tmp_path / "g")
    config = load(tmp_path / "g")
    config = config.model_copy(update={"store": configuration.Store(url="postgresql://karez@/karez")})
    with pytest.raises(Refused, match="pg_dump"):
        backup.write(config, tmp_path / "b.tar.gz")
