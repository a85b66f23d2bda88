"""What an SZY 206 / SL/T 427 platform asks and commands, by name."""

from collections.abc import Callable
from typing import Any

from karez_protocols import szy206_functions as functions
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206 import FCB_FIRST, Dialect, Frame, decode
from karez_protocols.szy206_commands import Command
from karez_protocols.szy206_readings import TYPE_FLOW
from karez_protocols.szy206_time import clock_at, tag_at
from karez_simulators.platform_asks import Ask, BadAsk, Question, find, hours, litres, number

STORED_FLOW = 2  # parameter nibble of B1H: flow and volume
PUMPS_MAX = 15  # a nibble
DELAY_MIN = 0  # Tp + 0: the station checks no age, for the age of a question is not what is tried here

Build = Callable[[Ask, int, Dialect], tuple[int, dict[str, Any], int]]


def _plain(afn: int) -> Build:
    return lambda _ask, _now_s, _dialect: (afn, {}, 0)


def _litres(afn: int, name: str) -> Build:
    return lambda ask, _now_s, _dialect: (afn, {name: litres(ask)}, 0)


def _pump(afn: int) -> Build:
    return lambda ask, _now_s, _dialect: (
        afn,
        {"device": functions.DEVICE_PUMP, "number": number(ask, 1, PUMPS_MAX)},
        0,
    )


def _set_clock(_ask: Ask, now_s: int, dialect: Dialect) -> tuple[int, dict[str, Any], int]:
    return functions.SET_CLOCK, {"clock": clock_at(now_s, dialect.utc_offset_s)}, 0


def _now(_ask: Ask, _now_s: int, _dialect: Dialect) -> tuple[int, dict[str, Any], int]:
    return functions.QUERY_REALTIME, {}, TYPE_FLOW


def _stored(ask: Ask, _now_s: int, _dialect: Dialect) -> tuple[int, dict[str, Any], int]:
    start, end = [(one.year, one.month, one.day, one.hour) for one in hours(ask)]
    return functions.QUERY_STORED, {"kind": STORED_FLOW, "index": 0, "start": start, "end": end}, 0


# Name -> (what follows it, what it is on the wire). Volumes in whole cubic metres, as on the wire.
KNOWN: dict[str, tuple[str, Build]] = {
    "clock": ("", _plain(functions.QUERY_CLOCK)),
    "set-clock": ("", _set_clock),
    "address": ("", _plain(functions.QUERY_ADDRESS)),
    "mode": ("", _plain(functions.QUERY_MODE)),
    "now": ("", _now),
    "stored": ("=FROM..TO", _stored),
    "status": ("", _plain(functions.QUERY_STATUS)),
    "events": ("", _plain(functions.QUERY_EVENTS)),
    "motor": ("", _plain(functions.QUERY_MOTOR)),
    "quota": ("", _plain(functions.QUERY_TOP_UP)),
    "top-up": ("=M3", _litres(functions.TOP_UP, "added_l")),
    "set-quota": ("=M3", _litres(functions.SET_QUOTA, "quota_l")),
    "quota-on": ("", _plain(functions.QUOTA_ON)),
    "quota-off": ("", _plain(functions.QUOTA_OFF)),
    "stop": ("[=PUMP]", _pump(functions.STOP_DEVICE)),
    "start": ("[=PUMP]", _pump(functions.START_DEVICE)),
}


def attempts_of(ask: Ask, station: bytes, password: bytes, now_s: int, dialect: Dialect) -> list[bytes]:
    """The bytes of a question's three attempts, FCB 3 to 1. Raises BadAsk."""
    afn, values, type_code = find(ask, KNOWN, "szy206")(ask, now_s, dialect)
    tag = tag_at(now_s, dialect.utc_offset_s, DELAY_MIN)
    try:
        return [
            Command(station, afn, values, password, tag, type_code, fcb).encode(dialect)
            for fcb in range(FCB_FIRST, 0, -1)
        ]
    except ProtocolError as error:
        raise BadAsk(f"{str(ask)!r}: {error}") from None


def question(ask: Ask, station: bytes, password: bytes, now_s: int, dialect: Dialect) -> Question:
    """A question as it is sent and answered. Raises BadAsk."""
    attempts = attempts_of(ask, station, password, now_s, dialect)
    afn = decode(attempts[0]).afn

    def is_answer(frame: Frame) -> bool:
        return frame.address == station and frame.afn == afn

    return Question(attempts, is_answer)
