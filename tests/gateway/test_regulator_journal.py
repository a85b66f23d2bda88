"""The office's journal and memory: what was signed is not lost, whatever is cut off when."""

import json
import resource
import signal

import pytest

from karez_gateway.regulator import journal, office, state
from karez_gateway.regulator.errors import Refused, Trouble

ORDER = {
    "utc_s": 1,
    "sort": "order",
    "by": "li",
    "office": 2,
    "target": "w1",
    "document": "d",
    "object": "00",
}


def write(folder, count):
    with office.opened(folder) as here:
        for seq in range(1, count + 1):
            here.keep(ORDER | {"seq": seq})
        here.remember()


def orders(folder):
    with office.opened(folder) as here:
        return here.state.orders, here.state.head.n


def test_the_journal_alone_tells_what_the_memory_holds(tmp_path):
    write(tmp_path, 3)
    assert orders(tmp_path) == ({"2": 3}, 3)
    for damage in (b"", b'{"version": 1, "sites"', b"[]", b'{"version": 9}'):
        (tmp_path / office.STATE).write_bytes(damage)
        assert orders(tmp_path) == ({"2": 3}, 3)
    (tmp_path / office.STATE).unlink()
    assert orders(tmp_path) == ({"2": 3}, 3)


def test_a_crash_between_journal_and_memory_is_made_up_for(tmp_path):
    write(tmp_path, 2)
    with office.opened(tmp_path) as here:
        here.keep(ORDER | {"seq": 3})  # and the machine stops: no memory is written
    assert json.loads((tmp_path / office.STATE).read_text())["orders"] == {"2": 2}
    assert orders(tmp_path) == ({"2": 3}, 3)
    assert json.loads((tmp_path / office.STATE).read_text())["orders"] == {"2": 3}


def test_half_a_line_was_never_signed_and_is_put_aside_at_whatever_byte_it_ends(tmp_path):
    write(tmp_path, 2)
    path = tmp_path / journal.FILE
    whole = path.read_bytes()
    with office.opened(tmp_path) as here:
        here.keep(ORDER | {"seq": 3})
    longer = path.read_bytes()
    for cut in range(len(whole) + 1, len(longer), 11):
        path.write_bytes(longer[:cut])
        with office.opened(tmp_path) as here:
            assert here.was_mended and here.state.orders == {"2": 2}
        assert path.read_bytes() == whole
    assert (tmp_path / journal.TORN).read_bytes().startswith(longer[len(whole) : len(whole) + 1] + b"\n")
    path.write_bytes(longer)
    assert orders(tmp_path) == ({"2": 3}, 3)


def test_a_changed_added_or_missing_line_is_found(tmp_path):
    write(tmp_path, 3)
    (tmp_path / office.STATE).unlink()
    path = tmp_path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    for broken in (
        [lines[0], lines[1].replace(b'"w1"', b'"w2"'), lines[2]],
        [lines[0], lines[2]],
        [lines[1], lines[2]],
        [lines[0], lines[1], lines[1], lines[2]],
        [lines[0], b"{}\n", lines[2]],
    ):
        path.write_bytes(b"".join(broken))
        with pytest.raises(Refused, match="1 fault: "), office.opened(tmp_path):
            pass


def test_a_journal_shorter_than_the_memory_is_found(tmp_path):
    write(tmp_path, 3)
    path = tmp_path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    for left in (lines[:2], []):
        path.write_bytes(b"".join(left))
        with pytest.raises(Refused) as refused, office.opened(tmp_path):
            pass
        assert refused.value.faults[0].name == "journal-shorter"
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b'"li"', b'"wu"')]))
    with pytest.raises(Refused) as refused, office.opened(tmp_path):
        pass
    assert refused.value.faults[0].name == "journal-changed"


def test_one_user_at_a_time(tmp_path):
    with office.opened(tmp_path), pytest.raises(Trouble, match="somebody else"), office.opened(tmp_path):
        pass


def test_a_disk_that_is_full_leaves_the_journal_as_it_was(tmp_path):
    write(tmp_path, 1)
    path = tmp_path / journal.FILE
    before = path.read_bytes()
    with office.opened(tmp_path) as here:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(Trouble, match="cannot be written"):
                here.keep(ORDER | {"seq": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, former)
        assert path.read_bytes() == before
        here.keep(ORDER | {"seq": 2})
    assert orders(tmp_path) == ({"2": 2}, 2)


def test_a_state_that_is_written_out_and_read_is_the_same():
    found = state.State(orders={"0": 4}, keys="ab", requests={"x": 1}, head=journal.Head(3, "c" * 64))
    found.sites["w1"] = state.SiteState("box", 5, 1, 7, "h", 9, 10, {"2027": [1, None]}, {"2027": 4})
    assert state.decode(state.encode(found)) == found
