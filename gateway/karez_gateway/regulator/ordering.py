"""An office's order: from what a person says to the body that is signed, and back into words.

Pure. What an order may say is the wire's affair: protocols/karez_protocols/order.py is asked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING, Any

from karez_protocols import key_list, order, signed
from karez_protocols.errors import ProtocolError

from .errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .office import Office
    from .speech import Speech

KINDS = {"stop": order.STOP, "hours": order.HOURS, "seal": order.SEAL, "lift": order.LIFT}
BASES = {"plain": order.PLAIN, "level": order.AREA_LEVEL, "volume": order.AREA_VOLUME}
SITE, AREA = order.SITE, order.AREA
_NAMES = {number: name for name, number in KINDS.items()}
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_LIFT = re.compile(r"(\d{1,5})(?::(\d{1,10}))?")
_UTC_S_MAX = (1 << 32) - 2

Values = dict[str, Any]


def body(values: Values) -> bytes:
    """The bytes of an order. Raises Trouble with the wire's own reason."""
    try:
        return bytes(order.encode(values))
    except ProtocolError as error:
        raise Trouble("order-shape", why=error) from None


def check_office(here: Office, office: int, public: bytes) -> None:
    """The key is the root's, or the list in force lets this office order with it. Raises Trouble."""
    if office == order.ROOT:
        if public not in here.trust().regulators:
            raise Trouble("root-untrusted", key=public.hex())
        return
    rows = key_list.open_signed(bytes.fromhex(here.state.keys))[1] if here.state.keys else ()
    if key_list.key_of(rows, office, key_list.ORDERS) != public:
        raise Trouble("office-untrusted", office=office, key=public.hex())


def digest(values: Values) -> str:
    """Names what is shown: all but the moment of issue."""
    said = sorted((name, value) for name, value in values.items() if name != "issued_utc_s")
    return hashlib.sha256(b"KZ shown order 1\n" + repr(said).encode()).hexdigest()


def moment(text: str, offset_h: int) -> int:
    """UTC seconds of a day (it begins at `offset_h` from UTC) or of a time with its zone. Raises Trouble."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Trouble("order-time", text=text[:40]) from None
    if len(text) == len("2026-12-01"):
        found = found.replace(tzinfo=dt.timezone(dt.timedelta(hours=offset_h)))
    if found.tzinfo is None or not 0 < found.timestamp() < _UTC_S_MAX:
        raise Trouble("order-time", text=text[:40])
    return int(found.timestamp())


def hours(text: str) -> tuple[int, int]:
    """Minutes of the local day of "22:00-06:00". Raises Trouble."""
    found = _HOURS.fullmatch(text)
    if not found:
        raise Trouble("order-hours", text=text[:40])
    first_h, first_min, last_h, last_min = map(int, found.groups())
    return first_h * 60 + first_min, last_h * 60 + last_min


def lifted(text: str) -> tuple[int, int]:
    """Office and number of "2:17", or of "2" every order of that office. Raises Trouble."""
    found = _LIFT.fullmatch(text)
    if not found:
        raise Trouble("order-lift", text=text[:40])
    return int(found[1]), int(found[2] or order.EVERY)


def words(values: Values, speech: Speech) -> Iterator[str]:
    """What the order does, in words."""
    name = "order-" + _NAMES[values["kind"]]
    if values["kind"] == order.LIFT and values["lift_seq"] == order.EVERY:
        name = "order-lift-all"
    clock = {f"{end}_time": _clock(values[f"{end}_min"]) for end in ("from", "to")}
    yield speech.text(name, **values, **clock)
    if values["scope"] == order.AREA and values["basis"] == order.PLAIN:
        yield speech.text("order-area")
    if values["basis"] != order.PLAIN:
        yield speech.text("order-level" if values["basis"] == order.AREA_LEVEL else "order-volume")
    if values["kind"] != order.LIFT:
        until_utc_s = values["until_utc_s"]
        if until_utc_s is None:
            yield speech.text("order-endless", office=values["office"])
        else:
            yield speech.text("order-until", until=stamp(until_utc_s))
    yield speech.text("order-document", document=values["document"])


def _clock(minute: int | None) -> str:
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def stamp(utc_s: int) -> str:
    """A moment for people, in UTC."""
    return dt.datetime.fromtimestamp(utc_s, dt.UTC).strftime("%Y-%m-%d %H:%M")


def message(data: bytes) -> bytes:
    """What is signed."""
    return bytes(signed.message(order.LABEL, data))
