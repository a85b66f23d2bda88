"""A pty that looks to its user like a raw serial port."""

from __future__ import annotations

import os
import termios

READ_BYTES_MAX = 4096  # what a Linux pty holds
_BAUD_OF = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == "B" and name[1:].isdigit()
}


class SerialPort:
    """`path` is for the user, `master_fd` for us. Both ends are ours until `close`.

    The user's end is kept open here too, so that a controller may come and go
    without a hang-up on our end. Raises OSError if no pty is left.
    """

    def __init__(self, baud: int) -> None:
        self.master_fd, self._slave_fd = os.openpty()
        os.set_blocking(self.master_fd, False)
        _make_raw(self._slave_fd, baud)
        self.path = os.ttyname(self._slave_fd)

    @property
    def baud(self) -> int | None:
        """The rate the user has set now: both ends of a pty share one setting. None if it has no name."""
        return _BAUD_OF.get(termios.tcgetattr(self.master_fd)[4])

    def read(self) -> bytes:
        """What the user has written; empty if nothing."""
        try:
            return os.read(self.master_fd, READ_BYTES_MAX)
        except BlockingIOError:
            return b""

    def write(self, data: bytes | bytearray) -> int:
        """Hand bytes to the user; how many fitted. A UART nobody reads overruns just so."""
        try:
            return os.write(self.master_fd, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close both ends."""
        os.close(self.master_fd)
        os.close(self._slave_fd)


def _make_raw(fd: int, baud: int) -> None:
    """No echo, no line editing, no flow control; reads never wait (VMIN = VTIME = 0).

    VMIN = 1, which `tty.setraw` sets, would block a whole MicroPython VM in `read`.
    """
    speed = getattr(termios, f"B{baud}")
    _, _, cflag, _, _, _, characters = termios.tcgetattr(fd)
    cflag = (
        (cflag & ~(termios.CSIZE | termios.PARENB | termios.CSTOPB))
        | termios.CS8
        | termios.CREAD
        | termios.CLOCAL
    )
    characters[termios.VMIN] = characters[termios.VTIME] = 0
    termios.tcsetattr(fd, termios.TCSANOW, [0, 0, cflag, 0, speed, speed, characters])
