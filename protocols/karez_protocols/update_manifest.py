"""The manifest of an update: which image for which board, every chunk of it by its digest, signed twice.

Two parties sign, each under a label of its own, so no signature passes as the other's: the vendor, whose
key the running image carries, and the regulator, whose key stands in the binding. Neither alone changes
what runs at a well (integrity §5.8). A chunk is a sector of flash: what came wrong is found before the
next one is taken, and erased alone.
"""

import hashlib

from . import fields, signed
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
VENDOR_LABEL = b"KZ firmware vendor 1"
REGULATOR_LABEL = b"KZ firmware regulator 1"
VENDOR, REGULATOR = 0, 1  # parties, in the order of their signatures
CHUNK_SIZE = 4096
CHUNKS_MAX = 120  # a full manifest still fits one sector of a slot (4080 B)
SIZE_MAX = 4080
DIGEST_SIZE = 32

HEADER = """
version u1
chunks u1
reserved x2
number u4
least u4
issued_utc_s u4
size u4
board t16
release t16
sha256 b32
core_digest b24
"""

_SIGNATURES_SIZE = 2 * signed.SIGNATURE_SIZE


def encode(values, digests):
    """Return a manifest's body; `digests`: SHA-256 of each chunk, in order. Raises NotAllowed."""
    if not 1 <= len(digests) <= CHUNKS_MAX:
        raise NotAllowed("an image has 1 to %d chunks, not %d" % (CHUNKS_MAX, len(digests)))
    values = dict(values)
    values["version"] = VERSION
    values["chunks"] = len(digests)
    body = fields.pack(HEADER, values) + b"".join(digests)
    decode(body)
    return body


def of_image(values, image):
    """Return the body for an image's bytes, which say size, digest and chunks. Raises NotAllowed."""
    values = dict(values)
    values["size"] = len(image)
    values["sha256"] = hashlib.sha256(image).digest()
    starts = range(0, len(image), CHUNK_SIZE)
    return encode(values, [hashlib.sha256(image[at : at + CHUNK_SIZE]).digest() for at in starts])


def decode(body):
    """Return the values of a manifest's body; chunk_digest reads the rest.

    Raises Malformed or TooLarge on its shape, NotAllowed on values no manifest may have.
    """
    return _judged(body, len(body))


def _judged(head, body_size):
    if body_size > SIZE_MAX - _SIGNATURES_SIZE:
        raise TooLarge("a manifest has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    values = fields.unpack(HEADER, head)
    if values["version"] != VERSION:
        raise Malformed("version %s of a manifest is not %d" % (values["version"], VERSION))
    count = values["chunks"]
    if not count or count > CHUNKS_MAX:
        raise NotAllowed("an image has 1 to %d chunks" % CHUNKS_MAX)
    size = fields.size_of(HEADER) + count * DIGEST_SIZE
    if body_size != size:
        raise Malformed("%d chunks need %d bytes, not %d" % (count, size, body_size))
    if not values["number"] or values["least"] is None or values["issued_utc_s"] is None:
        raise NotAllowed("a manifest has a number from 1, a least number and a date")
    if values["least"] > values["number"]:
        raise NotAllowed("least %d is above number %d" % (values["least"], values["number"]))
    if values["size"] is None or not 0 <= count * CHUNK_SIZE - values["size"] < CHUNK_SIZE:
        raise NotAllowed("%s bytes are not %d chunks" % (values["size"], count))
    if not values["board"] or not values["release"]:
        raise NotAllowed("a manifest names its board and its release")
    return values


def chunk_digest(body, index):
    """Return the SHA-256 that chunk `index` must have. Raises IndexError."""
    at = digest_at(index)
    found = bytes(body[at : at + DIGEST_SIZE])
    if index < 0 or len(found) < DIGEST_SIZE:
        raise IndexError(index)
    return found


def chunk_bytes(values, index):
    """Return how many bytes chunk `index` has; the last one may be short."""
    return min(CHUNK_SIZE, values["size"] - index * CHUNK_SIZE)


def sign(body, vendor_signature, regulator_signature):
    """Return the whole object of a body and its two signatures of 64 bytes. Raises NotAllowed."""
    for one in (vendor_signature, regulator_signature):
        if len(one) != signed.SIGNATURE_SIZE:
            raise NotAllowed("a signature has %d bytes, not %d" % (signed.SIGNATURE_SIZE, len(one)))
    return body + vendor_signature + regulator_signature


class Message:
    """What a party has signed, label and body, of a manifest that may stand in a flash: cut as bytes are."""

    def __init__(self, label, data):
        self._head = signed.message(label, b"")
        self._data = data
        self._size = len(self._head) + len(data) - _SIGNATURES_SIZE

    def __len__(self):
        return self._size

    def __getitem__(self, key):
        before = len(self._head)
        stop = min(key.stop, self._size)
        part = self._head[key.start : stop]
        return part + self._data[max(0, key.start - before) : stop - before] if stop > before else part


def open_signed(data):
    """Return (values, body, (message, signature) of the vendor, the same of the regulator).

    Raises ProtocolError. Checking both signatures is the caller's.
    """
    data = bytes(data)
    values = values_of(data)
    both = [signed_by(data, party) for party in (VENDOR, REGULATOR)]
    vendor, regulator = [(message[0 : len(message)], signature) for message, signature in both]
    return values, data[:-_SIGNATURES_SIZE], vendor, regulator


def values_of(data):
    """Return the values of a whole signed manifest, in bytes or cut as bytes are. Raises ProtocolError."""
    size = len(data) - _SIGNATURES_SIZE
    if size <= 0:
        raise Malformed("%d bytes hold no manifest with two signatures" % len(data))
    return _judged(data[0 : min(size, fields.size_of(HEADER))], size)


def signed_by(data, party):
    """Return (Message, signature) of VENDOR or REGULATOR; nothing is held in one piece."""
    label = REGULATOR_LABEL if party else VENDOR_LABEL
    at = len(data) - _SIGNATURES_SIZE + party * signed.SIGNATURE_SIZE
    return Message(label, data), data[at : at + signed.SIGNATURE_SIZE]


def digest_at(index):
    """Return where in a manifest the SHA-256 of chunk `index` begins."""
    return fields.size_of(HEADER) + index * DIGEST_SIZE
