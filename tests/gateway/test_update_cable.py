"""`karez tech update` against the real console of a box on memories: brought, resumed, refused, kept."""

import json

import pytest

import update_desk
from karez_firmware.update import marks
from karez_gateway.technician import updating
from karez_gateway.technician.errors import LineTrouble
from karez_protocols import ed25519_keys
from karez_protocols.slices import finish
from update_desk import Cable, build, signed_folder, tech
from updates import content, image_of, manifest_of


@pytest.fixture
def path(tmp_path):
    update_desk.desk(tmp_path)
    return tmp_path


@pytest.fixture
def cable(monkeypatch):
    found = Cable()
    found.plug_into(monkeypatch)
    return found


def update(path, folder, *words, who=False):
    login = ("--key", path / "li.pem", "--number", update_desk.WHO) if who else ()
    return tech("update", folder, "--port", "wire", *login, *words)


def test_a_technician_brings_it_waits_and_hears_that_it_was_kept(path, cable):
    folder = signed_folder(path)
    code, out, err = update(path, folder, "--wait", "--json", who=True)
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["ended"], said["number"], said["sent"]) == ("kept", 6, 7192)
    assert cable.starts == 2 and content(cable.house, 7192) == image_of()
    assert cable.house.app.update.slots.newest().kept == 1
    code, _, err = update(path, folder)
    assert code == 1 and "its number is 6, this box runs 6" in err and "nothing to do" in err


def test_anybody_brings_it_and_only_a_technician_lets_the_box_restart(path, cable):
    folder = signed_folder(path)
    code, out, _ = update(path, folder)
    assert code == 0 and "7192 bytes were sent" in out and "takes a technician" in out
    code, _, err = update(path, folder, "--wait")
    assert code == 2 and "no restart to wait for" in err
    code, out, _ = update(path, folder, "--json", who=True)
    assert code == 0 and json.loads(out)["sent"] == 0 and json.loads(out)["restart"] is True
    for _ in range(400):
        cable.read()
    assert cable.starts == 2


def test_a_pulled_cable_costs_a_piece_and_not_the_update(path, cable):
    folder = signed_folder(path)
    cable.pull_after = 8000
    code, _, err = update(path, folder)
    assert code == 3 and "the cable is gone" in err and "begin again" in err.lower()
    cable.pull_after = None
    cable.house.run(61)
    code, out, _ = update(path, folder, "--json")
    assert code == 0 and 0 < json.loads(out)["sent"] < 7192
    assert content(cable.house, 7192, slot=1) == image_of()


def test_a_box_that_gives_it_back_is_told_with_code_1(path, cable):
    folder = signed_folder(path)
    failed = marks.Row(0, marks.NONE, 0, marks.RETURNED)  # the boot has tried it three times meanwhile
    cable.on_dark = lambda flash: marks.Slots(flash).append(failed)
    code, out, _ = update(path, folder, "--wait", "--json", who=True)
    assert code == 1 and json.loads(out)["ended"] == "given back"


_OTHER = finish(ed25519_keys.secret_slices(b"o" * 32))


REFUSED = [
    ({"board": "other"}, "it is for other, this box is fake. Take the folder of its board"),
    ({"number": 5}, "its number is 5, this box runs 5. There is nothing to do"),
    ({"number": 9, "least": 8}, "Bring the release between the two first"),
    ({"vendor": _OTHER}, "does not believe the vendor's signature"),
    ({"regulator": _OTHER}, "does not believe the regulator's signature"),
]


def test_what_the_box_refuses_is_a_sentence_that_says_what_to_do(path, cable):
    folder = build(path / "other")
    for named, said in REFUSED:
        (folder / "update.signed").write_bytes(manifest_of(image_of(), **named))
        code, out, err = update(path, folder)
        assert (code, out) == (1, "") and said in err
        cable.house.app._drop_console()  # a session begins one manifest a minute
    assert content(cable.house, 16, slot=1) == b"\xff" * 16


def test_a_pump_that_runs_a_chunk_that_never_holds_and_a_box_without_slots(path, cable, monkeypatch):
    folder = signed_folder(path)
    intake = cable.house.app.update.intake()[0]
    with monkeypatch.context() as broken:
        broken.setattr(intake, "_holds", lambda index: index == 0)
        code, _, err = update(path, folder)
        assert code == 1 and "flash is broken there" in err
    monkeypatch.setattr(type(cable.house.app.update), "obstacle", lambda self: b"busy: the pump runs; wait")
    code, _, err = update(path, folder)
    assert code == 1 and "What came stays" in err
    cable.house.app.update = None
    code, _, err = update(path, folder)
    assert code == 1 and "holds one image only" in err


@pytest.mark.parametrize("junk", [None, b"", b"\x00\xff" * 700, b"\xff" * 70_000, "中文".encode("gb18030")])
def test_a_folder_without_both_signatures_reaches_no_box(path, junk):
    folder = build(path / "build")
    if junk is not None:
        (folder / "update.signed").write_bytes(junk)
    code, _, err = update(path, folder)  # no such port: it is not even opened
    assert code == 2 and ("cannot be read" in err or "is no manifest that" in err)


def test_a_manifest_of_another_image_is_not_sent(path):
    folder = build(path / "other")
    (folder / "update.signed").write_bytes(manifest_of(image_of(seed=3)))
    code, _, err = update(path, folder)
    assert code == 2 and "another image than the one beside it" in err


def test_a_box_that_asks_for_nonsense_ends_the_run():
    found = updating.loaded(manifest_of(image_of()), image_of(), "x")
    bringing = updating.Bringing(None, found, lambda done, size: None)
    for index, offset in ((-1, 0), (0, 4096), (9, 0), (10**30, 0)):
        with pytest.raises(LineTrouble):
            bringing._wanted(index, offset)


class Saying:
    """A controller that answers every `update` with this."""

    def __init__(self, **answer):
        self.answer = answer

    def ask(self, *_):
        return self


@pytest.mark.parametrize("offset", [None, "0", 1.5, [], {}])
def test_an_answer_without_a_place_is_a_sentence_and_no_traceback(offset):
    found = updating.loaded(manifest_of(image_of()), image_of(), "x")
    answer = {"state": "coming", "index": 0, "offset": offset, "sha256": found.sha256}
    for said in (answer, {name: value for name, value in answer.items() if name != "offset"}):
        with pytest.raises(LineTrouble) as told:
            updating.Bringing(Saying(**said), found, lambda done, size: None).bring()
        assert told.value.name == "answer-shape"
