"""A DL/T 645 electricity meter with a relay (dlt645.md), 2007 or 1997, driven by the well model.

Constructed: password 000000 for levels 00 and 02, a clock on Beijing time, a relay that
takes a second to move, and no security module: ciphertext levels are refused. Nobody has
pressed its programming key (status word 3 says so), so whatever would change its
settings or clear its totals is not authorised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators import dlt645_data, dlt645_wire, meter_faults
from karez_simulators.meters import Instrument
from karez_simulators.quantities import Quantities

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.well import Well

READ_1997 = 0x01
BROADCAST_TIME = 0x08
READ = 0x11
READ_NEXT = 0x12
READ_ADDRESS = 0x13
WRITE = 0x14
WRITE_ADDRESS = 0x15
RELAY = 0x1C
REPLY, ERROR, MORE = 0x80, 0x40, 0x20

OTHER_ERROR, NO_SUCH_DATA, WRONG_PASSWORD, RATE_FIXED = 0x01, 0x02, 0x04, 0x08
# Freeze, change rate, change password, clear demand, clear meter, clear events (dlt645.md sections 3, 4).
REFUSED = {
    0x16: OTHER_ERROR,
    0x17: RATE_FIXED,
    0x18: WRONG_PASSWORD,
    0x19: WRONG_PASSWORD,
    0x1A: WRONG_PASSWORD,
    0x1B: WRONG_PASSWORD,
}
WRITE_BYTES_MIN = 12  # identifier, level, password, operator
DATA_BYTES_MAX = 200  # of one answer (dlt645.md section 2)
RELAY_BYTES = 16
LEVELS = (0x00, 0x02)
PASSWORD = bytes(3)
TRIP, CLOSE_PERMITTED, CLOSE, ALARM, ALARM_OFF, KEEP, KEEP_OFF = 0x1A, 0x1B, 0x1C, 0x2A, 0x2B, 0x3A, 0x3B
CONTACT_OPEN_BIT, TRIP_ORDERED_BIT, ALARM_BIT = 1 << 4, 1 << 6, 1 << 7
RELAY_TRAVEL_S = 1
BEIJING_S = 8 * 3600


class Dlt645Meter(Instrument):
    """Power meter with a 12-digit number. A station for the line by itself: `hears` and `receive`.

    Raises ValueError for a number that is not 12 digits. `relay_moved(closed)` is called
    when the contact really moves; `preamble` FE bytes stand before every answer.
    """

    refresh_ms = 500
    faults = meter_faults.POWER | meter_faults.RELAY

    def __init__(self, number: str, well: Well, edition: int = 2007) -> None:
        if len(number) != 12 or not number.isascii() or not number.isdigit():
            raise ValueError(f"a DL/T 645 address has 12 digits, not {number!r}")
        super().__init__(number, well)
        self.number = number
        self.edition = edition
        self.preamble = 4
        self.data_bytes_max = DATA_BYTES_MAX
        self.bad_frames = 0
        self.is_relay_closed = True
        self.relay_moved: Callable[[bool], None] | None = None
        self.measured = Quantities(well, self._active)
        self._serial = 202605170001
        self._utc_s = 0
        self._clock_offset_s = BEIJING_S
        self._ordered_closed = True
        self._moves_at_s: int | None = None
        self._may_close = self._alarm = self._keeps_supply = False
        self._left: dict[str, tuple[int, bytes]] = {}  # identifier: (next frame's number, rest)

    # -- on the line

    def hears(self, frame: bytes) -> bool:
        """Whether a frame on the wire is a whole request to this meter."""
        asked = dlt645_wire.parse(frame)
        return asked is not None and dlt645_wire.is_for(asked.address, self.number)

    def receive(self, frame: bytes, reply: Callable[[bytes], None]) -> None:
        """Answer a request; broadcasts, damaged frames and what is meant for others get no word."""
        asked = dlt645_wire.parse(frame)
        if asked is None or not dlt645_wire.is_for(asked.address, self.number):
            self.bad_frames += asked is None
            return
        answer = self._answer(asked.control, asked.data)
        if answer is not None and asked.address != dlt645_wire.BROADCAST:
            control, data = answer
            reply(dlt645_wire.build(self.number, asked.control | REPLY | control, data, self.preamble))

    def _answer(self, control: int, data: bytes) -> tuple[int, bytes] | None:
        """Return (flags on the control code, data), or None for silence."""
        if control == BROADCAST_TIME:
            self._set_clock(data)
            return None
        if control == READ_ADDRESS:
            return 0, bytes.fromhex(self.number)[::-1]
        if control == WRITE_ADDRESS:
            if len(data) != 6 or not data.hex().isdigit():
                return None  # this function has no error reply (dlt645.md section 3)
            self.number = self.address = data[::-1].hex()
            return 0, b""
        if self.edition == 1997:
            return self._read_old(data) if control == READ_1997 else (ERROR, bytes((OTHER_ERROR,)))
        if control in (READ, READ_NEXT):
            return self._read(data) if control == READ else self._read_next(data)
        if control == RELAY:
            error = self._relay_error(data)
            return (ERROR, bytes((error,))) if error else (0, b"")
        if control == READ_1997:
            return None  # a 2007 meter does not answer it (dlt645.md section 7)
        refusal = self._write_error(data) if control == WRITE else REFUSED.get(control, OTHER_ERROR)
        return ERROR, bytes((refusal,))

    def _write_error(self, data: bytes) -> int:
        """Why nothing can be written: too short, no such data, or not authorised."""
        if len(data) <= WRITE_BYTES_MIN:
            return OTHER_ERROR
        return WRONG_PASSWORD if self._value(data[:4][::-1].hex().upper()) is not None else NO_SUCH_DATA

    def _read(self, data: bytes) -> tuple[int, bytes]:
        di = data[:4][::-1].hex().upper()
        value = self._value(di) if len(data) >= 4 else None
        if value is None:
            return ERROR, bytes((NO_SUCH_DATA,))
        room = self.data_bytes_max - 4
        self._left.pop(di, None)
        if len(value) <= room:
            return 0, data[:4] + value
        self._left[di] = (1, value[room:])
        return MORE, data[:4] + value[:room]

    def _read_next(self, data: bytes) -> tuple[int, bytes]:
        """The frame after the last one: identifier, data, sequence number."""
        di = data[:4][::-1].hex().upper()
        number, rest = self._left.get(di, (0, b""))
        if len(data) != 5 or not rest or data[4] not in (number, number - 1):
            return ERROR, bytes((NO_SUCH_DATA,))
        room = self.data_bytes_max - 5
        self._left[di] = (number + 1, rest[room:])
        return MORE if len(rest) > room else 0, data[:4] + rest[:room] + bytes((number,))

    def _read_old(self, data: bytes) -> tuple[int, bytes]:
        value = dlt645_data.read_1997(data[:2][::-1].hex().upper(), self.measured)
        return (ERROR, bytes((NO_SUCH_DATA,))) if value is None else (0, data[:2] + value)

    def _value(self, di: str) -> bytes | None:
        if di == "04000503":
            return self._status_word().to_bytes(2, "little")
        if di[:6] == "040005" and "01" <= di[6:] <= "07":
            return bytes(2)
        clock = dlt645_data.clock_bytes(self._utc_s + self._clock_offset_s)
        plain = {
            "04000101": clock[3:],
            "04000102": clock[:3],
            "04000401": bytes.fromhex(self.number)[::-1],
            "04000402": bytes.fromhex(f"{self._serial:012d}")[::-1],
            "04000404": dlt645_data.RATED_VOLTAGE[::-1].rjust(6, b"\0"),
        }
        return plain[di] if di in plain else dlt645_data.read_2007(di, self.measured)

    def _status_word(self) -> int:
        """Word 3: what the contact does and what it was told (dlt645.md section 6)."""
        word = 0 if self.is_relay_closed else CONTACT_OPEN_BIT
        word |= 0 if self._ordered_closed else TRIP_ORDERED_BIT
        return word | (ALARM_BIT if self._alarm else 0)

    # -- relay and clock

    def _relay_error(self, data: bytes) -> int:
        """Accept a command (0), or say why not. Accepted does not mean moved."""
        if len(data) != RELAY_BYTES:
            return OTHER_ERROR
        if data[0] not in LEVELS or data[1:4] != PASSWORD:
            return WRONG_PASSWORD
        now = dlt645_data.clock_bytes(self._utc_s + self._clock_offset_s)
        moment = now[:3] + now[4:]
        expiry = data[10:16]
        if not expiry.hex().isdigit() or expiry[::-1] <= moment[::-1]:
            return OTHER_ERROR  # too late: the command must end after the meter's clock
        order = data[8]
        if order == TRIP and self._keeps_supply:
            return OTHER_ERROR
        if order in (TRIP, CLOSE):
            self._order(order == CLOSE)
        elif order == CLOSE_PERMITTED:
            self._may_close = True
        elif order in (ALARM, ALARM_OFF):
            self._alarm = order == ALARM
        elif order in (KEEP, KEEP_OFF):
            self._keeps_supply = order == KEEP
        else:
            return OTHER_ERROR
        return 0

    def press_button(self) -> None:
        """Somebody closes the relay by hand, which works once it is permitted."""
        if self._may_close:
            self._order(True)

    def _order(self, closed: bool) -> None:
        self._ordered_closed = closed
        self._may_close = False
        self._moves_at_s = self._utc_s + RELAY_TRAVEL_S

    def _set_clock(self, data: bytes) -> None:
        """Broadcast time ss mm hh DD MM YY: wrong digits change nothing."""
        from datetime import UTC, datetime  # noqa: PLC0415 - needed here alone

        try:
            second, minute, hour, day, month, year = (int(f"{byte:02x}") for byte in data)
            told = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return
        self._clock_offset_s = int(told.timestamp()) - self._utc_s

    # -- measuring

    def refresh(self, utc_s: int) -> None:
        """See Instrument.refresh; a relay under way arrives."""
        self._utc_s = utc_s
        if self._moves_at_s is not None and utc_s >= self._moves_at_s and "relay_stuck" not in self._active:
            self._moves_at_s = None
            moved, self.is_relay_closed = self.is_relay_closed != self._ordered_closed, self._ordered_closed
            if moved and self.relay_moved is not None:
                self.relay_moved(self.is_relay_closed)
        super().refresh(utc_s)

    def _count(self, passed_ms: int = 0) -> None:
        self.measured.count(passed_ms)

    def _build(self, utc_s: int) -> None:  # noqa: ARG002 - the clock runs on in `refresh`
        self.measured.begin()

    def _act(self, name: str) -> None:
        self.measured.act(name, dlt645_data.MODULUS_WH, dlt645_data.MODULUS_WH)
        if name == "swapped":
            self._serial += 1_111
