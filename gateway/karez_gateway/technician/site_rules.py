"""What a site's file may say (docs/provisioning.md): site and meters, and the controller's configuration.

`[site]` and the dials of the meters become the binding, all else the configuration. Every fault is named by
its place; the controller checks again, and its word counts.
"""

from __future__ import annotations

import math
from typing import Any

from karez_protocols import binding, record, site_class

from . import rules
from .faults import Fault, Faults, shown

SITE = (
    "name class fail gateway rated_flow_lph rated_power_w upper_ml_per_wh reference_ml_per_wh "
    "physical_ml_per_wh riser_l conversion"
)
CONVERSION = "litres_per_kwh version method"
# What stands on a meter and its dial, and is none of the configuration's.
DIAL = "serial register_l register_wh multiplier_ppm"
REGISTERS = {"water": "register_l", "energy": "register_wh"}

CLASSES = {
    "irrigation": site_class.IRRIGATION,
    "domestic": site_class.DOMESTIC,
    "livestock": site_class.LIVESTOCK,
    "industry": site_class.INDUSTRY,
}
FAILS = {"stopped": binding.FAIL_STOPPED, "running": binding.FAIL_RUNNING}
METHODS = {"converted": record.CONVERTED, "converted-group": record.CONVERTED_GROUP}
GATEWAY = "gateway"

_TEXT_BYTES = 16  # binding.HEADER, binding.SEGMENT
_U4 = 0xFFFF_FFFE  # all ones are unknown
_U6 = (1 << 48) - 2
_PPM_PER_LITRE = 1_000  # litres a kWh to ppm of a litre a Wh
# Of the site, as the binding takes them: least and greatest.
NUMBERS = {
    "rated_flow_lph": (1, _U4),
    "rated_power_w": (1, _U4),
    "upper_ml_per_wh": (1, _U4),
    "reference_ml_per_wh": (1, _U4),
    "physical_ml_per_wh": (1, _U4),
    "riser_l": (0, _U4),
}


def config_of(document: dict[str, Any]) -> dict[str, Any]:
    """The configuration that a site's file holds."""
    config = {name: value for name, value in document.items() if name != "site"}
    if isinstance(config.get("meters"), list):
        config["meters"] = [_without_dial(meter) for meter in config["meters"]]
    return config


def _without_dial(meter: Any) -> Any:
    if not isinstance(meter, dict):
        return meter
    return {name: value for name, value in meter.items() if name not in DIAL.split()}


def check(document: Any) -> list[Fault]:
    """Return every fault of a site's file; none: a binding and a configuration can be made of it."""
    faults = Faults()
    if not faults.is_object("(document)", document):
        return faults.found
    site = document.get("site")
    if site is None:
        faults.add("site", "missing")
    elif faults.is_object("site", site, SITE):
        _site(faults, site)
    meters = document.get("meters")
    mounted = [one for one in meters if isinstance(one, dict)] if isinstance(meters, list) else []
    for index, meter in enumerate(mounted):
        _dial(faults, f"meters[{index}]", meter, document)
    if isinstance(site, dict):
        _together(faults, site, mounted, document.get("channel"))
    return faults.found + rules.check(config_of(document))


def _site(faults: Faults, site: dict[str, Any]) -> None:
    faults.needs("site", site, "name class fail rated_flow_lph upper_ml_per_wh riser_l")
    for name in ("name", "gateway"):
        if name in site:
            _text(faults, f"site.{name}", site[name])
    for name, known in (("class", CLASSES), ("fail", FAILS)):
        if name in site:
            _one_of(faults, f"site.{name}", site[name], known)
    for name, (least, greatest) in NUMBERS.items():
        if name in site:
            faults.is_whole(f"site.{name}", site[name], least, greatest)
    conversion = site.get("conversion")
    if conversion is not None and faults.is_object("site.conversion", conversion, CONVERSION):
        faults.needs("site.conversion", conversion, "litres_per_kwh version")
        if "litres_per_kwh" in conversion:
            most = _U4 // _PPM_PER_LITRE
            faults.is_whole("site.conversion.litres_per_kwh", conversion["litres_per_kwh"], 1, most)
        if "version" in conversion:
            faults.is_whole("site.conversion.version", conversion["version"], 1, 65_534)
        _one_of(faults, "site.conversion.method", conversion.get("method", "converted"), METHODS)


def _one_of(faults: Faults, path: str, value: Any, known: dict[str, int]) -> None:
    if not isinstance(value, str) or value not in known:
        faults.add(path, "no-choice", value=shown(value), known=", ".join(known))


def _text(faults: Faults, path: str, value: Any) -> None:
    if not faults.is_text(path, value):
        return
    if len(value.encode("utf-8", "replace")) > _TEXT_BYTES:
        faults.add(path, "text-long", value=shown(value), most=_TEXT_BYTES)
    elif not value.isprintable() or value != value.strip():
        faults.add(path, "text-odd", value=shown(value))


def _dial(faults: Faults, path: str, meter: dict[str, Any], document: dict[str, Any]) -> None:
    """What the binding counts by has a number on it, and a register that somebody has read."""
    quantity = meter.get("quantity")
    if "serial" in meter:
        _text(faults, f"{path}.serial", meter["serial"])
    for name, unit in REGISTERS.items():
        if unit in meter and quantity != name:
            faults.add(f"{path}.{unit}", "dial-other", quantity=quantity)
    if "multiplier_ppm" in meter:
        faults.is_whole(f"{path}.multiplier_ppm", meter["multiplier_ppm"], 1, _U4)
    is_counted = quantity in _counted(document)
    if is_counted and "serial" not in meter:
        faults.add(f"{path}.serial", "missing")
    unit = REGISTERS.get(str(quantity), "")
    if not unit:
        return
    if "pulse_milli" in meter:
        if meter.get(unit, 0) != 0:
            faults.add(f"{path}.{unit}", "dial-pulses")
    elif unit in meter:
        faults.is_whole(f"{path}.{unit}", meter[unit], 0, _U6)
    elif is_counted:
        faults.add(f"{path}.{unit}", "dial-missing")


def _counted(document: dict[str, Any]) -> set[str]:
    """The quantities whose meters stand in the binding."""
    site = document.get("site")
    found = {"energy"}
    if "channel" in document:
        found.add("level")
    elif not isinstance(site, dict) or "conversion" not in site:
        found.add("water")
    return found


def _together(faults: Faults, site: dict[str, Any], meters: list[dict[str, Any]], channel: Any) -> None:
    """What fits alone and not together."""
    quantities = [meter.get("quantity") for meter in meters]
    if "energy" in quantities and "rated_power_w" not in site:
        faults.add("site.rated_power_w", "missing")
    if "conversion" in site:
        if "energy" not in quantities:
            faults.add("site.conversion", "conversion-meter")
        if channel is not None:
            faults.add("site.conversion", "conversion-channel")
    elif channel is None and "water" not in quantities and "energy" in quantities:
        faults.add("site.conversion", "conversion-missing")
    greatest_lph, rated_lph = _greatest_lph(channel), site.get("rated_flow_lph")
    if greatest_lph is not None and isinstance(rated_lph, int) and greatest_lph > rated_lph:
        faults.add("site.rated_flow_lph", "channel-rated", value=rated_lph, greatest=greatest_lph)


def _greatest_lph(channel: Any) -> int | None:
    """The greatest flow of a rating curve; None for what is none, which the configuration's check names."""
    try:
        if channel["kind"] == "table":
            return max(int(row[1]) for row in channel["rows"])
        power = {"weir": 3, "v-notch": 5}[channel["kind"]]
        return int(channel["coefficient"] * math.isqrt(channel["level_max_mm"] ** power)) // 1_000_000
    except (KeyError, TypeError, ValueError, IndexError):
        return None
