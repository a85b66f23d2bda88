"""The courier: brings records to the gateway until it says they are stored (design §9).

Backlog goes oldest first; a newest record goes before it every other frame, so an alarm is
not stuck behind a month. The acknowledgement is no ratchet: a lower one, or none in time,
makes the courier send again from there.
"""

from karez_protocols import fields, link, record
from karez_protocols.constant import const

_MEASURING = const(24)  # where these fields begin in a slot, behind its header
_ACK_MS = const(15_000)  # a gateway commits in well under a second; a loaded county link may take ten
BEHIND = link.SLOTS_MAX  # more than one frame behind is a backlog


class Courier:
    """What to send next of one journal over one client."""

    def __init__(self, journal, client, name):
        self._journal = journal
        self._client = client
        self._up = link.topic(name, "up")
        # One frame, for ever: 2 kB in one piece are hard to find in an old heap. The client
        # has sent it whole before it says that it can publish again.
        self._buffer = bytearray(link.UP_SIZE_MAX)
        self._frame = 0
        self._sent = journal.head["acknowledged_seq"]
        self._live = 0  # newest seq that was sent ahead of the backlog
        self._live_turn = True
        self._sent_ms = None
        self.resent = 0

    @property
    def waiting(self):
        """Records that the gateway has not acknowledged."""
        return self._journal.head["seq"] - self._journal.head["acknowledged_seq"]

    @property
    def has_unsent(self):
        """True while a record has not gone out on this connection."""
        return self._sent < self._journal.head["seq"]

    def connected(self):
        """Begin again from the last acknowledgement: what was in flight may be lost."""
        self._sent = self._journal.head["acknowledged_seq"]
        self._live = 0
        self._sent_ms = None

    def acknowledged(self, values, now_ms):
        """Take an acknowledgement; return True if it moved (the head is then worth saving)."""
        head = self._journal.head
        # A seq of all ones reads as unknown: it acknowledges nothing.
        if values["chain"] != head["chain"] or values["seq"] is None or values["seq"] > head["seq"]:
            return False
        moved = values["seq"] != head["acknowledged_seq"]
        if values["seq"] < head["acknowledged_seq"] or values["seq"] > self._sent:
            self._sent = values["seq"]
        head["acknowledged_seq"] = values["seq"]
        if moved:
            self._note_volume(head)
            # Only progress stops the clock: a frame that was lost is sent again in time.
            self._sent_ms = None if values["seq"] >= self._sent else now_ms
        return moved

    def _note_volume(self, head):
        """W that the gateway knows now: the offline ceiling counts from there (design §6)."""
        newest = head["acknowledged_seq"]
        for seq in range(newest, max(newest - link.SLOTS_MAX, 0), -1):
            slot = self._journal.slot(seq)
            if slot is not None and record.is_measuring(slot[1]):
                head["acknowledged_volume_l"] = fields.unpack(record.MEASURING, slot, _MEASURING)["volume_l"]
                return

    def pump(self, now_ms):
        """Send at most one frame; return True if one went out."""
        head = self._journal.head
        if self._sent_ms is not None and now_ms - self._sent_ms >= _ACK_MS:
            self._sent = head["acknowledged_seq"]
            self._live = 0
            self._sent_ms = None
            self.resent += 1
        newest = head["seq"]
        if self._sent >= newest or not self._client.can_publish():
            return False
        if newest - self._sent > BEHIND and self._live < newest and self._live_turn:
            first = max(self._live + 1, newest - BEHIND + 1)
            if self._send(first, newest, now_ms):
                self._live = newest
                self._live_turn = False
                return True
            return False
        if self._journal.slot(self._sent + 1) is None:
            # Overwritten and declared by a loss record: on with what there still is.
            self._sent = max(self._sent, min(self._journal.oldest() - 1, newest - 1))
        last = min(newest, self._sent + link.SLOTS_MAX)
        if self._send(self._sent + 1, last, now_ms):
            self._sent = last
            self._live_turn = True
            return True
        return False

    def _send(self, first, last, now_ms):
        """Offer one frame to the client; True when it took it (or there is nothing to send)."""
        count = 0
        at = link.UP_HEADER_SIZE
        for seq in range(first, last + 1):
            slot = self._journal.slot(seq)
            if slot is not None:  # else overwritten, and declared by a loss record
                self._buffer[at : at + len(slot)] = slot
                at += len(slot)
                count += 1
        if not count:
            return True
        link.put_up_header(self._buffer, self._frame + 1, self._journal.head["chain"], count)
        if self._client.publish(self._up, memoryview(self._buffer)[:at]) is None:
            return False
        self._frame += 1
        if self._sent_ms is None:
            self._sent_ms = now_ms
        return True
