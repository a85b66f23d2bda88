"""Four lines of 20 characters: an HD44780 display behind a PCF8574 on I2C.

Bits of the expander: 7..4 data, 3 backlight, 2 enable, 1 read, 0 register select. The display is read by
nobody, so it is given time instead: 37 µs a command, which the slow bus takes anyway, 2 ms for clear.
"""

import time

from karez_protocols.constant import const

_ADDRESS = const(0x27)
_LIGHT = const(0x08)
_ENABLE = const(0x04)
_TEXT = const(0x01)
_ROWS = b"\x00\x40\x14\x54"  # where each line begins
_WIDTH = const(20)
_TO_ROW = const(0x80)
# Function set: 4 bits, 2 (times 2) lines · display on, no cursor · clear · write to the right.
_BEGIN = b"\x28\x0c\x01\x06"
_CLEAR = const(0x01)
_CLEAR_MS = const(2)
_WAKE_MS = const(5)


def _clocked(nibble, flags):
    """The two bytes that hand over four bits: with enable, and without."""
    byte = nibble << 4 | _LIGHT | flags
    return bytes((byte | _ENABLE, byte))


def _wire(byte, flags):
    return _clocked(byte >> 4, flags) + _clocked(byte & 15, flags)


class Display:
    """One display. What does not answer is not there; it is looked for again, a line at a time."""

    def __init__(self, i2c):
        self._i2c = i2c
        self._shown: list = []  # the four lines as they stand there; none: it must be begun anew

    def show(self, text):
        """Show `LINE|LINE|LINE|LINE`: at most one line a call, because each takes 10 ms of the bus."""
        try:
            if not self._shown:
                self._begin()
            self._write(text.split("|"))
        except OSError:
            self._shown = []

    def _begin(self):
        # By the data sheet's "initialising by instruction": it may stand between two halves of a byte.
        for nibble in (3, 3, 3, 2):
            self._i2c.writeto(_ADDRESS, _clocked(nibble, 0))
            time.sleep_ms(_WAKE_MS)  # type: ignore[attr-defined]
        for command in _BEGIN:
            self._i2c.writeto(_ADDRESS, _wire(command, 0))
            if command == _CLEAR:
                time.sleep_ms(_CLEAR_MS)  # type: ignore[attr-defined]
        self._shown = [""] * len(_ROWS)

    def _write(self, lines):
        for row in range(len(_ROWS)):
            line = lines[row][:_WIDTH] if row < len(lines) else ""
            if line != self._shown[row]:
                out = _wire(_TO_ROW | _ROWS[row], 0)
                for letter in (line + " " * (_WIDTH - len(line))).encode():
                    out += _wire(letter if letter < 128 else 63, _TEXT)
                self._i2c.writeto(_ADDRESS, out)
                self._shown[row] = line
                return
