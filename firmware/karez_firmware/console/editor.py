"""Bytes of a terminal become lines: echo, backspace, Ctrl-U, Ctrl-C; arrow keys do nothing."""

from karez_protocols.console import REQUEST_MAX
from karez_protocols.constant import const

CANCEL = const(3)  # Ctrl-C
_BACKSPACE, _LF, _CR, _ERASE, _ESCAPE, _DELETE = (
    const(8),
    const(10),
    const(13),
    const(21),
    const(27),
    const(127),
)


class Editor:
    """One line in the making. `echo`: what the terminal is to show, taken and emptied by the caller."""

    def __init__(self):
        self._line = bytearray()
        self._escape = 0  # bytes into an escape sequence
        self._before = 0
        self.echo = b""

    def feed(self, byte):
        """Take one byte; return the line it ends, None when it ends none.

        A line that is too long comes out as it began, and one byte longer than any line may be.
        """
        before, self._before = self._before, byte
        if byte == _LF and before == _CR:
            return None  # the other half of one end
        if byte in (_CR, _LF):
            return self._end()
        if self._escape:
            # ESC [ parameters letter, or ESC and one character
            self._escape = (
                2 if self._escape == 1 and byte == 0x5B else 2 * (byte < 0x40 and self._escape == 2)
            )
        elif byte == _ESCAPE:
            self._escape = 1
        elif byte in (_BACKSPACE, _DELETE):
            self._rub()
        elif byte in (_ERASE, CANCEL):
            while self._line:
                self._rub()
        elif len(self._line) <= REQUEST_MAX:
            self._line.append(byte)
            if byte >= 0x20:
                self.echo += bytes((byte,))
        return None

    def _end(self):
        line, self._line = bytes(self._line), bytearray()
        self._escape = 0
        self.echo += b"\r\n"
        return line

    def _rub(self):
        """Take the last character back, all bytes of it."""
        line = self._line
        end = len(line)
        while end:
            end -= 1
            if line[end] & 0xC0 != 0x80:
                break
        if end < len(line):
            self._line = line[:end]
            self.echo += b"\b \b"
