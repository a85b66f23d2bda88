"""Where a spare begins, and what it is given: read-out, office's folder, and what a person says besides."""

import json
from types import SimpleNamespace

import pytest

from karez_gateway.technician import visit_carry, visit_document, visit_old, visit_sources
from karez_gateway.technician.commissioning import BOX_SWAP
from karez_gateway.technician.errors import Refused, WrongUse
from karez_gateway.technician.visit_file import Visit
from karez_gateway.technician.visit_sources import Given
from karez_protocols import bundle, grant, record
from karez_simulators.pki import LinkAuthority

from .synthetic import key_of, make_binding
from .test_visit_acts import Told, live, quiet
from .test_visit_cli import beside, read_out

SITE = "well-1"
CONFIG = {"meters": [{"quantity": "water", "profile": "tuf2000m", "address": 1}]}
PULSES = {"meters": [{"quantity": "water", "pulse_milli": 10_000, "input": 0}]}
CHANNEL = {"meters": [{"quantity": "level", "profile": "qdy30a", "address": 3}], "channel": {}}


def folder(tmp_path, config):
    """What `karez tech provision` leaves in the office."""
    path = tmp_path / "provisioned"
    path.mkdir(exist_ok=True)
    (path / "site.binding").write_bytes(make_binding(key_of("a"), SITE, base_l=50))
    (path / "config.json").write_text(json.dumps(config))
    (path / "link.crt").write_bytes(LinkAuthority().certificate_pem)
    return path


def well(tmp_path, mounted=CONFIG, **changed):
    """A read-out of the box that a bundle proves, as options."""
    path = tmp_path / "old.json"
    proved = beside(path)
    said = read_out(identify__controller=proved.controller)
    said["config"] = {"document": json.dumps(mounted)}
    path.write_text(json.dumps({**said, **changed}))
    return Given(readout=path)


def test_a_configuration_that_no_box_takes_is_refused_at_the_desk(tmp_path):
    given = well(tmp_path)
    wrong = tmp_path / "config.json"
    for text, name in (
        ('{"meters": [{"quantity": "milk"}]}', "faults"),
        ("[]", "faults"),
        ("{", "document-cut"),
    ):
        wrong.write_text(text)
        assert refused(visit_sources.gather, Given(readout=given.readout, config=wrong), None) == name
    for document in ("[]", '{"meters": [3]}', "{"):
        given = well(tmp_path, config={"document": document})
        assert refused(visit_sources.gather, given, None) in ("old-shape", "document-cut")


def refused(call, *arguments, **named):
    with pytest.raises(WrongUse) as caught:
        call(*arguments, **named)
    assert caught.value.text("zh") != caught.value.text("en")
    return caught.value.name


def test_one_source_is_named_and_no_more(tmp_path):
    assert refused(visit_sources.gather, Given(), None) == "old-needed"
    both = Given(readout=tmp_path / "a", source=tmp_path / "b")
    assert refused(visit_sources.gather, both, None) == "old-needed"


def test_from_the_office_s_folder_the_binding_itself_is_the_basis_of_the_same_meters(tmp_path):
    old = visit_sources.gather(Given(source=folder(tmp_path, CONFIG)), None)
    assert old.bases == {grant.WATER: (50, 0)} and old.serials == {"water": "W1"} and old.last_seq is None
    assert json.loads(old.config) == CONFIG and not old.accounts and old.seq == 1
    visit = Visit(BOX_SWAP, 1, answers={"meter-water": {"serial": "W2"}})
    box = SimpleNamespace(old=old, identity={"controller": "f" * 16})
    assert refused(visit_carry.carry, visit, box, None, {}, quiet) == "old-meter-other"


def test_a_folder_that_is_none_and_one_whose_register_was_the_box_s_own_are_refused(tmp_path):
    assert refused(visit_sources.gather, Given(source=tmp_path), None) == "office-folder"
    for config in (PULSES, CHANNEL):
        given = Given(source=folder(tmp_path, config))
        assert refused(visit_sources.gather, given, None) == "office-own"


@pytest.mark.parametrize("config", [PULSES, CHANNEL])
def test_a_register_that_is_the_box_s_own_begins_at_0_in_the_spare_and_the_report_says_what_is_not_known(
    tmp_path, config
):
    given = well(tmp_path, config, **({"live": _of_a_channel()} if config is CHANNEL else {}))
    old = visit_sources.gather(given, None)
    assert old.bases[grant.WATER] == (1000, 0) and old.is_channel is (config is CHANNEL)
    remarks = visit_document._sources(Visit(BOX_SWAP, 1, found={"carry": {"notes": old.notes}}))
    assert any("was not measured" in one and "没有计量" in one for one in remarks)


def _of_a_channel():
    return {"volume_l": 1000, "contactor": False, "parts": [{"quantity": "level", "values": {"level_mm": 9}}]}


def carried(tmp_path, config=CONFIG, **answers):
    """(visit, box) of a spare that is being given what an old one had."""
    old = visit_sources.gather(well(tmp_path, config), None)
    answers = {"status": {"refused_causes": [], "volume_l": 1000}, "inherit": {}} | answers
    answers.setdefault("accounts", {"parts": [{"account": 7, "used_l": 900}]})
    controller = Told(**answers)
    box = SimpleNamespace(
        old=old, identity={"controller": "f" * 16}, controller=controller, ask=controller.ask,
        knows_books=lambda _: True, until=lambda is_so, _: _once(controller, is_so),
        live=lambda: _live(controller),
    )  # fmt: skip
    return Visit(BOX_SWAP, 1), box


def _live(controller):
    said = controller.ask("live")
    return said.answer, {one["quantity"]: one for one in said.parts}


def _once(controller, is_so):
    found = _live(controller)
    return found if is_so(*found) else None


def test_the_books_of_a_channel_may_only_have_risen_and_those_of_a_meter_are_even_to_the_litre(tmp_path):
    for config, volume_l, register, name in (
        (CHANNEL, 1_400, 0, ""), (CHANNEL, 990, 0, "carried-books"),
        (CONFIG, 1_121, 25_000, ""), (CONFIG, 1_150, 25_000, "carried-books"),
        (PULSES, 1_120, 120, ""), (PULSES, 1_000, 120, "carried-books"),
    ):  # fmt: skip
        visit, box = carried(tmp_path, config, live=live(register, volume_l=volume_l))
        visit.found["carry"] = visit_carry.carry(visit, box, None, {}, quiet)
        if name:
            assert refused(visit_carry.books, visit, box, None, {}, quiet) == name
        else:
            assert visit_carry.books(visit, box, None, {}, quiet)["volume_l"] == volume_l


def test_an_account_that_the_spare_does_not_take_over_is_told(tmp_path):
    visit, box = carried(tmp_path, accounts={"parts": [{"account": 7, "used_l": 1}]})
    assert refused(visit_carry.carry, visit, box, None, {}, quiet) == "carried-other"
    visit, box = carried(tmp_path, inherit=Refused("refused", "an account never falls"))
    with pytest.raises(Refused):
        visit_carry.carry(visit, box, None, {}, quiet)


def test_what_a_person_knows_of_an_account_counts_where_it_is_not_less_than_a_record(tmp_path):
    given = well(tmp_path)
    said = Given(readout=given.readout, accounts=["7=950", "8=10"])
    assert visit_sources.gather(said, None).accounts == [(7, 950), (8, 10)]
    for text, name in (("7=899", "account-less"), ("7", "account-shape"), ("0=1", "account-shape"),
                       ("7=-1", "account-shape"), ("x=1", "account-shape")):  # fmt: skip
        assert refused(visit_sources.gather, Given(readout=given.readout, accounts=[text]), None) == name


def test_another_site_and_another_unit_are_refused_before_a_spare_is_bound(tmp_path):
    old = visit_sources.gather(Given(source=folder(tmp_path, CONFIG)), None)
    old.require_site(SITE)
    assert refused(old.require_site, "well-2") == "old-site"
    segment = {"quantity": grant.WATER, "method": record.METERED, "multiplier_ppm": 1_000_000}
    old.require_units([segment, {**segment, "quantity": grant.ENERGY}])
    assert refused(old.require_units, [{**segment, "multiplier_ppm": 40_000_000}]) == "old-unit"
    assert refused(old.require_units, [{**segment, "method": record.CONVERTED}]) == "old-unit"


def test_a_bundle_of_a_year_is_read_and_a_paper_that_is_none_is_told_by_its_size(tmp_path):
    given = well(tmp_path)
    path = given.readout.with_suffix(".kzb")
    found = bundle.decode(path.read_bytes())
    slots = list(found["slots"]) * (40_000 // len(found["slots"]))
    path.write_bytes(bundle.encode(found["binding"], found["grants"], found["chain"], bytes(32), slots))
    assert path.stat().st_size > 4 << 20
    assert visit_sources.gather(given, None).volume_l == 1000
    order = tmp_path / "order.bin"
    order.write_bytes(bytes(5_000))
    assert refused(visit_sources.gather, Given(readout=given.readout, orders=[order]), None) == "old-large"
    assert "tech bundle" in str(WrongUse("old-large", file=path, most=1))
    assert visit_old.papers([]) == []
