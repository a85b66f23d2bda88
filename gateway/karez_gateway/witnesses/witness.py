"""C2SP tlog-witness, the log's side: what an `add-checkpoint` request says and what its answer means. Pure.

A witness's word is believed as far as its signature goes and no further: a size in a 409 and a refused proof
are claims, which restored.py weighs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import Note, Signature, VerifierKey, encode_base64

PATH = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
PROOF_HASHES_MAX = 63  # tlog-witness: "The client MUST NOT send more than 63 consistency proof lines"
# A cosignature line of Ed25519 is some 150 bytes, one of ML-DSA-44 nearly 5 kB; a witness may send several.
ANSWER_BYTES_MAX = 64 * 1024
# Both clocks are set by NTP; a stamp farther off than this says that one of them is not.
CLOCKS_APART_S_MAX = 300

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 200, 400, 403, 404, 409, 422

_WORDS = {
    _BAD_REQUEST: "does not understand the request (400)",
    _FORBIDDEN: "knows this log by another key (403): give its operator this log's verifier key",
    _NOT_FOUND: "does not know this log (404): give its operator this log's verifier key",
}


class BadAnswer(Exception):
    """The answer is none, or says something that is not so; the message follows the witness's name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class CosignedBy:
    """The witness cosigned: its line, and the second it stamped."""

    line: Signature
    time_s: int


@dataclass(frozen=True, slots=True)
class HasSize:
    """409: the witness says it has cosigned another size than the request's old one."""

    size: int


@dataclass(frozen=True, slots=True)
class ProofRefused:
    """422: the witness says that our tree does not continue the one it has cosigned."""


def request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of an `add-checkpoint`. Raises ValueError for a proof no tree below 2^63 entries has."""
    if len(proof) > PROOF_HASHES_MAX:
        raise ValueError(f"a proof of {len(proof)} hashes")
    lines = [f"old {old_size}\n", *(f"{encode_base64(one)}\n" for one in proof), "\n"]
    return "".join(lines).encode() + note


def read(
    answer: Answer, note: bytes, key: VerifierKey, now_s: int, stamped_s: int = 0
) -> CosignedBy | HasSize | ProofRefused:
    """What an answer to a request about our `note` means. Raises BadAnswer.

    `now_s` is our clock, `stamped_s` the witness's own last stamp: it never goes back.
    """
    if answer.status == _OK:
        return _cosignature(answer.body, note, key, now_s, stamped_s)
    if answer.status == _CONFLICT:
        return HasSize(_size(answer))
    if answer.status == _UNPROCESSABLE:
        return ProofRefused()
    raise BadAnswer(_WORDS.get(answer.status, f"answered {answer.status}"))


def _size(answer: Answer) -> int:
    found = _SIZE.fullmatch(answer.body)
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind != SIZE_TYPE or not found or int(found[1]) >> 63:
        raise BadAnswer("answered 409 without its size")
    return int(found[1])


def _cosignature(body: bytes, note: bytes, key: VerifierKey, now_s: int, stamped_s: int) -> CosignedBy:
    """The one line of the known key; lines of unknown keys are ignored, as the specification asks."""
    try:
        ours = Note.parse(note)
        lines = Note.parse(ours.text + b"\n" + body).signatures
        mine = [one for one in lines if (one.name, one.key_id) == (key.name, key.key_id)]
        if not mine:
            raise BadAnswer("answered without a cosignature of its key")
        if len(mine) > 1:
            raise BadAnswer("cosigned twice in one answer")
        time_s = key.check(ours.text, mine[0].signature) or 0
    except VerificationError as error:
        raise BadAnswer(f"answered with a cosignature that does not hold: {error}") from None
    if not time_s:
        raise BadAnswer("stamped no time")
    if time_s < stamped_s:
        raise BadAnswer(f"stamped {time_s}, which is before its own last stamp {stamped_s}")
    if abs(time_s - now_s) > CLOCKS_APART_S_MAX:
        raise BadAnswer(f"stamped {time_s} while our clock says {now_s}: one of the two clocks is wrong")
    return CosignedBy(mine[0], time_s)
