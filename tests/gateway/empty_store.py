"""A store that holds nothing yet: the migrations make it once for a process, tests copy it.

Making one takes longer than most tests that need one. What a store becomes when it is opened for the
first time, or with older tables, is for tests that do not start from here.
"""

import tempfile
from functools import cache
from pathlib import Path

from karez_gateway.store import engines
from karez_gateway.store.database import FILE, Database


@cache
def _made():
    """The bytes of SQLite's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        Database.open(engines.in_file(path)).close()
        return path.read_bytes()


def put(url):
    """Put it where a store in a file will be looked for, unless there is one."""
    if url.drivername == "sqlite" and not Path(url.database).exists():
        Path(url.database).write_bytes(_made())
