"""Receipts of all three kinds in a bundle: what the verifier believes of them, and what it does not."""

import hashlib
import json

import pytest

from karez_gateway.proofs import evidence
from karez_gateway.uploads.mqtt_json import document
from karez_gateway.uploads.subject import Subject
from karez_gateway.verifier import bundle_check, uploads_check
from karez_protocols import entry, record
from karez_simulators.platform_broker import OpenBroker
from karez_simulators.platform_json import PlatformJson
from karez_simulators.platform_sl651 import PlatformSl651

from .bundles import season_with_log
from .county import create, opened
from .synthetic import SyntheticController
from .test_uploads_mqtt_json import subject_of
from .test_verifier_second import agree
from .uploading import counts, destination, fed, sending, until


def judged(box, request, confirm, seq=None):
    """(upload, codes) of one entry about the box's newest record."""
    seq = box.seq if seq is None else seq
    body = entry.encode_upload("city", box.name, box.chain, seq, 9, request, confirm)
    upload, findings = uploads_check.check(entry.decode(body), 3, (0, 1), record.decode(box.slots[box.seq]))
    return upload, [one.code for one in findings]


def answer(request, **other):
    return json.dumps({"sha256": hashlib.sha256(request).hexdigest(), "accepted": True} | other).encode()


@pytest.fixture
def box():
    found = SyntheticController("a", "well-1")
    found.interval(4321)
    return found


def test_a_document_is_held_against_its_record_to_the_litre(box):
    good = document(subject_of(box.slots[1], box))
    upload, codes = judged(box, good, answer(good))
    assert codes == [] and (upload.volume_m3, upload.remainder_l) == ("1004.321", 0)
    less = good.replace(b'"volume_l":1004321', b'"volume_l":1004320')
    assert judged(box, less, answer(less))[1] == ["upload_volume"]
    none = good.replace(b'"volume_l":1004321', b'"volume_l":null')
    assert judged(box, none, answer(none))[1] == ["upload_volume"]


def test_an_answer_must_quote_the_document_and_take_it(box):
    good = document(subject_of(box.slots[1], box))
    assert judged(box, good, answer(good + b" "))[1] == ["upload_confirm"]
    assert judged(box, good, answer(good, accepted=False))[1] == ["upload_confirm"]
    assert judged(box, good, answer(good, accepted=1))[1] == ["upload_confirm"]
    assert judged(box, good, b"\x40\x02\x00\x07")[1] == ["upload_broker_only"]
    for wrong in (b"", b"\x40\x02\x00", b"[]", b"\xff"):
        assert judged(box, good, wrong)[1] == ["upload_malformed"]


def test_a_document_about_another_record_proves_nothing(box):
    good = document(subject_of(box.slots[1], box))
    for old, new in [(b'"chain":1', b'"chain":2'), (b'"seq":1', b'"seq":2'), (box.name.encode(), b"0" * 16)]:
        other = good.replace(old, new, 1)
        assert other != good
        assert judged(box, other, answer(other)) == (None, judged(box, other, answer(other))[1])
        assert judged(box, other, answer(other))[1] == ["upload_malformed"]
    for wrong in (
        b"{",
        b'{"evidence":1}',
        b'{"evidence":{},"volume_l":1.5}',
        b'{"evidence":{},"volume_l":true}',
    ):
        assert judged(box, wrong, answer(wrong))[1] == ["upload_malformed"]


def test_both_verifiers_say_the_same_of_documents_and_their_answers():
    well, entries = season_with_log()
    seq = next(at + 1 for at, slot in enumerate(well.slots) if slot[1] == record.INTERVAL)
    slot = well.slots[seq - 1]
    subject = Subject("station", well.controller, "site", 1, seq, 9, b"entry", slot, "log", 3)
    good = document(subject)
    volume = b'"volume_l":%d' % record.decode(slot)["volume_l"]
    other = good.replace(volume, b'"volume_l":7')
    elsewhere = good.replace(b'"seq":%d' % seq, b'"seq":%d' % (seq + 1), 1)
    assert len({good, other, elsewhere}) == 3
    for request, confirm, is_good in [
        (good, answer(good), True),
        (good, b"\x40\x02\x00\x07", True),
        (good, answer(other), False),
        (good, answer(good, accepted=False), False),
        (other, answer(other), False),
        (elsewhere, answer(elsewhere), False),
        (b"{}", answer(b"{}"), False),
    ]:
        upload = entry.encode_upload("province", well.controller, 1, seq, 9, request, confirm)
        assert agree(well.bundle(entries=[*entries, upload])) is is_good, (request, confirm)


async def test_receipts_of_json_and_sl651_stand_in_the_bundle_and_every_flip_is_noticed(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(2, litres=4321)
    async with PlatformSl651() as city, PlatformJson(broker=OpenBroker()) as province:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            to = (
                destination(city, "city", kind="sl651"),
                destination(city, "plain", kind="sl651", dialect="651-plain", centre=2),
                destination(province, "province", kind="mqtt-json"),
            )
            async with sending(county, *to):
                await until(lambda: counts(county, "city") == counts(county, "plain") == {"confirmed": 3})
                await until(lambda: counts(county, "province") == {"confirmed": 4})
            found = evidence.export(county.store, county.config, site="well-1")
            bodies = [county.sequencer.log.entry(at) for at in range(county.sequencer.log.size)]
    report = bundle_check.check(found.data)
    assert report.is_proved and found.receipts == 3 + 3 + 4
    sent = {}
    for one in report.uploads:
        sent.setdefault(one.destination, []).append((one.seq, one.volume_m3, one.remainder_l))
    assert sent["city"] == [(2, "1004.321", 0), (3, "1008.642", 0), (4, "1012.963", 0)]
    assert [volume for _, volume, _ in sent["plain"]] == [None] * 3
    assert [volume for _, volume, _ in sent["province"]] == ["1000.000", "1004.321", "1008.642", "1012.963"]
    assert len(province.reports) == 4 and province.reports[1].document["evidence"]["seq"] == 2

    uploads = [one for one in map(entry.decode, bodies) if one["entry"] == entry.UPLOAD]
    for one in uploads:
        if one["destination"] != "city":
            continue
        request, named = one["request"], record.decode(box.slots[one["seq"]])
        for at in range(len(request)):
            flipped = request[:at] + bytes([request[at] ^ 1]) + request[at + 1 :]
            _, findings = uploads_check.check(one | {"request": flipped}, 3, (0, 1), named)
            assert findings, f"byte {at} of an SL 651 report"
        other = next(each for each in uploads if each["destination"] == "city" and each["seq"] != one["seq"])
        _, findings = uploads_check.check(one | {"confirm": other["confirm"]}, 3, (0, 1), named)
        assert [each.code for each in findings] == ["upload_confirm"]
