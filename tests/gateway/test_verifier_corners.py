"""karez verify at its corners: several breaks at once, signed contradictions, odd files and odd values."""

import pytest
from typer.testing import CliRunner

from karez_gateway.verifier import bundle_check, slots
from karez_gateway.verifier.cli import app
from karez_gateway.verifier.page import Page
from karez_gateway.verifier.trust import FILE_BYTES_MAX, TrustError, load
from karez_protocols import bundle, chain, entry, record, szy206

from . import bundles
from .bundles import TRUST, Well, season


def check(data):
    return bundle_check.check(data, TRUST)


def codes(report):
    return [one.code for one in report.rejections]


def broken(slot):
    """The slot with several bytes changed: beyond what one flipped bit explains."""
    return slot[:60] + b"\x5a\xa5\x5a" + slot[63:]


def test_a_second_gap_behind_a_break_is_named_too():
    well = season()
    report = check(well.bundle(slots=[*well.slots[:1], *well.slots[2:3], *well.slots[4:]]))
    missing = [one.seq for one in report.rejections if one.code == "records_missing"]
    assert missing == [2, 4]


def test_a_gap_that_ends_at_a_signed_statement_goes_on_at_once():
    well = season()
    # 3 is gone, 4 and 5 hang loose, 6 is gone: 7 states the head at 6 and takes the chain up.
    report = check(well.bundle(slots=[*well.slots[:2], *well.slots[3:5], *well.slots[6:]]))
    assert [one.seq for one in report.rejections if one.code == "records_missing"] == [3, 6]
    assert report.proved == ((7, 18),)


def test_strays_behind_a_break_are_named():
    well = season()
    slots_ = [
        *well.slots[:1],
        broken(well.slots[1]),
        *well.slots[2:5],
        well.slots[0],
        well.slots[3],
        *well.slots[5:],
    ]
    found = [(one.code, one.seq) for one in check(well.bundle(slots=slots_)).rejections]
    assert found == [("slot_broken", 2), ("record_repeated", 1), ("record_repeated", 4)]


def test_a_changed_number_behind_a_break_is_a_changed_record():
    well = season()
    renumbered = well.slots[3][:4] + b"\x63\0\0\0" + well.slots[3][8:]
    slots_ = [*well.slots[:1], broken(well.slots[1]), well.slots[2], renumbered, *well.slots[4:]]
    assert [one.seq for one in check(well.bundle(slots=slots_)).rejections] == [2, 4]


def test_the_record_a_signed_statement_names_must_be_that_record():
    well = season()
    forged = well.slots[5][:112] + bytes(16)
    slots_ = [*well.slots[:1], broken(well.slots[1]), *well.slots[2:5], forged, *well.slots[6:]]
    assert [one.seq for one in check(well.bundle(slots=slots_)).rejections] == [2, 6]


def test_a_signed_contradiction_counts_even_where_the_chain_is_broken():
    well = Well()
    well.interval()
    well.checkpoint()
    well.interval()
    well.checkpoint(covered=1, h=bytes(32))
    well.add(record.LOSS, 0, first_seq=4, last_seq=4, first_volume_l=None, last_volume_l=None)
    well.interval()
    well.checkpoint()
    report = check(well.bundle(slots=well.slots[:3] + well.slots[4:]))
    # The loss record itself stands behind the break, before the next anchor: it explains nothing.
    assert set(codes(report)) == {"records_missing", "statement_wrong_head"}


def test_a_signature_of_a_lost_statement_is_no_fault():
    well = Well()
    well.interval()
    well.checkpoint()  # 2 and 3
    well.interval()  # 4
    later = well.private.sign(chain.checkpoint_message(well.controller, well.slots[1][:112]))
    well.checkpoint()  # 5 states 4, 6
    well.add(record.SIGNATURE, 0, statement_seq=2, signature=later)  # 7
    well.add(record.LOSS, 0, first_seq=2, last_seq=4, first_volume_l=None, last_volume_l=None)
    well.checkpoint()
    assert check(well.bundle(slots=well.slots[:1] + well.slots[4:])).is_proved


def test_a_loss_that_names_no_range_explains_nothing():
    well = Well()
    well.interval()
    well.interval()
    well.checkpoint()
    well.add(record.LOSS, 0, first_seq=None, last_seq=None, first_volume_l=None, last_volume_l=None)
    well.checkpoint()
    assert codes(check(well.bundle(slots=well.slots[:1] + well.slots[2:]))) == ["records_missing"]


def test_damage_at_the_last_record_and_in_many_places():
    well = season()
    assert check(well.bundle(slots=[*well.slots[:18], broken(well.slots[18])])).rejections[0].seq == 19
    year = Well()
    for _ in range(100):
        year.interval()
    year.checkpoint()
    flipped = [bundles.flip(slot, 8 * 60) for slot in year.slots[:100]]
    report = check(year.bundle(slots=[*flipped, *year.slots[100:]]))
    found = [one.code for one in report.rejections]
    assert found[:64] == ["slot_changed"] * 64 and "slot_broken" in found


def test_an_h_before_of_other_bytes_breaks_the_first_record():
    well = season()
    report = check(well.bundle(first=9, h_before=bytes(32)))
    assert report.rejections[0].seq == 9 and report.rejections[0].code == "slot_broken"


def test_a_file_with_sections_in_another_order_says_where():
    well = season()
    data = well.bundle()
    at = data.index(b"\2", 4 + 5 + len(well.binding))
    for tag in (1, 9):
        report = check(data[:at] + bytes((tag,)) + data[at + 1 :])
        assert codes(report) == ["file_shape"] and report.rejections[0].span == (at, at + 5)
    cut = bundle.encode(well.binding, [], 1, bytes(32), well.slots)
    assert codes(check(cut[:-40] + cut[-32:])) == ["file_shape"]
    odd = bundles.without_digest(data[:-32] + b"\4\3" + bytes(32))
    assert check(odd).rejections[0].span == (len(data) - 32, len(data) - 32 + 34)


def test_a_binding_that_cannot_be_read_still_lets_breaks_be_named():
    well = season()
    report = check(well.bundle(binding=b"\1" * 200, slots=well.slots[:5] + well.slots[6:]))
    assert {"binding_malformed", "records_missing"} <= set(codes(report)) and report.proved == ()


def test_a_frame_that_reports_no_volume_or_none_measured_is_named():
    well = season()
    closing = well.record_entry(well.seq)
    login = szy206.encode(szy206.Frame(True, bytes(5), 0x02, b"\xf0"))
    other = entry.encode_upload("county", well.controller, 1, 6, 0, login, login)
    assert codes(check(well.bundle(entries=[closing, other]))) == ["upload_malformed"]
    # A statement holds no register: a report made from it is made from nothing.
    assert codes(check(well.bundle(entries=[closing, well.upload_entry(7, volume_m3=13)]))) == [
        "upload_volume"
    ]


def test_an_upload_of_a_record_that_cannot_be_read_adds_nothing():
    well = Well()
    content = bytearray(well.start()[:112])
    content[80] = 1
    slot, well.h = chain.seal(well.heads[0], bytes(content))
    well.slots[0], well.heads[1] = slot, well.h
    well.checkpoint()
    entries = [well.record_entry(3), well.upload_entry(1, volume_m3=5)]
    assert codes(check(well.bundle(entries=entries)))[0] == "record_malformed"


def test_every_byte_of_a_slot_has_a_name():
    slot = season().slots[0]
    names = [slots.field_at(slot, at) for at in range(record.SLOT_SIZE)]
    assert names[0] == "version" and names[84] == "chain" and names[111] == "reserved" and names[112] == "h"


def test_everything_unknown_is_said_to_be_unknown():
    well = Well()
    well.boot(tier=None, outage_s=None, utc_s=None, time_state=record.TIME_UNKNOWN)
    well.add(record.GAP, outage_s=None, from_utc_s=None, volume_before_l=None, volume_l=None)
    well.stop(volume_l=None, cause=99, time_state=record.TIME_UNKNOWN)
    well.checkpoint()
    well.add(record.LOSS, 0, first_seq=None, last_seq=None, first_volume_l=None, last_volume_l=None)
    well.start(utc_s=None, ceiling_l=500)
    for language in ("en", "zh"):
        text = "\n".join(Page(check(well.bundle()), language).lines())
        assert {"en": "clock not trusted", "zh": "时钟不可信"}[language] in text
        assert {"en": "unknown", "zh": "未知"}[language] in text
        assert {"en": "cause 99", "zh": "cause 99"}[language] in text


def test_a_year_of_the_same_flag_is_cut_short():
    well = Well()
    for boot in range(12):
        well.boot_count = boot * 2 + 1
        well.interval()
    well.checkpoint()
    text = "\n".join(Page(check(well.bundle()), "en").lines())
    assert "… and 6 more of this sort [boot_counter]" in text


def test_files_that_are_too_large_are_not_read(tmp_path):
    path = tmp_path / "large.kzb"
    with path.open("wb") as file:
        file.truncate(bundle.SIZE_MAX + 1)
    assert CliRunner().invoke(app, [str(path)]).exit_code == 2
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    with pytest.raises(TrustError, match="larger"):
        load(path)


def test_strays_where_a_record_is_missing_or_damaged_are_named():
    well = season()
    foreign = Well("other").interval()  # number 1 of another chain
    for fifth in ([foreign], [broken(well.slots[4])]):
        report = check(well.bundle(slots=[*well.slots[:4], foreign, *fifth, *well.slots[5:]]))
        assert ("record_conflict", 1) in [(one.code, one.seq) for one in report.rejections]


def test_a_signature_of_a_statement_before_the_bundle_is_noted():
    well = season()
    report = check(well.bundle(first=8))
    assert report.is_proved and [one.code for one in report.notes] == ["signature_of_earlier", "log_absent"]


def test_a_note_that_is_none_is_refused():
    well = season()
    report = check(well.bundle(note=b"no checkpoint", proofs=()))
    assert codes(report) == ["note_malformed"]


def test_logged_records_outside_the_bundle_say_nothing():
    well = season()
    entries = [well.record_entry(2), well.record_entry(well.seq)]
    assert check(well.bundle(first=9, entries=entries)).is_proved


def test_more_signatures_than_a_statement_needs_are_not_all_tried():
    well = season()
    again = record.decode(well.slots[-1])["signature"]
    for _ in range(6):
        well.add(record.SIGNATURE, 0, statement_seq=18, signature=again)
    assert codes(check(well.bundle())) == ["signature_wrong"] * 3


def test_an_older_head_stated_again_does_not_shorten_the_reach():
    well = season()
    well.checkpoint(covered=5)
    assert check(well.bundle()).signed_to == 18


def test_an_open_irrigation_and_a_bare_finding_go_into_json():
    well = Well()
    well.checkpoint()
    well.start()
    shown = check(well.bundle()).as_json()
    assert shown["irrigations"][0]["start_cause_name"] == "button"
    assert "stop_cause_name" not in shown["irrigations"][0]
    assert {"code": "log_absent", "weight": "note"} in shown["findings"]


def test_two_losses_that_touch_explain_one_gap_and_others_none():
    well = season()
    for low, high in ((2, 3), (4, 6), (8, 9)):
        well.add(record.LOSS, 0, first_seq=low, last_seq=high, first_volume_l=None, last_volume_l=None)
    well.checkpoint()
    assert check(well.bundle(slots=well.slots[:1] + well.slots[6:])).is_proved
    assert "records_missing" in codes(check(well.bundle(slots=well.slots[:1] + well.slots[7:])))
