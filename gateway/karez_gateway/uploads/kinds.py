"""The kinds of platforms by name, and what gateway.toml may say of each. Every command imports it."""

from dataclasses import dataclass

from karez_protocols import record


@dataclass(frozen=True, slots=True)
class Kind:
    """`records`: what it can report; `dialects`: the first is the default, none: it has no dialects.

    `has_addresses`: a station has an address of 10 hexadecimal digits; otherwise a short text of the
    platform's, and a well without one goes by the name of its site. `unit_l`: whole units of this are
    reported; what is left over is in the next report's register.
    """

    records: tuple[int, ...]
    dialects: tuple[str, ...] = ()
    has_addresses: bool = True
    unit_l: int = 1


MEASURING = (record.INTERVAL, record.START, record.STOP, record.EVENT, record.BOOT, record.GAP)

KINDS: dict[str, Kind] = {
    "szy206": Kind((record.INTERVAL, record.STOP), ("206", "427"), unit_l=1000),
    "sl651": Kind((record.INTERVAL, record.STOP), ("651", "651-ascii", "651-76", "651-plain")),
    "mqtt-json": Kind(MEASURING, has_addresses=False),
}

# Settings that have a meaning for some kinds only.
_STATIONS = ("szy206", "sl651")
_MQTT = ("mqtt-json",)
ONLY: dict[str, tuple[str, ...]] = {
    "switches": _STATIONS,
    "password": _STATIONS,
    "remote_stop": _STATIONS,
    "remote_start": _STATIONS,
    "centre": ("sl651",),
    "topic": _MQTT,
    "confirm": _MQTT,
    "client_id": _MQTT,
    "user": _MQTT,
    "password_file": _MQTT,
    "ca": _MQTT,
    "certificate": _MQTT,
    "key": _MQTT,
    "tls_name": _MQTT,
}
