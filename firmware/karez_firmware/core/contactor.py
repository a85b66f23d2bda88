"""The contactor as its contact and the meters show it: what it did, and whether anything runs.

What is commanded stands in pump.py; nothing here switches.
"""

from . import pump
from .feedback import Feedback
from .mains import Mains


class Contactor:
    """One contactor, its auxiliary contact and the power behind it."""

    def __init__(self, site, settings, books, recorder, table):
        self._books = books
        self._recorder = recorder
        self._pump = table
        self._has_meter = bool(books.energy) or books.is_converted
        self._feedback = Feedback(site["rated_power_w"] if self._has_meter else None)
        self.mains = Mains(settings["voltage_dv"])
        self.aux = False
        self.runs = False  # the contact is closed, or power flows
        self.switched_ms = 0  # when it was last commanded the other way

    @property
    def has_power(self):
        """True or False, None when the power is not known."""
        return self._feedback.has_power(self._recorder.energy.value("power_w"))

    def look(self, aux):
        """Take the contact as it is now, and the power last read."""
        self.aux = aux
        self.runs = aux or bool(self.has_power)

    def judge(self, now_ms):
        """Return pump.FEEDBACK_ON, pump.FEEDBACK_OFF, or None while nothing is sure."""
        meter, table = self._recorder.energy, self._pump
        self.mains.take(meter, table.is_closed, self.switched_ms)
        return self._feedback.judge(
            table.state, self.aux, meter.value("power_w"), meter.at_ms,
            table.since_ms, meter.state == 0, now_ms,
        )  # fmt: skip

    def is_settled(self):
        """True when all meters answered after the stop, were believed, and say that nothing runs any more.

        A last step that is still held would be missing in the record of the stop. Who is never
        believed again is waited for until pump.SETTLE_MS.
        """
        recorder, books = self._recorder, self._books
        if self._has_meter and (self.has_power is not False or not self._is_after(recorder.energy.at_ms)):
            return False
        if books.is_estimated:
            return self._has_meter
        if not self._is_after(books.water.last_ms):
            return False
        # Zero, not unknown: a reading that failed says nothing about what still flows.
        return books.is_converted or recorder.water.value("flow_lph") == 0

    def _is_after(self, at_ms):
        return at_ms is not None and at_ms > self._pump.since_ms

    @property
    def is_dumb(self):
        """True if the power meter has not answered since the last switching, but did before."""
        at_ms = self._recorder.energy.at_ms
        return at_ms is not None and at_ms <= self.switched_ms

    def fire(self, event, now_ms):
        """Apply an event of the pump's table; return its actions."""
        was_closed = self._pump.is_closed
        actions = self._pump.fire(event, now_ms)
        if self._pump.is_closed != was_closed:
            self.switched_ms = now_ms
        return actions

    def has_stayed_closed(self, now_ms):
        """After a restart: True, once, for a contactor that has not opened; it is to be tripped."""
        if now_ms < pump.FEEDBACK_MS:
            return False
        self._pump.state, self._pump.since_ms = pump.STOPPING, now_ms
        return True
