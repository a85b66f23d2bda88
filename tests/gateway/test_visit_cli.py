"""The guided verbs as a person calls them: what is wrong is said before the box hears of it."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.technician import keys, visit_carry, visit_file
from karez_gateway.technician.cli import app
from karez_gateway.technician.errors import WrongUse
from karez_protocols import bundle, chain, grant

from .bundles import compact
from .technician_desk import NAME, NUMBER, DeskController, PtyDesk, Pulled

PASSPHRASE = "correct horse"
SITE = """
[site]
name_en = "Well"
county = "C"
village = "V"
source = "groundwater"
"""


@pytest.fixture
def desk():
    """A box on a pty."""
    with PtyDesk(DeskController()) as served:
        yield served


@pytest.fixture
def who(tmp_path, desk):
    """Options of a technician whose key stands in the box's list."""
    key = tmp_path / "li.pem"
    desk.box.keys[NUMBER] = keys.make(key, PASSPHRASE)
    return "--key", key, "--number", NUMBER


def run(desk, *words, typed=""):
    """(exit code, what was said as JSON or text) of one call."""
    environment = {"LC_ALL": "", "LANG": "C", "KAREZ_KEY_PASSPHRASE": PASSPHRASE}
    words = [str(word) for word in (*words, "--port", desk.path, "--json")]
    result = CliRunner(env=environment).invoke(app, words, input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    lines, rest = [], ""
    for line in result.stdout.splitlines():
        if line.startswith('{"'):
            lines.append(json.loads(line))
        else:
            rest += line
    return result.exit_code, json.loads(rest) if rest else {}, lines


@pytest.mark.parametrize("verb", ["commission", "swap-meter"])
def test_what_is_wrong_at_the_desk_is_said_before_anything_is_sent(desk, who, tmp_path, verb):
    work, answers = tmp_path / "well.visit", tmp_path / "answers.toml"
    assert run(desk, verb, work)[1]["error"] == "key-needed"
    assert run(desk, verb, work, "--key", who[1])[1]["error"] == "number-needed"
    answers.write_text("[site]\ncounty = 3\n[planet]\n")
    code, said, _ = run(desk, verb, work, *who, "--answers", answers)
    assert code == 2 and {one["path"] for one in said["faults"]} == {"site.county", "planet"}
    assert run(desk, verb, work, *who, "--answers", tmp_path / "none.toml")[1]["error"] == "file-unreadable"
    assert run(desk, verb, tmp_path / "no" / "where.visit", *who)[1]["error"] == "file-unwritable"
    work.write_text("{}")
    assert run(desk, verb, work, *who)[1]["error"] == "visit-exists"
    assert run(desk, verb, work, *who, "--resume")[1]["error"] == "visit-file"
    visit_file.Visit("box-swap", 1).save(work)
    assert run(desk, verb, work, *who, "--resume")[1]["error"] == "visit-kind"
    assert not desk.box.requests


def test_a_stranger_s_key_begins_nothing(desk, tmp_path):
    key, work, before = tmp_path / "stranger.pem", tmp_path / "well.visit", desk.box.config
    keys.make(key, PASSPHRASE)
    code, said, _ = run(desk, "commission", work, "--key", key, "--number", NUMBER)
    assert code == 1 and said["error"] == "signature" and not work.exists() and desk.box.config == before


def test_a_visit_stops_where_nobody_answers_and_goes_on_from_there(desk, who, tmp_path):
    work, answers = tmp_path / "well.visit", tmp_path / "answers.toml"
    code, said, lines = run(desk, "commission", work, *who)
    assert code == 2 and said["error"] == "visit-unanswered" and lines[-1]["ask"] == "site.name_zh"
    assert list(visit_file.load(work, "commissioning").found) == ["box"]
    answers.write_text(SITE)
    code, said, lines = run(desk, "commission", work, *who, "--resume", "--answers", answers, typed="TUF\n")
    assert lines[0] == {"do": "step", "step": "site"} and lines[-1]["ask"] == "meter-water.model"
    kept = visit_file.load(work, "commissioning")
    assert list(kept.found) == ["box", "site"] and kept.answers["site"]["county"] == "C"
    assert kept.quantities == ["water", "energy"]


def test_another_box_is_not_led_through_the_rest_of_a_visit(desk, who, tmp_path):
    work = tmp_path / "well.visit"
    run(desk, "commission", work, *who)
    kept = visit_file.load(work, "commissioning")
    kept.found["box"]["controller"] = "f" * 16
    kept.save(work)
    code, said, _ = run(desk, "commission", work, *who, "--resume")
    assert code == 2 and said["error"] == "box-other" and NAME in said["text"]


def test_a_pulled_cable_is_line_trouble_and_what_was_done_stays(desk, who, tmp_path):
    work, feed = tmp_path / "well.visit", desk.box.feed
    run(desk, "commission", work, *who)
    before = work.read_bytes()

    def pulled(data, now_s):
        if b"prove" in data:
            raise Pulled
        return feed(data, now_s)

    desk.box.feed = pulled
    code, said, _ = run(desk, "commission", work, *who, "--resume")
    assert code == 3 and said["error"] in ("cable-gone", "unknown-outcome", "silent"), said
    assert work.read_bytes() == before


def test_garbage_on_the_line_is_asked_again_and_the_visit_goes_on(desk, who, tmp_path):
    count = [0]

    def spoil(line):
        count[0] += 1
        return line[:-9] + b"\xff\x00" + line[-7:] if count[0] % 4 == 2 else line

    desk.box.spoil = spoil
    code, said, _ = run(desk, "commission", tmp_path / "well.visit", *who)
    assert said["error"] in ("visit-unanswered", "unknown-outcome") and code in (2, 3)


def test_a_site_without_a_name_or_with_half_a_position_is_refused(desk, who, tmp_path):
    work, answers = tmp_path / "well.visit", tmp_path / "answers.toml"
    answers.write_text(SITE.replace('name_en = "Well"\n', ""))
    assert run(desk, "commission", work, *who, "--answers", answers)[1]["error"] == "visit-no-name"
    answers.write_text(SITE + "latitude_udeg = 1\n")
    code, said, _ = run(desk, "commission", work, *who, "--answers", answers, "--resume")
    assert code == 2 and said["error"] == "visit-half-place"


def read_out(**changed):
    """A read-out as `karez tech readout` writes it, as far as a spare needs it."""
    found = {
        "identify": {"controller": NAME, "seq": 40},
        "live": {
            "volume_l": 1000, "energy_wh": 300, "contactor": False,
            "parts": [
                {"quantity": "water", "values": {"volume_l": 24_879}},
                {"quantity": "energy", "values": {"energy_wh": 1_300}},
            ],
        },
        "accounts": {"parts": [{"account": 7, "used_l": 900}]},
        "config": {"document": "{}"}, "grant": {"seq": None}, "orders": {"parts": []},
    }  # fmt: skip
    for name, value in changed.items():
        part, _, member = name.partition("__")
        found[part] = {**found[part], member: value} if member else value
    return found


def beside(path):
    """Put a bundle beside a read-out; return the well that it proves."""
    well = compact()
    first = chain.genesis(well.number, well.binding)
    data = bundle.encode(well.binding, well.grants, well.number, first, well.slots)
    path.with_suffix(".kzb").write_bytes(data)
    return well


def test_a_spare_goes_on_from_what_the_read_out_says(tmp_path):
    path, order = tmp_path / "old.json", tmp_path / "stop.order"
    well = beside(path)
    order.write_bytes(b"an order")
    sha256 = hashlib.sha256(well.grants[0]).hexdigest()
    orders = {
        "parts": [{"kind": "stop", "seq": 3, "office": 0, "sha256": hashlib.sha256(b"an order").hexdigest()}]
    }
    said = read_out(identify__controller=well.controller, grant={"seq": 1, "sha256": sha256}, orders=orders)
    path.write_text(json.dumps(said))
    old = visit_carry.load(path, [], [order])
    assert old.bases == {grant.WATER: (1000, 24_879), grant.ENERGY: (300, 1_300)} and old.seq == 1
    assert (
        old.grant == well.grants[0] and old.papers == [("order", b"an order")] and old.accounts == [(7, 900)]
    )
    with pytest.raises(WrongUse) as caught:
        visit_carry.load(path, [], [])
    assert caught.value.name == "old-orders" and "stop 3" in str(caught.value)
    path.write_text(json.dumps({**said, "grant": {"seq": 2, "sha256": "00" * 32}}))
    with pytest.raises(WrongUse) as caught:
        visit_carry.load(path, [], [order])
    assert caught.value.name == "old-grant"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"live__contactor": True}, "old-runs"),
        ({"live__volume_l": None}, "old-books"),
        ({"live__parts": []}, "old-books"),
        ({"accounts": {"error": "failed"}}, "old-shape"),
        ({"config": {}}, "old-shape"),
        ({}, "old-other"),
        ({"identify": {"controller": None, "seq": 1}}, "old-other"),
    ],
)
def test_a_read_out_that_no_spare_could_go_on_from_is_refused(tmp_path, changed, name):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(read_out(**changed)))
    beside(path)
    with pytest.raises(WrongUse) as caught:
        visit_carry.load(path, [], [])
    assert caught.value.name == name, caught.value


def test_a_box_swap_without_a_read_out_or_with_a_cut_one_sends_nothing(desk, who, tmp_path):
    work, old = tmp_path / "box.visit", tmp_path / "old.json"
    assert run(desk, "swap-box", work, *who)[1]["error"] == "old-needed"
    old.write_text(json.dumps(read_out())[:50])
    assert run(desk, "swap-box", work, *who, "--old", old)[0] == 2
    old.write_text(json.dumps(read_out()))
    assert run(desk, "swap-box", work, *who, "--old", old)[1]["error"] == "file-unreadable"
    assert not desk.box.requests


def test_a_box_swap_from_what_is_no_file_of_a_gateway_sends_nothing(desk, who, tmp_path):
    work, file = tmp_path / "box.visit", tmp_path / "well.spare"
    file.write_text(json.dumps(read_out()))
    assert run(desk, "swap-box", work, *who, "--from", file)[1]["error"] == "spare-file"
    assert run(desk, "swap-box", work, *who, "--from", file, "--old", file)[1]["error"] == "old-needed"
    assert run(desk, "swap-box", work, *who, "--from", tmp_path)[1]["error"] == "office-folder"
    assert run(desk, "swap-box", work, *who, "--from", tmp_path / "none")[1]["error"] == "file-unreadable"
    assert not desk.box.requests and not work.exists()
