"""Provisioning over the cable against the real firmware in memory: whole or not at all, on any line."""

import contextlib
import csv
import json
import random

import pytest
from cryptography import x509

from karez_gateway.controllers import registry_import
from karez_gateway.technician import connection, provision_run
from karez_gateway.technician.controller import Controller
from karez_gateway.technician.errors import LineTrouble, Trouble, WrongUse
from karez_gateway.technician.speech import Speech
from karez_protocols import binding, causes, event_details, record, signed
from karez_simulators.offices import Regulator

from .county import create, opened
from .provision_desk import PASSPHRASE, SITE, SITE_TOML, Office, RealBox
from .technician_desk import Wire

NAMES = {"authority", "certificate", "technicians", "config", "binding"}


@pytest.fixture
def office(tmp_path, monkeypatch):
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
    return Office(tmp_path)


def given(office, **changed):
    """The office's files, read as the command reads them."""
    words = {
        "site": office.site, "authority": (office.authority, None), "provisioner": office.provisioner,
        "regulator": str(office.regulator_file), "listed": office.listed, **changed,
    }  # fmt: skip
    return provision_run.given(**words, speech=Speech("en", as_json=True))


def run(office, box, wire=None, *, dry_run=False, anew=False, files=None):
    """One run of the tool over a wire in memory."""
    wire = wire or Wire(box)
    controller = Controller(wire, wire.clock)
    controller.greet()
    return provision_run.provision(
        controller, connection.identify(controller), files or given(office), office.out,
        Speech("en", as_json=True), dry_run=dry_run, anew=anew,
    )  # fmt: skip


def contents(box):
    return {name: box.held(name) for name in sorted(NAMES)}


def test_a_bare_box_becomes_a_wells_controller_and_the_office_has_what_it_needs(office):
    box = RealBox()
    found = run(office, box)
    assert found["controller"] == box.name and found["site"] == SITE and not box.is_bare and box.starts == 2
    assert set(found["objects"]) == NAMES and all(one["sent"] for one in found["objects"].values())
    folder = office.out / box.name
    assert (folder / "site.binding").read_bytes() == box.held("binding")
    assert (folder / "config.json").read_bytes() == box.held("config")
    assert office.state(box.name)["proved"] is True
    certificate = x509.load_pem_x509_certificate((folder / "link.crt").read_bytes())
    authority = x509.load_pem_x509_certificate(office.authority.with_suffix(".crt").read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert certificate.subject.rfc4514_string() == f"CN={box.name}"
    assert box.house.records()[2]["cause"] == causes.TECHNICIANS_TAKEN
    with (folder / "registry.csv").open() as file:
        assert next(csv.DictReader(file))["site"] == SITE


def test_the_binding_says_what_the_file_says(office):
    box = RealBox()
    run(office, box)
    values, segments = binding.open_signed(box.held("binding"))[:2]
    assert values["rated_flow_lph"] == 60_000 and values["reference_ml_per_wh"] is None
    assert values["regulator_key"] == office.regulator.public and values["gateway"] == "gateway"
    water, energy = segments
    assert (water["profile"], water["serial"], water["register_base"]) == ("tuf2000m", "2190456", 23_879)
    assert (energy["quantity"], energy["address"], energy["register_base"]) == (binding.ENERGY, 2, 1_000)
    assert all(one["multiplier_ppm"] == 1_000_000 and one["from_seq"] == 1 for one in segments)


def test_a_gateway_imports_the_row_and_knows_the_box(office):
    box = RealBox()
    run(office, box)
    data = (office.out / box.name / "registry.csv").read_bytes()
    with opened(create(office.folder / "gateway")) as county:
        found = registry_import.bring_in(county.store, data, office.provisioner_key)
        assert (found.enrolled, found.errors) == ([box.name], [])
        other = registry_import.bring_in(county.store, data, office.regulator.public)
        assert not other.enrolled and "did not sign this binding" in other.errors[0][1]


def test_it_counts_from_the_dial_and_books_what_flows(office):
    box = RealBox()
    run(office, box)
    box.house.run(5)
    assert box.house.app.books.is_known and box.house.app.books.volume_l == 0
    box.house.well.extra_l = 5
    box.house.run(30)
    assert box.house.app.books.volume_l == 5


def test_a_dry_run_sends_nothing_and_writes_nothing(office):
    box = RealBox()
    found = run(office, box, dry_run=True)
    assert found["dry_run"] is True and set(found["objects"]) == NAMES and found["there"] == []
    assert contents(box) == dict.fromkeys(sorted(NAMES)) and not office.out.exists()


# -- the cable ----------------------------------------------------------------------------------


def later(wire):
    """Another cable at the same box, when it has started anew."""
    other = Wire(wire.box)
    other.now = wire.now + 60
    return other


def sent_by_a_run(office, files):
    box = RealBox()
    wire = Wire(box)
    run(office, box, wire, files=files)
    return wire.sent


def test_a_cable_that_is_pulled_at_any_place_leaves_old_or_new_and_the_next_run_goes_on(office):
    files = given(office)
    whole = sent_by_a_run(office, files)
    box_name = RealBox().name
    whole -= 100  # a certificate's signature takes a byte more or less
    places = sorted({*range(0, whole, whole // 16), *range(whole - 1_500, whole, 150)})
    for at in places:
        for path in office.out.glob("*/*"):
            path.unlink()
        box = RealBox()
        wire = Wire(box)
        wire.cut_after = at
        with pytest.raises(LineTrouble) as caught:
            run(office, box, wire, files=files)
        assert caught.value.name == "cable-gone", at
        assert box.name == box_name
        for name, data in contents(box).items():
            wanted = {
                "config": files.config,
                "technicians": files.technicians,
                "authority": files.authority.der,
            }
            assert data is None or name not in wanted or data == wanted[name], (at, name)
        before = {name: data for name, data in contents(box).items() if data is not None}
        found = run(office, box, later(wire), files=files)
        assert not box.is_bare and {name: box.held(name) for name in before} == before, at
        assert office.state(box.name)["proved"] is True and found["site"] == SITE
        assert (office.out / box.name / "site.binding").read_bytes() == box.held("binding")


def test_the_mains_gone_in_the_middle_is_no_worse_than_the_cable(office):
    files = given(office)
    whole = sent_by_a_run(office, files)
    for at in range(whole // 10, whole - 100, whole // 5):
        box = RealBox()
        wire = Wire(box)
        wire.cut_after = at
        with pytest.raises(LineTrouble):
            run(office, box, wire, files=files)
        box.start()
        run(office, box, later(wire), files=files)
        assert not box.is_bare


def spoilt(rate, seed, how):
    chance = random.Random(seed)
    return lambda data: how(data) if data and not chance.randrange(rate) else data


def flipped(data):
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.parametrize(
    "how", [flipped, lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\xff{noise" + data]
)
def test_noise_costs_time_and_nothing_else(office, how):
    files = given(office)
    runs = 0
    for seed in range(3):
        box = RealBox(restart_s=0.2)
        box.spoil = spoilt(6, seed, how)
        wire = Wire(box)
        while box.is_bare:
            runs += 1
            with contextlib.suppress(LineTrouble):  # three silences in a row: begin again, as it says
                run(office, box, wire, files=files)
            wire = later(wire)
        assert box.held("config") == files.config and box.held("technicians") == files.technicians
        run(office, box, wire, files=files)
        assert office.state(box.name)["proved"] is True
    assert runs <= 6


@pytest.mark.parametrize("lost", ["apply", "all after it"])
def test_a_lost_answer_to_the_last_step_is_found_out_by_looking(office, lost):
    box = RealBox()
    answers = []

    def spoil(data):
        if b'"object":"binding"' in data and b'"needs":[]' in data:
            answers.append(data)
            return b""
        return data

    box.spoil = spoil
    if lost == "all after it":
        box.restart_s = 40.0
    run(office, box)
    assert answers and not box.is_bare


def test_another_device_on_the_port_is_told_from_a_controller(office):
    box = RealBox()
    before = contents(box)
    box.feed = lambda data, now_s: b"\x01\x83\x02\xc0\xf1 AT ERROR " * 9
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "garbled" and "Nothing was changed" in str(caught.value)
    del box.feed
    assert contents(box) == before


def test_a_silent_port_is_told(office):
    box = RealBox()
    box.feed = lambda data, now_s: b""
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "silent"


# -- wrong keys, wrong boxes, second times -------------------------------------------------------


def test_a_list_that_the_regulator_did_not_sign_is_refused_before_anything_is_sent(office):
    other = office.write("other.technicians", office.a_list(1, Regulator()))
    with pytest.raises(WrongUse) as caught:
        given(office, listed=other)
    assert caught.value.name == "list-other" and office.regulator.public.hex() in str(caught.value)


def test_a_box_that_has_a_site_is_refused_with_what_to_do(office, tmp_path):
    box = RealBox()
    run(office, box)
    before = contents(box)
    (tmp_path / "again").mkdir()
    again = Office(tmp_path / "again", SITE_TOML.replace(SITE, "410105-0002"))
    with pytest.raises(WrongUse) as caught:
        run(again, box)
    assert caught.value.name == "provisioned-already"
    assert SITE in str(caught.value) and "config apply" in str(caught.value)
    assert contents(box) == before and not (again.out / box.name).exists()


def test_the_same_run_once_more_sends_nothing_and_says_the_same(office):
    box = RealBox()
    first = run(office, box)
    before, starts = contents(box), box.starts
    again = run(office, box)
    assert again["controller"] == first["controller"] and again["fingerprint"] == first["fingerprint"]
    assert contents(box) == before and box.starts == starts
    assert not any(one["sent"] for one in again["objects"].values())


def test_what_another_office_began_is_kept_until_somebody_says_anew(office, tmp_path):
    (tmp_path / "other").mkdir()
    other = Office(tmp_path / "other")
    box = RealBox()
    wire = Wire(box)
    files = given(other)
    wire.cut_after = sent_by_a_run(other, files) // 2
    with pytest.raises(LineTrouble):
        run(other, box, wire, files=files)
    before = contents(box)
    assert before["authority"] and not before["binding"]
    with pytest.raises(WrongUse) as caught:
        run(office, box)
    assert caught.value.name == "held-other" and "authority" in str(caught.value)
    assert contents(box) == before
    run(office, box, anew=True)
    assert not box.is_bare and box.held("authority") == given(office).authority.der


def test_a_binding_on_the_box_that_says_the_same_is_taken_over(office):
    box = RealBox()
    files = given(office)
    wire = Wire(box)
    controller = Controller(wire, wire.clock)
    controller.greet()
    identity = connection.identify(controller)
    papers = provision_run.papers_for(files, provision_run.site_binding.Box.of(identity))
    provision_run.provisioning._send(controller, papers, "binding", lambda *_: None)
    provision_run.provisioning._apply(controller, papers, "binding")
    held = box.held("binding")
    run(office, box)
    assert box.held("binding") == held
    assert (office.out / box.name / "site.binding").read_bytes() == held


def test_a_firmware_of_another_binding_version_is_told_and_not_changed(office, monkeypatch):
    monkeypatch.setattr("karez_firmware.console.bare.binding.VERSION", 2)
    box = RealBox()
    before = contents(box)
    box.spoil = lambda data: _sealed_again(data, lambda row: {**row, "binding_version": 9})
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "version-binding" and "version 9" in str(caught.value)
    box.spoil = lambda data: _sealed_again(data, lambda row: {**row, "console": 2})
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "version" and contents(box) == before


def _sealed_again(data, change):
    from karez_protocols import console
    from karez_protocols.errors import ProtocolError

    out = b""
    for line in data.split(b"\r\n"):
        try:
            row = json.loads(console.unsealed(line))
        except ProtocolError:
            out += line + b"\r\n"
            continue
        row = change(row) if "binding_version" in row else row
        out += console.sealed(json.dumps(row, separators=(",", ":")))
    return out


def test_a_name_that_does_not_follow_from_the_key_is_no_box_of_ours(office):
    box = RealBox()
    box.spoil = lambda data: _sealed_again(data, lambda row: {**row, "controller": "0" * 16})
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "answer-shape" and "controller" in str(caught.value)


def test_what_the_box_refuses_is_told_in_its_words_and_nothing_more_is_sent(office):
    # Valid at the desk, and this box has one meter line only.
    site = SITE_TOML.replace('quantity = "energy"', 'quantity = "energy"\nline = 1')
    office.site.write_text(site)
    box = RealBox()
    with pytest.raises(Trouble) as caught:
        run(office, box)
    assert caught.value.exit_code == 1 and "no meter line 1" in str(caught.value)
    assert box.is_bare and box.held("config") is None and box.held("binding") is None
    assert office.state(box.name)["proved"] is False and not (office.out / box.name / "registry.csv").exists()
    office.site.write_text(SITE_TOML)
    run(office, box)
    assert not box.is_bare


def test_proof_fails_for_a_controller_that_says_something_else(office):
    box = RealBox()
    run(office, box)
    other = RealBox(seed=77)
    run(office, other)
    folder, wrong = office.out / box.name, office.out / other.name
    (folder / "config.json").write_bytes((wrong / "config.json").read_bytes() + b" ")
    with pytest.raises(LineTrouble) as caught:
        run(office, box)
    assert caught.value.name == "proof-differs" and "config" in str(caught.value)
    (folder / "site.binding").write_bytes((wrong / "site.binding").read_bytes())
    with pytest.raises(WrongUse) as caught:
        run(office, box)
    assert caught.value.name == "provisioned-already"


def test_two_boxes_get_folders_certificates_and_bindings_of_their_own(office):
    one, two = RealBox(), RealBox(seed=77)
    run(office, one)
    run(office, two)
    assert one.name != two.name and one.held("certificate") != two.held("certificate")
    assert {path.name for path in office.out.iterdir()} == {one.name, two.name}


def test_the_first_record_of_the_list_names_its_digest(office):
    box = RealBox()
    run(office, box)
    event = next(one for one in box.house.records() if one["kind"] == record.EVENT)
    detail = event_details.decode(event["cause"], event["detail"])
    assert detail["digest"] == signed.digest(office.listed.read_bytes())[:22] and detail["number"] is None
