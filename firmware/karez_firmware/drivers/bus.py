"""The meters of one RS-485 port: read in rounds, and one that fails is paid for by itself.

A round reads every meter in service once; rounds begin a poll apart. A reading of many requests
(six at 2400 Bd take 1.7 s) pauses between two of them when a round is due and others come first
in it: they keep their beat, and each round brings it on. A meter that failed a
reading leaves the rounds and is probed after 0.5, 1, 2 ... 10 s, soon with single tries, when the
round is through: so it costs the others nothing while the line has time to spare.
Where it has none, an account bounds the cost: whoever makes a round late by failed tries
(silence, noise, or retries that ended well) may try again only when that is at most 5 % of
the time since, but for a first allowance. The longest pause is 13 s: a meter that returns
is found within 15, also one that waits for its turn and has six requests to answer.
"""

from karez_protocols.constant import const

from .master import CRC, NOISE, SILENT, TRIES, Master

_DOUBTFUL = const(3)  # failed readings in a row
_BACK_OFF_US = const(500_000)  # first pause after a failed reading; doubles
_BACK_OFF_MAX_US = const(10_000_000)
_PAUSE_MAX_US = const(13_000_000)
_SHARE = const(22)  # so much of the time, and the others' cycle is 1/21 longer: below a twentieth
_ALLOWANCE_US = const(33_000_000)  # 1.5 s of failed tries, times the above, before it is held back
# Coil, arc and contacts disturb the line for a moment; a fault then is no meter's fault.
_SWITCHING_US = const(2_000_000)


class Bus:
    """One port's master and its meters; `readers`: a list of (name, MeterReader), what rules the pump first.

    `uart`: read() -> bytes, write(bytes), configure(baud, parity, stop_bits).
    """

    def __init__(self, uart, readers):
        self.uart = uart
        self.readers = self._readers = readers
        self._answers: dict = {}  # protocol -> ReplyReader: its counts of repairs are this port's
        for _, reader in readers:
            if reader.codec not in self._answers:
                self._answers[reader.codec] = reader.codec.ReplyReader()
        first = readers[0][1]
        self._line: tuple | None = first.line
        uart.configure(*first.line)
        self.master = Master(self._answers[first.codec], first.line[0], first.character_bits)
        self.guest = None  # somebody else's exchange, while the line is lent
        self._current = None
        self._at = len(readers)  # next meter of the round
        self._round_us = -1  # when the round began; -1: begin one now
        self._poll_us = 0
        self._began_us = 0  # the reading
        self._quiet_us = 0  # until then faults are the contactor's
        self._wake_us = 0  # with nobody to read: when there will be
        self._is_fresh = False  # a round has just been read
        self._is_hurried = False

    @property
    def is_waiting(self):
        """True while an answer is outstanding: no flash is written now."""
        return (self.guest or self.master).is_waiting()

    def is_free(self, now_us):
        """True while nothing is asked and nothing is due: the line may be lent for one exchange."""
        return not (self.guest or self._current) and now_us < self._wake_us

    def lend(self, guest):
        """Let this exchange have the line until `guest` is set back to None, or the contactor switches.

        `guest`: serve(uart, now_us, heard), is_waiting() and next_deadline_us(), as a Master has them.
        """
        self.guest = guest
        self._line = None  # it sets the UART as it likes

    def hear(self):
        """Return what has come in: taken before the clock is read, so that no byte is dated early."""
        return self.uart.read()

    def turn(self, now_us, poll_us, heard=None):
        """One turn of the bus; return (name, reading) when one has just ended, else None."""
        self._poll_us = poll_us
        if self.guest:
            self.guest.serve(self.uart, now_us, heard)
            return None
        self.master.serve(self.uart, now_us, heard)
        found = self._current
        if found is None:
            found = self._current = self._next(now_us)
            if found:
                self._begin(found[1], now_us)
            return None
        self._wake_us = 0
        reader = found[1]
        if self._is_hurried and not self.master.is_waiting():
            # What changed goes before the rest of this reading, which leaves no trace.
            reader.cancel(self.master)
            self._is_hurried = False
            self._current = None
            return None
        reading = reader.step(self.master, now_us, self._must_yield(reader, now_us))
        if reading is None:
            if reader.is_paused:
                reader.spent_us = now_us - self._began_us
                self._current = None
            return None
        self._current = None
        self._is_hurried = False
        self._judge(reader, reading["status"], now_us)
        return found[0], reading

    def cancel(self):
        """Drop what is being read; it leaves no trace."""
        self.guest = None
        self.master.cancel()
        self._current = None
        self._is_hurried = False

    def hurry(self, now_us):
        """The contactor has switched: begin a round as soon as the line is free."""
        self.guest = None
        self._quiet_us = now_us + _SWITCHING_US
        self._round_us = -1
        self._wake_us = 0
        self._at = len(self._readers)
        for _, reader in self._readers:
            reader.is_paused = False  # it begins anew
        if self._current:
            self._is_hurried = True
            self.master.stop_trying()

    def next_deadline_us(self):
        """When the next turn is needed even if nothing comes in."""
        deadline_us = (self.guest or self.master).next_deadline_us()
        return self._wake_us if deadline_us is None else deadline_us

    # -- inside -------------------------------------------------------------------------

    def _next_round_us(self):
        return 0 if self._round_us < 0 else self._round_us + self._poll_us

    def _next(self, now_us):
        """Return whom to read now: the round's next, then who waits for the line, then a new round."""
        found = self._of_round(now_us)
        is_fresh, self._is_fresh = self._is_fresh, found is not None
        if found:
            return found
        due_us = self._wake_us = self._next_round_us()
        for one in self._readers:
            # One that let a late answer pass goes on before the next round, if there is time to spare.
            if not one[1].failed and (now_us >= due_us or not one[1].is_paused):
                continue
            probe_us = one[1].due_us
            if not is_fresh and max(now_us, probe_us) + one[1].profile.reply_timeout_us >= due_us:
                continue  # it would make the round late: right behind it there is most time
            if probe_us <= now_us:
                return one
            self._wake_us = min(self._wake_us, probe_us)
        if now_us < due_us:
            return None
        # Rounds keep their beat, but one that came too late does not hurry the next.
        self._round_us = due_us if due_us and now_us - due_us < self._poll_us else now_us
        self._at = 0
        self._is_fresh = True
        return self._of_round(now_us)

    def _must_yield(self, reader, now_us):
        """True when a round is due, and somebody comes before this meter in it."""
        if now_us >= self._next_round_us():
            for _, other in self._readers:
                if other is reader or reader.failed:
                    break  # a meter that is back is read at once
                if not other.failed and other.due_us <= now_us:
                    return True
        return False

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
            self.uart.configure(*reader.line)
            self.master.set_line(reader.line[0], reader.character_bits, now_us)
        self._began_us = now_us - (reader.spent_us if reader.is_paused else 0)
        reader.is_disturbed = now_us < self._quiet_us
        # One bad moment of the line costs no meter its place: single tries are for the long silent.
        tries = 1 if reader.failed >= _DOUBTFUL else TRIES
        reader.begin(self.master, now_us, tries, self._answers[reader.codec])
        self.master.serve(self.uart, now_us)

    def _judge(self, reader, status, now_us):
        """Charge a reading's failed tries, and say when this meter may try again."""
        is_failed = status in (SILENT, CRC, NOISE)
        if reader.is_disturbed and is_failed:
            if reader.failed:
                reader.due_us = now_us + _BACK_OFF_US  # a silent one is not asked without end either
            return
        lost_us = now_us - self._began_us if is_failed else reader.lost_us
        # Only what makes the next round late costs the others anything.
        lost_us = min(lost_us, max(0, now_us - self._next_round_us()))
        # What cannot be had back by the longest pause is forgiven.
        most_us = now_us + _ALLOWANCE_US + _PAUSE_MAX_US
        reader.paid_us = min(max(reader.paid_us, now_us) + _SHARE * lost_us, most_us)
        pause_us = max(0, reader.paid_us - now_us - _ALLOWANCE_US)
        reader.failed = reader.failed + 1 if is_failed else 0
        if reader.failed < 2 and reader is self._readers[0][1]:
            # It rules the pump: read in every round while it answers; "gone" takes a second failure, soon.
            pause_us = 0
        if is_failed:
            # Not before a late answer has passed: waiting for it then would hold the line.
            pause_us = max(
                pause_us,
                reader.profile.reply_timeout_us,
                min(_BACK_OFF_US << min(reader.failed - 1, 8), _BACK_OFF_MAX_US),
            )
        reader.due_us = now_us + pause_us
