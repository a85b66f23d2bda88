"""A configuration that comes over the cable: held beside the one in force, checked whole, applied whole.

Its bytes stand in the spare place without the header that makes an object of them, and no start believes
them. `apply` writes the record that names their digest, then the header: twelve bytes that count or do not.
"""

import binascii
import gc

from karez_protocols import causes

from ..store import objects, sealing
from ..unload import unload
from . import deed
from .refusal import Refused, data_in

_WORDS = b"put piece check apply"
# What a check loads; the rest of the console needs the room.
_ITS_OWN = b"karez_firmware.fitting karez_firmware.configuration karez_firmware.rules \
karez_firmware.core.settings karez_protocols.binding karez_protocols.profile_index"


def rows(session, words):
    """Do one step of it; return its last row."""
    verbs = _WORDS.split()
    verb = words[1].encode()
    if verb not in verbs:
        raise Refused(b"usage: see help config")
    if session.number is None:
        raise Refused(b"role: config %s is for a technician, see login", words[1])
    nor = session.app.port.nor
    place = objects.newest(nor, objects.CONFIG)[1]
    if verb == verbs[0]:
        from .staging import Staging

        session.staging = Staging(nor, objects.CONFIG, 1 - place, words)
        return b"size", (session.staging.size,)
    staging = session.staging
    if staging is None or staging.sort != objects.CONFIG:
        raise Refused(b"refused: begin with config put SIZE SHA256")
    if verb == verbs[1]:
        staging.piece(words)
        return b"offset", (int(words[2]),)
    if verb == verbs[3] and data_in(words, 2, 32) != staging.sha256:
        raise Refused(b"refused: another document than put announced")
    yield from staging.check()
    yield from _checked(session.app, staging)
    if verb == verbs[3]:
        _apply(session)
    return b"size sha256", (staging.size, binascii.hexlify(staging.sha256).decode())


def _checked(app, staging):
    """Check the whole document as a start does, a part at a time. Raises Refused."""
    from karez_protocols import binding, profile_index

    from .. import configuration, fitting

    gc.collect()
    try:
        wanted = configuration.read(staging.data())
        wanted.rules = None  # they are sound, and take room
        gc.collect()
        yield
        text = app.port.resource(profile_index.RESOURCE)
        places: dict = {}
        for meter in wanted.meters:
            if meter["profile"] is None:
                configuration.take_input(app.port, meter)
            else:
                _meter(app.port, configuration, places, meter, profile_index.find(text, meter["profile"]))
                yield
        fitting.check(wanted, *binding.open_signed(objects.read_any(app.port.nor, objects.BINDING))[:2])
    except configuration.BadConfiguration as error:
        raise Refused(b"refused: %s", error)
    except MemoryError:
        raise Refused(b"refused: configuration: too large to be checked: name fewer cards")
    finally:
        unload(*str(_ITS_OWN, "utf-8").split())


def _meter(port, configuration, places, meter, row):
    from karez_protocols import profile_index

    if row is None:
        raise Refused(b"refused: configuration: meter %s: no such profile ships", meter["profile"])
    protocol, counts, kind = row
    if not profile_index.is_address(kind, meter["address"]):
        raise Refused(
            b"refused: configuration: meter %s: address %s is none of its protocol",
            meter["profile"], meter["address"],
        )  # fmt: skip
    configuration.take_place(port, places, meter, protocol, counts)


def _apply(session):
    app, staging = session.app, session.staging
    session.staging = None  # whatever comes of it, the next try begins anew
    sealing.prepare(app.port.nor, objects.CONFIG, staging.place)
    detail = {"number": session.number, "digest": staging.sha256[:22]}
    deed.record(app, causes.CONFIG_REPLACED, detail)
    sealing.seal(app.port.nor, objects.CONFIG, staging.place, staging.data())
    session.is_leaving = True
