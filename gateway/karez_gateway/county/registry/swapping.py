"""A meter is swapped: the old one closed with its last register, the new one opened with its first."""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.registry.fields import Value
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text
from karez_gateway.errors import Refused

# What is of the place and not of the meter: its successor has it too unless it is said otherwise.
_OF_THE_PLACE = ("multiplier_milli",)
_OF_ONE_STAY = ("to_date", "closing_milli", "opening_milli")


class Swap(NamedTuple):
    """What a person says of it; registers in thousandths, `others`: more fields of the new meter."""

    site: str
    quantity: str
    day: str
    closing_milli: int
    serial: str
    opening_milli: int
    others: Mapping[str, Value]


def swap(registry: Registry, one: Swap) -> list[tuple[str, str, Values]]:
    """The two meters as they are afterwards. Raises Refused."""
    if registry.get("site", one.site) is None:
        raise Refused(f"there is no site {one.site}: karez gateway registry show site lists them")
    old = _open_at(registry, one.site, one.quantity)
    if old == one.serial:
        raise Refused(f"{one.serial} is the meter that hangs there: name the new one")
    closed = {**registry["meter", old], "to_date": one.day, "closing_milli": one.closing_milli}
    inherited = {key: closed[key] for key in _OF_THE_PLACE if key in closed}
    known = dict(registry.get("meter", one.serial) or {})  # a meter that hung elsewhere before
    if known and not text(known, "to_date"):
        raise Refused(f"meter {one.serial} counts at {text(known, 'site')} still: close it there first")
    kept = {key: value for key, value in known.items() if key not in _OF_ONE_STAY}
    said: dict[str, Value] = {
        "serial": one.serial,
        "site": one.site,
        "quantity": one.quantity,
        "from_date": one.day,
        "opening_milli": one.opening_milli,
    }
    return [("meter", old, closed), ("meter", one.serial, {**kept, **inherited, **one.others, **said})]


def _open_at(registry: Registry, site: str, quantity: str) -> str:
    """Serial number of the meter that counts a quantity there. Raises Refused."""
    found = [
        serial
        for serial, values in registry.of_kind("meter")
        if text(values, "site") == site
        and text(values, "quantity") == quantity
        and not text(values, "to_date")
    ]
    if len(found) != 1:
        raise Refused(
            f"site {site} has no meter of {quantity} in the registry that could be swapped: import it"
        )
    return found[0]


def field_value(key: str, option: str, said: str) -> Value:
    """A field of a meter from an option. Raises Refused naming it."""
    one = next(one for one in KINDS["meter"].fields if one.key == key)
    try:
        return one.sort.read(said.strip())
    except Refused as error:
        raise Refused(f"{option}: {error}") from None
