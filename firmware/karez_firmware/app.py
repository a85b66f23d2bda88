"""The controller's main loop: collect inputs, step, carry out, sleep to the next deadline.

Order of importance (design §4): control, meter bus, storage, panel, uplink, signatures.
`control_if_due` runs before every slice of everything else, so control is at most one
slice late.
"""

import binascii
import hashlib

from karez_protocols import causes, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from . import panel
from .background import Background
from .core import recording
from .core.books import Books
from .core.controller import Controller, Inputs
from .core.rights import Rights
from .drivers.bus import Bus
from .drivers.meter_reader import MeterReader
from .evidence import Evidence, object_record
from .journal import Journal, loss
from .store import objects
from .store.devices import SECTOR, StoreFailed
from .store.ring import Ring
from .uplink.uplink import Uplink

_STEP_MS = const(250)  # control runs at least this often (design §4: 500)
_PANEL_MS = const(500)
_HEAD_MS = const(5_000)  # the books' last good registers reach FRAM this often while they move
_LOOK_BACK = const(256)  # records: an irrigation writes one in 5 minutes, so 21 hours of it
# Refused grants on record: a few at once, then one a minute. A flood would else push the
# irrigations out of the ring; the gateway sends again until it sees a record (downlink.py).
_NOTES = const(8)
_NOTE_MS = const(60_000)
_WAIT_MS = const(1_000)
_SLICES = const(20)  # slices of background work per turn: together far below a step


class App:
    """One controller on one port."""

    def __init__(self, port, site):
        self.port = port
        self.identity = site.identity
        ring = Ring(port.nor, objects.SECTORS, port.nor.size // SECTOR - objects.SECTORS)
        self.journal = Journal(port.nor, port.fram, ring)
        self.journal.start(site.binding)
        head = self.journal.head
        self.books = Books(site.values, site.segments)
        self.books.restore(head)
        self.rights = Rights(site.values["site"])
        self.controller = Controller(
            site.values, site.settings, site.accounts, self.books, self.rights, head["floor_utc_s"]
        )
        self.background = Background()
        self.evidence = Evidence(
            self.journal, self.background, self.identity, site.regulator,
            self.rights, self.controller.clock, self._commit,
        )  # fmt: skip
        self.evidence.core_digest = self._core_digest()
        self.evidence.config_digest = hashlib.sha256(site.config).digest()[:24]
        self._buses: list = []
        self._free_ms = 0  # when no answer was outstanding
        for line, uart in enumerate(port.uarts):
            readers = [
                (one[0], MeterReader(one[1], one[2])) for one in site.meters if one[1] and one[3] == line
            ]
            if readers:
                self._buses.append(Bus(uart, readers))
        for one in site.meters:
            if one[1] is None:
                from .drivers.pulse_meter import PulseMeter

                self._buses.append(PulseMeter(port, self.journal, one[0], one[2], one[3]))
        self.uplink = Uplink(port, self.identity, site.link, self.journal, self._grant, self._state)
        self._inputs = Inputs()
        self._closed = False
        self._step_ms = self._panel_ms = self._head_ms = 0
        self._last_stop = None
        self._note_ms = 0  # until then refused grants have had their records
        self._pending = []  # records not yet written
        self._checkpoint = False
        self._boot(site)

    # -- start --------------------------------------------------------------------------

    def _core_digest(self):
        """The digest the build wrote beside the code: declared, not measured, below tier A."""
        try:
            return binascii.unhexlify(self.port.resource("karez_firmware/core.digest").strip())[:24]
        except (OSError, ValueError):
            return bytes(24)

    def _boot(self, site):
        """Adopt what was rolled forward, then write the records every start begins with."""
        head = self.journal.head
        for slot in self.journal.rolled:
            self._adopt(slot)
        if self.journal.is_rebuilt:
            self.controller.recorder.status |= recording.HEAD_REBUILT
            self._find_lost()
        self.evidence.restore_grant()
        utc_s, time_state = self.port.utc()
        self.controller.clock.set(utc_s, time_state)
        outage_s = None
        # A clock that stands before the last good reading says nothing about the outage.
        if (
            self.controller.clock.is_trusted
            and head["good_utc_s"] is not None
            and utc_s >= head["good_utc_s"]
        ):
            outage_s = utc_s - head["good_utc_s"]
        last_seq = head["seq"]
        head["floor_utc_s"] = self.controller.clock.floor_utc_s
        head["boot"] += 1
        self.journal.save()
        self.controller.restart(outage_s, head)
        if last_seq == 0:
            self._pending.append(object_record(record.BINDING, 1, site.binding))
        if last_seq < 2:  # a cut may have come between the two
            self._pending.append(object_record(record.CONFIG, 1, site.config))
        recorder, now_ms = self.controller.recorder, self.port.now_ms()
        self._pending.append(recorder.boot(head["chain"], last_seq, outage_s, self.port.tier, now_ms))
        if self.journal.is_rebuilt:
            self._pending.append(recorder.event(causes.HEAD_REBUILT, now_ms))
        elif self.journal.oldest() > head["acknowledged_seq"] + 1:
            # A cut between the end of a sector and its loss record would else leave a gap
            # that no gateway ever passes.
            self._pending.append(loss(head["acknowledged_seq"] + 1, self.journal.oldest() - 1))
        self._checkpoint = True
        self._write_pending()

    def _adopt(self, slot):
        """Bring the head up to a record that was written but not yet known to it."""
        head = self.journal.head
        values = record.decode(slot)
        if values["kind"] == record.GRANT:
            place = self.journal.find_object(objects.GRANT, values["digest"])
            if place is not None:
                head["grant_place"], head["grant_seq"] = place, values["object_seq"]
        elif values["kind"] in (record.START, record.STOP):
            head["running"] = 1 if values["kind"] == record.START else 0
            head["account"], head["credential"] = values["account"], values["credential"]
            head["start_volume_l"] = values["volume_l"]

    def _find_lost(self):
        """Without a head: the newest record names the grant in force, an earlier one what ran."""
        head = self.journal.head
        for place in (1, 0):
            if not self.rights.seq:
                head["grant_place"] = place
                self.evidence.restore_grant()
        newest = head["seq"]
        for seq in range(newest, max(newest - _LOOK_BACK, 0), -1):
            slot = self.journal.slot(seq)
            if slot is None or slot[1] in (record.START, record.STOP):
                if slot:
                    self._adopt(slot)
                return

    # -- the loop -----------------------------------------------------------------------

    def run(self):
        """Run for ever; the port raises when the outside is gone."""
        while True:
            self.turn()
            self.port.wait(self._deadline_us())

    def turn(self):
        """One turn of everything, most important first."""
        self.control_if_due()
        poll_us = self.controller.poll_ms() * 1000
        for bus in self._buses:
            heard = bus.hear()
            finished = bus.turn(self.port.now_us(), poll_us, heard)
            if finished:
                name, reading = finished
                setattr(self._inputs, name, reading)
                self._step_ms = 0
        self.control_if_due()
        if not self._is_waiting():
            self._write_pending()
            self.uplink.pump(self.port.now_ms(), self.may_block())
            for _ in range(_SLICES):
                self.control_if_due()
                if not self.background.run_slice():
                    break
        self._show()

    def _is_waiting(self):
        """True while a meter's answer is outstanding, on any line; for a second at most.

        Two busy lines may leave no moment between them: then records go first, and an answer
        that is spoilt by it is asked for again.
        """
        now_ms = self.port.now_ms()
        is_waiting = any(bus.is_waiting for bus in self._buses)
        if not is_waiting:
            self._free_ms = now_ms
        return is_waiting and now_ms - self._free_ms < _WAIT_MS

    def may_block(self):
        """True when a TLS handshake may block the loop: no opening falls due meanwhile (design §4)."""
        controller = self.controller
        if not controller.is_pumping:
            return True
        left_l, flow_lph = controller.left_l(), controller.recorder.water.value("flow_lph")
        if not left_l or flow_lph is None or left_l < 0:
            return False
        left_ms = left_l * 3_600_000 // max(flow_lph, 1)
        return left_ms > 2 * self.port.tls_block_ms + 2 * controller.poll_ms()

    def _deadline_us(self):
        if self.background.is_busy and not self._is_waiting():
            return 0
        deadline_us = self._step_ms * 1000 + _STEP_MS * 1000
        for bus in self._buses:
            deadline_us = min(deadline_us, bus.next_deadline_us())
        return min(deadline_us, self.uplink.next_deadline_ms(self.port.now_ms()) * 1000)

    def control_if_due(self):
        """Step the controller if its time has come or something came in."""
        self._take_lines()
        now_ms = self.port.now_ms()
        if now_ms - self._step_ms < _STEP_MS and not self._inputs.buttons:
            return
        self._step_ms = now_ms
        inputs, self._inputs = self._inputs, Inputs()
        self._inputs.aux = inputs.aux
        inputs.utc_s, inputs.time_state = self.port.utc()
        out = self.controller.step(inputs, now_ms)
        self._carry_out(out)
        self._keep_books(now_ms, bool(out.records))

    def _take_lines(self):
        for words in self.port.lines():
            if words in (["aux", "0"], ["aux", "1"]):
                self._inputs.aux = words[1] == "1"
                self._step_ms = 0
            elif words[0] in ("start", "stop"):
                try:
                    self._inputs.buttons.append((words[0], binascii.unhexlify(words[1])))
                except (IndexError, ValueError):
                    if words[0] == "stop":  # a stop needs no card
                        self._inputs.buttons.append(("stop", b""))

    def _carry_out(self, out):
        """Open first, then write, then close (design §8)."""
        if self._closed and not out.close:
            self._switch(False)
        self._pending.extend(out.records)
        self._checkpoint = self._checkpoint or out.checkpoint
        stopped = any(values["kind"] == record.STOP for values in out.records)
        if stopped or not self._is_waiting():
            self._write_pending()
        if out.close and not self._closed:
            self._switch(True)

    def _write_pending(self):
        """Commit what waits; nothing is written while a meter answers, except after a stop."""
        while self._pending:
            values = self._pending.pop(0)
            self._note(values)
            try:
                slot = self._commit(values)
            except StoreFailed:
                slot = None
                # What is not written has not begun, and has not ended.
                if values["kind"] in (record.START, record.STOP):
                    self.journal.head["running"] = 0 if values["kind"] == record.START else 1
            if values["kind"] == record.START:
                self._inputs.committed = slot is not None
                self._step_ms = 0
            elif values["kind"] == record.STOP and slot:
                self._last_stop = slot
        if self._checkpoint:
            self._checkpoint = False
            self.evidence.checkpoint()

    def _switch(self, on):
        self._closed = on
        self.port.set_coil(on)
        for bus in self._buses:
            bus.hurry(self.port.now_us())

    def _note(self, values):
        """Keep in the head what a restart must know about an irrigation."""
        head = self.journal.head
        if values["kind"] == record.START:
            head["running"] = 1
            head["account"], head["credential"] = values["account"], values["credential"]
            head["start_volume_l"] = values["volume_l"]
        elif values["kind"] == record.STOP:
            head["running"] = 0
        self._take_registers()

    def _take_registers(self):
        head, books = self.journal.head, self.books
        head["volume_l"], head["register_l"] = books.volume_l, books.water.last
        head["held_l"] = books.held_l
        if books.energy:
            head["energy_wh"], head["energy_register_wh"] = books.energy_wh, books.energy.last
        if books.is_known and self.controller.clock.is_trusted:
            # Of the reading, not of now: the meter may have been silent for long.
            silent_ms = self.port.now_ms() - books.water.last_ms
            head["good_utc_s"] = self.controller.clock.utc_s - silent_ms // 1000

    def _keep_books(self, now_ms, is_saved):
        if is_saved:
            self._head_ms = now_ms
        elif now_ms - self._head_ms >= _HEAD_MS and not self._is_waiting():
            self._head_ms = now_ms
            self._take_registers()
            self.journal.save()

    def _commit(self, values):
        """Write one record and return its slot. Raises StoreFailed; the alarm then stands."""
        clock = self.controller.clock
        try:
            slot = self.journal.append(values, clock.utc_s, self.port.now_ms() // 1000, clock.state)
        except (OSError, ProtocolError, StoreFailed) as error:
            # A value that no record can hold must not stop the controller either.
            self.controller.recorder.alarms |= recording.STORE_FAILED
            raise StoreFailed(str(error))
        self.port.say("record " + binascii.hexlify(slot).decode())
        return slot

    # -- link and panel -----------------------------------------------------------------

    def _grant(self, data):
        def note(cause, seq):
            now_ms = self.port.now_ms()
            due_ms = max(self._note_ms, now_ms) + _NOTE_MS
            if due_ms - now_ms <= _NOTES * _NOTE_MS:
                self._note_ms = due_ms
                self._pending.append(self.controller.recorder.event(cause, now_ms, seq))

        self.evidence.offer_grant(data, note)

    def _state(self):
        """What the retained state topic says."""
        head = self.journal.head
        return {
            "pump": self.controller.pump.state,
            "time_state": self.controller.clock.state,
            "chain": head["chain"],
            "last_seq": head["seq"],
            "acknowledged_seq": head["acknowledged_seq"],
            "boot": head["boot"],
            "uptime_s": self.port.now_ms() // 1000,
            "grant_seq": self.rights.seq,
            "order_seq": 0,
            "segment": self.books.segment,
            "volume_l": self.books.volume_l,
            "held_l": self.books.held_l,
        }

    def _show(self):
        now_ms = self.port.now_ms()
        if now_ms - self._panel_ms >= _PANEL_MS:
            self._panel_ms = now_ms
            self.port.say("panel " + "|".join(panel.lines(self.controller, self._last_stop)))
            self.port.say("beat %d %d %r" % self.uplink.health)
