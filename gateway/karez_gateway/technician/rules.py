"""What a configuration may say (docs/configuration.md): the desk's own check, which names every fault.

The controller checks again, and its word counts. tests/gateway/test_technician_rules.py holds both
against each other, field by field.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from importlib import resources
from typing import Any

from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

from .faults import Fault, Faults, shown

TOP = "settings link meters channel accounts ceilings_l blocked windows areas"
LINK = "host port tls_name apn ssid secret dns"
METER = "quantity profile address line baud"
PULSES = "quantity pulse_milli input"
TABLE = "version kind zero_mm rows"
WEIR = "version kind zero_mm coefficient level_max_mm"
WEEKLY = "days from to"
CYCLE = "cycle_days open_days first_day from to"

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
TOTALS = {"water": "volume_l", "energy": "energy_wh", "witness": "volume_l", "level": None}
ACCOUNTS_MAX = 32
WINDOWS_MAX = 16
CYCLE_DAYS_MAX = 60
AREA_BYTES_MAX = 16
_U4 = 0xFFFF_FFFE
_Places = dict[tuple[str, str], list[str]]  # line and protocol -> addresses on it
_CARD = re.compile(r"[0-9a-fA-F]{16}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")

# name -> least, greatest
SETTINGS = {
    "poll_pumping_ms": (500, 2000),
    "poll_idle_ms": (1000, 60000),
    "interval_idle_s": (60, 86400),
    "interval_pumping_s": (60, 86400),
    "checkpoint_pumping_s": (60, 21600),
    "checkpoint_idle_s": (60, 86400),
    "restart_delay_s": (0, 3600),
    "contactor_delay_ms": (10, 1000),
    "warn_first_percent": (50, 100),
    "warn_percent": (50, 100),
    "utc_offset_min": (-720, 840),
    "run_max_s": (0, 604800),
    "offline_l": (0, 1000000000),
    "quiet_days": (1, 365),
    "voltage_dv": (1000, 4200),
    "phase_loss_percent": (0, 90),
    "voltage_low_percent": (0, 99),
    "voltage_high_percent": (101, 200),
    "voltage_delay_s": (1, 600),
    "current_ca": (0, 100000),
    "current_percent": (101, 1000),
    "current_delay_s": (1, 600),
    "dry_percent": (0, 90),
    "dry_delay_s": (5, 600),
    "lockout_s": (60, 14400),
    "lockout_trips": (1, 100),
    "no_water_stop_s": (0, 86400),
    "artesian": (0, 1),
    "resume_min_s": (60, 900),
    "resume_max_s": (60, 900),
}


def check(document: Any) -> list[Fault]:
    """Return every fault of a configuration, in the order of the page; none: it can be sent."""
    faults = Faults()
    if faults.is_object("(document)", document):
        for name in document:
            if name not in TOP.split():
                faults.add(name, "unknown-name", known=", ".join(TOP.split()))
        faults.needs("", document, "settings accounts link meters")
        _settings(faults, document.get("settings", {}))
        _people(faults, document)
        for index, window in enumerate(_listed(faults, document, "windows", WINDOWS_MAX)):
            _window(faults, f"windows[{index}]", window)
        for index, area in enumerate(_listed(faults, document, "areas")):
            _area(faults, f"areas[{index}]", area)
        if "link" in document:
            _link(faults, document["link"])
        if "channel" in document:
            _channel(faults, document["channel"])
        if "meters" in document:
            _meters(faults, document["meters"], is_channel="channel" in document)
    return faults.found


def _listed(faults: Faults, document: dict[str, Any], name: str, most: int | None = None) -> list[Any]:
    value = document.get(name, [])
    if not faults.is_list(name, value):
        return []
    if most is not None and len(value) > most:
        faults.add(name, "too-many", count=len(value), most=most)
    return list(value)


def _settings(faults: Faults, settings: Any) -> None:
    if faults.is_object("settings", settings):
        for name, value in settings.items():
            if name not in SETTINGS:
                faults.add(f"settings.{name}", "unknown-setting")
            else:
                faults.is_whole(f"settings.{name}", value, *SETTINGS[name])


def _card(faults: Faults, path: str, card: Any) -> bool:
    is_card = isinstance(card, str) and _CARD.fullmatch(card) is not None
    return is_card or faults.add(path, "no-card", value=shown(card))


def _people(faults: Faults, document: dict[str, Any]) -> None:
    numbers: set[int] = set()
    accounts = document.get("accounts", {})
    seen: set[str] = set()
    for card, number in accounts.items() if faults.is_object("accounts", accounts) else ():
        path = f"accounts.{card}"
        if _card(faults, path, card) and card.lower() in seen:
            faults.add(path, "twice")
        seen.add(card.lower())
        if faults.is_whole(path, number, 1, _U4):
            numbers.add(number)
    ceilings = document.get("ceilings_l", {})
    held: set[int] = set()
    for text, litres in ceilings.items() if faults.is_object("ceilings_l", ceilings) else ():
        path = f"ceilings_l.{text}"
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= _U4:
            faults.add(path, "no-account")
        elif int(text) in held:
            faults.add(path, "twice")
        else:
            held.add(int(text))
        faults.is_whole(path, litres, 0, 1 << 40)
    if len(numbers | held) > ACCOUNTS_MAX:
        faults.add("accounts", "too-many", count=len(numbers | held), most=ACCOUNTS_MAX)
    for index, card in enumerate(_listed(faults, document, "blocked")):
        _card(faults, f"blocked[{index}]", card)


def _time(faults: Faults, path: str, text: Any) -> bool:
    is_time = isinstance(text, str) and _TIME.fullmatch(text) is not None
    return is_time or faults.add(path, "no-time", value=shown(text))


def _window(faults: Faults, path: str, window: Any) -> None:
    if not isinstance(window, dict):
        faults.add(path, "no-object")
        return
    names = WEEKLY if "days" in window else CYCLE
    faults.is_object(path, window, names)
    faults.needs(path, window, names)
    ends = [name for name in ("from", "to") if name in window]
    are_times = [_time(faults, f"{path}.{name}", window[name]) for name in ends]
    if are_times == [True, True]:
        if window["from"] == "24:00" or window["to"] == "00:00":
            faults.add(path, "window-ends")
        elif window["from"] == window["to"]:
            faults.add(path, "window-empty")
    if "days" in window:
        days = window["days"]
        if not isinstance(days, str) or not days or set(days) - set("1234567"):
            faults.add(f"{path}.days", "no-days", value=shown(days))
        return
    whole = [
        name in window and faults.is_whole(f"{path}.{name}", window[name], 1, CYCLE_DAYS_MAX)
        for name in ("cycle_days", "open_days")
    ]
    if all(whole) and window["open_days"] > window["cycle_days"]:
        faults.is_whole(f"{path}.open_days", window["open_days"], 1, window["cycle_days"])
    if "first_day" in window and not _is_day(window["first_day"]):
        faults.add(f"{path}.first_day", "no-day", value=shown(window["first_day"]))


def _is_day(text: Any) -> bool:
    if not isinstance(text, str) or re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", text) is None:
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _area(faults: Faults, path: str, area: Any) -> None:
    if faults.is_text(path, area) and len(area.encode("utf-8", "replace")) > AREA_BYTES_MAX:
        faults.add(path, "text-long", value=shown(area), most=AREA_BYTES_MAX)


def _link(faults: Faults, link: Any) -> None:
    if not faults.is_object("link", link, LINK):
        return
    faults.needs("link", link, "host port")
    if "host" in link:
        faults.is_text("link.host", link["host"])
    if "port" in link:
        faults.is_whole("link.port", link["port"], 1, 65_535)
    for name in LINK.split()[2:]:
        value = link.get(name)
        is_text = value is not None and faults.is_text(f"link.{name}", value)
        if is_text and name == "dns" and not _is_server(value):
            faults.add("link.dns", "no-server", value=shown(value))


def _is_server(text: str) -> bool:
    host, _, port = text.partition(":")
    parts = host.split(".")
    is_address = len(parts) == 4 and all(part.isdecimal() and int(part) < 256 for part in parts)
    return is_address and (":" not in text or (port.isdecimal() and 0 < int(port) < 65_536))


def _channel(faults: Faults, channel: Any) -> None:
    if not isinstance(channel, dict):
        faults.add("channel", "no-object")
        return
    kind = channel.get("kind")
    if kind not in ("table", "weir", "v-notch"):
        faults.add("channel.kind", "no-curve", value=shown(kind))
        return
    names = TABLE if kind == "table" else WEIR
    faults.is_object("channel", channel, names)
    faults.needs("channel", channel, names.replace(" zero_mm", ""))
    ranges = {"version": (1, 65_534), "zero_mm": (-100_000, 100_000)}
    if kind != "table":
        ranges |= {"coefficient": (1, 1 << 48), "level_max_mm": (1, 65_535)}
    sound = {
        name
        for name, (least, greatest) in ranges.items()
        if name in channel and faults.is_whole(f"channel.{name}", channel[name], least, greatest)
    }
    if kind == "table" and "rows" in channel:
        _curve_rows(faults, channel["rows"])
    elif {"coefficient", "level_max_mm"} <= sound:
        # c h^(3/2) or c h^(5/2), c in millionths: what a record's flow can hold.
        power = channel["level_max_mm"] ** (3 if kind == "weir" else 5)
        flow_lph = math.isqrt(channel["coefficient"] ** 2 * power) // 1_000_000
        if flow_lph > _U4:
            faults.add("channel", "flow-much", flow_lph=flow_lph, most=_U4)


def _curve_rows(faults: Faults, rows: Any) -> None:
    if not faults.is_list("channel.rows", rows):
        return
    if not 2 <= len(rows) <= 64:
        faults.add("channel.rows", "row-count", count=len(rows))
    before = None
    for index, row in enumerate(rows):
        path = f"channel.rows[{index}]"
        if not isinstance(row, list) or len(row) != 2:
            faults.add(path, "no-pair", value=shown(row))
            continue
        if not (faults.is_whole(path, row[0], 0, 65_535) & faults.is_whole(path, row[1], 0, _U4)):
            continue
        if before is not None and (row[0] <= before[0] or row[1] < before[1]):
            faults.add(path, "row-falls")
        before = row


def _meters(faults: Faults, meters: Any, *, is_channel: bool) -> None:
    if not faults.is_list("meters", meters):
        return
    places: _Places = {}
    for index, meter in enumerate(meters):
        path = f"meters[{index}]"
        if isinstance(meter, dict):
            _meter(faults, path, meter, places)
        else:
            faults.add(path, "no-object")
    quantities = [meter.get("quantity") for meter in meters if isinstance(meter, dict)]
    for quantity in TOTALS:
        if quantities.count(quantity) > 1:
            faults.add("meters", "meters-same", quantity=quantity, count=quantities.count(quantity))
    if is_channel and ("level" not in quantities or "water" in quantities):
        faults.add("meters", "channel-meters")
    if not is_channel and "water" not in quantities and "energy" not in quantities:
        faults.add("meters", "no-meter")


def _meter(faults: Faults, path: str, meter: dict[str, Any], places: _Places) -> None:
    quantity = meter.get("quantity")
    is_quantity = isinstance(quantity, str) and quantity in TOTALS
    if "quantity" not in meter:
        faults.add(f"{path}.quantity", "missing")
    elif not is_quantity:
        faults.add(f"{path}.quantity", "no-quantity", value=shown(quantity), known=", ".join(TOTALS))
    if "pulse_milli" in meter:
        faults.is_object(path, meter, PULSES)
        if quantity == "level":
            faults.add(f"{path}.pulse_milli", "level-pulses")
        faults.is_whole(f"{path}.pulse_milli", meter["pulse_milli"], 1, 10_000_000)
        faults.is_whole(f"{path}.input", meter.get("input", 0), 0, 1)
        return
    faults.is_object(path, meter, METER)
    faults.needs(path, meter, "profile address")
    faults.is_whole(f"{path}.line", meter.get("line", 0), 0, 1)
    is_baud = meter.get("baud") is None or (type(meter["baud"]) is int and meter["baud"] in BAUDS)
    if not is_baud:
        faults.add(f"{path}.baud", "no-baud", value=shown(meter["baud"]), known=", ".join(map(str, BAUDS)))
    if "address" in meter and "profile" in meter:
        _mounted(faults, path, meter, quantity if is_quantity else None, places)


def _mounted(faults: Faults, path: str, meter: dict[str, Any], quantity: str | None, places: _Places) -> None:
    address, name = meter["address"], meter["profile"]
    if not isinstance(address, str):
        if not faults.is_whole(f"{path}.address", address, 1, 247):
            return
    elif not address:
        faults.add(f"{path}.address", "no-text", value="''")
        return
    if not faults.is_text(f"{path}.profile", name):
        return
    if name not in profiles():
        faults.add(f"{path}.profile", "no-profile", value=shown(name), known=", ".join(profiles()))
        return
    profile = _profile(name)
    try:
        profile.codec.encode_request(profile.request(0, address))
    except (ProtocolError, AttributeError, TypeError, ValueError):
        faults.add(f"{path}.address", "address-shape", value=shown(address), profile=name)
        return
    is_level = "level_mm" in profile.names
    if quantity is not None and (profile.total != TOTALS[quantity] or (quantity == "level") != is_level):
        faults.add(f"{path}.profile", "counts-no", profile=name, quantity=quantity)
    taken = places.setdefault((str(meter.get("line", 0)), profile.protocol), [])
    if any(str(address) == other or "A" in str(address) + other for other in taken):
        faults.add(f"{path}.address", "address-taken", value=shown(address))
    taken.append(str(address))


def _profile(name: str) -> Any:
    text = resources.files("karez_protocols").joinpath("profiles", f"{name}.json").read_text(encoding="utf-8")
    return Profile(json.loads(text))


def profiles() -> list[str]:
    """Names of the meter profiles that come with this tool."""
    files = resources.files("karez_protocols").joinpath("profiles").iterdir()
    return sorted(one.name[:-5] for one in files if one.name.endswith(".json") and one.name.count(".") == 1)
