"""Orders in evidence bundles: exported with the lists their offices stand in, and judged offline."""

import pytest

from karez_gateway.proofs import evidence
from karez_gateway.verifier import bundle_check, trust
from karez_protocols import entry, order, record, signed

from .bundles import Well
from .county import create, opened
from .papers import COUNTY, COUNTY_KEY, TOWN, TOWN_KEY, make_keys, make_order
from .synthetic import SyntheticController, key_of
from .test_orders import delivered, give, give_keys, report

T0 = 1_790_000_000
KEYS = make_keys(1, (COUNTY, COUNTY_KEY))


def test_a_bundle_holds_the_orders_of_its_records_and_the_lists_that_prove_them(tmp_path):
    box = SyntheticController("a", "well-1")
    papers = (
        KEYS,
        make_order("well-1", 5, office=COUNTY, key=COUNTY_KEY),
        make_order("well-1", 1),
    )
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        give_keys(county, papers[0])
        give(county, papers[1])
        give(county, papers[2])
        delivered(county, box, *papers)
        give(county, make_order("well-1", 6, office=COUNTY, key=COUNTY_KEY))  # not in the records yet
        county.downlinks.log_queued(1)
        box.irrigate(2)
        report(county, box)
        found = evidence.export(county.store, county.config, site="well-1")
    said = bundle_check.check(found.data, trust.load(tmp_path / "g" / "trust.json"))
    assert said.is_proved and [one.code for one in said.findings] == ["grant_not_included"]
    assert [(one.order, one.office, one.is_signed) for one in said.orders] == [
        (5, COUNTY, True),
        (1, order.ROOT, True),
    ]
    assert said.log.entries == 4


def judged(data, *lists):
    """A record names `data`; the bundle's log holds it and these lists. Return (findings, is_signed)."""
    well = Well()
    number = order.open_signed(data)[0]["seq"]
    well.add(record.ORDER, object_seq=number, digest=signed.digest(data), length=len(data))
    well.checkpoint()
    entries = [
        well.record_entry(well.seq),
        entry.encode_object(record.ORDER, T0, data),
        *(entry.encode_object(record.KEYS, T0, one) for one in lists),
    ]
    said = bundle_check.check(well.bundle(entries=entries), None)
    codes = {one.code for one in said.findings} & {"order_signature", "order_unconfirmed"}
    return codes, said.orders[0].is_signed


def of_root(seq, *offices, key=None):
    from . import bundles

    return make_keys(seq, *offices, key=key or bundles.REGULATOR)


BY_COUNTY = make_order("W-0001", 4, office=COUNTY, key=COUNTY_KEY)


@pytest.mark.parametrize(
    ("data", "lists", "expected"),
    [
        (BY_COUNTY, [], (set(), None)),
        (BY_COUNTY, [of_root(1, (COUNTY, COUNTY_KEY))], (set(), True)),
        (BY_COUNTY, [of_root(1, (COUNTY, TOWN_KEY)), of_root(2, (COUNTY, COUNTY_KEY))], (set(), True)),
        (BY_COUNTY, [of_root(1, (COUNTY, TOWN_KEY))], ({"order_unconfirmed"}, False)),
        (BY_COUNTY, [of_root(1, (TOWN, COUNTY_KEY))], (set(), None)),
        (BY_COUNTY, [of_root(1, (COUNTY, COUNTY_KEY), key=COUNTY_KEY)], (set(), None)),
        (make_order("W-0001", 4, key=key_of("forger")), [], ({"order_signature"}, False)),
    ],
    ids=[
        "no list",
        "its list",
        "a later list",
        "another key",
        "another office",
        "a list of nobody",
        "forged",
    ],
)
def test_an_order_is_judged_by_the_roots_key_and_the_roots_lists(data, lists, expected):
    assert judged(data, *lists) == expected


def test_entries_that_cannot_be_read_are_no_lists():
    assert judged(BY_COUNTY, b"no list") == (set(), None)
