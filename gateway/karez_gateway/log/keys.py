"""The log's private key as a file: the one-line form `PRIVATE+KEY+name+hash+base64` of signed-note tools.

That form and not PEM: golang.org/x/mod/sumdb/note and the C2SP tools built on it read it as it is, and it
carries the log's name, so that a key cannot sign for another log by a slip of configuration.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from karez_gateway.log.errors import KeyRefused
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import Signer

if TYPE_CHECKING:
    from pathlib import Path

KEY_FILE_BYTES_MAX = 4096  # prefix, a name of at most 255 characters, id and 44 characters of base64


def create_key(path: Path, name: str) -> Signer:
    """Make a new key for the log `name` in a file only its owner can read; never replaces a file.

    Keep it outside the log's directory, which is served to everybody.
    """
    signer = Signer.generate(name)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        _write_private(temporary, signer.export().encode() + b"\n")
        try:
            os.link(temporary, path)  # unlike a rename, refuses to replace
        finally:
            temporary.unlink()
        _sync(path.parent)
    except FileExistsError:
        raise KeyRefused(
            f"{path} exists: a log's key is made once, and each new origin gets its own file"
        ) from None
    except OSError as error:
        raise KeyRefused(f"{path}: the key could not be written ({error.strerror})") from error
    return signer


def load_key(path: Path, name: str) -> Signer:
    """The key of the log `name`; raises KeyRefused, which says what to do."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(KEY_FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise KeyRefused(
            f"{path}: no such file. Without its key a log cannot go on: restore the key, or begin a new log "
            f"under a new origin with a new key"
        ) from None
    except OSError as error:
        raise KeyRefused(f"{path}: the key cannot be read ({error.strerror})") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{path}: others than its owner have rights on it; run: chmod 600 {path}")
    try:
        signer = Signer.parse(data.decode("utf-8").removesuffix("\n"))
    except (UnicodeDecodeError, VerificationError) as error:
        raise KeyRefused(f"{path} holds no log key: {error}") from error
    if signer.verifier_key.name != name:
        raise KeyRefused(f"{path} is the key of {signer.verifier_key.name}, not of {name}")
    return signer


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
