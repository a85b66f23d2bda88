"""A box without a site: it shows its keys and waits for what the bench signs (design §8).

Until the binding, the link's certificate and authority and a configuration are there, the
contactor cannot be closed, because nothing that could close it is running.
"""

import binascii

from karez_protocols import binding, p256
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.slices import finish

from . import configuration
from .identity import SEED, load
from .store import objects

SORTS = {
    "binding": objects.BINDING,
    "certificate": objects.LINK_CERTIFICATE,
    "authority": objects.LINK_AUTHORITY,
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


def _check(name, data, identity):
    """Refuse what this box could not work with."""
    if name == "config":
        try:
            configuration.read(data)
        except configuration.BadConfiguration as error:
            raise Refused(str(error))
    if name != "binding":
        return
    try:
        values, _, _, _ = binding.open_signed(data)
    except ProtocolError as error:
        raise Refused("binding: %s" % error)
    # The box cannot know the bench's key; it knows its own, and the verifiers check the bench's.
    if values["controller"] != identity.name or values["controller_key"] != identity.public:
        raise Refused("this binding is for the box %s" % values["controller"])


def take(port, identity, parts):
    """Take the words of `object NAME HEX`; return the object's name. Raises Refused."""
    if len(parts) != 3 or parts[1] not in SORTS:
        raise Refused("expected: object binding|certificate|authority|config HEX")
    name = parts[1]
    try:
        data = binascii.unhexlify(parts[2])
    except ValueError:
        raise Refused("%s is not hexadecimal" % name)
    if objects.read_any(port.nor, SORTS[name]) is not None:
        raise Refused("%s is already there" % name)
    _check(name, data, identity)
    objects.write(port.nor, SORTS[name], 0, data)
    return name


def run(port):
    """Serve the cable until nothing is missing; return the identity."""
    identity = identity_of(port)
    point = binascii.hexlify(identity.link_point).decode()
    key = binascii.hexlify(identity.public).decode()
    while missing(port):
        port.say("identity %s %s %s" % (identity.name, key, point))
        port.say("need " + " ".join(missing(port)))
        lines: list = []
        while not lines:
            port.wait(port.now_us() + 1_000_000)
            lines = port.lines()
        for words in lines:
            if words[0] != "object":
                continue
            try:
                port.say("taken " + take(port, identity, words))
            except Refused as error:
                port.say("refused %s" % error)
    return identity
