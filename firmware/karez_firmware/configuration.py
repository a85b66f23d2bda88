"""The configuration: one readable document, checked whole before anything of it is taken."""

import json

from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

from . import rules
from .core.settings import BadSetting, check

_TOTALS = {"water": "volume_l", "energy": "energy_wh"}  # what the controller asks of each meter
_STATIONS = 247  # Modbus over serial line 2.2
_PULSE_MILLI_MAX = 10_000_000  # 10 m3 or 10 kWh a pulse
_INPUTS_MAX = 2
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)  # what meters and UARTs both know
_LINES_MAX = 2  # RS-485 ports of a board; counted from 0 in the document


class BadConfiguration(Exception):
    """The document is not taken; the text names the part and the reason."""


def _check_whole(what, value, greatest):
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= greatest:
        raise ValueError("%s %r is outside 1..%d" % (what, value, greatest))


def _check_text(what, value):
    if not isinstance(value, str) or not value:
        raise ValueError("%s %r is no text" % (what, value))


class Configuration:
    """`settings`, `rules` (see rules.py), `link` and `meters` of one controller."""

    def __init__(self, document):
        self.settings = check(document["settings"])
        self.rules = rules.check(document)
        self.link = document["link"]
        _check_text("host", self.link["host"])
        _check_whole("port", self.link["port"], 65_535)
        if self.link.get("tls_name") is not None:
            _check_text("tls_name", self.link["tls_name"])
        self.meters = document["meters"]
        for meter in self.meters:
            if meter["quantity"] not in _TOTALS:
                raise ValueError("a meter of %r" % meter["quantity"])
            if "pulse_milli" in meter:
                _check_whole("pulse_milli", meter["pulse_milli"], _PULSE_MILLI_MAX)
                _check_whole("input", meter.get("input", 0) + 1, _INPUTS_MAX)
                meter["profile"] = meter["address"] = None
                continue
            _check_text("profile", meter["profile"])
            if isinstance(meter["address"], str):
                _check_text("address", meter["address"])  # digits; its protocol knows how many
            else:
                _check_whole("address", meter["address"], _STATIONS)
            if meter.get("baud") is not None and meter["baud"] not in _BAUDS:
                raise ValueError("baud %r is none of %s" % (meter["baud"], str(_BAUDS)))
            _check_whole("line", meter.get("line", 0) + 1, _LINES_MAX)
        quantities = [meter["quantity"] for meter in self.meters]
        for quantity in _TOTALS:
            if quantities.count(quantity) > 1:
                raise ValueError("one meter of %s rules a site, here are %d" % (quantity, quantities.count(quantity)))
        if "water" not in quantities and "energy" not in quantities:
            raise ValueError("a site has a water meter, or an energy meter that stands for it")


def read(data):
    """Return the Configuration in a document's JSON bytes. Raises BadConfiguration."""
    try:
        return Configuration(json.loads(data))
    except KeyError as error:
        raise BadConfiguration("configuration: %s is missing" % error)
    except (ValueError, TypeError, AttributeError, BadSetting, MemoryError, RuntimeError) as error:
        # The last two: brackets in brackets, without end.
        raise BadConfiguration("configuration: %s" % error)


def _take_place(places, line, address):
    for other in places.setdefault(line, []):
        # A wildcard asks whoever is there.
        if address == other or "A" in address + other:
            raise BadConfiguration("configuration: address %s is taken on its line" % address)
    places[line].append(address)


def profiles(port, meters):
    """Return the Profile of each meter, None for one that sends pulses.

    Raises BadConfiguration for one that does not ship or fit, or stands in another's place.
    """
    found: list = []
    places: dict = {}
    for meter in meters:
        if meter["profile"] is None:
            found.append(None)
            continue
        try:
            name = "karez_protocols/profiles/%s.json" % meter["profile"]
            profile = Profile(json.loads(port.resource(name)), meter.get("baud"))
            profile.codec.encode_request(profile.request(0, meter["address"]))
        except (OSError, ProtocolError, AttributeError, TypeError, ValueError) as error:
            raise BadConfiguration("configuration: meter %s: %s" % (meter["profile"], error))
        if meter.get("line", 0) >= len(port.uarts):
            raise BadConfiguration("configuration: this controller has no meter line %d" % meter["line"])
        if profile.total != _TOTALS[meter["quantity"]]:
            raise BadConfiguration("configuration: %s counts no %s" % (meter["profile"], meter["quantity"]))
        found.append(profile)
        _take_place(places, (meter.get("line", 0), profile.protocol), str(meter["address"]))
    return found
