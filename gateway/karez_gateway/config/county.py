"""[county] of gateway.toml: its water year, its civil time, its rule for renewed wells."""

from typing import Annotated

from pydantic import Field

from karez_gateway.calendars import DEFAULT_OFFSET_H, Calendar
from karez_gateway.config.api import OffsetH
from karez_gateway.config.reports import Reports
from karez_gateway.config.values import Section
from karez_gateway.county.years.wateryear import WaterYears

Month = Annotated[int, Field(ge=1, le=12)]


class County(Section):
    """[county]: the water year (水量年度) begins on the first day of a month, local time."""

    water_year_month: Month = 1
    # Wells that are retired for one renewed farming well in an over-drawn area (减二更一); 0 asks for none.
    retired_for_renewed: Annotated[int, Field(ge=0, le=10)] = 2
    utc_offset_h: OffsetH = DEFAULT_OFFSET_H
    reports: Reports = Reports()

    @property
    def years(self) -> WaterYears:
        """The water years that these settings say."""
        return WaterYears(Calendar(self.utc_offset_h), self.water_year_month)
