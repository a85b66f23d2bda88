"""What a meter sees of a well: the well itself, but for its own error and for what goes around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from karez_simulators.well import Well


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

    def __getattr__(self, name: str) -> Any:
        """Supply, parameters and the like are the well's own, wherever a meter hangs."""
        return getattr(self._well, name)

    @property
    def gain_ppm(self) -> int:
        """Millionths of what passes that are shown."""
        return self._gain_ppm

    @gain_ppm.setter
    def gain_ppm(self, value: int) -> None:
        self._water_ul, self._seen_ul = self.pipe_volume_ul, self._well.pipe_volume_ul
        self._energy_mwh, self._seen_mwh = self.energy_milliwh, self._well.energy_milliwh
        self._gain_ppm = value

    @property
    def pipe_volume_ul(self) -> int:
        """Microlitres that have passed the meter, air in the water among them."""
        return self._water_ul + (self._well.pipe_volume_ul - self._seen_ul) * self._gain_ppm // 1_000_000

    @property
    def pipe_flow_lph(self) -> int:
        """Flow in the meter."""
        return self._well.pipe_flow_lph * self._gain_ppm // 1_000_000

    @property
    def energy_milliwh(self) -> int:
        """Energy that has passed the meter, thousandths of a watt-hour."""
        return self._energy_mwh + (self._well.energy_milliwh - self._seen_mwh) * self._gain_ppm // 1_000_000

    @property
    def power_w(self) -> int:
        """Power at the meter."""
        return self._well.power_w * self._gain_ppm // 1_000_000
