"""What the parts of a commissioning must agree on; every fault with its place, as faults.py has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import chain

from . import judgement
from .commissioning import BOX_SWAP, CHECKS, COMMISSIONING, METER_SWAP
from .commissioning_fields import plain
from .faults import Faults, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .commissioning import Commissioning, Meter
    from .faults import Fault

# What a person must have done, or have said why not. A swapped box is wired anew to the same meters.
NEEDED = {COMMISSIONING: CHECKS, BOX_SWAP: ("scan", "contactor"), METER_SWAP: ("scan", "dial")}


def check(found: Commissioning) -> list[Fault]:
    """Every fault between the parts of a commissioning whose members are sound by themselves."""
    faults = Faults()
    if found.begun_utc_s > found.finished_utc_s:
        faults.add("finished_utc_s", "ends-before", begun=found.begun_utc_s)
    _site(faults, found)
    for at, one in enumerate(found.meters):
        _meter(faults, f"meters[{at}]", one)
    _twice(faults, "meters[{}].quantity", [one.quantity for one in found.meters])
    _twice(faults, "seals[{}].number", [one.number for one in found.seals])
    _twice(faults, "photos[{}].file", [one.file for one in found.photos])
    for at, seal in enumerate(found.seals):
        if seal.meter is not None and seal.meter not in {one.quantity for one in found.meters}:
            faults.add(f"seals[{at}].meter", "no-such-meter", value=seal.meter)
    for at, photo in enumerate(found.photos):
        if "/" in photo.file or "\\" in photo.file:
            faults.add(f"photos[{at}].file", "has-folder", value=shown(photo.file))
    _swaps(faults, found)
    _checks(faults, found)
    return faults.found


def _site(faults: Faults, found: Commissioning) -> None:
    site = found.site
    if len(site.code.encode()) > 16:  # the binding's t16
        faults.add("site.code", "text-long", value=shown(site.code), most=16)
    if site.name_en is None and site.name_zh is None:
        faults.add("site.name_zh", "no-name")
    if (site.latitude_udeg is None) != (site.longitude_udeg is None):
        missing = "latitude_udeg" if site.latitude_udeg is None else "longitude_udeg"
        faults.add(f"site.{missing}", "half-place")
    if chain.controller_name(bytes.fromhex(found.controller.key)) != found.controller.name:
        faults.add("controller.name", "name-not-key", value=shown(found.controller.name))


def _meter(faults: Faults, path: str, one: Meter) -> None:
    on_line = {name: getattr(one, name) for name in ("profile", "line", "address", "baud")}
    if one.pulse_milli is not None:
        wrong = [name for name, value in on_line.items() if value is not None]
    else:
        wrong = [name for name, value in on_line.items() if value is None]
    for name in wrong:
        faults.add(f"{path}.{name}", "pulse-or-line")


def _twice(faults: Faults, place: str, values: Sequence[str]) -> None:
    for at, value in enumerate(values):
        if value in values[:at]:
            faults.add(place.format(at), "twice")


def _swaps(faults: Faults, found: Commissioning) -> None:
    if (found.replaced_box is not None) != (found.kind == BOX_SWAP):
        faults.add("replaced_box", "not-of-kind", kind=found.kind)
    elif found.replaced_box is not None and found.replaced_box.name == found.controller.name:
        faults.add("replaced_box.name", "same-box")
    if bool(found.replaced_meters) != (found.kind == METER_SWAP):
        faults.add("replaced_meters", "not-of-kind", kind=found.kind)
    mounted = {one.quantity: one for one in found.meters}
    _twice(faults, "replaced_meters[{}].quantity", [one.quantity for one in found.replaced_meters])
    for at, one in enumerate(found.replaced_meters):
        path = f"replaced_meters[{at}]"
        new = mounted.get(one.quantity)
        if new is None:
            faults.add(f"{path}.quantity", "no-such-meter", value=one.quantity)
        elif new.dial_start not in (None, one.opening):
            faults.add(f"{path}.opening", "opening-differs", dial=new.dial_start)


def _checks(faults: Faults, found: Commissioning) -> None:
    mounted = {one.quantity for one in found.meters}
    skipped = {one.check for one in found.skipped}
    _twice(faults, "skipped[{}].check", [one.check for one in found.skipped])
    for kind in CHECKS:
        done = getattr(found.checks, kind)
        if not done and kind in NEEDED[found.kind] and kind not in skipped:
            faults.add(f"checks.{kind}", "neither-done")
        for at, one in enumerate(done):
            path = f"checks.{kind}[{at}]"
            quantity = getattr(one, "quantity", None)
            # What nothing answered for is not mounted.
            if quantity is not None and quantity not in mounted and one.outcome == "passed":
                faults.add(f"{path}.quantity", "no-such-meter", value=quantity)
            _reckoned(faults, path, one)


def _reckoned(faults: Faults, path: str, one: Any) -> None:
    said = plain(one)
    for name, value in judgement.reckoned(one).items():
        if said[name] != value:
            faults.add(f"{path}.{name}", "reckoned-otherwise", value=shown(said[name]), reckoned=shown(value))
