"""One exchange at a time on one RS-485 port, in any protocol: silence, request, answer, retries.

Sans-I/O: the caller owns the UART and the clock. Each turn, in this order:

    data = port.read()          what has come since the last turn, maybe b""
    master.receive(data, now)   before poll: a byte that is here is not late
    master.poll(now)            deadlines; True when the exchange has just ended
    port.write(master.data_to_send(now))

`serve(port, now_us)` is that turn. Times are microseconds of one growing clock.

An answer that comes after its deadline may still arrive during the next exchange, and
nothing in a reply says which request it belongs to. So after a timeout the next
exchange with the same meter begins only when an answer twice as late would have passed.
And a whole answer that is bad may have been noise: if the next try is answered, one answer
may still be on its way, and the meter is asked nothing else before that would have come.
"""

from karez_protocols.constant import const
from karez_protocols.exchange import Failure
from karez_protocols.wire_time import silent_us, wire_us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What became of an exchange, or of a whole reading; 0 is the only good one.
OK = 0
SILENT = 1  # nothing came, or only our own echo and the 00 of a floating line
CRC = 2  # our answer's header came, then changed or cut short
NOISE = 3  # bytes came, none of them ours
EXCEPTION = 4  # the meter refused: `code`
INVALID = 5  # a reading only: answers in order, but the total in them cannot be used
STATUS_NAMES = "ok silent crc noise exception invalid".split()  # literals would stay as names in MicroPython

TRIES = 3  # general master practice is 2-3, then the meter counts as offline
REPLY_TIMEOUT_US = 300000  # general practice 0.2-1 s; profiles name their own
BYTE_GAP_US = 20000  # USB adapters hold bytes back up to 16 ms
_FRAME_BYTES_MAX = const(256)  # the longest of any meter protocol: Modbus over serial line

IDLE = 0
SENDING = 1  # waiting for the silence before the request
WAITING = 2  # request on the wire or answer outstanding
DONE = 3

_START, _SENT, _ANSWERED, _FAILED, _GAVE_UP, _CANCEL = range(6)
_NO = 255  # not in the table: changes nothing
# Next state: a row per state, a column per event.
_TABLE = bytes((
#   START    SENT     ANSWERED FAILED   GAVE_UP  CANCEL
    SENDING, _NO,     _NO,     _NO,     _NO,     _NO,   # IDLE
    _NO,     WAITING, _NO,     _NO,     _NO,     IDLE,  # SENDING
    _NO,     _NO,     DONE,    SENDING, DONE,    IDLE,  # WAITING
    SENDING, _NO,     _NO,     _NO,     _NO,     IDLE,  # DONE
))  # fmt: skip


class Master:
    """The master of one line. `start` an exchange, `serve` until `is_done()`, read the outcome.

    `reader` speaks the protocol of the first exchange (modbus.ReplyReader and its sisters).

    Outcome of `request`: `status`; `data` (register bytes) if OK, `code` if EXCEPTION; `tries` it took;
    `answered_us` when the answer was complete. Counters run for ever: `counts[status]` per
    try, `reader` for repairs, `stray_bytes` for what came when nothing was asked. `lost_us` is what
    the last exchange took beside its last try: failed ones, and waiting for late answers to pass.
    """

    def __init__(self, reader, baud, character_bits=10):
        self._baud = baud
        self._bits = character_bits
        self._silent_us = silent_us(baud, character_bits)
        # Noise without bias never falls silent; a stranger's frame ends within this.
        self._babble_us = wire_us(_FRAME_BYTES_MAX, baud, character_bits)
        self.reader = reader
        self.counts = [0] * len(STATUS_NAMES)
        self.stray_bytes = 0
        self.state = IDLE
        self.status = SILENT
        self.code = self.tries = self.answered_us = self.lost_us = 0
        self.data = b""
        self.request: Any = None
        self.tap: Any = None  # tap(is_ours, data), while somebody looks at the bytes of this line
        self._options = (REPLY_TIMEOUT_US, BYTE_GAP_US, 0, TRIES)
        self._heard_us = -1  # the line's last character, ours or another's; -1 before the first
        self._began_us = self._sent_us = 0
        self._reply_wire_us = 0
        self._noise_before = 0
        self._timed_out = self._was_bad = False  # in this exchange: a try without an answer; with a bad one
        self._late: dict = {}  # address -> until when it may still answer an earlier request

    # -- what the caller asks -----------------------------------------------------------

    def is_done(self):
        """True when the outcome of the last exchange stands."""
        return self.state == DONE

    def is_waiting(self):
        """True while a request is on the wire or its answer outstanding: write no flash now."""
        return self.state == WAITING

    def start(self, request, now_us, options=None, reader=None):
        """Begin an exchange (the Request of the reader's protocol). False if one is going on.

        `options`: (reply timeout, byte gap, extra silence before, all in microseconds; tries).
        `reader`: the ReplyReader of another protocol, which then stays.
        Raises NotAllowed for a request outside its ranges.
        """
        if self.state in (SENDING, WAITING):
            return False
        self.reader = reader or self.reader
        self.reader.expect(request)  # refused here, not when it is due
        self._options = options or (REPLY_TIMEOUT_US, BYTE_GAP_US, 0, TRIES)
        self.request = request
        self._reply_wire_us = wire_us(self.reader.answer_bytes, self._baud, self._bits)
        self.tries = 0
        self.data = b""
        self._timed_out = self._was_bad = False
        until_us = max(now_us, self._late.get(request.address, 0))
        self.lost_us = until_us - now_us
        self._aim(until_us, now_us)
        return self._fire(_START)

    def late_us(self, address):
        """Until when a meter may still answer an earlier request: it is asked nothing before."""
        return self._late.get(address, 0)

    def set_line(self, baud, character_bits, now_us):
        """The UART has other settings now, no exchange going on: the line rests before the next request."""
        # A receiver must see one whole character of silence at its own speed (modbus-timing §7).
        rest_us = max(wire_us(1, self._baud, self._bits), wire_us(1, baud, character_bits))
        self._baud = baud
        self._bits = character_bits
        self._silent_us = silent_us(baud, character_bits)
        self._babble_us = wire_us(_FRAME_BYTES_MAX, baud, character_bits)
        self._heard_us = now_us + rest_us

    def stop_trying(self):
        """Let the try that is going on be the last."""
        self._options = self._options[:3] + (self.tries,)

    def cancel(self):
        """Give the exchange up: a stop goes before any reading. Its answer, if one comes, is dropped."""
        if self.state == WAITING:
            self._leave(1)
        elif self.state == SENDING and self._timed_out:
            self._leave(2)
        self._fire(_CANCEL)

    def serve(self, port, now_us, data=None):
        """One turn with a port (`read() -> bytes`, `write(bytes)`); True when the exchange has ended."""
        if data is None:
            data = port.read()
        was_busy = self.state in (SENDING, WAITING)
        if data:
            self.receive(data, now_us)
        self.poll(now_us)
        out = self.data_to_send(now_us)
        if out:
            port.write(out)
        return was_busy and self.state == DONE

    # -- bytes and time -----------------------------------------------------------------

    def receive(self, data, now_us):
        """Take bytes that the line delivered."""
        if not data:
            return
        self._heard_us = now_us
        if self.tap:
            self.tap(False, data)
        if self.state != WAITING:
            self.stray_bytes += len(data)
            return
        self._take(self.reader.receive(data), now_us)

    def data_to_send(self, now_us):
        """Return the request once it is due, else b"". It counts as handed to the wire now."""
        if self.state != SENDING or now_us < self._due_us():
            return b""
        frame = self.reader.expect(self.request)
        if self.tap:
            self.tap(True, frame)
        self._noise_before = self.reader.noise_bytes
        sent_us = now_us + wire_us(len(frame), self._baud, self._bits)
        if self.tries:
            self.lost_us += sent_us - self._sent_us
        self.tries += 1
        self.code = 0
        self._sent_us = self._heard_us = sent_us
        self._fire(_SENT)
        return frame

    def poll(self, now_us):
        """Look at the clock; call `receive` first. True if the exchange ended just now."""
        if self.state != WAITING or now_us < self._answer_due_us():
            return False
        if self._take(self.reader.end(), now_us):
            return self.state == DONE
        if now_us < self._answer_due_us():
            return False  # what was held turned out to be noise: the answer may still come
        self._fail(now_us)
        return self.state == DONE

    def next_deadline_us(self):
        """Return when the next turn is needed even if no byte comes; None = not at all."""
        if self.state == SENDING:
            return self._due_us()
        return self._answer_due_us() if self.state == WAITING else None

    # -- inside -------------------------------------------------------------------------

    def _fire(self, event):
        state = _TABLE[6 * self.state + event]
        if state == _NO:
            return False
        self.state = state
        return True

    def _aim(self, began_us, now_us):
        """Send from `began_us` on, once the line is silent."""
        self._began_us = began_us
        if self._heard_us < 0:
            # Nobody knows what the line did before: count its silence from here.
            self._heard_us = now_us

    def _due_us(self):
        silence_us = max(self._silent_us, self._options[2])
        latest_us = self._began_us + self._babble_us + silence_us
        return max(self._began_us, min(self._heard_us + silence_us, latest_us))

    def _answer_due_us(self):
        due_us = self._sent_us + self._options[0]
        if self.reader.is_inside or self.reader.is_over:
            # Our answer has begun, or has come and is bad: the pause after it decides. One that
            # was cut may have been noise like its header: the answer may still come, and asked
            # anew the meter would answer twice.
            due_us = max(self._heard_us, self._sent_us) + self._options[1]
        # Even endless noise ends: the longest wait for a first byte, then a whole reply.
        return min(due_us, self._sent_us + self._options[0] + self._options[1] + self._reply_wire_us)

    def _take(self, answer, now_us):
        """Act on an answer; False if there is none."""
        if answer is None:
            return False
        self.answered_us = now_us
        if isinstance(answer, Failure):
            self.code = answer.code
            if answer.code == self.reader.busy_code and self.tries < self._options[3]:
                # It asked for time: as long as it may take to answer.
                self._again(EXCEPTION, now_us + self._options[0], now_us)
            else:
                self._finish(EXCEPTION, _ANSWERED)
        else:
            self.data = getattr(answer, "data", b"")  # a write's answer brings none
            self._finish(OK, _ANSWERED)
        return True

    def _fail(self, now_us):
        status = SILENT
        if self.reader.is_damaged:
            status = CRC
        elif self.reader.noise_bytes > self._noise_before:
            status = NOISE
        if self.reader.is_over:
            self._was_bad = True
        else:
            self._timed_out = True
        self.reader.close()
        if self.tries < self._options[3]:
            self._again(status, now_us, now_us)
        else:
            self._finish(status, _GAVE_UP)

    def _again(self, status, began_us, now_us):
        self.counts[status] += 1
        self._aim(began_us, now_us)
        self._fire(_FAILED)

    def _finish(self, status, event):
        self.counts[status] += 1
        self.status = status
        if self._timed_out:
            self._leave(2)
        elif self._was_bad:
            self._leave(1)
        self._fire(event)

    def _leave(self, timeouts):
        """An answer may still come: the next exchange with this meter waits for it to pass."""
        until_us = self._sent_us + timeouts * self._options[0] + self._reply_wire_us
        self._late[self.request.address] = until_us
        self.reader.close()
