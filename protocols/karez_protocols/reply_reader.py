"""Finding the answer to one request in whatever a line delivers, in any protocol."""


class ReplyReader:
    """Finds the answer to one request. A protocol's reader says what its frames look like.

    `expect(request)` before sending, `receive(data)` for bytes in any pieces, `end()` when
    the line has fallen quiet. Both return a Reply, a Failure or None.

    Order of trust at each place in the stream: an exact echo of what was sent, then a
    reply of the expected length, then one byte of noise. An unfinished candidate holds
    everything after it until it completes or `end()` gives it up, and what lies wholly
    inside a damaged one is not believed: an exception frame among the registers of a
    reply is never taken for the answer.

    Repairs are counted for ever, since a rising count means bad wiring: `echoes`,
    `zero_bytes` (a floating line), `noise_bytes` (other bytes outside a good frame,
    damaged frames included), `crc_errors` (our header, then changed or cut short).

    A protocol supplies `_aim(request)`, which returns the frame to send and sets `_first`
    and `answer_bytes`; `_length_at`, `_is_sealed` and `_answer`; and `busy_code`.
    """

    busy_code = -1  # the failure that asks for the same request again, later
    BUFFER_BYTES_MAX = 264  # the longest answer and, before it, the echo of the request

    def __init__(self):
        self.echoes = self.zero_bytes = self.noise_bytes = self.crc_errors = 0
        self.is_damaged = self.is_over = False
        self.answer_bytes = 0  # the longest answer to this request
        self._sent = self._first = self._buffer = b""
        self._expects = False
        self._shadow = 0  # where in the buffer the last damaged candidate ends

    def expect(self, request):
        """Forget what came before and look for the answer to this request; return its frame.

        Raises NotAllowed for a request outside its ranges.
        """
        self.end()
        self._sent = frame = self._aim(request)
        self._expects = True
        self._shadow = 0
        # A header of ours came, in this exchange, and no good frame; or even all of a bad one.
        self.is_damaged = self.is_over = False
        return frame

    @property
    def is_inside(self):
        """True while the bytes held may be the beginning of an echo or of the answer."""
        return len(self._buffer) > 0

    def receive(self, data):
        """Take bytes from the line; return the answer, or None so far."""
        at = 0
        while at < len(data):
            if not self._expects:
                self._drop(data[at:])
                break
            room = self.BUFFER_BYTES_MAX - len(self._buffer)
            self._buffer += bytes(data[at : at + room])
            at += room
            answer = self._scan(False)
            if answer:
                self._drop(data[at:])
                return answer
        return None

    def end(self):
        """The line is quiet: unfinished candidates are none. Return the answer or None."""
        return self._scan(True) if self._buffer else None

    def close(self):
        """Expect nothing more: whatever comes now is counted and dropped."""
        self.end()
        self._expects = False

    # -- what a protocol supplies -------------------------------------------------------

    def _aim(self, request):
        """Return the frame of a request; set `_first`, which opens echo and answer, and `answer_bytes`."""
        raise NotImplementedError

    def _length_at(self, at):
        """Return the bytes of a candidate for the answer, 0 = header unfinished, -1 = none."""
        raise NotImplementedError

    def _is_sealed(self, at, length):
        """True if the checksum of this candidate stands."""
        raise NotImplementedError

    def _answer(self, frame):
        """Return the Reply or Failure in a sealed frame, None if it answers something else."""
        raise NotImplementedError

    # -- inside -------------------------------------------------------------------------

    def _drop(self, data):
        zeros = bytes(data).count(b"\0")
        self.zero_bytes += zeros
        self.noise_bytes += len(data) - zeros

    def _scan(self, is_last):
        sent = self._sent
        at = 0
        while True:
            first = self._buffer.find(self._first, at)
            self._drop(self._buffer[at:] if first < 0 else self._buffer[at:first])
            if first < 0:
                at = len(self._buffer)
                break
            at = first
            head = self._buffer[at : at + len(sent)]
            if head == sent:
                self.echoes += 1
                at += len(sent)
                continue
            if not is_last and head == sent[: len(head)]:
                break
            length = self._length_at(at)
            if length >= 0 and (length == 0 or at + length > len(self._buffer)):
                if not is_last:
                    break
                if length:
                    self._damaged(at + length)
            elif length > 0:
                if self._is_sealed(at, length):
                    answer = self._answer(self._buffer[at : at + length])
                    if answer:
                        return self._taken(answer, at + length)
                else:
                    self._damaged(at + length)
            self._drop(self._buffer[at : at + 1])
            at += 1
        self._buffer = self._buffer[at:]
        self._shadow = max(0, self._shadow - at)
        return None

    def _damaged(self, end):
        self.crc_errors += 1
        self.is_damaged = True
        self.is_over = self.is_over or end <= len(self._buffer)
        self._shadow = max(self._shadow, end)

    def _taken(self, answer, end):
        self._drop(self._buffer[end:])
        self._buffer = b""
        self._expects = False
        return answer
