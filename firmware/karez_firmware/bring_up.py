"""Before the app: keys, binding, configuration and meter profiles, each checked once.

What this needs (the compiler of profiles, the JSON reader, provisioning) is given back to
the heap before the app is loaded: a controller runs for months on what is left.
"""

from karez_protocols import binding, ed25519_keys
from karez_protocols.constant import const
from karez_protocols.slices import finish

from . import configuration
from .identity import load
from .site import Site
from .store import objects
from .store.devices import SECTOR, StoreFailed, look

_HEAD = const(12)  # bytes that make an object of those behind them (store/objects.py)

# Modules that only the bring-up needs.
DONE = (
    "karez_firmware.bring_up",
    "karez_firmware.configuration",
    "karez_firmware.rules",
    "karez_firmware.core.settings",
    "karez_firmware.store.sealing",
    "karez_protocols.binding",
    "karez_protocols.ed25519_keys",
    "karez_protocols.profile_document",
    "karez_protocols.profile_fields",
    "karez_protocols.profile_requests",
    "karez_protocols.profile_scaling",
    "karez_protocols.profile_shape",
    "karez_protocols.read_plan",
)


def is_bare(port):
    """True on a box that still lacks its keys, or something of what the bench gives it."""
    sorts = (
        objects.KEY,
        objects.BINDING,
        objects.LINK_CERTIFICATE,
        objects.LINK_AUTHORITY,
        objects.CONFIG,
    )
    return any(objects.read_any(port.nor, sort) is None for sort in sorts)


def settled(nor):
    """Return the configuration in force.

    A header that a power cut tore may read as whole now and not the next time: what this start takes it
    for, it is made.
    """
    data, place = objects.newest(nor, objects.CONFIG)
    at = (objects.CONFIG + 1 - place) * SECTOR
    if look(nor, at, _HEAD) == b"\xff" * _HEAD:
        return data  # it was never replaced
    from .store import sealing

    try:
        sealing.seal(nor, objects.CONFIG, place, data)
        if objects.read(nor, objects.CONFIG, 1 - place) is None:
            nor.erase(objects.CONFIG + 1 - place)
    except (OSError, StoreFailed):
        pass  # the memory takes nothing; what stands, stands
    return data


def bring_up(port):
    """Return a Site: all that a commissioned controller is told from outside, ready to be used."""
    site = Site()
    site.identity = load(port.nor)
    site.binding = objects.read_any(port.nor, objects.BINDING)
    site.values, site.segments = binding.open_signed(site.binding)[:2]
    # Pinned while the heap is empty: the comb takes 8 kB to build and 1.6 kB to keep, and
    # every later check of a grant is three times as quick.
    site.regulator = finish(ed25519_keys.pin_slices(site.values["regulator_key"]))
    site.config = settled(port.nor)
    wanted = configuration.read(site.config)
    site.settings, site.rules, site.link = wanted.settings, wanted.rules, wanted.link
    site.rules["root_key"] = site.regulator
    site.curve = wanted.curve
    for meter, profile in zip(wanted.meters, configuration.profiles(port, wanted.meters)):
        found = (meter["quantity"], profile, meter["address"], meter.get("line", 0))
        if profile is None:
            found = (meter["quantity"], None, meter["pulse_milli"], meter.get("input", 0))
        # Water first, or what makes it: what decides about a cut-off is asked for first.
        is_first = found[0] == ("level" if site.curve else "water")
        site.meters.insert(0 if is_first else len(site.meters), found)
    return site
