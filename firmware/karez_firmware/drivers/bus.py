"""The meters of one RS-485 port, read in turn."""

from karez_protocols.modbus import ReplyReader

from .master import Master


class Bus:
    """One master and the readers that share it; `readers` is a list of (name, MeterReader)."""

    def __init__(self, baud, character_bits, readers):
        self.master = Master(ReplyReader(), baud, character_bits)
        self._readers = readers
        self._current = None
        self._next = 0
        self._due_us = 0  # when the next round begins; 0: now

    @property
    def is_waiting(self):
        """True while an answer is outstanding: no flash is written now."""
        return self.master.is_waiting()

    def turn(self, port, now_us, poll_us):
        """One turn of the bus; return (name, reading) when one has just ended, else None.

        A round reads every meter once; rounds begin `poll_us` apart.
        """
        self.master.serve(port, now_us)
        if self._current is None:
            if now_us < self._due_us:
                return None
            if self._next == 0:
                self._due_us = max(now_us, 1)
            self._current = self._readers[self._next]
            self._current[1].begin(self.master, now_us)
            self.master.serve(port, now_us)
            return None
        name, reader = self._current
        reading = reader.step(self.master, now_us)
        if reading is None:
            return None
        self._current = None
        self._next = (self._next + 1) % len(self._readers)
        if self._next == 0 and self._due_us:
            self._due_us += poll_us
        return name, reading

    def hurry(self):
        """Begin the next round now: something has changed that the meters should show."""
        self._due_us = 0

    def next_deadline_us(self):
        """When the next turn is needed even if nothing comes in."""
        deadline_us = self.master.next_deadline_us()
        return self._due_us if deadline_us is None else deadline_us
