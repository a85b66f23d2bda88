"""Signed objects from outside, by whatever carrier: grants, orders and key lists (design §6).

Each is looked at for form and number first, so that a flood costs no signature check; then its
signature in slices; then the rules. A grant, a list and a lift are written before they take
effect; a stop, a limit of hours and a seal act at once and are written after.
"""

from karez_protocols import causes, ed25519, grant, key_list, order, record, signed
from karez_protocols.errors import ProtocolError

from .evidence import object_record
from .store import objects
from .store.devices import StoreFailed


class Offers:
    """What may be offered to one site. `commit(values)`: writes a record, raises StoreFailed.

    `note(cause, seq)` records what is not as it should be.
    """

    def __init__(self, journal, background, parts, commit, note):
        self._journal = journal
        self._background = background
        self._parts = parts
        self._commit = commit
        self._note = note

    # -- grants -------------------------------------------------------------------------

    def grant(self, data):
        """Take a grant; it replaces the former whole once its record is written."""
        try:
            body, message, signature = signed.split(grant.LABEL, data)
            values, rows = grant.decode(body)
        except ProtocolError:
            self._note(causes.GRANT_REFUSED_FORM, 0)
            return
        # The head's number holds, too: a grant whose object was lost is taken again, an older one is not.
        if values["seq"] <= self._parts.rights.seq or values["seq"] < self._journal.head["grant_seq"]:
            self._note(causes.GRANT_REFUSED_SEQ, values["seq"])
            return

        def judge(is_signed):
            if not is_signed:
                self._note(causes.GRANT_REFUSED_SIGNATURE, values["seq"])
                return
            holds_head = self._holds_head(values)
            cause = self._parts.rights.judge(values, holds_head)
            if cause:
                self._note(cause, values["seq"])
            elif self._keep_grant(data, values, rows) and holds_head is False:
                # Rolled back, cloned or swapped: recorded and raised, never punished by itself.
                self._note(causes.GRANT_HEAD_UNKNOWN, values["seq"])

        key = self._parts.keys.grant_key(values["issuer"])
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
            self._note(causes.ORDER_REFUSED_FORM, 0)
            return
        cause = self._parts.keys.judge(values)
        if cause:
            self._note(cause, values["seq"])
            return

        def judge(is_signed):
            if not is_signed:
                self._note(causes.ORDER_REFUSED_SIGNATURE, values["seq"])
            elif not self._parts.keys.judge(values):
                self._raise_floor(values["issued_utc_s"])
                if self._keep(objects.KEY_LIST, record.KEYS, "key_list", data, data, values["seq"]):
                    self._parts.keys.install(values, rows)

        key = self._parts.keys.key_of(order.ROOT, key_list.ORDERS)
        self._background.add(ed25519.verify_slices(key, message, signature), judge)

    def order(self, data):
        """Take an order of an office in the list, or of the root."""
        found = self._parts.orders.offer(data)
        if isinstance(found, int):
            self._note(found, 0)
            return
        values, message, signature, key = found

        def judge(is_signed):
            cause = self._parts.orders.judge(values) if is_signed else causes.ORDER_REFUSED_SIGNATURE
            if cause:
                self._note(cause, values["seq"])
            else:
                self._keep_order(data, values)

        self._background.add(ed25519.verify_slices(key, message, signature), judge)

    def _keep_order(self, data, values):
        orders = self._parts.orders
        self._raise_floor(values["issued_utc_s"])
        if values["kind"] != order.LIFT:
            orders.accept(values)
            self._keep(objects.ORDER, record.ORDER, "order", orders.to_bytes(), data, values["seq"])
        elif self._keep(objects.ORDER, record.ORDER, "order", orders.preview(values), data, values["seq"]):
            orders.accept(values)

    def keep_orders(self):
        """Write the orders in force anew, without those that ended; their events say which."""
        head = self._journal.head
        try:
            head["order_place"] = self._journal.put_object(
                objects.ORDER, "order_place", self._parts.orders.to_bytes()
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
        """Write what is stored, then the record that names `data`; False if either fails."""
        head = self._journal.head
        before = head[name + "_seq"], head[name + "_place"]
        try:
            place = self._journal.put_object(sort, name + "_place", stored)
            # Before the record, which takes them to FRAM with it: no cut falls between the two.
            head[name + "_seq"], head[name + "_place"] = seq, place
            self._commit(object_record(kind, seq, data))
        except StoreFailed:
            head[name + "_seq"], head[name + "_place"] = before
            return False
        return True

    def restore(self):
        """Put back into force what was before a restart; its signatures were checked before its records."""
        journal, parts = self._journal, self._parts
        data = journal.object(objects.KEY_LIST, "key_list_place")
        if data is not None:
            parts.keys.install(*key_list.open_signed(data)[:2])
        data = journal.object(objects.ORDER, "order_place")
        if data is not None:
            parts.orders.from_bytes(data)
        self.restore_grant()

    def restore_grant(self):
        """Put the grant in force that the head names; True if there is one."""
        data = self._journal.object(objects.GRANT, "grant_place")
        if data is None:
            return False
        values, rows = grant.decode(signed.split(grant.LABEL, data)[0])
        if values["seq"] != self._journal.head["grant_seq"]:
            return False
        self._parts.clock.raise_floor(values["issued_utc_s"])  # a rebuilt head has none
        self._parts.rights.install(values, rows)
        return True
