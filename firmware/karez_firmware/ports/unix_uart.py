"""A serial port of Linux as the bus wants one: reads that never wait, settings that change."""

import termios

# <asm/termbits.h>; MicroPython's termios names only some of them.
_SPEEDS = {
    1200: 9,
    2400: 11,
    4800: 12,
    9600: 13,
    19200: 14,
    38400: 15,
    57600: 0o10001,
    115200: 0o10002,
}
_CS8_CREAD_CLOCAL = 0o60 | 0o200 | 0o4000
_STOP_2, _PARITY, _ODD = 0o100, 0o400, 0o1000


class Uart:
    """One RS-485 port; `file` is for poll()."""

    def __init__(self, path):
        self.file = open(path, "r+b")
        self._buffer = bytearray(256)  # no garbage per turn

    def configure(self, baud, parity, stop_bits):
        """Set speed, parity (N E O) and stop bits. A pty keeps the speed and has no parity."""
        flags = _CS8_CREAD_CLOCAL
        if parity != "N":
            flags |= _PARITY | (_ODD if parity == "O" else 0)
        if stop_bits == 2:
            flags |= _STOP_2
        try:
            mode = termios.tcgetattr(self.file.fileno())
            mode[0] = mode[1] = mode[3] = 0
            mode[2] = flags
            mode[4] = mode[5] = _SPEEDS[baud]
            mode[6][5] = mode[6][6] = 0  # VMIN = VTIME = 0: a read never waits
            termios.tcsetattr(self.file.fileno(), 0, mode)
        except OSError:
            pass  # the line is gone: its meters are silent, which is a state and no end

    def read(self):
        """Bytes that came in, b"" when none did."""
        try:
            count = self.file.readinto(self._buffer)
        except OSError:
            count = 0  # as above
        return bytes(self._buffer[:count]) if count else b""

    def write(self, data):
        """Send bytes."""
        try:
            self.file.write(data)
        except OSError:
            pass  # as above
