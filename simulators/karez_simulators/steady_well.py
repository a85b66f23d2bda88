"""A well whose flow a person sets by hand: for a bench where the controller is the thing under test."""

from __future__ import annotations

from karez_simulators.well import LIMITS, Well, WellParameters


class SteadyWell(Well):
    """A well at a level that does not move, giving `flow_lph` while the pump runs.

    Power follows the flow by the usual 367 x eta / H. Raises ValueError for a flow no well has.
    """

    def __init__(self, flow_lph: int, now_ms: int = 0) -> None:
        self._wanted_lph = _checked(flow_lph)
        super().__init__(WellParameters(rated_flow_lph=max(flow_lph, LIMITS["rated_flow_lph"][0])), now_ms)

    def set_flow(self, flow_lph: int, now_ms: int) -> None:
        """From now on the pump gives this much. Raises ValueError for a flow no well has."""
        self._wanted_lph = _checked(flow_lph)
        self.advance(now_ms)
        self._set_heads()

    def _set_heads(self) -> None:
        self._drawdown_um = 0
        self._full_flow_mlph = self._wanted_lph * 1000
        lifted_mw = self._full_flow_mlph * 1000 // max(self.parameters.litres_per_kwh, 1)
        idle_mw = self.parameters.rated_power_w * 400  # a pump that lifts nothing still heats water
        self._full_power_mw = max(lifted_mw, idle_mw)


def _checked(flow_lph: int) -> int:
    greatest = LIMITS["rated_flow_lph"][1]
    if not 0 <= flow_lph <= greatest:
        raise ValueError(f"flow must be 0 to {greatest // 1000} m3/h, not {flow_lph / 1000:g}")
    return flow_lph
