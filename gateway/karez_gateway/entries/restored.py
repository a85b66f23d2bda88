"""Has this gateway been put back from an older backup? Then its log must not go on: it would fork.

Nothing in the files can tell. Others can: a witness that has seen more, controllers that were told of more
than is stored here, whoever ran the restore. What they say is a claim and not a proof, so it stops the log
and asks a person, who either begins a new origin or says that the claim is wrong. Controllers keep their
records meanwhile.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from karez_gateway.errors import StoreError
from karez_gateway.store import claims
from karez_gateway.store.database import Database

HALTED = "origin.halted"  # why the log may not go on; whoever restores a backup writes it too
KEPT = "origin.kept"  # why claims no longer stop it: a person has looked

# One box may lie or come from another gateway. So many must say the same, or half of a smaller county.
CONTROLLERS_BELIEVED = 3


def halt(data: Path, reason: str) -> None:
    """Let the log not be continued until a person has decided. Durable."""
    _write(data / HALTED, {"reason": reason, "utc_s": int(time.time())})


def keep(data: Path, because: str, *, against_witnesses: bool) -> None:
    """A person has looked: what is claimed now stops nothing any more, until nobody claims it. Durable.

    A new origin explains what controllers claim, but not what a witness says of it.
    """
    facts = {"because": because, "against_witnesses": against_witnesses, "utc_s": int(time.time())}
    _write(data / KEPT, facts)
    (data / HALTED).unlink(missing_ok=True)


def halted(data: Path) -> str:
    """Why the log may not go on, "" if it may. A file that cannot be read stops it as well."""
    if not (data / HALTED).exists():
        return ""
    return str(_read(data / HALTED).get("reason") or "a restore was marked here")


def kept(data: Path) -> tuple[str, bool]:
    """Why a person has decided that claims do not hold, "" if nobody has; and whether witnesses' too."""
    facts = _read(data / KEPT)
    return str(facts.get("because", "")), facts.get("against_witnesses") is True


def forget_kept(data: Path) -> None:
    """Nobody claims anything any more: the next claim counts again."""
    (data / KEPT).unlink(missing_ok=True)


def refuse_if_halted(data: Path) -> None:
    """Raises StoreError, which says what to do."""
    reason = halted(data)
    if reason:
        raise StoreError(
            f"this log is not continued: {reason}. If the data were restored from a backup, run: "
            f"karez gateway new-origin --data {data} --because TEXT. If that is not so, run: "
            f"karez gateway keep-origin --data {data} --because TEXT"
        )


class ControllerClaims:
    """Which controllers have been told of records that are not stored here. One thread at a time."""

    def __init__(self, database: Database) -> None:
        """Claim nothing yet."""
        self._database = database
        self._seen: dict[str, tuple[int, int]] = {}
        self._foreign: dict[tuple[str, int], int] = {}  # told by another gateway, before anything came here
        self.claimed: dict[str, str] = {}
        self.is_believed = False

    def take(self, states: Mapping[str, Mapping[str, int | None]]) -> None:
        """Hold what controllers say of themselves against what is stored; only what changed is looked at."""
        fresh = {name: told for name, state in states.items() if (told := _told(state))}
        names = {name for name, told in fresh.items() if self._seen.get(name) != told} | set(self.claimed)
        if not names:
            return
        with self._database.reading() as connection:
            stored = claims.stored_seqs(connection, names)
            count = claims.controllers_stored(connection)
        for name in names:
            chain, acknowledged = fresh.get(name, (0, 0))
            has = stored.get((name, chain))
            if has is None:
                self._foreign[name, chain] = acknowledged
            if has is not None and acknowledged > max(has, self._foreign.get((name, chain), 0)):
                self.claimed[name] = f"{name} was told that record {acknowledged} is stored, here are {has}"
            else:
                self.claimed.pop(name, None)
        self._seen.update(fresh)
        self.is_believed = len(self.claimed) >= max(1, min(CONTROLLERS_BELIEVED, (count + 1) // 2))

    def reason(self) -> str:
        """What is claimed, in one line."""
        first = next(iter(self.claimed.values()), "")
        return f"{len(self.claimed)} controllers were told of more than is stored here ({first})"


def _told(state: Mapping[str, int | None]) -> tuple[int, int] | None:
    chain, acknowledged = state.get("chain"), state.get("acknowledged_seq")
    return (chain, acknowledged) if chain and acknowledged else None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
