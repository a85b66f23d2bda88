"""gateway.toml: what a person sets. Unknown keys and wrong values are refused by name."""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from sqlalchemy import URL

from karez_gateway.config.alarms import Alarms
from karez_gateway.config.api import Api, Export
from karez_gateway.config.county import County
from karez_gateway.config.destination import Destination
from karez_gateway.config.power import Power
from karez_gateway.config.values import (
    Name,
    OriginName,
    Port,
    PublicKey,
    Section,
    StoreUrl,
    WitnessKey,
    WitnessUrl,
    is_loopback,
)
from karez_gateway.errors import ConfigError
from karez_gateway.store import database, engines
from karez_gateway.verifier.note import VerifierKey

__all__ = ["Config", "Destination", "load", "parse"]

FILE = "gateway.toml"
STORE_VARIABLE = "KAREZ_STORE_URL"
# The broker's rules know the gateway by this name: its certificate's CN, or without TLS its client id.
LINK_IDENTITY = "gateway"


class Gateway(Section):
    """[gateway]: `data` is where database, log and state are, relative to the file."""

    name: Name
    data: Path = Path()
    send_time: bool = True  # controllers get this machine's time; off where theirs runs otherwise (a bench)


class Broker(Section):
    """[broker]: TLS when `ca` is set; plain MQTT only on this machine."""

    host: str = "127.0.0.1"
    port: Port = 1883
    tls_name: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [name for name in ("ca", "certificate", "key") if getattr(self, name) is not None]
        if given and len(given) < 3:
            raise ValueError(f"ca, certificate and key belong together; only {', '.join(given)} is set")
        if not given and not is_loopback(self.host):
            raise ValueError(
                f"plain MQTT is for this machine only: set ca, certificate and key for {self.host}"
            )
        if self.tls_name and not given:
            raise ValueError("tls_name has no meaning without ca, certificate and key")
        return self


class Store(Section):
    """[store]: a PostgreSQL server; without a `url` SQLite in the data directory.

    The environment's KAREZ_STORE_URL goes before it: a password stands in no file then.
    """

    url: StoreUrl = ""


class Metrics(Section):
    """[metrics]: /metrics for Prometheus and /health; without a `port` nobody listens."""

    host: str = "127.0.0.1"
    port: Port | None = None


class Log(Section):
    """[log]: the origin stands in every checkpoint and is never used again after a restore."""

    origin: OriginName
    cosign_every_s: Annotated[float, Field(ge=1, le=3600)] = 10.0


class Witness(Section):
    """[[witness]]: who else keeps the log honest (C2SP tlog-witness); `url` is its submission prefix."""

    name: Name
    key: WitnessKey
    url: WitnessUrl
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0


class Trust(Section):
    """[trust]: who signs bindings."""

    provisioner: PublicKey = ""

    @property
    def provisioner_key(self) -> bytes:
        """The provisioner's Ed25519 public key. Raises ConfigError when none is set."""
        if not self.provisioner:
            raise ConfigError(
                "trust.provisioner is not set: write the provisioner's public key there, 64 hex digits"
            )
        return bytes.fromhex(self.provisioner)


class Commands(Section):
    """[commands]: what nobody signs is off until somebody allows it here (design §6)."""

    remote_stop: bool = False
    remote_start: bool = False
    stops_per_hour: Annotated[int, Field(ge=1, le=10_000)] = 20


class Config(Section):
    """The whole file; paths are absolute once loaded."""

    gateway: Gateway
    broker: Broker = Broker()
    store: Store = Store()
    metrics: Metrics = Metrics()
    log: Log
    trust: Trust = Trust()
    commands: Commands = Commands()
    api: Api = Api()
    county: County = County()
    alarms: Alarms = Alarms()
    power: Power = Power()
    destination: tuple[Destination, ...] = ()
    witness: tuple[Witness, ...] = ()
    export: tuple[Export, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [one.name for one in self.destination]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two destinations are called {name}: their queues would mix")
        exports = [one.name for one in self.export]
        if len(set(exports)) < len(exports):
            raise ValueError("two exports have the same name: one would take the other's files for its own")
        for kept in ("name", "url"):
            values = [getattr(one, kept) for one in self.witness]
            if len(set(values)) < len(values):
                raise ValueError(f"two witnesses have the same {kept}")
        keys = [VerifierKey.parse(one.key).public_key for one in self.witness]
        if len(set(keys)) < len(keys):
            raise ValueError("two witnesses have the same key: one machine would count twice")
        return self

    @property
    def store_url(self) -> URL:
        """Where the database is."""
        return engines.parse(self.store.url) if self.store.url else engines.in_file(self.data / database.FILE)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.gateway.data


def load(directory: Path) -> Config:
    """Return the configuration in a data directory. Raises ConfigError naming file and key."""
    path = directory / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: run karez gateway init {directory}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    return _located(parse(text, str(path)), directory)


def parse(text: str, name: str) -> Config:
    """Return the configuration in a TOML text; `name` names it in errors. Raises ConfigError."""
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{name}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    """Every problem of a file in one line, each with its key."""
    problems = []
    for one in error.errors():
        key = ".".join(str(part) for part in one["loc"]) or "file"
        what = {
            "extra_forbidden": "is not known; correct the spelling or remove it",
            "missing": "is missing; add it",
        }.get(one["type"], one["msg"].removeprefix("Value error, "))
        problems.append(f"{key}: {what}" if what[0].isupper() or ":" in what else f"{key} {what}")
    return "; ".join(problems)


def _named_store() -> Store | None:
    url = os.environ.get(STORE_VARIABLE)
    try:
        return Store(url=url) if url else None
    except ValidationError as error:
        raise ConfigError(f"{STORE_VARIABLE}: {_explain(error)}") from None


def _located(config: Config, directory: Path) -> Config:
    """The same with paths relative to the file's directory made absolute."""
    base = directory.absolute()

    def under(path: Path | None) -> Path | None:
        return None if path is None else base / path

    def located(key: str, section: Section, names: Iterable[str]) -> dict[str, Any]:
        paths = {name: under(getattr(section, name)) for name in names}
        for name, path in paths.items():
            if path is not None and not path.is_file():
                raise ConfigError(f"{base / FILE}: {key}.{name}: {path} is not a file; correct the path")
        return paths

    broker = located("broker", config.broker, ("ca", "certificate", "key"))
    exports = tuple(one.model_copy(update={"folder": base / one.folder}) for one in config.export)
    destinations = tuple(
        one.model_copy(update=located(f"destination.{at}", one, one.files))
        for at, one in enumerate(config.destination)
    )
    return config.model_copy(
        update={
            "store": _named_store() or config.store,
            "gateway": config.gateway.model_copy(update={"data": base / config.gateway.data}),
            "broker": config.broker.model_copy(update=broker),
            "alarms": config.alarms.located(base),
            "api": config.api.model_copy(update=located("api", config.api, config.api.files)),
            "destination": destinations,
            "export": exports,
        }
    )
