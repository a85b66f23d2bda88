"""Records that the controller's parts want written, in the order of their happening."""

from karez_protocols import event_details, fields
from karez_protocols.constant import const

from .recording import NO_DETAIL

# What a hand or a loose wire can repeat at will is recorded a few times at once, then once a
# minute: a night of pressing the button would else push the irrigations out of the ring.
_NOTES = const(8)
_NOTE_MS = const(60_000)


class EventLog:
    """Collects the values of records; the controller hands them out once a step.

    What the books noted comes first, always: a record that carries a segment's number stands
    behind the event that tells of the segment, or a restart in between could not adopt it.
    """

    def __init__(self, recorder, books):
        self._recorder = recorder
        self._books = books
        self._due_ms: dict = {}  # cause of a note -> when all before it are forgotten
        self.records: list = []

    def write(self, values, now_ms):
        """Add a record."""
        self.flush(now_ms)
        self.records.append(values)

    def event(self, cause, now_ms, subject=0, detail=None):
        """Add an event; `detail`: values of event_details.layout(cause), if it has one."""
        self.flush(now_ms)
        self._add(cause, now_ms, subject, detail)

    def note(self, cause, now_ms, subject=0):
        """Add an event that somebody could repeat without end, unless there were many of its cause."""
        due_ms = max(self._due_ms.get(cause, 0), now_ms) + _NOTE_MS
        if due_ms - now_ms <= _NOTES * _NOTE_MS:
            self._due_ms[cause] = due_ms
            self.event(cause, now_ms, subject)

    def flush(self, now_ms):
        """Add what the books noted."""
        events = self._books.events
        while events:
            cause, values = events.pop(0)
            # A segment's event names its multiplier: W is computed with it from here on.
            subject = values.get("multiplier_ppm", values["quantity"])
            self._add(cause, now_ms, subject, values)

    def collect(self, parts, now_ms):
        """Add what the parts noted in this step."""
        self.flush(now_ms)
        for events in (
            parts.clock.events, parts.orders.events, parts.windows.events,
            parts.protection.lockout.events, parts.crosscheck.events,
        ):  # fmt: skip
            if events:
                self.drain(events, now_ms)

    def drain(self, events, now_ms):
        """Add what a part noted and empty its list: (cause, subject), (cause, detail) or all three."""
        while events:
            noted = events.pop(0)
            cause, subject = noted[:2]
            detail = noted[2] if len(noted) > 2 else None
            if isinstance(subject, dict):
                subject, detail = 0, subject
            self.event(cause, now_ms, subject, detail)

    def _add(self, cause, now_ms, subject, detail):
        layout = event_details.layout(cause)
        data = NO_DETAIL
        if layout is not None and detail:
            data = fields.pack(layout, detail)
        self.records.append(self._recorder.event(cause, now_ms, subject, data))
