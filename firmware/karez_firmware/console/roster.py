"""The list of technicians in NOR: of both places the whole one with the higher number counts.

Its signature was checked before it was written. Anybody may bring one, as with a grant: the regulator's
signature says what it is worth, and without a first list nobody could log in.
"""

import binascii

from karez_protocols import causes, key_list, order, signed, technicians
from karez_protocols.errors import ProtocolError

from ..store import objects
from . import deed
from .refusal import Refused

_WORDS = b"put piece apply"
# Between two lists that a reader begins: each erases a sector, and each may cost a check of its signature.
_PUT_MS = 60_000


def _held(nor):
    """Return (values, rows, place) of the list in force, (None, (), 1) without one."""
    found = None, (), 1
    for place in (0, 1):
        try:
            values, listed, _, _ = technicians.open_signed(
                objects.read(nor, objects.TECHNICIANS, place) or b""
            )
        except ProtocolError:
            continue
        if found[0] is None or values["seq"] > found[0]["seq"]:
            found = values, listed, place
    return found


def key_of(app, number):
    """Return the key of a technician who is in the list and in time, else None."""
    clock = app.parts.clock
    return technicians.key_of(_held(app.port.nor)[1], number, clock.utc_s if clock.is_trusted else None)


def rows(session, words):
    """Show the list; or take a newer one, in pieces."""
    app = session.app
    values, listed, place = _held(app.port.nor)
    if len(words) < 2:
        for row in listed:
            yield b"number roles until_utc_s", (row["number"], row["roles"], row["until_utc_s"])
        return b"seq issued_utc_s", (values and values["seq"], values and values["issued_utc_s"])
    verb = words[1].encode()
    if verb not in _WORDS.split():
        raise Refused(b"usage: see help technicians")
    if verb == _WORDS.split()[0]:
        from .staging import Staging

        left_ms = session.put_ms - app.port.now_ms()
        if left_ms > 0 and session.number is None:
            raise Refused(b"locked: wait %d s", left_ms // 1000 + 1)
        session.put_ms = app.port.now_ms() + _PUT_MS
        session.staging = Staging(app.port.nor, objects.TECHNICIANS, 1 - place, words)
        return b"size", (session.staging.size,)
    staging = session.staging
    if staging is None or staging.sort != objects.TECHNICIANS or staging.place == place:
        raise Refused(b"refused: begin with technicians put SIZE SHA256")
    if verb == _WORDS.split()[1]:
        staging.piece(words)
        return b"offset", (int(words[2]),)
    return (yield from _apply(session, values))


def _apply(session, before):
    app, staging = session.app, session.staging
    yield from staging.check()
    session.staging = None  # the next try begins anew
    data = staging.data()
    values, listed, message, signature = technicians.open_signed(data)
    if before is not None and values["seq"] <= before["seq"]:
        raise Refused(b"refused: list %d is not newer than %d", values["seq"], before["seq"])
    key = app.parts.keys.key_of(order.ROOT, key_list.ORDERS)
    if not (yield from deed.verified(app, key, message, signature)):
        raise Refused(b"refused: not signed by the key of this well's binding")
    detail = {"number": session.number, "digest": signed.digest(data)[:22]}
    deed.record(app, causes.TECHNICIANS_TAKEN, detail, values["seq"])
    objects.write(app.port.nor, objects.TECHNICIANS, staging.place, data)
    session.number = None  # who he is, the new list says
    return b"seq technicians sha256", (
        values["seq"], len(listed), binascii.hexlify(signed.digest(data)).decode(),
    )  # fmt: skip
