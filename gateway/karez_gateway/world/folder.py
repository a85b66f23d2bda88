"""The data directory of a world's gateway: made as `karez gateway init` makes it, its empty tables copied.

The migrations take longer than a short run of the world does, so they are run once for a process.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event

from karez_gateway import config
from karez_gateway.log import tlog
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.operation import setup
from karez_gateway.store import engines
from karez_gateway.store.database import FILE, Database

_DESTINATION = """
[[destination]]
name = "{name}"
kind = "mqtt-json"
host = "127.0.0.1"
port = 1883
[destination.stations]
{stations}
"""


_made = engines.engines
_files = "DirectoryFiles"  # what the log opens its directory with


@cache
def _kept_engines(url: URL) -> tuple[Engine, Engine]:
    reader, writer = _made(url)

    @event.listens_for(reader, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    return reader, writer


@contextmanager
def on_a_machine_that_stays() -> Iterator[None]:
    """Open database and log as a process does that may be killed, on a machine that may not.

    What such a process has written is there when it comes back, so nobody waits for a disk. And a
    database has the engines that it had before in this process: they know its statements. Whoever closes
    it disposes of its connections, so nothing else is kept.
    """
    engines.engines = _kept_engines
    setattr(tlog, _files, _Files)
    try:
        yield
    finally:
        engines.engines = _made
        setattr(tlog, _files, DirectoryFiles)


class _Files(DirectoryFiles):
    """The log's directory on such a machine."""

    def sync(self, paths: Collection[str]) -> None:
        """It is as durable as it need be."""


@cache
def _empty_tables() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        Database.open(engines.in_file(path)).close()
        return path.read_bytes()


def create(
    directory: Path, provisioner: bytes, regulator: bytes, platforms: Mapping[str, Mapping[str, str]]
) -> None:
    """Create it. `platforms`: name -> {site: station code}. Raises GatewayError."""
    setup.create(
        directory,
        name="world",
        origin="karez.world/county",
        broker_host="127.0.0.1",
        broker_port=1883,
        provisioner=provisioner.hex(),
        regulators=[regulator.hex()],
    )
    path = directory / config.FILE
    parts = [
        _DESTINATION.format(
            name=name, stations="\n".join(f'{site} = "{code}"' for site, code in stations.items())
        )
        for name, stations in platforms.items()
    ]
    path.write_text(path.read_text(encoding="utf-8") + "".join(parts), encoding="utf-8")
    (directory / FILE).write_bytes(_empty_tables())
