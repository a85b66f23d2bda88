"""karez decode of orders and key lists: good, bad, cut and hostile ones, in English and Chinese."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.decoder import chinese, keys, order
from karez_gateway.decoder.finding import Options
from karez_protocols import key_list
from karez_protocols import order as orders

from .bundles import REGULATOR, T0, key, public, signed_object

ORDER = {
    "kind": orders.HOURS, "scope": orders.AREA, "basis": orders.AREA_LEVEL, "office": 3, "from_min": 390,
    "to_min": 1080, "lift_office": None, "lift_seq": None, "seq": 9, "target": "area-7",
    "issued_utc_s": T0, "until_utc_s": T0 + 86_400, "document": "2026-99",
}  # fmt: skip
NO_HOURS = {"from_min": None, "to_min": None}
SEAL = {"kind": orders.SEAL, "scope": orders.SITE, "basis": orders.PLAIN, "until_utc_s": None, **NO_HOURS}
LIFT = SEAL | {"kind": orders.LIFT, "lift_office": 3, "lift_seq": 8}
ROOT = ("key", public(REGULATOR).hex())
OTHER = ("key", public(key("other")).hex())


def an_order(**changed):
    return signed_object(REGULATOR, orders.LABEL, orders.encode(ORDER | changed))


def a_list(*offices):
    rows = [{"office": number, "may": may, "key": public(key(f"office {number}"))} for number, may in offices]
    return signed_object(REGULATOR, key_list.LABEL, key_list.encode({"seq": 2, "issued_utc_s": T0}, rows))


KEYS = a_list((1, key_list.GRANTS), (4, key_list.ORDERS), (9, key_list.GRANTS | key_list.ORDERS))


def decoded(decoder, data, *settings):
    found = decoder.decode(data, Options(settings=settings))
    at = 0
    for one in found:  # every byte belongs to one finding, and every field shows the bytes it names
        assert one.offset == at and one.length > 0 and json.dumps(one.facts)
        at += one.length
        for shown in one.fields:
            assert data[shown.offset : shown.offset + len(shown.raw)] == shown.raw
    assert at == len(data)
    return found


def said(finding):
    return {one.name: one.meaning for one in finding.fields}


def is_chinese(finding):
    """Everything but what an officer wrote is Chinese."""
    for one in chinese.fields(finding.fields):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.name), one.name
        text = one.meaning.removeprefix("Ed25519").replace("UTF-8", "")
        is_word = any(letter.isascii() and letter.islower() for letter in text)
        is_hex = text.split()[-1:] and all(letter in "0123456789abcdef" for letter in text.split()[-1])
        assert not is_word or is_hex or one.name in ("对象", "文号"), one
    if not finding.is_good:
        detail = chinese.sentence(finding.facts["detail"])
        assert any("\u4e00" <= letter <= "\u9fff" for letter in detail), finding.facts


def test_an_order_says_what_it_says_in_words():
    finding = decoded(order, an_order())[0]
    assert finding.is_good and finding.title == "order 9 of office 3 for area-7"
    assert finding.facts["order_name"] == "limit hours" and finding.facts["signature"] == "not checked"
    assert (finding.facts["from_time"], finding.facts["to_time"]) == ("06:30", "18:00")
    shown = said(finding)
    assert (shown["order kind"], shown["order scope"]) == ("2 limit hours", "1 an area")
    assert (shown["order basis"], shown["from_min"], shown["lift_seq"]) == ("1 water level", "06:30", "none")
    assert chinese.sentence(finding.title) == "第 9 号指令，发令机关 3，对象 area-7"


@pytest.mark.parametrize("changed", [{}, SEAL, LIFT, {"until_utc_s": None}])
def test_every_sort_of_order_is_chinese_to_the_last_word(changed):
    finding = decoded(order, an_order(**changed))[0]
    assert finding.is_good and finding.facts["order"] == (ORDER | changed)["kind"]
    is_chinese(finding)


def test_a_key_list_shows_office_right_and_key_id():
    finding = decoded(keys, KEYS)[0]
    assert finding.is_good and finding.title == "key list 2"
    assert [(one["office"], one["may_name"]) for one in finding.facts["rows"]] == [
        (1, "grants"),
        (4, "orders"),
        (9, "grants and orders"),
    ]
    shown = said(finding)
    assert shown["row 2 may"] == "2 orders"
    assert shown["row 1 key"] == f"key id {finding.facts['rows'][0]['key_id']}"
    is_chinese(finding)
    assert decoded(keys, a_list())[0].facts["rows"] == []


@pytest.mark.parametrize(("decoder", "data"), [(order, an_order()), (keys, KEYS)])
def test_a_signature_is_checked_with_a_key(decoder, data):
    assert decoded(decoder, data, ROOT)[0].facts["signature"] == "good"
    wrong = decoded(decoder, data, OTHER)[0]
    assert wrong.facts["reason"] == "signature" and said(wrong)["signature"] == "Ed25519, does not hold"
    is_chinese(wrong)


@pytest.mark.parametrize(("decoder", "data"), [(order, an_order()), (keys, KEYS)])
def test_every_cut_and_every_changed_byte_is_met_and_the_next_object_found(decoder, data):
    for end in range(1, len(data)):
        found = decoded(decoder, data[:end] + data)
        # Nothing but the signature tells a few bytes before an object from its beginning.
        assert end < 8 or (found[-1].is_good and not found[0].is_good and len(found) == 2), end
        is_chinese(decoded(decoder, data[:end])[0])
    for at in range(len(data)):
        for new in (0, 7, 0xFF):
            changed = data[:at] + bytes([new]) + data[at + 1 :]
            for one in decoded(decoder, changed, ROOT):
                is_chinese(one)
                assert one.is_good == (changed == data), at


@pytest.mark.parametrize(
    ("decoder", "data", "why"),
    [
        (order, b"\x02" + an_order()[1:], "header"),
        (order, an_order()[:-1], "length"),
        (order, an_order()[:12] + bytes(4) + an_order()[16:], "value"),
        (order, an_order()[:20] + b"\xff" + an_order()[21:], "malformed"),
        (keys, KEYS[:-1], "length"),
        (keys, KEYS[:4] + bytes(4) + KEYS[8:], "value"),
        (keys, b"\x01\x09" + KEYS[2:], "header"),
        (keys, b"\x01", "header"),
    ],
)
def test_a_bad_object_says_why(decoder, data, why):
    found = decoded(decoder, data)
    assert found[0].facts["reason"] == why and len(found) == 1
    is_chinese(found[0])


def test_codes_of_a_later_version_are_said_as_numbers():
    data = bytearray(an_order())
    data[3] = 2
    assert said(decoded(order, bytes(data))[0])["order basis"] == "2 volume"
    listed = bytearray(KEYS)
    listed[14] = 8
    assert said(decoded(keys, bytes(listed))[0])["row 1 may"] == "8 (not known to this version)"


@pytest.mark.parametrize("decoder", [order, keys])
@given(data=st.binary(max_size=400))
def test_no_bytes_make_a_decoder_raise_or_lose_a_byte(decoder, data):
    decoded(decoder, data)
    decoded(decoder, data + an_order() + data, OTHER)
