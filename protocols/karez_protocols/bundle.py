"""The evidence bundle: one canonical file that proves a well's litres offline (design §10, §13).

    "KZB1" ‖ sections ‖ SHA-256 of all bytes before
    section = tag u8 ‖ length u32 LE ‖ payload, in this order:

    1 binding   the signed binding, once
    2 grant     a signed grant, any number, rising seq
    3 records   chain u32 ‖ h before the first slot, 32 ‖ slots, once
    4 log       note length u16 ‖ signed note ‖ inclusion proofs, at most once

A proof is: index u64 ‖ entry length u16 ‖ entry ‖ hash count u8 ‖ hashes of 32 bytes.
No byte lies outside a digest or a signature, and one content has one encoding.
"""

import hashlib

from .errors import BadChecksum, Malformed, NotAllowed, TooLarge
from .record import SLOT_SIZE

MAGIC = b"KZB1"
SIZE_MAX = 64 * 1024 * 1024  # ten well-years at 15 minutes are 45 MB

BINDING = 1
GRANT = 2
RECORDS = 3
LOG = 4


def _section(tag, payload):
    return bytes((tag,)) + len(payload).to_bytes(4, "little") + payload


def encode_proof(index, entry, hashes):
    """Return one inclusion proof's bytes."""
    data = index.to_bytes(8, "little") + len(entry).to_bytes(2, "little") + entry
    return data + bytes((len(hashes),)) + b"".join(hashes)


def encode(binding, grants, chain, h_before, slots, note=b"", proofs=()):
    """Return a bundle's bytes; `proofs` are (index, entry, hashes), `slots` whole slots in order."""
    if not slots:
        raise NotAllowed("a bundle without records proves nothing")
    out = MAGIC + _section(BINDING, binding)
    for grant in grants:
        out += _section(GRANT, grant)
    out += _section(RECORDS, chain.to_bytes(4, "little") + h_before + b"".join(slots))
    if note:
        payload = len(note).to_bytes(2, "little") + note
        for index, entry, hashes in proofs:
            payload += encode_proof(index, entry, hashes)
        out += _section(LOG, payload)
    return out + hashlib.sha256(out).digest()


def _sections(data, end):
    """Yield (tag, offset of the payload, payload). Raises Malformed."""
    at = len(MAGIC)
    last = BINDING
    while at < end:
        if end - at < 5:
            raise Malformed("a section header is cut off at byte %d" % at)
        tag = data[at]
        size = int.from_bytes(data[at + 1 : at + 5], "little")
        if not BINDING <= tag <= LOG or tag < last or (tag == last and tag not in (GRANT, BINDING)):
            raise Malformed("section %d at byte %d is out of place" % (tag, at))
        if size > end - at - 5:
            raise Malformed("the section at byte %d is longer than the file" % at)
        yield tag, at + 5, data[at + 5 : at + 5 + size]
        at += 5 + size
        last = tag


def _proofs(payload, at):
    proofs = []
    end = len(payload)
    while at < end:
        if end - at < 10:
            raise Malformed("an inclusion proof is cut off")
        index = int.from_bytes(payload[at : at + 8], "little")
        size = int.from_bytes(payload[at + 8 : at + 10], "little")
        at += 10
        if end - at < size + 1:
            raise Malformed("a logged entry is cut off")
        entry = payload[at : at + size]
        count = payload[at + size]
        at += size + 1
        if count > 63 or end - at < 32 * count:
            raise Malformed("the hashes of an inclusion proof are cut off")
        proofs.append((index, entry, [payload[at + 32 * i : at + 32 * i + 32] for i in range(count)]))
        at += 32 * count
    return proofs


def decode(data):
    """Return a bundle as a dict: binding, grants, chain, h_before, slots, slots_at, note, proofs, digest_ok.

    Takes any bytes. Raises TooLarge, Malformed on a file that has not this shape. A wrong
    digest at the end is reported, not raised: the reader says *where* the file was changed.
    """
    if len(data) > SIZE_MAX:
        raise TooLarge("a bundle has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    end = len(data) - 32
    if bytes(data[:4]) != MAGIC or end < len(MAGIC):
        raise Malformed("this is no evidence bundle: it does not begin with KZB1")
    found: dict = {"grants": [], "note": b"", "proofs": []}
    for tag, at, payload in _sections(data, end):
        if tag == BINDING and "binding" in found:
            raise Malformed("two bindings")
        if tag == BINDING:
            found["binding"] = payload
        elif tag == GRANT:
            found["grants"].append(payload)
        elif tag == RECORDS:
            _records(found, at, payload)
        else:
            size = int.from_bytes(payload[:2], "little")
            if not size or len(payload) < 2 + size:
                raise Malformed("the log's note is cut off")
            found["note"] = payload[2 : 2 + size]
            found["proofs"] = _proofs(payload, 2 + size)
    if "binding" not in found or "slots" not in found:
        raise Malformed("a bundle needs a binding and records")
    found["digest_ok"] = hashlib.sha256(data[:end]).digest() == bytes(data[end:])
    return found


def _records(found, at, payload):
    body = len(payload) - 36
    if body <= 0 or body % SLOT_SIZE:
        raise Malformed("records do not fill their section")
    found["chain"] = int.from_bytes(payload[:4], "little")
    found["h_before"] = payload[4:36]
    found["slots_at"] = at + 36  # byte of the file where the first slot begins
    found["slots"] = [payload[i : i + SLOT_SIZE] for i in range(36, len(payload), SLOT_SIZE)]


def require_digest(found):
    """Raise BadChecksum unless the digest at the end of the file is right."""
    if not found["digest_ok"]:
        raise BadChecksum("the digest at the end of the file does not match its bytes")
