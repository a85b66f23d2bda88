"""Profiles against arithmetic that is exact by construction, and the planner against trying everything."""

import json
import struct
from fractions import Fraction
from math import isfinite
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

import karez_protocols
from karez_protocols import read_plan, registers
from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

PROFILES = Path(karez_protocols.__file__).parent / "profiles"
DOCUMENTS = {path.stem: path.read_text() for path in PROFILES.glob("*.json") if "schema" not in path.name}
FORMS = ("u", "s", "f", "m", "bcd", "sbcd")
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")


def document(name):
    return json.loads(DOCUMENTS[name])


def exactly(value, scale=0):
    """`value` (a Fraction) x 10^scale, rounded half away from zero; None beyond 63 bits."""
    scaled = value * Fraction(10) ** scale
    rounded = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    if rounded > registers.VALUE_MAX:
        return None
    return -rounded if scaled < 0 else rounded


def real(bits):
    """The number a binary32 stands for, None if it is none."""
    (number,) = struct.unpack(">f", struct.pack(">I", bits))
    return Fraction(number) if isfinite(number) else None


def ordered(data, order):
    """Bytes with the most significant first, written the plain way."""
    pairs = [data[at : at + 2] for at in range(0, len(data), 2)]
    if order == "DCBA":
        return data[::-1]
    if order == "CDAB":
        return b"".join(reversed(pairs))
    return b"".join(pair[::-1] for pair in pairs) if order == "BADC" else data


# -- values ------------------------------------------------------------------------------


@given(st.integers(0, 0xFFFFFFFF), st.integers(-18, 18))
def test_floats_are_scaled_exactly(bits, scale):
    parts = registers.f32_parts(bits)
    assert (parts is None) == (real(bits) is None)
    if parts:
        assert registers.scaled(parts[0], scale, parts[1]) == exactly(real(bits), scale)


@given(
    st.sampled_from(FORMS), st.integers(1, 8), st.sampled_from(("ABCD", "CDAB", "BADC", "DCBA")), st.data()
)
def test_integers_of_every_form_size_and_order(form, size, order, data):
    if size % 2 and order in ("CDAB", "BADC"):
        order = "DCBA"
    if form == "f":
        size = 4
    raw = data.draw(st.binary(min_size=size, max_size=size))
    code = FORMS.index(form) | (size - 1) << 3 | ORDERS.index(order) << 6
    found = registers.number(code, raw)
    bits = int.from_bytes(ordered(raw, order), "big")
    top = 1 << (8 * size - 1)
    is_negative = form in ("m", "sbcd") and bits & top
    expected = {"u": bits, "s": bits - 2 * top if bits & top else bits, "m": bits & ~top}.get(form)
    if "bcd" in form:
        digits = f"{bits & ~top if is_negative else bits:x}"
        expected = int(digits) if digits.isdigit() else None
    if form == "f":
        parts = real(bits)
        assert (found is None) == (parts is None)
        assert parts is None or found[0] * Fraction(2) ** found[1] == parts
    elif expected is None:
        assert found is None
    else:
        assert found == (-expected if is_negative else expected, 0)


@given(st.integers(-(1 << 63), 1 << 63), st.integers(-18, 18), st.integers(-149, 104))
def test_scaling_is_exact_and_bounded(value, scale, power):
    assert registers.scaled(value, scale, power) == exactly(value * Fraction(2) ** power, scale)


@given(st.integers(-(1 << 31), (1 << 32) - 1), st.integers(0, 0xFFFFFFFF), st.integers(-9, 9))
def test_split_totals_are_added_exactly(whole, bits, scale):
    found = registers.joined(whole, registers.f32_parts(bits), 0)
    part = real(bits)
    if part is None or abs(part) > 1:
        assert found is None
    else:
        assert registers.scaled(found[0], scale, found[1]) == exactly(whole + part, scale)


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1), st.integers(1, 9), st.integers(-9, 9))
def test_split_totals_of_integers_are_added_exactly(whole, part, digits, scale):
    found = registers.joined(whole, (part, 0), digits)
    if part > 10**digits:
        assert found is None
    else:
        assert registers.scaled(found[0], scale - digits) == exactly(
            whole + Fraction(part, 10**digits), scale
        )


@example(0x80000001, 1, 1)
@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_ratios_and_floats_are_multiplied_before_the_one_rounding(bits, ct, pt):
    # DTSU666: float x CT x PT / 10, kilowatt-hours to watt-hours.
    profile = Profile(document("dtsu666"))
    replies = [bytearray(2 * count) for _, count in profile.requests]
    replies[0][:4] = struct.pack(">HH", ct, pt)
    replies[1][:4] = struct.pack(">I", bits)
    expected = None
    if real(bits) is not None and ct and pt:
        rounded = exactly(real(bits) * ct * pt, 2)
        # What rounds to zero is zero, also from below; what is too large is unknown.
        expected = None if rounded is None or rounded < 0 else rounded
    assert profile.decode([bytes(reply) for reply in replies])["energy_wh"] == expected


@given(st.integers(0, 8), st.data())
def test_totals_rise_with_the_meter(n, data):
    total = Profile(document("tuf2000m"))

    def volume(whole, fraction):
        bits = struct.unpack(">I", struct.pack(">f", fraction))[0]
        block = bytearray(32)
        block[16:24] = struct.pack(">HHHH", whole & 0xFFFF, whole >> 16, bits & 0xFFFF, bits >> 16)
        return total.decode([bytes(block), bytes(42), struct.pack(">HH", 0, n)])["volume_l"]

    parts = st.tuples(st.integers(0, (1 << 31) - 1), st.floats(0, 1, width=32, exclude_max=True))
    lower, higher = sorted((data.draw(parts), data.draw(parts)))
    if n > 7:
        assert volume(*lower) is None
    else:
        assert volume(*lower) <= volume(*higher)


# -- the planner -------------------------------------------------------------------------


def partitions(items):
    """All ways to give items to requests: set partitions, not only runs of neighbours."""
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        yield [[items[0]], *rest]
        for at, group in enumerate(rest):
            yield [*rest[:at], [items[0], *group], *rest[at + 1 :]]


def cheapest(items, allowed, block_max, request_cost, register_cost):
    """The least cost by trying everything; None if nothing is allowed."""
    best = None
    for groups in partitions(items):
        spans = [(min(start for start, _ in group), max(end for _, end in group)) for group in groups]
        for start, end in spans:
            if end - start > block_max:
                break
            if allowed is not None and not all(
                any(a <= at < b for a, b in allowed) for at in range(start, end)
            ):
                break
        else:
            cost = sum(request_cost + (end - start) * register_cost for start, end in spans)
            best = cost if best is None else min(best, cost)
    return best


ranges = st.tuples(st.integers(0, 40), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(ranges, min_size=1, max_size=6),
    st.none() | st.lists(ranges, max_size=6),
    st.integers(1, 30),
    st.integers(1, 20),
    st.integers(1, 2),
)
def test_no_set_of_requests_is_cheaper_than_the_plan(wanted, holes, block_max, request_cost, align):
    items = read_plan.aligned(wanted, align)
    allowed = None if holes is None else items + holes
    expected = cheapest(items, allowed, block_max, request_cost, 1)
    try:
        plan = read_plan.requests(items, allowed, block_max, request_cost, 1)
    except ProtocolError:
        assert expected is None
        return
    assert sum(request_cost + count for _, count in plan) == expected
    for start, end in items:
        assert any(first <= start and end <= first + count for first, count in plan)
    for first, count in plan:
        assert count <= block_max and first % align == 0 and count % align == 0
        assert allowed is None or read_plan.is_covered(first, first + count, read_plan.merged(allowed))


@settings(max_examples=100)
@given(st.data())
def test_fields_of_one_moment_come_in_one_request(data):
    changed = document("em1010")
    names = [field["name"] for field in changed["fields"]]
    group = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
    groups = data.draw(st.lists(group, max_size=3))
    changed["atomic"] += groups
    changed["holes"] = data.draw(st.booleans())
    changed["block_registers_max"] = data.draw(st.integers(4, 24))
    changed["latency_ms"] = data.draw(st.integers(0, 200))
    try:
        profile = Profile(changed)
    except ProtocolError:
        return
    for group in changed["atomic"]:
        places = [names.index(name) * struct.calcsize(registers.ROW) for name in group]
        rows = [struct.unpack_from(registers.ROW, profile.rows, place) for place in places]
        assert len({row[0] for row in rows}) == 1, group


# -- broken documents, any answers --------------------------------------------------------

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.integers(-1, 3), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2)
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
def test_a_broken_profile_raises_only_declared_errors(name, data):
    changed = place = document(name)
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(leaves)
            break
        place = inner
    try:
        profile = Profile(changed)
    except ProtocolError:
        return
    size = 2 if profile.protocol == "modbus" else 1
    replies = [
        data.draw(st.none() | st.binary(min_size=size * count, max_size=size * count))
        for _, count in profile.requests
    ]
    values = profile.decode(replies)
    assert sorted(values) == sorted(profile.unknown())
    assert all(value is None or abs(value) <= registers.VALUE_MAX for value in values.values())
    assert len(profile.total_raw(replies)) <= 8
    profile.is_measuring(values)
    profile.meanings(values)
    profile.total_modulus(replies)
    profile.scale_key(replies)
