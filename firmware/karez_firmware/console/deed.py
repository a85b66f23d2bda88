"""A deed is written before it is done: events of the console, and signatures checked in the background."""

from karez_protocols import ed25519, event_details, fields
from karez_protocols.constant import const

from ..store.devices import StoreFailed
from .refusal import Refused

_CHECK_MS = const(60_000)  # a signature behind a full queue of others, on the slowest board
_WORDS = const(22)  # of event_details.ACT


def record(app, cause, detail, subject=0):
    """Write an event of the console, behind all that waits to be written. Raises StoreFailed."""
    app.records.write()
    if app.records.pending:
        raise StoreFailed("records wait that the memory does not take")
    data = fields.pack(event_details.layout(cause), detail)
    app.records.commit(app.controller.recorder.event(cause, app.port.now_ms(), subject, data))


def act(app, cause, number, words):
    """Write who asks for what: the request's beginning, no character cut."""
    data = " ".join(words).encode()
    end = min(len(data), _WORDS)
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    record(app, cause, {"number": number, "words": str(data[:end], "utf-8")})


def verified(app, key, message, signature):
    """Wait for a signature to be checked in the background; return whether it holds. Raises Refused."""
    found: list = []
    if not app.background.add(ed25519.verify_slices(key, message, signature), found.append):
        raise Refused(b"busy: other signatures are being checked, try again")
    until_ms = app.port.now_ms() + _CHECK_MS
    while not found:
        if app.port.now_ms() > until_ms:
            raise Refused(b"failed: the signature was not checked, try again")
        yield False
    return found[0]
