"""What a restart must know beside the records: registers, accounts, lock-outs, the ratio (design §8).

Registers and what runs stand in the head, which every record writes; the rest in tables of
their own in FRAM, written when they have changed.
"""

from karez_protocols import record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .core import bookmark, protection, ratio
from .store import fram_map
from .store.twins import Twins

# What the head holds for others, behind its own fields (store/head.py).
LAYOUT = (
    bookmark.LAYOUT
    + """authenticated_utc_s u4
is_resuming u1
is_tripped u1
"""
)

_HEAD_MS = const(5_000)  # the books' last good registers reach FRAM this often while they move
_TABLE_SIZE = const(321)  # 32 accounts (accounts.to_bytes)


class _Table:
    """One table in FRAM, written when what it holds has changed."""

    def __init__(self, fram, place, magic, layout, snapshot):
        self._twins = Twins(fram, place, magic, layout)
        self._snapshot = snapshot
        self._kept = None
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
        if values == self._kept:
            return
        self._kept = dict(values)
        values["generation"] = self._generation
        self._twins.save(values)
        self._generation = values["generation"]


class Keeper:
    """Writes head and tables of one controller."""

    def __init__(self, port, journal, parts, controller):
        self._port = port
        self._controller = controller
        self._journal = journal
        self._parts = parts
        self._head_ms = 0
        lockout, check = parts.protection.lockout, parts.crosscheck
        accounts = "table b%d\n" % _TABLE_SIZE
        self._accounts = _Table(port.fram, fram_map.ACCOUNTS, 0x3141484B, accounts, self._accounts_table)
        self._check = _Table(port.fram, fram_map.CROSS_CHECK, 0x3158484B, ratio.LAYOUT, check.snapshot)
        self._lockout = _Table(
            port.fram, fram_map.PROTECTION, 0x3150484B, protection.LAYOUT,
            lambda: lockout.snapshot(port.now_ms()),
        )  # fmt: skip

    def _accounts_table(self):
        data = self._parts.accounts.to_bytes()
        return {"table": data + bytes(_TABLE_SIZE - len(data))}

    def restore(self):
        """Take the tables up again; one that is lost begins empty, accounts from the stop records."""
        parts = self._parts
        found = self._accounts.load()
        if found:
            try:
                parts.accounts.from_bytes(found["table"])
            except ProtocolError:
                pass  # its CRC held, so an older firmware wrote it: stop records bring it back
        found = self._check.load()
        if found:
            parts.crosscheck.restore(found)
        found = self._lockout.load()
        if found:
            parts.protection.lockout.restore(found, self._port.now_ms())
        return found is not None

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
        head["floor_utc_s"], head["authenticated_utc_s"] = clock.floor_utc_s, clock.authenticated_utc_s
        head["is_resuming"], head["is_tripped"] = int(controller.resume.is_armed), int(controller.pump.is_tripped)
        if books.is_known and clock.is_trusted and books.water.last_ms is not None:
            # Of the reading, not of now: the meter may have been silent for long.
            silent_ms = self._port.now_ms() - books.water.last_ms
            head["good_utc_s"] = clock.utc_s - silent_ms // 1000

    def keep(self, is_written, may_write):
        """Write what has changed: the head every few seconds unless a record has just done it."""
        now_ms = self._port.now_ms()
        if is_written:
            self._head_ms = now_ms
        elif may_write and now_ms - self._head_ms >= _HEAD_MS:
            self._head_ms = now_ms
            self.take_registers()
            self._journal.save()
        else:
            return
        for table in (self._accounts, self._check, self._lockout):
            table.keep()
