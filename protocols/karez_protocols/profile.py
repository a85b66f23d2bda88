"""A meter profile: what to ask a Modbus meter, and what its answers mean, in integers.

The app parses the JSON (`profiles/*.json`) and hands the dict over; `Profile(document)`
refuses what it does not know and keeps a compact form: drop the dict then, and if heap is
short the module `profile_document` too. That page lists the keys.

Unknown is None: NaN and infinity, a raw value on the list of invalid marks, a value
outside its range, a total with an unknown part or unit, and a flow that the status bits
call no measurement.
"""

import struct

from . import registers
from .errors import Malformed
from .modbus import Request

# Of each field: request, register inside it, kind | order << 4, scale, mask, lowest, highest.
# Limits of 32 bits make no garbage; the outermost two mean that there is none.
ROW = "<BBBbHii"
NO_LIMIT = (-(1 << 31), (1 << 31) - 1)
_ROW_BYTES = struct.calcsize(ROW)


class Profile:
    """One kind of meter, ready to be read. `baud` overrides the factory setting in the plan.

    `requests`: [(start, count)] in the order to send them. `total`: the name of the register
    that bills. `parity`, `stop_bits`, `address`, `baud`: settings of the line, times in microseconds.
    Raises Malformed or NotAllowed for a document that is not a profile.
    """

    def __init__(self, document, baud=None):
        from .profile_document import compile_into

        self.name = self.total = self.status = self.modulus = self.parity = None
        self.version = self.function = self.baud = self.stop_bits = self.address = self.character_bits = 0
        self.reply_timeout_us = self.byte_gap_us = self.request_gap_us = 0
        self.requests: list = []
        self.rows = b""
        self.names: tuple = ()  # None: a part of a split, not delivered by itself
        self.marks: dict = {}  # field index -> raw values that mean "no value"
        self.splits: list = []
        self.rules: list = []
        self.bits = ""
        compile_into(self, document, baud)

    def request(self, at, address):
        """Return the modbus.Request number `at` to the meter with this address."""
        start, count = self.requests[at]
        return Request(address, self.function, start, count)

    @property
    def total_request(self):
        """Number of the request whose answer brings the total."""
        return self._row(self._total_parts()[0])[0]

    def decode(self, replies):
        """Return {name: integer or None} from the register bytes of all requests, in order.

        Raises Malformed if a reply is missing or has another length than its request asks for.
        """
        if len(replies) != len(self.requests):
            raise Malformed("%d replies to %d requests" % (len(replies), len(self.requests)))
        for at, (_, count) in enumerate(self.requests):
            if len(replies[at]) != 2 * count:
                raise Malformed("%d bytes for %d registers" % (len(replies[at]), count))
        values: dict = {}
        for at, name in enumerate(self.names):
            if name:
                values[name] = self._value(at, replies)
        for split in self.splits:
            values[split[0]] = self._split_value(split, replies)
        for name, mask, below, voids in self.rules:
            if self._is_void(values[name], mask, below):
                for void in voids:
                    values[void] = None
        return values

    def unknown(self):
        """Return the values of a meter that did not answer: every name, all None."""
        values: dict = {}
        for name in self.names + tuple(split[0] for split in self.splits):
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
        """Return the register bytes of the total as they stood on the wire: 2, 4 or 8 bytes."""
        raw = b""
        for at in self._total_parts():
            raw += self._raw(at, replies)
        return raw

    def total_modulus(self, replies):
        """Return where the total rolls over, in its own unit; None if that is not known."""
        if self.modulus is None:
            return None
        for split in self.splits:
            if split[0] == self.total:
                scale = self._split_scale(split, replies)
                return None if scale is None else registers.scaled(self.modulus, scale)
        return registers.scaled(self.modulus, self._row(self._total_parts()[0])[3])

    # -- the compact form ---------------------------------------------------------------

    def _total_parts(self):
        for split in self.splits:
            if split[0] == self.total:
                return split[1], split[2]
        return (self.names.index(self.total),)

    def _row(self, at):
        return struct.unpack_from(ROW, self.rows, at * _ROW_BYTES)

    def _raw(self, at, replies):
        request, register, code = self._row(at)[:3]
        return replies[request][2 * register : 2 * (register + registers.words_of(code & 15))]

    def _value(self, at, replies):
        request, register, code, scale, mask, low, high = self._row(at)
        raw = replies[request][2 * register : 2 * (register + registers.words_of(code & 15))]
        if at in self.marks and registers.unsigned(raw, code >> 4) in self.marks[at]:
            return None
        value = registers.decode(code & 15, code >> 4, raw, scale)
        if value is None or (low != NO_LIMIT[0] and value < low) or (high != NO_LIMIT[1] and value > high):
            return None
        return value & mask if mask != 0xFFFF else value

    def _split_scale(self, split, replies):
        _, _, _, exponent, offset, unit_code, codes = split
        power = self._value(exponent, replies)
        unit = codes.get(self._value(unit_code, replies))
        return None if power is None or unit is None else power + offset + unit

    def _split_value(self, split, replies):
        scale = self._split_scale(split, replies)
        if scale is None:
            return None
        whole = self._value(split[1], replies)
        order = self._row(split[2])[2] >> 4
        return registers.split_total(whole, registers.unsigned(self._raw(split[2], replies), order), scale)

    def _is_void(self, value, mask, below):
        # A status that is itself unknown tells of no measurement either.
        return value is None or value & mask != 0 or value < below
