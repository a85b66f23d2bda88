"""An update over the cable: manifest, chunks, apply.

Anybody may bring one: two signatures say what it is worth. To restart into it takes a technician.
"""

import binascii

from karez_protocols.constant import const

from ..update.intake import STATE_NAMES, NotTaken
from .refusal import Refused, data_in, number_in

_WORDS = b"put piece begin chunk apply drop"
_ANSWERED_MS = const(1_000)  # this answer goes out before the restart
_PUT_MS = const(60_000)
_NAMES = b"state number index offset chunks sha256 running"


def rows(session, words):
    """Do one step of it, or say how far it is; return the last row."""
    app = session.app
    trial = app.update
    if trial is None:
        raise Refused(b"refused: this box has no slots for updates")
    steps = _WORDS.split()
    step = words[1].encode() if len(words) > 1 else b""
    if step and step not in steps:
        raise Refused(b"usage: see help update")
    intake, is_new = trial.intake()
    try:
        if is_new:
            yield from intake.survey_slices()
        if step:
            obstacle = trial.obstacle()
            if obstacle:
                raise Refused(obstacle)
            yield from _do(session, intake, step, words)
    except NotTaken as error:
        raise Refused(b"%s", error.text)
    values = intake.values
    return _NAMES, (
        str(STATE_NAMES.split()[intake.state], "utf-8"), values.get("number"), intake.index,
        intake.offset, values.get("chunks"), binascii.hexlify(intake.sha256).decode(), trial.running,
    )  # fmt: skip


def _do(session, intake, step, words):
    steps = _WORDS.split()
    if step == steps[0]:
        _put(session, intake, number_in(words, 2), data_in(words, 3, 32))
    elif step == steps[1]:
        intake.piece(number_in(words, 2), data_in(words, 3))
    elif step == steps[2]:
        yield from intake.signed_slices()
    elif step == steps[3]:
        intake.chunk(number_in(words, 2), number_in(words, 3), data_in(words, 4))
    else:
        yield from _decide(session, intake, step, words)


def _put(session, intake, size, sha256):
    """Begin with a manifest; a reader does so once a minute, for it costs an erase and two checks."""
    now_ms = session.app.port.now_ms()
    locked_ms = session.put_ms - now_ms if session.number is None else 0
    if intake.put(size, sha256, locked_ms):
        session.put_ms = now_ms + _PUT_MS


def _decide(session, intake, step, words):
    app = session.app
    if session.number is None:
        raise Refused(b"role: update %s is for a technician, see login", words[1])
    if step == _WORDS.split()[5]:
        intake.drop()
        return
    if data_in(words, 2, 32) != intake.sha256:
        raise Refused(b"refused: another manifest than the one that came")
    yield from intake.check_slices()
    hindrance = app.update.hindrance()
    if hindrance:
        raise Refused(hindrance)
    app.update.want(session.number, _ANSWERED_MS)
