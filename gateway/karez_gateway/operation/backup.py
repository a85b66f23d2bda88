"""One file with everything of a data directory, taken while the service runs.

The logs are copied first and the store after them: the store then holds at least what the logs have
signed. Entries that came in between are in the store alone, and the log of a restore begins behind them.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from karez_gateway import config as configuration
from karez_gateway.config import Config
from karez_gateway.entries.restored import halt, sync_directory
from karez_gateway.errors import Refused, StoreError
from karez_gateway.log.tlog import CHECKPOINT, NEXT
from karez_gateway.store import copies
from karez_gateway.store.database import FILE

MANIFEST = "manifest.json"
VERSION = 1
# What only the running process means, and what SQLite's own copy brings in its place.
_PASSING = {
    "service.json",
    "service.tmp",
    "stopped.json",
    FILE,
    FILE + "-wal",
    FILE + "-shm",
    FILE + "-journal",
}
_ATTEMPTS_MAX = 20  # each meets at most one append of the running service


def write(config: Config, target: Path) -> int:
    """Write the backup, readable by its owner alone; return its bytes. Raises Refused, StoreError.

    A file under this name is never replaced.
    """
    if target.exists():
        raise Refused(f"{target} exists already: nothing was written")
    if config.store.url:
        raise Refused(
            "the store is a PostgreSQL server: take it with pg_dump, and after that this directory as files"
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".karez-backup-", dir=target.parent) as folder:
            packed = Path(folder) / "backup"
            _pack(config, packed, Path(folder) / FILE)
            os.link(packed, target)  # fails if somebody else was quicker
        sync_directory(target.parent)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    return target.stat().st_size


def _pack(config: Config, packed: Path, store: Path) -> None:
    digests: dict[str, str] = {}
    with os.fdopen(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:

            def add(name: str, data: bytes) -> None:
                digests[name] = hashlib.sha256(data).hexdigest()
                _add(archive, name, data)

            _add_files(config.data, add)
            if not (config.data / FILE).is_file():
                raise StoreError(f"{config.data / FILE} does not exist: there is nothing to back up")
            copies.copy(config.data / FILE, store)
            add(FILE, store.read_bytes())
            facts = {"version": VERSION, "gateway": config.gateway.name, "sha256": digests}
            _add(archive, MANIFEST, json.dumps(facts, indent=2).encode())
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data))


def _add_files(directory: Path, add: Callable[[str, bytes], None]) -> None:
    """Settings, keys and logs; of a log the tree of one moment."""
    for path in sorted(directory.iterdir()):
        if path.is_dir() and (path / CHECKPOINT).is_file():
            for name, data in _tree(path):
                add(f"{path.name}/{name}", data)
        elif path.is_dir():
            for inner in sorted(path.rglob("*")):
                if inner.is_file():
                    add(str(inner.relative_to(directory)), inner.read_bytes())
        elif path.name not in _PASSING and not path.name.startswith(FILE + copies.BEFORE):
            add(path.name, path.read_bytes())


def _tree(log: Path) -> Iterator[tuple[str, bytes]]:
    """A log's files: the checkpoint first, for what it needs is never replaced."""
    for _ in range(_ATTEMPTS_MAX):
        checkpoint = (log / CHECKPOINT).read_bytes()
        try:
            found = {
                str(path.relative_to(log)): path.read_bytes()
                for path in sorted(log.rglob("*"))
                if path.is_file() and path.name not in (CHECKPOINT, NEXT)
            }
        except FileNotFoundError:
            continue  # an append took a partial tile away that is full now
        if (log / CHECKPOINT).read_bytes() == checkpoint:
            yield CHECKPOINT, checkpoint
            yield from found.items()
            return
    raise StoreError(f"{log}: the service appends all the time; try again in a quieter moment")


def unpack(source: Path, directory: Path) -> Config:
    """Unpack a backup into a directory that is new; return its settings. Raises Refused.

    Every file is checked against the manifest before the directory gets its name. Its log is marked:
    entries signed after the backup are missing, so it must not go on (restored.py).
    """
    if directory.exists():
        raise Refused(f"{directory} exists already: restore into a new directory, then exchange the two")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".karez-restore-", dir=directory.parent) as folder:
        found = Path(folder) / "data"
        try:
            with tarfile.open(source) as archive:
                archive.extractall(found, filter="data")
            _check(found)
        except (OSError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
            raise Refused(f"{source} is no whole backup: {error}; nothing was restored") from None
        (found / MANIFEST).unlink()
        halt(found, f"these data were restored from the backup {source.name}")
        found.rename(directory)
    sync_directory(directory.parent)
    return configuration.load(directory)


def _check(directory: Path) -> None:
    facts = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    if facts["version"] != VERSION:
        raise ValueError(f"version {facts['version']} was written by another Karez")
    for name, digest in facts["sha256"].items():
        if hashlib.sha256((directory / name).read_bytes()).hexdigest() != digest:
            raise ValueError(f"{name} has been changed")
