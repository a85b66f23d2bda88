"""The meters of one RS-485 port: read in rounds, and one that fails is paid for by itself.

A round reads every meter in service once; rounds begin a poll apart. A meter that failed a
reading leaves the rounds and is probed after 0.5, 1, 2 ... 10 s, soon with single tries, when the
round is through: so it costs the others nothing while the line has time to spare.
Where it has none, an account bounds the cost: whoever makes a round late by failed tries
(silence, noise, or retries that ended well) may try again only when that is at most 5 % of
the time since, but for a first allowance. The longest pause is 14 s: a meter that returns
is found within 15.
"""

from karez_protocols.constant import const

from .master import CRC, NOISE, SILENT, TRIES, Master

_DOUBTFUL = const(3)  # failed readings in a row
_BACK_OFF_US = const(500_000)  # first pause after a failed reading; doubles
_BACK_OFF_MAX_US = const(10_000_000)
_PAUSE_MAX_US = const(14_000_000)
_SHARE = const(20)  # a twentieth of the time may be lost to one meter
_ALLOWANCE_US = const(30_000_000)  # 1.5 s of failed tries, times the above, before it is held back
# Coil, arc and contacts disturb the line for a moment; a fault then is no meter's fault.
_SWITCHING_US = const(2_000_000)


class Bus:
    """One port's master and its meters; `readers` is a list of (name, MeterReader).

    `uart`: read() -> bytes, write(bytes), configure(baud, parity, stop_bits).
    """

    def __init__(self, uart, readers):
        self._uart = uart
        self._readers = readers
        self._answers: dict = {}  # protocol -> ReplyReader: its counts of repairs are this port's
        for _, reader in readers:
            if reader.codec not in self._answers:
                self._answers[reader.codec] = reader.codec.ReplyReader()
        first = readers[0][1]
        self._line = first.line
        uart.configure(*first.line)
        self.master = Master(self._answers[first.codec], first.line[0], first.character_bits)
        self._current = None
        self._at = len(readers)  # next meter of the round
        self._round_us = -1  # when the round began; -1: begin one now
        self._poll_us = 0
        self._began_us = 0  # the reading
        self._quiet_us = 0  # until then faults are the contactor's
        self._is_hurried = False

    @property
    def is_waiting(self):
        """True while an answer is outstanding: no flash is written now."""
        return self.master.is_waiting()

    def turn(self, now_us, poll_us):
        """One turn of the bus; return (name, reading) when one has just ended, else None."""
        self._poll_us = poll_us
        self.master.serve(self._uart, now_us)
        found = self._current
        if found is None:
            found = self._current = self._next(now_us)
            if found:
                self._begin(found[1], now_us)
            return None
        reader = found[1]
        if self._is_hurried and not self.master.is_waiting():
            # What changed goes before the rest of this reading, which leaves no trace.
            reader.cancel(self.master)
            self._is_hurried = False
            self._current = None
            return None
        reading = reader.step(self.master, now_us)
        if reading is None:
            return None
        self._current = None
        self._is_hurried = False
        self._judge(reader, reading["status"], now_us)
        return found[0], reading

    def hurry(self, now_us):
        """The contactor has switched: begin a round as soon as the line is free."""
        self._quiet_us = now_us + _SWITCHING_US
        self._round_us = -1
        self._at = len(self._readers)
        if self._current:
            self._is_hurried = True
            self.master.stop_trying()

    def next_deadline_us(self):
        """When the next turn is needed even if nothing comes in."""
        deadline_us = self.master.next_deadline_us()
        if deadline_us is not None:
            return deadline_us
        if self._current or self._at < len(self._readers):
            return 0
        deadline_us = self._next_round_us()
        for _, reader in self._readers:
            if reader.failed:
                deadline_us = min(deadline_us, reader.due_us)
        return deadline_us

    # -- inside -------------------------------------------------------------------------

    def _next_round_us(self):
        return 0 if self._round_us < 0 else self._round_us + self._poll_us

    def _next(self, now_us):
        """Return whom to read now: the round's next, then who is to be probed, then a new round's first."""
        found = self._of_round(now_us)
        if found is None:
            due_us = self._next_round_us()
            for one in self._readers:
                late_us = now_us - one[1].due_us
                # Where it would make the round late it waits for the next gap, for one poll at most.
                fits = now_us + one[1].profile.reply_timeout_us < due_us or late_us >= self._poll_us
                if one[1].failed and late_us >= 0 and fits:
                    return one
            if now_us < due_us:
                return None
            # Rounds keep their beat, but one that came too late does not hurry the next.
            self._round_us = due_us if due_us and now_us - due_us < self._poll_us else now_us
            self._at = 0
            found = self._of_round(now_us)
        return found

    def _of_round(self, now_us):
        while self._at < len(self._readers):
            found = self._readers[self._at]
            self._at += 1
            if not found[1].failed and found[1].due_us <= now_us:
                return found
        return None

    def _begin(self, reader, now_us):
        if reader.line != self._line:
            self._line = reader.line
            self._uart.configure(*reader.line)
            self.master.set_line(reader.line[0], reader.character_bits, now_us)
        self._began_us = now_us
        reader.is_disturbed = now_us < self._quiet_us
        # One bad moment of the line costs no meter its place: single tries are for the long silent.
        is_doubtful = reader.failed >= _DOUBTFUL or reader.paid_us > now_us + _ALLOWANCE_US
        reader.begin(self.master, now_us, 1 if is_doubtful else TRIES, self._answers[reader.codec])
        self.master.serve(self._uart, now_us)

    def _judge(self, reader, status, now_us):
        """Charge a reading's failed tries, and say when this meter may try again."""
        is_failed = status in (SILENT, CRC, NOISE)
        if reader.is_disturbed:
            return
        lost_us = now_us - self._began_us
        if not is_failed:
            lost_us = lost_us * reader.lost // (reader.lost + len(reader.profile.requests))
        # Only what makes the next round late costs the others anything.
        lost_us = min(lost_us, max(0, now_us - self._next_round_us()))
        # What cannot be had back by the longest pause is forgiven.
        most_us = now_us + _ALLOWANCE_US + _PAUSE_MAX_US
        reader.paid_us = min(max(reader.paid_us, now_us) + _SHARE * lost_us, most_us)
        pause_us = max(0, reader.paid_us - now_us - _ALLOWANCE_US)
        reader.failed = reader.failed + 1 if is_failed else 0
        if is_failed:
            pause_us = max(pause_us, min(_BACK_OFF_US << min(reader.failed - 1, 8), _BACK_OFF_MAX_US))
        reader.due_us = now_us + pause_us
