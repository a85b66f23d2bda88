"""A platform's dialect: a standard's by name, and the switches that gateway.toml sets beside it.

Only those that leave the volume of a report where every verifier of receipts looks for it: `channel_order`,
`lone_field` and `composite_order` of SZY 206 and further elements of SL 651 are not settable. What the others
mean: karez_protocols.szy206_dialect, karez_protocols.sl651_dialect.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from karez_protocols import sl651_dialect, szy206_dialect
from karez_protocols.errors import NotAllowed

from .sl651 import DIALECTS as SL651
from .sl651_events import Form
from .szy206 import DIALECTS as SZY206

Switches = Mapping[str, str | int | bool]

SZY206_SWITCHES: dict[str, type] = {
    "types": str,
    "confirm_with_tp": bool,
    "addr_order": str,
    "pw_order": str,
    "tag_order": str,
    "tag_seconds": str,
    "flow_unit": int,
    "device_order": str,
    "confirm_type": str,
    "answer_aux": bool,
    "limits_tail": str,
    "motor_bytes": int,
    "stored_field": str,
    "utc_offset_s": int,
}
SL651_SWITCHES: dict[str, type] = {
    "filler": int,
    "wide_packets": bool,
    "series_words": int,
    "ascii_space": bool,
    "utc_offset_s": int,
}


def szy206(name: str, switches: Switches) -> szy206_dialect.Dialect:
    """The dialect of an SZY 206 or SL/T 427 platform. Raises NotAllowed."""
    base = SZY206[name]
    _check(switches, SZY206_SWITCHES)
    if not switches:
        return base
    chosen: dict[str, Any] = {"confirm_with_tp": base.confirm_with_tp} | dict(switches)
    return szy206_dialect.Dialect(base.tp_len, **chosen)


def sl651(name: str, switches: Switches) -> Form:
    """The form of an SL 651 platform. Raises NotAllowed."""
    base = SL651[name]
    _check(switches, SL651_SWITCHES)
    if not switches:
        return base
    chosen: dict[str, Any] = {"elements": base.dialect.elements} | dict(switches)
    return replace(base, dialect=sl651_dialect.Dialect(**chosen))


def _check(switches: Switches, known: Mapping[str, type]) -> None:
    for name, value in switches.items():
        if name not in known:
            raise NotAllowed(f"no switch {name}: there are {', '.join(known)}")
        if type(value) is not known[name]:  # True is a number to Python, and none here
            raise NotAllowed(f"switch {name} = {value!r} is no {_KINDS[known[name]]}")


_KINDS = {str: "text", int: "whole number", bool: "true or false"}
