"""The vendor's TUF repository and the gateway as its client: taken whole, each attack told as a sentence."""

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, TargetFile
from typer.testing import CliRunner

from karez_firmware.update import marks
from karez_gateway.cli.main import app
from karez_gateway.errors import Refused
from karez_gateway.technician import keys, update_repository
from karez_gateway.technician.errors import WrongUse
from karez_gateway.updates.repository import Repository
from karez_gateway.updates.talk import Talk
from update_carriers import Gateway
from update_desk import PASSPHRASE, build, tech
from updates import again, content, image_of, manifest_of

from .county import create, opened
from .synthetic import SyntheticController
from .test_update_talk import Link

ROOTS = [Ed25519PrivateKey.from_private_bytes(bytes((at,)) * 32) for at in (1, 2, 3)]
TARGETS, ONLINE, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes((at,)) * 32) for at in (4, 5, 6))
NOW = dt.datetime.now(dt.UTC)  # the client asks the machine's clock


def made(path, now=NOW, roots=ROOTS, threshold=2):
    folder = path / "repo"
    update_repository.begin(folder, roots, threshold, TARGETS, ONLINE, now)
    return folder


def put(path, folder, number=6, now=NOW, online=ONLINE, targets=TARGETS, **changed):
    image = image_of(seed=number)
    one = build(path / f"build-{number}-{len(list(path.iterdir()))}", rom=image)
    (one / "update.signed").write_bytes(manifest_of(image, number=number, **changed))
    return update_repository.add(folder, one, root_of(folder), targets, online, now)


def root_of(folder):
    """The root that somebody keeps."""
    return (folder / "metadata" / "1.root.json").read_bytes()


def trusting(path, root, place):
    found = Repository(path)
    found.prepare(root, str(place))
    found.trust()
    return found


def client(path, folder, name="client"):
    return trusting(path / name, root_of(folder), folder)


@pytest.fixture
def both(tmp_path):
    folder = made(tmp_path)
    put(tmp_path, folder)
    return folder, client(tmp_path, folder)


def test_the_gateway_takes_the_newest_of_its_board(tmp_path, both):
    folder, found = both
    assert found.newest("fake").values["number"] == 6
    put(tmp_path, folder, number=7)
    put(tmp_path, folder, number=9, board="other")
    assert (found.newest("fake").values["number"], found.newest("other").values["number"]) == (7, 9)
    with pytest.raises(Refused, match="no update for the board 'none'; it has fake, other"):
        found.newest("none")
    with pytest.raises(WrongUse, match="number 7 does not rise"):
        put(tmp_path, folder, number=7)


def test_a_repository_that_was_not_renewed_is_too_old_until_it_is(tmp_path):
    folder = made(tmp_path, NOW)
    put(tmp_path, folder, now=NOW - dt.timedelta(days=20))
    found = client(tmp_path, folder)
    with pytest.raises(Refused, match=r"too old.*Nothing was taken"):
        found.newest("fake")
    update_repository.renew(folder, root_of(folder), ONLINE, NOW)
    assert found.newest("fake").values["number"] == 6


def test_root_and_list_of_files_are_renewed_by_their_keys(tmp_path):
    old = NOW - dt.timedelta(days=400)
    folder = made(tmp_path, old)
    put(tmp_path, folder, now=old)
    found = client(tmp_path, folder)
    with pytest.raises(WrongUse, match="1 of these keys are the root's, it wants 2"):
        update_repository.renew_root(folder, root_of(folder), [ROOTS[0], STRANGER], NOW)
    update_repository.renew_root(folder, root_of(folder), ROOTS[:2], NOW)
    update_repository.renew(folder, root_of(folder), ONLINE, NOW)
    with pytest.raises(Refused, match="too old"):
        found.newest("fake")
    update_repository.renew_targets(folder, root_of(folder), TARGETS, ONLINE, NOW)
    assert found.newest("fake").values["number"] == 6


def test_a_box_takes_over_the_link_what_the_repository_has(tmp_path, both):
    _, found = both
    link, one = Link(), Talk(found.newest("fake"))
    link.carry(one)
    assert link.is_restarting
    house = again(link.house)
    assert content(house, 7192) == image_of(seed=6)
    Gateway(house).run(75)
    assert marks.Slots(house.port.flash).newest().kept == 1


def test_an_older_state_is_no_way_back(tmp_path, both):
    folder, found = both
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    put(tmp_path, folder, number=7)
    assert found.newest("fake").values["number"] == 7
    shutil.copy(before / "metadata" / "timestamp.json", folder / "metadata" / "timestamp.json")
    with pytest.raises(Refused, match="older than it has shown before"):
        found.newest("fake")


def test_what_does_not_belong_together_and_what_was_changed(tmp_path, both):
    folder, found = both
    put(tmp_path, folder, number=7)
    metadata = folder / "metadata"
    whole = (metadata / "3.targets.json").read_bytes()
    shutil.copy(metadata / "2.targets.json", metadata / "3.targets.json")
    with pytest.raises(Refused, match=r"does not belong|older than"):
        found.newest("fake")
    (metadata / "3.targets.json").write_bytes(whole)
    (image,) = (folder / "targets" / "fake" / "7").glob("*.image.romfs")
    image.write_bytes(image.read_bytes()[:-1] + b"\x00")
    with pytest.raises(Refused, match="not the one that was signed"):
        found.newest("fake")
    image.unlink()
    with pytest.raises(Refused, match="cannot be used"):
        found.newest("fake")


def test_keys_that_the_root_does_not_name(tmp_path, both):
    folder, found = both
    with pytest.raises(WrongUse, match=r"does not let the key .* sign as targets"):
        put(tmp_path, folder, number=7, targets=STRANGER)
    with pytest.raises(WrongUse, match="sign as snapshot"):
        update_repository.renew(folder, root_of(folder), TARGETS, NOW)
    other = tmp_path / "other"
    other.mkdir()
    theirs = made(other, roots=[STRANGER, *ROOTS[1:]])
    put(other, theirs, number=8)
    for path in (theirs / "metadata").glob("*.json"):
        if ".root." not in path.name:
            shutil.copy(path, folder / "metadata" / path.name)
    # Same online key here, so only the root's word about the targets' key is what holds: it holds.
    text = json.loads((folder / "metadata" / "timestamp.json").read_text())
    text["signatures"][0]["sig"] = "00" * 64
    (folder / "metadata" / "timestamp.json").write_text(json.dumps(text))
    with pytest.raises(Refused, match="too few of the right keys"):
        found.newest("fake")


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forge(folder, role, change, keys):
    """Somebody who can write to the folder changes the newest of a role, and signs it himself."""
    path = max((folder / "metadata").glob(f"*{role}.json"))
    held = Metadata.from_bytes(path.read_bytes())
    change(held.signed)
    held.signatures.clear()
    for key in keys:
        held.sign(CryptoSigner(key), append=True)
    path.write_bytes(held.to_bytes())


@pytest.mark.parametrize(
    ("role", "change"),
    [
        ("targets", lambda held: held.targets.pop("fake/6/image.romfs")),
        ("snapshot", lambda held: setattr(held, "expires", NOW + dt.timedelta(days=9_999))),
        ("timestamp", lambda held: setattr(held, "version", 9)),
        ("root", lambda held: held.add_key(CryptoSigner(STRANGER).public_key, "targets")),
    ],
)
def test_the_vendor_signs_nothing_that_lay_in_the_folder_without_his_keys(tmp_path, both, role, change):
    folder, _ = both
    root = root_of(folder)
    update_repository.renew_root(folder, root, ROOTS[:2], NOW)
    forge(folder, role, change, [STRANGER])
    before = everything(folder)
    image = image_of(seed=7)
    one = build(tmp_path / "b", rom=image)
    (one / "update.signed").write_bytes(manifest_of(image, number=7))
    for act in (
        lambda: update_repository.add(folder, one, root, TARGETS, ONLINE, NOW),
        lambda: update_repository.renew(folder, root, ONLINE, NOW),
        lambda: update_repository.renew_targets(folder, root, TARGETS, ONLINE, NOW),
        lambda: update_repository.renew_root(folder, root, ROOTS[:2], NOW),
    ):
        with pytest.raises(WrongUse, match="is not signed by the keys that your root"):
            act()
    assert everything(folder) == before


def test_a_root_that_is_not_his_and_metadata_out_of_order(tmp_path, both):
    folder, _ = both
    other = tmp_path / "other"
    other.mkdir()
    theirs = root_of(made(other, roots=[STRANGER], threshold=1))
    timestamp = (folder / "metadata" / "timestamp.json").read_bytes()
    with pytest.raises(WrongUse, match="cannot be read: it is timestamp, not root"):
        update_repository.renew(folder, timestamp, ONLINE, NOW)
    torn = json.loads(root_of(folder))
    torn["signatures"] = torn["signatures"][:1]
    with pytest.raises(WrongUse, match="--root is not signed"):
        update_repository.renew(folder, json.dumps(torn).encode(), ONLINE, NOW)
    shutil.copy(folder / "metadata" / "1.targets.json", folder / "metadata" / "2.targets.json")
    with pytest.raises(WrongUse, match="it is version 1"):
        update_repository.renew(folder, root_of(folder), ONLINE, NOW)
    (folder / "metadata" / "2.root.json").write_bytes(theirs)
    with pytest.raises(WrongUse, match="it is version 1"):
        update_repository.renew(folder, root_of(folder), ONLINE, NOW)
    # The next number, whole and signed by its own key: but not by his.
    forge(folder, "2.root", lambda held: setattr(held, "version", 2), [STRANGER])
    with pytest.raises(WrongUse, match=r"2\.root\.json is not signed by the keys that your root"):
        update_repository.renew(folder, root_of(folder), ONLINE, NOW)


def test_a_wrong_key_is_found_before_anything_is_written(tmp_path, both):
    folder, _ = both
    before = everything(folder)
    for named in ({"online": STRANGER}, {"targets": STRANGER}):
        with pytest.raises(WrongUse, match="Nothing was changed"):
            put(tmp_path, folder, number=7, **named)
    with pytest.raises(WrongUse, match="Nothing was changed"):
        update_repository.renew_targets(folder, root_of(folder), TARGETS, STRANGER, NOW)
    assert everything(folder) == before


def test_a_manifest_under_the_name_of_another_is_not_taken(tmp_path, both):
    folder, found = both
    held = Metadata.from_bytes((folder / "metadata" / "2.targets.json").read_bytes()).signed
    for name in ("update.signed", "image.romfs"):
        old = held.targets.pop(f"fake/6/{name}")
        held.targets[f"other/8/{name}"] = TargetFile(old.length, old.hashes, f"other/8/{name}")
    (folder / "targets" / "other").mkdir()
    shutil.copytree(folder / "targets" / "fake" / "6", folder / "targets" / "other" / "8")
    now = update_repository.opened(folder, root_of(folder))
    now.targets.targets.clear()
    now.targets.targets.update(held.targets)
    now.targets.version += 1
    update_repository._publish(now, TARGETS, ONLINE, NOW)
    with pytest.raises(Refused, match="calls it number 8 for other, its manifest says 6 for fake"):
        found.newest("other")


def test_a_root_is_pinned_whole_or_not_at_all(tmp_path, monkeypatch):
    """Wherever it is cut off, it can be said again, and nothing is believed before."""
    folder = made(tmp_path)
    put(tmp_path, folder)
    at = tmp_path / "data" / "updates"
    held = Repository(at)
    held.prepare(root_of(folder), str(folder))
    assert not held.is_trusted and not at.exists()
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space"):
        held.trust()
    monkeypatch.undo()
    assert not held.is_trusted
    monkeypatch.chdir(tmp_path)  # a place that is named from here is found from elsewhere
    held.prepare(root_of(folder), folder.name)
    monkeypatch.chdir("/")
    at.mkdir()
    (at / "place").write_text("of an older version, which wrote file after file")
    assert not held.is_trusted
    held.trust()
    found = Repository(at)
    assert found.is_trusted and found.newest("fake").values["number"] == 6
    assert [path.name for path in at.parent.iterdir()] == ["updates"]
    with pytest.raises(Refused, match="trusted already"):
        held.trust()


def test_a_root_needs_its_threshold_and_keys_of_its_own(tmp_path):
    with pytest.raises(WrongUse, match="from 1 to the 3 keys"):
        made(tmp_path, threshold=4)
    with pytest.raises(WrongUse, match="named twice"):
        update_repository.begin(tmp_path / "x", [TARGETS], 1, TARGETS, ONLINE, NOW)
    folder = made(tmp_path)
    with pytest.raises(WrongUse, match="is a repository already"):
        made(tmp_path)
    root = json.loads((folder / "metadata" / "1.root.json").read_text())
    root["signatures"] = root["signatures"][:1]
    with pytest.raises(Refused, match="no root of a repository"):
        trusting(tmp_path / "c", json.dumps(root).encode(), folder)
    for junk in (b"", b"\x00\xff" * 700, b"[]", b"9" * 5_000, "中文".encode("gb18030")):
        with pytest.raises(Refused, match="no root of a repository"):
            trusting(tmp_path / "c", junk, folder)
    with pytest.raises(Refused, match="a folder with metadata/, or an https address"):
        trusting(tmp_path / "c", b"", "http://plain.example")
    assert not Repository(tmp_path / "c").is_trusted


@pytest.mark.parametrize("junk", [b"", b"\x00\xff" * 700, b"[]", b"{}", "中文".encode("gb18030")])
def test_metadata_that_is_none_is_said_so_on_both_sides(both, junk):
    folder, found = both
    (folder / "metadata" / "timestamp.json").write_bytes(junk)
    with pytest.raises(Refused, match="Nothing was taken"):
        found.newest("fake")
    with pytest.raises(WrongUse, match="cannot be read"):
        update_repository.renew(folder, root_of(folder), ONLINE, NOW)


def test_the_verbs_from_keys_to_a_roll_out(tmp_path):
    for name, key in (("a", ROOTS[0]), ("b", ROOTS[1]), ("targets", TARGETS), ("online", ONLINE)):
        keys.keep(tmp_path / f"{name}.pem", key, PASSPHRASE)
    one = build(tmp_path / "build")
    (one / "update.signed").write_bytes(manifest_of(image_of()))
    repo, online = tmp_path / "repo", ("--online-key", tmp_path / "online.pem")
    targets = ("--targets-key", tmp_path / "targets.pem")
    roots = ("--root-key", tmp_path / "a.pem", "--root-key", tmp_path / "b.pem", "--threshold", "2")
    mine = ("--root", tmp_path / "safe.root.json")
    mine[1].write_bytes(b"")
    code, _, err = tech("repository", "renew", repo, *online, *mine)
    assert code == 2 and "is no repository" in err
    assert tech("repository", "init", repo, *roots, *targets, *online)[0] == 0
    code, _, err = tech("repository", "add", repo, one, *mine, *targets, *online)
    assert code == 2 and "--root cannot be read" in err and "Traceback" not in err
    shutil.copy(repo / "metadata" / "1.root.json", mine[1])
    assert "number 6, for fake" in tech("repository", "add", repo, one, *mine, *targets, *online)[1]
    renewal = (*online, *mine, *targets, *roots[:4])
    assert "renewed until" in tech("repository", "renew", repo, *renewal)[1]
    with opened(create(tmp_path / "g")) as county:
        county.enrol(SyntheticController("box", "well-1"))

    def run(*words, ok=0):
        words = ["update", *map(str, words), "--data", str(tmp_path / "g"), "--by", "li", "--because", "r"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == ok, done.output
        return done.output

    assert "no repository is trusted yet" in run("add", "--board", "fake", ok=2)
    assert "name the folder" in run("add", ok=2)
    root = repo / "metadata" / "1.root.json"
    assert "is no repository" in run("trust", root, "--repository", tmp_path / "nowhere", ok=2)
    done = CliRunner().invoke(
        app, ["update", "trust", str(root), "--repository", str(repo), "--data", str(tmp_path / "g")]
    )
    assert done.exit_code == 2 and "--because" in done.output
    assert "no repository is trusted yet" in run("add", "--board", "fake", ok=2)
    assert "is taken from" in run("trust", root, "--repository", repo)
    assert "trusted already" in run("trust", root, "--repository", repo, ok=2)
    assert "from its repository only" in run("add", one, ok=2)
    assert "number 6, for fake" in run("add", "--board", "fake")
