"""The fields of one of our layouts (karez_protocols.fields) as rows for a person."""

import functools
from collections.abc import Iterator

from karez_protocols import fields
from karez_protocols.errors import Malformed

from . import own_words
from .finding import Field


def rows(layout: str, data: bytes, at: int, base: int) -> Iterator[Field]:
    """Each field of `layout` that begins at `at` in `data`; `base`: where data begins in the input.

    Raises nothing: a field that cannot be read says why, and what is cut off is left out.
    """
    for name, kind, offset, size in _parsed(layout):
        raw = data[at + offset : at + offset + size]
        if len(raw) < size:
            return
        meaning, unit = _say(name, kind, raw)
        yield Field(base + at + offset, raw, name, meaning, unit)


@functools.cache
def _parsed(layout: str) -> tuple[tuple[str, str, int, int], ...]:
    return tuple(fields.each(layout))


def _say(name: str, kind: str, raw: bytes) -> tuple[str, str]:
    if kind == "x":
        return "not zero" if any(raw) else "zeros", ""
    if kind == "b":
        return own_words.say(name, raw)
    try:
        return own_words.say(name, fields.unpack(f"{name} {kind}{len(raw)}", raw)[name])
    except Malformed as error:
        return str(error), ""


def plain(values: dict[str, object]) -> dict[str, object]:
    """Values as JSON holds them: bytes in hex, None for what is not known."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
