"""The log on disk: equal to the naive tree, whole after every cut, and never two histories under one key."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
import threading

import pytest

from karez_gateway.log.errors import KeyRefused, LogBusy, LogDamaged, LogError, LogStopped
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.keys import create_key, load_key
from karez_gateway.log.tiles import (
    ENTRY_BYTES_MAX,
    decode_bundle,
    encode_bundle,
    entries_path,
    tile_path,
    tiles_of,
)
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.verifier.merkle import (
    EMPTY_ROOT,
    inclusion_ranges,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from karez_gateway.verifier.note import Signer

from . import naive_tree
from .power_cut_disk import PowerCut, PowerCutDisk

ORIGIN = "county.example/log"
SIGNER = Signer(ORIGIN, bytes(range(32)))


def entries_from(start, count, tag=b"litres"):
    return [b"%s %d" % (tag, index) for index in range(start, start + count)]


def checkpoint_of(note):
    return open_checkpoint(note, ORIGIN, SIGNER.verifier_key).checkpoint


def assert_log_is(log, entries):
    """Size, root, signature, entries and some proofs agree with the naive tree."""
    signed = checkpoint_of(log.checkpoint_note())
    assert log.size == signed.size == len(entries)
    assert log.root == signed.root == log.root_at(len(entries)) == naive_tree.root(entries)
    for index in {0, 1, 100, 254, 255, 256, 257, len(entries) - 2, len(entries) - 1}:
        if 0 <= index < len(entries):
            assert log.entry(index) == entries[index]
            verify_inclusion(
                index, len(entries), leaf_hash(entries[index]), log.inclusion_proof(index), log.root
            )


def files_below(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


# tlog-tiles: "index 1234067 will be encoded as x001/x234/067", and the examples of "Partial Tiles".


def test_paths_are_those_of_the_specification():
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path(63, 0) == "tile/63/000"
    assert tile_path(1, 999) == "tile/1/999"
    assert tile_path(1, 1000, 17) == "tile/1/x001/000.p/17"
    assert entries_path(1_234_067) == "tile/entries/x001/x234/067"
    assert entries_path(273, 112) == "tile/entries/273.p/112"
    for level, index, width in ((-1, 0, 256), (64, 0, 256), (0, -1, 256), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError, match="tile"):
            tile_path(level, index, width)


def test_a_tree_of_70000_and_one_of_256_have_the_tiles_the_specification_counts():
    assert list(tiles_of(70_000)) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles_of(256)) == [(0, 1, 0), (1, 0, 1)]
    assert list(tiles_of(0)) == []


def test_a_bundle_is_length_and_entry_by_turns_and_nothing_else():
    entries = [b"", b"a", b"\0" * ENTRY_BYTES_MAX]
    data = encode_bundle(entries)
    assert data[:6] == b"\0\0\0\1a\xff"
    assert decode_bundle("bundle", data, 3) == entries
    for end in range(8):
        with pytest.raises(LogDamaged):
            decode_bundle("bundle", data[:end], 3)
    for changed, width in ((data[:-1], 3), (data + b"x", 3), (data, 2), (data, 4)):
        with pytest.raises(LogDamaged):
            decode_bundle("bundle", changed, width)
    with pytest.raises(ValueError, match="65536"):
        encode_bundle([b"\0" * (ENTRY_BYTES_MAX + 1)])


def test_an_empty_log_is_signed_and_opens(tmp_path):
    with Tlog.create(tmp_path / "log", ORIGIN, SIGNER) as log:
        assert (log.origin, log.size, log.root) == (ORIGIN, 0, EMPTY_ROOT)
        assert log.append([]) == 0
    with Tlog.open(tmp_path / "log", ORIGIN, SIGNER) as log:
        assert_log_is(log, [])
        assert log.consistency_proof(0) == []


def test_random_batches_give_the_naive_tree_with_a_reopening_after_each(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    entries, notes = [], []
    Tlog.create(tmp_path, ORIGIN, SIGNER).close()
    while len(entries) < 1500:
        batch = entries_from(len(entries), dice.choice((1, 1, 2, 7, 255, 256, 257, dice.randrange(1, 600))))
        with Tlog.open(tmp_path, ORIGIN, SIGNER) as log:
            assert log.append(batch) == len(entries)
            entries += batch
            assert_log_is(log, entries)
            assert (tmp_path / "checkpoint").read_bytes() == log.checkpoint_note()
            notes.append(log.checkpoint_note())
            for earlier in map(checkpoint_of, notes):
                assert log.root_at(earlier.size) == earlier.root
                proof = log.consistency_proof(earlier.size)
                verify_consistency(earlier.size, earlier.root, log.size, log.root, proof)


def test_a_long_lived_log_writes_the_same_files_as_a_reopened_one(tmp_path):
    sizes = (3, 250, 4, 700, 1, 66_000, 30)
    with Tlog.create(tmp_path / "a", ORIGIN, SIGNER) as log:
        for size in sizes:
            log.append(entries_from(log.size, size))
    Tlog.create(tmp_path / "b", ORIGIN, SIGNER).close()
    for size in sizes:
        with Tlog.open(tmp_path / "b", ORIGIN, SIGNER) as log:
            log.append(entries_from(log.size, size))
    names = files_below(tmp_path / "a")
    assert names == files_below(tmp_path / "b")
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert not [name for name in names if name.endswith(".tmp")]
    with Tlog.open(tmp_path / "a", ORIGIN, SIGNER) as log:  # 66,988 entries: three levels
        for index in (0, 255, 256, 65_535, 65_536, log.size - 1):
            for size in (index + 1, 65_536, 65_537, log.size):
                if index < size:
                    proof = log.inclusion_proof(index, size)
                    verify_inclusion(index, size, leaf_hash(log.entry(index)), proof, log.root_at(size))
                    assert len(proof) == len(inclusion_ranges(index, size))
                    proof = log.consistency_proof(index + 1, size)
                    verify_consistency(index + 1, log.root_at(index + 1), size, log.root_at(size), proof)
        for index in range(0, log.size, 256):  # more bundles and tiles than are kept in memory
            assert log.entry(index) == b"litres %d" % index


def test_proofs_are_those_of_the_rfc(tmp_path):
    entries = entries_from(0, 300)
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries)
        for size in (1, 2, 255, 256, 257, 300):
            for index in {0, size // 2, size - 1}:
                assert log.inclusion_proof(index, size) == naive_tree.path(index, entries[:size])
                assert log.consistency_proof(index + 1, size) == naive_tree.proof(index + 1, entries[:size])


def test_the_files_are_what_the_specification_says(tmp_path):
    entries = entries_from(0, 600)
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries[:100])
        log.append(entries[100:200])
        assert (tmp_path / "tile/0/000.p/100").exists()
        log.append(entries[200:])
    assert files_below(tmp_path) == {
        "checkpoint",
        "lock",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    }
    assert (tmp_path / "tile/0/001").read_bytes() == b"".join(map(leaf_hash, entries[256:512]))
    assert (tmp_path / "tile/1/000.p/2").read_bytes() == naive_tree.root(entries[:256]) + naive_tree.root(
        entries[256:512]
    )
    assert (tmp_path / "tile/entries/002.p/88").read_bytes() == encode_bundle(entries[512:])


def test_questions_outside_the_log_are_answered_with_an_index_error(tmp_path):
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries_from(0, 5))
        for ask in (
            lambda: log.entry(5),
            lambda: log.entry(-1),
            lambda: log.root_at(6),
            lambda: log.root_at(-1),
            lambda: log.inclusion_proof(5),
            lambda: log.inclusion_proof(3, 3),
            lambda: log.inclusion_proof(0, 6),
            lambda: log.consistency_proof(4, 3),
            lambda: log.consistency_proof(-1),
            lambda: log.consistency_proof(1, 6),
        ):
            with pytest.raises(IndexError):
                ask()


def test_an_entry_too_long_leaves_the_log_as_it_was(tmp_path):
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        with pytest.raises(ValueError, match="65535"):
            log.append([b"fits", b"\0" * (ENTRY_BYTES_MAX + 1)])
        assert_log_is(log, [])
        log.append([b"\0" * ENTRY_BYTES_MAX])
        assert log.entry(0) == b"\0" * ENTRY_BYTES_MAX


def test_readers_see_whole_trees_while_another_thread_appends(tmp_path):
    entries = entries_from(0, 2000)
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries[:1])
        writer = threading.Thread(
            target=lambda: [log.append(entries[at : at + 97]) for at in range(1, 2000, 97)]
        )
        writer.start()
        while writer.is_alive():
            signed = checkpoint_of(log.checkpoint_note())
            index = signed.size // 2
            proof = log.inclusion_proof(index, signed.size)
            verify_inclusion(index, signed.size, leaf_hash(entries[index]), proof, signed.root)
            assert log.entry(index) == entries[index]
        writer.join()
        assert_log_is(log, entries)


# One writer, one history.


def test_a_second_opening_is_refused_until_the_first_closes(tmp_path):
    log = Tlog.create(tmp_path, ORIGIN, SIGNER)
    for again in (Tlog.open, Tlog.create):
        with pytest.raises(LogBusy):
            again(tmp_path, ORIGIN, SIGNER)
    script = (
        "import sys\nfrom pathlib import Path\nfrom karez_gateway.log.files import DirectoryFiles\n"
        "DirectoryFiles(Path(sys.argv[1])).lock()"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert other.returncode and "LogBusy" in other.stderr
    log.close()
    Tlog.open(tmp_path, ORIGIN, SIGNER).close()
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 0


def test_a_closed_log_does_not_append(tmp_path):
    log = Tlog.create(tmp_path, ORIGIN, SIGNER)
    log.close()
    with pytest.raises(LogStopped, match="closed"):
        log.append([b"late"])


def test_a_log_is_created_once_and_opened_only_where_one_is(tmp_path):
    with pytest.raises(LogError, match="create"):
        Tlog.open(tmp_path / "nothing", ORIGIN, SIGNER)
    with pytest.raises(LogError, match="create"):
        Tlog.open(tmp_path, ORIGIN, SIGNER)
    Tlog.create(tmp_path, ORIGIN, SIGNER).close()
    with pytest.raises(LogError, match="already"):
        Tlog.create(tmp_path, ORIGIN, SIGNER)
    with Tlog.open(tmp_path, ORIGIN, SIGNER) as log:
        log.append([b"one"])
    (tmp_path / "checkpoint").unlink()
    for attempt in (Tlog.create, Tlog.open):  # tiles without a checkpoint: neither a new log nor an old one
        with pytest.raises(LogError):
            attempt(tmp_path, ORIGIN, SIGNER)


def test_another_key_or_origin_does_not_continue_a_log(tmp_path):
    Tlog.create(tmp_path, ORIGIN, SIGNER).close()
    with pytest.raises(LogDamaged, match="no key we know"):
        Tlog.open(tmp_path, ORIGIN, Signer.generate(ORIGIN))
    with pytest.raises(LogDamaged):
        Tlog.open(tmp_path, "other.example", Signer("other.example", bytes(32)))
    with pytest.raises(LogError, match="cannot sign"):
        Tlog.create(tmp_path / "new", "other.example", SIGNER)


def test_a_missing_or_changed_file_at_the_right_edge_refuses_the_log(tmp_path):
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries_from(0, 600))
    names = files_below(tmp_path) - {"lock", "tile/0/000", "tile/entries/000"}
    for name in sorted(names):
        path = tmp_path / name
        data = path.read_bytes()
        first, last = bytes([data[0] ^ 1]) + data[1:], data[:-1] + bytes([data[-1] ^ 1])
        for changed in (None, data[:-1], data + b"x", first, last, b"", b"\0" * len(data)):
            path.unlink()
            if changed is not None:
                path.write_bytes(changed)
            with pytest.raises(LogError):
                Tlog.open(tmp_path, ORIGIN, SIGNER)
            path.write_bytes(data)
    with Tlog.open(tmp_path, ORIGIN, SIGNER) as log:
        assert_log_is(log, entries_from(0, 600))


def test_an_old_file_that_was_changed_is_noticed_when_it_is_read(tmp_path):
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries_from(0, 600))
    for name in ("tile/0/000", "tile/entries/000"):
        path = tmp_path / name
        data = path.read_bytes()
        for changed in (data[:-1], bytes([data[0] ^ 1]) + data[1:], data[:-1] + bytes([data[-1] ^ 1])):
            path.write_bytes(changed)
            with Tlog.open(tmp_path, ORIGIN, SIGNER) as log, pytest.raises(LogDamaged, match=name):
                log.entry(0)
        path.write_bytes(data)


def test_an_older_checkpoint_put_back_is_refused_when_its_partial_tiles_are_gone(tmp_path):
    with Tlog.create(tmp_path, ORIGIN, SIGNER) as log:
        log.append(entries_from(0, 100))
        old = log.checkpoint_note()
        log.append(entries_from(100, 200))
    (tmp_path / "checkpoint").write_bytes(old)
    with pytest.raises(LogDamaged, match="new origin"):
        Tlog.open(tmp_path, ORIGIN, SIGNER)


def test_two_checkpoints_of_different_histories_are_refused(tmp_path):
    with Tlog.create(tmp_path / "a", ORIGIN, SIGNER) as log:
        log.append(entries_from(0, 10))
    for other in (entries_from(0, 9) + entries_from(9, 5, b"other"), entries_from(0, 8)):
        path = tmp_path / str(len(other))
        with Tlog.create(path, ORIGIN, SIGNER) as log:
            log.append(other)
        (path / "checkpoint").rename(path / "checkpoint.next")
        (path / "checkpoint").write_bytes((tmp_path / "a/checkpoint").read_bytes())
        with pytest.raises(LogDamaged, match="contradict"):
            Tlog.open(path, ORIGIN, SIGNER)


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    assert DirectoryFiles(tmp_path).list("nothing") == []


# Power cuts and failing disks.

OLD, NEW = 250, 270  # the append fills a bundle and a tile, opens a level, and leaves partial ones behind


def two_appends():
    disk = PowerCutDisk()
    with Tlog.create(disk, ORIGIN, SIGNER) as log:
        log.append(entries_from(0, OLD - 3))
        log.append(entries_from(OLD - 3, 3))
    return disk


BEFORE = two_appends()


def log_before_the_append():
    return copy.deepcopy(BEFORE)


def run(disk):
    """Append the same entries, up to wherever the disk fails; True if the append was acknowledged."""
    log = Tlog.open(disk, ORIGIN, SIGNER)
    log.append(entries_from(OLD, NEW - OLD))
    log.close()
    return True


def operations_of_the_append():
    disk = log_before_the_append()
    before = disk.operations
    assert run(disk)
    return disk.operations - before


def assert_recovers(disk, *, was_acknowledged=False):
    """Opens at the old or the new size, all that anybody may have read is still history, and it goes on."""
    with Tlog.open(disk, ORIGIN, SIGNER) as log:
        entries = entries_from(0, log.size)
        assert log.size in (OLD, NEW) and (log.size == NEW or not was_acknowledged)
        assert_log_is(log, entries)
        other = entries_from(log.size, 20, b"other")  # what comes after need not be what was tried before
        log.append(other[:9])
        log.append(other[9:])
        assert_log_is(log, entries + other)
        for shown in map(checkpoint_of, disk.shown):
            proof = log.consistency_proof(shown.size)
            verify_consistency(shown.size, shown.root, log.size, log.root, proof)
    with Tlog.open(disk, ORIGIN, SIGNER) as log:
        assert_log_is(log, entries + other)
    assert "000.p" not in disk.list("tile/0") + disk.list("tile/entries")


@pytest.mark.parametrize("outcome", ["all lost", "all kept", *range(8)])
def test_a_power_cut_at_any_operation_leaves_the_old_log_or_the_new_one(outcome):
    for number in range(1, operations_of_the_append() + 2):
        disk = log_before_the_append()
        disk.fail_at = disk.operations + number
        was_acknowledged = False
        try:
            was_acknowledged = run(disk)
        except PowerCut:
            pass
        dice = random.Random(f"{outcome} {number}")
        choose = {"all lost": lambda _: 0, "all kept": lambda _: 1}.get(outcome, dice.randrange)
        assert_recovers(disk.after_power_cut(choose), was_acknowledged=was_acknowledged)


def test_a_second_cut_during_recovery_takes_nothing_back():
    for first in range(1, operations_of_the_append() + 2):
        for second in range(1, 5):
            disk = log_before_the_append()
            disk.fail_at = disk.operations + first
            try:
                run(disk)
            except PowerCut:
                pass
            dice = random.Random(f"{first} {second}")
            disk = disk.after_power_cut(dice.randrange)
            disk.fail_at = disk.operations + second
            try:
                Tlog.open(disk, ORIGIN, SIGNER).close()
            except PowerCut:
                pass
            assert_recovers(disk.after_power_cut(dice.randrange))


def test_a_process_killed_at_any_operation_and_a_power_cut_after_its_successor_lose_nothing():
    for number in range(1, operations_of_the_append() + 2):
        disk = log_before_the_append()
        disk.fail_at = disk.operations + number
        try:
            run(disk)
        except PowerCut:
            pass
        disk = disk.after_kill()
        for name in set(disk.list("tile/0")) & {"000", "001"}:
            assert len(disk.read(f"tile/0/{name}")) == 256 * 32  # no half tile under the name of a whole one
        with Tlog.open(disk, ORIGIN, SIGNER) as log:
            size = log.size
        for roll in range(4):
            assert_recovers(disk.after_power_cut(random.Random(f"{number} {roll}").randrange))
        with Tlog.open(disk, ORIGIN, SIGNER) as log:
            log.append(entries_from(size, 30))
        with Tlog.open(disk.after_power_cut(random.Random(number).randrange), ORIGIN, SIGNER) as log:
            assert_log_is(log, entries_from(0, size + 30))


def test_a_cut_while_the_log_is_created_leaves_none_or_an_empty_one():
    disk = PowerCutDisk()
    Tlog.create(disk, ORIGIN, SIGNER).close()
    for number in range(1, disk.operations + 1):
        for roll in range(8):
            disk = PowerCutDisk()
            disk.fail_at = number
            with pytest.raises(PowerCut):
                Tlog.create(disk, ORIGIN, SIGNER)
            disk = disk.after_power_cut(random.Random(f"{number} {roll}").randrange)
            try:
                log = Tlog.open(disk, ORIGIN, SIGNER)
            except LogError:
                assert not disk.shown
                log = Tlog.create(disk, ORIGIN, SIGNER)
            log.append([b"first"])
            assert_log_is(log, [b"first"])


def test_a_failed_operation_stops_the_log_until_it_is_opened_again():
    for number in range(1, operations_of_the_append() + 1):
        disk = log_before_the_append()
        log = Tlog.open(disk, ORIGIN, SIGNER)
        disk.fail_at, disk.failure = disk.operations + number, OSError
        try:
            log.append(entries_from(OLD, NEW - OLD))
        except LogStopped:
            disk.fail_at = None
            assert log.size in (OLD, NEW) and log.entry(OLD - 1) == b"litres %d" % (OLD - 1)
            with pytest.raises(LogStopped):
                log.append([b"one more"])
        else:
            assert log.size == NEW  # only the removal of old partial tiles failed
        log.close()
        disk.fail_at = None
        assert_recovers(disk)


def test_a_full_disk_is_said_so(tmp_path):
    class Full(DirectoryFiles):
        def write(self, path, data):
            raise OSError(28, "No space left on device")

    Tlog.create(tmp_path, ORIGIN, SIGNER).close()
    with Tlog.open(Full(tmp_path), ORIGIN, SIGNER) as log, pytest.raises(LogStopped, match="No space left"):
        log.append([b"entry"])
    with Tlog.open(tmp_path, ORIGIN, SIGNER) as log:
        assert log.append([b"entry"]) == 0


def test_the_number_of_syncs_does_not_grow_with_the_log(tmp_path):
    class Counting(DirectoryFiles):
        synced = 0

        def sync(self, paths):
            self.synced += len(paths)
            super().sync(paths)

    Tlog.create(tmp_path, ORIGIN, SIGNER).close()
    files = Counting(tmp_path)
    with Tlog.open(files, ORIGIN, SIGNER) as log:
        counts = []
        for _ in range(40):
            before = files.synced
            log.append(entries_from(log.size, 500))
            counts.append(files.synced - before)
        assert len(log._writer._durable) < 10  # the folders of filled tiles are forgotten
    # 2 bundles and 2 tiles, a partial of each, one partial of level 1, their directories, the checkpoint.
    assert max(counts[1:]) <= 17 and max(counts[30:]) <= max(counts[1:10])


# The key.


def test_a_key_file_is_private_read_back_and_never_replaced(tmp_path):
    path = tmp_path / "log.key"
    signer = create_key(path, ORIGIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, ORIGIN).verifier_key == signer.verifier_key
    assert path.read_text().startswith(f"PRIVATE+KEY+{ORIGIN}+")
    before = path.read_bytes()
    with pytest.raises(KeyRefused, match="exists"):
        create_key(path, ORIGIN)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["log.key"]


def test_a_key_that_others_may_read_or_that_is_another_log_s_is_refused(tmp_path):
    path = tmp_path / "log.key"
    create_key(path, ORIGIN)
    with pytest.raises(KeyRefused, match="is the key of county"):
        load_key(path, "other.example")
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(KeyRefused, match="chmod 600"):
            load_key(path, ORIGIN)


def test_a_key_file_that_is_missing_damaged_or_none_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "log.key"
    with pytest.raises(KeyRefused, match="no such file"):
        load_key(path, ORIGIN)
    with pytest.raises(KeyRefused, match="Is a directory"):
        load_key(tmp_path, ORIGIN)
    with pytest.raises(KeyRefused, match="could not be written"):
        create_key(tmp_path / "missing" / "log.key", ORIGIN)
    data = create_key(path, ORIGIN).export().encode()
    for changed in (
        b"",
        b"\xff",
        data[:-1],
        data[:20] + b"y" + data[21:],
        data + b"\n\n",
        b"-----BEGIN",
        data * 60,
    ):
        path.write_bytes(changed)
        with pytest.raises(KeyRefused, match="no log key"):
            load_key(path, ORIGIN)
