"""What a well's controller has to say: intervals, irrigations, checkpoints, at a controller's cadence.

Design §8: a checkpoint at boot, at each stop, hourly while pumping, six-hourly idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import record
from karez_simulators.fleet.records import RUNNING, STOPPED

if TYPE_CHECKING:
    from karez_simulators.fleet.records import Scribe

PUMPING_CHECKPOINT_S, IDLE_CHECKPOINT_S = 3_600, 21_600
WELL_FLOW_LPH, WELL_POWER_W = 50_000, 15_000
INTAKE_FLOW_LPH = 720_000  # 0.2 m³/s in an open channel, which has no pump
HALF_DAY_MINUTES = 720  # an irrigation of a backlog: half a day on, half a day off


class WellLife:
    """One site's story. `intake`: an open channel, where water always flows."""

    def __init__(self, scribe: Scribe, *, intake: bool, checkpoint_phase_s: int) -> None:
        """`checkpoint_phase_s` of the hour: a county's controllers did not all start at once."""
        self.scribe = scribe
        self._intake = intake
        self._phase_s = checkpoint_phase_s
        self._checkpoint: int | None = None

    @property
    def is_pumping(self) -> bool:
        """True while water flows."""
        return self._intake or self.scribe.pump == RUNNING

    @property
    def flow(self) -> tuple[int, int]:
        """Flow in L/h and power in W just now."""
        if self._intake:
            return INTAKE_FLOW_LPH, 0
        return (WELL_FLOW_LPH, WELL_POWER_W) if self.is_pumping else (0, 0)

    def boot(self, utc_s: int) -> None:
        """Power comes: a boot record and its checkpoint."""
        self.scribe.measuring(record.BOOT, utc_s, chain=1)
        self._sign(utc_s)

    def start(self, utc_s: int) -> None:
        """Somebody presses the button."""
        if self.is_pumping:
            return
        self.scribe.pump = RUNNING
        self.scribe.measuring(record.START, utc_s, *self.flow)
        self._checkpoint = self._number(utc_s)

    def stop(self, utc_s: int) -> None:
        """The irrigation ends: a stop record and its checkpoint."""
        if self._intake or not self.is_pumping:
            return
        self.scribe.pump = STOPPED
        self.scribe.measuring(record.STOP, utc_s)
        self._sign(utc_s)

    def interval(self, utc_s: int, length_s: int) -> None:
        """An interval of so many seconds ends; a checkpoint behind it if its time has come."""
        flow_lph, power_w = self.flow
        litres, energy_wh = flow_lph * length_s // 3600, power_w * length_s // 3600
        self.scribe.interval(utc_s, litres, energy_wh, flow_lph, power_w)
        if self._number(utc_s) != self._checkpoint:
            self._sign(utc_s)

    def live_through(self, minutes: int, until_utc_s: int, phase: int) -> None:
        """Write so many minutes of records up to `until_utc_s`; `phase` in minutes shifts irrigations."""
        for minute in range(minutes):
            utc_s = until_utc_s - 60 * (minutes - minute)
            half_days, minutes_in = divmod(minute + phase, HALF_DAY_MINUTES)
            if not minutes_in:
                turn = self.start if half_days % 2 else self.stop
                turn(utc_s)
            self.interval(utc_s, 60)

    def _number(self, utc_s: int) -> int:
        return (utc_s - self._phase_s) // (PUMPING_CHECKPOINT_S if self.is_pumping else IDLE_CHECKPOINT_S)

    def _sign(self, utc_s: int) -> None:
        self.scribe.checkpoint(utc_s)
        self._checkpoint = self._number(utc_s)
