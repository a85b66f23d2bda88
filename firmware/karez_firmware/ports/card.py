"""A card reader with Wiegand wires: 26 or 34 bits, each a pulse of 50 µs on one of two wires.

The first bit makes the parity of the first half even, the last that of the second half odd; between them
stands the card's number. A card is an identity and no purse (design §4), so the number is all.
"""

from karez_protocols.constant import const

_SIZES = (26, 34)
_BITS_MAX = const(40)
_GAP_MS = const(30)  # bits come every 1 to 2 ms; so long a rest ends a frame
_HELD_MS = const(15_000)  # from the card to the button
NOBODY = "0000000000000000"  # the credential of a button without a card


def number_of(bits):
    """Return the card number in a frame (a text of 0 and 1); None for a frame that is none."""
    if len(bits) not in _SIZES:
        return None
    half = len(bits) // 2
    if bits[:half].count("1") % 2 != 0 or bits[half:].count("1") % 2 != 1:
        return None
    return int(bits[1:-1], 2)


class Card:
    """One reader. `now_ms() -> ms`; the board calls `bit(0)` and `bit(1)` from its two wires' interrupts."""

    def __init__(self, now_ms):
        self._now_ms = now_ms
        self._bits = bytearray(_BITS_MAX)  # an interrupt must find its memory there
        self._count = 0
        self._taken = 0  # bits in the frame when somebody looked last, and since when it is so many
        self._still_ms = 0
        self._number = None
        self._read_ms = 0

    def bit(self, value):
        """One bit came. Called from an interrupt: makes nothing on the heap."""
        if self._count < _BITS_MAX:
            self._bits[self._count] = 48 + value
            self._count += 1

    def look(self):
        """Take a frame that has ended; call often."""
        if not self._count:
            return
        now_ms = self._now_ms()
        if self._count != self._taken:
            self._taken, self._still_ms = self._count, now_ms
        elif now_ms - self._still_ms >= _GAP_MS:
            number = number_of(bytes(self._bits[: self._count]).decode())
            self._count = self._taken = 0
            if number is not None:
                self._number, self._read_ms = number, now_ms

    def credential(self):
        """Return the 16 hexadecimal digits of the card shown last; it counts once, and not for long."""
        number, self._number = self._number, None
        if number is None or self._now_ms() - self._read_ms > _HELD_MS:
            return NOBODY
        return "%016x" % number
