"""The console's serial port on Linux: what the other end does not take is not written."""

import select

from .unix_uart import Uart

_BAUD = 115_200  # what a terminal program begins with


class Console(Uart):
    """One terminal; `file` is for poll()."""

    def __init__(self, path):
        super().__init__(path)
        self.configure(_BAUD, "N", 1)
        self._room = select.poll()
        self._room.register(self.file, select.POLLOUT)

    def write(self, data):
        """Send at most 64 bytes if there is room for any; return how many went.

        A line that says it has room takes 64 bytes without waiting: a pty counts by 256, a UART drains.
        """
        try:
            for _, event in self._room.poll(0):
                if event & select.POLLOUT and not event & select.POLLHUP:
                    return self.file.write(data[:64]) or 0
        except OSError:
            pass  # the line is gone
        return 0
