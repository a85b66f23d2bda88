"""What a codec may raise, and nothing else.

    ProtocolError
    ├── Malformed     the bytes do not have the shape the document gives them
    ├── BadChecksum   shape right, checksum or digest wrong: `expected`, `found`
    ├── TooLarge      more than the named limit: `limit`
    ├── NotAllowed    well formed, but a value outside its range or a rule forbids it
    └── BadSignature  a signature that its key does not confirm

The wire is hostile: bytes that come in raise one of these inside the codec and become
a counter outside it. Values that go out are range-checked and raise NotAllowed.
"""


class ProtocolError(Exception):
    """Base of every error a codec raises."""


class Malformed(ProtocolError):
    """The bytes do not have the shape the document gives them."""


class BadChecksum(ProtocolError):
    """Shape right, checksum wrong."""

    def __init__(self, message, expected=None, found=None):
        super().__init__(message)
        self.expected = expected
        self.found = found


class TooLarge(ProtocolError):
    """More than the named limit allows."""

    def __init__(self, message, limit=None):
        super().__init__(message)
        self.limit = limit


class NotAllowed(ProtocolError):
    """Well formed, but a value outside its range, or forbidden by a rule."""


class BadSignature(ProtocolError):
    """A signature that its key does not confirm."""
