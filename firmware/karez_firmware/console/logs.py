"""What the memory holds: events, raw records, the evidence bundle."""

import binascii
import hashlib

from karez_protocols import causes, event_details, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from . import verbs
from .refusal import Refused, number_in

_TOLD = bytes((record.EVENT, record.START, record.STOP, record.BOOT))
_EVENTS, _EVENTS_MAX = const(10), const(1_000)
_LOOK_BACK = const(2_048)  # records: a week of intervals
_RECORDS_MAX = const(10_000)  # more than any ring holds


def rows(session, number, words):
    """Yield the rows of one of these verbs; return the last."""
    app = session.app
    yield
    if number == verbs.EVENTS:
        return (yield from _events(app.journal, number_in(words, 1, _EVENTS, _EVENTS_MAX)))
    if number == verbs.RECORDS:
        return (yield from _records(app.journal, number_in(words, 1), number_in(words, 2, 1, _RECORDS_MAX)))
    return (yield from _bundle(app, number_in(words, 1, 1)))


def _events(journal, count):
    """The newest first; each slot that is looked at is a slice."""
    newest = journal.head["seq"]
    for seq in range(newest, max(newest - _LOOK_BACK, 0), -1):
        if not count:
            break
        yield
        slot = journal.slot(seq)
        values = record.legible(slot) if slot and slot[1] in _TOLD else None
        if values is None:
            continue
        count -= 1
        yield _event(values)
    return b"newest", (newest,)


def _event(values):
    names, found = b"seq utc_s kind cause text", [values["seq"], values["utc_s"]]
    found += [record.KIND_NAMES[values["kind"]], values["cause"], causes.name(values["cause"])]
    if values["kind"] == record.EVENT:
        names += b" subject"
        found.append(values["subject"])
        try:
            detail = event_details.decode(values["cause"], values["detail"])
        except ProtocolError:
            detail = {"detail": values["detail"]}
        for name in detail:
            if isinstance(detail[name], bytes):
                detail[name] = binascii.hexlify(detail[name]).decode()
        if detail:
            names += b" detail"
            found.append(detail)
    elif values["kind"] != record.BOOT:
        names += b" account volume_l account_l"
        found += [values["account"], values["volume_l"], values["account_l"]]
    return names, found


def _records(journal, first, count):
    """Slots as they stand; one that cannot be read is left out."""
    newest, seq = journal.head["seq"], first
    while seq < first + count and seq <= newest:
        slot = journal.slot(seq)
        if slot is None:
            yield
        else:
            yield b"seq slot", (seq, binascii.hexlify(slot).decode())
        seq += 1
    return b"next oldest newest", (seq, journal.oldest(), newest)


def _bundle(app, first):
    from ..bundle_export import NothingToProve, pieces

    size, whole, digest = 0, hashlib.sha256(), hashlib.sha256()
    try:
        for piece in pieces(app.port.nor, app.ring, app.journal.head["chain"], first):
            if not piece:
                yield
                continue
            digest.update(piece)
            whole.update(piece)
            yield b"offset data", (size, binascii.hexlify(piece).decode())
            size += len(piece)
    except NothingToProve as error:
        raise Refused(b"nothing: %s", error)
    piece = digest.digest()  # the file's own end
    whole.update(piece)
    yield b"offset data", (size, binascii.hexlify(piece).decode())
    return b"size sha256", (size + len(piece), binascii.hexlify(whole.digest()).decode())
