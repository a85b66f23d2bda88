"""How the log stands, for `karez gateway status`: its origin, its witnesses, and what holds it back."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from karez_gateway.config import Config
from karez_gateway.entries import origins, restored
from karez_gateway.errors import StoreError
from karez_gateway.verifier.note import VerifierKey
from karez_gateway.witnesses import witnessing
from karez_gateway.witnesses.cosigning import cosigned


def facts(config: Config, entries: int) -> dict[str, Any]:
    """For a program. `entries`: how many the store has; a later log does not repeat the former ones'."""
    logs = origins.every(config)
    because, _ = restored.kept(config.data)
    return {
        "origin": logs[-1].name,
        "former_origins": [one.name for one in logs[:-1]],
        "entries": entries,
        "halted": restored.halted(config.data),
        "kept": because,
        "witnesses": _witnesses(config, logs[-1].name),
    }


def lines(log: dict[str, Any]) -> Iterator[str]:
    """For people."""
    yield f"log {log['origin']}: {log['entries']} entries"
    if log["halted"]:
        yield f"  NOT CONTINUED: {log['halted']}; see karez gateway new-origin --help"
    if log["kept"]:
        yield f"  claims that this log was put back are not believed: {log['kept']}"
    for one in log["witnesses"]:
        yield f"  witness {one['name']}: {witness_line(one)}"


def witness_line(one: dict[str, Any]) -> str:
    """How one witness stands, in a line."""
    has = (
        f"{one['size']} entries cosigned {_time(one['time_s'])}" if one["time_s"] else "nothing cosigned yet"
    )
    return f"{one['problem']}, since {_time(one['problem_since_s'])}; {has}" if one["problem"] else has


def _time(utc_s: int) -> str:
    return dt.datetime.fromtimestamp(utc_s, dt.UTC).strftime("%F %T UTC")


def _witnesses(config: Config, origin: str) -> list[dict[str, Any]]:
    """What the service says of each configured witness; of one it never met, what is kept beside the log."""
    told = _told(config, origin)
    return [
        {"name": one.name, "url": one.url, **(told.get(one.name) or _kept(config, one.key))}
        for one in config.witness
    ]


def _told(config: Config, origin: str) -> dict[str, Any]:
    try:
        found = json.loads((config.data / witnessing.FILE).read_text(encoding="utf-8"))
        return dict(found["witnesses"]) if found["origin"] == origin else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _kept(config: Config, key: str) -> dict[str, Any]:
    standing = {"size": 0, "time_s": 0, "problem": "", "problem_since_s": 0, "claim": ""}
    try:
        newest = cosigned(config).newest_by(VerifierKey.parse(key))
    except StoreError:
        return standing
    if newest is None:
        return standing
    time_s = next(one.time_s for one in newest.witnesses if str(one.key) == key)
    return standing | {"size": newest.size, "time_s": time_s}
