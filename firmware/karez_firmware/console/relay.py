"""The contactor and its contact, tried: closed until the contact says so, for five seconds at most.

It is a start like any other, of nobody's account: what refuses a start refuses this one, its record is
written before it, the motor rests after it, and what it pumps is booked. The time limit is the control's own
(core/permission.py): it holds whatever becomes of the console.
"""

from karez_protocols import causes

from ..core import pump
from ..core.accounts import NOBODY
from . import deed
from .refusal import Refused


def rows(session, words):
    """Close, wait for the contact, open, wait for it again; return what each took in ms."""
    app = session.app
    controller, port = app.controller, app.port
    if app.channel:
        raise Refused(b"refused: an open channel has no contactor")
    deed.act(app, causes.TECHNICIAN_ACTS, session.number, words)
    controller.starting.start(NOBODY, bytes(8), causes.REMOTE, port.now_ms())
    if controller.refused:
        raise Refused(b"refused: %s", causes.name(controller.refused))
    controller.permission.is_trial = True
    took: list = [None, None]  # until the contact closed, and opened
    switched_ms = None
    try:
        while controller.pump.state != pump.OFF:
            yield False
            if controller.pump.state == pump.STUCK:
                raise Refused(b"failed: the contactor did not open, see status")
            is_closed = controller.pump.is_closed
            if is_closed or switched_ms is not None:
                switched_ms = controller.contactor.switched_ms
                at = 0 if is_closed else 1
                if took[at] is None and controller.contactor.aux == is_closed:
                    took[at] = port.now_ms() - switched_ms
                    if is_closed:
                        app.stop()
    finally:
        if controller.pump.state != pump.OFF:
            app.stop()
    if switched_ms is None:
        raise Refused(b"refused: %s", causes.name(controller.refused or controller.stop_cause))
    if took[0] is None:
        took[1] = None  # a contact that never closed says nothing by being open
    return b"closed_ms opened_ms stop rest_s", (
        took[0], took[1], causes.name(controller.stop_cause), controller.starting.rest_s(port.now_ms()),
    )  # fmt: skip
