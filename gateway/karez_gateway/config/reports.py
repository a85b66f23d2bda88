"""[county.reports] of gateway.toml: lines, lists and reminders, which differ by place and year."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from karez_gateway.config.values import Section
from karez_gateway.county.registry.words import CLASSES, HOLDERS, SOURCES

Percent = Annotated[int, Field(ge=100, le=1000)]
Days = Annotated[int, Field(ge=1, le=3660)]


class UserList(Section):
    """[[county.reports.list]]: users of so much water a year; of one name the newest in force counts.

    `at_least_m3` is 以上, `over_m3` is 超过: one of them. `always` names holders or sites that a person
    wants in.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    en: Annotated[str, Field(min_length=1, max_length=80)]
    zh: Annotated[str, Field(min_length=1, max_length=80)]
    at_least_m3: Annotated[int, Field(ge=0)] | None = None
    over_m3: Annotated[int, Field(ge=0)] | None = None
    from_year: Annotated[int, Field(ge=1971, le=2104)] = 1971
    to_year: Annotated[int, Field(ge=1971, le=2104)] = 2104
    classes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    always: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.at_least_m3 is None) == (self.over_m3 is None):
            raise ValueError("say at_least_m3 or over_m3, one of them")
        for key, words in (("classes", CLASSES), ("sources", SOURCES), ("holders", HOLDERS)):
            for one in getattr(self, key):
                if one not in words:
                    raise ValueError(f"{key}: {one!r} is not known: one of {', '.join(words)}")
        return self

    def holds(self, litres: int) -> bool:
        """True if a year's litres reach the line."""
        if self.over_m3 is not None:
            return litres > self.over_m3 * 1000
        return litres >= (self.at_least_m3 or 0) * 1000


class Reports(Section):
    """[county.reports]: lines of the lists that reports hold."""

    balance_percent: Percent = 130  # 水平衡测试: this part of the plan or more
    due_days: Days = 60  # meters whose verification ends within so many days are listed
    idle_days: Days = 365  # without a litre for so long, a well is listed as idle
    half_year_day: Annotated[int, Field(ge=1, le=28)] = 15  # of the month after, the half-year report is due
    list: tuple[UserList, ...] = ()

    def lists_of(self, year: int) -> tuple[UserList, ...]:
        """Lists in force in a year: of each name the one that began last."""
        found: dict[str, UserList] = {}
        for one in sorted(self.list, key=lambda each: each.from_year):
            if one.from_year <= year <= one.to_year:
                found[one.name] = one
        return tuple(found.values())
