"""Uploads to platforms: one adapter per standard, and what each of them promises.

An adapter sends one report and comes back with a Receipt, or raises an UploadError. After an
UploadError the platform may still have the report: send the same report again later, platforms
are idempotent on its address, function, type and time.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """Proof that a platform has a report: both frames byte for byte, and when the confirm came."""

    request_bytes: bytes
    confirm_bytes: bytes
    utc_s: int


class UploadError(Exception):
    """Base of what an upload adapter raises."""


class NoConfirm(UploadError):
    """The platform did not confirm, all repeats included."""


class LinkDown(UploadError):
    """No connection, or it was lost before the confirm came."""


class NotTaken(UploadError):
    """The platform answered that it does not take this report: sending it again would not help."""
