"""[api] and [[export]] of gateway.toml: who may look from elsewhere, and what is written for others."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from karez_gateway.calendars import DEFAULT_OFFSET_H, OFFSET_H_MAX, OFFSET_H_MIN
from karez_gateway.config.values import Port, Section, is_loopback
from karez_gateway.errors import ConfigError

DEFAULT_PORT = 8080
KINDS = ("ledger", "records", "status")
FORMATS = ("csv", "xlsx", "json")

OffsetH = Annotated[int, Field(ge=OFFSET_H_MIN, le=OFFSET_H_MAX)]


def check_export_name(text: str) -> str:
    """Return a name that is safe as the beginning of a file's. Raises ValueError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", text):
        raise ValueError("an export's name is 1 to 32 lower-case letters, digits and dashes: files bear it")
    return text


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError('a time of day reads "HH:MM"')
    return text


class Api(Section):
    """[api]: where `karez gateway api` listens; TLS when `certificate` and `key` are set."""

    host: str = "127.0.0.1"
    port: Port = DEFAULT_PORT
    certificate: Path | None = None
    key: Path | None = None
    utc_offset_h: OffsetH = DEFAULT_OFFSET_H  # of days and months, where a request says nothing else

    @property
    def files(self) -> tuple[str, ...]:
        """Settings that name a file."""
        return tuple(name for name in ("certificate", "key") if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        if self.certificate is None and not is_loopback(self.host):
            raise ValueError(
                f"plain HTTP is for this machine only: set certificate and key for {self.host}, "
                f"or let a proxy on this machine speak TLS"
            )
        return self


def with_host(settings: Api, host: str) -> Api:
    """The same, listening elsewhere. Raises ConfigError where plain HTTP would leave this machine."""
    try:
        return Api.model_validate(settings.model_dump() | {"host": host})
    except ValidationError as error:
        raise ConfigError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


class Export(Section):
    """[[export]]: a file for others, each day or month; `folder` is relative to the file."""

    name: Annotated[str, AfterValidator(check_export_name)]
    kind: Literal["ledger", "records", "status"]
    format: Literal["csv", "xlsx", "json"] = "csv"
    every: Literal["day", "month"] = "day"
    at: Annotated[str, AfterValidator(_clock)] = "01:00"  # of the day after the period, local
    step: Literal["hour", "day", "month"] = "day"  # of a ledger's rows
    sites: tuple[str, ...] = ()  # none named: all
    folder: Path = Path("exports")
    keep: Annotated[int, Field(ge=0, le=100_000)] = 0  # newest files that stay; 0: all
    language: Literal["en", "zh"] = "en"
    bom: bool = False  # of CSV, for spreadsheet programs
    utc_offset_h: OffsetH = DEFAULT_OFFSET_H

    @property
    def at_s(self) -> int:
        """Seconds from midnight to `at`."""
        hours, minutes = self.at.split(":")
        return int(hours) * 3600 + int(minutes) * 60

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.every == "day" and self.step == "month":
            raise ValueError("step: a file of a day has rows of hours or of the day")
        if "step" in self.model_fields_set and self.kind != "ledger":
            raise ValueError(f"step belongs to ledger, not to {self.kind}: remove it")
        if self.bom and self.format != "csv":
            raise ValueError(f"bom belongs to csv, not to {self.format}: remove it")
        return self
