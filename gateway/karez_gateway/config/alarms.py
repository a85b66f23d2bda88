"""[alarms] of gateway.toml: what rules say where, who is told, and how."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from karez_gateway.config.values import Port, Section, Text, is_loopback
from karez_gateway.county.alarms import rules
from karez_gateway.county.alarms.settings import Override, Settings
from karez_gateway.county.alarms.states import AGAIN, ENDED, ESCALATED, GONE, KNOWN, RAISED
from karez_gateway.errors import ConfigError

RESPONSIBLE, PERSON, ROLE = "responsible", "person:", "role:"
WORDS = (RAISED, AGAIN, ENDED, KNOWN, ESCALATED, GONE)
STEPS_MAX = 5  # persons up the tree


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", text):
        raise ValueError("a receiver's name is 1 to 32 lower-case letters, digits and dashes")
    return text


def _quiet(text: str) -> str:
    if text and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError('quiet hours read "22:00-06:00"')
    return text


class Secret(Section):
    """A secret in the environment or in a file that only the service reads, never in gateway.toml."""

    secret_env: str = ""
    secret_file: Path | None = None

    def secret(self, what: str) -> str:
        """The secret. Raises ConfigError saying where it is missing."""
        if self.secret_env:
            found = os.environ.get(self.secret_env, "")
            if not found:
                raise ConfigError(f"{what}: the environment has no {self.secret_env}: set it for the service")
            return found
        if self.secret_file is None:
            raise ConfigError(f"{what}: name secret_env or secret_file")
        try:
            found = self.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{what}: {self.secret_file} cannot be read: {error}") from None
        if not found:
            raise ConfigError(f"{what}: {self.secret_file} is empty")
        return found

    @property
    def has_secret(self) -> bool:
        """True if one is named."""
        return bool(self.secret_env) or self.secret_file is not None


class Mail(Secret):
    """[alarms.mail]: the server that takes e-mail from us. Plain only to this machine."""

    host: Text
    port: Port = 587
    security: Literal["starttls", "tls", "plain"] = "starttls"
    ca: Path | None = None  # who signed the server's certificate; the system's authorities without it
    user: str = ""
    sender: Text
    per_hour: Annotated[int, Field(ge=1, le=3600)] = (
        12  # messages to one address; the rest goes with the next
    )
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 20.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.security == "plain" and not is_loopback(self.host):
            raise ValueError(f"plain SMTP is for this machine only: set security for {self.host}")
        if "@" not in self.sender or not self.sender.isprintable():
            raise ValueError("sender is an e-mail address")
        if bool(self.user) != self.has_secret:
            raise ValueError("user and its password (secret_env or secret_file) belong together")
        return self


class Receiver(Secret):
    """[[alarms.notify]]: one who is told. `to`: an address, responsible, person:NAME, role:ROLE, or a URL."""

    name: Annotated[str, AfterValidator(_name)]
    kind: Literal["email", "webhook"]
    to: Text
    region: str = ""
    severity: Literal["notice", "warning", "urgent"] = "notice"
    step: Annotated[int, Field(ge=0, le=STEPS_MAX)] = 0  # 0: at once; 1: when nobody has acknowledged it …
    says: tuple[str, ...] = ()  # steps of an alarm that are told
    quiet: Annotated[str, AfterValidator(_quiet)] = ""  # local hours in which only what is urgent is told
    language: Literal["en", "zh"] = "zh"
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0

    @property
    def words(self) -> tuple[str, ...]:
        """What it is told of."""
        return self.says or (WORDS if self.kind == "webhook" else (RAISED, ESCALATED))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        unknown = [one for one in self.says if one not in WORDS]
        if unknown:
            raise ValueError(f"says: {unknown[0]!r} is none of {', '.join(WORDS)}")
        if self.kind == "webhook":
            parts = urlsplit(self.to)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("to: a webhook's address reads https://host/path")
            if parts.scheme == "http" and not is_loopback(parts.hostname):
                raise ValueError(f"plain HTTP is for this machine only: use https://{parts.netloc}")
            if not self.has_secret:
                raise ValueError(
                    "a webhook needs secret_env or secret_file: its documents are signed with it"
                )
        elif self.has_secret:
            raise ValueError("the mail server's password stands in [alarms.mail]")
        elif self.to != RESPONSIBLE and not self.to.startswith((PERSON, ROLE)) and "@" not in self.to:
            raise ValueError(f"to: an e-mail address, {RESPONSIBLE}, {PERSON}NAME or {ROLE}ROLE")
        return self


class AlarmRule(Section):
    """[[alarms.rule]]: settings of a rule, for all or for those who are named."""

    rule: str
    region: str = ""
    class_: Annotated[str, Field(alias="class")] = ""
    holder: str = ""
    site: str = ""
    set: dict[str, int | list[int] | list[str]]

    @model_validator(mode="after")
    def _known(self) -> Self:
        wrong = rules.fault(self.rule, self.set)
        if wrong:
            raise ValueError(wrong)
        if self.class_ and not rules.is_class(self.class_):
            raise ValueError(f"{self.class_} is no class of use")
        return self

    @property
    def override(self) -> Override:
        """As the rules ask for it."""
        values: dict[str, rules.Setting] = {}
        for name, value in self.set.items():
            values[name] = value if isinstance(value, int) else tuple(value)  # type: ignore[assignment]
        return Override(self.rule, values, self.region, self.class_, self.holder, self.site)


class Alarms(Section):
    """[alarms]: rules, receivers, and after how long the next person is told."""

    escalate_after_min: Annotated[int, Field(ge=0, le=100_000)] = 120  # 0: never
    mail: Mail | None = None
    rule: tuple[AlarmRule, ...] = ()
    notify: tuple[Receiver, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [one.name for one in self.notify]
        if len(set(names)) < len(names):
            raise ValueError("two receivers have the same name: one would be told what is the other's")
        if self.mail is None and any(one.kind == "email" for one in self.notify):
            raise ValueError("a receiver by e-mail needs [alarms.mail]")
        return self

    @property
    def settings(self) -> Settings:
        """What rules ask."""
        return Settings([one.override for one in self.rule])

    @property
    def steps(self) -> int:
        """How often an alarm is escalated at most."""
        climbs = any(one.to == RESPONSIBLE for one in self.notify)
        return STEPS_MAX if climbs else max((one.step for one in self.notify), default=0)

    def located(self, base: Path) -> "Alarms":
        """The same with its paths under the file's directory."""
        mail = self.mail and self.mail.model_copy(
            update={"secret_file": _under(base, self.mail.secret_file), "ca": _under(base, self.mail.ca)}
        )
        notify = tuple(
            one.model_copy(update={"secret_file": _under(base, one.secret_file)}) for one in self.notify
        )
        return self.model_copy(update={"mail": mail, "notify": notify})


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else base / path
