"""How `karez decode sl651` names what is measured and set, and in which unit it shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_protocols.sl651_elements import Meaning

# Ending of our field: unit the standard counts in, which is the unit of the digits on the wire.
_UNITS = {
    "_lph": "m³/s",
    "_l": "m³",
    "_wh": "kWh",
    "_mm": "m",
    "_um": "mm",
    "_pa": "kPa",
    "_mv": "V",
    "_uv": "mV",
    "_ma": "A",
    "_mdegc": "°C",
    "_mm_s": "m/s",
    "_ug_l": "mg/L",
    "_ng_l": "mg/L",
    "_mg_l": "kg/m³",
    "_us_cm": "µS/cm",
    "_ntu": "NTU",
    "_milliph": "",
    "_permille": "%",
    "_cm2": "m²",
    "_kg": "10⁴ t",
    "_w": "kW",
    "_min": "min",
    "_h": "h",
    "_s": "s",
}
_OTHER_UNITS = {"air_pressure_pa": "hPa", "air_pressure_threshold_pa": "hPa", "level_resolution_um": "cm"}
_ENDINGS = sorted(_UNITS, key=len, reverse=True)

WORK_MODES = {
    1: "self report",
    2: "self report with confirm",
    3: "query and answer",
    4: "test or maintenance",
}
STATUS_WORDS = {
    "is_door_open": ("door closed", "door open"),
    "is_card_on": ("card off", "card on"),
    "is_pump_running": ("pump stopped", "pump running"),
}


def label(what: Meaning) -> str:
    """Return what a field is called for people: "flow 1", "battery"."""
    if what.kind == "S":
        return "status and alarms"
    ending = _ending(what)
    return str(what.field[: len(what.field) - len(ending)].replace("_", " "))


def unit_of(what: Meaning) -> str:
    """Return the unit of the digits on the wire, "" for none."""
    return _OTHER_UNITS.get(what.field) or _UNITS.get(_ending(what), "")


def _ending(what: Meaning) -> str:
    if what.kind not in ("N", "D", "R", "L"):
        return ""
    return next((ending for ending in _ENDINGS if what.field.endswith(ending)), "")
