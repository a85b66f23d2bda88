"""Exports: complete, contiguous, ending with a signature; and the offline verifier agrees."""

from copy import deepcopy

import pytest

from karez_gateway import data as data_directory
from karez_gateway.controllers import enrolment
from karez_gateway.errors import Refused
from karez_gateway.proofs import evidence
from karez_gateway.verifier import bundle_check, trust
from karez_protocols import bundle, chain, entry, record

from .county import create, opened
from .synthetic import SyntheticController, make_grant, tampered


def well(checkpoints=3):
    box = SyntheticController("a", "well-1")
    for _ in range(checkpoints):
        box.irrigate(4)
    return box


def fed(county, box, *grants):
    county.enrol(box)
    for grant in grants:
        enrolment.queue_grant(county.store, grant)
    county.downlinks.log_queued(1)
    county.take(box, *box.payloads())
    county.work()


def export(county, **wishes):
    return evidence.export(county.store, county.config, **({"site": "well-1"} | wishes))


def test_a_bundle_holds_the_chain_from_its_beginning_to_its_last_signature(tmp_path):
    box = well()
    box.interval(5)  # not covered by a signature
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        found = export(county)
        opened_bundle = bundle.decode(found.data)
        bundle.require_digest(opened_bundle)
        assert opened_bundle["binding"] == box.binding
        assert opened_bundle["slots"] == [box.slots[seq] for seq in range(1, box.seq)]
        assert opened_bundle["h_before"] == chain.genesis(1, box.binding)
        assert (found.first_seq, found.last_seq) == (1, box.seq - 1)
        (index, body, _), *others = opened_bundle["proofs"]
        assert entry.decode(body)["slot"] == box.slots[box.seq - 1] and index == box.seq - 2 and others == []


def test_the_offline_verifier_accepts_it_with_the_trust_file_that_init_wrote(tmp_path):
    box = well()
    directory = create(tmp_path / "g")
    grant = make_grant("well-1", 1, 9_000_000)
    box.accept_grant(grant)
    box.irrigate(3)
    with opened(directory) as county:
        fed(county, box, grant)
        found = export(county)
    report = bundle_check.check(found.data, trust.load(directory / data_directory.TRUST))
    assert [one.as_json() for one in report.findings if one.weight == "rejected"] == []
    assert report.is_proved
    assert found.grants == 1 and found.grants_missing == ()


def test_a_part_begins_and_ends_where_it_is_asked_to(tmp_path):
    box = well()
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        signatures = [seq for seq, slot in box.slots.items() if slot[1] == record.SIGNATURE]
        for first in range(1, box.seq):
            for last in range(first, box.seq):
                covering = next(seq for seq in signatures if seq > last or seq == last)
                found = export(county, from_seq=first, to_seq=last)
                assert (found.first_seq, found.last_seq) == (first, covering)
                part = bundle.decode(found.data)
                h = part["h_before"]
                for slot in part["slots"]:
                    h = chain.check(h, slot)
        report = bundle_check.check(
            export(county, from_seq=9).data, trust.load(directory / data_directory.TRUST)
        )
        assert report.is_proved


def test_what_no_signature_covers_yet_is_not_exported(tmp_path):
    box = well()
    box.interval(1)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        with pytest.raises(Refused, match="not covered by a verified signature yet"):
            export(county, to_seq=box.seq)
        with pytest.raises(Refused, match="contiguous here"):
            export(county, from_seq=box.seq)
        with pytest.raises(Refused, match="contiguous here"):
            export(county, from_seq=0)


def test_without_any_signature_there_is_nothing_to_prove(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        with pytest.raises(Refused, match="no verified signature yet"):
            export(county)
        with pytest.raises(Refused, match="no controller is enrolled at site well-2"):
            export(county, site="well-2")
        with pytest.raises(Refused, match="is not enrolled"):
            export(county, controller="0" * 16)


def test_behind_a_break_the_bundle_begins_with_the_statement_that_took_the_chain_up(tmp_path):
    box = well(2)
    first_statement = next(seq for seq, slot in box.slots.items() if slot[1] == record.STATEMENT)
    box.slots[3] = tampered(box.slots[3], 70)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        found = export(county)
        assert (found.first_seq, found.last_seq) == (first_statement, box.seq)
        report = bundle_check.check(found.data, trust.load(directory / data_directory.TRUST))
        assert [one.code for one in report.findings if one.weight == "rejected"] == []


def put_back(county, box, slots_between):
    """An old memory is put back: the records since come a second time, and then a statement on them."""
    old = deepcopy(box)
    for one in (box, old):
        for litres in range(slots_between):
            one.interval(litres + (5 if one is box else 9))
    county.take(old, *old.payloads(old.seq - slots_between + 1))
    county.work()
    county.take(box, *box.payloads(box.seq - slots_between + 1))


def test_after_an_old_memory_was_put_back_the_bundle_begins_with_the_statement_on_what_is_said_now(tmp_path):
    box = well(2)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        put_back(county, box, 2)
        box.checkpoint()
        county.take(box, *box.payloads(box.seq - 1))
        county.work()
        found = export(county)
        assert found.left_out == (1, box.seq - 2)  # said, not left out in silence
        before = export(county, to_seq=1)
        assert before.first_seq == 1 and before.left_out is None
        with pytest.raises(Refused, match=f"record {box.seq - 2} lies before a break of the chain"):
            export(county, to_seq=box.seq - 2)
    assert (found.first_seq, found.last_seq) == (box.seq - 1, box.seq)
    report = bundle_check.check(found.data, trust.load(directory / data_directory.TRUST))
    assert report.is_proved and [one.code for one in report.findings if one.weight == "rejected"] == []


def test_a_signature_over_what_was_before_a_break_proves_nothing_behind_it(tmp_path):
    box = well(1)
    statement = box.statement()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        put_back(county, box, 1)
        box.statement()
        box.sign_statement(statement)
        county.take(box, *box.payloads(box.seq - 1))
        county.work()
        with pytest.raises(Refused, match="no signature covers that yet: the next checkpoint brings one"):
            export(county)


def test_a_record_that_follows_the_chain_and_says_something_wrong_is_not_hidden(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(500)
    box.interval(-100)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        assert bundle.decode(export(county).data)["slots"] == list(box.slots.values())


def test_a_grant_that_another_way_brought_is_named_as_missing(tmp_path):
    box = SyntheticController("a", "well-1")
    box.accept_grant(make_grant("well-1", 4, 9_000_000))
    box.irrigate(1)
    with opened(create(tmp_path / "g")) as county:
        fed(county, box)
        assert export(county).grants_missing == (4,)


def test_a_bundle_can_be_made_while_the_log_grows(tmp_path):
    box = well(2)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        keys = trust.load(directory / data_directory.TRUST)
        for _ in range(30):
            before = box.seq
            box.irrigate(8)
            county.take(box, *box.payloads(before + 1))
            county.work()
            assert bundle_check.check(export(county).data, keys).is_proved


def test_without_a_running_service_the_export_says_the_same(tmp_path):
    box = well()
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        fed(county, box)
        running = export(county).data
        config = county.config
    with data_directory.beside(config) as store:
        assert evidence.export(store, config, site="well-1").data == running
