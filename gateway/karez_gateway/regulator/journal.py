"""The office's journal: one line of JSON for everything that was signed, each naming the one before.

    {"n": 7, "before": SHA-256 of line 6, "utc_s": …, "sort": "grants", "by": …, "because": …, …}

A line is on the disk before anything signed leaves the office, and it holds the signed bytes themselves: what
a crash or a full disk takes away afterwards can be written again from it. Nobody edits it: a changed, missing
or added line is found when it is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import Refused, Trouble, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "journal.jsonl"
TORN = "journal.torn"  # half a line that a crash left: never signed, for nothing left before the line stood
BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """How far the journal goes: its last line's number and digest."""

    n: int = 0
    sha256: str = BEGINNING


def _line(head: Head, entry: dict[str, Any]) -> bytes:
    body = {"n": head.n + 1, "before": head.sha256, **entry}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def append(path: Path, head: Head, entry: dict[str, Any]) -> Head:
    """Write one entry behind `head` and wait until it is on the disk; return the new head. Raises Trouble."""
    line = _line(head, entry)
    try:
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                written = 0
                while written < len(line):
                    written += file.write(line[written:])
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # a full disk: no half of a line stays
                raise
        sync_folder(path.parent)
    except OSError as error:
        raise Trouble("file-unwritable", file=path, why=error.strerror) from None
    return Head(head.n + 1, hashlib.sha256(line).hexdigest())


def read(path: Path, after: Head) -> Iterator[tuple[Head, dict[str, Any]]]:
    """(head, entry) of every line after one, oldest first. Raises Refused when the chain does not hold.

    `after`: where a reader has got to; that line must still be there as it was. Half a last line is no entry.
    """
    head = Head()
    if not path.exists():
        if after != head:
            raise Refused([fault(path.name, "journal-shorter", n=after.n)])
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            number, before = head.n + 1, head.sha256
            head = Head(number, hashlib.sha256(line).hexdigest())
            if number == after.n and head != after:
                raise Refused([fault(f"{path.name}:{number}", "journal-changed")])
            if number <= after.n:
                continue
            entry = _entry(line)
            if entry.get("n") != number or entry.get("before") != before:
                raise Refused([fault(f"{path.name}:{number}", "journal-changed")])
            yield head, entry
    if head.n < after.n:
        raise Refused([fault(path.name, "journal-shorter", n=after.n)])


def _entry(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def mend(path: Path) -> bool:
    """Take half a last line off into TORN; True if there was one."""
    if _is_whole(path):
        return False
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    with path.with_name(TORN).open("ab") as torn:
        torn.write(data[whole:] + b"\n")
        torn.flush()
        os.fsync(torn.fileno())
    with path.open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return True


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except FileNotFoundError:
        return True


def replace(path: Path, data: bytes) -> None:
    """Put a file in the place of another at one stroke, and wait until it is on the disk. Raises Trouble."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise Trouble("file-unwritable", file=path, why=error.strerror) from None


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
