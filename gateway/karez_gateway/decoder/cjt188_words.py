"""What `karez decode cjt188` calls meter types and units."""

METER_TYPES = {
    0x10: "cold water",
    0x11: "hot water",
    0x12: "drinking water",
    0x13: "reclaimed water",
    0x20: "heat",
    0x21: "cooling",
    0x30: "gas",
    0x40: "electricity",
    0xAA: "any type",
}
# The tens of the type name the group; heat meters of two makers send 25.
_GROUPS = {1: "water", 2: "heat", 3: "gas", 4: "electricity"}

UNIT_TEXTS = {
    "j": "J",
    "kj": "kJ",
    "mj": "MJ",
    "gj": "GJ",
    "wh": "Wh",
    "kwh": "kWh",
    "mwh": "MWh",
    "w": "W",
    "kw": "kW",
    "mw": "MW",
    "l": "L",
    "m3": "m³",
    "lph": "L/h",
    "m3h": "m³/h",
    "": "",
}
HUNDREDFOLD = {0x0A, 0x13}  # these count in hundreds of their unit


def meter_type(code: int) -> str:
    """Return the name of a meter type."""
    known = METER_TYPES.get(code)
    if known:
        return known
    group = _GROUPS.get(code >> 4)
    return f"{group}, a type of the maker's" if group else "not in the standard's list"
