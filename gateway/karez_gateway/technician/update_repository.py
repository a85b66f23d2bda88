"""The vendor's repository of updates in TUF's form (theupdateframework.io): made, added to, renewed.

    root       offline, several keys, a threshold of them: says whose the other roles are
    targets    the vendor's: which files there are, with size and SHA-256
    snapshot   which metadata belong together, so that nobody mixes old with new
    timestamp  days, not months: a gateway that is kept from news finds out (decision 51)

A folder of files that any web server or memory stick carries, and that others may have written to: before
anything is signed it is held against a root that was brought by hand (update_trust.py). `now` is passed in.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from . import document, update_signing, updating
from .errors import WrongUse
from .update_trust import METADATA, Held, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TARGETS = "targets"
ROOT, TIMESTAMP = "root", "timestamp"
DAYS = {"root": 365, "targets": 365, "snapshot": 14, "timestamp": 14}
IMAGE = "image.romfs"


def _signer(key: Ed25519PrivateKey) -> CryptoSigner:
    return CryptoSigner(key)


def _expires(role: str, now: dt.datetime) -> dt.datetime:
    return now.replace(microsecond=0) + dt.timedelta(days=DAYS[role])


def begin(
    folder: Path, roots: Sequence[Ed25519PrivateKey], threshold: int, targets: Ed25519PrivateKey,
    online: Ed25519PrivateKey, now: dt.datetime,
) -> None:  # fmt: skip
    """Make an empty repository in a folder that has none. Raises WrongUse."""
    if (folder / METADATA).exists():
        raise WrongUse("repository-there", folder=folder)
    if not 1 <= threshold <= len(roots):
        raise WrongUse("repository-threshold", threshold=threshold, count=len(roots))
    signers = [_signer(one) for one in (*roots, targets, online)]
    if len({one.public_key.keyid for one in signers}) != len(signers):
        raise WrongUse("repository-one-key")
    try:
        for name in (METADATA, TARGETS):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse("file-unwritable", file=folder, why=error.strerror) from None
    root = Root(expires=_expires(ROOT, now), consistent_snapshot=True)
    for one in signers[: len(roots)]:
        root.add_key(one.public_key, ROOT)
    root.roles[ROOT].threshold = threshold
    root.add_key(signers[-2].public_key, "targets")
    for role in ("snapshot", TIMESTAMP):
        root.add_key(signers[-1].public_key, role)
    signed: Metadata[Root] = Metadata(root)
    for one in signers[: len(roots)]:
        signed.sign(one, append=True)
    _keep(folder, ROOT, signed)
    held = Held(folder, root, Targets(expires=_expires("targets", now)), 0, 0)
    _publish(held, targets, online, now)


def add(
    folder: Path, build: Path, trusted: bytes, targets: Ed25519PrivateKey, online: Ed25519PrivateKey,
    now: dt.datetime,
) -> dict[str, Any]:  # fmt: skip
    """Put a build that both have signed into a repository; return its values. Raises WrongUse.

    `trusted`: a root that whoever signs has brought himself: what the folder holds must follow from it.
    """
    from . import firmware_folder  # noqa: PLC0415 - the gateway's tests make repositories without builds

    held = opened(folder, trusted)
    _check_keys(held, targets, online)
    manifest = firmware_folder.read(build / update_signing.SIGNED)
    image = firmware_folder.read(build / IMAGE)
    found = updating.loaded(manifest, image, build / update_signing.SIGNED)
    values = found.values
    for path in held.targets.targets:
        board, number, _ = path.split("/")
        if board == values["board"] and int(number) >= values["number"]:
            raise WrongUse("repository-old", number=values["number"], known=number, board=board)
    for name, data in ((update_signing.SIGNED, manifest), (IMAGE, image)):
        one = TargetFile.from_data(f"{values['board']}/{values['number']}/{name}", data, ["sha256"])
        held.targets.targets[one.path] = one
        file = folder / TARGETS / values["board"] / str(values["number"]) / f"{one.hashes['sha256']}.{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        document.write(file, data, is_replaced=True)
    held.targets.version += 1
    _publish(held, targets, online, now)
    return values


def renew(folder: Path, trusted: bytes, online: Ed25519PrivateKey, now: dt.datetime) -> dt.datetime:
    """Say anew that this is the newest; return until when that holds. Raises WrongUse."""
    held = opened(folder, trusted)
    _check_keys(held, None, online)
    _snapshot(held, online, now)
    return _expires(TIMESTAMP, now)


def renew_root(
    folder: Path, trusted: bytes, roots: Sequence[Ed25519PrivateKey], now: dt.datetime
) -> dt.datetime:
    """Sign the root for another year, with as many of its keys as it wants. Raises WrongUse."""
    root = opened(folder, trusted).root
    signers = [_signer(one) for one in roots]
    known = {one.public_key.keyid for one in signers} & set(root.roles[ROOT].keyids)
    if len(known) < root.roles[ROOT].threshold:
        raise WrongUse("repository-root", count=len(known), threshold=root.roles[ROOT].threshold)
    root.version += 1
    root.expires = _expires(ROOT, now)
    signed: Metadata[Root] = Metadata(root)
    for one in signers:
        if one.public_key.keyid in known:
            signed.sign(one, append=True)
    _keep(folder, ROOT, signed)
    return _expires(ROOT, now)


def renew_targets(
    folder: Path, trusted: bytes, targets: Ed25519PrivateKey, online: Ed25519PrivateKey, now: dt.datetime
) -> dt.datetime:
    """Let the list of files hold for another year. Raises WrongUse."""
    held = opened(folder, trusted)
    _check_keys(held, targets, online)
    held.targets.version += 1
    _publish(held, targets, online, now)
    return _expires("targets", now)


def _check_keys(held: Held, targets: Ed25519PrivateKey | None, online: Ed25519PrivateKey) -> None:
    """Before anything is written. Raises WrongUse about a key that the root does not name for its role."""
    roles = [("snapshot", online), (TIMESTAMP, online)]
    for role, key in roles if targets is None else [("targets", targets), *roles]:
        if _signer(key).public_key.keyid not in held.root.roles[role].keyids:
            raise WrongUse("repository-key", role=role, key=key.public_key().public_bytes_raw().hex())


def _publish(held: Held, targets: Ed25519PrivateKey, online: Ed25519PrivateKey, now: dt.datetime) -> None:
    held.targets.expires = _expires("targets", now)
    signed: Metadata[Targets] = Metadata(held.targets)
    signed.sign(_signer(targets))
    _keep(held.folder, "targets", signed)
    _snapshot(held, online, now)


def _snapshot(held: Held, online: Ed25519PrivateKey, now: dt.datetime) -> None:
    """Write snapshot, then timestamp, which alone has no number in its name: it comes last."""
    version = held.snapshot_version + 1
    metas = {"targets.json": MetaFile(held.targets.version)}
    snapshot: Metadata[Snapshot] = Metadata(Snapshot(version, expires=_expires("snapshot", now), meta=metas))
    snapshot.sign(_signer(online))
    _keep(held.folder, "snapshot", snapshot)
    newest = Timestamp(
        held.timestamp_version + 1, expires=_expires(TIMESTAMP, now), snapshot_meta=MetaFile(version)
    )
    signed: Metadata[Timestamp] = Metadata(newest)
    signed.sign(_signer(online))
    document.write(held.folder / METADATA / f"{TIMESTAMP}.json", signed.to_bytes(), is_replaced=True)


def _keep(folder: Path, role: str, signed: Metadata[Any]) -> None:
    document.write(
        folder / METADATA / f"{signed.signed.version}.{role}.json", signed.to_bytes(), is_replaced=True
    )
