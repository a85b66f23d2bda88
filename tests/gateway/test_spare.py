"""What a gateway writes for a spare, and what the tool at the well makes of it."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.controllers import commissionings, enrolment, spare
from karez_gateway.downlink import offering
from karez_gateway.errors import Refused
from karez_gateway.technician import spare_file, visit_sources, visit_spare
from karez_gateway.technician.errors import WrongUse
from karez_protocols import causes, event_details, fields, grant, record, signed

from . import technician_desk
from .commissionings import FINISHED_UTC_S, filed, make_list, sample
from .county import create, opened
from .papers import make_order
from .synthetic import BASE_VOLUME_L, SyntheticController, make_grant, public, tampered, zeros

SITE = "well-1"
CONFIG = json.dumps(technician_desk.CONFIG).encode()
NOW_S = 1_790_200_000


def well(account=7, used_l=8_000):
    """Two irrigations of an account, the second of them charged up to `used_l`."""
    box = SyntheticController("a", SITE)
    for told_l in (used_l // 2, used_l):
        box.start(account=account, account_l=told_l - used_l // 2)
        box.interval(4_000)
        box.stop(0, account=account, account_l=told_l)
    slot = box.append(
        record.STATEMENT, covered_seq=box.seq, covered_h=box.h, chain=1,
        config_digest=hashlib.sha256(CONFIG).digest()[:24],
    )  # fmt: skip
    box.sign_statement(slot)
    return box


def fed(county, *boxes):
    county.enrol(*boxes)
    for box in boxes:
        county.take(box, *box.payloads())
    county.work()


def written(county, controller=""):
    with county.store.reading() as connection:
        return spare.of_site(connection, county.config, SITE, controller, NOW_S)


def old(county, path, **given):
    path.write_bytes(spare_file.encode(written(county)))
    return visit_sources.gather(visit_sources.Given(source=path, **given), CONFIG)


def test_a_spare_goes_on_from_the_last_verified_record_and_every_figure_names_its_own(tmp_path):
    box, right = well(), make_grant(SITE, 1, 9_000_000)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        enrolment.queue_grant(county.store, right)
        stop = make_order(SITE, 1)
        offering.queue_order(county.store, stop, NOW_S)
        county.downlinks.log_queued(1)
        found = old(county, tmp_path / "w.spare")
    assert found.volume_l == BASE_VOLUME_L + 8_000 and found.accounts == [(7, 8_000)]
    assert found.bases == {grant.WATER: (BASE_VOLUME_L + 8_000, 8_000)} and found.last_seq == box.seq - 2
    assert (found.grant, found.papers, found.config) == (right, [("order", stop)], CONFIG)
    notes = dict(found.notes)
    assert notes["from-record"]["entry"] == box.seq - 3 and notes["from-record"]["log"] == "karez.test/county"
    assert notes["from-stop"] | {"account": 7, "seq": box.seq - 2} == notes["from-stop"]
    assert "from-config" in notes and notes["from-paper"]["sort"] == "order"


def test_an_irrigation_that_was_never_closed_counts_up_to_the_last_record(tmp_path):
    box = well()
    box.start(account=7, account_l=8_000)
    box.interval(1_500)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        found = old(county, tmp_path / "w.spare", config=_kept(tmp_path))
        assert found.accounts == [(7, 9_500)] and "from-start" in dict(found.notes)
        assert "from-unsigned" not in dict(found.notes)
        box.interval(70)
        county.take(box, *box.payloads(box.seq))
        county.work()
        found = old(county, tmp_path / "w.spare", config=_kept(tmp_path))
        assert found.accounts == [(7, 9_570)] and "from-unsigned" in dict(found.notes)


def test_what_rose_behind_another_s_irrigation_is_not_charged_to_who_began_before(tmp_path):
    box = SyntheticController("b", SITE)
    box.start(account=7, account_l=100)
    box.interval(600)  # its stop is lost: whose the rest was, nobody knows
    box.start(account=9, account_l=0)
    box.stop(50, account=9, account_l=50)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        found = old(county, tmp_path / "w.spare", config=_kept(tmp_path))
        assert found.accounts == [(7, 100), (9, 50)]


def _kept(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(CONFIG)
    return path


def test_what_a_technician_handed_over_counts_and_a_text_that_may_be_cut_does_not(tmp_path):
    box = well()
    for words in ("inherit 8 700", "inherit 9 123456789012", "confirm water"):
        detail = fields.pack(event_details.ACT, {"number": 12, "words": words})
        box.event(causes.TECHNICIAN_ACTS, 12, detail=detail)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        found = old(county, tmp_path / "w.spare", config=_kept(tmp_path))
        assert found.accounts == [(7, 8_000), (8, 700)]


def segment(box, **changed):
    values = zeros(event_details.SEGMENT) | {
        "method": record.METERED, "number": 2, "base": box.volume_l, "is_confirmed": 1, **changed,
    }  # fmt: skip
    return fields.pack(event_details.SEGMENT, values)


def test_a_meter_that_was_swapped_is_counted_by_its_own_segment_and_a_rollover_is_told(tmp_path):
    box = well()
    opening = segment(box, register_base=500_000, reason=event_details.SWAP)
    box.event(causes.SEGMENT_OPENED, 1_000_000, detail=opening)
    box.stop(300, account=7, account_l=8_300, segment=2)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        found = old(county, tmp_path / "w.spare", config=_kept(tmp_path))
        assert found.bases == {grant.WATER: (BASE_VOLUME_L + 8_300, 500_300)}
        box.event(causes.ROLLOVER, grant.WATER)
        box.checkpoint()
        county.take(box, *box.payloads(box.seq - 2))
        county.work()
        with pytest.raises(WrongUse) as caught:
            old(county, tmp_path / "w.spare")
        assert caught.value.name == "spare-rolled" and "water" in str(caught.value)
        with pytest.raises(Refused):
            spare.facts(written(county), tmp_path / "w.spare")


def test_a_record_that_was_refused_says_nothing(tmp_path):
    box = well()
    good_l = box.volume_l
    box.interval(100)
    box.slots[box.seq] = tampered(box.slots[box.seq], 60)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        assert written(county).volume.values["volume_l"] == good_l


def test_a_site_that_nobody_knows_and_a_box_that_has_said_nothing_are_refused(tmp_path):
    silent = SyntheticController("silent", SITE)
    with opened(create(tmp_path / "g")) as county:
        for controller, what in (("", "no controller"), ("f" * 16, "no controller")):
            with pytest.raises(Refused, match=what):
                written(county, controller)
        county.enrol(silent)
        with pytest.raises(Refused, match="no verified record"):
            written(county)
        with pytest.raises(Refused, match="not stood"):
            written(county, "f" * 16)
        box = well()
        fed(county, box)
        assert written(county).controller == box.name
        with pytest.raises(Refused, match="no verified record"):
            written(county, silent.name)


def test_a_grant_and_an_order_that_came_over_the_cable_are_asked_of_the_person(tmp_path):
    box, right, stop = well(), make_grant(SITE, 3, 9_000_000), make_order(SITE, 5)
    box.accept_grant(right)
    box.append(record.ORDER, object_seq=5, digest=signed.digest(stop), length=len(stop))
    box.interval()
    box.checkpoint()
    names = {"config": _kept(tmp_path), "grant": tmp_path / "3.grant"}
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        for data, name in (
            (None, "old-grant-needed"),
            (b"x", "grant-none"),
            (make_grant(SITE, 2, 1), "old-grant-needed"),
        ):
            if data is not None:
                names["grant"].write_bytes(data)
            given = names if data is not None else {"config": names["config"]}
            with pytest.raises(WrongUse) as caught:
                old(county, tmp_path / "w.spare", **given)
            assert caught.value.name == name
        names["grant"].write_bytes(right)
        found = old(county, tmp_path / "w.spare", **names)
        assert found.grant == right and dict(found.notes)["from-unheld"]["order"] == 5
        order = tmp_path / "5.order"
        order.write_bytes(stop)
        found = old(county, tmp_path / "w.spare", orders=[order], **names)
        assert found.papers == [("order", stop)] and "from-unheld" not in dict(found.notes)


def test_what_the_commissioning_says_of_the_site_is_not_asked_again(tmp_path):
    box = well()
    data = filed(sample(public(box.key), code=SITE))
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        commissionings.take_list(county.store, make_list(), FINISHED_UTC_S)
        commissionings.take_in(county.store, data, "x", FINISHED_UTC_S)
        found = old(county, tmp_path / "w.spare")
    site = found.said["site"]
    assert site["county"] and "code" not in site and None not in site.values()


def test_a_file_that_is_none_or_not_whole_is_refused(tmp_path):
    path = tmp_path / "w.spare"
    with opened(create(tmp_path / "g")) as county:
        fed(county, well())
        data_ = spare_file.encode(written(county))
    value = json.loads(data_)
    path.write_bytes(data_)
    assert spare_file.encode(spare_file.load(path)) == data_
    row = value["volume"]
    for changed in (
        {"version": 2}, {"format": "x"}, {"volume": None}, {"binding": "zz"}, {"papers": [{"sort": "x"}]},
        {"volume": {**row, "slot": row["slot"][2:]}}, {"volume": {**row, "slot": "ff" * 128}},
        {"statement": row}, {"accounts": [value["statement"]]}, {"segments": [row]}, {"accounts": 3},
        {"made_utc_s": "x"}, {"site_facts": {"planet": "Mars"}},
    ):  # fmt: skip
        path.write_text(json.dumps({**value, **changed}))
        with pytest.raises(WrongUse) as caught:
            visit_spare.load(path)
        assert caught.value.name == "spare-file", changed
    path.write_bytes(data_[:200])
    with pytest.raises(WrongUse):
        visit_spare.load(path)


def test_the_verb_writes_the_file_once_and_says_each_figure_with_its_record(tmp_path):
    directory, out = create(tmp_path / "g"), tmp_path / "w.spare"
    with opened(directory) as county:
        fed(county, well())
    words = ["spare", "--data", str(directory), SITE, "--out", str(out)]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0 and f"account 7: 8000 L by record {7 - 1} of chain 1" in said.output
    assert CliRunner().invoke(app, words).exit_code == 2
    said = json.loads(CliRunner().invoke(app, [*words, "--force", "--json"]).output)
    assert said["volume_l"] == BASE_VOLUME_L + 8_000 and said["registers"] == {"water": 8_000}
    assert CliRunner().invoke(app, [*words[:-1], str(tmp_path / "no" / "x")]).exit_code == 2
