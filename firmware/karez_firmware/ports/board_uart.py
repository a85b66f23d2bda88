"""A UART of a chip as the bus wants one, and the console on it: nothing here ever waits.

Direction on RS-485 is the transceiver's own business (MAX13487E and its like turn round by themselves): no
program turns it late because a checkpoint is being signed. What comes back as an echo the bus knows.
"""

import select

from karez_protocols.constant import const

_PARITIES = {"N": None, "E": 0, "O": 1}
_RX = const(512)  # bytes that may come while something else is done: half a second at 9600
_TX = const(512)  # a whole frame: writing one must not wait
_CONSOLE_BAUD = const(115_200)
_CONSOLE_RX = const(1_024)
_ROOM = const(64)  # bytes a terminal takes at a time


class Uart:
    """One RS-485 port over one `machine.UART`; `file` is for poll()."""

    def __init__(self, uart):
        self.file = uart
        self._mode = None
        self._buffer = bytearray(256)  # no garbage per turn

    def configure(self, baud, parity, stop_bits):
        """Set speed, parity (N E O) and stop bits; what is set already stays, with what has come in."""
        mode = (baud, parity, stop_bits)
        if mode == self._mode:
            return
        kind = _PARITIES[parity]
        try:
            if not self._mode:  # the buffers are made once, and not with every meter of another speed
                self.file.init(baudrate=baud, timeout=0, timeout_char=0, rxbuf=_RX, txbuf=_TX)
            self.file.init(baudrate=baud, bits=8, parity=kind, stop=stop_bits, timeout=0, timeout_char=0)
        except (OSError, ValueError):
            return  # a speed this chip cannot do: its meters are silent, which is a state and no end
        self._mode = mode

    def read(self):
        """Bytes that came in, b"" when none did."""
        count = self.file.readinto(self._buffer) if self.file.any() else 0
        return bytes(self._buffer[:count]) if count else b""

    def write(self, data):
        """Send bytes."""
        self.file.write(data)


class Terminal:
    """A console: over a UART, or over the chip's USB as two streams; both take part in poll()."""

    def __init__(self, source, sink):
        self.file = source
        self._sink = sink
        self._in = select.poll()
        self._in.register(source, select.POLLIN)
        self._out = select.poll()
        self._out.register(sink, select.POLLOUT)
        self._buffer = bytearray(_ROOM)

    def read(self):
        """Bytes that came in, b"" when none did."""
        # One at a time: a stream of MicroPython's USB gives no fewer than it is asked for.
        count = 0
        while count < _ROOM and self._in.poll(0):
            byte = self.file.read(1)
            if not byte:
                break
            self._buffer[count] = byte[0]
            count += 1
        return bytes(self._buffer[:count]) if count else b""

    def write(self, data):
        """Send at most 64 bytes if there is room for any; return how many went."""
        for _, event in self._out.poll(0):
            if event & select.POLLOUT:
                return self._sink.write(data[:_ROOM]) or 0
        return 0


def console_on(uart):
    """Return the Terminal on a UART: 115,200 baud, 8N1."""
    uart.init(
        baudrate=_CONSOLE_BAUD, bits=8, parity=None, stop=1,
        timeout=0, timeout_char=0, rxbuf=_CONSOLE_RX, txbuf=_TX,
    )  # fmt: skip
    return Terminal(uart, uart)
