"""What a box without a site waits for: its keys and the objects that the bench signs (design §8).

bench_line.py serves the bench's own line and, where there is a port for it, the console (console/bare.py).
Until the binding, the link's certificate and authority and a configuration are there, the
contactor cannot be closed, because nothing that could close it is running.
"""

import binascii

from karez_protocols import binding, ed25519, ed25519_keys, grant, p256, technicians
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.slices import finish

from . import configuration, fitting
from .identity import SEED, load
from .store import objects
from .store.devices import StoreFailed

SORTS = {
    "binding": objects.BINDING,
    "certificate": objects.LINK_CERTIFICATE,
    "authority": objects.LINK_AUTHORITY,
    "technicians": objects.TECHNICIANS,  # may come later too, and a newer one replaces it
    "config": objects.CONFIG,
}


class Refused(Exception):
    """What came over the cable is not taken; the text says why."""


def create(nor, random):
    """Make both keys from `random(size) -> bytes`, keep them, and return the identity."""
    seed = random(SEED)
    while True:
        secret = random(p256.SECRET_SIZE)
        try:
            point = finish(p256.public_point_slices(secret))
            break
        except NotAllowed:
            continue  # outside 1..n-1: once in 2^32 draws
    objects.write_once(nor, objects.KEY, seed + p256.private_key_der(secret, point))
    return load(nor)


def identity_of(port):
    """Return this box's identity, made on first start."""
    return load(port.nor) or create(port.nor, port.random)


def missing(port):
    """Return the names of the objects this box still needs, in a fixed order."""
    wanted = ("binding", "certificate", "authority", "config")
    return [name for name in wanted if objects.read_any(port.nor, SORTS[name]) is None]


def _check(port, name, data, identity):
    """Refuse what this box could not work with: once written, nothing takes it back."""
    if name == "config":
        _check_config(port, data)
    elif name == "binding":
        _check_binding(port, data, identity)
    elif name == "technicians":
        _check_technicians(data, objects.read_any(port.nor, objects.BINDING))
    elif not _is_der(data):
        raise Refused("%s is not one whole DER object" % name)
    elif name == "certificate" and identity.link_point not in data:
        raise Refused("this certificate is not for the key of this box")


def _check_config(port, data):
    try:
        wanted = configuration.read(data)
        configuration.profiles(port, wanted.meters)
        signed_binding = objects.read_any(port.nor, objects.BINDING)
        if signed_binding is not None:
            fitting.check(wanted, *binding.open_signed(signed_binding)[:2])
    except configuration.BadConfiguration as error:
        raise Refused(str(error))


def _check_binding(port, data, identity):
    try:
        values, segments, _, _ = binding.open_signed(data)
        # The box cannot know the bench's key; it knows its own, and the verifiers check the bench's.
        if values["controller"] != identity.name or values["controller_key"] != identity.public:
            raise Refused("this binding is for the box %s" % values["controller"])
        finish(ed25519_keys.pin_slices(values["regulator_key"]))
    except ProtocolError as error:
        raise Refused("binding: %s" % error)
    quantities = []
    for segment in segments:
        quantities.append(segment["quantity"])
        if segment["base"] is None or segment["register_base"] is None:
            raise Refused("binding: a segment without its readings")
    if grant.WATER not in quantities:
        raise Refused("binding: no segment of water")
    is_by_energy = grant.ENERGY in quantities or any(one["method"] in fitting.CONVERTED for one in segments)
    if is_by_energy and values["rated_power_w"] is None:
        raise Refused("binding: rated_power_w is missing")
    config = objects.read_any(port.nor, objects.CONFIG)
    if config is not None:  # it came first
        try:
            fitting.check(configuration.read(config), values, segments)
        except configuration.BadConfiguration as error:
            raise Refused(str(error))
    listed = objects.read_any(port.nor, objects.TECHNICIANS)
    if listed is not None:
        _check_technicians(listed, data)


def _check_technicians(data, signed_binding):
    """A list is worth what the regulator says whom a binding names: the later of the two is held to it."""
    try:
        _, _, message, signature = technicians.open_signed(data)
    except ProtocolError as error:
        raise Refused("technicians: %s" % error)
    if signed_binding is None:
        return
    key = binding.open_signed(signed_binding)[0]["regulator_key"]
    if not finish(ed25519.verify_slices(key, message, signature)):
        raise Refused("technicians: the list is not signed by the regulator whom the binding names")


def _is_der(data):
    """True if these bytes are one DER sequence, no more and no less."""
    if len(data) < 4 or data[0] != 0x30:
        return False
    size = 2 + data[1]
    if data[1] == 0x81:
        size = 3 + data[2]
    elif data[1] == 0x82:
        size = 4 + (data[2] << 8 | data[3])
    return data[1] in range(0x83) and data[1] != 0x80 and len(data) == size


def take(port, identity, parts):
    """Take the words of `object NAME HEX`; return the object's name. Raises Refused."""
    if len(parts) != 3 or parts[1] not in SORTS:
        raise Refused("expected: object binding|certificate|authority|technicians|config HEX")
    name = parts[1]
    try:
        data = binascii.unhexlify(parts[2])
    except ValueError:
        raise Refused("%s is not hexadecimal" % name)
    keep(port, identity, name, data)
    return name


def keep(port, identity, name, data):
    """Check an object and write it, whole; the name is one of SORTS. Raises Refused."""
    if objects.read_any(port.nor, SORTS[name]) is not None:
        raise Refused("%s is already there" % name)
    _check(port, name, data, identity)
    try:
        objects.write(port.nor, SORTS[name], 0, data)
    except StoreFailed as error:
        raise Refused(str(error))


def drop(port, name):
    """Let go of an object that came before, both places of it. Raises Refused.

    A box that still lacks something has no chain that could rest on it.
    """
    try:
        for place in (0, 1):
            port.nor.erase(SORTS[name] + place)
        port.nor.flush()
    except OSError as error:
        raise Refused(str(error))
