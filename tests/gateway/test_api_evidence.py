"""A figure of the API is what `karez verify` adds up; boxes that moved and restored logs keep theirs."""

from collections import Counter

from karez_gateway import config as configuration
from karez_gateway.controllers.enrolment import rebind
from karez_gateway.data import TRUST
from karez_gateway.entries import neworigin
from karez_gateway.verifier import bundle_check, trust
from karez_protocols import record

from .api_desk import Desk, desk
from .county import opened
from .synthetic import PROVISIONER, REGULATOR, SyntheticController, public
from .test_registry import moved

DAYS = {"from": "2026-09-21", "to": "2026-09-25"}


def proved(found, first_seq, last_seq):
    """Litres by method that a bundle proves."""
    data = found.ask("/v1/sites/well-1/bundle", from_seq=first_seq, to_seq=last_seq).content
    report = bundle_check.check(data, trust.load(found.directory / TRUST))
    assert report.is_proved, report.rejections
    return Counter({name.replace("_", "-"): litres for name, litres in report.litres.items()})


def test_a_figure_is_what_two_bundles_prove(tmp_path):
    box = SyntheticController("a", "well-1")
    for at in range(12):
        box.irrigate(20 + at)
        box.interval(77, method=record.CONVERTED)
    box.checkpoint()
    with desk(tmp_path / "g", box) as found:
        told = found.get("/v1/sites/well-1/ledger", **DAYS)
        records = found.get("/v1/sites/well-1/records", limit=500)["records"]
        seqs = {one["entry"]["log_index"]: one["seq"] for one in records}
        assert len(told["periods"]) == 3
        for one in told["periods"][1:]:  # before the first record of all there is none to count from
            ends = [
                each[end]["log_index"] for each in one["figures"] for end in ("first_entry", "last_entry")
            ]
            first, last = seqs[min(ends)], seqs[max(ends)]
            readings = [each["seq"] for each in records if each["well_register_l"] is not None]
            before = max(seq for seq in readings if seq < first)
            figures = {each["method"]: each["volume_l"] for each in one["figures"]}
            assert len(figures) == 2
            assert proved(found, before, last) - proved(found, last, last) == figures


def test_a_box_that_was_bound_anew_leaves_its_litres_and_records_at_the_old_site(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(10)
    with desk(tmp_path / "g", box) as found:
        after = moved(box, "well-2")
        rebind(found.county.store, after.binding, public(PROVISIONER), by="li", because="closed")
        after.irrigate(3)
        found.county.take(after, *after.payloads())
        found.county.work()
        first = found.get("/v1/sites/well-1/ledger", **DAYS)
        second = found.get("/v1/sites/well-2/ledger", **DAYS)
        booked = found.county.litres()
        for site, told in (("well-1", first), ("well-2", second)):
            assert told["volume_l"] == sum(litres for key, litres in booked.items() if key[0] == site)
        chains = {
            site: {one["chain"] for one in found.get(f"/v1/sites/{site}/records", limit=500)["records"]}
            for site in ("well-1", "well-2")
        }
        assert chains == {"well-1": {1}, "well-2": {2}}
        shown = found.give("town", "well-1")
        bundle = found.ask("/v1/sites/well-1/bundle", token=shown, controller=box.name)
        assert bundle.status_code == 200 and b"well-2" not in bundle.content


def test_after_a_restore_each_figure_names_the_log_that_holds_its_evidence(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(4)
    with desk(tmp_path / "g", box) as found:
        directory, size = found.directory, box.seq
    neworigin.open_new(configuration.load(directory), "disk lost")
    box.irrigate(4)
    with opened(directory) as county:
        county.take(box, *box.payloads(size + 1))
        county.work()
        later = Desk(county, directory, "later")
        try:
            (one,) = later.get("/v1/sites/well-1/ledger", **DAYS)["periods"]
            (figure,) = one["figures"]
            assert figure["first_entry"] == {"log_origin": "karez.test/county", "log_index": 1}
            assert figure["last_entry"]["log_origin"] == "karez.test/county.2"
            assert (
                figure["last_entry"]["log_index"] == box.seq - 2 - size
            )  # the first entry says what it follows
            told = later.get("/v1/log")
            assert (told["origin"], told["former_origins"]) == ("karez.test/county.2", ["karez.test/county"])
        finally:
            later.store.close()


def test_the_keys_of_the_desk_are_those_of_its_trust_file(tmp_path):
    with desk(tmp_path / "g") as found:
        kept = (found.directory / TRUST).read_text()
        assert public(PROVISIONER).hex() in kept and public(REGULATOR).hex() in kept
