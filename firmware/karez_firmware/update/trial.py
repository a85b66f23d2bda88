"""The life of an update in the app: armed with the pump off, tried after the restart, kept or given back.

A slot on trial has ten minutes to show that it counts as the one before: no task has failed, the memories
have taken its records and their signature, the books are known if they were known before. Else it restarts,
three times at most; then the boot runs the slot before, and that one reports (marks.py).
"""

from karez_protocols import causes, event_details, fields, key_list, order
from karez_protocols.constant import const

from ..core import pump
from ..store.devices import StoreFailed
from ..supervisor import BUS
from . import marks

_SETTLE_MS = const(60_000)  # a task that fails does so within a minute, or hours later for other reasons
# Bits of marks.Row.failed that may stand: a panel or a line that is broken anyway is no fault of the new
# image. Not those of control, inputs and records.
_EXCUSED = const(0xF8)
_VENDOR_KEY = "karez_firmware/vendor.key"


def _failed(supervisor, is_now=False):
    """Return bit n for each task n that failed since the start, or whose last call did.

    All lines share the bit of the first.
    """
    found = 0
    for number, task in enumerate(supervisor.tasks):
        if task.in_row if is_now else task.failures:
            found |= 1 << min(number, BUS)
    return found


class Trial:
    """One app's side of updates. `is_on`: what runs is on trial."""

    def __init__(self, app):
        self._app = app
        port = app.port
        self.slots = marks.Slots(port.flash)
        row = self.slots.newest() or marks.Row()
        self.running = port.slot
        self.is_on = row.trial == self.running
        self._was_known = row.was_known
        self._failed = row.failed
        self._intake = None
        self._technician = None  # who wants the restart; None: the gateway
        self._want_ms = 0  # and not before
        self._owed: tuple = ()  # (cause, slot it is about, outcome) that no row says yet
        self._is_recorded = False  # what is owed has its record: once, or it would come twice a second
        self._owed_ms = 0  # it is not tried before
        self._carrier = None
        app.uplink.on_update = self._hear
        if row.outcome == marks.RETURNED or not (self.is_on or row.kept == self.running):
            # A trial that failed, or what was kept is torn and the boot ran this one: now this one is kept.
            # Told in look: nothing is written here, so a flash that takes nothing ends no start.
            self._owed = causes.UPDATE_RETURNED, 1 - self.running, marks.TOLD

    def _hear(self, payload):
        if self._carrier is None:
            from .carrier import Carrier

            self._carrier = Carrier(self._app, self)
        self._carrier.hear(payload)

    def _event(self, cause, slot, technician=None):
        """Return the event about what a slot holds: its number, and by whom it was begun."""
        from .standing import Standing, number_of

        data = Standing(self.slots, slot)
        number = number_of(self.slots, slot, self._app.port) if len(data) else 0
        values = {"number": technician, "digest": data.sha256()[:22]}
        detail = fields.pack(event_details.layout(cause), values)
        return self._app.controller.recorder.event(cause, self._app.port.now_ms(), number, detail)

    def intake(self):
        """Return the spare slot's Intake and whether nobody has looked yet what is in it: survey it then."""
        if self._intake is not None:
            return self._intake, self._intake.is_unknown
        # Not with the app: most days no update comes, and each of these is 1 kB and more of its heap.
        from .intake import Intake
        from .standing import number_of

        app = self._app
        try:
            vendor = app.port.resource(_VENDOR_KEY)
        except OSError:
            vendor = b""
        keys = vendor, app.parts.keys.key_of(order.ROOT, key_list.ORDERS)
        number = number_of(self.slots, self.running, app.port)
        self._intake = Intake(self.slots, self.running, app.port.board, number, keys, self.obstacle)
        return self._intake, True

    def obstacle(self):
        """Return why nothing may be written to the flash now, or None."""
        # Not is_on: as long as no row says that this slot stays, the other one must.
        if self.slots.kept() != self.running:
            return b"busy: this firmware is on trial itself"
        if self._is_pumping():
            return b"busy: the pump runs; an update waits until it stands"
        return None

    def _is_pumping(self):
        controller = self._app.controller
        return controller.pump.state != pump.OFF or controller.contactor.runs

    def hindrance(self):
        """Return why this box may not restart into another slot now, or None: pump off, log synced."""
        app = self._app
        if self.obstacle():
            return self.obstacle()
        is_written = not app.records.pending and app.journal.is_saved and not self._owed
        if not is_written or app.evidence.is_signing or app.background.is_busy:
            return b"busy: records are not written and signed yet, try again"
        if app.uplink.is_up and app.uplink.courier.waiting:
            return b"busy: the gateway has not stored every record yet, try again"
        return None

    @property
    def is_wanted(self):
        """True while the restart into what came waits for its moment."""
        return self._intake is not None and self._intake.is_wanted

    def want(self, technician=None, wait_ms=0):
        """Let look restart into what came, as soon as nothing hinders it; `wait_ms`: not before."""
        self._technician, self._want_ms = technician, self._app.port.now_ms() + wait_ms
        self.intake()[0].is_wanted = True

    def arm(self, technician=None):
        """Write the record, then the row; the caller restarts. Raises NotTaken, StoreFailed, OSError."""
        from .intake import WHOLE, NotTaken
        from .standing import Standing

        app, slot = self._app, 1 - self.running
        intake = self.intake()[0]
        if intake.state != WHOLE or Standing(self.slots, slot).sha256() != intake.sha256:
            raise NotTaken(b"incomplete: the manifest is not there any more, begin with put")
        app.records.commit(self._event(causes.UPDATE_ARMED, slot, technician))
        was_known = int(app.books.is_known and not app.books.is_uncertain)
        row = marks.Row(self.running, slot, 0, marks.NOTHING, was_known)
        row.failed = _failed(app.supervisor, True) & _EXCUSED
        self.slots.append(row)

    def look(self):
        """Judge what runs on trial, or restart into what waits; call twice a second.

        Raises SystemExit to restart.
        """
        app = self._app
        if self._carrier:
            self._carrier.tell()
        now_ms = app.port.now_ms()
        if self.is_wanted and now_ms >= self._want_ms and not self.hindrance():
            self._restart()
        if self._owed:
            self._settle(now_ms)
            return
        if not self.is_on or now_ms < _SETTLE_MS:
            return
        if self._is_sound():
            self._owed = causes.UPDATE_KEPT, self.running, marks.KEPT
            self._settle(now_ms)
        elif now_ms >= marks.TRIAL_MS and app.controller.pump.state == pump.OFF:
            app.port.say("update failed its trial")
            raise SystemExit

    def _restart(self):
        """Arm and end in one call: no step of control starts the pump in between. Raises SystemExit."""
        from .intake import NotTaken

        self.intake()[0].is_wanted = False
        try:
            self.arm(self._technician)
        except (NotTaken, StoreFailed, OSError) as error:
            reason = error.text if isinstance(error, NotTaken) else "store: %s" % error
            self._app.port.say("update " + reason)
            if self._carrier:
                self._carrier.refuse(reason)
            return
        self._app.port.say("restarting")
        raise SystemExit  # no task's failure: it ends the program, outputs off (ports/boot.py)

    def _settle(self, now_ms):
        """Write what is owed, record first; what a memory does not take is tried again in a minute."""
        if now_ms < self._owed_ms or self._app.records.pending or self._is_pumping():
            return  # behind the records of the start, and no write to the flash holds up a contactor
        self._owed_ms = now_ms + _SETTLE_MS
        cause, slot, outcome = self._owed
        try:
            if not self._is_recorded:
                self._app.records.commit(self._event(cause, slot))
                self._is_recorded = True
            self.slots.append(marks.Row(self.running, marks.NONE, 0, outcome))
        except (OSError, StoreFailed):
            return  # and so nothing is written to the other slot
        self.is_on = False
        self._owed = ()

    def _is_sound(self):
        app = self._app
        is_written = not app.records.pending and app.journal.is_saved and not app.evidence.is_signing
        is_known = app.books.is_known or not self._was_known
        return is_written and is_known and not _failed(app.supervisor) & ~self._failed
