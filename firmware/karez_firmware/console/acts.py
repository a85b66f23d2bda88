"""How a technician shows who he is, and what he may change."""

import binascii

from karez_protocols import causes
from karez_protocols.constant import const
from karez_protocols.errors import NotAllowed

from ..unload import unload
from . import deed, verbs
from .refusal import Refused, data_in, number_in, text

_CHALLENGE_MS = const(120_000)
_NONCE = const(16)  # technicians.NONCE_SIZE
_WRONG_MAX = const(3)  # in a row
_LOCK_MS, _LOCK_MAX_MS = const(60_000), const(3_600_000)
_CHANGE_MS = const(5_000)  # the next step of the control does it


def rows(session, number, words):
    """Yield the rows of one of these verbs; return the last."""
    yield
    if number == verbs.LOGIN:
        return _login(session, words)
    if number == verbs.PROVE:
        return (yield from _prove(session, words))
    if number == verbs.TECHNICIANS:
        from . import roster

        return (yield from roster.rows(session, words))
    if number == verbs.UPDATE:
        from . import updating

        return (yield from updating.rows(session, words))
    if number >= verbs.OFFER:
        from . import bringing

        return (yield from bringing.rows(session, number, words))
    if number == verbs.RELAY:
        from . import relay

        return (yield from relay.rows(session, words))
    if number >= verbs.ASK:
        from . import asking

        return (yield from asking.rows(session, number, words))
    return (yield from _change(session, words))


def _locked(app):
    left_ms = app.login[1] - app.port.now_ms()
    if left_ms > 0:
        raise Refused(b"locked: wait %d s", left_ms // 1000 + 1)


def _login(session, words):
    app = session.app
    _locked(app)
    number, now_ms = number_in(words, 1, most=0xFFFE), app.port.now_ms()
    session.challenge = number, app.port.random(_NONCE), now_ms + _CHALLENGE_MS
    return b"controller number challenge", (
        app.identity.name, number, binascii.hexlify(session.challenge[1]).decode(),
    )  # fmt: skip


def _asked(app, number, nonce):
    """Return (his key or None, what he had to sign). The list is let go: a signature needs its room."""
    from karez_protocols import technicians

    from . import roster

    try:
        message = technicians.challenge_message(app.identity.name, number, nonce)
    except NotAllowed:
        return None, b""  # nobody has number 0
    key = roster.key_of(app, number)
    unload("karez_firmware.console.roster", "karez_protocols.technicians")
    return key, message


def _prove(session, words):
    app = session.app
    _locked(app)
    challenge, session.challenge = session.challenge, None  # used up, whatever comes
    if challenge is None or app.port.now_ms() > challenge[2]:
        raise Refused(b"expired: ask for a challenge with login NUMBER")
    number, nonce, _ = challenge
    signature = data_in(words, 1, 64)
    key, message = _asked(app, number, nonce)
    if key is None or not (yield from deed.verified(app, key, message, signature)):
        _wrong(app, number)
        raise Refused(b"refused: not the signature of technician %d", number)
    app.login = (0, 0)
    deed.act(app, causes.TECHNICIAN_IN, number, words[:1])
    session.number = number
    return b"role number", (text(b"technician"), number)


def _wrong(app, number):
    """Three in a row lock the login, each further one for twice as long; a restart forgets it."""
    count = app.login[0] + 1
    lock_ms = 0
    if count >= _WRONG_MAX:
        lock_ms = min(_LOCK_MS << min(count - _WRONG_MAX, 6), _LOCK_MAX_MS)
        deed.act(app, causes.LOGIN_LOCKED, number, ())
    app.login = count, app.port.now_ms() + lock_ms


def _change(session, words):
    app = session.app
    deed.act(app, causes.TECHNICIAN_ACTS, session.number, words)
    if words[1:] == ["end"]:
        _tell_end(session, words[0])
    session.said = []
    app.change(words)
    until_ms = app.port.now_ms() + _CHANGE_MS
    while app.port.now_ms() < until_ms:
        yield False
        while session.said:
            said = session.said.pop(0).split(" ")
            if said[1:2] == words[:1]:
                if len(said) > 2:
                    raise Refused(b"refused: %s", " ".join(said[2:]))
                return b"done", (words[0],)
    raise Refused(b"failed: no answer, look at status before you try again")


def _tell_end(session, name):
    """A test that has ended by itself meanwhile has said why. Raises Refused with that, once."""
    for said in session.said:
        if said.startswith("refused " + name + " "):
            session.said = []
            raise Refused(b"refused: %s", said[len(name) + 9 :])
