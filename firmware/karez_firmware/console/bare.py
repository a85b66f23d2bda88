"""The console of a box without a site: who it is, what it lacks, and its objects, in pieces (decision 34).

It works within commissioning's own run (decision 13): there is no app, no journal, and nothing that
could close a contactor. An object is written when its last piece has come and all of it is checked:
a cable that is pulled before leaves the box as it was. Until nothing is missing any object may be
let go again; after that the box has a chain, and none may.
"""

import binascii
import hashlib

from karez_protocols import binding
from karez_protocols.constant import const

from .. import commissioning
from ..store import objects
from . import verbs
from .papers import document
from .refusal import Refused, data_in, text
from .session import Session
from .staging import Staging

_IDENTIFY, _STATUS, _OBJECT, _OTHER = const(100), const(101), const(102), const(103)
_NAMES = b"authority certificate binding technicians config"

# As verbs.TABLE, and bytes for the same reason.
TABLE = b"""
help|r|[VERB]|what can be asked
json|r||answer in JSON from here on, without echo
text|r||answer for people from here on
identify|r||which box, its public keys, and which objects it still needs
status|r||which objects it has, with size and digest
object|r|NAME [put SIZE SHA256 / piece OFFSET HEX / apply SHA256 / drop]|show one, bring it, or let it go
"""
_NUMBERS = (verbs.HELP, verbs.JSON, verbs.TEXT, _IDENTIFY, _STATUS, _OBJECT)


def rows():
    """Return the table's lines."""
    return str(TABLE, "utf-8").strip().split("\n")


class Box:
    """What a session asks of an app, where there is none. `taken`: names of objects that came just now."""

    buses = ()

    def __init__(self, port, identity):
        self.port = port
        self.identity = identity
        self.taken: list = []


class Bare(Session):
    """One session after the other at a box without a site; `app` is a Box."""

    def run_slice(self):
        """Do one slice; return True while there is more to do at once."""
        if self.is_over:  # nobody was there: whoever comes next may be a person
            self._begin_anew()
        return Session.run_slice(self)

    def _begin_anew(self):
        self._used_ms = self.app.port.now_ms()
        self.is_over = self.is_json = False

    def _verb(self, word):
        """As the session's own; what a box with a site knows is answered by what this one lacks."""
        for number, line in zip(_NUMBERS, rows()):
            if line.split("|", 1)[0] == word:
                return number, "r"
        return _OTHER, "r"

    def _rows_of(self, number, words):
        yield
        if number == verbs.HELP:
            for line in rows():
                name, _, arguments, does = line.split("|")
                if len(words) < 2 or name in words:
                    yield b"verb arguments does", (name, arguments, does)
        elif number == _IDENTIFY:
            return _identity(self.app)
        elif number == _STATUS:
            return (yield from _status(self.app))
        elif number == _OBJECT:
            return (yield from _object(self, words))
        elif number == _OTHER:
            raise Refused(b"bare: this box has no site yet, see help")
        else:
            return (yield from self._own(number, words))
        return b"needs", (commissioning.missing(self.app.port),)


def _hex(data):
    return binascii.hexlify(data).decode()


def _identity(box):
    port = box.port
    signed_binding = objects.read_any(port.nor, objects.BINDING)
    site = None if signed_binding is None else binding.open_signed(signed_binding)[0]["site"]
    utc_s, time_state = port.utc()
    return (
        b"controller site key link_key needs binding_version core_digest tier utc_s time_state",
        (
            box.identity.name, site, _hex(box.identity.public), _hex(box.identity.link_point),
            commissioning.missing(port), binding.VERSION, _core_digest(port), port.tier, utc_s, time_state,
        ),
    )  # fmt: skip


def _core_digest(port):
    """The digest the build wrote beside the code, None where there is none."""
    try:
        return str(port.resource("karez_firmware/core.digest").strip(), "utf-8")[:48]
    except (OSError, ValueError):
        return None


def _status(box):
    for name in str(_NAMES, "utf-8").split():
        data = objects.read_any(box.port.nor, commissioning.SORTS[name])
        held = (None, None) if data is None else (len(data), _hex(hashlib.sha256(data).digest()))
        yield b"object size sha256", (name,) + held
    return b"needs", (commissioning.missing(box.port),)


def _object(session, words):
    box = session.app
    name = words[1] if len(words) > 1 else ""
    if name.encode() not in _NAMES.split():
        raise Refused(b"usage: expected one of %s", text(_NAMES))
    held = objects.read_any(box.port.nor, commissioning.SORTS[name])
    if len(words) == 2:
        if held is None:
            raise Refused(b"nothing: this box has no %s yet", name)
        return (yield from document(held, True))
    step = words[2].encode()
    if step == b"apply":
        return (yield from _apply(session, name, held, data_in(words, 3, 32)))
    if step == b"drop":
        if not commissioning.missing(box.port):
            raise Refused(b"refused: this box has everything, and starts anew")
        commissioning.drop(box.port, name)
        session.staging = None
        return b"object needs", (name, commissioning.missing(box.port))
    if held is not None:
        raise Refused(b"refused: %s is already there", name)
    words = words[:1] + words[2:]  # as `technicians put …` has it
    if step == b"put":
        # In the spare place of its sort, without the header that makes an object of it.
        session.staging = name, Staging(box.port.nor, commissioning.SORTS[name], 1, words)
        return b"object size", (name, session.staging[1].size)
    if step != b"piece":
        raise Refused(b"usage: see help object")
    _staged(session, name).piece(words)
    return b"object offset", (name, int(words[2]))


def _staged(session, name):
    if session.staging is None or session.staging[0] != name:
        raise Refused(b"refused: begin with object %s put SIZE SHA256", name)
    return session.staging[1]


def _apply(session, name, held, sha256):
    """Check the whole object and write it; the same one once more is no error, for its answer may be lost."""
    box = session.app
    if held is None:
        staging = _staged(session, name)
        if staging.sha256 != sha256:
            raise Refused(b"refused: put announced another digest")
        yield from staging.check()
        session.staging = None  # the next try begins anew
        try:
            commissioning.keep(box.port, box.identity, name, staging.data())
        except commissioning.Refused as error:
            raise Refused(b"refused: %s", error)
        box.taken.append(name)
    elif hashlib.sha256(held).digest() != sha256:
        raise Refused(b"refused: another %s is already there", name)
    return b"object sha256 needs", (name, _hex(sha256), commissioning.missing(box.port))
