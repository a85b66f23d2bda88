"""An irrigation that the last run did not live to end: its stop is written as soon as that can be."""

from karez_protocols import causes
from karez_protocols.constant import const

_UNREAD_MS = const(60_000)  # closed without a meter after this


def stopped_for(controller):
    """What a head says of a stop without a record: its cause; causes.NONE without one, or of the mains."""
    is_by_mains = controller.stop_cause in (causes.MAINS_LOST, causes.FEEDBACK_LOST)
    return controller.stop_cause if controller.is_pumping and not is_by_mains else causes.NONE


class CutOff:
    """What the head says of it. `is_pending`: no stop record yet."""

    def __init__(self):
        self.is_pending = False
        self._cause = causes.RESTARTED

    def take(self, head):
        """Take the head of a start; True when an irrigation was cut off."""
        self.is_pending = bool(head["running"])
        # The cut may have overtaken a stop: then it is why the pump ended.
        self._cause = head.get("stop_cause") or causes.RESTARTED
        return self.is_pending

    def end(self, contactor, is_known, now_ms):
        """Return the cause to end it for, once; causes.NONE while it must wait.

        `is_known`: the books are. A contactor that is found closed is the pump table's to open first.
        """
        if not self.is_pending:
            return causes.NONE
        is_due = is_known or now_ms >= _UNREAD_MS
        if contactor.runs:
            is_due = contactor.has_stayed_closed(now_ms)
        self.is_pending = not is_due
        return self._cause if is_due else causes.NONE
