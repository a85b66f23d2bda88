"""Two verifiers, written apart, must say the same of honest wells, dishonest ones and changed files."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.verifier import bundle_check
from karez_gateway.verifier.metering import METHODS
from karez_protocols import causes, entry, event_details, fields, order, record, signed

from . import bundles, second_verifier
from .bundles import TRUST, Well, grant_object, season, season_with_log, without_digest

LOGS = [str(key) for key in TRUST.logs]


def agree(data):
    """Both verdicts are equal, and so is what was proved; return it."""
    report = bundle_check.check(data, TRUST)
    why, signed, irrigations, litres = second_verifier.verify(data, TRUST.provisioner, TRUST.regulators, LOGS)
    assert report.is_proved == (why is None), (why, report.rejections)
    if why is None:
        assert {seq for low, high in report.proved for seq in range(low, high + 1)} == signed
        pairs = [(one.start_seq, one.stop_seq, one.litres) for one in report.irrigations]
        assert [one for one in pairs if one[1] is not None] == irrigations
        assert report.litres == {METHODS[method]: counted for method, counted in litres.items()}
    return report.is_proved


def test_both_prove_an_honest_season_and_each_part_of_it():
    well, entries = season_with_log(between=1)
    assert agree(well.bundle(entries=entries))
    for first in range(1, well.seq + 1):
        for last in range(first, well.seq + 1):
            agree(well.bundle(first=first, last=last))


def test_both_refuse_records_dropped_repeated_or_exchanged():
    well = season()
    slots = well.slots
    for index in range(well.seq - 1):
        assert not agree(well.bundle(slots=slots[:index] + slots[index + 1 :]))
        assert not agree(well.bundle(slots=slots[: index + 1] + slots[index:]))
        exchanged = [*slots[:index], slots[index + 1], slots[index], *slots[index + 2 :]]
        assert not agree(well.bundle(slots=exchanged))
    for first in range(well.seq):
        for last in range(first + 1, well.seq):
            agree(well.bundle(slots=slots[:first] + slots[last:]))


def test_both_agree_on_declared_losses():
    for low in range(1, 12):
        for high in range(low, 14):
            well = season()
            well.add(record.LOSS, 0, first_seq=low, last_seq=high, first_volume_l=None, last_volume_l=None)
            well.checkpoint()
            agree(well.bundle(slots=well.slots[: low - 1] + well.slots[high:]))
            agree(well.bundle(slots=well.slots[:low] + well.slots[high:]))
            assert not agree(well.bundle(slots=well.slots[:low] + well.slots[high + 1 :]))


def test_both_agree_on_random_bytes_with_a_digest_made_again():
    well, entries = season_with_log()
    data = well.bundle(entries=entries)
    rng = random.Random(23)
    for _ in range(400):
        at = rng.randrange(4, len(data) - 32)
        changed = data[:at] + rng.randbytes(1) + data[at + 1 :]
        assert agree(without_digest(changed)) == (changed == data)


STEPS = st.sampled_from(
    [
        "interval",
        "start",
        "stop",
        "boot",
        "gap",
        "grant",
        "checkpoint",
        "fall",
        "unknown",
        "high",
        "old",
        "bad",
        "open",
        "confirm",
        "number",
        "held",
        "converted",
    ]
)


def step(well, name, amount):
    """One thing an honest or a dishonest controller does."""
    if name == "grant":
        well.take_grant(grant_object(well.grant_seq + 1, ceiling=amount * 100))
    elif name == "checkpoint":
        well.checkpoint(between=amount % 3)
    elif name == "start":
        well.start(ceiling_l=None)
    elif name == "stop":
        well.stop(amount, causes.CARD)
    elif name == "boot":
        well.boot_count += 1
        well.boot()
    elif name == "gap":
        well.add(record.GAP, volume_before_l=well.volume_l)
    elif name == "fall":
        well.volume_l = max(0, well.volume_l - amount)
    elif name == "unknown":
        well.interval(volume_l=None)
    elif name == "high":
        well.start(ceiling_l=5000)
    elif name == "old":
        well.grant_seq = max(0, well.grant_seq - 1)
    elif name in ("open", "confirm"):
        segment_event(well, name, amount)
    elif name == "number":
        well.segment = max(0, well.segment + amount % 4 - 1)
    elif name == "held":
        well.interval(held_l=amount, energy_wh=None if amount % 2 else 1000)
    elif name == "converted":
        well.interval(amount, method=amount % 7)
    elif name == "bad":
        well.checkpoint(covered=max(0, well.seq - amount % 4), h=bytes(32) if amount % 2 else None)
    else:
        well.interval(amount)


def segment_event(well, name, amount):
    """A segment begins, or is confirmed, as it should or nearly so."""
    number = well.segment + (amount % 5 != 0) + (amount % 17 == 0)
    quantity = int(amount % 7 == 0)
    base = 1000 - (amount % 2) if quantity else well.volume_l + amount // 2
    well.volume_l += amount if amount % 11 else amount // 3
    detail = {
        "quantity": quantity, "method": 1, "reason": amount % 6, "number": number, "closing": 1,
        "register_base": 2, "base": base, "is_confirmed": amount % 2,
    }  # fmt: skip
    if not quantity and amount % 13:
        well.segment = number
    cause = causes.SEGMENT_OPENED if name == "open" else causes.SEGMENT_CONFIRMED
    well.add(
        record.EVENT, cause=cause, energy_wh=None if amount % 10 == 3 else 1000,
        detail=fields.pack(event_details.SEGMENT, detail),
    )  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(0, 99)), min_size=1, max_size=14), st.data())
def test_both_agree_on_any_story(steps, data):
    well = Well()
    for name, amount in steps:
        step(well, name, amount)
    well.checkpoint()
    first = data.draw(st.integers(1, well.seq))
    last = data.draw(st.integers(first, well.seq))
    agree(well.bundle())
    agree(well.bundle(first=first, last=last))


def test_both_refuse_wrong_uploads_and_other_logs():
    well = season()
    closing = well.record_entry(well.seq)
    assert agree(well.bundle(entries=[closing, well.upload_entry(6)]))
    assert not agree(well.bundle(entries=[closing, well.upload_entry(6, volume_m3=14)]))
    assert not agree(well.bundle(entries=[closing, well.upload_entry(6, fcb=2)]))
    note, proofs = bundles.log_of([closing])
    assert not agree(well.bundle(note=note.replace(b"\n13", b"\n14"), proofs=[(4, *proofs[0][1:])]))
    assert not agree(well.bundle(note=note, proofs=[*proofs, *proofs]))


def test_both_agree_on_orders_in_the_log():
    body = {
        "kind": order.STOP, "scope": order.SITE, "basis": order.PLAIN, "office": 3, "from_min": None,
        "to_min": None, "lift_office": None, "lift_seq": None, "seq": 4, "target": "W-0001",
        "issued_utc_s": 5, "until_utc_s": None, "document": "2026-99",
    }  # fmt: skip
    data = bundles.signed_object(bundles.REGULATOR, order.LABEL, order.encode(body))
    for number, length, expected in ((4, len(data), True), (5, len(data), False), (4, 9, False)):
        well = season()
        well.add(record.ORDER, object_seq=number, digest=signed.digest(data), length=length)
        well.checkpoint()
        entries = [well.record_entry(well.seq), entry.encode_object(record.ORDER, 1, data)]
        assert agree(well.bundle(entries=entries)) == expected
        assert agree(well.bundle())


def test_both_agree_on_every_way_a_segment_may_begin():
    outcomes = set()
    for name in ("open", "confirm"):
        for amount in range(100):
            well = Well()
            well.interval()
            segment_event(well, name, amount)
            well.interval(10)
            segment_event(well, "confirm", amount // 2)
            well.checkpoint()
            outcomes.add(agree(well.bundle()))
    assert outcomes == {True, False}
