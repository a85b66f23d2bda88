"""What a restart must know beside the records: registers, accounts, lock-outs, the ratio (design §8).

Registers and what runs stand in the head, which every record writes; the rest in tables of
their own in FRAM, written when they have changed.
"""

import hashlib

from karez_protocols import fields, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .core import bookmark, protection, ratio
from .core.cut_off import stopped_for
from .store import fram_map
from .store.twins import Twins

# What the head holds for others, behind its own fields (store/head.py).
LAYOUT = (
    bookmark.LAYOUT,
    """
authenticated_utc_s u4
is_resuming u1
is_tripped u1
rest_s u2
stop_cause u1
energy_good_utc_s u4
saved_utc_s u4
""",
)

_HEAD_MS = const(5_000)  # the books' last good registers reach FRAM this often while they move
_TABLE_SIZE = const(321)  # 32 accounts (accounts.to_bytes)
# `seq` of `chain`: every stop up to it is in the table.
_ACCOUNTS = "chain u4\nseq u4\ntable b321\n"
# Of the ratio's table what is never unknown (ratio.snapshot).
_RATIO = "kind alarms slow recent volume_l energy_wh seconds sum0 sum1 sum2 sum3"


class _Table:
    """One table in FRAM, written when what it holds has changed."""

    def __init__(self, fram, place, magic, layout, snapshot):
        self._twins = Twins(fram, place, magic, layout)
        self._layout = layout
        self._snapshot = snapshot
        self._kept = None  # digest of what was written last: the values would be as large as the table
        self._generation = 0

    def load(self):
        """Return the values kept before the restart, or None."""
        found = self._twins.load()
        if found:
            self._generation = found["generation"]
        return found

    def keep(self):
        """Write the table if it has changed. An FRAM that does not take it is the head's to tell."""
        values = self._snapshot()
        values["generation"] = self._generation
        try:
            kept = hashlib.sha256(fields.pack(self._layout, values)).digest()
            if kept == self._kept:
                return
            self._twins.save(values)
        except ProtocolError:  # a number that no table holds: what stands there is older, and whole
            return
        self._kept = kept
        self._generation = values["generation"]


class Keeper:
    """Writes head and tables of one controller. `channel`: of an open channel's site, else None."""

    def __init__(self, port, journal, parts, controller, channel=None):
        self._port = port
        self._controller = controller
        self._journal = journal
        self._parts = parts
        self.channel = channel
        self._head_ms = 0
        lockout, check = parts.protection.lockout, parts.crosscheck
        self._accounts = _Table(port.fram, fram_map.ACCOUNTS, 0x3241484B, _ACCOUNTS, self._accounts_table)
        self._check = _Table(port.fram, fram_map.CROSS_CHECK, 0x3158484B, ratio.LAYOUT, check.snapshot)
        self._lockout = _Table(
            port.fram, fram_map.PROTECTION, 0x3150484B, protection.LAYOUT,
            lambda: lockout.snapshot(port.now_ms()),
        )  # fmt: skip

    def _accounts_table(self):
        head, data = self._journal.head, self._parts.accounts.to_bytes()
        return {"chain": head["chain"], "seq": head["seq"], "table": data + bytes(_TABLE_SIZE - len(data))}

    def now_ms(self):
        """Milliseconds since start."""
        return self._port.now_ms()

    def restore(self):
        """Take the tables up again; one that is lost begins empty.

        Return the seq up to which the accounts are known: the stops after it are the ring's to
        tell, and the lock-outs (startup.py). Of a lost cross-check the alarms and what it had
        learned are gone; it learns again, or has the binding's reference.
        """
        parts = self._parts
        found = self._check.load()
        if found and None not in [found["ratio_" + name] for name in _RATIO.split(" ")]:
            parts.crosscheck.restore(found)
        found = self._lockout.load()
        if found:
            parts.protection.lockout.restore(found, self._port.now_ms())
        found = self._accounts.load()
        if not found:
            return 0
        try:
            parts.accounts.from_bytes(found["table"])
        except ProtocolError:  # its CRC held, so an older firmware wrote it
            return 0
        return found["seq"] if found["chain"] == self._journal.head["chain"] else 0

    def note(self, values):
        """Keep in the head what a restart must know about an irrigation whose record is written now."""
        head = self._journal.head
        if values["kind"] == record.START:
            head["running"] = 1
            head["account"], head["credential"] = values["account"], values["credential"]
            head["start_volume_l"] = values["volume_l"]
        elif values["kind"] == record.STOP:
            head["running"] = 0
        self.take_registers()

    def take_registers(self):
        """Bring the head up to the books, not yet to the memory."""
        head, books, clock = self._journal.head, self._parts.books, self._parts.clock
        controller = self._controller
        head.update(books.snapshot())
        if self.channel:
            head.update(self.channel.snapshot())
        head["floor_utc_s"], head["authenticated_utc_s"] = clock.floor_utc_s, clock.authenticated_utc_s
        head["is_resuming"] = int(controller.resume.is_armed)
        head["is_tripped"] = int(controller.pump.is_tripped)
        head["rest_s"] = controller.starting.rest_s(self._port.now_ms())
        head["stop_cause"] = stopped_for(controller)
        if clock.is_trusted:
            head["saved_utc_s"] = clock.utc_s
            self._date("good_utc_s", books.water if books.is_known else None)
            self._date("energy_good_utc_s", books.energy)

    def _date(self, name, followed):
        """When a register was read last: of the reading, not of now; it may have been silent for long."""
        if followed and followed.last_ms is not None:
            silent_ms = self._port.now_ms() - followed.last_ms
            self._journal.head[name] = self._parts.clock.utc_s - silent_ms // 1000

    def hurry(self):
        """What is only in memory has moved: write the head the next time."""
        self._head_ms = -_HEAD_MS

    def keep(self, is_written):
        """Write what has changed: the head every few seconds unless a record has just done it."""
        now_ms = self._port.now_ms()
        if not is_written and now_ms - self._head_ms < _HEAD_MS:
            return
        self._head_ms = now_ms
        if not is_written:
            self.take_registers()
            self._journal.save()
        if not self._journal.head["running"]:
            # Not before the stop is written: the restart adds the litres since the start.
            self._accounts.keep()
        self._check.keep()
        self._lockout.keep()
