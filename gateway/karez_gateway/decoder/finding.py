"""What a decoder finds in bytes: one Finding per frame, good or bad, in the order of the stream.

A decoder is a function `decode(data: bytes, options: Options) -> list[Finding]`, registered
under the entry point group `karez.decoders`. It raises nothing for bad bytes: a bad frame is
a Finding whose facts are {"kind": "invalid", "reason": ..., "detail": ...}. Options that make
no sense to it raise WrongOption.

Beside `decode` its module may hold SETTINGS, {name: what `--set NAME=VALUE` takes}; without
it the decoder takes no settings.
"""

from dataclasses import dataclass
from typing import Any

KIND_INVALID = "invalid"
KIND_ERASED = "erased"  # memory that was never written: neither a frame nor a fault


class WrongOption(ValueError):
    """A `--set` or `--profile` the decoder cannot use; the text says what it takes."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a frame, for a person: where, which bytes, what they say."""

    offset: int  # from the beginning of the input
    raw: bytes
    name: str  # the field's standard noun: "address", "control code"
    meaning: str  # "1", "read data, reply", "230.2"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One frame, or one stretch of bytes that is none.

    `facts` is what `--json` prints, its keys are those of the test vectors' `decoded`;
    "kind" is always there: request, response, exception, error, invalid …
    """

    offset: int
    length: int
    facts: dict[str, Any]
    fields: tuple[Field, ...] = ()
    title: str = ""  # the headline where the kind alone says too little: "record: stop"

    @property
    def is_good(self) -> bool:
        """False for what is not a frame, or a bad one."""
        return bool(self.facts["kind"] != KIND_INVALID)

    @property
    def is_frame(self) -> bool:
        """False also for memory that was never written."""
        return self.is_good and bool(self.facts["kind"] != KIND_ERASED)


@dataclass(frozen=True)
class Options:
    """What the person who asks knows beside the bytes."""

    profile: str = ""  # name of a meter profile: register values are scaled by it
    settings: tuple[tuple[str, str], ...] = ()  # further `--set NAME=VALUE`, by decoder

    def hex_setting(self, name: str, size: int) -> bytes | None:
        """The bytes of a setting in hex, None when it is not given. Raises WrongOption."""
        text = dict(self.settings).get(name)
        if text is None:
            return None
        try:
            value = bytes.fromhex(text.replace(":", ""))
        except ValueError:
            raise WrongOption(f"{name} is {size} bytes in hex, not {text!r}") from None
        if len(value) != size:
            raise WrongOption(f"{name} is {size} bytes in hex, these are {len(value)}")
        return value
