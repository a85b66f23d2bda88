"""Signed objects from outside, by whatever carrier: grants, orders and key lists (design §6).

Each is looked at for form and number first, so that a flood costs no signature check; then its
signature in slices; then the rules, once more, for meanwhile another may have come. A grant, a
list and a lift are written before they take effect; a stop, a limit of hours and a seal act at
once and are written after.
"""

from karez_protocols import causes, ed25519, fields, grant, key_list, order, record, signed
from karez_protocols.errors import ProtocolError

from .evidence import object_record
from .store import objects
from .store.devices import StoreFailed

# Before the blob of orders in force: how often it was written, and which order's record commits
# it. After a cut these say which of the two places is meant (startup.py).
ORDERS = """
generation u4
digest b32
"""


class Offers:
    """What may be offered to one site. `commit(values)`: writes a record, raises StoreFailed.

    `note(cause, seq, data)` records what is not as it should be.
    """

    def __init__(self, journal, background, parts, commit, note):
        self._journal = journal
        self._background = background
        self._parts = parts
        self._commit = commit
        self._note = note
        self._generation = 0  # of the orders' blob in force
        self._orders_digest = bytes(32)
        self._unwritten: list = []  # orders in force that the memory has not taken
        self._refused_at = None  # seq of the head then: nothing has been taken since

    # -- grants -------------------------------------------------------------------------

    def grant(self, data):
        """Take a grant; it replaces the former whole once its record is written."""
        try:
            body, message, signature = signed.split(grant.LABEL, data)
            values, rows = grant.decode(body)
        except ProtocolError:
            self._note(causes.GRANT_REFUSED_FORM, 0, data)
            return
        # The head's number holds, too: a grant whose object was lost is taken again, an older one is not.
        if values["seq"] <= self._parts.rights.seq or values["seq"] < self._journal.head["grant_seq"]:
            self._note(causes.GRANT_REFUSED_SEQ, values["seq"], data)
            return
        key = self._parts.keys.grant_key(values["issuer"])

        def judge(is_signed):
            # A list that came meanwhile may have ended this key.
            if not is_signed or key != self._parts.keys.grant_key(values["issuer"]):
                self._note(causes.GRANT_REFUSED_SIGNATURE, values["seq"], data)
                return
            holds_head = self._holds_head(values)
            cause = self._parts.rights.judge(values, holds_head)
            if cause:
                self._note(cause, values["seq"], data)
            elif self._keep_grant(data, values, rows) and holds_head is False:
                # Rolled back, cloned or swapped: recorded and raised, never punished by itself.
                self._note(causes.GRANT_HEAD_UNKNOWN, values["seq"], data)

        self._background.add(ed25519.verify_slices(key, message, signature), judge)

    def _holds_head(self, values):
        """True, False or None as journal.holds; head 0 acknowledges nothing yet."""
        if not values["head_seq"]:
            return True
        return self._journal.holds(values["head_chain"], values["head_seq"], values["head_h"])

    def _keep_grant(self, data, values, rows):
        """Write the object beside the old one, commit its record, then put it in force; True if it is."""
        self._raise_floor(values["issued_utc_s"])
        if not self._keep(objects.GRANT, record.GRANT, "grant", data, data, values["seq"]):
            return False  # the old grant stays in force; the gateway sends this one again
        self._parts.rights.install(values, rows)
        return True

    # -- key lists and orders -----------------------------------------------------------

    def keys(self, data):
        """Take the root's list of offices and their keys."""
        try:
            values, rows, message, signature = key_list.open_signed(data)
        except ProtocolError:
            self._note(causes.ORDER_REFUSED_FORM, 0, data)
            return
        cause = self._refusal_of_keys(values)
        if cause:
            self._note(cause, values["seq"], data)
            return

        def judge(is_signed):
            cause = self._refusal_of_keys(values) if is_signed else causes.ORDER_REFUSED_SIGNATURE
            if cause:
                self._note(cause, values["seq"], data)
                return
            self._raise_floor(values["issued_utc_s"])
            if self._keep(objects.KEY_LIST, record.KEYS, "key_list", data, data, values["seq"]):
                self._parts.keys.install(values, rows)

        key = self._parts.keys.key_of(order.ROOT, key_list.ORDERS)
        self._background.add(ed25519.verify_slices(key, message, signature), judge)

    def _refusal_of_keys(self, values):
        if values["seq"] < self._journal.head["key_list_seq"]:
            return causes.ORDER_REFUSED_SEQ  # older than one whose object was lost
        return self._parts.keys.judge(values)

    def order(self, data):
        """Take an order of an office in the list, or of the root."""
        if data in self._unwritten:
            self._write_again(data)
            return
        try:
            values, message, signature = order.open_signed(data)
        except ProtocolError:
            self._note(causes.ORDER_REFUSED_FORM, 0, data)
            return
        cause = self._parts.orders.judge(values)
        if cause:
            self._note(cause, values["seq"], data)
            return
        values["data"] = bytes(data)
        key = self._parts.keys.key_of(values["office"], key_list.ORDERS)

        def judge(is_signed):
            cause = causes.ORDER_REFUSED_SIGNATURE
            if is_signed:
                cause = self._parts.orders.judge(values)
                if not cause and key != self._parts.keys.key_of(values["office"], key_list.ORDERS):
                    cause = causes.ORDER_REFUSED_SIGNATURE  # a list that came meanwhile has ended this key
            if cause:
                self._note(cause, values["seq"], data)
            else:
                self._keep_order(data, values)

        self._background.add(ed25519.verify_slices(key, message, signature), judge)

    def _keep_order(self, data, values):
        orders = self._parts.orders
        self._raise_floor(values["issued_utc_s"])
        if values["kind"] == order.LIFT:
            if self._write_orders(orders.preview(values), data, values["seq"]):
                orders.accept(values)
            return
        orders.accept(values)
        # First of all on this list: whatever fails now, the gateway's next try writes it.
        self._unwritten.append(data)
        self._write_again(data)

    def _write_again(self, data):
        """Write an order that is in force already; the gateway offers it until it sees the record.

        Not before the memory has taken some other record: each try erases a sector of objects.
        """
        head_seq = self._journal.head["seq"]
        if self._refused_at == head_seq:
            return
        seq = order.open_signed(data)[0]["seq"]
        if self._write_orders(self._parts.orders.to_bytes(), data, seq):
            self._unwritten.remove(data)
        else:
            self._refused_at = head_seq

    def _write_orders(self, blob, data, seq):
        digest = signed.digest(data)
        if not self._keep(objects.ORDER, record.ORDER, "order", self._stored(blob, digest), data, seq):
            return False
        self._orders_digest = digest
        return True

    def _stored(self, blob, digest):
        self._generation += 1
        return fields.pack(ORDERS, {"generation": self._generation, "digest": digest}) + blob

    def keep_orders(self):
        """Write the orders in force anew, without those that ended; their events say which."""
        head, orders = self._journal.head, self._parts.orders
        in_force = [one["data"] for one in orders.listing()]
        self._unwritten = [data for data in self._unwritten if data in in_force]
        try:
            head["order_place"] = self._journal.put_object(
                objects.ORDER, "order_place", self._stored(orders.to_bytes(), self._orders_digest)
            )
        except StoreFailed:
            return  # after a restart they end once more
        self._journal.save()

    # -- memory -------------------------------------------------------------------------

    def _raise_floor(self, issued_utc_s):
        clock = self._parts.clock
        clock.raise_floor(issued_utc_s)
        self._journal.head["floor_utc_s"] = clock.floor_utc_s

    def _keep(self, sort, kind, name, stored, data, seq):
        """Write what is stored, then the record that names `data`; False if either is not taken."""
        head = self._journal.head
        before = head["seq"], head[name + "_seq"], head[name + "_place"]
        try:
            place = self._journal.put_object(sort, name + "_place", stored)
            # Before the record, which takes them to FRAM with it: no cut falls between the two.
            head[name + "_seq"], head[name + "_place"] = seq, place
            self._commit(object_record(kind, seq, data))
        except Exception as error:  # also for want of memory: the head names what is recorded
            if head["seq"] == before[0]:
                head[name + "_seq"], head[name + "_place"] = before[1:]
                if isinstance(error, StoreFailed):
                    return False
                raise
        return True

    # -- over a restart -----------------------------------------------------------------

    def restore(self):
        """Put back into force what was before a restart; its signatures were checked before its records.

        What cannot be read is gone: without its list the root alone speaks, without its grant
        nobody pumps, and the numbers in `state` tell the gateway what to send again.
        """
        journal, keys = self._journal, self._parts.keys
        try:
            keys.install(*key_list.open_signed(journal.object(objects.KEY_LIST, "key_list_place") or b"")[:2])
        except ProtocolError:
            pass
        self.restore_orders()
        self.restore_grant()

    def restore_orders(self):
        """Put the orders in force that the head names; True if they can be read."""
        data = self._journal.object(objects.ORDER, "order_place") or b""
        try:
            values = fields.unpack(ORDERS, data)
            self._parts.orders.from_bytes(data[fields.size_of(ORDERS) :])
        except ProtocolError:
            return False
        self._orders_digest = values["digest"]
        self._generation = values["generation"] or 0
        return True

    def restore_grant(self):
        """Put the grant in force that the head names; True if there is one."""
        data = self._journal.object(objects.GRANT, "grant_place") or b""
        try:
            values, rows = grant.decode(signed.split(grant.LABEL, data)[0])
        except ProtocolError:
            return False
        if values["seq"] != self._journal.head["grant_seq"]:
            return False
        self._parts.clock.raise_floor(values["issued_utc_s"])  # a rebuilt head has none
        self._parts.rights.install(values, rows)
        return True
