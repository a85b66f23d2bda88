"""A log that was put back is not continued: found out, stopped, and followed by one with its own origin."""

import contextlib
import json
import shutil

import pytest
from typer.testing import CliRunner

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.cli import main as cli
from karez_gateway.entries import neworigin, origins, restored
from karez_gateway.entries.logview import LogView
from karez_gateway.entries.restored import ControllerClaims
from karez_gateway.errors import Refused, StoreError
from karez_gateway.log.tlog import Tlog
from karez_gateway.operation.status import status
from karez_gateway.operation.statustext import lines
from karez_gateway.proofs import evidence
from karez_gateway.store.database import FILE
from karez_gateway.verifier import bundle_check, trust
from karez_gateway.verifier.checkpoint import Checkpoint
from karez_gateway.verifier.note import Note
from karez_gateway.verifier.page import Page
from karez_protocols import bundle, entry

from .county import create, opened
from .synthetic import SyntheticController

BECAUSE = "disk lost, backup of yesterday"


def well(checkpoints=2):
    box = SyntheticController("a", "well-1")
    for _ in range(checkpoints):
        box.irrigate(4)
    return box


def grown(directory, box):
    """A county that holds all of a box's records."""
    create(directory)
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.work()
        return county.sequencer.log.checkpoint_note()


def new_origin(directory, because=BECAUSE, **wishes):
    return neworigin.open_new(configuration.load(directory), because, **wishes)


def first_entry(directory):
    """Of the current log, decoded; its note as a checkpoint."""
    values = entry.decode(origins.current(configuration.load(directory)).first_entry())
    return values, Checkpoint.parse(Note.parse(values["note"]).text) if values["note"] else None


def proved(directory, county, **wishes):
    data = evidence.export(county.store, county.config, site="well-1", **wishes).data
    report = bundle_check.check(data, trust.load(directory / data_directory.TRUST))
    assert report.is_proved, report.rejections
    return data, report


def test_the_new_log_opens_with_the_last_checkpoint_of_the_old_and_goes_on_behind_it(tmp_path):
    box = well()
    directory = tmp_path / "g"
    note = grown(directory, box)
    size = box.seq
    new = new_origin(directory)
    assert (new.name, new.number) == ("karez.test/county.2", 2)
    values, before = first_entry(directory)
    assert values["note"] == note and (before.origin, before.size) == ("karez.test/county", size)
    assert (values["reason"], values["first_entry"]) == (BECAUSE, size)
    box.irrigate(3)
    with opened(directory) as county:
        assert county.sequencer.log.origin == "karez.test/county.2" and county.sequencer.log.size == 1
        county.take(box, *box.payloads(size + 1))
        county.work()
        assert county.sequencer.log.size == 1 + box.seq - size
        data, report = proved(directory, county)
        parts = bundle.decode(data)
        assert [index for index, _, _ in parts["proofs"]] == [box.seq - size, 0]
        assert (report.log.origin, report.log.holds_covering) == ("karez.test/county.2", True)
        follows = report.log.follows
        assert (follows.origin, follows.size, follows.reason) == ("karez.test/county", size, BECAUSE)
        assert "behind the log karez.test/county of" in "\n".join(Page(report, "en").lines())
        # What the old log holds is still proved by the old log.
        _, report = proved(directory, county, to_seq=size)
        assert (report.log.origin, report.log.size) == ("karez.test/county", size)
        assert report.log.follows is None
    with opened(directory) as county:  # and so it is after a restart
        assert county.sequencer.log.size == 1 + box.seq - size


def test_the_old_log_is_never_added_to_again(tmp_path):
    box = well()
    directory = tmp_path / "g"
    note = grown(directory, box)
    files = {path: path.read_bytes() for path in sorted((directory / "log").rglob("*")) if path.is_file()}
    new_origin(directory)
    box.irrigate(2)
    with opened(directory) as county:
        county.take(box, *box.payloads(1))
        county.work()
    assert (directory / "log" / "checkpoint").read_bytes() == note
    assert {path: path.read_bytes() for path in files} == files


def test_entries_that_only_the_store_has_go_into_the_new_log(tmp_path):
    """A backup copies the log first and the store after it: what came between is signed anew."""
    box = well()
    directory = tmp_path / "g"
    create(directory)
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, box.frame(*range(1, 5)))
    shutil.copytree(directory / "log", tmp_path / "log")
    with opened(directory) as county:
        county.take(box, *box.payloads(5))
    shutil.rmtree(directory / "log")
    (tmp_path / "log").rename(directory / "log")
    new_origin(directory)
    assert first_entry(directory)[0]["first_entry"] == 4
    with opened(directory) as county:
        assert county.sequencer.log.size == 1 + box.seq - 4
        county.work()
        _, report = proved(directory, county)
        assert report.log.holds_covering


def test_a_store_that_is_older_than_the_log_goes_on_under_a_new_name(tmp_path):
    box = well()
    directory = tmp_path / "g"
    create(directory)
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, box.frame(*range(1, 7)))
    backup = (directory / FILE).read_bytes()
    with opened(directory) as county:
        county.take(box, *box.payloads(7))
    (directory / FILE).write_bytes(backup)
    with pytest.raises(StoreError, match="karez gateway new-origin"), opened(directory):
        pass
    new_origin(directory)
    values, before = first_entry(directory)
    assert (values["first_entry"], before.size) == (6, box.seq)
    with opened(directory) as county:
        county.take(box, *box.payloads(7))
        county.work()
        assert county.sequencer.log.size == 1 + box.seq - 6
        proved(directory, county)


@pytest.mark.parametrize("same", [0, 1, 5, 6])
def test_a_store_and_a_log_of_two_histories_part_where_they_differ(tmp_path, same):
    box = well()
    logs = []
    for name, order in (("log", (7, 8, 9)), ("store", (9, 7, 8))):
        directory = create(tmp_path / name)
        with opened(directory) as county:
            county.enrol(box)
            for seq in [*range(1, same + 1), *order]:
                county.take(box, box.frame(seq))
        logs.append(directory)
    directory = logs[0]
    (directory / FILE).write_bytes((logs[1] / FILE).read_bytes())
    with pytest.raises(StoreError, match="differs between table and log"), opened(directory):
        pass
    new_origin(directory)
    assert first_entry(directory)[0]["first_entry"] == same
    with opened(directory) as county:
        assert county.sequencer.log.size == 1 + 3


def test_a_log_that_cannot_be_opened_is_logged_again_as_a_whole(tmp_path):
    box = well()
    directory = tmp_path / "g"
    note = grown(directory, box)
    tile = next(path for path in (directory / "log" / "tile" / "0").rglob("*") if path.is_file())
    tile.write_bytes(bytes(len(tile.read_bytes())))
    new_origin(directory, because="tile lost")
    values, before = first_entry(directory)
    assert (values["first_entry"], values["note"], before.size) == (0, note, box.seq)
    with opened(directory) as county:
        assert county.sequencer.log.size == 1 + box.seq
        proved(directory, county)


def test_a_third_log_follows_the_second(tmp_path):
    box = well()
    directory = tmp_path / "g"
    grown(directory, box)
    new_origin(directory)
    old = box.seq
    box.irrigate(3)
    with opened(directory) as county:
        county.take(box, *box.payloads(old + 1))
        county.work()
    middle = box.seq
    assert new_origin(directory, because="again", number=7).name == "karez.test/county.7"
    values, before = first_entry(directory)
    assert (values["first_entry"], before.origin, before.size) == (
        middle,
        "karez.test/county.2",
        1 + middle - old,
    )
    box.irrigate(3)
    with opened(directory) as county:
        county.take(box, *box.payloads(middle + 1))
        county.work()
        for last, name in ((old, ""), (middle, ".2"), (None, ".7")):
            wishes = {} if last is None else {"to_seq": last}
            assert proved(directory, county, **wishes)[1].log.origin == "karez.test/county" + name


def test_an_interrupted_attempt_leaves_the_old_log_current_and_can_be_repeated(tmp_path, monkeypatch):
    box = well()
    directory = tmp_path / "g"
    grown(directory, box)

    def cut(self, entries):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(Tlog, "append", cut)
    with pytest.raises(StoreError, match="could not be begun"):
        new_origin(directory)
    monkeypatch.undo()
    config = configuration.load(directory)
    assert origins.current(config).number == 1 and (directory / "log.2.new").exists()
    left = (directory / "log.2.key").read_text()
    assert new_origin(directory).number == 2
    # The key that signed the unfinished tree signs no second one.
    assert (directory / "log.2.key").read_text() != left and not (directory / "log.2.new").exists()
    with opened(directory) as county:
        assert county.sequencer.log.origin.endswith(".2")


def test_what_cannot_be_a_new_origin_is_refused(tmp_path):
    directory = create(tmp_path / "g")
    for number in (0, 1, 10_000, -3):
        with pytest.raises(Refused, match="must be above 1"):
            new_origin(directory, number=number)
    with pytest.raises(Refused, match="say why"):
        new_origin(directory, because="")
    with opened(directory), pytest.raises(Refused, match="stopped first"):
        new_origin(directory)
    assert origins.current(configuration.load(directory)).number == 1


def test_a_long_reason_is_cut_and_not_refused(tmp_path):
    directory = create(tmp_path / "g")
    new_origin(directory, because="重" * 5000)
    values, before = first_entry(directory)
    assert before.size == 0 and set(values["reason"]) == {"重"} and len(values["reason"]) > 400


def test_the_trust_file_that_init_wrote_knows_the_new_log_too(tmp_path):
    directory = create(tmp_path / "g")
    new = new_origin(directory)
    names = [key.name for key in trust.load(directory / data_directory.TRUST).logs]
    assert names == ["karez.test/county", "karez.test/county.2"]
    (directory / data_directory.TRUST).write_text("kept by hand")
    assert new_origin(directory).number == 3
    assert (directory / data_directory.TRUST).read_text() == "kept by hand" and new.verifier_key()


def test_other_directories_and_files_are_no_logs(tmp_path):
    directory = create(tmp_path / "g")
    for name in ("log.2", "log.x", "log.-3", "log.1", "log.03", "log.²"):
        (directory / name).mkdir()
        if name != "log.2":
            (directory / name / "checkpoint").write_bytes(b"x")
    assert [one.number for one in origins.every(configuration.load(directory))] == [1]


def test_a_second_log_whose_beginning_does_not_say_what_it_follows_is_not_continued(tmp_path):
    directory = create(tmp_path / "g")
    new = new_origin(directory)
    shutil.rmtree(new.directory)
    from karez_gateway.log.keys import load_key

    with Tlog.create(new.directory, new.name, load_key(new.key, new.name)) as log:
        with pytest.raises(StoreError, match="cannot be read"):
            new.numbering()
        log.append([entry.encode_object(10, 1, b"x")])
    with pytest.raises(StoreError, match="does not say what it follows"), opened(directory):
        pass


def test_an_entry_is_read_from_any_place_of_a_log_and_held_against_its_root(tmp_path):
    directory = create(tmp_path / "g")
    config = configuration.load(directory)
    one = origins.current(config)
    with data_directory.opened(config) as found:
        log = found.sequencer.log
        log.append([b"%d" % number for number in range(300)])
        view = LogView(one.directory, one.name, one.verifier_key())
        assert [view.entry(index) for index in (0, 255, 256, 299)] == [b"0", b"255", b"256", b"299"]
        for outside in (-1, 300):
            with pytest.raises(IndexError):
                view.entry(outside)


# A log that somebody says was put back.


def test_a_marked_restore_is_not_run_until_a_person_has_decided(tmp_path):
    directory = create(tmp_path / "g")
    config = configuration.load(directory)
    restored.halt(directory, "restored from backup of 21 November")
    with (
        pytest.raises(StoreError, match=r"backup of 21 November.*karez gateway new-origin"),
        opened(directory),
    ):
        pass
    with data_directory.beside(config) as store:
        facts = status(store, config)
    assert facts["log"]["halted"] == "restored from backup of 21 November"
    assert any("NOT CONTINUED: restored from backup" in line for line in lines(facts))
    new_origin(directory)
    with opened(directory) as county:
        assert county.sequencer.log.origin.endswith(".2")


def test_a_mark_that_cannot_be_read_stops_the_log_as_well(tmp_path):
    directory = create(tmp_path / "g")
    for text in ("", "{", "[]", '{"reason": ""}'):
        (directory / restored.HALTED).write_text(text)
        with pytest.raises(StoreError, match="a restore was marked here"), opened(directory):
            pass


def test_the_commands_do_what_a_person_decides(tmp_path):
    directory = create(tmp_path / "g")
    run = CliRunner().invoke
    where = ["--data", str(directory)]
    done = run(cli.app, ["keep-origin", *where, "--because", "x"])
    assert done.exit_code == 2 and "nothing stops this log" in done.stderr
    restored.halt(directory, "the witness w1 has seen 9 entries")
    done = run(cli.app, ["keep-origin", *where, "--because", ""])
    assert done.exit_code == 2 and "--because TEXT" in done.stderr
    assert run(cli.app, ["keep-origin", *where, "--because", "w1 was reinstalled"]).exit_code == 0
    with opened(directory) as county:
        assert county.sequencer.log.origin == "karez.test/county"
    shown = run(cli.app, ["status", *where]).stdout
    assert "claims that this log was put back are not believed: w1 was reinstalled" in shown
    done = run(cli.app, ["new-origin", *where, "--because", BECAUSE])
    assert done.exit_code == 0 and "karez.test/county.2+" in done.stdout
    assert "log karez.test/county.2: 0 entries" in run(cli.app, ["status", *where]).stdout
    done = run(cli.app, ["new-origin", *where, "--because", BECAUSE, "--number", "2"])
    assert done.exit_code == 2 and "must be above 2" in done.stderr


def states(**acknowledged):
    return {name: {"chain": 1, "acknowledged_seq": seq} for name, seq in acknowledged.items()}


@contextlib.contextmanager
def county_of(directory, count):
    boxes = [SyntheticController(f"box-{number}", f"well-{number}") for number in range(count)]
    with opened(create(directory)) as county:
        county.enrol(*boxes)
        for box in boxes:
            box.interval(5)
            box.interval(5)
            county.take(box, *box.payloads())
        yield county, boxes


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 1), (3, 2), (4, 2), (6, 3), (9, 3)])
def test_so_many_controllers_must_have_been_told_of_more(tmp_path, count, needed):
    with county_of(tmp_path / "g", count) as (county, boxes):
        claims = ControllerClaims(county.store)
        claims.take(states(**{box.name: 2 for box in boxes}))
        assert (claims.claimed, claims.is_believed) == ({}, False)
        for said in range(1, count + 1):
            claims.take(states(**{box.name: 2 + (at < said) for at, box in enumerate(boxes)}))
            assert len(claims.claimed) == said and claims.is_believed == (said >= needed)
        told = "1 controller was" if count == 1 else f"{count} controllers were"
        assert f"{told} told of more than is stored here" in claims.reason()
        for box in boxes:  # they send again, and the claim is settled
            box.interval(5)
            county.take(box, *box.payloads())
        claims.take(states(**{box.name: 3 for box in boxes}))
        assert (claims.claimed, claims.is_believed) == ({}, False)


def test_a_controller_that_is_new_here_claims_nothing(tmp_path):
    with county_of(tmp_path / "g", 1) as (county, (box,)):
        claims = ControllerClaims(county.store)
        claims.take(states(stranger=500) | {box.name: {"chain": 2, "acknowledged_seq": 40}})
        claims.take({box.name: {"online": 0}, "x": {"chain": None, "acknowledged_seq": None}})
        assert (claims.claimed, claims.is_believed) == ({}, False)


def test_a_controller_that_another_gateway_told_of_more_sends_again_and_claims_nothing(tmp_path):
    with county_of(tmp_path / "g", 0) as (county, _):
        box = SyntheticController("moved", "well-9")
        for _ in range(6):
            box.interval(5)
        county.enrol(box)
        claims = ControllerClaims(county.store)
        for stored in range(1, 7):
            claims.take(states(**{box.name: 6}))
            assert (claims.claimed, claims.is_believed) == ({}, False)
            county.take(box, box.frame(stored))
        claims.take(states(**{box.name: 7}))  # that one was told here
        assert claims.is_believed


def test_the_facts_of_a_status_can_be_written_down(tmp_path):
    directory = create(tmp_path / "g")
    config = configuration.load(directory)
    with data_directory.beside(config) as store:
        assert json.loads(json.dumps(status(store, config)["log"])) == {
            "origin": "karez.test/county",
            "former_origins": [],
            "entries": 0,
            "halted": "",
            "kept": "",
            "witnesses": [],
        }
