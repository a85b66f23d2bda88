"""`karez tech provision` as a person calls it: options, files and keys that are not what they must be."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
import segno
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from karez_firmware import commissioning
from karez_gateway.technician import (
    keys,
    labels,
    link_authority,
    provision_run,
    site_binding,
    site_file,
    site_rules,
)
from karez_gateway.technician.errors import WrongUse
from karez_gateway.technician.wording import FAULTS, TEXTS
from karez_protocols import binding, record
from karez_simulators.offices import Regulator

from .provision_desk import PASSPHRASE, SITE, SITE_TOML, Office, RealBox, public_pem
from .technician_desk import NAME, DeskController, PtyDesk, Pulled
from .test_technician_cli import run

ENERGY = SITE_TOML.partition("[[meters]]")[0] + "[[meters]]" + SITE_TOML.rpartition("[[meters]]")[2]
CONVERTED = ENERGY.replace(
    "riser_l = 0", "riser_l = 0\n[site.conversion]\nlitres_per_kwh = 2727\nversion = 3"
)
PULSES = SITE_TOML.replace('profile = "tuf2000m"\naddress = 1', "pulse_milli = 100000").replace(
    "register_l = 23879\n", ""
)
COEFFICIENT = "[site.conversion]\nlitres_per_kwh = 1\nversion = 1\n"
CHANNEL = (
    ENERGY
    + """
[[meters]]
quantity = "level"
profile = "qdy30a"
address = 3
serial = "P-17"
[channel]
version = 4
kind = "table"
rows = [[0, 0], [250, 60000]]
"""
)


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


@pytest.fixture
def desk():
    """A box without a site on a pty."""
    with PtyDesk(RealBox(restart_s=0.3)) as served:
        yield served


def test_a_person_is_told_what_went_over_and_what_to_do_next(desk, office):
    code, out, err = run(desk, *office.words())
    assert (code, err) == (0, ""), err
    name = desk.box.name
    assert f"controller {name} for site {SITE}" in out and "sent, taken and compared" in out
    assert "has proved what it was given" in out and "karez gateway import registry.csv" in out
    assert not desk.box.is_bare
    files = (
        "config.json label.svg labels.html link.crt provisioning.json registry.csv site.binding technicians"
    )
    assert sorted(path.name for path in (office.out / name).iterdir()) == files.split()
    code, out, _ = run(desk, *office.words())
    assert code == 0 and out.count("was there") == 5


def test_a_program_gets_one_document(desk, office):
    code, out, _ = run(desk, *office.words(), "--json")
    found = json.loads(out)
    assert code == 0 and found["ok"] is True and found["controller"] == desk.box.name
    assert found["objects"]["binding"]["sent"] is True and "registry.csv" in found["files"]
    assert found["fingerprint"] == labels.fingerprint(bytes.fromhex(found["key"]))


def test_a_dry_run_says_what_would_be_sent(desk, office):
    code, out, _ = run(desk, *office.words(), "--dry-run")
    assert code == 0 and out.count("would be sent") == 5 and "nothing was sent" in out
    assert desk.box.held("config") is None and not office.out.exists()


def test_chinese_without_a_list_says_that_nobody_can_log_in(desk, office):
    code, out, _ = run(desk, *office.words(technicians=None), "--lang", "zh")
    assert code == 0 and "取水口" in out and "无人能登录" in out and not desk.box.is_bare


def test_find_and_other_verbs_say_that_the_box_has_no_site(desk):
    code, out, _ = run(desk, "find")
    assert code == 0 and f"controller {desk.box.name}, without a site" in out
    code, _, err = run(desk, "live")
    assert code == 1 and "karez tech provision" in err
    code, out, _ = run(desk, "identify")
    assert code == 0 and "needs" in out and "binding" in out


def test_another_box_than_the_one_that_was_meant_gets_nothing(desk, office):
    code, _, err = run(desk, *office.words(), "--controller", NAME)
    assert code == 2 and desk.box.name in err and NAME in err and "Nothing was sent" in err
    assert desk.box.held("authority") is None
    assert run(desk, *office.words(), "--controller", desk.box.name.upper())[0] == 0


def test_a_controller_in_operation_is_refused_with_what_to_do(office):
    with PtyDesk(DeskController()) as served:
        code, _, err = run(served, *office.words())
        assert code == 2 and "has a site for good" in err and "karez tech config apply" in err
        assert not any(words[0] == "object" for words in served.box.requests)


def test_a_pulled_cable_is_one_sentence(desk, office):
    feed = desk.box.feed

    def pulled(data, now_s):
        if b"object config piece" in data:
            raise Pulled
        return feed(data, now_s)

    desk.box.feed = pulled
    code, out, err = run(desk, *office.words())
    assert (code, out) == (3, "") and "the cable is gone" in err and len(err.splitlines()) == 1
    assert desk.box.held("binding") is None and desk.box.held("config") is None
    desk.box.feed = feed
    with PtyDesk(desk.box) as again:
        assert run(again, *office.words())[0] == 0


def test_what_is_missing_on_the_command_line_is_named(office):
    code, _, err = run(None, "provision", "--site", office.site)
    assert code == 2 and "missing: --authority-key, --provisioner-key, --regulator-key" in err


def test_the_help_has_an_example_and_every_option_a_line():
    code, out, _ = run(None, "provision", "--help")
    assert code == 0 and "Example: karez tech provision --site" in out
    for option in (
        "site",
        "authority-key",
        "provisioner-key",
        "regulator-key",
        "technicians",
        "dry-run",
        "anew",
    ):
        assert re.search(rf"--{option}\b.*\n?.*[a-z]", out), option


def test_the_example_is_a_file_without_a_fault(tmp_path):
    code, out, _ = run(None, "provision", "--example")
    path = tmp_path / "site.toml"
    path.write_text(out)
    found = site_file.load(path)
    assert code == 0 and found["site"]["name"] == SITE
    # What stands there as a comment is good, too.
    bare = re.sub(r"(?m)^# (?=[a-z_\[]+[\].a-z]* ?=|\[site)", "", out)
    path.write_text(bare)
    assert site_file.load(path)["site"]["conversion"]["method"] == "converted"


# -- the site's file -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("half.toml", SITE_TOML.encode()[:180], "line|register|missing"),
        ("half.toml", SITE_TOML.encode()[:-30] + b"seri", "is no TOML"),
        ("huge.toml", b"[site]\nname = " + b"9" * 5000, "is no TOML"),
        ("wide.toml", b"[site]\nname = 1" + b"0" * 40, "site|name"),
        ("empty.toml", b"\n", "is empty"),
        ("latin.toml", b'[site]\nname = "\xb4\xf3"', "line 2: not UTF-8"),
        ("twice.toml", SITE_TOML.encode() + SITE_TOML.encode(), "is no TOML"),
        ("large.toml", b"#" * 70_000, "larger than 65536"),
        ("half.json", b'{"site": {', "ends too early"),
        ("twice.json", b'{"site": {}, "site": {}}', "stands twice"),
    ],
)
def test_a_file_that_is_none_is_told_where_and_nothing_is_sent(desk, office, name, data, said):
    site = office.write(name, data)
    code, _, err = run(desk, *office.words(site=site))
    assert code == 2 and re.search(said, err), err
    assert desk.box.held("authority") is None


def changed(text, old, new):
    assert old in text, old
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ('name = "410105-0001"', "", "site.name", "is missing"),
        ('name = "410105-0001"', 'name = "410105-0001-0001-1"', "site.name", "more than 16 bytes"),
        ('name = "410105-0001"', 'name = " 410105"', "site.name", "blank"),
        ('class = "irrigation"', 'class = "farm"', "site.class", "none of irrigation, domestic"),
        ('fail = "stopped"', "fail = 0", "site.fail", "none of stopped, running"),
        ("rated_flow_lph = 60000", "rated_flow_lph = 60000.5", "site.rated_flow_lph", "no whole number"),
        ("rated_flow_lph = 60000", "rated_flow = 60", "site.rated_flow", "a name that nobody reads"),
        ("rated_power_w = 22000", "", "site.rated_power_w", "is missing"),
        ("riser_l = 0", "riser_l = -1", "site.riser_l", "outside"),
        ("riser_l = 0", "riser_l = 0\nconversion = 3", "site.conversion", "no object"),
        ('serial = "2190456"', "", "meters[0].serial", "is missing"),
        ('serial = "2190456"', 'serial = "12345678901234567"', "meters[0].serial", "more than 16"),
        ("register_l = 23879", "", "meters[0].register_l", "what the meter's dial shows now"),
        ("register_l = 23879", "register_l = 23.879", "meters[0].register_l", "no whole number"),
        ("register_l = 23879", "register_wh = 1", "meters[0].register_wh", "unit of a meter of water"),
        ("register_wh = 1000", "register_wh = -1", "meters[1].register_wh", "outside"),
        ("register_wh = 1000", "register_wh = 1\nmultiplier_ppm = 0", "meters[1].multiplier_ppm", "outside"),
        ("address = 2", "address = 2\nadress = 2", "meters[1].adress", "a name that nobody reads"),
        ('profile = "sdm630"', 'profile = "sdm63"', "meters[1].profile", "is no profile of this tool"),
        ("address = 2", "address = 1", "meters[1].address", "is taken on its line"),
        ("restart_delay_s = 0", "restart_delay = 0", "settings.restart_delay", "is no setting"),
        ("port = 8883", "port = 88830", "link.port", "outside"),
        ("[link]", "[lnk]", "lnk", "a name that nobody reads"),
    ],
)  # fmt: skip
def test_every_fault_is_named_by_its_place(tmp_path, old, new, place, said):
    path = tmp_path / "site.toml"
    path.write_text(changed(SITE_TOML, old, new))
    code, out, _ = run(None, "provision", *site_and_nothing_else(tmp_path, path), "--json")
    found = json.loads(out)
    assert code == 2 and found["error"] == "faults"
    named = {one["path"]: one["text"] for one in found["faults"]}
    assert said in named.get(place, ""), named


def site_and_nothing_else(folder, path):
    """Options that are read after the site's file, and so never."""
    nowhere = folder / "nowhere"
    return [
        "--site",
        path,
        "--authority-key",
        nowhere,
        "--provisioner-key",
        nowhere,
        "--regulator-key",
        nowhere,
    ]


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        (ENERGY, "site.conversion", "conversion-missing"),
        (changed(CONVERTED, "version = 3", ""), "site.conversion.version", "missing"),
        (changed(CONVERTED, "= 2727", "= 0"), "site.conversion.litres_per_kwh", "outside"),
        (changed(CONVERTED, "n = 3", 'n = 3\nmethod = "a"'), "site.conversion.method", "no-choice"),
        (changed(CONVERTED, '"energy"', '"level"'), "site.conversion", "conversion-meter"),
        (changed(PULSES, "= 100000", "= 100000\nregister_l = 5"), "meters[0].register_l", "dial-pulses"),
        (changed(CHANNEL, "[250, 60000]", "[250, 60001]"), "site.rated_flow_lph", "channel-rated"),
        (changed(CHANNEL, 'serial = "P-17"\n', ""), "meters[1].serial", "missing"),
        (CHANNEL + COEFFICIENT, "site.conversion", "conversion-channel"),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path, text, place, name):
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(WrongUse) as caught:
        site_file.load(path)
    assert (place, name) in [(fault.path, fault.name) for fault in caught.value.faults]
    assert all(fault.name in FAULTS["zh"] for fault in caught.value.faults)


def test_the_greatest_flow_of_a_weir_is_held_against_the_site():
    weir = {"kind": "weir", "coefficient": 66_000_000, "level_max_mm": 400}
    assert site_rules._greatest_lph(weir) == 528_000  # 66 L/h per mm^1.5, 400 mm: 8,000
    notch = {"kind": "v-notch", "coefficient": 1_000_000, "level_max_mm": 100}
    assert site_rules._greatest_lph(notch) == 100_000
    for odd in (None, {}, {"kind": "weir"}, {"kind": "table", "rows": []}, {"kind": "table", "rows": [[1]]}):
        assert site_rules._greatest_lph(odd) is None


@pytest.mark.parametrize(
    ("text", "method", "profile", "multiplier_ppm", "version", "register"),
    [
        (SITE_TOML, record.METERED, "tuf2000m", 1_000_000, 0, 23_879),
        (CONVERTED, record.CONVERTED, "sdm630", 2_727_000, 3, 1_000),
        (changed(CONVERTED, "version = 3", 'version = 3\nmethod = "converted-group"'), record.CONVERTED_GROUP,
         "sdm630", 2_727_000, 3, 1_000),
        (PULSES, record.METERED, "pulse", 1_000_000, 0, 0),
        (CHANNEL, record.METERED, "channel", 1_000_000, 4, 0),
    ],
)  # fmt: skip
def test_a_real_box_takes_what_is_made_of_each_kind_of_site(
    office, monkeypatch, text, method, profile, multiplier_ppm, version, register
):
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
    site = office.write("other.toml", text.encode())
    files = provision_run.given(
        site,
        (office.authority, None),
        office.provisioner,
        office.regulator.public.hex(),
        office.listed,
        SILENT,
    )
    box = RealBox()
    identity = commissioning.identity_of(box._port())
    mine = site_binding.Box(identity.name, identity.public, identity.link_point)
    papers = provision_run.papers_for(files, mine)
    for name, data in papers.objects.items():
        commissioning.keep(box._port(), identity, name, data)
    water = binding.open_signed(box.held("binding"))[1][0]
    assert (water["method"], water["profile"], water["multiplier_ppm"]) == (method, profile, multiplier_ppm)
    assert (water["coefficient_version"], water["register_base"]) == (version, register)
    assert not box.is_bare


class SILENT:
    """A Speech that says nothing."""

    say = staticmethod(lambda *_, **__: None)


# -- keys ----------------------------------------------------------------------------------------


def test_each_key_has_a_passphrase_of_its_own(desk, office, tmp_path):
    own = tmp_path / "own.pem"
    keys.make(own, "another passphrase")
    words = office.words(provisioner_key=own)
    code, _, err = run(desk, *words)
    assert code == 2 and "own.pem: the passphrase is wrong" in err
    assert run(desk, *words, KAREZ_PROVISIONER_PASSPHRASE="another passphrase", LANG="C")[0] == 0


def test_keys_and_lists_that_do_not_fit_are_told_before_anything_is_sent(desk, office):
    pem, raw = public_pem()
    private = keys.make(office.folder / "regulator.pem", PASSPHRASE)
    other = office.write("other.technicians", office.a_list(1, Regulator()))
    wrong_crt = link_authority.make(office.folder / "other-ca.pem", PASSPHRASE, dt.datetime.now(dt.UTC))
    leaf = leaf_of(office)
    for changes, said in (
        ({"regulator_key": office.folder / "regulator.pem"}, "holds a private key"),
        ({"regulator_key": private.hex()}, "is not signed by the regulator's key"),
        ({"regulator_key": "00ff"}, "cannot be read"),
        ({"regulator_key": office.listed}, "is no public key"),
        (
            {"regulator_key": office.write("pem.pub", pem)},
            f"is not signed by the regulator's key {raw.hex()}",
        ),
        ({"technicians": other}, "is not signed by the regulator's key"),
        ({"technicians": office.site}, "no signed list"),
        ({"authority_key": office.provisioner}, "no key of a link authority"),
        ({"authority_certificate": wrong_crt}, "certificate of another key"),
        ({"authority_certificate": leaf}, "is no certificate of an authority"),
        ({"authority_certificate": office.site}, "is no certificate of an authority"),
        ({"authority_certificate": office.folder / "none.crt"}, "--authority-certificate"),
        ({"provisioner_key": office.authority}, "key of another sort"),
        ({"provisioner_key": office.folder / "none.pem"}, "cannot be read"),
        ({"provisioner_key": half(office, office.provisioner)}, "no private key in PEM"),
        ({"authority_key": half(office, office.authority)}, "no private key in PEM"),
        ({"authority_certificate": half(office, office.authority.with_suffix(".crt"))}, "no certificate of"),
        ({"technicians": half(office, office.listed)}, "no signed list"),
        ({"site": office.folder / "none.toml"}, "cannot be read"),
    ):
        code, _, err = run(desk, *office.words(**changes))
        assert code == 2 and said in err and len(err.splitlines()) == 1, (changes, err)
    assert all(desk.box.held(name) is None for name in commissioning.SORTS)


def half(office, path):
    """What is left of a file whose copying was cut off."""
    data = path.read_bytes()
    return office.write("half-" + path.name, data[: len(data) // 2])


def leaf_of(office):
    """A certificate of the authority's own key that is no authority."""
    authority = link_authority.load(office.authority, None, PASSPHRASE, dt.datetime.now(dt.UTC))
    name = authority.certificate.subject
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(authority.key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    )  # fmt: skip
    pem = made.sign(authority.key, link_authority.hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return office.write("leaf.crt", pem)


def test_an_authority_that_is_over_certifies_nobody(office):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=26 * 365)
    with pytest.raises(WrongUse) as caught:
        link_authority.load(office.authority, None, PASSPHRASE, later)
    assert caught.value.name == "authority-over"


def test_a_certificate_ends_with_its_authority_and_began_before_today(office):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    authority = link_authority.load(office.authority, None, PASSPHRASE, now)
    point = link_authority._point(ec.generate_private_key(ec.SECP256R1()).public_key())
    made = authority.certify("a" * 16, point, now)
    assert made.not_valid_before_utc < now - dt.timedelta(days=365)
    assert dt.timedelta(days=3_600) < made.not_valid_after_utc - now
    late = now + dt.timedelta(days=24 * 365)
    assert (
        authority.certify("a" * 16, point, late).not_valid_after_utc
        == authority.certificate.not_valid_after_utc
    )
    der = made.public_bytes(serialization.Encoding.DER)
    assert authority.has_certified(der, "a" * 16, point)
    assert not authority.has_certified(der, "b" * 16, point)
    assert not authority.has_certified(der, "a" * 16, b"\4" + bytes(64))
    assert not authority.has_certified(der[:-1], "a" * 16, point)


def test_a_key_that_is_not_encrypted_is_used_and_said(desk, office):
    key = keys.load(office.provisioner, PASSPHRASE)
    office.provisioner.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    code, out, _ = run(desk, *office.words(), "--dry-run")
    assert code == 0 and "bench.pem is not encrypted" in out


def test_keygen_makes_an_authority_of_which_only_the_key_is_secret(tmp_path):
    file = tmp_path / "ca.pem"
    code, out, _ = run(None, "keygen", file, "--authority")
    assert code == 0 and "ca.crt" in out and file.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED PRIVATE KEY" in file.read_bytes()
    certificate = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    code, _, err = run(None, "keygen", file, "--authority")
    assert code == 2 and "is there already" in err
    assert run(None, "keygen", tmp_path / "ca.crt", "--authority")[0] == 2
    code, out, _ = run(None, "keygen", tmp_path / "two.pem", "--authority", "--json")
    assert json.loads(out)["certificate"].endswith("two.crt")
    with pytest.raises(WrongUse):
        keys.load(file, PASSPHRASE)


# -- the page ------------------------------------------------------------------------------------


PAGE = (Path(__file__).parents[2] / "docs" / "provisioning.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_does_what_it_says(desk, office, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("bench.pem", "ca.pem", "ca.crt"):
        (tmp_path / name).unlink()
    commands = re.findall(r"^karez tech (.*?)(?:\s+#.*)?$", PAGE, re.MULTILINE)
    assert len(commands) == 5
    for line in commands:
        words, _, target = line.partition(" > ")
        is_here = "keygen" in words or "--example" in words
        code, out, err = run(None if is_here else desk, *words.split())
        assert (code, err) == (0, ""), line
        if target:
            Path(target).write_text(out)
    assert not desk.box.is_bare and list((tmp_path / "provisioned").iterdir())


def test_the_page_names_all_that_a_sites_file_may_say_and_every_file_of_the_folder(desk, office):
    for name in (site_rules.SITE + " " + site_rules.CONVERSION + " " + site_rules.DIAL).split():
        assert f"`{name}`" in PAGE, name
    for name in (*site_rules.CLASSES, *site_rules.FAILS, *site_rules.METHODS):
        assert f"`{name}`" in PAGE, name
    assert run(desk, *office.words())[0] == 0
    for path in (office.out / desk.box.name).iterdir():
        assert f"*{path.name}*" in PAGE, path.name


def test_every_sentence_the_page_explains_is_one_the_tool_says():
    told = re.findall(r"^\| ([^|]+) \|", PAGE.split("| It says |")[1], re.MULTILINE)
    assert len(told) >= 10
    for sentence in told:
        words = re.sub(r" … ", r" .* ", sentence)
        assert any(re.search(words, re.sub(r"\{\w+\}", "…", text)) for text in TEXTS["en"].values()), sentence


# -- labels --------------------------------------------------------------------------------------


def drawn(svg):
    """The dark modules of a label's QR code, as (x, y)."""
    path = re.search(r'<path d="([^"]+)"', svg).group(1)
    dark = set()
    for x, y, run_of in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
        dark |= {(int(x) + at, int(y)) for at in range(int(run_of))}
    return dark


def test_the_label_shows_name_key_and_site_and_its_code_says_the_same():
    key = bytes(range(32))
    svg = labels.svg(NAME, key, SITE)
    said = labels.said(NAME, key, SITE)
    assert said == f"KAREZ:1:{NAME}:{labels.fingerprint(key)}:{SITE}"
    code = segno.make(said, micro=False, error="m")
    modules = {
        (x, y) for y, row in enumerate(code.matrix_iter(border=4)) for x, dark in enumerate(row) if dark
    }
    assert drawn(svg) == modules
    assert NAME in svg and SITE in svg and "控制器" in svg and "controller" in svg
    digits = labels.fingerprint(key)
    assert digits[:4] + " " + digits[4:8] in svg


def test_a_page_of_labels_stands_whatever_a_site_is_called():
    page = labels.page(NAME, bytes(32), '农 <井> & "1"')
    assert page.count("<svg xmlns") == 4 and "&lt;井&gt; &amp;" in page and "<井>" not in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")  # prints without a network
