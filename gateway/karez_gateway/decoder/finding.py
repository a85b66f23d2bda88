"""What a decoder finds in bytes: one Finding per frame, good or bad, in the order of the stream.

A decoder is a function `decode(data: bytes, options: Options) -> list[Finding]`, registered
under the entry point group `karez.decoders`. It raises nothing for bad bytes: a bad frame is
a Finding whose facts are {"kind": "invalid", "reason": ..., "detail": ...}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field of a frame, for a person: where, which bytes, what they say."""

    offset: int  # from the beginning of the input
    raw: bytes
    name: str  # the field's standard noun: "address", "control code"
    meaning: str  # "1", "read data, reply", "230.2"
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """One frame, or one stretch of bytes that is none.

    `facts` is what `--json` prints, its keys are those of the test vectors' `decoded`;
    "kind" is always there: request, response, exception, error, invalid …
    """

    offset: int
    length: int
    facts: dict[str, Any]
    fields: tuple[Field, ...] = ()

    @property
    def is_good(self) -> bool:
        """False for what is not a frame, or a bad one."""
        return bool(self.facts["kind"] != "invalid")


@dataclass(frozen=True)
class Options:
    """What the person who asks knows beside the bytes."""

    profile: str = ""  # name of a meter profile: register values are scaled by it
    settings: tuple[tuple[str, str], ...] = ()  # further `--set NAME=VALUE`, by decoder
