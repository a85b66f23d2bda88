"""[[destination]]: one platform, its wells and what they report there."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from karez_gateway.config.values import (
    ControllerName,
    Name,
    Password,
    Port,
    Section,
    Text,
    Topic,
    is_loopback,
    station_address,
    station_code,
)
from karez_gateway.uploads.kinds import KINDS, ONLY, Kind
from karez_protocols import record
from karez_protocols.errors import ProtocolError

DAY_S = 86_400


class Destination(Section):
    """One platform, one queue. Wells are named under `stations`, or the one well by `address`."""

    name: Name
    kind: Literal["szy206", "sl651", "mqtt-json"]
    level: Literal["", "county", "city", "province"] = ""  # whose platform it is: for status and reports
    host: Text
    port: Port
    address: str = ""  # the station, where there is one; beside `stations`: what logs in
    controller: ControllerName = ""
    stations: Annotated[
        dict[str, str], Field(default_factory=dict)
    ]  # controller or site -> address at this platform
    dialect: str = ""
    switches: Annotated[dict[str, str | int | bool], Field(default_factory=dict)]  # of the dialect
    records: tuple[str, ...] = ()  # kinds of record that go there; none named: all that can
    every_s: Annotated[int, Field(ge=0, le=DAY_S)] = 0  # of interval records only one in so many seconds
    since: dt.datetime | None = None  # records of before stay here
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    # SZY 206 and SL 651: what the platform may ask of a pump, with which password
    password: Password = ""
    remote_stop: bool = False
    remote_start: bool = False
    # SL 651
    centre: Annotated[int, Field(ge=1, le=255)] = 1
    # MQTT
    topic: Topic = "karez/upload"
    confirm: Literal["answer", "puback"] = "answer"
    client_id: str = ""
    user: str = ""
    password_file: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    tls_name: str = ""

    @property
    def facts(self) -> Kind:
        """What its kind can do."""
        return KINDS[self.kind]

    @property
    def reported(self) -> tuple[int, ...]:
        """Record kinds that go there."""
        return tuple(map(record.KIND_NAMES.index, self.records)) or self.facts.records

    @property
    def spoken(self) -> str:
        """The dialect in force."""
        return self.dialect or next(iter(self.facts.dialects), "")

    @property
    def since_utc_s(self) -> int | None:
        """Records of before this second stay here."""
        return None if self.since is None else int(self.since.timestamp())

    @property
    def files(self) -> tuple[str, ...]:
        """Settings that name a file."""
        return tuple(
            name for name in ("password_file", "ca", "certificate", "key") if getattr(self, name) is not None
        )

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        for name in self.model_fields_set & ONLY.keys():
            if self.kind not in ONLY[name]:
                raise ValueError(
                    f"{name} belongs to {' and '.join(ONLY[name])}, not to {self.kind}: remove it"
                )
        if (self.remote_stop or self.remote_start) and not self.password:
            raise ValueError(
                "remote_stop and remote_start need the platform's password: set it, or remove them"
            )
        if self.dialect and self.dialect not in self.facts.dialects:
            known = ", ".join(self.facts.dialects) or "no dialects: remove it"
            raise ValueError(f"dialect {self.dialect} is none of {self.kind}, which has {known}")
        self._check_switches()
        can = [record.KIND_NAMES[number] for number in self.facts.records]
        for name in self.records:
            if name not in can:
                raise ValueError(f"records: {self.kind} carries {', '.join(can)}, not {name}")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError(f"since: write a time with its zone, as {self.since.isoformat()}Z for UTC")
        return self

    def _check_switches(self) -> None:
        if not self.switches:
            return
        from karez_gateway.uploads import dialects  # noqa: PLC0415 - heavy, and rarely needed

        try:
            (dialects.szy206 if self.kind == "szy206" else dialects.sl651)(self.spoken, self.switches)
        except ProtocolError as error:
            raise ValueError(f"switches: {error}") from None

    @model_validator(mode="after")
    def _names_its_stations(self) -> Self:
        check = station_address if self.facts.has_addresses else station_code
        if self.address:
            check("address", self.address)
        elif self.facts.has_addresses and not self.stations:
            raise ValueError("no well has an address: name them under [destination.stations]")
        if self.stations and self.controller:
            raise ValueError("controller is for the one well of address; with stations, name it there")
        seen: dict[str, str] = {}
        for well, text in self.stations.items():
            address = check(f"stations.{well}", text)
            if address in seen:
                raise ValueError(
                    f"stations: {seen[address]} and {well} both have address {text}: "
                    f"one would overwrite the other at the platform"
                )
            seen[address] = well
        return self

    @model_validator(mode="after")
    def _is_private(self) -> Self:
        if self.kind != "mqtt-json":
            return self
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        if self.ca is None and (self.certificate is not None or self.tls_name):
            raise ValueError("certificate, key and tls_name need ca: whose certificates the platform has")
        if self.ca is None and not is_loopback(self.host):
            raise ValueError(f"plain MQTT is for this machine only: set ca for {self.host}")
        if (self.password_file is not None) != bool(self.user):
            raise ValueError("user and password_file belong together")
        return self
