"""What came of an update is taken back from one controller, sans-I/O: no restart into it any more.

Until the controller says that it holds nothing of this update: a pump that runs, a lost answer or an older
firmware only make it later.
"""

from karez_gateway.updates import talk
from karez_protocols import link, update_link

GONE = "gone"


class Recall:
    """`step` gives what is to be sent; `heard` takes a status. `end`: TALKING, GONE or LATER."""

    def __init__(self, sha256: bytes) -> None:
        """`sha256`: of the manifest of the update that is taken back."""
        self._update = sha256[:8]
        self._is_due = True
        self._sent_s = 0.0
        self._silences = self._asked = 0
        self.is_heard = False
        self.end = talk.TALKING

    def step(self, now_s: float) -> bytes | None:
        """Return the payload for the `down` topic; None: an answer is waited for, or it is over."""
        if self.end != talk.TALKING:
            return None
        if not self._is_due:
            if now_s - self._sent_s < talk.ANSWER_S:
                return None
            self._silences += 1
            if self._silences >= talk.SILENCES:
                self.end = talk.LATER
                return None
        self._is_due, self._sent_s = False, now_s
        values = {"step": update_link.DROP, "index": 0, "offset": 0, "update": self._update}
        return bytes((link.UPDATE,)) + bytes(update_link.encode(values))

    def heard(self, payload: bytes) -> None:
        """Take a status. Raises Malformed."""
        status = update_link.decode_status(payload)
        if self.end != talk.TALKING:
            return
        if status["update"] != self._update or status["state"] in (talk.EMPTY, None):
            self.end = GONE
            return
        # It may answer what was sent before this: the step is sent again.
        self.is_heard = True
        self._asked += 1
        self._is_due = True
        if self._asked > talk.TRIES or str(status["reason"]).startswith("busy"):
            self.end = talk.LATER
