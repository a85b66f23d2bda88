"""What SZY 206 / SL/T 427 stations measure: the elements of C0H, 81H, 82H and B0H by type code.

A reading is a dict with a unit in every name: {"level_mm": 3210}, {"flow_lph": 50400, "flow_unit": 0,
"volume_l": 12345000}. None = the bytes are AA: not measured. In type 3 a name that is missing is a field
that is not on the wire: some 2012 devices send flow only, or volume only.
"""

from . import szy206_quality as quality
from .errors import Malformed, NotAllowed
from .szy206_dialect import Dialect
from .szy206_layout import WrongSize, parsed, size_of

TYPE_COMMAND = 0
TYPE_RAIN = 1
TYPE_LEVEL = 2
TYPE_FLOW = 3
TYPE_VELOCITY = 4
TYPE_GATE = 5
TYPE_POWER = 6
TYPE_AIR = 7  # air pressure (206), meteorology (427)
TYPE_WIND = 8  # in 206
TYPE_ENERGY = 8  # in 427
TYPE_WATER_TEMPERATURE = 9
TYPE_QUALITY = 10
TYPE_SOIL = 11
TYPE_EVAPORATION = 12
TYPE_STATUS = 13
TYPE_RAIN_STATISTICS = 14  # in reports
TYPE_COMPOSITE = 14  # in queries and their answers
TYPE_PRESSURE = 15

FLOW = "flow_lph f5"
VOLUME = "volume_l n5 1000"  # whole m3; the litres left over stay with their owner

_ROWS = {
    TYPE_RAIN: "rain_dmm n3",  # 0.1 mm
    TYPE_LEVEL: "level_mm s4",
    TYPE_VELOCITY: "velocity_mmps s3",
    TYPE_GATE: "gate_mm n3 10 99999",
    TYPE_POWER: "power_w n3 1000",
    TYPE_WATER_TEMPERATURE: "temperature_ddegc n2 1 999",
    TYPE_EVAPORATION: "evaporation_dmm n3 1 99999",
    TYPE_STATUS: "voltage_cv n2",  # 427, B0H: the station's supply; a report has no element
    TYPE_PRESSURE: "pressure_pa n4 10",
}
_ROWS_206 = {
    TYPE_AIR: "air_pressure_pa n3 100 99999",
    TYPE_WIND: "wind_mmps w3 10 99999",
    TYPE_SOIL: "moisture_permille n2 1 999",
}
_ROWS_427 = {
    TYPE_AIR: "air_pressure_pa n3 100 99999\nwind_mmps w3 10 99999\nair_temperature_ddegc s2",
    TYPE_ENERGY: "energy_wh n4 10",
    TYPE_SOIL: "moisture_permille n2 1 999\ndepth_cm n2 1 999",
}
_RAIN_STATISTICS = "period u1\nrain_dmm n3"

# Composite: the element of each bit, from D0.
_COMPOSITE_206 = (TYPE_QUALITY, TYPE_SOIL, TYPE_POWER, TYPE_WIND, TYPE_GATE, TYPE_FLOW, TYPE_LEVEL, TYPE_RAIN)
_COMPOSITE_427 = (TYPE_PRESSURE, TYPE_SOIL, TYPE_POWER, TYPE_AIR, TYPE_GATE, TYPE_FLOW, TYPE_LEVEL, TYPE_RAIN)


def element(type_code: int, dialect: Dialect) -> str:
    """Layout of one element of a type of fixed size; "" for a type without one."""
    own = _ROWS_427 if dialect.types == "427" else _ROWS_206
    return own.get(type_code) or _ROWS.get(type_code, "")


def flow_row(has_flow: bool, has_volume: bool, dialect: Dialect) -> str:
    """Layout of a channel: flow and volume in the dialect's order, or one of them."""
    fields = [FLOW] if has_flow else []
    if has_volume:
        fields.insert(0 if dialect.channel_order == "volume_first" else len(fields), VOLUME)
    return "\n".join(fields)


def _lone(dialect):
    return flow_row(dialect.lone_field == "flow", dialect.lone_field == "volume", dialect)


def rain_period(period: int) -> "tuple[int | None, int]":
    """(length in seconds, or None for test data; count) of the period byte of statistical rain."""
    count = period & 0x3F
    unit_s = (300, 3600, 86400, None)[period >> 6 & 3]
    return (None if unit_s is None else unit_s * count), count


# -- composite ----------------------------------------------------------------------------


def _in_order(bitmap, dialect):
    """Types that a composite's bitmap announces, in wire order."""
    bits = _COMPOSITE_427 if dialect.types == "427" else _COMPOSITE_206
    found = [one for bit, one in enumerate(bits) if bitmap >> bit & 1]
    if dialect.composite_order == "high_first":
        found.reverse()
    return found


def _composite(types, bitmap, flow, dialect):
    """Layout of a composite; `bitmap` is that of its water quality, `flow` the layout of its channel."""
    lines = ["kinds u1"]
    for one in types:
        if one == TYPE_QUALITY:
            lines.append(quality.layout_of(bitmap, dialect))
        else:
            lines.append(flow if one == TYPE_FLOW else element(one, dialect))
    return "\n".join(lines)


def _composite_of_data(data, dialect):
    types = _in_order(data[0], dialect)
    flow = flow_row(True, True, dialect)
    bitmap = 0
    if TYPE_QUALITY in types:
        before = types[: types.index(TYPE_QUALITY)]
        bitmap = quality.peek(data[size_of(parsed(_composite(before, 0, flow, dialect))[0]) :])
    layout = _composite(types, bitmap, flow, dialect)
    if TYPE_FLOW in types and size_of(parsed(layout)[0]) == len(data) + 5:
        return _composite(types, bitmap, _lone(dialect), dialect)  # a 2012 device: one field of the pair
    return layout


def _names(layout):
    return [field.name for field in parsed(layout)[0]]


def composite_kinds(reading: dict, dialect: Dialect) -> int:
    """Bitmap of a composite that announces what is in a reading."""
    bits = _COMPOSITE_427 if dialect.types == "427" else _COMPOSITE_206
    kinds = 0
    for bit, one in enumerate(bits):
        if one == TYPE_QUALITY:
            is_there = quality.bitmap_of(list(reading), dialect) > 0
        elif one == TYPE_FLOW:
            is_there = "flow_lph" in reading or "volume_l" in reading
        else:
            is_there = _names(element(one, dialect))[0] in reading
        kinds |= is_there << bit
    return kinds


# -- layouts --------------------------------------------------------------------------------


def layout_of_data(type_code: int, data: bytes, dialect: Dialect, is_answer: bool = False) -> str:
    """Layout of the elements in `data`, as the group `readings`. Raises Malformed.

    `is_answer`: the elements are those of B0H, where type E is a composite.
    """
    if not data:
        return ""
    if type_code == TYPE_FLOW:
        return _group(_lone(dialect) if len(data) == 5 else flow_row(True, True, dialect))
    if type_code in (TYPE_QUALITY, TYPE_COMPOSITE):
        return _group(_single(type_code, data, dialect, is_answer))
    row = element(type_code, dialect)
    if not row:
        raise Malformed("type %d has no elements, here are %d bytes" % (type_code, len(data)))
    return _group(row)


def _single(type_code, data, dialect, is_answer):
    """Layout of a reading that stands alone and says itself how long it is. Raises Malformed."""
    if type_code == TYPE_QUALITY:
        row = quality.layout_of(quality.peek(data), dialect)
    else:
        row = _composite_of_data(data, dialect) if is_answer else _RAIN_STATISTICS
    size = size_of(parsed(row)[0])
    if size != len(data):
        raise WrongSize("%d bytes of elements, announced are %d" % (len(data), size))
    return row


def layout_of_rows(type_code: int, rows: list, dialect: Dialect, is_answer: bool = False) -> str:
    """Layout that carries some readings, by their names. Raises NotAllowed."""
    if not rows:
        return ""
    for row in rows:
        if not isinstance(row, dict):
            raise NotAllowed("a reading is a dict of named values")
    first = rows[0]
    if type_code in (TYPE_QUALITY, TYPE_COMPOSITE) and len(rows) > 1:
        raise NotAllowed("type %d carries one reading, not %d" % (type_code, len(rows)))
    if type_code == TYPE_FLOW:
        row = flow_row("flow_lph" in first, "volume_l" in first, dialect)
        if len(rows) > 1 and len(parsed(row)[0]) < 2:
            raise NotAllowed("a channel beside others has flow and volume")
    elif type_code == TYPE_QUALITY:
        row = quality.layout_of(quality.bitmap_of(list(first), dialect), dialect)
    elif type_code == TYPE_COMPOSITE and is_answer:
        flow = flow_row("flow_lph" in first, "volume_l" in first, dialect)
        types = _in_order(composite_kinds(first, dialect), dialect)
        row = _composite(types, quality.bitmap_of(list(first), dialect), flow, dialect)
    elif type_code == TYPE_COMPOSITE:
        row = _RAIN_STATISTICS
    else:
        row = element(type_code, dialect)
    if not row:
        raise NotAllowed("type %d has no elements" % type_code)
    return _group(row)


def completed(type_code: int, rows: list, dialect: Dialect, is_answer: bool = False) -> list:
    """The rows with the bitmaps that announce what is in them."""
    if type_code not in (TYPE_QUALITY, TYPE_COMPOSITE):
        return rows
    out = []
    for row in rows:
        whole = dict(row)
        whole["parameters"] = quality.bitmap_of(list(row), dialect)
        if is_answer and type_code == TYPE_COMPOSITE:
            whole["kinds"] = composite_kinds(row, dialect)
        out.append(whole)
    return out


def _group(row):
    return "[readings\n%s\n]" % row
