"""One pumped well, as bench and county know it; its model is in `physics/`."""

from karez_simulators.physics.well import Well
from karez_simulators.physics.well_parameters import LIMITS, WellParameters

__all__ = ["LIMITS", "Well", "WellParameters"]
