"""Asking until it is answered: FCB 3, then 2, then 1, then the service has failed.

The starting side of any exchange, a station's report or a centre's command. Sans-I/O: bytes and
`now_ms` in, bytes out.

    exchange = Exchange(answer_ms=10_000)
    send(exchange.start(frame, now_ms))
    send(exchange.time_passed(now_ms))       b"" = nothing to send
    exchange.take(frame)                     True = this is the answer; exchange.answer has it

FCB numbers the attempts of one request, not the requests. Over TCP answers come in the order of the
attempts: one that matches an attempt settles all before it, so the late answer to a repeat of an older
request is never taken for ours. After a request that failed nothing tells them apart: whoever gave up
on one waits it out, or opens a new connection.
"""

from collections import namedtuple

from .errors import NotAllowed
from .szy206 import FCB_FIRST, Frame, encode

# Our default: no source has a figure, it depends on the channel.
ANSWER_MS = 10000

IDLE = "idle"
WAITING = "waiting"
ANSWERED = "answered"
FAILED = "failed"

# A pair that is not in the table changes nothing.
NEXT = {
    (IDLE, "started"): WAITING,
    (WAITING, "answered"): ANSWERED,
    (WAITING, "unanswered"): FAILED,
    (WAITING, "dropped"): IDLE,
    (ANSWERED, "started"): WAITING,
    (FAILED, "started"): WAITING,
}


# number: of the request; frame, raw: as it went out.
Attempt = namedtuple("Attempt", "number frame raw")  # noqa: PYI024 - no typing on MicroPython


class Exchange:
    """One request at a time and its repeats."""

    def __init__(self, answer_ms: int = ANSWER_MS):
        self.state = IDLE
        self.answer: Frame | None = None
        self.answered_bytes = b""  # the attempt that was answered
        self.repeats = 0
        self.late = 0  # answers to attempts of requests that were settled before
        self._answer_ms = answer_ms
        self._request: Frame | None = None
        self._number = 0
        self._sent: list[Attempt] = []  # unanswered, oldest first: at most ours and the repeats of the last
        self._deadline_ms = 0

    @property
    def next_deadline_ms(self) -> "int | None":
        """When `time_passed` must be called at the latest; None = no need."""
        return self._deadline_ms if self.state == WAITING else None

    def start(self, frame: Frame, now_ms: int) -> bytes:
        """Bytes of a new request. Raises NotAllowed while one is under way, TooLarge."""
        if self.state == WAITING:
            raise NotAllowed("a request is under way")
        request = _with_fcb(frame, FCB_FIRST)
        raw = encode(request)
        if self.state != ANSWERED:
            self._sent = []
        self._fire("started")
        self.answer = None
        self.answered_bytes = b""
        self._number += 1
        self._put(request, raw, now_ms)
        return raw

    def time_passed(self, now_ms: int) -> bytes:
        """Bytes of the repeat that is due, b"" for none. After the last one the state is FAILED."""
        request = self._request
        if self.state != WAITING or request is None or now_ms < self._deadline_ms:
            return b""
        if request.fcb == 1:
            self._fire("unanswered")
            return b""
        self.repeats += 1
        repeat = _with_fcb(request, request.fcb - 1)
        raw = encode(repeat)
        self._put(repeat, raw, now_ms)
        return raw

    def take(self, frame: Frame) -> bool:
        """True if the frame answers the request or one of its repeats."""
        for at, sent in enumerate(self._sent):
            if not _is_answer(frame, sent.frame):
                continue
            self._sent = self._sent[at + 1 :]
            if self.state != WAITING or sent.number != self._number:
                self.late += 1
                return False
            self.answer = frame
            self.answered_bytes = sent.raw
            self._fire("answered")
            return True
        return False

    def drop(self) -> None:
        """Forget the request: the connection is gone."""
        self._sent = []
        self._fire("dropped")

    def _put(self, request, raw, now_ms):
        self._request = request
        self._sent.append(Attempt(self._number, request, raw))
        self._deadline_ms = now_ms + self._answer_ms

    def _fire(self, event):
        self.state = NEXT.get((self.state, event), self.state)


def _is_answer(frame, request):
    return (
        frame.is_up != request.is_up
        and frame.address == request.address
        and frame.afn == request.afn
        and frame.fcb == request.fcb
        and (request.divs is None or frame.divs == request.divs)
    )


def _with_fcb(frame, fcb):
    return Frame(frame.is_up, frame.address, frame.afn, frame.body, fcb, frame.type_code, frame.divs)
