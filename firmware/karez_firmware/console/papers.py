"""What this box was told: its configuration, the right in force, orders."""

import binascii
import hashlib

from karez_protocols import causes, grant, signed
from karez_protocols.console import PIECE_MAX
from karez_protocols.errors import ProtocolError

from ..store import objects
from . import verbs

_POLICIES = b"stop finish warn"
_KINDS = b"- stop hours seal lift"


def rows(session, number, words):
    """Yield the rows of one of these verbs; return the last."""
    app = session.app
    yield
    if number == verbs.CONFIG:
        if len(words) > 1:
            from . import replacing

            return (yield from replacing.rows(session, words))
        data = objects.newest(app.port.nor, objects.CONFIG)[0]
        return (yield from document(data or b"", session.is_json))
    if number == verbs.GRANT:
        return (yield from _grant(app))
    return (yield from _orders(app))


def document(data, is_json):
    """Yield a document in pieces, with its digest at the end; for people as it is written."""
    size = PIECE_MAX
    at = 0
    while at < len(data):
        end = min(at + size, len(data))
        if is_json:
            yield b"offset data", (at, binascii.hexlify(data[at:end]).decode())
        else:
            line = data.find(b"\n", at, end)
            if line >= 0:
                end = line + 1
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end -= 1  # no character is cut
            yield b"", (str(data[at:end], "utf-8").rstrip(),)
        at = end
    return b"size sha256", (len(data), binascii.hexlify(hashlib.sha256(data).digest()).decode())


def _grant(app):
    """The object in memory is read again: the app keeps no more of it than it needs."""
    data = app.journal.object(objects.GRANT, "grant_place") or b""
    try:
        values, limits = grant.decode(signed.split(grant.LABEL, data)[0])
    except ProtocolError:
        return b"seq", (app.rights.seq or None,)
    for row in limits:
        yield b"quantity from_utc_s to_utc_s ceiling finish_100l emergency_100l", (
            "energy" if row["quantity"] == grant.ENERGY else "water",
            row["from_utc_s"], row["to_utc_s"], row["ceiling"], row["finish_100l"], row["emergency_100l"],
        )  # fmt: skip
    policy = _POLICIES.split()[values["policy"]].decode() if values["policy"] < 3 else values["policy"]
    return (
        b"seq policy issued_utc_s document head_seq sha256 in_force",
        (
            values["seq"], policy, values["issued_utc_s"], values["document"], values["head_seq"],
            binascii.hexlify(signed.digest(data)).decode(), values["seq"] == app.rights.seq,
        ),
    )  # fmt: skip


def _orders(app):
    orders = app.parts.orders
    for values in orders.listing():
        yield b"kind office seq issued_utc_s until_utc_s sha256", (
            _KINDS.split()[values["kind"]].decode(), values["office"], values["seq"], values["issued_utc_s"],
            values["until_utc_s"], binascii.hexlify(signed.digest(values["data"])).decode(),
        )  # fmt: skip
    clock, is_protected = app.parts.clock, app.controller.permission.is_protected
    cause = orders.cause(clock.date_utc_s, True, is_protected)
    return b"orders cause text", (orders.count, cause, causes.name(cause))
