"""The configuration as a file: read with line and column, written whole or not at all, compared by place."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_MAX = 4080  # one object in the controller's NOR (firmware: store/objects.py)


@dataclass(frozen=True)
class Document:
    """A configuration: its bytes as they are, and what they say."""

    data: bytes
    value: Any

    @property
    def sha256(self) -> str:
        """The digest by which a record names it."""
        return hashlib.sha256(self.data).hexdigest()


def parse(data: bytes, name: object, most: int = SIZE_MAX) -> Document:
    """Return the document in these bytes, at most `most`; `name` = where they are from. Raises WrongUse."""
    if len(data) > most:
        raise WrongUse("document-large", file=name, size=len(data), most=most)
    if not data.strip():
        raise WrongUse("document-empty", file=name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise WrongUse("document-encoding", file=name, line=line) from None
    if text.startswith("\ufeff"):
        raise WrongUse("document-mark", file=name)
    try:
        value = value_of(data)
    except Twice as error:
        raise WrongUse("document-twice", file=name, name=str(error)) from None
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip())
        key = "document-cut" if is_cut else "document-json"
        raise WrongUse(key, file=name, line=error.lineno, column=error.colno, why=error.msg) from None
    except (ValueError, RecursionError) as error:
        raise WrongUse("document-shape", file=name, why=str(error)) from None
    return Document(data, value)


def load(path: Path) -> Document:
    """Return the document in a file. Raises WrongUse."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1 if path.is_file() else 0)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    if size > SIZE_MAX:
        raise WrongUse("document-large", file=path, size=size, most=SIZE_MAX)
    return parse(data, path)


def value_of(data: bytes) -> Any:
    """What JSON in UTF-8 says. Raises Twice, ValueError (JSON or UTF-8) and RecursionError."""
    return json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse)


class Twice(Exception):
    """A member stands there twice, and nobody could say which is meant."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Twice(name)
        found[name] = value
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def write(path: Path, data: bytes, *, is_replaced: bool = False) -> None:
    """Write a file whole: a cable or a battery that ends halfway leaves no half file. Raises WrongUse."""
    if path.exists() and not is_replaced:
        raise WrongUse("file-exists", file=path)
    try:
        descriptor, half = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    except OSError as error:
        raise WrongUse("file-unwritable", file=path, why=error.strerror) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(half).chmod(0o644)  # a file to be shown, unlike what mkstemp is for
        Path(half).replace(path)
    except OSError as error:
        raise WrongUse("file-unwritable", file=path, why=error.strerror) from None
    finally:
        Path(half).unlink(missing_ok=True)


def check_writable(path: Path, *, is_replaced: bool = False) -> None:
    """Refuse a place where no file can be, before minutes are spent on the line. Raises WrongUse."""
    if path.exists() and not is_replaced:
        raise WrongUse("file-exists", file=path)
    if not os.access(path.parent, os.W_OK):
        raise WrongUse(
            "file-unwritable",
            file=path,
            why=os.strerror(errno.EACCES if path.parent.exists() else errno.ENOENT),
        )


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (place, value) of every leaf; meters go by what they count, since their order says nothing."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from places(one, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            named = one.get("quantity") if path == "meters" and isinstance(one, dict) else None
            yield from places(one, f"{path}[{named if isinstance(named, str) else index}]")
    else:
        yield path, value


def differences(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """(place, in the old, in the new) wherever two documents differ; ABSENT where one has nothing."""
    before, after = dict(places(old)), dict(places(new))
    return [
        (place, before.get(place, ABSENT), after.get(place, ABSENT))
        for place in sorted(before.keys() | after.keys())
        if _kind(before.get(place, ABSENT)) != _kind(after.get(place, ABSENT))
    ]


ABSENT = object()


def _kind(value: Any) -> tuple[type, Any]:
    return type(value), value  # 1 and true are equal, and are not the same
