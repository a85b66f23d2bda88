"""[power] of gateway.toml: how the power company's file is read, and what difference is none."""

from typing import Annotated

from pydantic import Field, field_validator

from karez_gateway.config.values import Section
from karez_gateway.county.power import columns

Percent = Annotated[int, Field(ge=0, le=100)]


class Power(Section):
    """[power]: `columns` says what the file calls a column: meter = "电表资产号"."""

    tolerance_percent: Percent = 5
    tolerance_kwh: Annotated[int, Field(ge=0, le=1_000_000)] = 20
    own_use_kwh: Annotated[int, Field(ge=0, le=1_000_000)] = 60  # a month: losses, lamp, controller
    columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("columns")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = columns.fault(value)
        if wrong:
            raise ValueError(wrong)
        return value
