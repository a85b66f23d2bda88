"""`karez gateway grants …` and `karez regulator grant`, one after the other, as two people would use them."""

import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app as gateway
from karez_gateway.county.acts import Deed
from karez_gateway.county.registry import changing
from karez_gateway.regulator.cli import app as regulator
from karez_gateway.technician import keys

from .county import create, opened
from .regulator_desk import LIMITS, Well, folder
from .synthetic import REGULATOR

RUNNER = CliRunner()
NOW_S = int(time.time())
YEAR = time.gmtime(NOW_S).tm_year
PASSPHRASE = "ten thousand wells"
COUNTY = "\n[county]\nutc_offset_h = 0\n"


@pytest.fixture
def data(tmp_path):
    """A gateway with two wells that have signed, and plans for this year."""
    from karez_gateway.calendars import Calendar
    from karez_gateway.county.years.wateryear import WaterYears

    found = create(tmp_path / "gateway", COUNTY)
    start = WaterYears(Calendar(0)).span(YEAR).from_utc_s
    with opened(found) as county:
        for site in ("w1", "w3"):
            well = Well(site, from_utc_s=start, now_s=max(NOW_S, start + 20_000))
            county.enrol(well.box)
            county.take(well.box, *well.box.payloads())
        county.work()
        objects = [("region", "r", {"code": "r", "name_zh": "镇", "tree": "admin"})]
        for site in ("w1", "w3"):
            values = {"site": site, "sort": "well", "region": "r", "class": "farming", "source": "ground"}
            objects.append(("site", site, values | {"point": "wellhead", "status": "licensed"}))
            plan = {"site": site, "year": YEAR, "period": "year", "volume_l": 400_000}
            objects.append(("plan", f"{site}/{YEAR}/year", plan))
        with county.store.writing() as connection:
            changing.change(connection, objects, Deed("li", "plans", NOW_S), check=lambda *_: None)
    return found


def run(app, *words, ok=0):
    done = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == ok, done.output
    return done.output


def prepare(data, out, *more, ok=0, because="plans", document="W-3"):
    words = ("grants", "prepare", "--data", data, "--year", YEAR, "--out", out)
    return run(gateway, *words, "--because", because, "--document", document, *more, ok=ok)


def test_two_people_bring_a_year_s_rights_to_the_wells(data, tmp_path, monkeypatch):
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
    office = folder(tmp_path / "office", limits=LIMITS.replace("2027", str(YEAR)))
    (office / "rules.toml").write_text("utc_offset_h = 0\nemergency_m3 = 50\n")
    keys.keep(office / "root.pem", REGULATOR, PASSPHRASE)
    path, signed = tmp_path / "north.request", tmp_path / "north.grants"
    facts = json.loads(prepare(data, path, "--emergency-m3", "50", "--json"))
    assert (facts["sites"], facts["right_l"], facts["without_evidence"]) == (2, 800_000, [])
    words = ("grant", path, "--office", office, "--key", office / "root.pem", "--out", signed, "--json")
    digest = json.loads(run(regulator, *words, ok=3))["digest"]
    run(regulator, *words, "--digest", digest)
    deliver = ("grants", "deliver", "--data", data, signed)
    assert "2 grants are queued, 0 were taken before" in run(gateway, *deliver)
    assert json.loads(run(gateway, *deliver, "--json")) == {"queued": [], "known": 2}
    state = ("grants", "state", "--data", data, "--year", YEAR)
    assert "2 wells, 0 with their right in force, 0 overdue" in run(gateway, *state)
    found = json.loads(run(gateway, *state, "--json"))
    assert [(one["site"], one["state"], one["right_l"]) for one in found] == [
        ("w1", "queued", 400_000),
        ("w3", "queued", 400_000),
    ]
    assert run(gateway, *state, "--overdue", "--days", "0").count("OVERDUE: answer") == 2
    assert facts["pending"] == []
    adjust = ("quota", "adjust", "--data", data, "--year", YEAR, "--plan", "w1=350", "--because", "dry")
    run(gateway, *adjust, "--document", "C-1")
    said = prepare(data, tmp_path / "cut.request")
    assert "r 镇: cuts of 50,000 L are pending at 1 site: they count until a signed record" in said
    facts = json.loads(prepare(data, tmp_path / "again.request", "--json"))
    assert facts["pending"] == [{"region": "r", "name": "镇", "sites": 1, "litres": 50_000}]


def test_what_cannot_be_asked_writes_no_file_and_no_act(data, tmp_path):
    path = tmp_path / "north.request"
    for more, said in (
        (("--site", "w9"), f"no plan of {YEAR} is in the registry for w9"),
        (("--emergency-m3", "0.05"), "at most one decimal"),
        (("--emergency-m3", "-1"), "at most one decimal"),
        (("--finish-m3", "a lot"), "at most one decimal"),
        (("--finish-m3", "1e999999"), "at most one decimal"),
        (("--finish-m3", "6553.6"), "0 to 6553.5 m³"),  # a grant has 16 bits of 0.1 m³
    ):
        assert said in prepare(data, path, *more, ok=2)
    assert "--because" in prepare(data, path, because=" ", ok=2)
    assert "1 to 24 bytes" in prepare(data, path, document="", ok=2)
    assert "cannot be written" in prepare(data, tmp_path / "nowhere" / "x", ok=2)
    path.write_text("mine")
    assert "is there already" in prepare(data, path, ok=2)
    assert path.read_text() == "mine"
    assert json.loads(run(gateway, "grants", "state", "--data", data, "--year", YEAR, "--json")) == []


def test_files_that_are_no_grants_queue_nothing(data, tmp_path):
    path = tmp_path / "bad.grants"
    for content, said in ((b"", "no grant"), (b"{", "bad.grants"), (b"\x01\x02", "no grant")):
        path.write_bytes(content)
        assert said in run(gateway, "grants", "deliver", "--data", data, path, ok=2)


def test_every_verb_has_an_example():
    for verb in ("prepare", "deliver", "state"):
        assert "Example: karez gateway grants" in run(gateway, "grants", verb, "--help")


def test_a_request_bears_its_name_only_once_its_act_is_kept(data, tmp_path, monkeypatch):
    path, seen = tmp_path / "north.request", []

    def killed(*_):
        seen.append(sorted(one.name for one in tmp_path.glob("north*")))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("karez_gateway.grants.request.keep", killed)
        prepare(data, path, ok=130)  # as a shell has it for Ctrl-C
    assert seen == [["north.request.part"]]
    assert list(tmp_path.glob("north*")) == []
    prepare(data, path)
    assert [one.name for one in tmp_path.glob("north*")] == ["north.request"]
