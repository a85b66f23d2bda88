"""One segment of a register: from where it counts, and what a unit of it is worth (design §5).

    W = base + (turned + register - register_base) x multiplier

`turned` is what whole turns of the register have added, turns x modulus, in its own unit: a
meter whose unit is set anew later does not revalue the turns before. A binding's
register_base counts from turn 0.
"""

from karez_protocols import causes, event_details, fields, record
from karez_protocols.constant import const
from karez_protocols.errors import NotAllowed

_NUMBER_MAX = const(65_534)  # two bytes in every record, all ones = unknown; the last number then stays

# What must survive a loss of power (fields.py); all ones: no segment. is_confirmed: 0, 1.
LAYOUT = """
number u2
method u1
base u6
register_base u6
turned u6
closing u6
multiplier_ppm u4
coefficient_version u2
is_confirmed u1
opened_utc_s u4
"""


def unknown():
    """Return a snapshot of a quantity that is not metered here: every value unknown."""
    return b"\xff" * fields.size_of(LAYOUT)


def known(data):
    """Return the values of a snapshot, None where there is no segment: `data` may be None, too."""
    values = fields.unpack(LAYOUT, data) if data else {}
    return values if values.get("number") else None  # 0: in a head that was never written


class Segment:
    """Where a stretch of one register begins; `quantity` is grant.WATER or grant.ENERGY."""

    def __init__(self, quantity, number, values):
        self.quantity = quantity
        self.number = min(number, _NUMBER_MAX)
        self.method = values.get("method", record.METERED)
        self.base = values["base"]
        self.register_base = values["register_base"]
        self.multiplier_ppm = values["multiplier_ppm"]
        self.coefficient_version = values.get("coefficient_version", 0)
        self.turned = 0
        self.closing = None  # where the register before stood last; None in a binding's segment
        self.is_confirmed = True  # the bench signed it, or a person entered it
        self.opened_utc_s = None  # trusted time, None while there is none

    @property
    def is_converted(self):
        """True if the register is the energy meter's: Wh x coefficient (以电折水)."""
        return self.method in (record.CONVERTED, record.CONVERTED_GROUP)

    def value(self, register):
        """Return what is booked when the register says this: litres or Wh."""
        return self.base + (self.turned + register - self.register_base) * self.multiplier_ppm // 1_000_000

    def register_at(self, value):
        """Return the least register, turns not taken off, that books this value."""
        units = -(-(value - self.base) * 1_000_000 // self.multiplier_ppm)
        return self.register_base - self.turned + units

    def following(self, number, base, register_base, closing):
        """Return the segment after this one: the same unit, another beginning, confirmed by nobody."""
        found = Segment(self.quantity, number, {
            "method": self.method, "base": base, "register_base": register_base,
            "multiplier_ppm": self.multiplier_ppm, "coefficient_version": self.coefficient_version,
        })  # fmt: skip
        found.closing = closing
        found.is_confirmed = False
        return found

    def detail(self, reason):
        """Return the values of event_details.SEGMENT."""
        return {
            "quantity": self.quantity,
            "method": self.method,
            "reason": reason,
            "number": self.number,
            "closing": self.closing,
            "register_base": self.register_base,
            "base": self.base,
            "is_confirmed": int(self.is_confirmed),
            "multiplier_ppm": self.multiplier_ppm,  # no field of the layout: for the event's subject
        }

    def snapshot(self):
        """Return the bytes of LAYOUT, none of a number that they cannot hold: no head takes that."""
        values = {
            "number": self.number, "method": self.method, "base": self.base,
            "register_base": self.register_base, "turned": self.turned, "closing": self.closing,
            "multiplier_ppm": self.multiplier_ppm, "coefficient_version": self.coefficient_version,
            "is_confirmed": int(self.is_confirmed), "opened_utc_s": self.opened_utc_s,
        }  # fmt: skip
        try:
            return fields.pack(LAYOUT, values)
        except NotAllowed:
            return b""

    def restore(self, values):
        """Take the values of a snapshot (known); False if the binding has a later segment."""
        if values["number"] < self.number:
            return False
        self.number, self.method = values["number"], values["method"]
        self.base, self.register_base = values["base"], values["register_base"]
        self.turned, self.closing = values["turned"], values["closing"]
        self.multiplier_ppm, self.coefficient_version = (
            values["multiplier_ppm"],
            values["coefficient_version"],
        )
        self.is_confirmed, self.opened_utc_s = bool(values["is_confirmed"]), values["opened_utc_s"]
        return True


def begin(books, followed, base, first, register_now, now_ms, reason):
    """Close the segment of a Register and begin the next, unconfirmed: it counts from `first` on."""
    found = followed.segment.following(books.next_number(), base, first, followed.last)
    found.opened_utc_s = books.utc_s
    followed.reopen(found, register_now, now_ms)
    books.events.append((causes.SEGMENT_OPENED, found.detail(reason)))


def decide(books, followed, register_now, now_ms, bound, beside_now):
    """Three readings have decided (register.OPENED): what was counted beside them is booked."""
    first, beside = followed.first
    # Up to the first reading what was counted beside it then; by now the power meter may have told
    # more, and a register that stands while the pump runs must not take it back.
    counted = followed.segment.value(register_now) - followed.segment.value(first)
    beside = max(beside, beside_now - counted)
    # Near zero: it may have counted up from there since the last good reading.
    is_reset = first < followed.last and first <= bound
    reason = event_details.RESET if is_reset else event_details.JUMP
    begin(books, followed, followed.value + beside, first, register_now, now_ms, reason)


def book_uncounted(books, register_now, now_ms):
    """What no meter will ever count is more than one decision's time: W takes it, and a person sees it."""
    base = books.volume_l + books.held.uncounted_l
    begin(books, books.water, base, register_now, register_now, now_ms, event_details.JUMP)
    books.held.close(books.used_wh)
