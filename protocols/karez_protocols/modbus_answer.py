"""Finding the answer to one Modbus request of any function: for tools and tests on a host.

The controller only reads registers and has its own, smaller reader in modbus.py.
"""

import struct

from . import reply_reader
from .crc import crc16_modbus
from .errors import NotAllowed, ProtocolError
from .modbus import REQUEST_BYTES
from .modbus_frames import FAILURE_BYTES, REPLY_BYTES, encode_request, failure_in, reply_in
from .modbus_messages import (
    IDENTIFY,
    IDENTITY_BYTES_MAX,
    WRITES,
    Write,
    Written,
    data_bytes,
    is_answer,
    is_broadcast,
)


class AnswerReader(reply_reader.ReplyReader):
    """Finds the answer to one request of any function; see reply_reader.ReplyReader.

    The answer to functions 05 and 06 is the request itself once more, so echo and answer
    cannot be told apart by their bytes. `has_echo` says what is known of the line: with an
    echo the second copy is the answer, without one the first is. A line wrongly said to be
    silent makes an echo look like an answer: whoever is in doubt reads the value back.
    """

    busy_code = 6  # application protocol, section 7: server device busy

    def __init__(self, has_echo=False):
        super().__init__()
        self._has_echo = has_echo
        self._copies = 0  # echoes counted when the copy that is the answer has come; 0 = none can be

    def expect(self, request):
        """Forget what came before and look for the answer to this request; return its frame.

        Raises NotAllowed for a request outside its ranges, or one that nobody answers.
        """
        frame = super().expect(request)
        self._copies = self.echoes + 1 + self._has_echo if isinstance(request, Write) else 0
        return frame

    def _aim(self, request):
        frame = encode_request(request)
        if is_broadcast(request):
            raise NotAllowed("a broadcast has no answer")
        self._request = request
        self._first = frame[:1]
        if request.function in WRITES:
            self.answer_bytes = REQUEST_BYTES
            self._head = frame[2:6]  # which the answer repeats
        elif request.function == IDENTIFY:
            self.answer_bytes = REPLY_BYTES + IDENTITY_BYTES_MAX
            self._head = b""  # any byte count
        else:
            size = data_bytes(request.function, request.count)
            self.answer_bytes = REPLY_BYTES + size
            self._head = bytes((size,))
        return frame

    def _length_at(self, at):
        buffer = self._buffer
        have = len(buffer) - at
        if have > 1 and buffer[at + 1] & 0x7F != self._request.function:
            return -1
        if have < 3:
            return 0
        if buffer[at + 1] & 0x80:
            return FAILURE_BYTES if buffer[at + 2] and at + FAILURE_BYTES > self._shadow else -1
        if self._request.function == IDENTIFY:
            return REPLY_BYTES + buffer[at + 2] if 1 <= buffer[at + 2] <= IDENTITY_BYTES_MAX else -1
        head = buffer[at + 2 : at + 2 + len(self._head)]
        return self.answer_bytes if head == self._head[: len(head)] else -1

    def _is_sealed(self, at, length):
        (found,) = struct.unpack("<H", self._buffer[at + length - 2 : at + length])
        return crc16_modbus(self._buffer, at, at + length - 2) == found

    def _answer(self, frame):
        try:
            message = failure_in(frame) if frame[1] & 0x80 else reply_in(frame)
        except ProtocolError:
            return None
        return message if is_answer(self._request, message) else None

    def _scan(self, is_last):
        answer = super()._scan(is_last)
        if answer is None and self._expects and self._copies and self.echoes >= self._copies:
            self.echoes -= 1  # it was none
            self.is_damaged = False
            return self._taken(Written(*self._request), 0)
        return answer
