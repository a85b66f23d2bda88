"""What a box takes over at the well: signed objects by cable, and what its accounts had used before.

Grants, orders and lists of keys may come from anybody: their signatures say what they are worth, and they go
the way of those from the gateway (offers.py). They are small, so their pieces are held in the heap.
"""

import binascii
import hashlib

from karez_protocols import causes, grant, key_list, order, signed
from karez_protocols.constant import const

from . import deed, verbs
from .refusal import Refused, data_in, number_in

_NAMES, _STEPS = b"grant order keys", b"put piece apply"
_SIZE_MAX = const(500)  # grant.SIZE_MAX, the largest of the three
_PUT_MS = const(60_000)  # between two that a reader begins: each may cost a check of its signature
_JUDGE_MS = const(60_000)  # a signature behind a full queue of others, on the slowest board
_LITRES_MAX = const(0xFF_FFFF_FFFE)


class Coming:
    """One object on its way: its name, its bytes as far as they have come, and its digest."""

    sort = place = None  # of a Staging: no list of technicians and no configuration

    def __init__(self, name, words):
        self.name = name
        self.size = number_in(words, 3, most=_SIZE_MAX)
        self.sha256 = data_in(words, 4, 32)
        self.data = bytearray(self.size)

    def piece(self, words):
        """Take the words of `offer NAME piece OFFSET HEX`; return the offset. Raises Refused."""
        at, data = number_in(words, 3, most=self.size), data_in(words, 4)
        if at + len(data) > self.size:
            raise Refused(b"usage: the document has %d bytes", self.size)
        self.data[at : at + len(data)] = data
        return at


def rows(session, number, words):
    """Take an object, or an account's register; return the last row."""
    if number == verbs.INHERIT:
        return _inherit(session, words)
    name, step = (words[1:3] + ["", ""])[:2]
    if name.encode() not in _NAMES.split() or step.encode() not in _STEPS.split():
        raise Refused(b"usage: see help offer")
    if step.encode() == _STEPS.split()[0]:
        now_ms = session.app.port.now_ms()
        left_ms = session.put_ms - now_ms
        if left_ms > 0 and session.number is None:
            raise Refused(b"locked: wait %d s", left_ms // 1000 + 1)
        session.staging = Coming(name, words)
        session.put_ms = now_ms + _PUT_MS
        return b"size", (session.staging.size,)
    coming = session.staging
    if not isinstance(coming, Coming) or coming.name != name:
        raise Refused(b"refused: begin with offer %s put SIZE SHA256", name)
    if step.encode() == _STEPS.split()[1]:
        return b"offset", (coming.piece(words),)
    session.staging = None  # the next try begins anew
    data = bytes(coming.data)
    if hashlib.sha256(data).digest() != coming.sha256 or data_in(words, 3, 32) != coming.sha256:
        raise Refused(b"incomplete: its digest is not what put said")
    return (yield from _offer(session.app, name, data))


def _offer(app, name, data):
    """Hand it on as if the gateway had brought it, and see whether it is in force. Raises ProtocolError."""
    offers, values = app.offers, _values(name, data)
    if not _is_in_force(app, name, values):
        if name == "grant":
            offers.grant(data)
        elif name == "keys":
            offers.keys(data)
        else:
            offers.order(data)
    until_ms = app.port.now_ms() + _JUDGE_MS
    while app.background.is_busy and not _is_in_force(app, name, values) and app.port.now_ms() < until_ms:
        yield False
    if not _is_in_force(app, name, values):
        raise Refused(b"refused: it is not in force; events says why")
    return b"object seq sha256", (name, values["seq"], binascii.hexlify(signed.digest(data)).decode())


def _values(name, data):
    if name == "grant":
        return grant.decode(signed.split(grant.LABEL, data)[0])[0]
    if name == "keys":
        return key_list.open_signed(data)[0]
    return order.open_signed(data)[0]


def _is_in_force(app, name, values):
    """True for what is in force, or for an order that its office has passed since."""
    if name == "grant":
        return app.rights.seq == values["seq"]
    if name == "keys":
        return app.parts.keys.seq == values["seq"]
    return app.parts.orders.seq_of(values["office"]) >= values["seq"]


def _inherit(session, words):
    """A of an account, as the box that stood here before had it: never less than it is, no sum above W."""
    app = session.app
    account, used_l = number_in(words, 1), number_in(words, 2, most=_LITRES_MAX)
    volume_l = app.books.volume_l
    if volume_l is None:
        raise Refused(b"refused: the books are not known yet")
    deed.act(app, causes.TECHNICIAN_ACTS, session.number, words)
    accounts = app.parts.accounts
    if accounts.used_of(account, volume_l) != used_l and not accounts.adopt(account, used_l, volume_l):
        raise Refused(b"refused: an account never falls, all of them are never above W, and the pump rests")
    app.keeper.hurry()
    return b"account used_l", (account, accounts.used_of(account, volume_l))
