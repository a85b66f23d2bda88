"""Signed objects one after another: where each ends, whether it can be read, whose signature it bears.

What is common to orders and key lists; a sort says what its own bytes are.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import signed
from karez_protocols.errors import Malformed, ProtocolError

from .finding import KIND_INVALID, Field, Finding

CHECK_NONE = "not checked"
CHECK_GOOD = "good"
CHECK_BAD = "does not hold"


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of object: `begin` what it begins with, `size` its bytes with the signature.

    `size` gets the bytes and where in them an object begins.
    """

    kind: str
    label: bytes
    begin: re.Pattern[bytes]
    size: Callable[[bytes, int], int]
    facts: Callable[[bytes], dict[str, object]]  # of a body; raises ProtocolError
    rows: Callable[[bytes, int], list[Field]]  # of a body that need not be readable, and its offset
    title: Callable[[dict[str, object]], str]


def findings(sort: Sort, data: bytes, key: bytes | None) -> Iterator[Finding]:
    """Object after object; behind a bad one it goes on where the next can be read."""
    at = 0
    while at < len(data):
        end = _end(sort, data, at)
        yield _finding(sort, data[at:end], at, key)
        at = end


def _size_at(sort: Sort, data: bytes, at: int) -> int | None:
    return sort.size(data, at) if sort.begin.match(data, at) else None


def _is_at(sort: Sort, data: bytes, at: int) -> bool:
    size = _size_at(sort, data, at)
    if size is None or at + size > len(data):
        return False
    try:
        sort.facts(data[at : at + size - signed.SIGNATURE_SIZE])
    except ProtocolError:
        return False
    return True


def _end(sort: Sort, data: bytes, at: int) -> int:
    """Where the object, or the stretch that is none, ends: at the latest where another begins."""
    end = min(at + (_size_at(sort, data, at) or len(data)), len(data))
    for begin in sort.begin.finditer(data, at + 1):
        if begin.start() >= end:
            break
        if _is_at(sort, data, begin.start()):
            return begin.start()
    return end


def _finding(sort: Sort, data: bytes, offset: int, key: bytes | None) -> Finding:
    size = _size_at(sort, data, 0)
    try:
        body, message, signature = signed.split(sort.label, data)
        facts: dict[str, object] = {"kind": sort.kind, **sort.facts(body)}
    except ProtocolError as error:
        shown = _fields(sort, data, size, offset, CHECK_NONE)
        return Finding(offset, len(data), _refusal(data, size, error), shown)
    state = CHECK_NONE
    if key is not None:
        state = CHECK_GOOD if _holds(key, message, signature) else CHECK_BAD
    shown = _fields(sort, data, size, offset, state)
    if state == CHECK_BAD:
        detail = "The signature does not hold under the key given."
        return Finding(
            offset, len(data), {"kind": KIND_INVALID, "reason": "signature", "detail": detail}, shown
        )
    facts |= {"sha256": signed.digest(data).hex(), "signature": state}
    return Finding(offset, len(data), facts, shown, sort.title(facts))


def _holds(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _refusal(data: bytes, size: int | None, error: ProtocolError) -> dict[str, object]:
    reason, detail = "value", f"{error}."
    if size is None:
        reason = "header"
    elif len(data) != size:
        reason, detail = "length", f"The object has {size} bytes with its signature, here are {len(data)}."
    elif isinstance(error, Malformed):
        reason = "malformed"
    return {"kind": KIND_INVALID, "reason": reason, "detail": detail}


def _fields(sort: Sort, data: bytes, size: int | None, offset: int, state: str) -> tuple[Field, ...]:
    """The fields of what begins as one; of anything else, none."""
    if size is None:
        return ()
    if len(data) < size:
        return tuple(sort.rows(data, offset))
    end = size - signed.SIGNATURE_SIZE
    signature = Field(offset + end, data[end:size], "signature", f"Ed25519, {state}")
    return (*sort.rows(data[:end], offset), signature)
