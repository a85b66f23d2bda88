"""The configuration: one readable document, checked whole before anything of it is taken."""

import json

from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

from . import rules
from .core.settings import BadSetting, check

# What the controller asks of each meter; a level probe counts nothing, a witness rules nothing (C6).
_TOTALS = {"water": "volume_l", "energy": "energy_wh", "witness": "volume_l", "level": None}
_STATIONS = 247  # Modbus over serial line 2.2
_PULSE_MILLI_MAX = 10_000_000  # 10 m3 or 10 kWh a pulse
_INPUTS_MAX = 2
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)  # what meters and UARTs both know
_LINES_MAX = 2  # RS-485 ports of a board; counted from 0 in the document
_CURVES = {"table": 1, "weir": 2, "v-notch": 3}  # numbers of core/rating_curve.py
_NUMBER_MAX = 0xFFFF_FFFE

_TOP = "settings link meters channel " + rules.NAMES
_LINK = "host port tls_name apn ssid secret dns"
_METER = "quantity profile address line baud"
_PULSES = "quantity pulse_milli input"
_TABLE = "version kind zero_mm rows"
_WEIR = "version kind zero_mm coefficient level_max_mm"


class BadConfiguration(Exception):
    """The document is not taken; the text names the part and the reason."""


def _check_text(what, value):
    if not isinstance(value, str) or not value:
        raise ValueError("%s %r is no text" % (what, value))


def _check_server(value):
    """A name server must be an address: nobody could be asked where it is."""
    host, _, number = value.partition(":")
    parts = host.split(".")
    is_address = len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
    if not is_address or (":" in value and not (number.isdigit() and 0 < int(number) < 65_536)):
        raise ValueError("dns %r is no address, nor ADDRESS:PORT" % value)


def _curve(document):
    """Return the rating curve of the document's `channel`."""
    from .core.rating_curve import Curve

    kind = _CURVES.get(document["kind"])
    if kind is None:
        raise ValueError("channel: kind %r is none of %s" % (document["kind"], " ".join(sorted(_CURVES))))
    version = rules.whole("channel version", document["version"], 1, 65_534)
    zero_mm = rules.whole("zero_mm", document.get("zero_mm", 0), -100_000, 100_000)
    if document["kind"] == "table":
        rules.known("channel", document, _TABLE)
        rows = []
        for level_mm, flow_lph in document["rows"]:
            rules.whole("level", level_mm, 0, 65_535)
            rows.append((level_mm, rules.whole("flow", flow_lph, 0, _NUMBER_MAX)))
        return Curve(kind, version, zero_mm, rows)
    rules.known("channel", document, _WEIR)
    coefficient = rules.whole("coefficient", document["coefficient"], 1, 1 << 48)
    level_max_mm = rules.whole("level_max_mm", document["level_max_mm"], 1, 65_535)
    return Curve(kind, version, zero_mm, (), coefficient, level_max_mm)


class Configuration:
    """`settings`, `rules` (see rules.py), `link`, `meters` and `curve` of one controller."""

    def __init__(self, document):
        rules.known("the document", document, _TOP)
        self.settings = check(document["settings"])
        self.rules = rules.check(document)
        self.link = document["link"]
        rules.known("link", self.link, _LINK)
        _check_text("host", self.link["host"])
        rules.whole("port", self.link["port"], 1, 65_535)
        for name in _LINK.split()[2:]:
            if self.link.get(name) is not None:
                _check_text(name, self.link[name])
                if name == "dns":
                    _check_server(self.link[name])
        self.meters = document["meters"]
        for meter in self.meters:
            self._check_meter(meter)
        self.curve = _curve(document["channel"]) if "channel" in document else None
        self._check_quantities([meter["quantity"] for meter in self.meters])

    @staticmethod
    def _check_meter(meter):
        if meter["quantity"] not in _TOTALS:
            raise ValueError("a meter of %r" % meter["quantity"])
        if "pulse_milli" in meter:
            rules.known("meter", meter, _PULSES)
            if meter["quantity"] == "level":
                raise ValueError("no level comes in pulses")
            rules.whole("pulse_milli", meter["pulse_milli"], 1, _PULSE_MILLI_MAX)
            rules.whole("input", meter.get("input", 0), 0, _INPUTS_MAX - 1)
            meter["profile"] = meter["address"] = None
            return
        rules.known("meter", meter, _METER)
        _check_text("profile", meter["profile"])
        if isinstance(meter["address"], str):
            _check_text("address", meter["address"])  # digits; its protocol knows how many
        else:
            rules.whole("address", meter["address"], 1, _STATIONS)
        if meter.get("baud") is not None and meter["baud"] not in _BAUDS:
            raise ValueError("baud %r is none of %s" % (meter["baud"], str(_BAUDS)))
        rules.whole("line", meter.get("line", 0), 0, _LINES_MAX - 1)

    def _check_quantities(self, quantities):
        for quantity in _TOTALS:
            count = quantities.count(quantity)
            if count > 1:
                raise ValueError("one meter of %s rules a site, here are %d" % (quantity, count))
        if self.curve:
            if "level" not in quantities or "water" in quantities:
                raise ValueError("a channel has a level meter, and its curve is the water meter")
        elif "water" not in quantities and "energy" not in quantities:
            raise ValueError("a site has a water meter, or an energy meter that stands for it")


def read(data):
    """Return the Configuration in a document's JSON bytes. Raises BadConfiguration."""
    try:
        document = json.loads(data)
        data = None  # a document has up to 4 kB, and takes five times as much once it is read
        return Configuration(document)
    except KeyError as error:
        raise BadConfiguration("configuration: %s is missing" % error)
    except MemoryError:  # brackets in brackets, without end, too
        document = None
        raise BadConfiguration("configuration: too large to be checked: name fewer cards")
    except (
        ValueError, TypeError, AttributeError, BadSetting, ProtocolError, RuntimeError,
    ) as error:  # fmt: skip
        # The last one: brackets in brackets, where there is heap for them.
        raise BadConfiguration("configuration: %s" % error)


def take_place(port, places, meter, protocol, counts):
    """Give a meter its place on its line. `places`: those that are taken; `counts`: its total, or `level_mm`.

    Raises BadConfiguration where it does not fit.
    """
    line = meter.get("line", 0)
    if line >= len(port.uarts):
        raise BadConfiguration("configuration: this controller has no meter line %d" % line)
    if counts != (_TOTALS[meter["quantity"]] or "level_mm"):
        raise BadConfiguration("configuration: %s counts no %s" % (meter["profile"], meter["quantity"]))
    address = str(meter["address"])
    for other in places.setdefault((line, protocol), []):
        # A wildcard asks whoever is there.
        if address == other or "A" in address + other:
            raise BadConfiguration("configuration: address %s is taken on its line" % address)
    places[line, protocol].append(address)


def take_input(port, meter):
    """See that a meter that sends pulses has an input to send them to. Raises BadConfiguration."""
    number = meter.get("input", 0)
    if number >= getattr(port, "inputs", 2):
        raise BadConfiguration("configuration: this controller has no pulse input %d" % number)


def profiles(port, meters):
    """Return the Profile of each meter, None for one that sends pulses.

    Raises BadConfiguration for one that does not ship or fit, or stands in another's place.
    """
    found: list = []
    places: dict = {}
    for meter in meters:
        if meter["profile"] is None:
            take_input(port, meter)
            found.append(None)
            continue
        try:
            name = "karez_protocols/profiles/%s.json" % meter["profile"]
            profile = Profile(json.loads(port.resource(name)), meter.get("baud"))
            profile.codec.encode_request(profile.request(0, meter["address"]))
        except (OSError, ProtocolError, AttributeError, TypeError, ValueError) as error:
            raise BadConfiguration("configuration: meter %s: %s" % (meter["profile"], error))
        is_level = "level_mm" in profile.names
        take_place(port, places, meter, profile.protocol, profile.total or (is_level and "level_mm"))
        # Only people ask for these; they need not live for months.
        profile.name = profile.meaning = profile.reverse = profile.status = None
        profile.bits, profile.address = "", 0
        found.append(profile)
    return found
