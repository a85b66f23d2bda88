"""Stations made of our codecs, for masters that we did not write.

`take(data)` and `end()` (the line is quiet) return the bytes to send.
"""

from karez_protocols import dlt645_frames, modbus_frames
from karez_protocols.dlt645_data import encode_values
from karez_protocols.dlt645_functions import ACCEPTING, READ, RELAY, WRITE, WRITE_ADDRESS
from karez_protocols.dlt645_messages import (
    Accepted,
    ChangePasswordReply,
    ChangePasswordRequest,
    ChangeRateReply,
    ChangeRateRequest,
    ReadAddressReply,
    ReadAddressRequest,
    ReadReply,
    ReadRequest,
    Refused,
    RelayRequest,
    WriteAddressRequest,
    WriteRequest,
    decode_message,
    encode_message,
    frame_of,
)
from karez_protocols.dlt645_relay import CLOSE_DIRECT, STATUS_WORD_3, TRIP
from karez_protocols.errors import BadChecksum, Malformed, NotAllowed, ProtocolError
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus_messages import (
    BROADCAST,
    IDENTIFY,
    READ_COILS,
    READ_HOLDING,
    READ_INPUT,
    READ_INPUTS,
    READ_WRITE,
    UnknownFunction,
    Write,
    WriteMany,
    Written,
    has_registers,
)

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3  # Modbus application protocol, section 7
NO_SUCH_DATA, WRONG_PASSWORD = 2, 4  # DL/T 645 error byte, bits 1 and 2


class ModbusStation:
    """A Modbus station of 100 coils, inputs, holding and input registers each, from `FIRST` on.

    `heard`: the typed requests in the order they came; `bad`: why a frame was dropped.
    """

    FIRST, COUNT = 100, 100

    def __init__(self, address, identity=b""):
        self.address = address
        self.identity = identity
        self.bits = {READ_COILS: [0] * self.COUNT, READ_INPUTS: [0] * self.COUNT}
        self.registers = {READ_HOLDING: [0] * self.COUNT, READ_INPUT: [0] * self.COUNT}
        self.heard = []
        self.bad = []
        self._buffer = b""

    def take(self, data):
        """Cut frames by the length that their header tells; answer each."""
        self._buffer += data
        out = b""
        while True:
            length = modbus_frames.request_bytes(self._buffer)
            if not 0 < length <= len(self._buffer):
                return out
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            out += self._answer(frame)

    def end(self):
        """Silence ends a frame whose function we do not know, or a broken one."""
        frame, self._buffer = self._buffer, b""
        return self._answer(frame) if frame else b""

    def _answer(self, frame):
        address, function = frame[0], frame[1] & 0x7F
        try:
            request = modbus_frames.decode_request(frame)
        except UnknownFunction:
            return self._refuse(address, function, ILLEGAL_FUNCTION)
        except NotAllowed:
            return self._refuse(address, function, ILLEGAL_VALUE)
        except (BadChecksum, Malformed) as error:
            self.bad.append(error)
            return b""
        if address not in (self.address, BROADCAST):
            return b""
        self.heard.append(request)
        try:
            message = self._obey(request)
        except IndexError:
            return self._refuse(address, function, ILLEGAL_ADDRESS)
        return modbus_frames.encode_reply(message) if address else b""

    def _refuse(self, address, function, code):
        if address != self.address:
            return b""
        return modbus_frames.encode_failure(Failure(address, function, code))

    def _place(self, start, count):
        at = start - self.FIRST
        if at < 0 or at + count > self.COUNT:
            raise IndexError
        return at

    def _obey(self, request):
        function = request.function
        if function == IDENTIFY:
            return Reply(self.address, function, self.identity)
        if isinstance(request, (Write, WriteMany)):
            return self._write(request)
        at = self._place(request.start, request.count)
        if function in self.bits:
            return Reply(self.address, function, packed(self.bits[function][at : at + request.count]))
        if function == READ_WRITE:
            # Application protocol 6.17: the write is performed before the read.
            self._put(READ_HOLDING, request.write_start, words(request.data))
        kind = READ_INPUT if function == READ_INPUT else READ_HOLDING
        return Reply(self.address, function, joined(self.registers[kind][at : at + request.count]))

    def _write(self, request):
        function = request.function
        kind = READ_HOLDING if function == 6 or has_registers(function) else READ_COILS
        if isinstance(request, Write):
            self._put(kind, request.start, [request.value])
            return Written(self.address, function, request.start, request.value)
        values = words(request.data) if kind == READ_HOLDING else unpacked(request.data, request.count)
        self._put(kind, request.start, values)
        return Written(self.address, function, request.start, request.count)

    def _put(self, kind, start, values):
        at = self._place(start, len(values))
        memory = self.bits[kind] if kind in self.bits else self.registers[kind]
        memory[at : at + len(values)] = values


def joined(registers):
    """Registers as bytes, high byte first."""
    return b"".join(one.to_bytes(2, "big") for one in registers)


def words(data):
    """Bytes as registers."""
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def packed(bits):
    """Bits as bytes, filled from the lowest up."""
    data = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        data[at // 8] |= bit << at % 8
    return bytes(data)


def unpacked(data, count):
    """So many bits of the bytes."""
    return [data[at // 8] >> at % 8 & 1 for at in range(count)]


class Dlt645Station:
    """An electricity meter of DL/T 645-2007 with a relay.

    `values`: {identifier: [values in the units of dlt645_data]}; `heard`: typed messages;
    `bad`: why a frame was dropped. The relay obeys only when the test calls `move_contacts`.
    """

    def __init__(self, address, values=None, password="000000"):
        self.address = address
        self.values = {} if values is None else values
        self.password = password
        self.rate_code = None
        self.written = {}
        self.heard = []
        self.bad = []
        self.is_open = False
        self.was_told_to_trip = False
        self._buffer = b""

    def take(self, data):
        """Find frames by both 68 and L, answer each."""
        self._buffer += data
        out = b""
        while True:
            at = self._buffer.find(dlt645_frames.START)
            if at < 0 or len(self._buffer) < at + dlt645_frames.BARE_BYTES:
                return out
            end = at + dlt645_frames.BARE_BYTES + self._buffer[at + 9]
            if len(self._buffer) < end:
                return out
            frame, self._buffer = self._buffer[at:end], self._buffer[end:]
            out += self._answer(frame)

    def end(self):
        """Silence ends what was no frame."""
        self._buffer = b""
        return b""

    def move_contacts(self):
        """What the meter does some time after it has taken a command."""
        self.is_open = self.was_told_to_trip

    def _answer(self, frame):
        try:
            message = decode_message(frame)
        except ProtocolError as error:
            self.bad.append(error)
            return b""
        if message.address not in (self.address, dlt645_frames.WILDCARD, dlt645_frames.BROADCAST):
            return b""
        self.heard.append(message)
        reply = self._obey(message)
        if reply is None or message.address == dlt645_frames.BROADCAST:
            return b""
        return encode_message(reply, 4)

    def _obey(self, message):
        address = self.address
        if isinstance(message, ReadRequest):
            return self._read(message.di)
        if isinstance(message, ReadAddressRequest):
            return ReadAddressReply(address, address)
        if isinstance(message, ChangeRateRequest):
            self.rate_code = message.rate_code
            return ChangeRateReply(address, message.rate_code)
        if isinstance(message, WriteAddressRequest):
            self.address = message.meter_number
            return Accepted(address, WRITE_ADDRESS)
        if isinstance(message, ChangePasswordRequest):
            self.password = message.new_password
            return ChangePasswordReply(address, message.new_level, message.new_password)
        if isinstance(message, (WriteRequest, RelayRequest)):
            return self._command(message)
        function = frame_of(message).control
        # No answer to the time, nor to a question of 1997: this is a meter of 2007.
        return Accepted(address, function) if function in ACCEPTING else None

    def _read(self, di):
        if di == STATUS_WORD_3:
            word = (0x10 if self.is_open else 0) | (0x40 if self.was_told_to_trip else 0)
            return ReadReply(self.address, di, word.to_bytes(2, "little"), False)
        if di not in self.values:
            return Refused(self.address, READ, NO_SUCH_DATA)
        return ReadReply(self.address, di, encode_values(di, self.values[di]), False)

    def _command(self, message):
        function = WRITE if isinstance(message, WriteRequest) else RELAY
        if message.password != self.password:
            return Refused(self.address, function, WRONG_PASSWORD)
        if function == WRITE:
            self.written[message.di] = message.data
        elif message.n1 in (TRIP, CLOSE_DIRECT):
            self.was_told_to_trip = message.n1 == TRIP
        return Accepted(self.address, function)
