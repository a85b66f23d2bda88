"""The controller's main loop: collect inputs, step, carry out, sleep to the next deadline.

Order of importance (design §4): control, meter bus, storage, panel, uplink, signatures.
`control_if_due` runs before every slice of everything else, so control is at most one
slice late.
"""

import binascii
import hashlib

from karez_protocols import causes, record
from karez_protocols.constant import const

from . import panel
from .background import Background
from .core import recording
from .core.books import Books
from .core.controller import Controller, Inputs
from .core.rights import Rights
from .drivers.bus import Bus
from .drivers.meter_reader import MeterReader
from .evidence import Evidence, object_record
from .journal import Journal
from .store import objects
from .store.devices import SECTOR, StoreFailed
from .store.ring import Ring
from .uplink.uplink import Uplink

_STEP_MS = const(250)  # control runs at least this often (design §4: 500)
_PANEL_MS = const(500)
_HEAD_MS = const(5_000)  # the books' last good registers reach FRAM this often while they move
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
        profile = site.meters[0][1]
        readers = [(name, MeterReader(profile, address)) for name, profile, address in site.meters]
        self.bus = Bus(profile.baud, profile.character_bits, readers)
        self.uplink = Uplink(port, self.identity, site.link, self.journal, self._grant, self._state)
        self._inputs = Inputs()
        self._closed = False
        self._step_ms = self._panel_ms = self._head_ms = 0
        self._last_stop = None
        self._pending = []  # records not yet written
        self._checkpoint = False
        self._boot(site)

    # -- start --------------------------------------------------------------------------

    def _core_digest(self):
        """The digest the build wrote beside the code: declared, not measured, below tier A."""
        try:
            return binascii.unhexlify(self.port.resource("karez_firmware/core.digest").strip())[:24]
        except OSError:
            return bytes(24)

    def _boot(self, site):
        """Adopt what was rolled forward, then write the records every start begins with."""
        head = self.journal.head
        for slot in self.journal.rolled:
            self._adopt(slot)
        if self.journal.is_rebuilt:
            self.controller.recorder.status |= recording.HEAD_REBUILT
            self._find_grant()
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
        head["boot"] += 1
        self.journal.save()
        self.controller.restart(outage_s, head)
        if last_seq == 0:
            self._commit(object_record(record.BINDING, 1, site.binding))
            self._commit(object_record(record.CONFIG, 1, site.config))
        now_ms = self.port.now_ms()
        self._commit(self.controller.recorder.boot(head["chain"], last_seq, outage_s, self.port.tier, now_ms))
        if self.journal.is_rebuilt:
            self._commit(self.controller.recorder.event(causes.HEAD_REBUILT, now_ms))
        self.evidence.checkpoint()

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

    def _find_grant(self):
        """Without a head: the newest grant record in the ring names the object in force."""
        for seq in range(self.journal.head["seq"], 0, -1):
            slot = self.journal.slot(seq)
            if slot is None:
                return
            if slot[1] == record.GRANT:
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
        now_us = self.port.now_us()
        finished = self.bus.turn(self.port, now_us, self.controller.poll_ms() * 1000)
        if finished:
            name, reading = finished
            setattr(self._inputs, name, reading)
            self._step_ms = 0
        self.control_if_due()
        if not self.bus.is_waiting:
            self._write_pending()
            self.uplink.pump(self.port.now_ms(), self.may_block())
            for _ in range(_SLICES):
                self.control_if_due()
                if not self.background.run_slice():
                    break
        self._show()

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
        if self.background.is_busy and not self.bus.is_waiting:
            return 0
        deadline_us = min(self._step_ms * 1000 + _STEP_MS * 1000, self.bus.next_deadline_us())
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
            if words[0] == "aux":
                self._inputs.aux = words[1] == "1"
                self._step_ms = 0
            elif words[0] in ("start", "stop"):
                self._inputs.buttons.append((words[0], binascii.unhexlify(words[1])))

    def _carry_out(self, out):
        """Open first, then write, then close (design §8)."""
        if self._closed and not out.close:
            self._switch(False)
        self._pending.extend(out.records)
        self._checkpoint = self._checkpoint or out.checkpoint
        stopped = any(values["kind"] == record.STOP for values in out.records)
        if stopped or not self.bus.is_waiting:
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
                is_committed = True
            except StoreFailed:
                self.controller.recorder.alarms |= recording.STORE_FAILED
                is_committed = False
            if values["kind"] == record.START:
                self._inputs.committed = is_committed
                self._step_ms = 0
            elif values["kind"] == record.STOP and is_committed:
                self._last_stop = slot
        if self._checkpoint:
            self._checkpoint = False
            self.evidence.checkpoint()

    def _switch(self, on):
        self._closed = on
        self.port.set_coil(on)
        self.bus.hurry()

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
            head["good_utc_s"] = self.controller.clock.utc_s

    def _keep_books(self, now_ms, is_saved):
        if is_saved:
            self._head_ms = now_ms
        elif now_ms - self._head_ms >= _HEAD_MS and not self.bus.is_waiting:
            self._head_ms = now_ms
            self._take_registers()
            self.journal.save()

    def _commit(self, values):
        utc_s = self.controller.clock.utc_s
        state = self.controller.clock.state
        slot = self.journal.append(values, utc_s, self.port.now_ms() // 1000, state)
        self.port.say("record " + binascii.hexlify(slot).decode())
        return slot

    # -- link and panel -----------------------------------------------------------------

    def _grant(self, data):
        def note(cause, seq):
            values = self.controller.recorder.event(cause, self.port.now_ms(), seq & 0xFFFFFFF)
            self._commit(values)

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
            "grant_seq": head["grant_seq"],
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
