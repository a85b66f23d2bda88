"""Orders in force at a site, and the offices that may give them (design §6, W04).

An order is accepted if and only if its office's key confirms it, it is for this site or one
of its areas, and its number is above that office's last. Only the office that gave an order
lifts it; the root lifts anything. Orders survive power loss: signed as they came they make
one blob, with each office's last number. A stop acts first and is written after; a lift is
written first (`preview`) and acts then.
"""

from karez_protocols import causes, fields, key_list, order, signed
from karez_protocols.constant import const
from karez_protocols.errors import Malformed

# A stop or seal finds a place when orders of hours have taken all but one: when both places
# left for stops are taken, the pump stands already, and the gateway offers the next again.
IN_FORCE_MAX = const(8)
_HOURS_MAX = const(7)
# 8 in the list, the root, and 8 that left the list while an order of theirs is in force.
OFFICES_MAX = const(17)

_EVENTS_MAX = const(16)
_DAY_MIN = const(1_440)

_BLOB = """
version u1
offices u1
orders u1
"""
_OFFICE = """
office u2
seq u4
"""
_BLOB_VERSION = const(1)


class KeyList:
    """Keys of the offices: the root's from the binding, the others from the list in force."""

    def __init__(self, root_key):
        self._root_key = root_key
        self._rows = []
        self.seq = 0  # of the list in force, 0 without one

    def judge(self, values):
        """Return the cause of refusal of a list the root's key confirms, NONE if accepted."""
        return causes.ORDER_REFUSED_SEQ if values["seq"] <= self.seq else causes.NONE

    def install(self, values, rows):
        """Put a list in force: it replaces the former whole."""
        self.seq = values["seq"]
        self._rows = rows

    def key_of(self, office, may):
        """Return the key of an office that may sign this (key_list.GRANTS, ORDERS), else None."""
        if office == order.ROOT:
            return self._root_key
        return key_list.key_of(self._rows, office, may)

    def grant_key(self, issuer):
        """Return the key of the office that a grant's issuer (key id) names, else the root's."""
        for row in self._rows:
            if row["may"] & key_list.GRANTS and signed.key_id(row["key"]) == issuer:
                return row["key"]
        return self._root_key

    def holds(self, office):
        """True if the list, or the binding, knows this office."""
        return office == order.ROOT or any(row["office"] == office for row in self._rows)


class Orders:
    """What offices have ordered here. `areas`: names of the areas the site lies in."""

    def __init__(self, site, areas, keys, utc_offset_min):
        self._site = site
        self._areas = areas
        self._keys = keys
        self._offset_s = utc_offset_min * 60
        self._in_force: list = []  # values of orders, each with `data`: the signed bytes
        self._seqs: dict = {}  # office -> last number
        self.events: list = []  # (cause, subject) for the caller to take

    # -- what holds ---------------------------------------------------------------------

    @property
    def count(self):
        """How many orders are in force."""
        return len(self._in_force)

    @property
    def is_sealed(self):
        """True under a seal: the emergency ceiling yields to it, too."""
        return any(one["kind"] == order.SEAL for one in self._in_force)

    @property
    def last_seq(self):
        """The highest number taken from any office, 0 before the first (the boot record's)."""
        return max(self._seqs.values()) if self._seqs else 0

    def seq_of(self, office):
        """Return the last number taken from an office, 0 before its first."""
        return self._seqs.get(office, 0)

    def listing(self):
        """Return the values of the orders in force, as accepted."""
        return list(self._in_force)

    def cause(self, utc_s, is_trusted, is_protected):
        """Return why orders forbid pumping now: the gravest cause, causes.NONE if none does.

        `is_protected` (drinking water): seals, stops and hours hold, the area's level and
        volume do not: they ration, and rationing never reaches drinking water (T19, T36).
        Hours with untrusted time are recorded once in a run and stop nobody.
        """
        found = [self._cause_of(one, utc_s, is_trusted, is_protected) for one in self._in_force]
        for cause in _GRAVEST_FIRST:
            if cause in found:
                return cause
        return causes.NONE

    def _cause_of(self, one, utc_s, is_trusted, is_protected):
        if is_protected and one["basis"] != order.PLAIN:
            return causes.NONE
        if one["kind"] == order.SEAL:
            return causes.SEALED
        if one["kind"] == order.STOP:
            return _STOP_CAUSES[one["basis"]]
        if self._is_within(one, utc_s):
            return causes.NONE
        if is_trusted:
            return causes.ORDER_HOURS
        if not one.get("is_told"):
            one["is_told"] = True
            self._note(causes.WINDOW_IGNORED, one["seq"])
        return causes.NONE

    def _is_within(self, one, utc_s):
        minute = (utc_s + self._offset_s) // 60 % _DAY_MIN
        from_min, to_min = one["from_min"], one["to_min"]
        if from_min < to_min:
            return from_min <= minute < to_min
        return minute >= from_min or minute < to_min

    def _note(self, cause, subject):
        if len(self.events) < _EVENTS_MAX:
            self.events.append((cause, subject))

    def end(self, date_utc_s):
        """Drop orders whose time is over; True when some were and the blob is to be written.

        `date_utc_s`: trusted time, else the floor (clock.date_utc_s).
        """
        kept = []
        for one in self._in_force:
            if one["until_utc_s"] is not None and one["until_utc_s"] <= date_utc_s:
                self._note(causes.ORDER_ENDED, one["seq"])
            else:
                kept.append(one)
        is_ended = len(kept) < len(self._in_force)
        self._in_force = kept
        return is_ended

    # -- taking an order ----------------------------------------------------------------

    def judge(self, values):
        """Return why an order would be refused now, whatever its signature; NONE if it would not."""
        office = values["office"]
        if values["scope"] == order.AREA:
            is_here = values["target"] in self._areas
        else:
            is_here = values["target"] == self._site
        if not is_here:
            return causes.ORDER_REFUSED_SITE
        if self._keys.key_of(office, key_list.ORDERS) is None:
            return causes.ORDER_REFUSED_OFFICE
        if values["seq"] <= self.seq_of(office):
            return causes.ORDER_REFUSED_SEQ
        if values["kind"] == order.LIFT:
            # The root lifts what has not come yet: it would come after, and stay. So it waits.
            is_early = values["lift_office"] != office and values["lift_seq"] > self.seq_of(
                values["lift_office"]
            )
            return causes.ORDER_REFUSED_SEQ if is_early else causes.NONE
        most = _HOURS_MAX if values["kind"] == order.HOURS else IN_FORCE_MAX
        return causes.ORDER_REFUSED_FULL if self.count >= most else causes.NONE

    def accept(self, values):
        """Put an order in force whose signature holds; return the cause of refusal, NONE if it is.

        `values` hold as `data` the bytes as they came. Judged again: while the signature was
        checked, another may have come.
        """
        cause = self.judge(values)
        if not cause:
            self._in_force, self._seqs = self._after(values)
        return cause

    def preview(self, values):
        """Return the blob as it will be once these values are accepted: to be written before a lift."""
        return _blob(*self._after(values))

    def _after(self, values):
        """Return (orders, numbers) as they are with one order more."""
        office = values["office"]
        if values["kind"] == order.LIFT:
            in_force = [one for one in self._in_force if not _is_lifted(one, values)]
        else:
            in_force = self._in_force + [values]
        seqs = dict(self._seqs)
        seqs[office] = values["seq"]
        if len(seqs) > OFFICES_MAX:
            # Of an office that left the list, with nothing in force: it can order nothing either.
            working = [one["office"] for one in in_force]
            gone = [one for one in self._seqs if one not in working and not self._keys.holds(one)]
            del seqs[gone[0]]
        return in_force, seqs

    # -- over a restart -----------------------------------------------------------------

    def to_bytes(self):
        """Return the blob of all orders in force and all numbers."""
        return _blob(self._in_force, self._seqs)

    def from_bytes(self, data):
        """Take a blob of to_bytes; nothing changes on an error. Raises ProtocolError.

        The signatures were checked before it was written.
        """
        values = fields.unpack(_BLOB, data)
        if values["version"] != _BLOB_VERSION or values["offices"] is None or values["orders"] is None:
            raise Malformed("orders of version %s" % values["version"])
        at = fields.size_of(_BLOB)
        seqs = {}
        for _ in range(values["offices"]):
            one = fields.unpack(_OFFICE, data, at)
            if one["office"] is None or one["seq"] is None:
                raise Malformed("an office without its number")
            seqs[one["office"]] = one["seq"]
            at += fields.size_of(_OFFICE)
        in_force = []
        for _ in range(values["orders"]):
            end = at + _SIGNED_SIZE
            found, _, _ = order.open_signed(data[at:end])
            found["data"] = bytes(data[at:end])
            in_force.append(found)
            at = end
        if at != len(data):
            raise Malformed("%d bytes behind the last order" % (len(data) - at))
        self._in_force, self._seqs = in_force, seqs


# What is shown when several hold.
_GRAVEST_FIRST = bytes(
    (causes.SEALED, causes.ORDER_STOP, causes.AREA_LEVEL, causes.AREA_VOLUME, causes.ORDER_HOURS)
)
_STOP_CAUSES = bytes((causes.ORDER_STOP, causes.AREA_LEVEL, causes.AREA_VOLUME))  # by basis
_SIGNED_SIZE = fields.size_of(order.HEADER) + signed.SIGNATURE_SIZE


def _is_lifted(values, lift):
    return values["office"] == lift["lift_office"] and lift["lift_seq"] in (order.EVERY, values["seq"])


def _blob(in_force, seqs):
    values = {"version": _BLOB_VERSION, "offices": len(seqs), "orders": len(in_force)}
    out = fields.pack(_BLOB, values)
    for office in sorted(seqs):
        out += fields.pack(_OFFICE, {"office": office, "seq": seqs[office]})
    for one in in_force:
        out += one["data"]
    return out
