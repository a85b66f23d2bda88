"""What a platform kept, added up and held against what a gateway says: every way in which they can differ."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_protocols import binding, bundle, entry, fields, record, signed
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
    assert found == {
        "receipts": 2,
        "lost_here": [],
        "without_receipt": [],
        "records_told": 0,
        "other_record": [],
    }


def test_a_receipt_for_what_the_platform_lost_and_a_report_without_a_receipt_are_named():
    entries = [report(raw="01"), report(T0 + 300, raw="03"), report(station="other", raw="09")]
    found = comparing.against_receipts(entries, bundle_of(b"\x01", b"\x07"))
    assert found["lost_here"] == [["county", 2, "07"]]
    assert found["without_receipt"] == [["4101050100", "C0/3", T0 + 300]]


# -- JSON documents against the records they name ------------------------------------------------------


@pytest.fixture
def told():
    """A well's bundle without receipts, and a kept document of every interval in it."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    name = hashlib.sha256(b"KZ controller 1\n" + key.public_key().public_bytes_raw()).digest()[:8].hex()
    bound = binding_of(key, name)
    slots = [slot_of(seq, 1000 * seq) for seq in range(1, 5)]
    data = bundle.encode(bound, [], 7, bytes(32), slots, b"note", [])
    return data, [document(name, seq, 1000 * seq, slots[seq - 1]) for seq in range(1, 5)]


def binding_of(key, name):
    public = key.public_key().public_bytes_raw()
    text = {"controller": name, "site": "W-1", "gateway": "g"}
    values = filled(binding.HEADER) | text | {
        "class": 1, "fail": 0, "seq": 1, "controller_key": public, "regulator_key": public, "issued_utc_s": 1,
    }  # fmt: skip
    segment = filled(binding.SEGMENT) | {"method": 1, "profile": "p", "serial": "s", "multiplier_ppm": 1}
    body = binding.encode(values, [segment])
    return body + key.sign(signed.message(binding.LABEL, body))


def filled(layout):
    return {
        name: bytes(size) if kind == "b" else "" if kind == "t" else 0
        for name, kind, _, size in fields.each(layout)
        if kind != "x"
    }


def slot_of(seq, volume_l):
    values = {}
    for layout in record.layouts(record.INTERVAL):
        values |= filled(layout)
    values |= {"kind": record.INTERVAL, "seq": seq, "utc_s": T0, "volume_l": volume_l, "energy_wh": None}
    return record.encode(values) + bytes(16)


def document(name, seq, volume_l, slot, **evidence):
    about = {"chain": 7, "seq": seq, "slot_sha256": hashlib.sha256(slot).hexdigest()} | evidence
    made = {"station": "w", "controller": name, "volume_l": volume_l, "energy_wh": None, "evidence": about}
    return kept_document(made)


def kept_document(made):
    about = made["evidence"]
    raw = json.dumps(made).encode().hex()
    return report(station="w", id=f"{made['controller']}.{about['chain']}.{about['seq']}", raw=raw)


def other_of(entries, data):
    found = comparing.against_receipts(entries, data)
    return found["records_told"], found["other_record"]


def changed(entry_of, **values):
    made = json.loads(bytes.fromhex(entry_of["raw"]))
    made["evidence"] |= values.pop("evidence", {})
    return kept_document(made | values)


def test_documents_that_say_what_their_records_say_are_counted_and_nothing_is_amiss(told):
    data, documents = told
    assert other_of(documents, data) == (4, [])
    louder = json.loads(bytes.fromhex(documents[0]["raw"]))["evidence"]["slot_sha256"].upper()
    assert other_of([changed(documents[0], evidence={"slot_sha256": louder})], data) == (1, [])


@pytest.mark.parametrize("wrong", ["00" * 32, "", None, 5, ["a"]])
def test_a_digest_of_another_record_is_named(told, wrong):
    data, documents = told
    documents[2] = changed(documents[2], evidence={"slot_sha256": wrong})
    count, other = other_of(documents, data)
    assert count == 4 and [one[2:4] for one in other] == [["slot_sha256", wrong]]


def test_a_right_digest_beside_a_wrong_register_is_named(told):
    data, documents = told
    documents[1] = changed(documents[1], volume_l=1999)
    _, ((station, name, what, said, proved),) = other_of(documents, data)
    assert (station, what, said, proved) == ("w", "volume_l", 1999, 2000) and name.endswith(".7.2")
    assert "other_record" in comparing.DIFFERENCES


def test_a_second_document_about_the_same_record_is_looked_at_too(told):
    data, documents = told
    lying = changed(documents[0], evidence={"slot_sha256": "11" * 32})
    assert [one[2] for one in other_of([documents[0], lying], data)[1]] == ["slot_sha256"]


def test_documents_of_other_wells_chains_and_records_say_nothing_about_this_bundle(told):
    data, documents = told
    foreign = [
        changed(documents[0], controller="ff" * 8),
        changed(documents[0], evidence={"chain": 8}),
        changed(documents[0], evidence={"seq": 99}),
        changed(documents[0], evidence={"seq": [1]}),
        changed(documents[0], evidence={"seq": "1"}),
        report(id="x", raw="5b5d"),
        report(id="x", raw="zz"),
    ]
    assert other_of(foreign, data) == (0, [])


def test_a_bundle_without_a_readable_binding_is_refused_where_documents_are_held_against_it(told):
    _, documents = told
    with pytest.raises(BadFile, match="bundle"):
        comparing.against_receipts(documents, bundle_of(b"\x01"))


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
