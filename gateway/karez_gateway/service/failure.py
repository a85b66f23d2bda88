"""Why a service ended: one line for a person, and kept for `karez gateway status`.

The service does not limp on with a store or a log that it cannot write: it ends, nothing was
acknowledged that is not durable, and systemd starts it again until the cause is gone.
"""

import contextlib
import errno
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

FILE = "stopped.json"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REASON_MAX = 500  # characters: a driver may quote a whole statement
MAKE_ROOM = "make room, or move the data directory"
GOES_ON = "everything acknowledged is kept, and controllers send the rest again"


def explained(error: BaseException) -> str:
    """What failed and what to do, in one line."""
    for one in _causes(error):
        if isinstance(one, OSError) and one.errno in _FULL:
            return f"the disk is full ({one.strerror}): {MAKE_ROOM}; {GOES_ON}"
        if isinstance(one, sqlite3.Error):
            return _of_sqlite(one)
        if isinstance(one, DBAPIError) and one.orig is not None and not isinstance(one.orig, sqlite3.Error):
            return f"the store's server does not do its work ({_line(one.orig)}): see that it runs; {GOES_ON}"
    return _line(error)


def _of_sqlite(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"the disk is full ({_line(error)}): {MAKE_ROOM}; {GOES_ON}"
    if code == sqlite3.SQLITE_IOERR:
        return f"the store cannot be written ({_line(error)}): the disk is full or fails; {GOES_ON}"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"the store is damaged ({_line(error)}): restore it from a backup"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program holds the store ({_line(error)}): try again once it is done, or end it"
    return f"the store cannot be used: {_line(error)}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, the root last; of a group the first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif isinstance(error, DBAPIError):
            error = error.orig
        else:
            error = error.__cause__ or error.__context__


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_REASON_MAX]


def keep(data: Path, reason: str) -> None:
    """Keep why the service ended. On a full disk there may be no room even for this."""
    with contextlib.suppress(OSError):
        (data / FILE).write_text(json.dumps({"utc_s": int(time.time()), "reason": reason}))


def forget(data: Path) -> None:
    """It runs again."""
    with contextlib.suppress(OSError):
        (data / FILE).unlink(missing_ok=True)


def kept(data: Path) -> dict[str, Any] | None:
    """When and why the service ended the last time; None if it did as it was told."""
    try:
        found = json.loads((data / FILE).read_text())
        return {"utc_s": int(found["utc_s"]), "reason": str(found["reason"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
