"""The shapes that every meter protocol shares: answers to a question, pieces of a capture."""

from collections import namedtuple

# `data`: register bytes as they stood on the wire (Modbus), or what follows the identifier.
Reply = namedtuple("Reply", "address function data")  # noqa: PYI024 - no typing on MicroPython
Failure = namedtuple("Failure", "address function code")  # noqa: PYI024 - the same
