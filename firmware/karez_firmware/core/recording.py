"""What the controller writes down: pump, meters and books at one moment (design §8).

Every measuring record ties them together, so that "the pump ran, the meter was healthy,
this was its register" is one signed statement.
"""

from karez_protocols import causes, record
from karez_protocols.constant import const

# One lost answer is the line's everyday; a meter is gone after both of these (design §4, field F6).
_GONE_MS = const(3_000)
_GONE_READINGS = const(2)

UNREAD = 128  # meter state before its first answer (255 twice would read as unknown)
_AGE_DS_MAX = const(65_534)

# What a record holds of a reading. A wild one must not keep a start or a stop from being written.
_SIGNED_MAX = const(0x7FFF_FFFE)
_TWO_BYTES_MAX = const(65_534)

NO_DETAIL = bytes(24)

_ELECTRIC = (
    "voltage_a_dv",
    "voltage_b_dv",
    "voltage_c_dv",
    "current_a_ca",
    "current_b_ca",
    "current_c_ca",
)


def _fitting(value, most):
    """The value, None (unknown) when no record holds it."""
    return None if value is None or abs(value) > most else value


class Meter:
    """The last answer of one meter: what it said, and when."""

    def __init__(self):
        self.values = {}
        self.raw = bytes(8)
        self.at_ms = None
        self.step = 1  # the least by which its total can move
        self.state = UNREAD
        self._failures = 0
        self._failed_ms = 0

    def take(self, reading, now_ms):
        """Take a finished reading: `status`, and with status 0 `at_ms`, `raw`, `values`, `step`."""
        self.state = reading["status"]
        if self.state and not self._failures:
            self._failed_ms = now_ms
        self._failures = self._failures + 1 if self.state else 0
        if reading["status"] == 0:
            self.values = reading["values"]
            self.raw = reading["raw"]
            self.at_ms = reading["at_ms"]
            self.step = reading["step"]
        else:
            self.values = {}  # unknown is a state: an old value is never repeated

    def is_gone(self, now_ms):
        """True after failed readings in a row, both long and often enough."""
        return self._failures >= _GONE_READINGS and now_ms - self._failed_ms >= _GONE_MS

    def value(self, name):
        """Return the value read last, None when the last reading did not bring it."""
        return self.values.get(name)

    def age_ds(self, now_ms):
        """Tenths of a second since the registers in `raw` were read; None if never."""
        return None if self.at_ms is None else min((now_ms - self.at_ms) // 100, _AGE_DS_MAX)


class Recorder:
    """Builds the values of records from the parts of one site."""

    def __init__(self, books, pump):
        self._books = books
        self._pump = pump
        self.water = Meter()
        self.energy = Meter()
        self.level = Meter()
        self.witness = Meter()
        self.status = self.alarms = 0

    def raise_if(self, bit, is_so):
        """An alarm stands while it is so."""
        self.alarms = self.alarms | bit if is_so else self.alarms & ~bit

    def raise_status(self, bit, is_so):
        """A status bit stands until it is set otherwise."""
        self.status = self.status | bit if is_so else self.status & ~bit

    def measured(self, kind, cause, now_ms):
        """The fields every measuring record shares."""
        books, water, energy = self._books, self.water, self.energy
        return {
            "kind": kind,
            "cause": cause,
            "segment": books.segment,
            "method": books.method,
            "pump": self._pump.state,
            "water_raw": water.raw,
            "energy_raw": energy.raw,
            "water_age_ds": water.age_ds(now_ms),
            "energy_age_ds": energy.age_ds(now_ms),
            "volume_l": books.volume_l,
            "held_l": books.held_l,
            "energy_wh": books.energy_wh,
            "flow_lph": _fitting(water.value("flow_lph"), _SIGNED_MAX),
            "power_w": _fitting(energy.value("power_w"), _SIGNED_MAX),
            "status": self.status,
            "meters": water.state | energy.state << 8,
            "alarms": self.alarms,
        }

    def interval(self, now_ms):
        """An interval record, with what the power meter says of the mains."""
        values = self.measured(record.INTERVAL, causes.NONE, now_ms)
        for name in _ELECTRIC:
            value = _fitting(self.energy.value(name), _TWO_BYTES_MAX)
            # A reversed transformer counts backwards; the power's sign tells.
            values[name] = None if value is None else abs(value)
        values["level_mm"] = _fitting(self.level.value("level_mm"), _SIGNED_MAX)
        values["pressure_pa"] = None
        return values

    def irrigation(self, kind, cause, account, credential, account_l, ceiling_l, now_ms):
        """A start or a stop: who, what he has used, and up to where."""
        values = self.measured(kind, cause, now_ms)
        values["account"] = account
        values["credential"] = credential
        values["account_l"] = account_l
        values["ceiling_l"] = ceiling_l
        values["actor"] = 0
        return values

    def event(self, cause, now_ms, subject=0, detail=NO_DETAIL):
        """Something that happened, with a number and 24 bytes about it."""
        values = self.measured(record.EVENT, cause, now_ms)
        values["subject"] = subject
        values["detail"] = detail
        return values

    def boot(self, chain, last_seq, order_seq, outage_s, tier, now_ms):
        """What every start begins with."""
        values = self.measured(record.BOOT, causes.NONE, now_ms)
        values["chain"] = chain
        values["order_seq"] = order_seq
        values["last_seq"] = last_seq
        values["outage_s"] = outage_s
        values["tier"] = tier
        return values

    def gap(self, before, outage_s, utc_s, now_ms):
        """The litres between two good readings over an outage, booked where the gap ends."""
        values = self.measured(record.GAP, causes.NONE, now_ms)
        values["outage_s"] = outage_s
        values["from_utc_s"] = None if outage_s is None or utc_s is None else utc_s - outage_s
        values["volume_before_l"], values["energy_before_wh"] = before
        return values
