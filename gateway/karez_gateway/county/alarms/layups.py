"""Winter lay-up: pipe drained, water meter taken off, box asleep. Acts in, lay-ups out.

Winter is a state: a well that sleeps for months is not called silent. It ends by a person, or by itself on
the day that was said. What was read off the meter stands in the acts; the books are not changed by it: litres
follow the meter itself, and a meter that comes back with another reading opens a segment at the box.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from karez_gateway.county.alarms.words import thousandths
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused
from karez_gateway.store.acts import Act

BEGUN, ENDED = "lay-up-begun", "lay-up-ended"
SORTS = (BEGUN, ENDED)
SERIAL_BYTES_MAX = 64
SILENT_S = 6 * 3600  # a box that is asleep already
DAYS_MAX = 300  # a well that rests for longer is no well in winter: retire it in the registry


@dataclass(slots=True)
class Layup:
    """One of them; its number is that of the act that began it. Registers in litres, None: meter stays on."""

    number: int
    site: str
    from_utc_s: int
    until_utc_s: int
    by: str
    because: str
    document: str
    log_index: int | None
    energy_wh: int | None  # the well's last known registers; what it takes: see resting.py
    serial: str
    closing_l: int | None
    ended_by: str = ""
    ended_utc_s: int | None = None
    opening_l: int | None = None
    volume_l: int | None = None

    def holds(self, utc_s: int) -> bool:
        """True at a moment within it."""
        return self.from_utc_s <= utc_s < self.until_utc_s and (
            self.ended_utc_s is None or utc_s < self.ended_utc_s
        )

    @property
    def moved_l(self) -> int | None:
        """What the register moved while the meter was off; None: one of the two readings is missing."""
        if self.opening_l is None or self.closing_l is None:
            return None
        return self.opening_l - self.closing_l


def fold(acts: Iterable[Act]) -> dict[int, Layup]:
    """All of them by number, from their acts, oldest first."""
    found: dict[int, Layup] = {}
    for act in acts:
        said: dict[str, Any] = json.loads(act.detail)
        if act.sort == BEGUN:
            found[act.id] = Layup(
                act.id,
                said["site"],
                act.utc_s,
                said["until_utc_s"],
                act.by,
                act.because,
                act.document,
                act.log_index,
                said["energy_wh"],
                said["serial"],
                said["closing_l"],
                volume_l=said.get("volume_l"),
            )
        elif act.sort == ENDED and said["layup"] in found:
            one = found[said["layup"]]
            one.ended_utc_s, one.ended_by, one.opening_l = act.utc_s, act.by, said["opening_l"]
    return found


def resting(found: Mapping[int, Layup], now_s: int) -> dict[str, Layup]:
    """Site -> the lay-up that holds there now."""
    return {one.site: one for one in found.values() if one.holds(now_s)}


def beginning(
    found: Mapping[int, Layup],
    site: str,
    span: tuple[int, int],
    registers: tuple[int | None, int | None],
    meter: tuple[str, int | None],
) -> dict[str, Any]:
    """What the act of beginning one says. Raises Refused.

    `registers`: the well's last (E in Wh, W in litres); `meter`: (serial, closing register).
    """
    now_s, until_utc_s = span
    serial, closing_l = meter
    held = resting(found, now_s).get(site)
    if held is not None:
        raise Refused(f"{site} is laid up already, by {held.by}: lay-up {held.number}")
    due = next((one for one in found.values() if one.site == site and one.ended_utc_s is None), None)
    if due is not None:
        reading = f" --opening and what meter {due.serial} shows now" if due.serial else ""
        raise Refused(
            f"lay-up {due.number} of {site} is due, and nobody has ended it: end it first, with karez "
            f"gateway layup end {site}{reading}"
        )
    if until_utc_s <= now_s:
        raise Refused("--until is past: say on which day the well is looked at again")
    if until_utc_s - now_s > DAYS_MAX * 86400:
        raise Refused(f"--until is more than {DAYS_MAX} days away: a well that rests so long is retired")
    if bool(serial) != (closing_l is not None):
        raise Refused("a meter that is taken off has a number and a reading: say --meter and --closing both")
    if serial and (not serial.strip() or not serial.isprintable() or len(serial.encode()) > SERIAL_BYTES_MAX):
        raise Refused(
            f"--meter is one line of at most {SERIAL_BYTES_MAX} bytes: the number on the meter's plate"
        )
    return {
        "site": site,
        "until_utc_s": until_utc_s,
        "energy_wh": registers[0],
        "volume_l": registers[1],
        "serial": serial,
        "closing_l": closing_l,
    }


def unwatched(heard_s: int | None, energy_wh: int | None, volume_l: int | None, serial: str) -> list[str]:
    """What nobody will see while a well rests, in sentences; `heard_s`: how long ago it was heard last."""
    if heard_s is None:
        return ["nothing was ever heard of it: neither energy nor water is watched before its first record"]
    found = []
    if energy_wh is None:
        found.append("its box says no energy: energy is not watched before it does")
    if volume_l is None or serial:
        why = "its meter is off" if serial else "its box says no water"
        found.append(f"{why}: water is not watched before it is there")
    if len(found) > 1:
        found.append("so nothing watches this well: let somebody go there")
    if heard_s >= SILENT_S:
        found.append(
            f"it was heard last {counted(heard_s // 3600, 'hour')} ago: while it sleeps nothing is seen"
        )
    return found


def ending(found: Mapping[int, Layup], site: str, now_s: int, opening_l: int | None) -> dict[str, Any]:
    """What the act of ending a site's lay-up says. Raises Refused."""
    of_site = [one for one in found.values() if one.site == site and one.ended_utc_s is None]
    if not of_site:
        raise Refused(f"{site} is not laid up: see karez gateway layup list --all")
    one = of_site[-1]
    if (one.closing_l is None) != (opening_l is None):
        raise Refused(
            f"meter {one.serial} was taken off at {thousandths(one.closing_l or 0)} m³: say its reading now "
            "with --opening"
            if opening_l is None
            else "no meter was taken off: there is no --opening"
        )
    if now_s < one.from_utc_s:
        raise Refused(f"lay-up {one.number} begins later than this machine's clock says: set the clock")
    return {"layup": one.number, "opening_l": opening_l}
