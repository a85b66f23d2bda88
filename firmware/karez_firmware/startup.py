"""A start: what the head does not know is taken from the ring, then come the records of a start.

Needed at the start only, and given back to the heap after it.
"""

from karez_protocols import causes, event_details, flags, key_list, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .evidence import object_record
from .store import head as head_store
from .store import objects
from .store.losses import loss

_SEGMENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)
_LOOK_BACK = const(2_048)  # records: a week of intervals at 5 minutes; more would hold up the start


class Startup:
    """One start of one controller."""

    def __init__(self, journal, parts, offers, keeper):
        self._journal = journal
        self._parts = parts
        self._offers = offers
        self._keeper = keeper

    def recover(self):
        """Bring head, books and accounts up to what the memories hold; first of all."""
        journal, parts = self._journal, self._parts
        parts.books.restore(journal.head)
        self._keeper.restore()
        for slot in journal.rolled:
            self._adopt(slot)
        if journal.is_rebuilt:
            self._find_lost()
        self._offers.restore()

    def _adopt(self, slot):
        """Take a record that was written but not yet known to the head."""
        values = record.decode(slot)
        kind = values["kind"]
        if kind in (record.GRANT, record.ORDER, record.KEYS):
            self._adopt_object(kind, values)
        elif kind in (record.START, record.STOP):
            self._adopt_irrigation(values)
        self._adopt_books(values)

    def _adopt_object(self, kind, values):
        head, find = self._journal.head, self._journal.find_object
        if kind == record.ORDER:
            # Written whole before its record, beside the one that the head still names.
            head["order_place"] = 0 if head["order_place"] == 1 else 1
            head["order_seq"] = values["object_seq"]
            return
        sort, name = (objects.GRANT, "grant") if kind == record.GRANT else (objects.KEY_LIST, "key_list")
        place = find(sort, values["digest"])
        if place is not None:
            head[name + "_place"], head[name + "_seq"] = place, values["object_seq"]

    def _adopt_irrigation(self, values):
        head = self._journal.head
        head["running"] = 1 if values["kind"] == record.START else 0
        head["account"], head["credential"] = values["account"], values["credential"]
        head["start_volume_l"] = values["volume_l"]
        if values["kind"] == record.STOP:
            self._adopt_account(values)

    def _adopt_account(self, values):
        self._parts.accounts.adopt(values["account"], values["account_l"], values["volume_l"])

    def _adopt_books(self, values):
        if not record.is_measuring(values["kind"]):
            return
        if values["kind"] == record.EVENT and values["cause"] in _SEGMENTS:
            detail = event_details.decode(values["cause"], values["detail"])
            self._parts.books.adopt(detail, values["subject"])
        self._parts.books.catch_up(values)

    # -- without a head -----------------------------------------------------------------

    def _find_lost(self):
        """One walk back through the ring finds what the head held, as far as it reaches."""
        head = self._journal.head
        for place in (1, 0):
            if not self._parts.rights.seq:
                head["grant_place"] = place
                self._offers.restore_grant()
        self._find_signed(objects.KEY_LIST, "key_list", lambda data: key_list.open_signed(data)[0]["seq"])
        self._find_signed(objects.ORDER, "order", self._order_number)
        books = []  # newest first: the newest measuring record, and every segment
        irrigation = None
        for slot in self._journal.backwards(_LOOK_BACK):
            if not record.is_measuring(slot[1]):
                continue
            values = record.decode(slot)
            if values["kind"] in (record.START, record.STOP):
                irrigation = irrigation or values
            if values["kind"] == record.STOP:
                self._adopt_account(values)
            if not books or (values["kind"] == record.EVENT and values["cause"] in _SEGMENTS):
                books.append(values)
        while books:
            self._adopt_books(books.pop())
        if irrigation:
            self._adopt_irrigation(irrigation)

    def _find_signed(self, sort, name, number_of):
        """Of the two places of a sort, name the one with the higher number."""
        head = self._journal.head
        best = 0
        found = head_store.NO_PLACE
        for place in (0, 1):
            head[name + "_place"] = place
            try:
                number = number_of(self._journal.object(sort, name + "_place") or b"")
            except ProtocolError:
                continue
            if number > best:
                best, found = number, place
        head[name + "_place"], head[name + "_seq"] = found, best

    def _order_number(self, data):
        """Every order taken raises its office's number, so the sum tells which blob is newer."""
        self._parts.orders.from_bytes(data)
        return self._parts.orders.sum_of_seqs

    # -- the records of a start ---------------------------------------------------------

    def records(self, controller, site, utc_s, tier, now_ms):
        """Count the boot and return the values of the records that every start begins with."""
        journal, clock = self._journal, self._parts.clock
        head, recorder = journal.head, controller.recorder
        outage_s = None
        # A clock that stands before the last good reading says nothing about the outage.
        if clock.is_trusted and head["good_utc_s"] is not None and utc_s >= head["good_utc_s"]:
            outage_s = utc_s - head["good_utc_s"]
        last_seq = head["seq"]
        head["floor_utc_s"] = clock.floor_utc_s
        head["boot"] += 1
        journal.save()
        controller.restart(outage_s, head, int.from_bytes(site.identity.public[:4], "little") + head["boot"])
        recorder.raise_status(flags.HEAD_REBUILT, journal.is_rebuilt)
        pending = []
        if journal.is_new_chain:
            subject, detail = journal.link()
            pending.append(recorder.event(causes.CHAIN_BEGUN, now_ms, subject, detail))
        if last_seq == 0:
            pending.append(object_record(record.BINDING, 1, site.binding))
        if last_seq < 2 + journal.is_new_chain:  # a cut may have come between the two
            pending.append(object_record(record.CONFIG, 1, site.config))
        order_seq = self._parts.orders.last_seq
        pending.append(recorder.boot(head["chain"], last_seq, order_seq, outage_s, tier, now_ms))
        if journal.is_rebuilt:
            pending.append(recorder.event(causes.HEAD_REBUILT, now_ms))
        elif journal.oldest() > head["acknowledged_seq"] + 1:
            # A cut between the end of a sector and its loss record would else leave a gap
            # that no gateway ever passes.
            pending.append(loss(head["acknowledged_seq"] + 1, journal.oldest() - 1))
        return pending
