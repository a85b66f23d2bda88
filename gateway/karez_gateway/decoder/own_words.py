"""What the values of our own layouts say to a person: units from names, words for codes.

Tables only; tests/gateway/test_decode_own.py holds them beside docs/wire/record.md and the controller's code.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from karez_protocols import causes, event_details, flag_names, record

TIME_STATES = {0: "unknown", 1: "informative", 2: "synchronised"}
METHODS = {1: "metered", 2: "this well's coefficient", 3: "the group's coefficient", 4: "estimated"}
PUMP_STATES = {
    0: "off",
    1: "committing",
    2: "starting",
    3: "running",
    4: "stopping",
    5: "stuck",
    6: "settling",
    7: "awaiting",
}
TIERS = {1: "A", 2: "B", 3: "C"}
QUANTITIES = {0: "water", 1: "energy"}
SEGMENT_REASONS = {
    event_details.RESET: "register began anew",
    event_details.JUMP: "register goes on from somewhere else",
    event_details.SWAP: "another meter",
    event_details.COEFFICIENT: "new coefficient",
    event_details.TAKEOVER: "second meter takes over",
}
CONFIRMED = {0: "provisional", 1: "confirmed by a person"}
POLICIES = {0: "stop", 1: "finish the irrigation in progress", 2: "warn"}
GRANT_FLAGS = {0: "none", 1: "strict: refused when the chain does not hold the acknowledged head"}
METER_STATES = {
    0: "ok",
    1: "silent",
    2: "crc",
    3: "noise",
    4: "exception",
    5: "invalid",
    128: "none yet",
}
STATUS_BITS = {1 << at: words for at, words in enumerate(flag_names.STATUS_NAMES.split("|"))}
ALARM_BITS = {1 << at: words for at, words in enumerate(flag_names.ALARM_NAMES.split("|"))}
_CODES: Mapping[str, Mapping[int, str]] = {
    "time_state": TIME_STATES,
    "method": METHODS,
    "pump": PUMP_STATES,
    "tier": TIERS,
    "quantity": QUANTITIES,
    "policy": POLICIES,
    "reason": SEGMENT_REASONS,
    "is_confirmed": CONFIRMED,
    "flags": GRANT_FLAGS,
    "cause": dict(causes.every()),
    "kind": {number: name for number, name in enumerate(record.KIND_NAMES) if number},
}
_BITS = {"status": STATUS_BITS, "alarms": ALARM_BITS}
_BYTES = {
    "water_raw": "register as the meter sent it",
    "energy_raw": "register as the meter sent it",
    "credential": "as the reader gave it",
    "detail": "by cause",
    "digest": "SHA-256 of the signed object",
    "covered_h": "chain value after that record",
    "core_digest": "digest of the running core",
    "config_digest": "digest of the configuration",
    "signature": "Ed25519",
    "head_h": "chain value of the acknowledged head",
    "h_before": "chain value before the first record",
}
# End of a name -> (unit, decimals): every integer of ours has its unit in its name.
_UNITS = {
    "_ml_per_wh": ("mL/Wh", 0),
    "_permille": ("‰", 0),
    "_lph": ("L/h", 0),
    "_100l": ("L", -2),
    "_l": ("L", 0),
    "_wh": ("Wh", 0),
    "_w": ("W", 0),
    "_ds": ("s", 1),
    "_s": ("s", 0),
    "seconds": ("s", 0),
    "_dv": ("V", 1),
    "_ca": ("A", 2),
    "_mm": ("mm", 0),
    "_pa": ("Pa", 0),
}


def utc(seconds: int | None) -> str | None:
    """A time as ISO 8601 in UTC, None when it is not known."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def code_name(field: str, value: int | None) -> str | None:
    """The word for a code such as `pump` or `policy`, None when it is not known here."""
    return None if value is None else _CODES[field].get(value)


def bits(field: str, value: int | None) -> list[str] | None:
    """The words for the bits that are set, None when the field is not known."""
    if value is None:
        return None
    table = _BITS[field]
    return [table.get(1 << at, f"bit {at}") for at in range(value.bit_length()) if value >> at & 1]


def meter_states(value: int | None) -> dict[str, str] | None:
    """Last answers of water and energy meter, from both bytes of `meters`."""
    if value is None:
        return None
    halves = {"water": value & 255, "energy": value >> 8}
    return {name: METER_STATES.get(state, f"state {state}") for name, state in halves.items()}


def say(name: str, value: int | str | bytes | None) -> tuple[str, str]:
    """(meaning, unit) of one field of our layouts."""
    if value is None:
        return "unknown", ""
    if isinstance(value, bytes):
        return _BYTES.get(name, ""), ""
    if isinstance(value, str):
        return value, ""
    if name.endswith("utc_s"):
        return str(utc(value)), "UTC"
    if name in _CODES:
        word = code_name(name, value)
        return f"{value} {word}" if word else f"{value} (not known to this version)", ""
    if name in _BITS:
        return ", ".join(bits(name, value) or []) or "none", ""
    if name == "meters":
        states = meter_states(value) or {}
        return ", ".join(f"{meter} {state}" for meter, state in states.items()), ""
    return _quantity(name, value)


def _quantity(name: str, value: int) -> tuple[str, str]:
    if name == "length":
        return str(value), "B"
    for end, (unit, decimals) in _UNITS.items():
        if name.endswith(end):
            return _scaled(value, decimals), unit
    return str(value), ""


def _scaled(value: int, decimals: int) -> str:
    if decimals <= 0:
        return str(value * 10**-decimals)
    whole, part = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}"
