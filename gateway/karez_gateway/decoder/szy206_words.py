"""What `karez decode szy206` calls functions, types, fields and units: data, and how a value is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import szy206_quality as quality

if TYPE_CHECKING:
    from karez_protocols.szy206_dialect import Dialect

FUNCTIONS = {
    0x02: "link test",
    0x10: "set address",
    0x11: "set clock",
    0x12: "set work mode",
    0x15: "top up",
    0x16: "set remaining water alarm",
    0x17: "set level base and limits",
    0x18: "set pressure limits",
    0x19: "set water quality upper limits",
    0x1A: "set water quality lower limits",
    0x1B: "set meter start reading",
    0x1C: "set relay preamble",
    0x1D: "set relay addresses",
    0x1E: "set relay switching",
    0x1F: "set flow limits",
    0x20: "set report threshold",
    0x30: "card function on",
    0x31: "card function off",
    0x32: "quota control on",
    0x33: "quota control off",
    0x34: "set quota",
    0x50: "query address",
    0x51: "query clock",
    0x52: "query work mode",
    0x53: "query report kinds",
    0x54: "query realtime kinds",
    0x55: "query top up and remaining water",
    0x56: "query remaining water and alarm value",
    0x57: "query level base and limits",
    0x58: "query pressure limits",
    0x59: "query water quality upper limits",
    0x5A: "query water quality lower limits",
    0x5C: "query daily history",
    0x5D: "query event counters",
    0x5E: "query alarm and state",
    0x5F: "query pump motor",
    0x60: "query relay preamble",
    0x61: "query picture",
    0x62: "query relay addresses",
    0x63: "query relay state",
    0x64: "query flow limits",
    0x65: "query channels",
    0x81: "alarm report",
    0x82: "manual entry report",
    0x83: "picture report",
    0x84: "voltage report",
    0x90: "reset",
    0x91: "clear history",
    0x92: "start pump or valve",
    0x93: "stop pump or valve",
    0x94: "switch radio unit",
    0x95: "switch relay unit",
    0x96: "change password",
    0x97: "set valve link",
    0x98: "query valve link",
    0xA0: "set realtime kinds",
    0xA1: "set report kinds and intervals",
    0xA2: "set channels",
    0xB0: "query realtime values",
    0xB1: "query stored values",
    0xB2: "query unsent reports",
    0xB3: "query pump runs",
    0xC0: "realtime report",
}
TYPES_206 = (
    "command",
    "rain",
    "level",
    "flow and volume",
    "velocity",
    "gate",
    "power",
    "air pressure",
    "wind",
    "water temperature",
    "water quality",
    "soil moisture",
    "evaporation",
    "alarm and state",
    "composite",
    "water pressure",
)
TYPES_427 = {7: "meteorology", 8: "electric energy"}
LINKS = {0xF0: "login", 0xF1: "logout", 0xF2: "keep alive"}
MODES = ("compatible", "self report", "query", "maintenance")
STATE_MODES = ("self report and query", "confirmed self report", "query only", "under maintenance")
DEVICES = {0: "pump", 15: "valve or gate"}
SCOPES = {1: "restart", 2: "factory settings"}
UNITS_AB = {9: "unit A", 6: "unit B"}
# Ending of a codec's name: (ending shown, unit shown, digits behind the point).
_SHOWN = {
    "_l": ("_m3", "m³", 3),
    "_dmm": ("_mm", "mm", 1),
    "_mmps": ("_m_s", "m/s", 3),
    "_mm": ("_m", "m", 3),
    "_w": ("_kw", "kW", 3),
    "_wh": ("_kwh", "kWh", 3),
    "_pa": ("_kpa", "kPa", 3),
    "_ddegc": ("_c", "°C", 1),
    "_permille": ("_percent", "%", 1),
    "_cm": ("_cm", "cm", 0),
    "_cv": ("_v", "V", 2),
    "_v": ("_v", "V", 0),
    "_a": ("_a", "A", 0),
    "_fen": ("_yuan", "yuan", 2),
    "_min": ("_min", "min", 0),
}


def function_name(afn: int) -> str:
    """Return the name of a function."""
    if afn > 0xFF:
        return "user function"
    return FUNCTIONS.get(afn, "not in the sources")


def type_name(code: int, types: str) -> str:
    """Return the name of a type code in "206" or "427"."""
    return TYPES_427.get(code, TYPES_206[code]) if types == "427" else TYPES_206[code]


def ending(name: str) -> str:
    """Return the ending of a codec's name that says its unit, "" for none."""
    return max((one for one in _SHOWN if name.endswith(one)), key=len, default="")


def shown(name: str, value: Any, dialect: Dialect | None = None) -> tuple[str, Any, str]:
    """Return (name, value, unit) as they are shown: m³ for litres, kWh for Wh; None stays None."""
    if dialect is not None and name in quality.parameters(dialect):
        decimals, unit = quality.decimals_of(name, dialect)
        return name, _over(value, decimals or 0), unit.replace("degC", "°C").replace("uS", "µS")
    found = ending(name)
    if not found:
        return name, value, ""
    suffix, unit, digits = _SHOWN[found]
    return name[: -len(found)] + suffix, _over(value, digits), unit


def _over(value: Any, digits: int) -> Any:
    """Return a value divided by 10^digits: an integer where nothing is lost."""
    if value is None or not digits:
        return value
    whole, rest = divmod(value, 10**digits)
    return value / 10**digits if rest else whole
