"""The courier: brings records to the gateway until it says they are stored (design §9).

With more than one frame unsent, every other frame goes ahead of the backlog: alarms first, then the
newest records; between them the backlog, oldest first. So an alarm is not stuck behind a month. What
went ahead is not sent again when the backlog comes to it. The acknowledgement is no ratchet: a lower
one, or none in time, makes the courier send again from there; while none comes one frame asks, ever
more rarely, and a gateway that is down costs no month of data. Nor does one that answers and waits for
what is not to be had: it hears the backlog once more, then again one frame asks.
"""

from karez_protocols import causes, fields, link, record
from karez_protocols.constant import const

_MEASURING = const(24)  # where these fields begin in a slot, behind its header
_KIND, _CAUSE = const(1), const(2)  # where these stand in it
_ACK_MS = const(15_000)  # a gateway commits in well under a second; a loaded county link may take ten
_DOUBLINGS_MAX = const(6)  # 16 min: a frame of 2 kB then costs 6 MB a month
# Frames whose answer is awaited: 4 s of a line of 64 kbit/s. A month sent in one go would only fill the
# queue towards the gateway: live records of others wait behind it, and what does not fit comes again.
_WINDOW = const(16)
BEHIND = link.SLOTS_MAX  # more than one frame behind is a backlog
_LOOKS = const(8)  # slots looked at in a turn: about a millisecond each on the slowest board
_ALARMS_MAX = const(32)  # two frames; more are looked for when these are on their way
# Events that somebody has to look at now: what acts, meters, memories and doors should not do.
_ALARMS = bytes((
    causes.EMERGENCY_OPENED, causes.GRANT_HEAD_UNKNOWN, causes.DID_NOT_STOP, causes.DID_NOT_START,
    causes.TRIPPED, causes.LOCKOUT_BEGAN, causes.SEGMENT_UNCERTAIN, causes.METER_SILENT,
    causes.REVERSE_FLOW, causes.METER_STUCK, causes.METER_FROZEN, causes.HEAD_REBUILT,
    causes.STORE_FAILED, causes.CHAIN_BEGUN, causes.FRAM_FAILED, causes.SECTOR_DEAD,
    causes.TASK_FAILED, causes.KEY_COPY_LOST, causes.CLOCK_STEPPED, causes.ENERGY_WITHOUT_WATER,
    causes.WATER_WITHOUT_ENERGY, causes.RATIO_OFF, causes.RATIO_DRIFT, causes.IMPOSSIBLE,
    causes.CHANNELS_DIFFER, causes.DOOR_OPENED, causes.LOGIN_LOCKED, causes.UPDATE_RETURNED,
))  # fmt: skip


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
        self._heard = 0  # the latest frame that was answered
        self._settled = 0  # frames up to here are answered, or given up
        # The backlog went out up to here on this connection; alarms were looked for up to there.
        self._sent = self._looked = journal.head["acknowledged_seq"]
        # The newest that went ahead of it: up to _live, without a gap from _live_from on.
        self._live_from, self._live = 1, 0
        self._alarms: list = []  # seqs ahead of _sent, rising; of these the first _told went ahead
        self._told = 0
        self._is_ahead_turn = True
        self._sent_ms = None
        self._stalled = 0  # times in a row that no acknowledgement came
        self._passed = 0  # up to here all was answered since then: it does not go again
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
        self._live_from, self._live = 1, 0
        self._told = 0
        self._settled = self._frame
        self._is_ahead_turn = not self._stalled
        self._sent_ms = None

    def acknowledged(self, values, now_ms):
        """Take an acknowledgement; return True if it moved (the head is then worth saving)."""
        head, seq = self._journal.head, values["seq"]
        # A seq of all ones reads as unknown: it acknowledges nothing.
        if values["chain"] != head["chain"] or seq is None or seq > head["seq"]:
            return False
        before, frame = head["acknowledged_seq"], values.get("frame")
        if frame is not None and frame <= self._frame:  # else of a run before this one
            if frame < self._heard and seq < before:
                return False  # a newer one has overtaken it on its way: brokers may change the order
            self._heard = max(self._heard, frame)
            self._settled = max(self._settled, frame)
        if seq == before:
            return False
        self._passed = 0
        if self._stalled and seq > before:
            self._stalled = 0
            self.connected()  # whoever was away hears the alarms first
        if seq < before:
            self._looked, self._alarms, self._told = seq, [], 0
            self._live_from, self._live = 1, 0
        if seq < before or seq > self._sent:
            self._sent = seq
        head["acknowledged_seq"] = seq
        if seq < before:
            self._journal.owe_loss()  # it was put back by more than the ring holds: no waiting brings that
        self._note_volume(head)
        # Only progress stops the clock: a frame that was lost is sent again in time.
        self._sent_ms = now_ms
        if seq >= self._sent:
            # Without a clock nothing is awaited: a full window that no answer opens would stay shut.
            self._sent_ms, self._settled = None, self._frame
        return True

    def _note_volume(self, head):
        """W that the gateway knows now: the offline ceiling counts from there (design §6)."""
        newest = head["acknowledged_seq"]
        for seq in range(newest, max(newest - link.SLOTS_MAX, 0), -1):
            slot = self._journal.slot(seq)
            if slot is not None and record.is_measuring(slot[_KIND]):
                head["acknowledged_volume_l"] = fields.unpack(record.MEASURING, slot, _MEASURING)["volume_l"]
                return

    def look(self):
        """Look for alarms in what was not sent, a few slots a turn; call while no frame can go."""
        while self._alarms and self._alarms[0] <= self._sent:
            self._alarms.pop(0)
            self._told = max(self._told - 1, 0)
        self._looked = max(self._looked, self._sent)
        for _ in range(_LOOKS):
            if self._looked >= self._journal.head["seq"]:
                return
            if len(self._alarms) == _ALARMS_MAX:
                if not self._told:
                    return
                self._alarms.pop(0)  # it goes a second time, with the backlog
                self._told -= 1
            self._looked += 1
            slot = self._journal.slot(self._looked)
            if slot is None:  # overwritten: no search for each
                self._looked = max(self._looked, self._journal.oldest() - 1)
            elif slot[_KIND] == record.EVENT and slot[_CAUSE] in _ALARMS:
                self._alarms.append(self._looked)

    def pump(self, now_ms):
        """Send at most one frame; return True if one went out."""
        if self._stalled and self._sent_ms is not None and self._heard >= self._frame:
            self._passed = self._sent = max(self._sent, self._passed)
        pause_ms = _ACK_MS << min(max(self._stalled - 1, 0), _DOUBLINGS_MAX)
        if self._sent_ms is not None and now_ms - self._sent_ms >= pause_ms:
            self._sent = self._journal.head["acknowledged_seq"]
            self._live_from = self._live + 1  # what went ahead is in doubt, too
            self._told = 0
            self._settled = self._frame
            self._is_ahead_turn = False  # the oldest asks: only that moves the acknowledgement
            self._sent_ms = None
            self._stalled += 1
            self.resent += 1
        if self._live_from <= self._sent + 1:
            self._sent = max(self._sent, self._live)  # that went ahead
        if not self.has_unsent or self._frame - self._settled >= _WINDOW or not self._client.can_publish():
            return False
        # One frame, and no answer to it. An answered one asks no more, though nothing moved: what closes the
        # gateway's gap may lie behind it, as the loss record of a ring that went round. It goes on, once.
        is_asking = self._stalled and self._sent_ms is not None and self._heard < self._frame
        is_ahead_turn, self._is_ahead_turn = self._is_ahead_turn, True
        if (is_ahead_turn or is_asking) and self._go_ahead(now_ms):
            self._is_ahead_turn = False
            return True
        return not is_asking and self._go_on(now_ms)

    def _go_ahead(self, now_ms):
        """Send alarms, else the newest, ahead of a backlog."""
        newest = self._journal.head["seq"]
        if newest - self._sent <= BEHIND:
            return False  # they all go in the next frame
        alarms = self._alarms[self._told : self._told + link.SLOTS_MAX]
        if alarms:
            if not self._send(alarms, now_ms):
                return False
            self._told += len(alarms)
            return True
        first = max(self._live + 1, newest - BEHIND + 1)
        if first > newest or not self._send(range(first, newest + 1), now_ms):
            return False
        if first != self._live + 1:
            self._live_from = first
        self._live = newest
        return True

    def _go_on(self, now_ms):
        """Send the oldest that has not gone."""
        newest = self._journal.head["seq"]
        if self._journal.slot(self._sent + 1) is None:
            # Overwritten and declared by a loss record: on with what there still is.
            self._sent = max(self._sent, min(self._journal.oldest() - 1, newest - 1))
        last = min(newest, self._sent + link.SLOTS_MAX)
        if self._sent < self._live_from <= self._live:
            last = min(last, self._live_from - 1)
        told = self._alarms[: self._told]
        seqs = []
        for seq in range(self._sent + 1, last + 1):
            if seq not in told:
                seqs.append(seq)  # noqa: PERF401 - a comprehension is a function more on the heap
        if not self._send(seqs, now_ms):
            return False
        self._sent = last
        return True

    def _send(self, seqs, now_ms):
        """Offer one frame to the client; True when it took it (or there is nothing to send)."""
        count = 0
        at = link.UP_HEADER_SIZE
        for seq in seqs:
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
