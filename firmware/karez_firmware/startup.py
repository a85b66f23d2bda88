"""A start: what the head does not know is taken from the ring, then come the records of a start.

Needed at the start only, and given back to the heap after it (main_unix.py).
"""

from karez_protocols import causes, event_details, fields, flags, grant, key_list, record, signed
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .evidence import object_record
from .offers import ORDERS
from .store import head as head_store
from .store import objects
from .store.devices import StoreFailed
from .store.losses import loss

_SEGMENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)
_LOCKOUTS = (causes.LOCKOUT_BEGAN, causes.LOCKOUT_ENDED)
_LOOK_BACK = const(2_048)  # records: a week of intervals at 5 minutes; more would hold up the start
_SLACK_S = const(3_600)  # a clock's own error stays above the floor (core/clock.py)
_FIRST = const(4)  # records at most before the first boot: link, binding, configuration, technicians
_TIER_C = const(3)  # integrity §5.3: the head is kept in NOR

# Kind of the record that names an object -> (its sort, how the head calls it).
_OBJECTS = {
    record.GRANT: (objects.GRANT, "grant"),
    record.KEYS: (objects.KEY_LIST, "key_list"),
    record.ORDER: (objects.ORDER, "order"),
}


def _number(kind, data):
    """Return (number of an object, digest of what its record names). Raises ProtocolError."""
    if kind == record.ORDER:
        values = fields.unpack(ORDERS, data)
        return values["generation"], values["digest"]
    if kind == record.KEYS:
        return key_list.open_signed(data)[0]["seq"], signed.digest(data)
    return grant.decode(signed.split(grant.LABEL, data)[0])[0]["seq"], signed.digest(data)


class Startup:
    """One start of one controller."""

    def __init__(self, nor, journal, parts, offers, keeper):
        self._nor = nor
        self._journal = journal
        self._parts = parts
        self._offers = offers
        self._keeper = keeper

    def recover(self):
        """Bring head, books and accounts up to what the memories hold; first of all."""
        journal = self._journal
        self._parts.books.restore(journal.head)
        known_seq = self._keeper.restore()
        for slot in journal.rolled:
            self._adopt(slot)
        if journal.is_rebuilt:
            self._find_lost()
        else:
            self._look_back(journal.head["seq"] - known_seq)
        if self._keeper.channel:
            from .channel_site import recover

            recover(self._keeper.channel, self._parts.books, journal.head)
        self._offers.restore()
        self._find_orders()

    # -- records that the head does not know --------------------------------------------

    def _adopt(self, slot):
        """Take a record that was written but not yet known to the head."""
        values = record.legible(slot)
        if values is None:
            return  # a later firmware wrote it, before this one was put back
        kind = values["kind"]
        if kind in _OBJECTS:
            self._adopt_object(values)
        elif kind in (record.START, record.STOP):
            self._adopt_irrigation(values)
        self._adopt_books(values)

    def _adopt_object(self, values):
        """Name the place of a record's object, and its number; False if it is not there any more."""
        name = _OBJECTS[values["kind"]][1]
        place = self._place_of(values["kind"], values["digest"])
        if place is None:
            return False
        head = self._journal.head
        head[name + "_place"], head[name + "_seq"] = place, values["object_seq"]
        return True

    def _place_of(self, kind, digest):
        """Return the place of the object that a record names by digest, None if neither has it.

        Orders that ended were written anew under the digest of the same record: the later one counts.
        """
        best = None
        for place, number, found in self._both(kind):
            if found == digest and (best is None or number > best[1]):
                best = place, number
        return best and best[0]

    def _both(self, kind):
        """Yield (place, number, digest) of a sort's whole objects."""
        for place in (0, 1):
            try:
                number, digest = _number(kind, objects.read(self._nor, _OBJECTS[kind][0], place) or b"")
            except ProtocolError:
                continue
            yield place, number or 0, digest

    def _adopt_irrigation(self, values):
        head = self._journal.head
        head["running"] = 1 if values["kind"] == record.START else 0
        head["account"], head["credential"] = values["account"], values["credential"]
        head["start_volume_l"] = values["volume_l"]

    def _adopt_books(self, values):
        if not record.is_measuring(values["kind"]):
            return
        if values["kind"] == record.EVENT and values["cause"] in _SEGMENTS:
            detail = event_details.decode(values["cause"], values["detail"])
            self._parts.books.adopt(detail, values["subject"])
        self._parts.books.catch_up(values)

    # -- what the tables do not know ----------------------------------------------------

    def _look_back(self, count):
        """Take accounts and lock-outs from the newest so many records: their tables are older.

        A cut between the head and a table leaves one; a dead FRAM all since it died.
        """
        is_lockout_known = False
        for slot in self._journal.backwards(min(max(count, 0), _LOOK_BACK)):
            if slot[0] != record.VERSION:
                continue  # a later firmware wrote it
            try:
                if slot[1] in (record.START, record.STOP):
                    self._adopt_account(record.decode(slot))
                elif slot[1] == record.EVENT and slot[2] in _LOCKOUTS and not is_lockout_known:
                    self._adopt_lockout(record.decode(slot))
                    is_lockout_known = True
            except ProtocolError:
                pass  # it has rotted: the one before it is the newest that can be read

    def _adopt_account(self, values):
        self._parts.accounts.adopt(values["account"], values["account_l"], values["volume_l"])

    def _adopt_lockout(self, values):
        lockout = self._parts.protection.lockout
        # Nobody knows how much of a lock-out has passed: it begins again.
        kept = {"lockout_trips": lockout.trips, "lockout_left_s": 0, "is_latched": False}
        kept["lockout_cause"] = causes.NONE
        if values["cause"] == causes.LOCKOUT_BEGAN:
            detail = event_details.decode(causes.LOCKOUT_BEGAN, values["detail"])
            kept["lockout_cause"], kept["lockout_trips"] = detail["cause"], detail["trips"]
            kept["lockout_left_s"], kept["is_latched"] = detail["seconds"], detail["seconds"] is None
        lockout.restore(kept, self._keeper.now_ms())

    # -- without a head -----------------------------------------------------------------

    def _find_lost(self):
        """One walk back through the ring finds what the head held, as far as it reaches."""
        journal = self._journal
        books: list = []  # newest first: the newest measuring record, and every segment
        irrigation = None
        named: dict = {}  # kind -> the newest record of an object
        for slot in journal.backwards(_LOOK_BACK):
            values = record.legible(slot)
            if values is None:
                continue
            kind = values["kind"]
            if not named and not books:
                self._raise_floor(values)
            if kind in _OBJECTS and kind not in named:
                named[kind] = values
            if not record.is_measuring(kind):
                continue
            if kind in (record.START, record.STOP):
                irrigation = irrigation or values
            if not books or (kind == record.EVENT and values["cause"] in _SEGMENTS):
                books.append(values)
        while books:
            self._adopt_books(books.pop())
        if irrigation:
            self._adopt_irrigation(irrigation)
        self._look_back(_LOOK_BACK)
        for kind in _OBJECTS:
            if kind not in named or not self._adopt_object(named[kind]):
                self._find_object(kind)

    def _raise_floor(self, header):
        """The newest record's time has passed, as far as its clock was believed; nobody vouched for it."""
        clock = self._parts.clock
        if header["time_state"] == record.TIME_INFORMATIVE or header["utc_s"] is None:
            return
        authenticated_utc_s = clock.authenticated_utc_s
        slack_s = _SLACK_S if header["time_state"] == record.TIME_SYNCHRONISED else 0
        clock.raise_floor(max(header["utc_s"] - slack_s, 0))
        clock.authenticated_utc_s = authenticated_utc_s

    def _find_object(self, kind):
        """No record within reach names this object: of both places the higher number counts.

        A grant's number stands in every record. Where there is none, head and ring are both lost:
        what is held goes the way of a grant from outside, signature and record and all.
        """
        sort, name = _OBJECTS[kind]
        head = self._journal.head
        found = [(number, place) for place, number, _ in self._both(kind)]
        wanted = head["grant_seq"] if kind == record.GRANT else 0
        if wanted:
            found = [one for one in found if one[0] == wanted]
        if not found:
            return
        number, place = max(found)
        if kind == record.GRANT and not wanted:
            self._offers.grant(objects.read(self._nor, sort, place))
            return
        head[name + "_place"], head[name + "_seq"] = place, number

    def _find_orders(self):
        """Orders that the head names and that cannot be read: the ones before them hold again.

        Their numbers are so old that the gateway sends the rest once more.
        """
        head, offers = self._journal.head, self._offers
        if head["order_place"] == head_store.NO_PLACE or offers.restore_orders():
            return
        for place, _, _ in self._both(record.ORDER):
            head["order_place"] = place
            offers.restore_orders()

    def _since(self, then_utc_s, utc_s):
        """Seconds since then; None when the clock is not trusted, or stands before it."""
        if not self._parts.clock.is_trusted or then_utc_s is None or utc_s < then_utc_s:
            return None
        return utc_s - then_utc_s

    # -- the records of a start ---------------------------------------------------------

    def records(self, controller, site, utc_s, tier, now_ms):
        """Count the boot and return the values of the records that every start begins with."""
        journal = self._journal
        head, recorder = journal.head, controller.recorder
        outages = [self._since(head[name + "_utc_s"], utc_s) for name in ("good", "energy_good", "saved")]
        last_seq = head["seq"]
        head["boot"] += 1
        controller.restart(outages, head, int.from_bytes(site.identity.public[:4], "little") + head["boot"])
        # With this saving the head knows what was adopted above: its records are not rolled again.
        self._keeper.take_registers()
        journal.save()
        recorder.raise_status(flags.HEAD_REBUILT, journal.is_rebuilt)
        recorder.raise_status(flags.FRAM_DEAD, journal.is_fram_dead)
        is_mended = self._mend_key()
        recorder.raise_if(flags.KEY_COPY, is_mended)
        pending = self._first_records(site, recorder, now_ms)
        tier = _TIER_C if journal.is_fram_dead else tier
        order_seq = self._parts.orders.last_seq
        pending.append(recorder.boot(head["chain"], last_seq, order_seq, outages[0], tier, now_ms))
        if journal.is_rebuilt:
            pending.append(recorder.event(causes.HEAD_REBUILT, now_ms))
        elif journal.oldest() > head["acknowledged_seq"] + 1:
            # A cut between the end of a sector and its loss record would else leave a gap
            # that no gateway ever passes.
            pending.append(loss(head["acknowledged_seq"] + 1, journal.oldest() - 1))
        if is_mended:
            pending.append(recorder.event(causes.KEY_COPY_LOST, now_ms))
        return pending

    def _first_records(self, site, recorder, now_ms):
        """What a chain begins with, as far as a cut has not let it: link, binding, configuration."""
        journal = self._journal
        pending = []
        if journal.is_new_chain:
            subject, detail = journal.link()
            pending.append(recorder.event(causes.CHAIN_BEGUN, now_ms, subject, detail))
        if journal.head["seq"] >= _FIRST:
            return pending
        slots = [journal.slot(seq) for seq in range(1, journal.head["seq"] + 1)]
        kinds = [slot[1] for slot in slots if slot is not None]
        for kind, data in ((record.BINDING, site.binding), (record.CONFIG, site.config)):
            if kind not in kinds:
                pending.append(object_record(kind, 1, data))
        listed = objects.read_any(self._nor, objects.TECHNICIANS)
        events = [slot[2] for slot in slots if slot is not None and slot[1] == record.EVENT]
        if listed is not None and causes.TECHNICIANS_TAKEN not in events:
            pending.append(self._brought(listed, recorder, now_ms))
        return pending

    @staticmethod
    def _brought(listed, recorder, now_ms):
        """A list of technicians that came with the binding: nobody acts whose list is not on record."""
        # event_details.DOCUMENT by nobody, and the number of technicians.HEADER: their names would stay for
        # good (decision 14) where a list came once.
        seq = int.from_bytes(listed[4:8], "little")
        return recorder.event(causes.TECHNICIANS_TAKEN, now_ms, seq, b"\xff\xff" + signed.digest(listed)[:22])

    def _mend_key(self):
        """Write a lost copy of the key from the other; True if one was lost. Both lost is a new box."""
        try:
            return objects.mend(self._nor, objects.KEY)
        except StoreFailed:
            return True


def trial_of(app):
    """Return the Trial of a box with slots for updates, None of one without."""
    if not getattr(app.port, "flash", None):
        return None
    from .update.trial import Trial

    return Trial(app)
