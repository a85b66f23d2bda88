"""[county] of gateway.toml: when its water year begins, and at which civil time it counts."""

from typing import Annotated

from pydantic import Field

from karez_gateway.calendars import DEFAULT_OFFSET_H
from karez_gateway.config_api import OffsetH
from karez_gateway.config_reports import Reports
from karez_gateway.config_values import Section

Month = Annotated[int, Field(ge=1, le=12)]


class County(Section):
    """[county]: the water year (水量年度) begins on the first day of a month, local time."""

    water_year_month: Month = 1
    utc_offset_h: OffsetH = DEFAULT_OFFSET_H
    reports: Reports = Reports()
