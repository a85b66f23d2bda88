"""What an SL 651 report measured, by station and time of observation, in our integer units."""

from collections.abc import Iterator
from typing import Any

from karez_protocols import sl651_messages as messages
from karez_protocols.errors import Malformed
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import quantity
from karez_protocols.sl651_times import time_at, utc_of

Observed = tuple[bytes, Any, tuple[Any, ...]]  # station, time, elements


def observed_in(message: Any, station: bytes, dialect: Dialect) -> list[Observed]:
    """(station, time, elements) of a report, each station and time once; its send time if it has none."""
    found: dict[tuple[bytes, Any], tuple[Any, ...]] = {}
    if isinstance(message, messages.Report):
        for group in message.groups:
            if group.observed is None and not group.elements:
                continue
            key = (group.station or station, group.observed or message.sent)
            found[key] = found.get(key, ()) + group.elements
    elif isinstance(message, messages.Series):
        for moment, elements in _rows(message, dialect):
            found[message.station or station, moment] = elements
    if not found:
        found[station, message.sent] = ()
    return [(*key, elements) for key, elements in found.items()]


def _rows(message: Any, dialect: Dialect) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    step = message.step
    step_s = ((step.days * 24 + step.hours) * 60 + step.minutes) * 60
    first_s = utc_of(message.observed, dialect.utc_offset_s)
    for at, row in enumerate(message.rows):
        elements = [
            Element(word.ident, word.size, word.decimals, value)
            for word, value in zip(message.words, row, strict=True)
        ]
        yield time_at(first_s + at * step_s, dialect.utc_offset_s), tuple(elements)


def quantities_of(elements: tuple[Any, ...], dialect: Dialect, *, settings: bool = False) -> dict[str, Any]:
    """{field: integer}; of an identifier nobody knows the digits without their point, under its number."""
    found: dict[str, Any] = {}
    for element in elements:
        try:
            pair = quantity(element, settings, dialect)
        except Malformed:
            pair = None
        if pair is None:
            ident = element.ident if isinstance(element.ident, str) else f"{element.ident:02X}"
            pair = f"element_{ident}_digits", element.value
        name, value = pair
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            value = list(value)
        if value is None or isinstance(value, int | list):
            found[name] = value
    return found
