"""The file of signed grants that goes back to the gateway: a heading, then one line a site.

    {"karez": "signed grants", "version": 1, "year": …, "document": …, "sites": 6954}
    {"site": "well-12", "seq": 4, "grant": base64 of the signed grant (docs/wire/grant.md)}

It is only carried: whoever takes it in checks each grant's own signature. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from .errors import Refused, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND = "signed grants"
VERSION = 1
SIZE_MAX = 1 << 27  # two hundred thousand grants


def encode(year: int, document: str, grants: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return the file's bytes of (site, number, signed grant)."""
    lines = [
        {"site": site, "seq": seq, "grant": base64.b64encode(data).decode()} for site, seq, data in grants
    ]
    head = {"karez": KIND, "version": VERSION, "year": year, "document": document, "sites": len(lines)}
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (head, *lines)).encode()


def is_one(data: bytes) -> bool:
    """True if this is such a file; a single grant begins with its version byte."""
    return data[:1] == b"{"


def decode(data: bytes, name: str) -> list[bytes]:
    """Return the signed grants of a file, unchecked; `name` stands in faults. Raises Refused."""
    if len(data) > SIZE_MAX:
        raise Refused([fault(name, "file-large", most=SIZE_MAX >> 20)])
    lines = data.split(b"\n")
    if lines.pop():
        raise Refused([fault(name, "request-cut")])
    try:
        head, *rest = map(json.loads, lines)
        if (head["karez"], head["version"]) != (KIND, VERSION):
            raise Refused([fault(name, "signed-kind", version=VERSION)])
        if head["sites"] != len(rest):
            raise Refused([fault(name, "request-count", said=head["sites"], found=len(rest))])
        return [base64.b64decode(one["grant"], validate=True) for one in rest]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refused([fault(name, "signed-kind", version=VERSION)]) from None
