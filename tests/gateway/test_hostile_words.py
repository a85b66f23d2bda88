"""Who mistypes and who attacks: each verb of alarms, violations, acts and tokens ends in a sentence.

Code 2, one clear line, no traceback, and nothing was changed.
"""

import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from karez_gateway.api import tokens
from karez_gateway.cli import alarms, api, violations
from karez_gateway.cli.speech import visible
from karez_gateway.store.database import FILE, Database

from .alarm_county import limit, region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import SyntheticController

SPAN = ("--kind", "bypass", "--from", "2026-09-21", "--to", "2026-09-23")
WHY = ("--because", "x", "--by", "li")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A county with an alarm of an area (1) and a closed violation, for verbs that must change nothing."""
    with opened(create(tmp_path_factory.mktemp("hostile") / "g")) as county:
        desk = Desk(county)
        desk.put(region("651"), site("well-1"), site("well-2"), limit("651", 1))
        box = SyntheticController("a", "well-1")
        box.irrigate(3)
        box.checkpoint()
        desk.take(box)
        desk.look()
        found = county.config.data
    number = said(karez(found, "violations", "open", "well-1", *SPAN, *WHY)).split()[1]
    assert karez(found, "violations", "close", number, "--outcome", "punished", *WHY).exit_code == 0
    assert karez(found, "token", "add", "town", "--all", *WHY).exit_code == 0
    return found


# Each group by itself: the whole command has two hundred verbs, and is put together anew each time.
GROUPS = {"alarms": alarms.app, "violations": violations.app, "acts": violations.acts, "token": api.token}


def karez(data, group, verb, *words):
    return CliRunner().invoke(GROUPS[group], [verb, "--data", str(data), *map(str, words)])


def said(done):
    assert done.exit_code == 0, done.stderr
    return done.stdout


def kept(data):
    """How many rows each table has, and the tokens."""
    with sqlite3.connect(data / FILE) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names}
    return rows, (data / tokens.FILE).read_bytes()


def refused(data, *words):
    """What is said, by a verb that refuses and leaves everything as it was."""
    before = kept(data)
    done = karez(data, *words)
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit), (
        words,
        done.output,
        done.exception,
    )
    assert kept(data) == before, words
    return done.stderr


NUMBERS = ("-1", "1" + "0" * 40, "1e400", "NaN", "", "1.5", "0x1")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_is_none_changes_nothing(data, tmp_path, number):
    for words in (
        ("alarms", "show"),
        ("alarms", "acknowledge", *WHY),
        ("alarms", "propose", *WHY, "--out", tmp_path / "order.json"),
        ("violations", "close", "--outcome", "punished", *WHY),
        ("violations", "pack", "--out", tmp_path / "pack.zip"),
    ):
        refused(data, *words, "--", number)
    refused(data, "acts", "list", "--limit", number)
    refused(data, "violations", "open", "well-1", *SPAN, *WHY, "--alarm", number)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("volume", [one for one in NUMBERS if one not in ("", "1.5")])
def test_a_volume_that_is_none_changes_nothing(data, volume):
    assert "--m3" in refused(data, "violations", "open", "well-1", *SPAN, *WHY, "--m3", volume)


TIMES = ("1969-12-31", "9999-12-31", "2026-02-30", "now", "2026-09-21T08:00:00", "9" * 5000, "2026-W01-1")


@pytest.mark.parametrize("time", [*TIMES, "20260921", "1970-01-01T00:00:00+14:00", "\x00", "\ud800"])
def test_a_time_that_is_none_changes_nothing(data, time):
    for words in (
        ("violations", "open", "well-1", *SPAN, *WHY, "--from", time),
        ("acts", "list", "--to", time),
        ("token", "add", "late", "--all", "--until", time),
    ):
        assert "between 1970 and 2105" in refused(data, *words)


@pytest.mark.parametrize("name", ["a\nb", "\x00", "\x1b[31m", "\u202e", "\ud800"])
def test_a_name_that_moves_the_cursor_is_kept_nowhere_and_written_out(data, tmp_path, name):
    for words in (
        ("violations", "open", *SPAN, *WHY, "--", name),
        ("violations", "open", "well-1", *SPAN, *WHY, "--by", name),
        ("violations", "close", 2, "--outcome", name, *WHY),
        ("violations", "list", "--site", name),
        ("alarms", "acknowledge", "--rule", name, *WHY),
        ("alarms", "acknowledge", "--subject", name, *WHY),
        ("alarms", "list", "--severity", name),
        ("alarms", "list", "--state", name),
        ("alarms", "rules", "--region", name),
        ("token", "add", "x", "--sites", f"well-1,{name}"),
        ("token", "end", "--", name),
    ):
        text = refused(data, *words)
        assert name not in text.rstrip("\n") or name == "a\nb", words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("alarms", "list", "--rule", "usd"), "--rule is one of used, rate"),
        (("alarms", "list", "--severity", "urgnt"), "--severity is one of notice, warning, urgent"),
        (("alarms", "list", "--state", "open"), "--state is one of raised"),
        (("alarms", "acknowledge", "--rule", "used", "--region", "", *WHY), "it is empty"),
        (("violations", "list", "--site", "wel-1"), "no site wel-1"),
        (("violations", "open", "well-1", *SPAN, "--because", "x", "--by", " "), "it is empty"),
        (("token", "end", "town", "--by", ""), "it is empty"),
        (("token", "end", "never"), "no token never"),
        (("token", "add", "x", "--sites", "w" * 65), "no name of a site"),
        (("acts", "list", "--by", ""), "it is empty"),
    ],
)
def test_a_word_that_is_not_known_finds_nothing_silently_never(data, words, says):
    assert says in refused(data, *words)


def test_what_fits_nothing_is_said(data):
    assert said(karez(data, "alarms", "list", "--subject", "well-9")) == "no alarm fits\n"
    assert said(karez(data, "violations", "list", "--lang", "zh")) == "没有未结违规\n"
    assert said(karez(data, "acts", "list", "--sort", "nothing")) == "no act fits\n"


def test_a_violation_that_ends_in_the_future_is_taken_with_a_remark(data):
    done = karez(data, "violations", "open", "well-2", *SPAN, *WHY, "--to", "2104-01-01")
    assert done.exit_code == 0 and "ends in the future" in done.stderr


@pytest.mark.parametrize("out", ["no/such/folder.json", ".", "x" * 300, "/dev/full"])
def test_a_result_without_a_place_is_no_act(data, tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    alarm = json.loads(said(karez(data, "alarms", "list", "--rule", "area-volume", "--json")))[0]["id"]
    assert "out" not in refused(data, "violations", "pack", 2, "--out", out)
    refused(data, "alarms", "propose", alarm, *WHY, "--out", out)
    assert not list(tmp_path.iterdir())


def test_a_proposal_whose_file_cannot_be_written_is_no_act(data, tmp_path, monkeypatch):
    def full(_file, _body):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(alarms, "_written", full)
    alarm = json.loads(said(karez(data, "alarms", "list", "--rule", "area-volume", "--json")))[0]["id"]
    text = refused(data, "alarms", "propose", alarm, *WHY, "--out", tmp_path / "order.json")
    assert "cannot be written: No space left" in text and not list(tmp_path.iterdir())


def proposals(data):
    return json.loads(said(karez(data, "acts", "list", "--sort", "order-proposed", "--json")))


def propose(data, out):
    alarm = json.loads(said(karez(data, "alarms", "list", "--rule", "area-volume", "--json")))[0]["id"]
    return karez(data, "alarms", "propose", alarm, *WHY, "--out", out)


def test_a_proposal_is_on_the_disk_with_its_name_before_its_act_stands(data, tmp_path, monkeypatch):
    out, synced, before = tmp_path / "order.json", [], len(proposals(data))

    def fsync(descriptor, really=os.fsync):
        really(descriptor)
        with sqlite3.connect(data / FILE) as store:
            stands = store.execute("SELECT COUNT(*) FROM act WHERE sort = 'order-proposed'").fetchone()[0]
        inode = os.fstat(descriptor).st_ino
        synced.append((inode, stands - before, out.stat().st_size))

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", fsync)
        said(propose(data, out))
    size = out.stat().st_size
    assert size and synced == [(out.stat().st_ino, 0, size), (tmp_path.stat().st_ino, 0, size)]
    assert len(proposals(data)) == before + 1


class ClosesBadly(io.BufferedWriter):
    """A file whose last bytes the disk does not take when it is closed."""

    def close(self):
        was_open = not self.closed
        super().close()
        if was_open:
            raise OSError(5, "Input/output error")


def test_a_proposal_whose_file_cannot_be_closed_is_no_act(data, tmp_path, monkeypatch):
    out, before = tmp_path / "order.json", proposals(data)

    def opened_badly(path, mode="r", *args, really=Path.open, **more):
        file = really(path, mode, *args, **more)
        return ClosesBadly(file.detach()) if path == out else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened_badly)
        done = propose(data, out)
    assert done.exit_code == 2 and "order.json cannot be written: Input/output error" in done.stderr
    assert proposals(data) == before and not out.exists()


def test_the_file_of_an_act_that_stands_is_never_taken_away(data, tmp_path, monkeypatch):
    out, before = tmp_path / "order.json", len(proposals(data))

    def closes_badly(store, really=Database.close):
        really(store)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        alarm = json.loads(said(karez(data, "alarms", "list", "--rule", "area-volume", "--json")))[0]["id"]
        patched.setattr(Database, "close", closes_badly)
        done = karez(data, "alarms", "propose", alarm, *WHY, "--out", out)
    assert done.exit_code == 2
    assert len(proposals(data)) == before + 1 and json.loads(out.read_text())


@pytest.mark.parametrize("verb", [("alarms", "acknowledge", "1"), ("token", "add", "x", "--all")])
def test_a_store_that_another_holds_is_said(data, monkeypatch, verb):
    from karez_gateway.store import engines

    monkeypatch.setattr(engines, "_PRAGMAS", (*engines._PRAGMAS, "PRAGMA busy_timeout = 1"))
    with sqlite3.connect(data / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        done = karez(data, *verb, *WHY)
        other.execute("ROLLBACK")
    assert done.exit_code == 2 and "another program holds the store" in done.stderr
    assert [one.name for one in tokens.load(data / tokens.FILE)] == ["town"]


def test_a_store_of_a_later_version_is_said(tmp_path):
    with opened(create(tmp_path / "g")):
        pass
    with sqlite3.connect(tmp_path / "g" / FILE) as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    done = karez(tmp_path / "g", "acts", "list")
    assert done.exit_code == 2 and "version 9999, this program knows up to" in done.stderr
    there = {one.name for one in (tmp_path / "g").glob("*.sqlite3*")}
    assert there <= {FILE, f"{FILE}-wal", f"{FILE}-shm"}  # and no copy was made of it


def test_an_answer_that_finds_no_room_is_said_and_a_reader_who_leaves_is_no_fault(data):
    words = [sys.executable, "-m", "karez_gateway", "gateway", "acts", "list", "--data", str(data)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "karez gateway: the answer cannot be written (No space left on device): look what was done before "
        "you ask again\n"
    )
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        left.stdout.close()
        assert left.stderr.read() == b""


@pytest.mark.parametrize(
    "change",
    [
        {"made_utc_s": 10**40},
        {"until_utc_s": -1},
        {"name": "\x1b[31m"},
        {"name": 7},
        {"scope": {"sites": ["a\nb"]}},
    ],
)
def test_a_file_of_tokens_that_no_verb_wrote_is_damaged(data, tmp_path, change):
    kept = json.loads((data / tokens.FILE).read_bytes())
    (tmp_path / "t").write_text(json.dumps(kept | {"tokens": [kept["tokens"][0] | change]}))
    with pytest.raises(tokens.StoreError, match="damaged"):
        tokens.load(tmp_path / "t")


def test_brackets_100_000_deep_are_no_tokens(tmp_path):
    (tmp_path / "t").write_text('{"tokens":' + "[" * 100_000)
    with pytest.raises(tokens.StoreError, match="damaged"):
        tokens.load(tmp_path / "t")


def test_what_has_no_shape_is_written_out_and_the_rest_stays():
    assert visible("井 1\n二 \x1b[31m\u202e\ud800é") == "井 1\n二 \\x1b[31m\\u202e\\ud800é"
