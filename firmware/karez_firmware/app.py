"""The controller's main loop: collect inputs, step, carry out, sleep to the next deadline.

Order of importance (design §4): control, meter bus, storage, panel, uplink, signatures.
`control_if_due` runs before every slice of everything else, so control is at most one
slice late. Each task runs under the supervisor: what fails in one ends there.
"""

import binascii
import gc
import hashlib

from karez_protocols import causes, flags, record
from karez_protocols.constant import const

from . import hands, keeper, lines, supervisor, telemetry
from .background import Background
from .core.books import Books
from .core.controller import Controller
from .core.parts import Parts
from .core.step_io import Inputs
from .evidence import Evidence
from .journal import Journal
from .offers import Offers
from .records import Records
from .store import objects
from .store.devices import SECTOR
from .store.ring import Ring
from .unload import unload
from .uplink import leeway
from .uplink.uplink import Uplink

_STEP_MS = const(250)  # control runs at least this often (design §4: 500)
_PANEL_MS = const(500)
_WAIT_MS = const(1_000)
_HEARD_MAX = const(600)  # bytes of a first line
_SLICES = const(20)  # slices of background work per turn: together far below a step


class App:
    """One controller on one port."""

    def __init__(self, port, site):
        self.port = port
        self.identity = site.identity
        self.ring = Ring(port.nor, objects.SECTORS, port.nor.size // SECTOR - objects.SECTORS)
        self.channel = None  # an open channel's gauge as a water meter
        further: tuple = keeper.LAYOUT
        make_books = Books
        if site.curve:
            from . import channel_site

            further, make_books = further + (channel_site.LAYOUT,), channel_site.ChannelBooks
            self.channel = channel_site.Channel(site.curve)
        self.journal = Journal(port.nor, port.fram, self.ring, further)
        self.journal.start(site.binding)
        self.books = make_books(site.values, site.segments)
        head = self.journal.head
        self.parts = Parts(
            site.values, site.settings, site.rules, self.books,
            head["floor_utc_s"], head["authenticated_utc_s"],
        )  # fmt: skip
        self.rights = self.parts.rights
        self.controller = Controller(site.values, site.settings, self.parts)
        self.keeper = keeper.Keeper(port, self.journal, self.parts, self.controller, self.channel)
        self.records = Records(port, self.journal, self.keeper, self.parts.clock, self.controller.recorder)
        self._pending, self._commit = self.records.pending, self.records.commit
        self.background = Background()
        self.evidence = Evidence(self.journal, self.background, self.identity, self._commit)
        self.evidence.core_digest = self._core_digest()
        self.evidence.config_digest = hashlib.sha256(site.config).digest()[:24]
        self.offers = Offers(self.journal, self.background, self.parts, self._commit, self.records.note)
        self._free_ms = 0  # when no answer was outstanding
        self.buses = lines.of(port, self.journal, site.meters)
        self.uplink = Uplink(
            port, self.identity, site.link, self.journal, self.offers, self.parts.clock, self._state
        )
        self._inputs = Inputs()
        self._closed = self._tripped = False
        self._has_failed = False  # control did: what ran is over
        self._step_ms = self._panel_ms = self._beat_ms = 0
        self._checkpoint = self._orders_ended = False
        self.cable = None  # what somebody at the well asked for (bundle_export)
        self.terminal = None  # the console's line: read() -> bytes, write(bytes) -> how many it took
        self._heard = b""  # on it, before there was a line
        self.session = None  # of the console (console/session.py)
        self.login = (0, 0)  # wrong proofs in a row, and until when no other is taken (ms)
        self.supervisor = supervisor.Supervisor(port.now_ms, port.feed, len(self.buses), _STEP_MS)
        self._on_failures()
        self._start(site)

    def _on_failures(self):
        """What each task lets go of when it fails."""
        tend = self.supervisor.on_failure
        tend(supervisor.CONTROL, self._open_all)
        tend(supervisor.UPLINK, self.uplink.reset)
        tend(supervisor.SIGNATURES, self.background.drop)
        tend(supervisor.CABLE, self._drop_all)
        for number, bus in enumerate(self.buses):
            tend(supervisor.BUS + number, bus.cancel)

    def _core_digest(self):
        """The digest the build wrote beside the code: declared, not measured, below tier A."""
        try:
            return binascii.unhexlify(self.port.resource("karez_firmware/core.digest").strip())[:24]
        except (OSError, ValueError):
            return bytes(24)

    def _start(self, site):
        """Recover what the memories hold, then write the records that every start begins with."""
        from .startup import Startup, trial_of  # given back to the heap after the start (main_unix.py)

        startup = Startup(self.port.nor, self.journal, self.parts, self.offers, self.keeper)
        startup.recover()
        utc_s, time_state = self.port.utc()
        now_ms = self.port.now_ms()
        self.parts.clock.set(utc_s, time_state, now_ms)
        self.records.add(startup.records(self.controller, site, utc_s, self.port.tier, now_ms))
        self._checkpoint = True
        # New firmware that comes, or is on trial; None also where it failed: a well is run without it.
        self.update = self.supervisor.run(supervisor.RECORDS, trial_of, self)
        self.supervisor.run(supervisor.RECORDS, self._write_pending)

    # -- the loop -----------------------------------------------------------------------

    def run(self):
        """Run for ever; the port raises when the outside is gone."""
        while True:
            try:
                self.turn()
                self.port.wait(self._deadline_us())
            except Exception:  # noqa: BLE001 - between the tasks; a turn that does not end feeds no watchdog
                gc.collect()

    def turn(self):
        """One turn of everything, most important first."""
        run = self.supervisor.run
        self.control_if_due()
        for number, bus in enumerate(self.buses):
            run(supervisor.BUS + number, self._poll, bus)
        self.control_if_due()
        if not self._is_waiting():
            run(supervisor.RECORDS, self._write_pending)
            run(supervisor.UPLINK, self._link)
            for _ in range(_SLICES):
                self.control_if_due()
                if not run(supervisor.SIGNATURES, self.background.run_slice):
                    break
            for _ in range(_SLICES):
                self.control_if_due()
                if not run(supervisor.CABLE, self._serve_cable) or self.background.is_busy:
                    break
        run(supervisor.PANEL, self._show)
        self._report()
        if self.supervisor.tend(self.controller.is_pumping):
            run(supervisor.INPUT, self._beat)  # not the panel's: a panel that fails must not drop the coil

    def _poll(self, bus):
        heard = bus.hear()
        finished = bus.turn(self.port.now_us(), self.controller.poll_ms() * 1000, heard)
        if finished:
            name, reading = finished
            setattr(self._inputs, name, reading)
            if self.channel and name == "level":
                self._inputs.water = self.channel.take(reading)
                self.keeper.hurry()  # this register is nowhere but here
            self._step_ms = 0

    def _is_waiting(self):
        """True while a meter's answer is outstanding, on any line; for a second at most.

        Two busy lines may leave no moment between them: then records go first, and an answer
        that is spoilt by it is asked for again.
        """
        now_ms = self.port.now_ms()
        is_waiting = any(bus.is_waiting for bus in self.buses)
        if not is_waiting:
            self._free_ms = now_ms
        return is_waiting and now_ms - self._free_ms < _WAIT_MS

    def may_block(self):
        """True when the network may block the loop now: nothing falls due meanwhile (design §4)."""
        block_ms = self.port.tls_block_ms
        if self.port.now_ms() + block_ms >= self._step_ms + _STEP_MS:
            self._step_ms = 0  # the step that falls due meanwhile comes first, and may change everything
            self.control_if_due()
        return leeway.may_block(self.controller, block_ms, self.port.now_ms())

    def _deadline_us(self):
        """When to wake up though nothing comes in; a task that rests wants nothing."""
        rests = self.supervisor.is_resting
        if not self._is_waiting() and (
            (self.background.is_busy and not rests(supervisor.SIGNATURES))
            or (self.cable and not self.cable.is_held and not rests(supervisor.CABLE))
        ):
            return 0
        deadline_us = self._step_ms * 1000 + _STEP_MS * 1000
        for number, bus in enumerate(self.buses):
            if not rests(supervisor.BUS + number):
                deadline_us = min(deadline_us, bus.next_deadline_us())
        if self.session and not rests(supervisor.CABLE):
            wait_ms = self.session.wait_ms()
            if wait_ms is not None and (wait_ms or not self._is_waiting()):
                deadline_us = min(deadline_us, self.port.now_us() + wait_ms * 1000)
        if not rests(supervisor.UPLINK):
            deadline_us = min(deadline_us, self.uplink.next_deadline_ms(self.port.now_ms()) * 1000)
        return deadline_us

    # -- control ------------------------------------------------------------------------

    def control_if_due(self):
        """Step the controller if its time has come or something came in."""
        self.supervisor.run(supervisor.INPUT, self._take_lines)
        now_ms = self.port.now_ms()
        if now_ms - self._step_ms < _STEP_MS and not self._inputs.buttons:
            return
        self._step_ms = now_ms
        if self.supervisor.run(supervisor.CONTROL, self._control, now_ms):
            self.port.hold()  # outputs that nobody decides about are let go by the dead-man

    def _control(self, now_ms):
        inputs, self._inputs = self._inputs, Inputs()
        self._inputs.aux, self._inputs.door = inputs.aux, inputs.door
        if self._has_failed:
            self._has_failed = False
            if self.controller.is_pumping:
                # The coil has dropped already, and is not closed again behind it.
                self.controller.stop(causes.RESTARTED, now_ms)
        inputs.remote, self.uplink.commands = self.uplink.commands, []
        if self.channel:
            inputs.buttons = inputs.remote = []  # there is no contactor
        inputs.utc_s, inputs.time_state = self.port.utc()
        inputs.is_signed = not self._checkpoint and not self.evidence.is_signing
        inputs.fill_percent = self.journal.fill_percent()
        head = self.journal.head
        self.controller.permission.acknowledged_volume_l = head["acknowledged_volume_l"]
        self.controller.watch.quiet_since(head["acknowledged_utc_s"])
        out = self.controller.step(inputs, now_ms)
        self._carry_out(out)
        return True

    def _take_lines(self):
        failed = None
        for words in self.port.lines():
            try:
                if hands.take(words, self._inputs):
                    self._step_ms = 0
                elif words[0] == "bundle":
                    self._ask_bundle(words)
            except Exception as error:  # noqa: BLE001 - the next line may be a stop
                failed = error
        if failed:
            raise failed

    def _carry_out(self, out):
        """Open first, then write, then close (design §8)."""
        if self._closed and not out.close:
            self._switch(False)
        if self._tripped != out.trip:
            self._tripped = out.trip
            self.port.set_trip(out.trip)
        self.records.add(out.records)
        self._checkpoint = self._checkpoint or out.checkpoint
        self._orders_ended = self._orders_ended or out.orders_ended
        stopped = any(values["kind"] == record.STOP for values in out.records)
        if out.records and (stopped or not self._is_waiting()):
            self.supervisor.run(supervisor.RECORDS, self._write_pending)
        if out.close and not self._closed:
            self._switch(True)
        for text in out.answers:
            self.supervisor.run(supervisor.PANEL, self.port.say, text)
            if self.session:
                self.supervisor.run(supervisor.CABLE, self.session.said.append, text)

    def _open_all(self):
        """Control failed: no pump runs without its rules."""
        self._closed = False
        self._has_failed = True
        self.port.set_coil(False)

    def _switch(self, on):
        self._closed = on
        self.port.set_coil(on)
        self.keeper.hurry()  # until the stop is written, the head alone tells why it opened
        for number, bus in enumerate(self.buses):  # no error of a line opens the contactor
            self.supervisor.run(supervisor.BUS + number, bus.hurry, self.port.now_us())

    # -- records ------------------------------------------------------------------------

    def _write_pending(self):
        """All that goes to memory; never while a meter answers, except after a stop."""
        records = self.records
        is_written = False
        try:
            is_written = records.write()
        finally:
            if records.committed is not None:
                self._inputs.committed, records.committed = records.committed, None
                self._step_ms = 0
        if self._checkpoint and self.evidence.checkpoint():
            self._checkpoint = False
            is_written = True
        if self._orders_ended:
            self.offers.keep_orders()
            self._orders_ended = False
        self.keeper.keep(is_written)
        if not is_written:
            clock = self.parts.clock
            self.journal.prepare(clock.utc_s, self.port.now_ms() // 1000, clock.state)

    # -- link, cable and panel ----------------------------------------------------------

    def _link(self):
        self.uplink.pump(self.port.now_ms(), self.may_block)

    def _ask_bundle(self, words):
        from .bundle_export import BundleExport

        try:
            first = int(words[1]) if len(words) > 1 else 1
        except ValueError:
            self.port.say("bundle refused expected: bundle [FROM]")
            return
        if self.cable is None:
            self.cable = BundleExport(self.port, self.ring, self.journal.head["chain"], first)

    def _serve_cable(self):
        """One slice for somebody at the well; True while there is more to do at once."""
        is_more = self._serve_console()
        if self.cable is None:
            return is_more
        is_more = self.cable.run_slice() or is_more
        if not self.cable.is_busy:
            self._drop_cable()
        return is_more

    def _serve_console(self):
        """The same on the console, which is loaded with the first line."""
        if self.session is None:
            data = self.terminal and self.terminal.read()
            if not data:
                return False
            self._heard = (self._heard + data)[-_HEARD_MAX:]
            if b"\r" not in data and b"\n" not in data:
                return False
            from .console.session import Session

            self.session = Session(self, self.terminal, self._heard)
            self._heard = b""
        is_more = self.session.run_slice()
        if self.session.is_over:
            self._drop_console()
        return is_more

    def change(self, words):
        """Let the next step carry out what a technician asks; `session.said` gets the answer."""
        self._inputs.changes.append(words)
        self._step_ms = 0

    def stop(self):
        """Press stop, as anybody at the box may."""
        self._inputs.buttons.append(("stop", b""))

    def _drop_all(self):
        self._drop_cable()
        self._drop_console()

    def _drop_console(self):
        session, self.session = self.session, None
        if session:
            session.close()
            unload(*session.modules())

    def _drop_cable(self):
        self.cable = None
        unload("karez_firmware.bundle_export", "karez_protocols.bundle")

    def _report(self):
        found = self.supervisor.take_report()
        if found:
            self.controller.recorder.alarms |= flags.TASK
            self.records.event(causes.TASK_FAILED, found[0], found[1])

    def _state(self):
        return telemetry.state(self)

    def _show(self):
        now_ms = self.port.now_ms()
        if now_ms - self._panel_ms >= _PANEL_MS:
            self._panel_ms = now_ms
            telemetry.show(self)

    def _beat(self):
        now_ms = self.port.now_ms()
        if now_ms - self._beat_ms >= _PANEL_MS:
            self._beat_ms = now_ms
            telemetry.beat(self)
