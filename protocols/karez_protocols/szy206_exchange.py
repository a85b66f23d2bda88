"""Asking until it is answered: FCB 3, then 2, then 1, then the service has failed.

The starting side of any exchange, a station's report or a centre's command. Sans-I/O: bytes and
`now_ms` in, bytes out.

    exchange = Exchange(answer_ms=10_000)
    send(exchange.start(frame, now_ms))
    send(exchange.time_passed(now_ms))       b"" = nothing to send
    exchange.take(frame)                     True = this is the answer; exchange.answer has it

FCB numbers the attempts of one request, not the requests: a late answer to an older request of the
same function cannot be told from ours. Whoever gave up on one waits it out, or opens a new connection.
"""

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


class Exchange:
    """One request at a time and its repeats."""

    def __init__(self, answer_ms: int = ANSWER_MS):
        self.state = IDLE
        self.answer: Frame | None = None
        self.repeats = 0
        self._answer_ms = answer_ms
        self._request: Frame | None = None
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
        self._fire("started")
        self._request = request
        self.answer = None
        self._deadline_ms = now_ms + self._answer_ms
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
        self._request = _with_fcb(request, request.fcb - 1)
        self._deadline_ms = now_ms + self._answer_ms
        return encode(self._request)

    def take(self, frame: Frame) -> bool:
        """True if the frame answers the request or one of its repeats."""
        request = self._request
        if self.state != WAITING or request is None:
            return False
        is_ours = (
            frame.is_up != request.is_up
            and frame.address == request.address
            and frame.afn == request.afn
            and frame.fcb >= request.fcb  # that of an earlier attempt answers the same request
            and (request.divs is None or frame.divs == request.divs)
        )
        if is_ours:
            self.answer = frame
            self._fire("answered")
        return is_ours

    def drop(self) -> None:
        """Forget the request: the connection is gone."""
        self._fire("dropped")

    def _fire(self, event):
        self.state = NEXT.get((self.state, event), self.state)


def _with_fcb(frame, fcb):
    return Frame(frame.is_up, frame.address, frame.afn, frame.body, fcb, frame.type_code, frame.divs)
