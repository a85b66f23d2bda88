"""Raw requests on a meter line: one of a technician's own, or the same to one address after another.

The pump rests meanwhile. The line is borrowed from its meters for one exchange at a time, between two of
their readings, so that they keep their rounds and their books; a start takes it back at once.
"""

import binascii
import sys

from karez_protocols import causes
from karez_protocols.constant import const
from karez_protocols.wire_time import silent_us, wire_us

from ..core import pump
from ..unload import unload
from . import deed, verbs
from .refusal import Refused, data_in, number_in

_FRAMINGS = b"8N1 8E1 8O1 8N2 8E2 8O2"
_PROTOCOLS = b"modbus dlt645 dlt645-1997 cjt188"
_BAUD_MIN, _BAUD_MAX = const(300), const(115_200)
_ASK_US, _SCAN_US = const(1_000_000), const(400_000)  # to the first byte of an answer
_GAP_US = const(50_000)  # no byte for so long: the answer is over
_REST_US = const(5_000)  # after other settings: a receiver sees a character of silence at its own speed
_FRAME_MAX = const(256)
_SCAN_MAX = const(256)  # addresses of one scan
_LINE_MS = const(10_000)  # for the meters to leave the line


class Exchange:
    """One request and what comes within its time, whatever it is: a bus serves it as it does a Master."""

    def __init__(self, frame, baud, bits, now_us, wait_us):
        self._frame = frame
        self._wait_us = wait_us + wire_us(len(frame), baud, bits)
        self._babble_us = self._wait_us + wire_us(_FRAME_MAX, baud, bits)  # noise falls never silent
        self._gap_us = max(_GAP_US, wire_us(4, baud, bits))
        self._due_us = now_us + max(_REST_US, silent_us(baud, bits))
        self._end_us = 0
        self._data = b""

    @property
    def is_over(self):
        """True when nothing more is waited for."""
        return self._due_us is None

    @property
    def answer(self):
        """What came, without the echo that some adapters give."""
        size = len(self._frame)
        return self._data[size:] if self._data[:size] == self._frame else self._data

    def is_waiting(self):
        """True while an answer is outstanding: no flash is written now."""
        return self._end_us > 0 and not self.is_over

    def next_deadline_us(self):
        """When the next turn is needed even if nothing comes in; 0 when it is over: at once."""
        return self._due_us or 0

    def serve(self, uart, now_us, data=None):
        """One turn with the line."""
        if data is None:
            data = uart.read()
        if self.is_over:
            return
        if not self._end_us:
            if now_us >= self._due_us:
                uart.write(self._frame)
                self._due_us, self._end_us = now_us + self._wait_us, now_us + self._babble_us
        elif data and len(self._data) < _FRAME_MAX:
            self._data = (self._data + data)[:_FRAME_MAX]
            if self._frame[: len(self._data)] != self._data:  # more than our own echo
                self._due_us = min(now_us + self._gap_us, self._end_us)
        elif now_us >= self._due_us:
            self._due_us = None


class Line:
    """A meter line with the settings that a request names. Raises Refused for what there is not."""

    def __init__(self, app, words, at):
        self._app = app
        self._uart = app.port.uarts[number_in(words, 1, most=len(app.port.uarts) - 1)]
        self._baud = number_in(words, at, most=_BAUD_MAX)
        framing = words[at + 1].upper() if len(words) > at + 1 else ""
        if self._baud < _BAUD_MIN or framing.encode() not in _FRAMINGS.split():
            raise Refused(
                b"usage: expected a speed from %d and one of %s", _BAUD_MIN, str(_FRAMINGS, "utf-8")
            )
        self._framing = framing[1], int(framing[2])
        self._bits = 9 + (framing[1] != "N") + int(framing[2])
        # Pulses have a bus too, and no UART; a line without a meter has none.
        lent = [one for one in app.buses if one.readers[0][1] and one.uart is self._uart]
        self._bus = lent[0] if lent else None

    def require_rest(self):
        """Raise Refused unless the pump rests."""
        controller = self._app.controller
        if controller.pump.state != pump.OFF or controller.contactor.runs:
            raise Refused(b"refused: the pump must rest")

    def ask(self, frame, wait_us):
        """Send one frame; return what comes back. Yields meanwhile; raises Refused when the pump starts."""
        port, bus = self._app.port, self._bus
        until_ms = port.now_ms() + _LINE_MS
        while bus and not bus.is_free(port.now_us()):
            self.require_rest()
            if port.now_ms() > until_ms:
                raise Refused(b"refused: the meters of this line leave no moment, try again")
            yield False
        talk = Exchange(frame, self._baud, self._bits, port.now_us(), wait_us)
        try:
            if bus:
                bus.lend(talk)
            self._configure()
            while not talk.is_over:
                self.require_rest()
                if bus is None:
                    talk.serve(self._uart, port.now_us())
                    yield
                elif bus.guest is talk:
                    yield False
                else:
                    raise Refused(b"refused: the meters needed the line")
        finally:
            if bus and bus.guest is talk:
                bus.guest = None
        return talk.answer

    def _configure(self):
        try:
            self._uart.configure(self._baud, *self._framing)
        except (OSError, ValueError) as error:
            raise Refused(b"refused: this port does not take these settings: %s", error)


def rows(session, number, words):
    """Ask once, or one address after another; return the last row."""
    is_scan = number == verbs.SCAN
    line = Line(session.app, words, 3 if is_scan else 2)
    line.require_rest()
    if is_scan:
        return (yield from _scan(session, line, words))
    frame = data_in(words, 4)
    if len(frame) > _FRAME_MAX:
        raise Refused(b"usage: a frame has at most %d bytes", _FRAME_MAX)
    deed.act(session.app, causes.TECHNICIAN_ACTS, session.number, words)
    answer = yield from line.ask(frame, _ASK_US)
    return b"answer", (binascii.hexlify(answer).decode(),)


def _scan(session, line, words):
    protocol = words[2]
    if protocol.encode() not in _PROTOCOLS.split():
        raise Refused(b"usage: expected one of %s", str(_PROTOCOLS, "utf-8"))
    most = 247 if protocol == "modbus" else 10**12 - 1
    first, last = number_in(words, 5, most=most), number_in(words, 6, most=most)
    if not 0 <= last - first < _SCAN_MAX or (protocol == "modbus" and first < 1):
        raise Refused(b"usage: expected FROM and TO, at most %d addresses", _SCAN_MAX)
    deed.act(session.app, causes.TECHNICIAN_ACTS, session.number, words)
    before = set(sys.modules)
    answered = 0
    try:
        for address in range(first, last + 1):
            answer = yield from line.ask(_question(protocol, address), _SCAN_US)
            if answer:
                answered += 1
                yield b"address answer", (address, binascii.hexlify(answer).decode())
    finally:
        name = "karez_protocols." + protocol.split("-")[0]
        if name not in before:
            unload(name)  # no meter of this box speaks it
    return b"asked answered", (last - first + 1, answered)


def _question(protocol, address):
    """Return the frame that any meter of a protocol answers, if only to refuse it."""
    if protocol == "modbus":
        from karez_protocols import modbus

        return modbus.encode_request(modbus.question(address, 3, 0, 1))
    if protocol == "cjt188":
        from karez_protocols import cjt188

        return cjt188.encode_request(cjt188.question("AA:%014d" % address, 1, 0x901F, 0))
    from karez_protocols import dlt645

    if protocol == "dlt645":
        return dlt645.encode_request(dlt645.question("%012d" % address, None, 0x00010000, 4))
    return dlt645.encode_request(dlt645.question("%012d" % address, 1, 0x9010, 4))
