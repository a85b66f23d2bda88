"""What a raw capture splits into: frames, and stretches that are none."""

from collections import namedtuple

# `offset` and `length` in the capture; `frame`: the typed message, or None; `error`: the
# ProtocolError that says why there is none, or None.
Piece = namedtuple("Piece", "offset length frame error")  # noqa: PYI024 - no typing on MicroPython
