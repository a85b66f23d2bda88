"""Log checkpoints: a tree head as the text of a signed note (C2SP tlog-checkpoint), and who signed it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_gateway.verifier.errors import BadSignature, Malformed, VerificationError
from karez_gateway.verifier.merkle import EMPTY_ROOT, HASH_BYTES
from karez_gateway.verifier.note import check_text, decode_base64, encode_base64, open_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from karez_gateway.verifier.note import Verified, VerifierKey

SIZE_DIGITS_MAX = 19  # ours: sizes stay below 2^63, as other people's int64 do
_DECIMAL = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> Checkpoint:
        """Read a note's text as a checkpoint; raises Malformed."""
        check_text(text)
        lines = text.decode().split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise Malformed(
                "a checkpoint is origin, size and root hash, each line non-empty and ended by a newline"
            )
        origin, size, root, *extensions = lines
        if len(size) > SIZE_DIGITS_MAX or not _DECIMAL.fullmatch(size) or int(size) >> 63:
            raise Malformed(
                f"checkpoint of {origin}: the size is a decimal number below 2^63 without leading zeroes"
            )
        hash_ = decode_base64(root, f"the root of {origin}")
        if len(hash_) != HASH_BYTES or (size == "0" and hash_ != EMPTY_ROOT):
            raise Malformed(f"checkpoint of {origin}: this cannot be the root of {size} entries")
        return cls(origin, int(size), hash_, tuple(extensions))

    def format(self) -> bytes:
        """The note's text; raises Malformed for what cannot be said in one."""
        lines = [self.origin, str(self.size), encode_base64(self.root), *self.extensions]
        text = "".join(f"{line}\n" for line in lines).encode(errors="surrogatepass")
        if Checkpoint.parse(text) != self:
            raise Malformed(f"checkpoint of {self.origin!r}: a line would not be read back as it is written")
        return text


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint its log signed, and which of the known witnesses signed it too."""

    checkpoint: Checkpoint
    witnesses: tuple[Verified, ...]
    unknown: int


def open_checkpoint(
    data: bytes, origin: str, log_key: VerifierKey, witness_keys: Sequence[VerifierKey] = ()
) -> OpenedCheckpoint:
    """Verify a checkpoint: the log's own signature must be there, and the origin must be the log's."""
    public_keys = [key.public_key for key in (log_key, *witness_keys)]
    if len(set(public_keys)) < len(public_keys):
        # Otherwise one machine under two names would count as two witnesses.
        raise VerificationError("the log and its witnesses must all have different keys")
    opened = open_note(data, (log_key, *witness_keys))
    witnesses = tuple(one for one in opened.verified if one.key != log_key)
    if len(witnesses) == len(opened.verified):
        raise BadSignature(f"the log {log_key.name} has not signed this checkpoint")
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != origin:
        raise BadSignature(f"the checkpoint is of the log {checkpoint.origin}, not of {origin}")
    return OpenedCheckpoint(checkpoint, witnesses, opened.unknown)
