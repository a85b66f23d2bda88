"""karez verify: segments, meters put on and taken off, litres by method, orders, later chains."""

import pytest

from karez_gateway.verifier import bundle_check, metering
from karez_gateway.verifier.page import Page
from karez_protocols import binding, causes, entry, event_details, fields, grant, order, record, signed

from .bundles import REGULATOR, T0, TRUST, Well, season, signed_object

DETAIL = {
    "quantity": grant.WATER, "method": record.METERED, "reason": event_details.RESET, "number": 2,
    "closing": 9000, "register_base": 40, "base": 9500, "is_confirmed": 0,
}  # fmt: skip


def check(well, **changed):
    return bundle_check.check(well.bundle(**changed), TRUST)


def codes(report):
    """Names of everything found, but that no log is there."""
    return [one.code for one in report.findings if one.code != "log_absent"]


def open_segment(well, cause=causes.SEGMENT_OPENED, segment=2, **changed):
    detail = fields.pack(event_details.SEGMENT, DETAIL | changed)
    well.segment = segment
    return well.add(record.EVENT, cause=cause, detail=detail)


def meter(well, cause, serial, register, quantity=grant.WATER):
    values = {"quantity": quantity, "serial": serial, "register": register}
    return well.add(record.EVENT, cause=cause, detail=fields.pack(event_details.METER, values))


def swapped(**changed):
    """A well whose meter began anew: 1000 L counted, 500 held and booked, 200 counted by the new one."""
    well = Well()
    well.interval()
    well.interval(4000)
    well.interval(held_l=500, energy_wh=1200)
    well.volume_l = 9500
    open_segment(well, **changed)
    well.interval(200)
    return well


def text(report, language="en"):
    return "\n".join(Page(report, language).lines())


def test_what_was_held_is_booked_as_converted_where_a_segment_opens():
    well = swapped()
    well.checkpoint()
    report = check(well)
    assert report.is_proved and codes(report) == ["segment_provisional"]
    assert report.litres == {"metered": 4200, "converted": 500}
    first, second = report.segments
    assert (first.number, first.serial, first.closing, first.litres, first.opened_seq) == (
        1,
        "A17",
        9000,
        4000,
        None,
    )
    assert (second.number, second.opened_seq, second.base, second.register_base) == (2, 4, 9500, 40)
    assert (second.booked_l, second.litres, second.is_confirmed, second.serial) == (500, 200, False, None)
    found = report.flags[0]
    assert found.seq == 4 and found.facts == {"segment": 2, "litres": 200}


def test_without_an_energy_meter_what_was_held_is_estimated():
    well = Well()
    well.interval()
    well.interval(held_l=500)
    well.volume_l, well.segment = 5500, 2
    detail = fields.pack(event_details.SEGMENT, DETAIL | {"base": 5500, "is_confirmed": 1})
    well.add(record.EVENT, cause=causes.SEGMENT_OPENED, detail=detail, energy_wh=None)
    well.checkpoint()
    report = check(well)
    assert report.litres == {"estimated": 500} and codes(report) == []


def test_water_that_flowed_since_the_new_beginning_is_metered():
    well = Well()
    well.interval()
    well.volume_l = 5600
    open_segment(well, base=5450, is_confirmed=1)
    well.checkpoint()
    report = check(well)
    assert report.litres == {"converted": 450, "metered": 150} and codes(report) == []
    assert (report.segments[1].booked_l, report.segments[1].litres) == (450, 150)


def test_each_method_has_its_litres():
    well = Well()
    for method in (1, 2, 3, 4, None, 77):
        well.interval(100, method=method)
    well.checkpoint()
    report = check(well)
    assert report.litres == {"converted": 100, "converted_group": 100, "estimated": 100, "unknown": 200}
    for language in ("en", "zh"):
        assert "0.100" in text(report, language)


def test_a_person_confirms_a_segment_and_names_its_meter():
    well = swapped()
    meter(well, causes.METER_CLOSED, "A17", 9010)
    meter(well, causes.METER_OPENED, "B18", 40)
    open_segment(well, causes.SEGMENT_CONFIRMED, is_confirmed=1)
    well.checkpoint()
    report = check(well)
    assert codes(report) == [] and report.segments[1].is_confirmed and report.segments[1].serial == "B18"
    assert [(one.seq, one.is_opening, one.serial, one.register) for one in report.meters] == [
        (6, False, "A17", 9010),
        (7, True, "B18", 40),
    ]
    assert report.meters[0].utc_s == T0 + 6 * 300
    shown = text(report)
    assert "meter B18 put on at 40 L" in shown and "provisional" not in shown
    assert "0.500 m³ that were held are booked" in shown


def test_a_meter_that_was_entered_before_its_segment_opens_gives_the_serial():
    well = Well()
    well.interval()
    meter(well, causes.METER_OPENED, "B18", 40)
    open_segment(well, base=5000, reason=event_details.SWAP, is_confirmed=1)
    meter(well, causes.METER_OPENED, "S9", 7, grant.ENERGY)
    well.checkpoint()
    report = check(well)
    assert codes(report) == [] and report.segments[1].serial == "B18"
    assert "energy meter S9 put on at 7 Wh" in text(report)


def test_an_unconfirmed_segment_is_shown_as_provisional_in_both_languages():
    well = swapped()
    well.checkpoint()
    assert "[provisional]" in text(check(well)) and "待确认" in text(check(well), "zh")


def test_a_segment_of_energy_counts_e_and_leaves_the_water_alone():
    well = Well()
    well.interval()
    detail = DETAIL | {"quantity": grant.ENERGY, "base": 1000, "is_confirmed": 1}
    well.add(record.EVENT, cause=causes.SEGMENT_OPENED, detail=fields.pack(event_details.SEGMENT, detail))
    well.interval(10)
    open_segment(well, segment=3, number=3, base=5010, is_confirmed=1)
    well.interval(10)
    well.checkpoint()
    report = check(well)
    assert codes(report) == [] and report.litres == {"metered": 20}
    assert [(one.number, one.quantity) for one in report.segments] == [(1, 0), (2, 1), (3, 0)]
    assert "Wh" in text(report)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"base": 9501}, "segment_base"),
        ({"number": 1, "segment": 1}, "segment_fell"),
        ({"number": 4, "segment": 4}, "segment_skipped"),
        ({"number": None}, "detail_malformed"),
        ({"quantity": 7}, "detail_malformed"),
        ({"quantity": None}, "detail_malformed"),
    ],
)
def test_an_opening_that_contradicts_itself_is_named(changed, expected):
    well = Well()
    well.interval()
    well.volume_l = 9500
    open_segment(well, **({"is_confirmed": 1} | changed))
    well.checkpoint()
    report = check(well)
    assert expected in codes(report)
    found = next(one for one in report.findings if one.code == expected)
    assert found.seq == 2 and found.span is not None
    assert report.is_proved == (expected not in ("segment_base", "segment_fell"))


def test_a_base_above_the_energy_register_is_refused_too():
    well = Well()
    detail = fields.pack(event_details.SEGMENT, DETAIL | {"quantity": grant.ENERGY, "base": 1001})
    well.add(record.EVENT, cause=causes.SEGMENT_OPENED, detail=detail)
    well.checkpoint()
    assert "segment_base" in codes(check(well))


def test_the_last_number_stays():
    well = Well()
    well.interval(segment=0xFFFE)
    open_segment(well, number=0xFFFE, segment=0xFFFE, base=5000, is_confirmed=1)
    well.checkpoint()
    assert codes(check(well)) == ["segment_unrecorded"]


def test_a_segment_that_nobody_opened_is_named_once_and_one_that_falls_is_refused():
    well = Well()
    for number in (1, 2, 2, 0, None):
        well.interval(segment=number)
    well.checkpoint()
    assert codes(check(well)) == ["segment_unrecorded"]
    assert codes(check(well, first=2)) == []  # what came before is not in this bundle
    well.interval(segment=1)
    well.checkpoint()
    report = check(well)
    assert [one.code for one in report.rejections] == ["segment_fell"]


def test_a_segment_opened_in_missing_records_is_taken_as_it_is():
    well = Well()
    well.interval()
    open_segment(well, base=5000)
    well.checkpoint()
    well.interval()
    open_segment(well, number=4, segment=4, base=5000, is_confirmed=1)
    well.add(record.LOSS, 0, first_seq=2, last_seq=2, first_volume_l=None, last_volume_l=None)
    well.checkpoint()
    report = check(well, slots=well.slots[:1] + well.slots[2:])
    assert report.is_proved and codes(report) == ["records_lost"]
    assert [one.number for one in report.segments] == [1, 2, 4] and "unknown" in text(report)


def test_a_confirmation_may_not_move_the_beginning():
    for changed, expected in (({"base": 9400}, True), ({"register_base": 41}, True), ({}, False)):
        well = swapped()
        open_segment(well, causes.SEGMENT_CONFIRMED, **({"is_confirmed": 1} | changed))
        well.checkpoint()
        assert ("segment_rewritten" in codes(check(well))) == expected, changed


def test_a_confirmation_of_a_segment_that_opened_before_the_bundle_fills_it_in():
    well = swapped()
    open_segment(well, causes.SEGMENT_CONFIRMED, is_confirmed=1)
    well.checkpoint()
    report = check(well, first=5)
    assert codes(report) == [] and report.segments[1].base == 9500


def test_a_confirmation_of_a_segment_not_seen_at_all_begins_it():
    well = Well()
    well.interval()
    open_segment(well, causes.SEGMENT_CONFIRMED, base=5000, is_confirmed=1)
    well.checkpoint()
    report = check(well)
    assert codes(report) == [] and report.segments[1].number == 2 and report.litres == {}


def test_a_leap_of_the_register_outside_an_opening_is_flagged():
    well = Well()
    well.interval()
    well.interval(60_000)  # 400 m³/h x 1.25 in six minutes, and a cubic metre: 51,000 L
    well.checkpoint()
    report = check(well)
    assert report.is_proved and codes(report) == ["volume_leapt"]
    assert report.flags[0].facts == {"litres": 60_000, "allowed_l": 51_000}


def test_no_more_than_what_was_held_and_could_flow_is_taken_up_at_an_opening():
    for base, expected in ((70_000, []), (200_000, ["volume_leapt"])):
        well = Well()
        well.interval()
        well.interval(held_l=30_000)
        well.volume_l = base
        open_segment(well, base=base, is_confirmed=1)
        well.checkpoint()
        assert codes(check(well)) == expected, base


def test_energy_explains_a_converted_leap_and_an_unknown_one_does_not():
    for energy_wh, expected in ((11_000, []), (None, ["volume_leapt"])):
        well = Well()
        well.interval(method=record.CONVERTED, energy_wh=1000)
        well.interval(80_000, method=record.CONVERTED, energy_wh=energy_wh)
        well.checkpoint()
        assert codes(check(well)) == expected


def test_an_outage_says_itself_what_flowed():
    well = Well()
    well.interval()
    well.volume_l += 900_000
    well.add(record.GAP, volume_before_l=5000)
    well.interval(held_l=5)
    well.boot_count += 1
    well.volume_l += 900_000
    well.boot()
    well.interval(uptime_s=None)
    well.volume_l += 900_000
    well.interval()
    well.checkpoint()
    assert codes(check(well)) == []


def test_another_binding_lists_other_segments():
    well = Well()
    well.interval(segment=1)
    well.add(record.BINDING, object_seq=2, digest=bytes(32), length=256)
    well.interval(segment=5)
    well.interval(segment=5)
    well.checkpoint()
    assert codes(check(well)) == ["binding_changed"]
    same = Well()
    same.add(record.BINDING, object_seq=1, digest=signed.digest(same.binding), length=len(same.binding))
    same.interval(segment=5)
    same.checkpoint()
    assert codes(check(same)) == ["segment_unrecorded"]


def test_a_meter_event_that_cannot_be_read_is_flagged():
    well = Well()
    well.add(record.EVENT, cause=causes.METER_OPENED, detail=b"\0" + b"\xff" * 16 + bytes(7))
    well.checkpoint()
    report = check(well)
    assert codes(report) == ["detail_malformed"] and report.meters == ()


def test_the_report_for_programs_has_segments_and_litres():
    well = swapped()
    meter(well, causes.METER_OPENED, "B18", 40)
    well.checkpoint()
    shown = check(well).as_json()
    assert shown["litres"] == {"metered": 4200, "converted": 500}
    assert [one["number"] for one in shown["segments"]] == [1, 2] and shown["meters"][0]["serial"] == "B18"


def an_order(seq=9, **changed):
    values = {
        "kind": order.SEAL, "scope": order.SITE, "basis": order.PLAIN, "office": 3, "from_min": None,
        "to_min": None, "lift_office": None, "lift_seq": None, "seq": seq, "target": "W-0001",
        "issued_utc_s": T0, "until_utc_s": None, "document": "2026-99",
    }  # fmt: skip
    return signed_object(REGULATOR, order.LABEL, order.encode(values | changed))


def ordered(data, **changed):
    well = Well()
    values = {"object_seq": 9, "digest": signed.digest(data), "length": len(data)}
    well.add(record.ORDER, **(values | changed))
    well.checkpoint()
    return well


def test_an_order_is_shown_with_its_digest_and_its_words_when_the_log_holds_it():
    data = an_order()
    well = ordered(data)
    report = check(well)
    assert codes(report) == ["order_not_included"] and report.orders[0].document is None
    assert signed.digest(data).hex() in text(report)
    entries = [well.record_entry(well.seq), entry.encode_object(record.ORDER, T0, data)]
    report = check(well, entries=entries)
    assert codes(report) == [] and report.is_proved
    one = report.orders[0]
    assert (one.seq, one.order, one.kind, one.office, one.document) == (1, 9, order.SEAL, 3, "2026-99")
    assert "seal, office 3, document 2026-99" in text(report) and "封停" in text(report, "zh")


@pytest.mark.parametrize("changed", [{"object_seq": 8}, {"length": 7}, {"object_seq": None}])
def test_a_record_that_says_something_else_of_the_same_order_is_refused(changed):
    data = an_order()
    well = ordered(data, **changed)
    entries = [entry.encode_object(record.ORDER, T0, data), well.record_entry(well.seq)]
    assert [one.code for one in check(well, entries=entries).rejections] == ["order_differs"]
    if changed.get("object_seq", 9) is None:
        assert codes(check(well)) == ["order_not_included"]


def test_bytes_that_are_no_order_are_refused_and_other_objects_left_alone():
    well = ordered(b"no order")
    entries = [entry.encode_object(record.ORDER, T0, b"no order"), well.record_entry(well.seq)]
    assert "order_differs" in codes(check(well, entries=entries))
    entries[0] = entry.encode_object(record.GRANT, T0, b"no order")
    assert codes(check(well, entries=entries)) == ["order_not_included"]


def test_a_later_chain_says_that_it_begins_and_one_that_does_not_is_flagged():
    well = Well(number=2)
    well.boot()
    well.add(record.EVENT, cause=causes.CHAIN_BEGUN, subject=1)
    well.checkpoint()
    report = check(well)
    assert codes(report) == ["chain_begun"]
    assert report.flags[0].facts == {"chain": 2, "before": 1} and "bundles of chain 1" in text(report)
    assert codes(check(well, first=3)) == []
    silent = Well(number=2)
    silent.boot()
    silent.checkpoint()
    assert codes(check(silent)) == ["chain_unlinked"]


def test_an_honest_season_is_all_metered_in_the_segment_of_its_binding():
    report = check(season())
    assert report.litres == {"metered": 35_040} and len(report.segments) == 1
    assert report.segments[0].litres == 35_040 and codes(report) == []


def test_a_binding_with_two_quantities_numbers_them_in_its_order():
    energy = {
        "quantity": binding.ENERGY, "method": record.METERED, "address": 2, "profile_version": 1,
        "coefficient_version": 0, "from_seq": 1, "profile": "sdm630", "serial": "E1", "base": 0,
        "register_base": 0, "multiplier_ppm": 1_000_000,
    }  # fmt: skip
    well = Well(segments=[energy, energy | {"quantity": binding.WATER, "serial": "W1"}])
    well.interval(10, segment=2)
    well.interval(10, segment=2)
    open_segment(well, number=3, segment=3, base=5020, is_confirmed=1)
    well.checkpoint()
    report = check(well)
    assert codes(report) == []
    assert [(one.number, one.serial) for one in report.segments] == [(1, "E1"), (2, "W1"), (3, None)]


def test_litres_that_fall_or_stand_are_nobodys():
    well = Well()
    slot = well.interval()
    assert metering.shares(slot, 5000, 5000) == [] and metering.shares(slot, 5001, 5000) == []
    opened = open_segment(well, base=None)
    assert metering.shares(opened, 4000, 5000) == [(record.CONVERTED, 1000)]
    lower = open_segment(well, base=3000)
    assert metering.shares(lower, 4000, 5000) == [(record.METERED, 1000)]


def test_an_event_that_comes_after_a_record_of_its_segment_explains_it():
    well = Well()
    well.interval()
    well.interval(segment=2)
    open_segment(well, base=5000, is_confirmed=1, closing=9000)
    well.interval()
    well.checkpoint()
    report = check(well)
    assert report.is_proved and codes(report) == ["segment_unrecorded"]
    assert [(one.number, one.opened_seq, one.closing) for one in report.segments] == [
        (1, None, 9000),
        (2, 3, None),
    ]


def test_litres_without_any_segment_are_counted_by_method_alone():
    well = Well()
    well.add(record.BINDING, object_seq=2, digest=bytes(32), length=256)
    well.interval(segment=0)
    well.interval(70, segment=0)
    well.checkpoint()
    report = check(well)
    assert report.litres == {"metered": 70} and report.segments[0].litres == 0
