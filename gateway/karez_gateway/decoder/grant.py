"""`karez decode grant`: signed grants, one after another. The signature is checked with `--set key=`."""

import re
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import fields, grant, signed
from karez_protocols.errors import Malformed, NotAllowed, ProtocolError

from . import own_words
from .finding import KIND_INVALID, Field, Finding, Options
from .layout_fields import plain, rows

KEY_SIZE = 32
SETTINGS = {"key": "public key of the regulator, 64 hex digits: the signature is checked with it"}
CHECK_GOOD = "good"
CHECK_NONE = "not checked"

_HEADER_SIZE = fields.size_of(grant.HEADER)
_ROW_SIZE = fields.size_of(grant.ROW)
# What a grant of this version begins with: version, flags, policy, rows.
_BEGIN = re.compile(rb"\x01[\x00\x01][\x00-\x02][\x01-\x10]")


def decode(data: bytes, options: Options) -> list[Finding]:
    """Every grant and every stretch that is none. Raises WrongOption."""
    return list(grants(data, options.hex_setting("key", KEY_SIZE)))


def grants(data: bytes, key: bytes | None) -> Iterator[Finding]:
    """Findings of grant after grant; behind a bad one it goes on where the next can be read."""
    at = 0
    while at < len(data):
        end = end_at(data, at)
        yield finding(data[at:end], at, key)
        at = end


def size_at(data: bytes, at: int) -> int | None:
    """Bytes of the grant that begins at a place, by its number of rows; None if none does."""
    if not _BEGIN.match(data, at):
        return None
    size: int = _HEADER_SIZE + data[at + 3] * _ROW_SIZE + signed.SIGNATURE_SIZE
    return size


def is_at(data: bytes, at: int) -> bool:
    """True if a whole grant can be read at a place."""
    size = size_at(data, at)
    if size is None or at + size > len(data):
        return False
    try:
        grant.decode(data[at : at + size - signed.SIGNATURE_SIZE])
    except ProtocolError:
        return False
    return True


def end_at(data: bytes, at: int) -> int:
    """Where the grant, or the stretch that is none, ends: at the latest where another grant begins."""
    # Also inside a grant that can be read: the signature of one that was cut would be the next one's bytes.
    end = min(at + (size_at(data, at) or len(data)), len(data))
    for begin in _BEGIN.finditer(data, at + 1, end + 3):
        if begin.start() < end and is_at(data, begin.start()):
            return begin.start()
    return end


def finding(data: bytes, offset: int, key: bytes | None) -> Finding:
    """What these bytes are, taken as one signed grant."""
    try:
        body, message, signature = signed.split(grant.LABEL, data)
        values, entries = grant.decode(body)
    except ProtocolError as error:
        return Finding(offset, len(data), _refusal(data, error), _fields(data, offset, CHECK_NONE))
    facts: dict[str, object] = {"kind": "grant", **plain(values)}
    facts["issued_utc"] = own_words.utc(values["issued_utc_s"])
    facts["policy_name"] = own_words.code_name("policy", values["policy"])
    facts["rows"] = [_row_facts(entry) for entry in entries]
    facts["sha256"] = signed.digest(data).hex()
    facts["signature"] = state = CHECK_NONE
    if key is not None:
        wrong = _signature_fault(key, values["issuer"], message, signature)
        if wrong:
            facts = {"kind": KIND_INVALID, "reason": "signature", "detail": wrong}
            return Finding(offset, len(data), facts, _fields(data, offset, "does not hold"))
        facts["signature"] = state = CHECK_GOOD
    title = f"grant {values['seq']} for {values['site']}"
    return Finding(offset, len(data), facts, _fields(data, offset, state), title)


def _row_facts(entry: dict[str, int]) -> dict[str, object]:
    facts: dict[str, object] = {**entry, "quantity_name": own_words.code_name("quantity", entry["quantity"])}
    facts["from_utc"], facts["to_utc"] = own_words.utc(entry["from_utc_s"]), own_words.utc(entry["to_utc_s"])
    return facts


def _signature_fault(key: bytes, issuer: int, message: bytes, signature: bytes) -> str:
    """Why a signature does not hold, "" when it does."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        named = signed.key_id(key)
        if named != issuer:
            return f"The grant names issuer {issuer:08x}; the key given is {named:08x}."
        return "The signature does not hold: the grant was changed after it was signed."
    return ""


def _refusal(data: bytes, error: ProtocolError) -> dict[str, object]:
    reason, detail = "malformed", f"{error}."
    expected = size_at(data, 0)
    if expected is not None and len(data) != expected:
        reason = "length"
        detail = f"A grant of {data[3]} rows has {expected} bytes with its signature, here are {len(data)}."
    elif data[0] != grant.VERSION:
        reason = "version"
        detail = f"A grant begins with version {grant.VERSION}, here stands {data[0]}."
    elif isinstance(error, Malformed) and len(data) < _HEADER_SIZE + signed.SIGNATURE_SIZE:
        reason = "length"
    elif isinstance(error, NotAllowed):
        reason = "value"
    return {"kind": KIND_INVALID, "reason": reason, "detail": detail}


def _fields(data: bytes, offset: int, state: str) -> tuple[Field, ...]:
    """Rows of a grant; of what does not begin as one, none."""
    size = size_at(data, 0)
    if size is None:
        return ()
    end = min(size, len(data)) - (signed.SIGNATURE_SIZE if len(data) >= size else 0)
    out = list(rows(grant.HEADER, data[:end], 0, offset))
    for number, at in enumerate(range(_HEADER_SIZE, end - _ROW_SIZE + 1, _ROW_SIZE)):
        entry = list(rows(grant.ROW, data[:end], at, offset))
        unit = "Wh" if entry[0].raw == bytes((grant.ENERGY,)) else "L"
        for one in entry:
            unit_shown = unit if one.name == "ceiling" else one.unit
            out.append(Field(one.offset, one.raw, f"row {number + 1} {one.name}", one.meaning, unit_shown))
    if len(data) >= size:
        signature = data[size - signed.SIGNATURE_SIZE : size]
        out.append(Field(offset + size - signed.SIGNATURE_SIZE, signature, "signature", f"Ed25519, {state}"))
    return tuple(out)
