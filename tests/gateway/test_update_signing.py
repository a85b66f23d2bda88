"""Two signatures under an update, each by the real verb: what is shown, what is refused."""

import json

import pytest

import update_desk
from karez_gateway.technician import keys
from karez_protocols import update_manifest
from update_desk import PASSPHRASE, ROOT, VENDOR, build, public, regulator, sign_regulator, sign_vendor, tech
from updates import image_of


@pytest.fixture
def path(tmp_path):
    update_desk.desk(tmp_path)
    return tmp_path


def regulate(path, folder, *words, key="root.pem", vendor=VENDOR):
    return regulator(
        "sign-update", folder, "--vendor-key", public(vendor).hex(), "--key", path / key, "--office",
        path / "office", *words,
    )  # fmt: skip


def test_both_sign_what_they_were_shown_and_the_manifest_names_the_image(path):
    folder = build(path / "build")
    found = sign_vendor(path, folder, "--least", "3")
    assert (found["board"], found["number"], found["least"], found["size"]) == ("fake", 6, 3, 7192)
    assert not (folder / "update.signed").exists()
    sign_regulator(path, folder)
    values, body, *both = update_manifest.open_signed((folder / "update.signed").read_bytes())
    assert values["least"] == 3 and update_manifest.of_image(values, image_of()) == body
    for key, (message, signature) in zip((VENDOR, ROOT), both, strict=True):
        key.public_key().verify(signature, message)
    code, said, _ = regulator("journal", "show", "--office", path / "office")
    assert code == 0 and "firmware 0.2.0, number 6, for fake" in said


def test_nothing_is_signed_before_somebody_says_yes_to_exactly_this(path):
    folder = build(path / "build")
    words = ("sign-update", folder, "--key", path / "vendor.pem")
    code, out, err = tech(*words)
    assert code == 2 and "number 6, for the board fake" in out and "nothing was signed" in err
    code, _, err = tech(*words, "--digest", "00" * 32)
    assert code == 2 and "not what was shown" in err
    assert not (folder / "update.vendor").exists()
    sign_vendor(path, folder)
    code, out, err = regulate(path, folder)
    assert code == 3 and "core digest that the controllers will declare: 555" in out
    code, out, err = regulate(path, folder, "--digest", "00" * 32)
    assert code == 3 and not (folder / "update.signed").exists()


def test_a_folder_that_was_changed_is_not_signed_by_either(path):
    folder = build(path / "build")
    sign_vendor(path, folder)
    (folder / "image.romfs").write_bytes(image_of(seed=9))
    code, _, err = regulate(path, folder)
    assert code == 2 and "not the image that the vendor has signed" in err
    (folder / "update.vendor").unlink()
    code, _, err = tech("sign-update", folder, "--key", path / "vendor.pem")
    assert code == 2 and "not what the manifest says" in err


def test_wrong_keys_and_one_key_for_both_are_refused(path):
    folder = build(path / "build")
    sign_vendor(path, folder)
    code, _, err = regulate(path, folder, vendor=ROOT)
    assert code == 2 and "has not signed it" in err
    code, _, err = regulate(path, folder, key="li.pem")
    assert code == 2 and "not among the regulators" in err
    keys.keep(path / "same.pem", VENDOR, PASSPHRASE)
    code, _, err = regulate(path, folder, key="same.pem")
    assert code == 2 and "two keys" in err
    assert not (folder / "update.signed").exists()


def test_a_number_that_does_not_rise_is_signed_by_neither(path):
    first = update_desk.signed_folder(path)
    again = build(path / "again", rom=image_of(seed=4))
    former = first / "update.signed"
    code, _, err = tech("sign-update", again, "--key", path / "vendor.pem", "--former", former)
    assert code == 2 and "number 6, the one signed before 6" in err
    sign_vendor(path, again)
    code, _, err = regulate(path, again)
    assert code == 2 and "number 6 does not rise" in err
    other = build(path / "other", board="other", number=7)
    code, _, err = tech("sign-update", other, "--key", path / "vendor.pem", "--former", former)
    assert code == 2 and "is for the board fake" in err
    newer = build(path / "newer", number=7)
    sign_vendor(path, newer, "--former", former)
    sign_regulator(path, newer)


def test_an_image_that_could_never_be_followed_and_a_least_above_its_number(path):
    folder = build(path / "build", vendor=None)
    code, _, err = tech("sign-update", folder, "--key", path / "vendor.pem")
    assert code == 2 and "never take an update again" in err
    folder = build(path / "next", vendor=ROOT)
    code, out, _ = tech("sign-update", folder, "--key", path / "vendor.pem")
    assert (
        code == 2
        and f"ATTENTION: this image believes another vendor's key from then on: {public(ROOT).hex()}" in out
    )
    for least in ("7", "-1", str(10**30)):
        code, _, err = tech("sign-update", folder, "--key", path / "vendor.pem", "--least", least)
        assert code == 2 and "--least is" in err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"number": 0}, "--least|no manifest can be made"),
        ({"number": 1 << 40}, "no manifest can be made"),
        ({"board": "b" * 40}, "no manifest can be made"),
        ({"core_digest": "zz"}, "no manifest can be made"),
        ({"version": ""}, "no manifest can be made"),
    ],
)
def test_papers_of_which_no_manifest_can_be_made(path, changed, said):
    folder = build(path / "build", **changed)
    code, _, err = tech("sign-update", folder, "--key", path / "vendor.pem")
    assert code == 2 and any(one in err for one in said.split("|"))


def test_an_image_larger_than_any_slot_and_an_empty_one(path):
    for name, rom in (("large", bytes(4096 * 121)), ("empty", b"")):
        folder = build(path / name, rom=rom)
        code, _, err = tech("sign-update", folder, "--key", path / "vendor.pem")
        assert code == 2 and "1 to 120 chunks" in err


@pytest.mark.parametrize("junk", [b"", b"\x00\xff" * 700, b"\xff" * 9000, "中文".encode("gb18030")])
def test_what_is_no_half_signed_file_is_said_to_be_none(path, junk):
    folder = build(path / "build")
    (folder / "update.vendor").write_bytes(junk)
    code, out, err = regulate(path, folder, "--json")
    assert code == 2 and json.loads(out)["error"] == "update-half" and err == ""
    code, _, err = regulate(path, path / "nowhere")
    assert code == 2 and "cannot be read" in err
