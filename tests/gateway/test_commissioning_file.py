"""The file of a commissioning: what it says comes back; whatever is wrong with it is named by its place."""

import copy
import hashlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.technician import commissioning_file, judgement
from karez_gateway.technician.commissioning import (
    CHECKS,
    Checks,
    Commissioning,
    ContactorCheck,
    Photo,
    ReplacedBox,
    Seal,
    Skipped,
)
from karez_gateway.technician.commissioning_fields import names
from karez_gateway.technician.commissioning_file import decode, encode
from karez_gateway.technician.commissioning_rules import NEEDED
from karez_gateway.technician.errors import Faulty, WrongUse
from karez_gateway.technician.wording import FAULTS, TEXTS

from .commissionings import (
    NUMBER,
    TECHNICIAN,
    WATER,
    checks,
    filed,
    sample,
    swapped_box,
    swapped_meter,
)
from .synthetic import key_of, public

DATA = filed()
VALUE = json.loads(DATA)


def caught(data):
    with pytest.raises(WrongUse) as error:
        decode(data, "a file")
    return error.value


def faults(data):
    """[(place, fault)] of a file that is JSON."""
    error = caught(data)
    assert isinstance(error, Faulty), error
    return [(one.path, one.name) for one in error.faults]


def spelt(value):
    """A file with these members as somebody would write it who knows the digests but not the key."""
    value = copy.deepcopy(value)
    for name in names(Commissioning):
        if name in value:
            value["digests"][name] = commissioning_file._digest(value[name])
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def changed(*path, to):
    value = copy.deepcopy(VALUE)
    at = value
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return spelt(value)


def leaves(value, path=()):
    """Every place below the members of a commissioning, lists and objects too."""
    for name, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, name)
        if isinstance(one, dict | list):
            yield from leaves(one, (*path, name))


def place(path):
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


MEMBERS = {name: VALUE[name] for name in names(Commissioning)}
PLACES = [*leaves(MEMBERS)]
KEYED = [path for path in PLACES if isinstance(path[-1], str)]


@pytest.mark.parametrize("made", [sample, swapped_box, swapped_meter], ids=lambda one: one.__name__)
def test_what_was_said_comes_back(made):
    data = encode(made(), TECHNICIAN)
    found = decode(data, "a file")
    assert found.says == made() and found.data == data
    assert found.sha256 == hashlib.sha256(data).digest()
    assert (found.signature.number, found.signature.key) == (NUMBER, public(TECHNICIAN).hex())


def test_a_draft_has_no_signature_and_says_the_same():
    found = decode(encode(sample()), "a draft")
    assert found.signature is None and found.says == sample()


def member_of(offset):
    """The member of the file in whose lines a byte lies; "" for the braces around all."""
    end = DATA.index(b"\n", offset)
    tops = [line for line in DATA[:end].split(b"\n") if line.startswith(b' "')]
    return tops[-1].split(b'"')[1].decode() if tops else ""


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_found_out_and_its_place_is_named(offset, bit):
    damaged = bytearray(DATA)
    damaged[offset] ^= 1 << bit
    error, member = caught(bytes(damaged)), member_of(offset)
    if isinstance(error, Faulty):
        tops = {re.split(r"[.\[]", one.path)[0] for one in error.faults}
        assert member in tops or (member == "digests" and tops <= {*MEMBERS, "digests"}), (member, tops)
    elif error.name in {"commissioning-json", "commissioning-cut"}:
        assert 1 <= error.values["line"] <= DATA.count(b"\n") + 1
    elif error.name == "document-twice":
        assert error.values["name"]
    else:
        assert member in {"format", "version"} and error.name in {
            "commissioning-shape",
            "commissioning-version",
        }


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(DATA) - 2))
def test_half_a_file_is_called_half_a_file(length):
    error = caught(DATA[:length])
    assert error.name == "commissioning-cut" and error.values["line"] == DATA[:length].count(b"\n") + 1


def test_a_file_without_its_last_line_end_is_found_out():
    assert faults(DATA[:-1]) == [(f"line {DATA.count(bytes([10])) + 1}", "written-otherwise")]


@pytest.mark.parametrize("path", KEYED, ids=place)
def test_a_missing_member_is_named_by_its_place(path):
    value = copy.deepcopy(VALUE)
    at = value
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    assert (place(path), "missing") in faults(spelt(value))


WRONG = {str: 17, int: "17", bool: 17, list: {}, dict: [], type(None): 1.5}


@pytest.mark.parametrize("path", PLACES, ids=place)
def test_a_wrong_type_is_named_by_its_place(path):
    at = VALUE
    for step in path:
        at = at[step]
    for wrong in (WRONG[type(at)], 1.5, True):
        found = faults(changed(*path, to=wrong))
        assert [one for one, _ in found] == [place(path)], (wrong, found)


@pytest.mark.parametrize("path", [path for path in PLACES if isinstance(VALUE[path[0]], dict)], ids=place)
def test_a_name_that_nobody_reads_is_named(path):
    at = VALUE
    for step in path:
        at = at[step]
    if isinstance(at, dict):
        assert faults(changed(*path, "colour", to="red")) == [(place((*path, "colour")), "unknown-name")]


def test_the_members_beside_the_commissioning_are_looked_at_too():
    assert faults(changed("colour", to="red")) == [("colour", "unknown-name")]
    assert ("digests", "no-object") in faults(changed_top("digests", []))
    assert ("signature", "no-object") in faults(changed_top("signature", []))
    assert ("signature.ed25519", "no-hex") in faults(
        changed_top("signature", {**VALUE["signature"], "ed25519": ""})
    )
    value = {name: one for name, one in VALUE.items() if name != "digests"}
    assert ("digests", "missing") in faults((json.dumps(value, indent=1) + "\n").encode())


def changed_top(name, one):
    return (json.dumps({**VALUE, name: one}, ensure_ascii=False, indent=1) + "\n").encode()


def test_another_s_file_or_a_newer_one_is_said_so():
    assert caught(b'{"format": "other"}\n').name == "commissioning-shape"
    assert caught(b"[]\n").name == "commissioning-shape" and caught(b"").name == "commissioning-cut"
    assert caught(changed_top("version", 2)).name == "commissioning-version"
    assert caught(b"{" + b'"a": 1,' * 2 + b'"b": 1\n}\n').name == "document-twice"
    assert caught(b" " * (commissioning_file.SIZE_MAX + 1)).name == "commissioning-large"
    assert caught(b"[" * 90_000 + b"\n}\n").name in {"commissioning-shape", "commissioning-json"}


def test_a_value_changed_with_its_digest_kept_names_the_member():
    value = copy.deepcopy(VALUE)
    value["grant"]["ceiling_l"] += 1
    assert faults((json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()) == [("grant", "changed")]


def test_a_value_changed_with_its_digest_breaks_the_signature():
    assert faults(changed("grant", "ceiling_l", to=62_000_000)) == [("signature", "signature-wrong")]


def test_another_spelling_is_refused_with_its_line():
    indented = (json.dumps(VALUE, ensure_ascii=False, indent=2) + "\n").encode()
    assert faults(indented) == [("line 2", "written-otherwise")]
    turned = {**{name: VALUE[name] for name in ("format", "version", "site")}, **VALUE}
    spelling = (json.dumps(turned, ensure_ascii=False, indent=1) + "\n").encode()
    assert faults(spelling) == [("line 4", "written-otherwise")]


def test_a_signature_of_somebody_else_is_refused():
    with pytest.raises(Faulty) as error:
        encode(sample(), key_of("another"))
    assert [(one.path, one.name) for one in error.value.faults] == [("signature", "signature-other")]
    other = {**VALUE["signature"], "number": NUMBER + 1}
    assert faults(changed_top("signature", other)) == [("signature", "signature-other")]


def test_a_signature_of_another_file_is_refused():
    other = json.loads(filed(sample(remarks=())))["signature"]
    assert faults(changed_top("signature", other)) == [("signature", "signature-wrong")]


RULES = [
    ({"finished_utc_s": sample().begun_utc_s - 1}, "finished_utc_s", "ends-before"),
    ({"site": replace(sample().site, code="字" * 6)}, "site.code", "text-long"),
    ({"site": replace(sample().site, name_en=None, name_zh=None)}, "site.name_zh", "no-name"),
    ({"site": replace(sample().site, latitude_udeg=None)}, "site.latitude_udeg", "half-place"),
    ({"controller": replace(sample().controller, name="0" * 16)}, "controller.name", "name-not-key"),
    ({"meters": (WATER, replace(WATER, address="3"))}, "meters[1].quantity", "twice"),
    ({"meters": (replace(WATER, pulse_milli=1000),)}, "meters[0].profile", "pulse-or-line"),
    ({"meters": (replace(WATER, baud=None),)}, "meters[0].baud", "pulse-or-line"),
    ({"seals": (Seal("1", "a", None), Seal("1", "b", None))}, "seals[1].number", "twice"),
    ({"seals": (Seal("1", "a", "level"),)}, "seals[0].meter", "no-such-meter"),
    ({"photos": (Photo("a/b.jpg", 1, "0" * 64, "x"),)}, "photos[0].file", "has-folder"),
    ({"photos": (sample().photos[0],) * 2}, "photos[1].file", "twice"),
    ({"replaced_box": ReplacedBox("0" * 16, None, None, "x")}, "replaced_box", "not-of-kind"),
    ({"kind": "box-swap"}, "replaced_box", "not-of-kind"),
    ({"kind": "meter-swap"}, "replaced_meters", "not-of-kind"),
    ({"skipped": ()}, "checks.pulse", "neither-done"),
    ({"skipped": (*sample().skipped, Skipped("pulse", "x"))}, "skipped[1].check", "twice"),
    ({"meters": (replace(WATER, quantity="witness"),)}, "checks.dial[0].quantity", "no-such-meter"),
    ({"remarks": (" x",)}, "remarks[0]", "text-unprintable"),
    ({"remarks": ("a\nb",)}, "remarks[0]", "text-unprintable"),
    ({"remarks": ("x" * 401,)}, "remarks[0]", "text-characters"),
    ({"seals": (Seal("1", "a", None),) * 65}, "seals", "too-many"),
    ({"meters": (replace(WATER, verified_until="2027-02-29"),)}, "meters[0].verified_until", "no-day"),
    ({"begun_utc_s": 0}, "begun_utc_s", "outside"),
]


@pytest.mark.parametrize(("values", "path", "fault"), RULES, ids=[f"{one[1]} {one[2]}" for one in RULES])
def test_what_does_not_agree_is_refused_before_it_is_written(values, path, fault):
    with pytest.raises(Faulty) as error:
        encode(sample(**values), TECHNICIAN)
    assert (path, fault) in [(one.path, one.name) for one in error.value.faults]


SWAPS = [
    (
        swapped_box(replaced_box=replace(swapped_box().replaced_box, name=sample().controller.name)),
        "replaced_box.name",
        "same-box",
    ),
    (
        swapped_meter(replaced_meters=(replace(swapped_meter().replaced_meters[0], quantity="level"),)),
        "replaced_meters[0].quantity",
        "no-such-meter",
    ),
    (
        swapped_meter(replaced_meters=(replace(swapped_meter().replaced_meters[0], opening=1),)),
        "replaced_meters[0].opening",
        "opening-differs",
    ),
    (
        swapped_meter(replaced_meters=swapped_meter().replaced_meters * 2),
        "replaced_meters[1].quantity",
        "twice",
    ),
]


@pytest.mark.parametrize(("says", "path", "fault"), SWAPS, ids=[one[2] for one in SWAPS])
def test_a_swap_that_does_not_agree_is_refused(says, path, fault):
    with pytest.raises(Faulty) as error:
        encode(says, TECHNICIAN)
    assert (path, fault) in [(one.path, one.name) for one in error.value.faults]


@pytest.mark.parametrize("kind", CHECKS)
def test_every_check_of_a_commissioning_is_done_or_skipped_with_a_reason(kind):
    without = replace(checks(), **{kind: ()})
    skipped = tuple(one for one in sample().skipped if one.check != kind)
    with pytest.raises(Faulty) as error:
        encode(sample(checks=without, skipped=skipped))
    assert [(one.path, one.name) for one in error.value.faults] == [(f"checks.{kind}", "neither-done")]
    assert encode(sample(checks=without, skipped=(*skipped, Skipped(kind, "rain"))))


def test_a_swap_needs_fewer_checks():
    few = Checks(scan=checks().scan, ct=(), pulse=(), dial=(), contactor=checks().contactor, step=())
    assert set(NEEDED["box-swap"]) == {"scan", "contactor"} and encode(swapped_box(checks=few))


@pytest.mark.parametrize("kind", [kind for kind in CHECKS if VALUE["checks"][kind]])
def test_a_reckoned_member_that_the_readings_do_not_give_is_refused(kind):
    (check, *_) = getattr(checks(), kind)
    for name, value in judgement.reckoned(check).items():
        wrong = "failed" if name == "outcome" else value + 1
        found = faults(changed("checks", kind, 0, name, to=wrong))
        assert (f"checks.{kind}[0].{name}", "reckoned-otherwise") in found


def test_a_failed_check_may_be_of_a_meter_that_is_not_mounted():
    made = judgement.made(
        type(checks().scan[0]),
        quantity="level",
        line=1,
        addresses="1-247",
        bauds=(9600,),
        profile=None,
        address=None,
        baud=None,
        sure_pct=None,
    )
    assert encode(sample(checks=replace(checks(), scan=(*checks().scan, made))))


def test_a_file_is_written_whole_and_never_over_another(tmp_path):
    path = tmp_path / "well-12.json"
    commissioning_file.write(path, DATA)
    assert commissioning_file.load(path).says == sample()
    with pytest.raises(WrongUse) as error:
        commissioning_file.write(path, DATA)
    assert error.value.name == "file-exists" and [one.name for one in tmp_path.iterdir()] == [path.name]
    commissioning_file.write(path, encode(sample()), is_replaced=True)
    assert commissioning_file.load(path).signature is None
    with pytest.raises(WrongUse) as error:
        commissioning_file.load(tmp_path / "nowhere")
    assert error.value.name == "file-unreadable"


def test_a_photo_is_known_by_name_size_and_digest(tmp_path):
    path = tmp_path / "dial.jpg"
    path.write_bytes(b"x" * (3 << 20))
    found = commissioning_file.photo(path, "dial")
    assert found == Photo("dial.jpg", 3 << 20, hashlib.sha256(b"x" * (3 << 20)).hexdigest(), "dial")
    with pytest.raises(WrongUse):
        commissioning_file.photo(tmp_path / "none.jpg", "nothing")


def test_every_fault_has_its_words_in_both_languages():
    for table in (FAULTS, TEXTS):
        assert table["en"].keys() == table["zh"].keys()
    error = caught(changed("meters", 0, "baud", to=True))
    assert error.lines("zh")[0].startswith("meters[0].baud：") or "meters[0].baud" in error.lines("zh")[0]


def test_feedback_that_never_came_is_unknown_and_never_zero():
    made = judgement.made(ContactorCheck, feedback="contact", close_ms=None, open_ms=None)
    assert json.loads(encode(sample(checks=replace(checks(), contactor=(made,)))))["checks"]["contactor"][
        0
    ] == {
        "feedback": "contact",
        "close_ms": None,
        "open_ms": None,
        "outcome": "failed",
    }
