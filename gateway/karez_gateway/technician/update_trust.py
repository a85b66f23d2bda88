"""What a repository's folder holds, believed only as far as a root brought by hand says so.

The folder lies on a server or a memory stick. Whoever signs what he finds there signs what somebody else may
have put there; so first root after root is followed from his own, then timestamp, snapshot and targets.
Expiry is not asked: the vendor is who renews.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from . import firmware_folder
from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "metadata"


@dataclass(frozen=True)
class Held:
    """A repository whose signatures hold: what it says now, and the versions of its online roles."""

    folder: Path
    root: Root
    targets: Targets
    snapshot_version: int
    timestamp_version: int


def opened(folder: Path, trusted: bytes) -> Held:
    """Return what a repository says, every signature checked from the root `trusted` on. Raises WrongUse."""
    at = folder / METADATA
    if not at.is_dir():
        raise WrongUse("repository-none", folder=folder)
    root = _root(at, trusted)
    timestamp = _signed(at / "timestamp.json", root, Timestamp)
    snapshot = _signed(at / f"{timestamp.snapshot_meta.version}.snapshot.json", root, Snapshot)
    _check_version(at, "snapshot", snapshot, timestamp.snapshot_meta.version)
    meta = snapshot.meta.get("targets.json")
    if meta is None:
        raise WrongUse("repository-broken", file=at, why="the snapshot names no targets.json")
    targets = _signed(at / f"{meta.version}.targets.json", root, Targets)
    _check_version(at, "targets", targets, meta.version)
    return Held(folder, root, targets, snapshot.version, timestamp.version)


def _root(at: Path, trusted: bytes) -> Root:
    """Follow the roots from the one brought by hand to the newest, each signed by the one before, too."""
    held = _parsed(trusted, "--root", Root)
    root: Root = held.signed
    if not root.get_root_verification_result(None, held.signed_bytes, held.signatures):
        raise WrongUse("repository-unsigned", file="--root")
    while (path := at / f"{root.version + 1}.root.json").exists():
        held = _parsed(firmware_folder.read(path), path, Root)
        following: Root = held.signed
        _check_version(at, "root", following, root.version + 1)
        if not following.get_root_verification_result(root, held.signed_bytes, held.signatures):
            raise WrongUse("repository-unsigned", file=path)
        root = following
    return root


def _signed(path: Path, root: Root, sort: Any) -> Any:
    held = _parsed(firmware_folder.read(path), path, sort)
    if not root.get_verification_result(sort.type, held.signed_bytes, held.signatures):
        raise WrongUse("repository-unsigned", file=path)
    return held.signed


def _parsed(data: bytes, name: object, sort: Any) -> Metadata[Any]:
    try:
        held: Metadata[Any] = Metadata.from_bytes(data)
    except (DeserializationError, RepositoryError, ValueError, RecursionError) as error:
        raise WrongUse("repository-broken", file=name, why=str(error).split("\n")[0][:200]) from None
    if not isinstance(held.signed, sort):
        why = f"it is {held.signed.type}, not {sort.type}"
        raise WrongUse("repository-broken", file=name, why=why)
    return held


def _check_version(at: Path, role: str, found: Root | Snapshot | Targets, wanted: int) -> None:
    if found.version != wanted:
        why = f"it is version {found.version}"
        raise WrongUse("repository-broken", file=at / f"{wanted}.{role}.json", why=why)
