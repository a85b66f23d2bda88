"""Who may ask the API: bearer tokens, of which the data directory holds only the SHA-256.

A token is 32 random bytes, shown once when it is made. Its scope is a list of sites, or all of them; what
this version cannot read in a scope it refuses, so a file of a later version never opens more than it says.
Ended tokens stay in the file: who could read what until when is a question of years.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from karez_gateway.calendars import UTC_S_MAX
from karez_gateway.errors import Refused, StoreError

FILE = "tokens.json"
FORMAT = "karez-tokens/1"
PREFIX = "karez_"  # so that a token that leaks is found by what looks for such
SECRET_BYTES = 32
TOKENS_MAX = 1000
SITES_MAX = 5000  # stand in one statement; SQLite takes 32,766 parameters
SITE_CHARACTERS_MAX = 64
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRET = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token opens; `sites` is None where it opens all of them."""

    sites: frozenset[str] | None

    def allows(self, site: str) -> bool:
        """True if the site may be seen."""
        return self.sites is None or site in self.sites


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it is kept. Valid from when it was made until `until_utc_s`, that second not included."""

    name: str
    digest: bytes
    scope: Scope
    made_utc_s: int
    until_utc_s: int | None = None
    ended_utc_s: int | None = None

    def is_valid(self, now_utc_s: float) -> bool:
        """True if it opens anything now."""
        return self.ended_utc_s is None and (self.until_utc_s is None or now_utc_s < self.until_utc_s)


class Tokens:
    """The file as a server looks at it: read again when it was replaced, so what ends has ended at once."""

    def __init__(self, directory: Path) -> None:
        """Read nothing yet."""
        self._path = directory / FILE
        self._seen: tuple[int, int, int] | None = None
        self._tokens: list[Token] = []

    def every(self) -> list[Token]:
        """All of them; none where there is no file. Raises StoreError."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, []
            return []
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}") from None
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen != self._seen:
            self._tokens = load(self._path)
            self._seen = seen
        return self._tokens

    def find(self, text: str, now_utc_s: float) -> Token | None:
        """The valid token that a caller shows. Every kept digest is compared, each in constant time."""
        if not _SECRET.fullmatch(text):
            return None
        digest = _digest(text)
        found: Token | None = None
        for one in self.every():
            if hmac.compare_digest(one.digest, digest):
                found = one
        return found if found is not None and found.is_valid(now_utc_s) else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()


def load(path: Path) -> list[Token]:
    """Every token of a file, in the order in which they were made. Raises StoreError."""
    try:
        found = json.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise StoreError(f"{path} was written by another Karez: {found['format']}")
        return [_token(one) for one in found["tokens"]]
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{path} is damaged ({error}): restore it, or remove it and give out new ones"
        ) from None


def _token(kept: dict[str, Any]) -> Token:
    scope, name = kept["scope"], kept["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a token")
    if scope == {"all": True}:
        sites = None
    elif set(scope) == {"sites"} and all(isinstance(one, str) for one in scope["sites"]):
        sites = frozenset(scope["sites"])
    else:
        raise ValueError(f"token {kept['name']} has a scope that this version does not know")
    if not all(map(_is_name, sites or ())):
        raise ValueError(f"token {name} has a site without a name")
    until, ended = kept["until_utc_s"], kept["ended_utc_s"]
    times = [int(one) for one in (kept["made_utc_s"], until, ended) if one is not None]
    if not all(0 <= one <= UTC_S_MAX for one in times):
        raise ValueError(f"token {name} has a time that no calendar has")
    return Token(
        name,
        bytes.fromhex(kept["sha256"]),
        Scope(sites),
        int(kept["made_utc_s"]),
        None if until is None else int(until),
        None if ended is None else int(ended),
    )


def _is_name(site: str) -> bool:
    return site.isprintable() and 0 < len(site) <= SITE_CHARACTERS_MAX


def _kept(one: Token) -> dict[str, Any]:
    sites = one.scope.sites
    return {
        "name": one.name,
        "sha256": one.digest.hex(),
        "scope": {"all": True} if sites is None else {"sites": sorted(sites)},
        "made_utc_s": one.made_utc_s,
        "until_utc_s": one.until_utc_s,
        "ended_utc_s": one.ended_utc_s,
    }


def add(directory: Path, name: str, scope: Scope, now_utc_s: int, until_utc_s: int | None = None) -> str:
    """Make a token and return its text, which is kept nowhere. Raises Refused, StoreError."""
    if not NAME.fullmatch(name):
        raise Refused("a token's name is 1 to 64 letters, digits, dots, dashes and underlines")
    if scope.sites is not None and not 1 <= len(scope.sites) <= SITES_MAX:
        raise Refused(f"a token is for 1 to {SITES_MAX} sites, or for all of them")
    for site in scope.sites or ():
        if not _is_name(site):
            raise Refused(
                f"{site[:40]!r} is no name of a site: 1 to {SITE_CHARACTERS_MAX} characters in one line"
            )
    if until_utc_s is not None and until_utc_s <= now_utc_s:
        raise Refused("the last day of this token is over already")
    raw = secrets.token_bytes(SECRET_BYTES)
    text = PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
    with _changing(directory) as tokens:
        if any(one.name == name and one.ended_utc_s is None for one in tokens):
            raise Refused(f"there is a token {name}: end it first (karez gateway token end {name})")
        if len(tokens) >= TOKENS_MAX:
            raise Refused(f"{TOKENS_MAX} tokens are kept, which is the most: begin a new {FILE}")
        tokens.append(Token(name, _digest(text), scope, now_utc_s, until_utc_s))
    return text


def end(directory: Path, name: str, now_utc_s: int) -> Token:
    """End a token: a running server takes it no more. Raises Refused, StoreError."""
    with _changing(directory) as tokens:
        for at, one in enumerate(tokens):
            if one.name == name and one.ended_utc_s is None:
                tokens[at] = replace(one, ended_utc_s=now_utc_s)
                return tokens[at]
        raise Refused(f"there is no token {name} that could end: see karez gateway token list")


@contextmanager
def _changing(directory: Path) -> Iterator[list[Token]]:
    """The list, to be changed; it is written whole when the block ends, by one process at a time."""
    path = directory / FILE
    try:
        lock = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"{directory} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tokens = load(path) if path.exists() else []
        yield tokens
        data = json.dumps({"format": FORMAT, "tokens": [_kept(one) for one in tokens]}, ensure_ascii=False)
        try:
            _replace(path, data.encode() + b"\n")
            os.fsync(lock)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        os.close(lock)


def _replace(path: Path, data: bytes) -> None:
    unfinished = path.with_suffix(".tmp")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
