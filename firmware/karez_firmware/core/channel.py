"""An open channel as a water meter: flow over time makes a register of litres (C34, Z04).

The books need not know. The register is ours, so it counts only what was seen: over a stretch
whose level was not known it stands, the first reading after it says that it was not measuring,
and the books keep what P counted of it (rated flow x time). What flows while the box has no
power nobody has seen.
"""

from karez_protocols.constant import const

_HOUR_MS = const(3_600_000)
_STEP_MS = const(60_000)  # two levels farther apart say nothing of what lies between (design §5's silence)
_OK = const(0)  # status of a reading in order, as the driver of the gauge gives it (drivers/master.py)

# What must survive a loss of power (fields.py). The rest is in 1/7,200,000 litre: the sum
# of two flows in L/h, x ms.
LAYOUT = """
channel_l u6
channel_rest u4
"""


class Channel:
    """Integrates a Curve's flow between the readings of a level gauge, in mm."""

    def __init__(self, curve):
        self._curve = curve
        self.volume_l = 0
        self._rest = 0
        self._flow_lph = None  # at the last reading, None: not known
        self._at_ms = 0

    def restore(self, head):
        """Take the register from before a restart; unknown begins at 0."""
        self.volume_l = head.get("channel_l") or 0
        self._rest = head.get("channel_rest") or 0

    def snapshot(self):
        """Return the values of LAYOUT."""
        return {"channel_l": self.volume_l, "channel_rest": self._rest}

    def take(self, gauge):
        """Return the reading of a water meter for a reading of the gauge (drivers/meter_reader.py).

        Its `values` are volume_l, flow_lph and level_mm; a gauge that does not answer leaves all
        of them unknown.
        """
        level_mm = gauge["values"].get("level_mm") if gauge["status"] == _OK else None
        flow_lph = self._curve.flow_lph(level_mm)
        was_seen = self._integrate(flow_lph, gauge["at_ms"])
        reading = dict(gauge)
        reading["values"] = {
            "volume_l": self.volume_l if gauge["status"] == _OK else None,
            "flow_lph": flow_lph,
            "level_mm": level_mm,
        }
        reading["measuring"] = was_seen
        reading["modulus"] = None
        reading["step"] = 1
        return reading

    def _integrate(self, flow_lph, at_ms):
        """Count up to this reading; True if all since the one before was seen."""
        before_lph, self._flow_lph = self._flow_lph, flow_lph
        if flow_lph is None:
            return False
        elapsed_ms, self._at_ms = at_ms - self._at_ms, at_ms
        if before_lph is None or elapsed_ms > _STEP_MS:
            return False
        # The mean of both ends; halves are kept in the rest, not lost.
        self._rest += (before_lph + flow_lph) * elapsed_ms
        self.volume_l += self._rest // (2 * _HOUR_MS)
        self._rest %= 2 * _HOUR_MS
        return True
