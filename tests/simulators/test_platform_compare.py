"""What a platform kept, added up and held against what a gateway says: every way in which they can differ."""

import json

import pytest

from karez_protocols import bundle, entry
from karez_protocols.record import SLOT_SIZE
from karez_simulators import platform_compare as comparing
from karez_simulators.platform_compare import BadFile

T0 = 1720750500


def report(utc_s=T0, volume_l=1000, station="4101050100", content="aa", raw=None, **more):
    return {
        "kind": "report",
        "received_utc_s": utc_s + 2,
        "station": station,
        "function": "C0/3",
        "utc_s": utc_s,
        "id": "",
        "quantities": {"volume_l": volume_l, "flow_lph": 50400, "alarm": 0},
        "copy": 1,
        "contradicts": False,
        "content": content,
        "raw": raw if raw is not None else f"{utc_s:08x}",
        **more,
    }


def every_five_minutes(*volumes):
    return [report(T0 + 300 * at, volume) for at, volume in enumerate(volumes) if volume is not None]


def total_of(entries, interval_s=None):
    (found,) = comparing.summary(entries, interval_s).values()
    return found


def test_a_whole_series_has_nothing_wrong():
    total = total_of(every_five_minutes(1000, 2000, 2000, 5000))
    assert (total["reports"], total["missing"], total["copies"], total["contradictions"]) == (4, 0, 0, 0)
    assert total["registers"] == {"volume_l": {"first": 1000, "last": 5000, "backwards": 0}}
    assert (total["first_utc_s"], total["last_utc_s"], total["interval_s"]) == (T0, T0 + 900, 300)
    assert comparing.faults_of(total) == []


def test_missing_intervals_in_which_water_flowed_are_a_fault():
    total = total_of(every_five_minutes(1000, 2000, 3000, None, None, 9000, 9500))
    assert total["missing"] == 2
    assert total["gaps"] == [
        {"from_utc_s": T0 + 600, "to_utc_s": T0 + 1500, "missing": 2, "moved": {"volume_l": 6000}}
    ]
    assert comparing.faults_of(total) == ["2 intervals missing while a register moved"]


def test_missing_intervals_in_which_nothing_moved_are_told_and_no_fault():
    total = total_of(every_five_minutes(1000, 2000, 3000, None, 3000, 3500))
    assert total["missing"] == 1 and comparing.faults_of(total) == []


def test_reports_between_the_intervals_are_no_gap_and_too_few_say_nothing_about_one():
    stop = report(T0 + 410, 2500, function="81/3")
    assert total_of([*every_five_minutes(1000, 2000, 3000, 4000), stop])["missing"] == 0
    assert total_of(every_five_minutes(1000, None, None, 2000))["interval_s"] is None
    assert total_of(every_five_minutes(1000, None, None, 2000), 300)["missing"] == 2


def test_a_register_that_ran_backwards_is_a_fault():
    total = total_of(every_five_minutes(1000, 3000, 2000, 2500, 100))
    assert total["registers"]["volume_l"]["backwards"] == 2
    assert comparing.faults_of(total) == ["volume_l ran backwards 2 times"]


def test_copies_are_counted_and_contradictions_are_a_fault_whatever_the_platform_said():
    first, *rest = every_five_minutes(1000, 2000, 3000)
    total = total_of([first, first, {**first, "content": "bb"}, *rest])
    assert (total["reports"], total["copies"], total["contradictions"]) == (3, 2, 1)
    assert comparing.faults_of(total) == ["1 contradicted"]


def test_the_same_time_under_another_function_or_id_is_another_report():
    entries = [report(), report(function="81/3"), report(id="1.2"), report(id="1.3"), report(id="1.3")]
    total = total_of(entries)
    assert (total["reports"], total["copies"]) == (4, 1)


def test_stations_and_registers_are_kept_apart():
    one = report(station="a")
    one["quantities"] |= {"energy_wh": 5, "volume_l_2": 7, "volume_lx": 9, "total_l": None}
    found = comparing.summary([one, report(station="b"), {"kind": "link", "station": "c"}])
    assert list(found) == ["a", "b"]
    assert set(found["a"]["registers"]) == {"volume_l", "energy_wh", "volume_l_2"}


# -- files ----------------------------------------------------------------------------------------


def written(path, entries, end="\n"):
    path.write_text("\n".join(json.dumps(one) for one in entries) + end)
    return path


def test_a_kept_file_is_read_and_a_last_line_that_was_cut_off_is_passed_over(tmp_path):
    path = written(tmp_path / "kept", every_five_minutes(1, 2))
    assert len(list(comparing.entries(path))) == 2
    path = written(tmp_path / "kept", every_five_minutes(1, 2), end='\n{"kind": "rep')
    assert len(list(comparing.entries(path))) == 2


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "5", "{}", '{"kind": "report"}', "\x00", json.dumps({**report(), "utc_s": "now"}),
     json.dumps({**report(), "utc_s": 1 << 40}), json.dumps({**report(), "quantities": []}),
     json.dumps({**report(), "station": None})],
)  # fmt: skip
def test_a_line_that_is_none_of_ours_is_named(tmp_path, line):
    path = tmp_path / "kept"
    path.write_text(json.dumps(report()) + "\n" + line + "\n")
    with pytest.raises(BadFile, match="line 2 "):
        list(comparing.entries(path))


# -- held against a list ---------------------------------------------------------------------------


def rows(tmp_path, text):
    path = tmp_path / "sent.csv"
    path.write_text(text)
    return comparing.rows_of(path)


def test_a_list_that_says_the_same_differs_in_nothing(tmp_path):
    found = rows(
        tmp_path, f"station,utc_s,volume_l,note\n4101050100,{T0},1000,x\n4101050100,{T0 + 300},2000,\n"
    )
    assert comparing.against_rows(every_five_minutes(1000, 2000), found) == {
        "rows": 2, "lost_here": [], "unknown_there": [], "different": [],
    }  # fmt: skip


def test_what_one_side_lost_and_what_was_changed_is_named(tmp_path):
    text = f"station,utc_s,volume_l\n4101050100,{T0},1001\n4101050100,{T0 + 600},3000\n9,{T0},1\n"
    found = comparing.against_rows(every_five_minutes(1000, 2000), rows(tmp_path, text))
    assert found["different"] == [["4101050100", T0, "volume_l", 1001, 1000]]
    assert found["lost_here"] == [["4101050100", T0 + 600], ["9", T0]]
    assert found["unknown_there"] == [["4101050100", T0 + 300]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "station,utc_s\na,1\n",
        "station,utc_s,volume_l\na,now,1\n",
        "station,utc_s,volume_l\na\n",
    ],
)
def test_a_list_without_what_is_needed_is_refused(tmp_path, text):
    with pytest.raises(BadFile, match=r"sent\.csv"):
        rows(tmp_path, text)


def test_a_register_that_is_no_number_and_bytes_that_are_no_text_are_refused(tmp_path):
    found = rows(tmp_path, f"station,utc_s,volume_l\n4101050100,{T0},1.5\n")
    with pytest.raises(BadFile, match="no whole number"):
        comparing.against_rows(every_five_minutes(1000), found)
    path = tmp_path / "sent.csv"
    path.write_bytes(b"station,utc_s,volume_l\n\xff,1,1\n")
    with pytest.raises(BadFile):
        comparing.rows_of(path)


# -- held against an evidence bundle ----------------------------------------------------------------


def bundle_of(*requests, destinations=("county",)):
    proofs = [
        (at, entry.encode_upload(name, "0123456789abcdef", 1, at + 1, T0, raw, b"ok"), [])
        for name in destinations
        for at, raw in enumerate(requests)
    ]
    return bundle.encode(b"binding", [], 1, bytes(32), [bytes(SLOT_SIZE)], b"note", proofs)


def test_receipts_are_found_by_their_frames_also_when_the_confirmed_copy_was_a_repeat():
    entries = [report(raw="01"), report(raw="02"), report(T0 + 300, raw="03")]
    found = comparing.against_receipts(entries, bundle_of(b"\x02", b"\x03"))
    assert found == {"receipts": 2, "lost_here": [], "without_receipt": []}


def test_a_receipt_for_what_the_platform_lost_and_a_report_without_a_receipt_are_named():
    entries = [report(raw="01"), report(T0 + 300, raw="03"), report(station="other", raw="09")]
    found = comparing.against_receipts(entries, bundle_of(b"\x01", b"\x07"))
    assert found["lost_here"] == [["county", 2, "07"]]
    assert found["without_receipt"] == [["4101050100", "C0/3", T0 + 300]]


def test_a_bundle_that_was_changed_is_refused():
    data = bytearray(bundle_of(b"\x01"))
    data[-40] ^= 1
    for wrong in (bytes(data), b"KZB1", b""):
        with pytest.raises(BadFile):
            comparing.against_receipts([report()], wrong)


def test_a_bundle_for_several_platforms_needs_to_know_which_this_one_is():
    data = bundle_of(b"\x01", destinations=("county", "river"))
    with pytest.raises(BadFile, match="county, river"):
        comparing.against_receipts([report(raw="01")], data)
    assert comparing.against_receipts([report(raw="01")], data, "river")["receipts"] == 1
