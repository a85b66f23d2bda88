"""A meter profile: what to ask a meter, and what its answers mean, in integers.

The app parses the JSON (`profiles/*.json`) and hands the dict over; `Profile(document)`
refuses what it does not know and keeps a compact form: drop the dict then, and if heap is
short the module `profile_document` and what it needs, too. That page lists the keys.

Unknown is None: NaN and infinity, a raw value on the list of invalid marks, a value
outside its range, one with an unknown part, unit or ratio, and a flow that the status
bits call no measurement.
"""

import struct

from . import registers
from .errors import Malformed

_ROW_BYTES = struct.calcsize(registers.ROW)


class Profile:
    """One kind of meter, ready to be read. `baud` overrides the factory setting in the plan.

    `requests`: [(start, count)] in the order to send them; where the protocol counts bytes,
    (identifier, least bytes of its data). `codec`: the module of the `protocol`, for its
    ReplyReader. `total`: the name of the register that bills, None for a meter that counts
    nothing; `meaning` says what it counts, `reverse` names its opposite. `parity`,
    `stop_bits`, `address`, `baud`: settings of the line, times in microseconds.
    Raises Malformed or NotAllowed for a document that is not a profile.
    """

    def __init__(self, document, baud=None):
        from .profile_document import compile_into

        self.name = self.total = self.reverse = self.meaning = self.status = self.modulus = self.parity = None
        self.version = self.function = self.baud = self.stop_bits = self.address = self.character_bits = 0
        self.reply_timeout_us = self.byte_gap_us = self.request_gap_us = 0
        self.protocol = ""
        self.requests: list = []
        self.rows = b""
        self.names: tuple = ()  # one per row; None: a part of another value, not delivered by itself
        self.marks: dict = {}  # row -> raw values that mean "no value"
        self.splits: dict = {}  # row -> whole, fraction, digits of an integer fraction
        self.scalings: dict = {}  # row -> times, exponent, sign, unit code, {code: (factor, scale)}
        self.rules: list = []
        self.bits = ""
        self.codec = compile_into(self, document, baud)

    def request(self, at, address):
        """Return the Request number `at`, in the meter's protocol, to the meter with this address."""
        start, count = self.requests[at]
        return self.codec.question(address, self.function, start, count)

    @property
    def total_request(self):
        """Number of the request whose answer brings the total; 0 without a total."""
        parts = self._total_parts()
        return self._row(parts[0])[0] if parts else 0

    def decode(self, replies):
        """Return {name: integer or None} from the data of all replies, in order.

        A reply may be None, of a request that the meter refused: its values are unknown.
        Raises Malformed if one is missing or has another length than its request asks for.
        """
        if len(replies) != len(self.requests):
            raise Malformed("%d replies to %d requests" % (len(replies), len(self.requests)))
        in_registers = self.protocol == "modbus"
        for at, (_, count) in enumerate(self.requests):
            if replies[at] is not None:
                have = len(replies[at])
                if have != 2 * count if in_registers else have < count:
                    raise Malformed("%d bytes answer request %d" % (have, at))
        values: dict = {}
        for at, name in enumerate(self.names):
            if name:
                values[name] = self._value(at, replies)
        for name, mask, below, voids in self.rules:
            if self._is_void(values[name], mask, below):
                for void in voids:
                    values[void] = None
        return values

    def unknown(self):
        """Return the values of a meter that did not answer: every name, all None."""
        values: dict = {}
        for name in self.names:
            if name:
                values[name] = None
        return values

    def is_measuring(self, values):
        """Return False if the meter itself says that it cannot measure now, None if it cannot say."""
        if not self.rules:
            return None
        return all(not self._is_void(values[name], mask, below) for name, mask, below, _ in self.rules)

    def meanings(self, values):
        """Return the names of the status bits that are set."""
        bits = values[self.status] if self.status else None
        names = self.bits.split("\n")
        return [name for at, name in enumerate(names) if bits and bits >> at & 1 and name]

    def total_raw(self, replies):
        """Return the bytes of the total as they stood on the wire, at most 8."""
        raw = b""
        for at in self._total_parts():
            raw += self._raw(at, replies)
        return raw

    def total_modulus(self, replies):
        """Return where the total rolls over, in its own unit; None if that is not known."""
        if self.modulus is None:
            return None
        return self._scaled(self.names.index(self.total), self.modulus, 0, replies)

    def total_step(self, replies):
        """Return the least by which the total can move now, in its own unit, at least 1.

        A packed 0.01 m3 moves by 10 L, a ratio of 30 makes 0.01 kWh 300 Wh, and a float32 of
        131,072 m3 knows no litre any more.
        """
        at = self._total_row()
        found = self._number(at, replies)
        step = self._scaled(at, 1, found[1], replies) if found else 1
        return step or 1

    def scale_key(self, replies):
        """Return the bytes that the total's scale hangs on (ratios, unit, multiplier).

        When they change, the same register means another volume: compare before booking.
        """
        times, exponent, _, unit, _ = self.scalings.get(self._total_row(), ((), -1, 1, -1, None))
        key = b""
        for at in times + (exponent, unit):
            if at >= 0:
                key += self._raw(at, replies)
        return key

    # -- the compact form ---------------------------------------------------------------

    def _total_row(self):
        return self.names.index(self.total) if self.total else -1

    def _total_parts(self):
        at = self._total_row()
        if at in self.splits:
            return self.splits[at][:2]
        return () if at < 0 else (at,)

    def _row(self, at):
        return struct.unpack_from(registers.ROW, self.rows, at * _ROW_BYTES)

    def _raw(self, at, replies):
        request, first, code = self._row(at)[:3]
        reply = replies[request]
        return b"" if reply is None else reply[first : first + (code >> 3 & 7) + 1]

    def _number(self, at, replies):
        """Return (integer, power of two) of a row before its scale, None if unknown."""
        if at in self.splits:
            whole, fraction, digits = self.splits[at]
            return registers.joined(self._value(whole, replies), self._number(fraction, replies), digits)
        raw = self._raw(at, replies)
        code = self._row(at)[2]
        if not raw or (at in self.marks and registers.unsigned(code, raw) in self.marks[at]):
            return None
        return registers.number(code, raw)

    def _scaled(self, at, number, power, replies):
        scale = self._row(at)[3]
        if at in self.scalings:
            times, exponent, sign, unit, factors = self.scalings[at]
            factor = factors.get(None if unit < 0 else self._value(unit, replies))
            shift = 0 if exponent < 0 else self._value(exponent, replies)
            if factor is None or shift is None or not -9 <= shift <= 9:
                return None
            number *= factor[0]
            scale += factor[1] + sign * shift
            for other in times:
                value = self._value(other, replies)
                if not value:
                    return None  # a ratio of zero is none: it would make every total zero
                number *= value
        return registers.scaled(number, scale, power)

    def _value(self, at, replies):
        number = self._number(at, replies)
        if number is None:
            return None
        value = self._scaled(at, number[0], number[1], replies)
        mask, low, high = self._row(at)[4:]
        if value is None or not low <= value <= high:
            return None
        return value & mask if mask != 0xFFFF else value

    def _is_void(self, value, mask, below):
        # A status that is itself unknown tells of no measurement either.
        return value is None or value & mask != 0 or value < below
