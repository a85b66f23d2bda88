"""Which commands a station carries out: address, password, age, and never the same command twice.

    verdict = responder.judge(frame, now_utc_s)
    EXECUTE  carry it out, then send responder.answered(frame, values)
    REPEAT   it was carried out before: send responder.again(frame), change nothing
    DROP_..  send nothing

15H adds water: its repeat (same command, lower FCB) must not add again. A command is the same if AFN,
type, D, PW and Tp are the same; FCB and CS are not looked at. The owner stores
`memory()` in one write with what the command changed, or a power cut between the two adds twice.
"""

import hashlib

from . import fields
from . import szy206_time as times
from .errors import Malformed, NotAllowed, ProtocolError
from .szy206 import Frame, encode
from .szy206_address import is_broadcast
from .szy206_commands import Answer
from .szy206_data import is_described
from .szy206_dialect import LOW_FIRST, Dialect
from .szy206_functions import CONFIRMED, TOP_UP, aux_lengths, split

EXECUTE = "execute"
REPEAT = "repeat"
DROP_DIRECTION = "direction"  # from a station, or a confirm
DROP_ADDRESS = "address"
DROP_FUNCTION = "function"  # in no source, and without a password
DROP_FCB = "fcb"  # 0 = the sender has given up
DROP_DIVIDED = "divided"  # put it together first
DROP_MALFORMED = "malformed"
DROP_PASSWORD = "password"  # noqa: S105 - a reason, not a secret
DROP_STALE = "stale"

# A centre asks one after another, so two would do; an SMS may be delivered again hours later.
# Top-ups are forgotten last: they add.
REMEMBERED_MAX = 8
# A tag of 5 bytes has no month: the same second, hour and day come again after 28 days at the
# earliest, and may carry the next month's top-up. Repeats come within minutes.
SAME_TAG_S_MAX = 14 * 86400

MEMORY = """
afn u2
digest b16
received_utc_s u5
size u1
"""


def is_equal(one: bytes, other: bytes) -> bool:
    """True if both are the same, in a time that does not tell where they differ."""
    different = len(one) ^ len(other)
    for at in range(min(len(one), len(other))):
        different |= one[at] ^ other[at]
    return different == 0


class Responder:
    """The station's judgement. `memory` is what an earlier one stored. Raises Malformed if it is damaged."""

    def __init__(self, address: bytes, password: bytes, dialect: Dialect, memory: bytes = b""):
        self.address = address
        self.password = password
        self.dialect = dialect
        self.password_errors = 0  # event counter 5
        self._known: list[tuple[int, bytes, int, bytes]] = []  # AFN, digest, received, answer
        if memory:
            self._recall(memory)

    def judge(self, frame: Frame, now_utc_s: int) -> str:
        """EXECUTE, REPEAT or why the frame is dropped. Raises nothing."""
        if frame.is_up or frame.afn in CONFIRMED:
            return DROP_DIRECTION
        if frame.address != self.address and not self._is_for_all(frame.address):
            return DROP_ADDRESS
        if frame.fcb == 0:
            return DROP_FCB
        if frame.divs is not None:
            return DROP_DIVIDED
        if not aux_lengths(False, frame.afn, self.dialect)[0]:
            # A query changes nothing. What a vendor or a user function does, nobody says.
            return EXECUTE if is_described(frame.afn) else DROP_FUNCTION
        try:
            password, tag = self._aux(frame)
        except ProtocolError:
            return DROP_MALFORMED
        if not is_equal(password, self.password):
            self.password_errors += 1
            return DROP_PASSWORD
        # A repeat of what was done is answered however late it comes: nothing is done.
        if self._answer_to(frame, now_utc_s) is not None:
            return REPEAT
        return DROP_STALE if times.is_stale(tag, self.dialect.utc_offset_s, now_utc_s) else EXECUTE

    def answered(self, frame: Frame, values: dict, now_utc_s: int) -> bytes:
        """Answer to a command that was carried out, remembered for its repeats; b"" to a broadcast.

        Raises NotAllowed if the values are none of this function, TooLarge.
        """
        answer = Answer(self.address, frame.afn, values, type_code=frame.type_code, fcb=frame.fcb)
        reply = answer.frame(self.dialect)
        raw = encode(reply)
        if aux_lengths(False, frame.afn, self.dialect)[0]:
            self._known.append((frame.afn, _digest(frame), now_utc_s, reply.body))
            self._forget()
        return b"" if self._is_for_all(frame.address) else raw

    def again(self, frame: Frame, now_utc_s: int) -> bytes:
        """The stored answer to a repeat, with the FCB of the repeat. Raises NotAllowed if there is none."""
        body = self._answer_to(frame, now_utc_s)
        if body is None:
            raise NotAllowed("this command was not carried out")
        if self._is_for_all(frame.address):
            return b""
        return encode(Frame(True, self.address, frame.afn, body, frame.fcb, frame.type_code))

    def memory(self) -> bytes:
        """What must outlive a power cut: the last commands with their answers."""
        out = b""
        for afn, digest, received, body in self._known:
            head = {"afn": afn, "digest": digest, "received_utc_s": received, "size": len(body)}
            out += bytes(fields.pack(MEMORY, head)) + body
        return out

    def _recall(self, memory):
        at = 0
        while at < len(memory):
            head = fields.unpack(MEMORY, memory, at)
            at += fields.size_of(MEMORY)
            body = bytes(memory[at : at + (head["size"] or 0)])
            at += len(body)
            if None in head.values() or len(body) != head["size"] or len(self._known) == REMEMBERED_MAX:
                raise Malformed("the memory of commands is damaged")
            self._known.append((head["afn"], head["digest"], head["received_utc_s"], body))

    def _forget(self):
        if len(self._known) <= REMEMBERED_MAX:
            return
        oldest = 0
        for at in range(len(self._known) - 2, -1, -1):  # never the one just carried out
            if self._known[at][0] != TOP_UP:
                oldest = at
        self._known.pop(oldest)

    def _is_for_all(self, address):
        return is_broadcast(address) and address[:3] == self.address[:3]

    def _aux(self, frame):
        _, password, tag = split(frame, self.dialect)
        if self.dialect.pw_order == LOW_FIRST:
            password = bytes(reversed(password))
        return password, times.decode_tag(tag, self.dialect.tag_order == "day_first")

    def _answer_to(self, frame, now_utc_s):
        digest = _digest(frame)
        for _, known, received, body in self._known:
            is_dated = self.dialect.tp_len == 7
            if known == digest and (is_dated or abs(now_utc_s - received) <= SAME_TAG_S_MAX):
                return body
        return None


def _digest(frame):
    """Name of a command: everything but FCB and CS."""
    head = frame.address + frame.afn.to_bytes(2, "little") + bytes([frame.type_code])
    return hashlib.sha256(head + frame.body).digest()[:16]
