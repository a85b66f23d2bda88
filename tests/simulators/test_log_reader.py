"""The bench reads the gateway's log by the specification alone: tested against a log the gateway wrote."""

import pytest

from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.note import Signer
from karez_protocols import entry, record
from karez_simulators import log_reader

ORIGIN = "karez.test/log"


def an_entry(number):
    return entry.encode_object(record.GRANT, 1_780_000_000 + number, b"grant %d" % number)


def objects(folder):
    return [one["object"] for one in log_reader.entries(folder)]


@pytest.fixture
def log(tmp_path):
    with Tlog.create(tmp_path / "log", ORIGIN, Signer(ORIGIN, bytes(range(32)))) as written:
        yield written


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 512, 513])
def test_every_entry_is_read_once_and_in_order(log, tmp_path, count):
    log.append([an_entry(number) for number in range(count)])
    assert log_reader.size_of(tmp_path / "log") == count
    assert objects(tmp_path / "log") == [b"grant %d" % number for number in range(count)]


def test_a_log_that_grows_is_read_at_every_size(log, tmp_path):
    for count in range(1, 300):
        log.append([an_entry(count - 1)])
        if count < 4 or count > 250:
            assert len(objects(tmp_path / "log")) == count


def test_more_than_a_thousand_bundles_have_a_folder_of_their_own():
    assert log_reader._path(5) == "005"
    assert log_reader._path(1234067) == "x001/x234/067"


def test_what_lies_behind_the_checkpoint_is_not_read(log, tmp_path):
    log.append([an_entry(0)])
    checkpoint = (tmp_path / "log" / "checkpoint").read_bytes()
    log.append([an_entry(1)])
    (tmp_path / "log" / "checkpoint").write_bytes(checkpoint)
    assert objects(tmp_path / "log") == [b"grant 0"]


def bundle_of(folder):
    return next(path for path in (folder / "tile" / "entries").rglob("*") if path.is_file())


def test_a_bundle_cut_off_anywhere_is_unreadable_and_never_short(log, tmp_path):
    log.append([an_entry(0), an_entry(1)])
    bundle = bundle_of(tmp_path / "log")
    whole = bundle.read_bytes()
    for size in range(len(whole)):
        bundle.write_bytes(whole[:size])
        with pytest.raises(log_reader.Unreadable):
            objects(tmp_path / "log")


def test_a_bundle_that_is_gone_is_unreadable(log, tmp_path):
    log.append([an_entry(0)])
    bundle_of(tmp_path / "log").unlink()
    with pytest.raises(log_reader.Unreadable, match="bundle 000"):
        objects(tmp_path / "log")


def test_an_entry_of_an_unknown_kind_is_unreadable(log, tmp_path):
    log.append([b"\x01\x63 something else"])
    with pytest.raises(log_reader.Unreadable, match="entry 0"):
        objects(tmp_path / "log")


@pytest.mark.parametrize("text", ["", "karez.test/log\n", "karez.test/log\nmany\n", "karez.test/log\n-1\n"])
def test_a_checkpoint_without_a_size_is_unreadable(tmp_path, text):
    (tmp_path / "checkpoint").write_text(text)
    with pytest.raises(log_reader.Unreadable):
        log_reader.size_of(tmp_path)


def test_a_log_that_is_not_there_is_unreadable(tmp_path):
    with pytest.raises(log_reader.Unreadable):
        objects(tmp_path / "nowhere")
