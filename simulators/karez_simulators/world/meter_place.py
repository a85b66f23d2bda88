"""What a meter sees of a well: the well itself, but for its own error and for what goes around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_simulators.well import Well, WellParameters


class MeterPlace:
    """A well as seen from where a meter hangs. Looks like a Well to a meter.

    `gain_ppm` of what passes is shown: the meter's own error, times what a bypass leaves. Changing it
    changes nothing that was counted before.
    """

    def __init__(self, well: Well, gain_ppm: int = 1_000_000) -> None:
        """Take the well."""
        self._well = well
        self._gain_ppm = gain_ppm
        self._water_ul = self._seen_ul = 0
        self._energy_mwh = self._seen_mwh = 0

    @property
    def parameters(self) -> WellParameters:
        """Of the well."""
        return self._well.parameters

    @property
    def mains(self) -> bool:
        """Whether the supply is there."""
        return self._well.mains

    @property
    def gain_ppm(self) -> int:
        """Millionths of what passes that are shown."""
        return self._gain_ppm

    @gain_ppm.setter
    def gain_ppm(self, value: int) -> None:
        self._water_ul, self._seen_ul = self.volume_ul, self._well.volume_ul
        self._energy_mwh, self._seen_mwh = self.energy_milliwh, self._well.energy_milliwh
        self._gain_ppm = value

    @property
    def volume_ul(self) -> int:
        """Microlitres that have passed the meter."""
        return self._water_ul + (self._well.volume_ul - self._seen_ul) * self._gain_ppm // 1_000_000

    @property
    def flow_lph(self) -> int:
        """Flow in the meter."""
        return self._well.flow_lph * self._gain_ppm // 1_000_000

    @property
    def energy_milliwh(self) -> int:
        """Energy that has passed the meter, thousandths of a watt-hour."""
        return self._energy_mwh + (self._well.energy_milliwh - self._seen_mwh) * self._gain_ppm // 1_000_000

    @property
    def power_w(self) -> int:
        """Power at the meter."""
        return self._well.power_w * self._gain_ppm // 1_000_000
