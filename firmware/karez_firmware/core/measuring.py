"""The measuring part of a record: pump, meters and books at one moment (design §8)."""

# Controller status bits.
COMMANDED = 1
AUX_CLOSED = 2
POWER_PRESENT = 4
FLOW_PRESENT = 8
BOOKS_KNOWN = 16
HEAD_REBUILT = 32

# Alarm bits.
NOT_STOPPED = 1
NOT_STARTED = 2
UNCERTAIN = 4
FOREIGN_RUN = 8
WATER_SILENT = 16
ENERGY_SILENT = 32
STORE_FAILED = 64

UNREAD = 255  # meter state before its first answer

AGE_DS_MAX = 65_534


class Meter:
    """The last answer of one meter: what it said, and when."""

    def __init__(self):
        self.values = {}
        self.raw = bytes(8)
        self.at_ms = None
        self.state = UNREAD

    def take(self, reading):
        """Take a finished reading (a dict with `status`, `at_ms`, `raw` and values)."""
        self.state = reading["status"]
        if reading["status"] == 0:
            self.values = reading["values"]
            self.raw = reading["raw"]
            self.at_ms = reading["at_ms"]
        else:
            self.values = {}  # unknown is a state: an old value is never repeated

    def value(self, name):
        """Return the value read last, None when the last reading did not bring it."""
        return self.values.get(name)

    def age_ds(self, now_ms):
        """Tenths of a second since the registers in `raw` were read; None if never."""
        return None if self.at_ms is None else min((now_ms - self.at_ms) // 100, AGE_DS_MAX)


def fill(values, books, water, energy, pump, now_ms, status, alarms):
    """Put the measuring fields into a record's values."""
    values["segment"] = books.segment
    values["method"] = books.method
    values["pump"] = pump.state
    values["water_raw"] = water.raw
    values["energy_raw"] = energy.raw
    values["water_age_ds"] = water.age_ds(now_ms)
    values["energy_age_ds"] = energy.age_ds(now_ms)
    values["volume_l"] = books.volume_l
    values["held_l"] = books.held_l
    values["energy_wh"] = books.energy_wh
    values["flow_lph"] = water.value("flow_lph")
    values["power_w"] = energy.value("power_w")
    values["status"] = status
    values["meters"] = water.state | energy.state << 8
    values["alarms"] = alarms
    return values


def fill_electric(values, energy):
    """Put the last 28 bytes of an interval record into its values."""
    for phase in "abc":
        values["voltage_%s_dv" % phase] = energy.value("voltage_%s_dv" % phase)
        values["current_%s_ca" % phase] = energy.value("current_%s_ca" % phase)
    values["level_mm"] = None
    values["pressure_pa"] = None
    return values
