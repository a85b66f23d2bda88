"""A box without a site: it shows its keys and waits for what the bench signs (design §8).

Until the binding, the link's certificate and authority and a configuration are there, the
contactor cannot be closed, because nothing that could close it is running.
"""

import binascii

from karez_protocols import binding, ed25519_keys, grant, p256, record
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.slices import finish

from . import configuration
from .identity import SEED, load
from .store import objects
from .store.devices import StoreFailed

SORTS = {
    "binding": objects.BINDING,
    "certificate": objects.LINK_CERTIFICATE,
    "authority": objects.LINK_AUTHORITY,
    "config": objects.CONFIG,
}


CHANNEL = "channel"  # profile of a water segment that a rating curve makes (docs/configuration.md)


_CONVERTED = (record.CONVERTED, record.CONVERTED_GROUP)


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
    elif not _is_der(data):
        raise Refused("%s is not one whole DER object" % name)
    elif name == "certificate" and identity.link_point not in data:
        raise Refused("this certificate is not for the key of this box")


def _check_config(port, data):
    try:
        wanted = configuration.read(data)
        configuration.profiles(port, wanted.meters)
    except configuration.BadConfiguration as error:
        raise Refused(str(error))
    if not hasattr(port, "take_pulses") and [one for one in wanted.meters if one["profile"] is None]:
        raise Refused("configuration: this controller has no pulse input")
    signed_binding = objects.read_any(port.nor, objects.BINDING)
    if signed_binding is not None:
        _check_both(wanted, *binding.open_signed(signed_binding)[:2])


def _check_both(wanted, values, segments):
    """Unknown is never zero: a meter that the binding counts by must be there to be read."""
    quantities = [meter["quantity"] for meter in wanted.meters]
    by_water = [one for one in segments if one["quantity"] == grant.WATER][-1]
    if wanted.curve or by_water["profile"] == CHANNEL:
        _check_channel(wanted.curve, values, by_water)
        return
    needed = "energy" if by_water["method"] in _CONVERTED else "water"
    if by_water["method"] != record.ESTIMATED and needed not in quantities:
        raise Refused("configuration: the binding counts by a meter of %s, and there is none" % needed)


def _check_channel(curve, values, by_water):
    """An open channel: the binding says by which version of which curve litres are made."""
    if curve is None:
        raise Refused("configuration: the binding counts by a channel, and there is none")
    if by_water["profile"] != CHANNEL or by_water["method"] != record.METERED:
        raise Refused("configuration: the binding counts by no channel")
    # A new curve is a new segment of a new binding: no litre may change its meaning behind it.
    if by_water["coefficient_version"] != curve.version:
        raise Refused(
            "configuration: the binding counts by version %d of the curve, this is %d"
            % (by_water["coefficient_version"], curve.version)
        )
    if by_water["register_base"] or by_water["multiplier_ppm"] != 1_000_000:
        raise Refused("binding: a channel's register begins at 0 and counts litres")
    if curve.flow_max_lph > values["rated_flow_lph"]:
        raise Refused(
            "configuration: the curve reaches %d L/h, the site is rated for %d"
            % (curve.flow_max_lph, values["rated_flow_lph"])
        )


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
    is_by_energy = grant.ENERGY in quantities or any(one["method"] in _CONVERTED for one in segments)
    if is_by_energy and values["rated_power_w"] is None:
        raise Refused("binding: rated_power_w is missing")
    config = objects.read_any(port.nor, objects.CONFIG)
    if config is not None:  # it came first
        _check_both(configuration.read(config), values, segments)


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
        raise Refused("expected: object binding|certificate|authority|config HEX")
    name = parts[1]
    try:
        data = binascii.unhexlify(parts[2])
    except ValueError:
        raise Refused("%s is not hexadecimal" % name)
    if objects.read_any(port.nor, SORTS[name]) is not None:
        raise Refused("%s is already there" % name)
    _check(port, name, data, identity)
    try:
        objects.write(port.nor, SORTS[name], 0, data)
    except StoreFailed as error:
        raise Refused(str(error))
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
            port.feed()  # who commissions takes his time
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
