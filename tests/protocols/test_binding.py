"""The binding, version 2: what it carries byte by byte, and what no binding may say."""

from karez_protocols import binding, errors, fields, record

HEADER = {
    "class": 0, "fail": 0, "seq": 1, "controller": "0123456789abcdef", "site": "653124-0001",
    "gateway": "county", "controller_key": bytes(32), "regulator_key": bytes(32), "issued_utc_s": 5,
    "rated_flow_lph": 60_000, "rated_power_w": 22_000, "upper_ml_per_wh": 3000,
    "reference_ml_per_wh": 2400, "physical_ml_per_wh": None, "riser_l": 180,
}  # fmt: skip
WATER = {
    "quantity": binding.WATER, "method": record.METERED, "address": 1, "profile_version": 1,
    "coefficient_version": 0, "from_seq": 1, "profile": "tuf2000m", "serial": "TUF-001", "base": 0,
    "register_base": 23_879, "multiplier_ppm": 1_000_000,
}  # fmt: skip


def changed(values, **new):
    values = dict(values)
    values.update(new)
    return values


ENERGY = changed(WATER, quantity=binding.ENERGY, address=2, profile="sdm630", serial="SDM-1")
CONVERTED = changed(
    WATER, method=record.CONVERTED, address=2, profile="sdm630", serial="SDM-1",
    coefficient_version=3, multiplier_ppm=2_400_000,
)  # fmt: skip


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_a_binding_round_trips_with_everything_it_says():
    body = binding.encode(HEADER, [WATER, ENERGY, CONVERTED])
    values, segments = binding.decode(body)
    for name, value in HEADER.items():
        assert values[name] == value, name
    assert values["version"] == 2 and segments == [WATER, ENERGY, CONVERTED]
    assert binding.encode(values, segments) == body


def test_the_new_fields_stand_where_the_page_says():
    body = binding.encode(HEADER, [CONVERTED])
    assert len(body) == fields.size_of(binding.HEADER) + fields.size_of(binding.SEGMENT) == 148 + 58
    assert body[0] == 2
    assert body[132:148] == (
        b"\xb8\x0b\x00\x00"  # upper 3000
        b"\x60\x09\x00\x00"  # reference 2400
        b"\xff\xff\xff\xff"  # physical not known
        b"\xb4\x00\x00\x00"  # riser 180
    )
    assert body[148:154] == b"\x00\x02\x02\x01\x03\x00"  # converted, station 2, profile 1, 3


def test_a_binding_of_version_1_is_refused():
    body = bytearray(binding.encode(HEADER, [WATER]))
    body[0] = 1
    assert refused(errors.Malformed, binding.decode, bytes(body))


def test_a_binding_without_a_required_value_is_refused():
    required = ("class", "fail", "seq", "issued_utc_s", "rated_flow_lph", "upper_ml_per_wh", "riser_l")
    for name in required:
        assert refused(errors.NotAllowed, binding.encode, changed(HEADER, **{name: None}), [WATER]), name
    for name in ("rated_power_w", "reference_ml_per_wh", "physical_ml_per_wh"):
        values, _ = binding.decode(binding.encode(changed(HEADER, **{name: None}), [WATER]))
        assert values[name] is None


def test_classes_and_fail_directions_that_do_not_exist_are_refused():
    for wrong in ({"class": 4}, {"fail": 2}):
        assert refused(errors.NotAllowed, binding.encode, changed(HEADER, **wrong), [WATER]), wrong


def test_methods_are_those_of_a_record():
    for method in (record.METERED, record.CONVERTED, record.CONVERTED_GROUP, record.ESTIMATED):
        _, segments = binding.decode(binding.encode(HEADER, [changed(CONVERTED, method=method)]))
        assert segments[0]["method"] == method
    for method in (0, 5, 254, None):
        assert refused(errors.NotAllowed, binding.encode, HEADER, [changed(WATER, method=method)]), method


def test_a_segment_that_no_books_can_be_kept_by_is_refused():
    for wrong in (
        {"quantity": 2},
        {"quantity": None},
        {"multiplier_ppm": 0},
        {"multiplier_ppm": None},
        {"coefficient_version": None},
        {"quantity": binding.ENERGY, "method": record.CONVERTED},
    ):
        assert refused(errors.NotAllowed, binding.encode, HEADER, [changed(WATER, **wrong)]), wrong


def test_a_binding_has_one_to_eight_segments_and_no_byte_more():
    assert refused(errors.NotAllowed, binding.encode, HEADER, [])
    assert refused(errors.NotAllowed, binding.encode, HEADER, [WATER] * 9)
    body = binding.encode(HEADER, [WATER] * 8)
    assert len(body) + 64 <= 1024  # the object's place on the controller
    assert refused(errors.Malformed, binding.decode, body + b"\0")
    for end in range(len(body)):
        assert refused(errors.ProtocolError, binding.decode, body[:end]), end


def test_every_single_changed_byte_is_refused_or_read_as_another_value():
    body = binding.encode(HEADER, [WATER, CONVERTED])
    whole = binding.decode(body)
    for at in range(len(body)):
        bad = bytearray(body)
        bad[at] ^= 0x11
        try:
            found = binding.decode(bytes(bad))
        except errors.ProtocolError:
            continue
        assert found != whole, at
