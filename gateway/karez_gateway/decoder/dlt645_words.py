"""How `karez decode dlt645` shows values: names, units, decimals; and commands it does not take apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from karez_protocols.dlt645_data import Value

# Integer unit of the codec: (suffix and unit shown, digits behind the point).
_SHOWN = {
    "wh": ("kwh", 3),
    "dv": ("v", 1),
    "ma": ("a", 3),
    "dw": ("kw", 4),
    "dvar": ("kvar", 4),
    "dva": ("kva", 4),
    "permille": ("", 3),
    "chz": ("hz", 2),
    "ddegc": ("c", 1),
    "fen": ("yuan", 2),
    "imp": ("per_kwh", 0),
    "count": ("", 0),
}
_UNITS = {
    "kwh": "kWh",
    "v": "V",
    "a": "A",
    "kw": "kW",
    "kvar": "kvar",
    "kva": "kVA",
    "hz": "Hz",
    "c": "°C",
    "yuan": "yuan",
    "per_kwh": "impulses/kWh",
}
# Commands of DL/T 645-1997, which shares the frame; of these only the read is taken apart.
FUNCTIONS_1997 = {
    0x02: "reads more",
    0x03: "reads again",
    0x04: "writes",
    0x0A: "writes the address",
    0x0C: "changes the rate",
    0x0F: "changes the password",
    0x10: "clears the demand",
}


def shown_name(value: Value) -> str:
    """Return the key of a value in `values`: its name and the unit shown."""
    suffix = _SHOWN.get(value.unit, ("", 0))[0]
    return f"{value.name}_{suffix}" if suffix else str(value.name)


def shown_value(value: Value) -> Any:
    """Return a value in the unit shown; None if the meter has none."""
    digits = _SHOWN.get(value.unit, ("", 0))[1]
    if not digits or value.value is None:
        return value.value
    return value.value / 10**digits


def unit_of(value: Value) -> str:
    """Return the unit shown, "" for none."""
    return _UNITS.get(_SHOWN.get(value.unit, ("", 0))[0], "")
