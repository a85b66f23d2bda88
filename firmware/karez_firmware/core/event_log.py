"""Records that the controller's parts want written, in the order of their happening."""

from karez_protocols import event_details, fields

from .recording import NO_DETAIL


class EventLog:
    """Collects the values of records; the controller hands them out once a step."""

    def __init__(self, recorder):
        self._recorder = recorder
        self.records: list = []

    def write(self, values):
        """Add a record."""
        self.records.append(values)

    def event(self, cause, now_ms, subject=0, detail=None):
        """Add an event; `detail`: values of event_details.layout(cause), if it has one."""
        layout = event_details.layout(cause)
        data = NO_DETAIL
        if layout is not None and detail is not None:
            data = fields.pack(layout, detail)
        self.records.append(self._recorder.event(cause, now_ms, subject, data))

    def drain(self, events, now_ms):
        """Add what a part noted, (cause, subject) or (cause, subject, detail), and empty its list."""
        while events:
            self.event(*_in_full(events.pop(0), now_ms))


def _in_full(noted, now_ms):
    cause, subject = noted[:2]
    if isinstance(subject, dict):
        # A segment's event names its multiplier: W is computed with it from here on.
        return cause, now_ms, subject.get("multiplier_ppm", subject.get("quantity", 0)), subject
    return cause, now_ms, subject, noted[2] if len(noted) > 2 else None
