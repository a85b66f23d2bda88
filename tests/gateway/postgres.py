"""A PostgreSQL server of our own: Debian's programs, a cluster in a temporary directory, a Unix socket.

Nothing is kept: the tests of durability are SQLite's and the server's own.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

from karez_gateway.store import engines
from karez_gateway.store.database import Database

DEBIAN = Path("/usr/lib/postgresql")
USER = "postgres"


def programs():
    """The folder of initdb and postgres, None when PostgreSQL is not installed."""
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = versions[-1] if versions else shutil.which("initdb")
    return None if found is None else Path(found).parent


class Cluster:
    """One running server. `url()` makes a database and names it."""

    def __init__(self, folder, bin_folder):
        self._folder = folder
        self._bin = bin_folder
        # The server refuses to run as root, which CI is.
        self._as = {"user": USER} if os.geteuid() == 0 else {}
        self._numbers = count(1)
        if self._as:
            shutil.chown(folder, USER)

    def _run(self, program, *arguments):
        subprocess.run(
            [self._bin / program, *map(str, arguments)], check=True, cwd=self._folder, capture_output=True,
            timeout=60, **self._as,
        )  # fmt: skip

    def create(self):
        """Make the cluster's files."""
        self._run(
            "initdb", "-D", self._folder / "data", "-U", "karez", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync",
        )  # fmt: skip

    def start(self):
        """Start the server; it answers when this returns."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-l", log, "-o", options, "start")

    def stop(self):
        """Stop it at once, as a failing machine would."""
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-m", "immediate", "stop")

    def url(self, template="template0"):
        """Make a database, an empty one unless told of which it is a copy, and return its URL."""
        name = f"karez_{next(self._numbers)}"
        self._run("createdb", "-h", self._folder, "-U", "karez", "-T", template, name)
        return self._url(name)

    def _url(self, name):
        return f"postgresql://karez@/{name}?host={self._folder}"

    @cached_property
    def empty_store(self):
        """Name of a database with the store's tables and nothing in them, to be copied."""
        name = "karez_empty"
        self._run("createdb", "-h", self._folder, "-U", "karez", name)
        Database.open(engines.parse(self._url(name))).close()
        return name


@contextmanager
def cluster():
    """A server for a while; None when PostgreSQL is not installed."""
    found = programs()
    if found is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="karez-pg-"))
    server = Cluster(folder, found)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
