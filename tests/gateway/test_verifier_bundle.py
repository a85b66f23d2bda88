"""karez verify: what an honest bundle proves, and the name and place of everything that is wrong."""

import dataclasses

import pytest

from karez_gateway.verifier import bundle_check
from karez_gateway.verifier.findings import REJECTED, WEIGHTS
from karez_gateway.verifier.page import Page
from karez_gateway.verifier.trust import Trust
from karez_gateway.verifier.wording import CAUSES, FINDINGS, PAGE
from karez_protocols import bundle, causes, chain, entry, grant, record

from . import bundles
from .bundles import TRUST, Well, grant_object, season, season_with_log, without_digest

SLOT = record.SLOT_SIZE


def check(data, trust=TRUST):
    return bundle_check.check(data, trust)


def codes(report):
    """Names of what rejects."""
    return [one.code for one in report.rejections]


def named(report, code):
    """The first finding of a name."""
    return next(one for one in report.findings if one.code == code)


def slot_at(data, index):
    """Byte of the file where a slot begins."""
    return bundle.decode(data)["slots_at"] + SLOT * index


def test_an_honest_season_is_proved_to_the_litre():
    well, entries = season_with_log()
    report = check(well.bundle(entries=entries))
    assert report.is_proved and report.verdict == "proved" and not report.flags and not report.notes
    first, second = report.irrigations
    assert (first.litres, first.start_cause, first.stop_cause) == (8250, causes.BUTTON, causes.BUTTON)
    assert (first.start_seq, first.stop_seq, first.overshoot_l) == (4, 6, 0)
    assert (second.litres, second.stop_cause, second.ceiling_l) == (26_790, causes.WATER_CEILING, 40_000)
    assert second.overshoot_l == 40 and second.volume_after_l == 40_040 and second.is_proved
    assert report.signed_to == well.seq - 1 and report.unsigned == 0
    assert (report.first_volume_l, report.last_volume_l, report.tier) == (5000, 40_040, "B")
    assert [(one.seq, one.boot) for one in report.boots] == [(1, 1), (14, 2)]
    assert [(one.seq, one.outage_s, one.litres) for one in report.gaps] == [(15, 3600, 0)]


def test_the_log_and_both_dialects_of_an_upload_are_checked():
    well, entries = season_with_log()
    report = check(well.bundle(entries=entries))
    assert report.log.is_verified and report.log.holds_covering and report.log.witnesses == 0
    assert [(one.seq, one.volume_m3, one.remainder_l) for one in report.uploads] == [
        (6, 13, 250),
        (17, 40, 40),
    ]


def test_a_code_from_the_panel_finds_its_irrigation_however_it_is_typed():
    well = season()
    report = check(well.bundle())
    code = chain.code(well.slots[10])
    typed = code[:4].lower() + " - " + code[4:].replace("1", "i").replace("0", "o")
    assert report.irrigation_of(typed).stop_seq == 11
    assert report.irrigation_of("00000000") is None


def test_without_a_trust_file_the_bundle_is_consistent_but_not_proved():
    well = season()
    report = check(well.bundle(), None)
    assert report.verdict == "consistent" and named(report, "binding_unchecked")
    assert report.fingerprints["controller"] == bundles.public(well.private).hex()
    text = "\n".join(Page(report, "en").lines())
    assert "NOT a proof of origin" in text and report.fingerprints["regulator"] in text


def test_a_part_of_the_chain_is_proved_by_the_signature_after_it():
    well = season()
    report = check(well.bundle(first=9, last=13))
    assert report.is_proved and (report.first_seq, report.signed_to) == (9, 12)
    assert [one.start_seq for one in report.irrigations] == [9]


def test_a_cut_tail_shows_how_far_the_signature_reaches():
    well = season()
    report = check(well.bundle(last=11))
    assert report.is_proved and report.signed_to == 7 and report.unsigned == 3
    assert not report.irrigations[1].is_proved and report.irrigations[0].is_proved
    assert named(report, "tail_unsigned").facts["count"] == 3


def test_records_between_statement_and_signature_are_not_signed():
    well = season(between=2)
    report = check(well.bundle(last=10))
    assert report.signed_to == 7 and report.unsigned == 2


def test_a_bundle_without_any_signature_proves_nothing():
    report = check(season().bundle(last=6))
    assert codes(report) == ["nothing_signed"]
    assert "Nothing in this file is proved." in Page(report, "en").lines()


@pytest.mark.parametrize("index", [0, 3, 8, 17, 18])
def test_a_dropped_record_is_named(index):
    well = season()
    report = check(well.bundle(slots=well.slots[:index] + well.slots[index + 1 :]))
    if index == 18:  # the last one: nobody can know, so the reach says it
        assert codes(report) == [] and report.signed_to == 12 and report.unsigned == 5
        return
    found = named(report, "records_missing")
    assert (found.seq, found.facts["last"], found.facts["count"]) == (index + 1, index + 1, 1)


def test_each_of_several_dropped_records_is_named():
    well = season()
    kept = [slot for index, slot in enumerate(well.slots) if index not in (3, 9, 10)]
    report = check(well.bundle(slots=kept))
    missing = [(one.seq, one.facts["last"]) for one in report.findings if one.code == "records_missing"]
    assert missing == [(4, 4), (10, 11)]
    assert report.signed_to is None


def test_what_stands_behind_a_missing_record_is_proved_again_from_the_next_signed_statement():
    well = season()
    report = check(well.bundle(slots=well.slots[:9] + well.slots[10:]))
    assert not report.is_proved
    # 12 signs the head at 11, 18 the head at 17: the records 11 hangs between.
    assert report.proved == ((1, 7), (12, 18))
    assert named(report, "records_unchained").seq == 8 or named(report, "records_unchained").seq == 11


@pytest.mark.parametrize("index", [0, 5, 18])
def test_a_repeated_record_is_named(index):
    well = season()
    report = check(well.bundle(slots=well.slots[: index + 1] + well.slots[index:]))
    assert codes(report) == ["record_repeated"] and report.rejections[0].seq == index + 1
    assert report.signed_to == 18


@pytest.mark.parametrize("index", [0, 4, 16, 17])
def test_swapped_records_are_named_and_put_back_to_read_on(index):
    well = season()
    slots = list(well.slots)
    slots[index], slots[index + 1] = slots[index + 1], slots[index]
    report = check(well.bundle(slots=slots))
    assert codes(report) == ["record_out_of_order"] and report.rejections[0].seq == index + 2
    assert report.signed_to == 18 and len(report.irrigations) == 2


def test_a_record_of_another_box_is_named_in_the_place_of_one_and_between_two():
    well = season()
    foreign = Well("other").interval()  # seq 1 of another chain
    report = check(well.bundle(slots=[*well.slots[:6], foreign, *well.slots[7:]]))
    assert [(one.code, one.seq) for one in report.rejections] == [("slot_broken", 7)]
    report = check(well.bundle(slots=[*well.slots[:6], foreign, *well.slots[6:]]))
    assert [(one.code, one.seq) for one in report.rejections] == [("record_conflict", 1)]
    assert report.signed_to == 18
    later = _with_seq(foreign, 12)
    report = check(well.bundle(slots=[*well.slots[:6], later, *well.slots[6:]]))
    assert [(one.code, one.seq) for one in report.rejections] == [("record_conflict", 12)]


def test_a_record_moved_far_is_named_once():
    well = season()
    slots = list(well.slots)
    slots.insert(15, slots.pop(3))
    report = check(well.bundle(slots=slots))
    assert [(one.code, one.seq) for one in report.rejections] == [("record_out_of_order", 4)]
    slots = list(well.slots)
    slots.insert(3, slots.pop(15))
    report = check(well.bundle(slots=slots))
    assert [(one.code, one.seq) for one in report.rejections] == [("record_out_of_order", 16)]
    assert report.signed_to == 18


def test_a_changed_record_is_named_with_its_field_and_bytes():
    well = season()
    data = well.bundle()
    at = slot_at(data, 9) + 48  # volume_l of record 10
    report = check(bundles.flip(data, 8 * at + 3))
    found = report.rejections[0]
    assert (found.code, found.seq, found.field, found.span) == ("slot_changed", 10, "volume_l", (at, at + 1))
    assert report.proved[0] == (1, 9) and report.rejections[-1].code == "file_digest"


def test_a_record_changed_in_many_bytes_is_named_with_its_bytes():
    well = season()
    data = well.bundle()
    at = slot_at(data, 9)
    report = check(data[: at + 48] + bytes(6) + data[at + 54 :])
    found = report.rejections[0]
    assert (found.code, found.seq, found.span) == ("slot_broken", 10, (at, at + SLOT))
    assert report.proved == ((1, 7), (12, 18))


def test_a_changed_hash_in_a_slot_is_named_as_such():
    well = season()
    data = well.bundle()
    at = slot_at(data, 9) + 112
    report = check(data[:at] + bytes(16) + data[at + 16 :])
    assert (report.rejections[0].field, report.rejections[0].span) == ("h", (at, at + 16))
    assert report.signed_to == 18


def test_a_changed_seq_is_a_changed_record_not_a_gap():
    well = season()
    data = well.bundle()
    for bit in range(32):
        report = check(bundles.flip(data, 8 * (slot_at(data, 9) + 4) + bit))
        assert (report.rejections[0].code, report.rejections[0].seq) == ("slot_changed", 10)
        assert report.rejections[0].field == "seq"


def test_a_changed_h_before_is_named():
    well = season()
    data = well.bundle(first=9)
    at = slot_at(data, 0) - 20
    report = check(bundles.flip(data, 8 * at))
    assert report.rejections[0].field == "h_before"


def test_a_file_that_is_cut_says_where():
    data = season().bundle()
    report = check(data[:-200])
    assert codes(report) == ["file_shape"] and report.rejections[0].span[0] > 600
    assert codes(check(b"")) == ["file_shape"] and codes(check(b"KZB1" + bytes(40))) == ["file_shape"]


def test_a_loss_the_controller_declared_explains_its_gap():
    well = season()
    well.add(record.LOSS, 0, first_seq=2, last_seq=5, first_volume_l=5000, last_volume_l=10_000)
    well.checkpoint()
    report = check(well.bundle(slots=well.slots[:1] + well.slots[5:]))
    # Record 1 is tied to h_0 and covered by nothing that is left; 6 hangs before the statement 7.
    assert report.is_proved and report.proved == ((7, well.seq - 1),)
    assert [(one.first_seq, one.last_seq, one.litres) for one in report.losses] == [(2, 5, 5000)]
    assert {one.code for one in report.flags} >= {"records_lost", "records_unchained"}
    more = check(well.bundle(slots=well.slots[:1] + well.slots[6:]))
    assert "records_missing" in codes(more)


def test_another_provisioner_or_regulator_is_not_believed():
    data = season().bundle()
    wrong = Trust(bytes(32), TRUST.regulators, TRUST.logs)
    report = check(data, wrong)
    assert codes(report) == ["binding_signature"] and report.proved == ()
    assert codes(check(data, Trust(TRUST.provisioner, (bytes(32),), ()))) == ["regulator_untrusted"]


def test_replaced_keys_are_refused():
    thief = bundles.key("thief")
    own = Well(provisioner=thief)
    own.checkpoint()
    assert codes(check(own.bundle())) == ["binding_signature"]
    other_key = Well(controller_key=bundles.public(thief))
    other_key.private = thief
    other_key.interval()
    other_key.checkpoint()
    assert codes(check(other_key.bundle()))[0] == "controller_name"
    regulator = Well(regulator=thief)
    regulator.checkpoint()
    assert codes(check(regulator.bundle())) == ["regulator_untrusted"]


def test_a_chain_shown_with_another_binding_is_refused():
    well, other = season(), Well(site="W-0002")
    assert {"genesis", "grant_site"} <= set(codes(check(well.bundle(binding=other.binding))))
    assert {"genesis", "chain_number"} <= set(codes(check(well.bundle(chain=2))))


def test_a_checkpoint_of_another_key_is_refused():
    well = Well()
    well.interval()
    well.checkpoint(private=bundles.key("thief"))
    assert codes(check(well.bundle())) == ["signature_wrong", "nothing_signed"]


def test_a_statement_over_another_history_is_refused():
    well = season()
    well.checkpoint(covered=10, h=bytes(32))
    found = named(check(well.bundle()), "statement_wrong_head")
    assert (found.weight, found.field, found.facts["covered"]) == (REJECTED, "covered_h", 10)


def test_a_statement_over_the_future_is_refused():
    well = season()
    well.checkpoint(covered=99, h=bytes(32))
    assert "statement_order" in codes(check(well.bundle()))


def test_a_signature_of_no_statement_is_refused():
    well = season()
    well.add(record.SIGNATURE, 0, statement_seq=3, signature=bytes(64))
    assert codes(check(well.bundle())) == ["signature_without_statement"]


def test_a_forged_grant_is_refused():
    well = Well()
    well.take_grant(grant_object(1, ceiling=10**9, regulator=bundles.key("thief")))
    well.checkpoint()
    report = check(well.bundle())
    assert codes(report) == ["grant_signature"] and report.rejections[0].facts["grant"] == 1


def test_a_grant_of_another_site_is_refused():
    well = Well()
    well.take_grant(grant_object(1, site="W-0002"))
    well.checkpoint()
    assert codes(check(well.bundle())) == ["grant_site"]


def test_grants_missing_exchanged_or_out_of_order_are_refused():
    well = season()
    assert codes(check(well.bundle(grants=well.grants[:1]))) == ["grant_missing"]
    exchanged = [grant_object(1, ceiling=41_000), well.grants[1]]
    assert codes(check(well.bundle(grants=exchanged))) == ["grant_digest"]
    assert codes(check(well.bundle(grants=well.grants[::-1]))) == ["grant_order"]
    assert codes(check(well.bundle(grants=[*well.grants, b"\1" * 200]))) == ["grant_malformed"]


def test_a_ceiling_above_the_grant_is_refused():
    well = Well()
    well.take_grant(grant_object(1, ceiling=40_000))
    well.start(ceiling_l=40_001)
    well.stop(100, ceiling_l=40_000)
    well.checkpoint()
    found = check(well.bundle()).rejections
    assert [(one.code, one.seq, one.field) for one in found] == [("ceiling_above_grant", 2, "ceiling_l")]
    assert (found[0].facts["claimed_l"], found[0].facts["allowed_l"]) == (40_001, 40_000)


def test_a_ceiling_of_a_row_that_is_not_yet_valid_is_refused_only_with_a_trusted_clock():
    rows = [
        {"quantity": grant.WATER, "from_utc_s": 0, "to_utc_s": bundles.T0 + 9000, "ceiling": 20_000,
         "finish_100l": 5, "emergency_100l": 10},
        {"quantity": grant.WATER, "from_utc_s": bundles.T0 + 9000, "to_utc_s": bundles.T0 + 99_000,
         "ceiling": 50_000, "finish_100l": 0, "emergency_100l": 0},
    ]  # fmt: skip
    for time_state, expected in (
        (record.TIME_SYNCHRONISED, ["ceiling_above_grant"]),
        (record.TIME_UNKNOWN, []),
    ):
        well = Well()
        well.take_grant(grant_object(1, rows=rows))
        well.start(ceiling_l=50_000, time_state=time_state)
        well.stop(100, ceiling_l=21_000)  # with its emergency allowance
        well.checkpoint()
        assert codes(check(well.bundle())) == expected


def test_an_older_grant_in_force_is_refused():
    well = season()
    well.grant_seq = 1
    well.interval()
    assert "grant_seq_fell" in codes(check(well.bundle()))


def test_grants_that_are_not_here_or_do_not_know_this_chain_are_flagged():
    well = Well()
    well.grant_seq = 5
    well.start(ceiling_l=1000)
    well.stop(10, ceiling_l=1000)
    well.grant_seq = 6
    well.interval()
    well.take_grant(grant_object(7, head_seq=2, head_h=bytes(32)))
    well.take_grant(grant_object(8, head_seq=2, head_h=well.heads[2], issuer=1))
    well.checkpoint()
    well.grants.insert(0, grant_object(2))
    report = check(well.bundle())
    assert report.is_proved
    flags = [one.code for one in report.flags]
    assert sorted(flags) == ["grant_head", "grant_issuer", "grant_not_included", "grant_unrecorded"]
    assert [one.code for one in report.notes] == ["grant_unused", "log_absent"]


def test_a_falling_register_is_refused_with_its_place():
    well = Well()
    well.interval(100)
    well.volume_l -= 1
    well.interval()
    well.checkpoint()
    data = well.bundle()
    found = check(data).rejections[0]
    at = slot_at(data, 1) + 48
    assert (found.code, found.seq, found.span) == ("volume_fell", 2, (at, at + 6))
    assert (found.facts["before_l"], found.facts["after_l"]) == (5100, 5099)


def test_a_gap_that_claims_more_before_than_after_is_refused():
    well = Well()
    well.add(record.GAP, volume_before_l=6000)
    well.checkpoint()
    assert codes(check(well.bundle())) == ["volume_fell"]


def test_an_unknown_register_is_a_state_of_its_own():
    well = Well()
    well.start(volume_l=None)
    well.stop(500)
    well.checkpoint()
    report = check(well.bundle())
    assert report.is_proved and report.irrigations[0].litres is None
    assert [one.code for one in report.flags] == ["volume_unknown"]


def test_a_pump_that_runs_without_a_start_is_flagged_once():
    well = Well()
    well.start()
    well.stop(10)
    well.pump = 3
    for _ in range(3):
        well.interval(5)
    well.checkpoint()
    report = check(well.bundle())
    assert [(one.code, one.seq) for one in report.flags] == [("pump_without_start", 3)]
    # The same records, begun later: nobody knows whether a start lies before.
    later = check(well.bundle(first=3))
    assert [one.code for one in later.flags] == [] and named(later, "began_before").seq == 3


def test_starts_and_stops_that_do_not_pair_are_flagged():
    well = Well()
    well.start()
    well.start()
    well.stop(10)
    well.stop(10)
    well.start()
    well.checkpoint()
    report = check(well.bundle())
    assert [one.code for one in report.flags] == ["start_without_stop", "stop_without_start"]
    assert [(one.start_seq, one.stop_seq) for one in report.irrigations] == [
        (1, None),
        (2, 3),
        (None, 4),
        (5, None),
    ]
    assert named(report, "still_running").seq == 5
    alone = check(well.bundle(first=3))
    assert named(alone, "began_before").seq == 3


def test_odd_boots_and_clocks_are_flags_not_refusals():
    well = Well()
    well.interval()
    well.boot_count = 3
    well.interval()
    well.utc_s -= 900
    well.interval()
    well.boot_count = 2
    well.boot()
    well.checkpoint()
    report = check(well.bundle())
    assert report.is_proved
    assert [(one.code, one.seq) for one in report.flags] == [
        ("boot_counter", 2), ("time_went_back", 3), ("boot_counter", 4),
    ]  # fmt: skip


def test_records_this_version_cannot_read_are_refused():
    for field, value in (("version", 2), ("kind", 99)):
        well = Well()
        content = bytearray(well.interval()[:112])
        content[0 if field == "version" else 1] = value
        _replace_last(well, bytes(content))
        well.checkpoint()
        assert codes(check(well.bundle())) == ["record_malformed"]
    well = Well()
    content = bytearray(well.interval()[:112])
    content[80] = 1  # reserved
    _replace_last(well, bytes(content))
    well.checkpoint()
    assert "80" in check(well.bundle()).rejections[0].facts["reason"]


def _replace_last(well, content):
    """Chain other content in place of the last record, as a controller with a fault would."""
    well.heads.pop()
    slot, well.h = chain.seal(well.heads[-1], content)
    well.heads.append(well.h)
    well.slots[-1] = slot


def test_a_chained_record_with_a_jump_in_its_number_is_refused():
    well = Well()
    well.interval()
    content = bytearray(well.interval()[:112])
    content[4] = 9
    _replace_last(well, bytes(content))
    well.checkpoint()
    assert "seq_jump" in codes(check(well.bundle()))


def test_a_boot_or_statement_of_another_chain_is_refused():
    well = Well()
    well.add(record.BOOT, chain=2)
    well.number = 3
    well.checkpoint()
    well.number = 1
    well.checkpoint()
    assert codes(check(well.bundle())) == ["chain_number", "chain_number"]


def test_a_second_chain_of_the_same_controller_begins_at_its_own_genesis():
    well = Well(number=2)
    well.boot()
    well.checkpoint()
    assert check(well.bundle()).is_proved


def test_a_record_of_a_new_binding_is_flagged():
    well = Well()
    well.add(record.BINDING, object_seq=2, digest=bytes(32), length=256)
    well.checkpoint()
    assert [one.code for one in check(well.bundle()).flags] == ["binding_changed"]


def test_a_log_no_one_trusts_is_refused_and_an_unknown_one_noted():
    well, entries = season_with_log()
    data = well.bundle(entries=entries)
    other = bundles.Signer("county.example/1", bytes(32)).verifier_key
    assert codes(check(data, dataclasses.replace(TRUST, logs=(other,)))) == ["note_signature"]
    elsewhere = bundles.Signer("other.example", bytes(32)).verifier_key
    assert codes(check(data, dataclasses.replace(TRUST, logs=(elsewhere,)))) == ["note_signature"]
    report = check(data, dataclasses.replace(TRUST, logs=()))
    assert report.is_proved and not report.log.is_verified and named(report, "note_unchecked")


def test_an_entry_outside_the_log_is_refused():
    well, entries = season_with_log()
    note, proofs = bundles.log_of(entries)
    index, data, hashes = proofs[0]
    for wrong in ((index + 1, data, hashes), (index, data + b"x", hashes), (index, data, hashes[:-1])):
        report = check(well.bundle(note=note, proofs=[wrong]))
        assert codes(report) == ["proof_wrong"]
    assert codes(check(well.bundle(note=note, proofs=[*proofs, proofs[1]]))) == ["entry_repeated"]


def test_a_covering_signature_that_is_not_logged_is_flagged():
    well = season()
    report = check(well.bundle(entries=[well.record_entry(5)]))
    assert report.is_proved and [one.code for one in report.flags] == ["signature_not_logged"]


def test_another_record_of_the_same_number_in_the_log_is_a_fork():
    well, twin = season(), season()
    twin.slots[4] = Well().interval(9)
    forked = entry.encode_record(well.controller, 1, 0, _with_seq(twin.slots[4], 5))
    report = check(well.bundle(entries=[forked, well.record_entry(well.seq)]))
    assert codes(report) == ["log_fork"] and report.rejections[0].seq == 5


def _with_seq(slot, seq):
    return slot[:4] + seq.to_bytes(4, "little") + slot[8:]


def test_entries_of_other_boxes_and_objects_say_nothing_about_this_one():
    well = season()
    other = Well("other")
    other.interval()
    grant_entry = entry.encode_object(record.GRANT, 0, well.grants[0])
    entries = [other.record_entry(1), grant_entry, well.record_entry(well.seq)]
    assert check(well.bundle(entries=entries)).is_proved


def test_an_unreadable_entry_is_refused():
    well = season()
    report = check(well.bundle(entries=[b"\1\7xx", well.record_entry(well.seq)]))
    assert codes(report) == ["entry_malformed"]


def test_a_platform_that_was_told_another_volume_is_named():
    well = season()
    closing = well.record_entry(well.seq)
    report = check(well.bundle(entries=[closing, well.upload_entry(6, volume_m3=12)]))
    found = report.rejections[0]
    assert (found.code, found.seq) == ("upload_volume", 6)
    assert (found.facts["sent_m3"], found.facts["recorded_l"]) == (12, 13_250)


def test_an_answer_to_another_report_is_named():
    well = season()
    report = check(well.bundle(entries=[well.record_entry(well.seq), well.upload_entry(6, fcb=1)]))
    assert codes(report) == ["upload_confirm"]


def test_uploads_that_cannot_be_read_or_lie_elsewhere_are_named():
    well = season()
    closing = well.record_entry(well.seq)
    name = well.controller
    foreign = entry.encode_upload("city", name, 1, 6, 0, b"??report", b"ok")
    damaged = entry.encode_upload("county", name, 1, 6, 0, b"\x68\x08\x68xx", b"ok")
    report = check(well.bundle(entries=[closing, foreign, damaged]))
    assert codes(report) == ["upload_malformed"]
    assert [one.code for one in report.flags] == ["upload_unknown_protocol"]
    late = check(well.bundle(last=13, entries=[well.record_entry(13), well.upload_entry(17)]))
    assert late.is_proved and named(late, "upload_elsewhere").seq == 17


def test_a_file_of_another_well_stops_at_a_limit():
    well = Well()
    slots = [b"\1\1" + bytes(2) + bytes((n & 255, n >> 8)) + bytes(122) for n in range(1000, 1, -1)]
    report = check(well.bundle(slots=slots, h_before=bytes(32)))
    assert "too_many_breaks" in codes(report)


def test_a_digest_that_was_made_again_does_not_help():
    well = season()
    data = well.bundle()
    at = slot_at(data, 9) + 48
    forged = without_digest(bundles.flip(data, 8 * at))
    assert codes(check(forged)) == ["slot_changed"]


def test_every_finding_has_a_text_in_both_languages_with_the_same_facts():
    assert set(FINDINGS["en"]) == set(FINDINGS["zh"]) == set(WEIGHTS)
    assert set(PAGE["en"]) == set(PAGE["zh"])
    for texts in (FINDINGS, PAGE):
        for code, english in texts["en"].items():
            assert _facts(english) == _facts(texts["zh"][code]), code
    assert set(CAUSES["zh"]) <= set(CAUSES["en"])


def _facts(template):
    return {part.split("}")[0].split(":")[0] for part in template.split("{")[1:]}  # a count's noun is no fact


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_name_in_a_hostile_file_cannot_steer_the_terminal(language):
    well = Well(site="\x1b[2J\x07")
    well.checkpoint()
    text = "\n".join(Page(check(well.bundle()), language).lines())
    assert "\x1b" not in text and "\x07" not in text
