"""What commissionings say and the registry does not: rows that a person completes and imports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from karez_gateway.calendars import Calendar
from karez_gateway.county.registry.fields import Value
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text
from karez_gateway.technician.commissioning import Commissioning, Meter, ReplacedMeter

QUANTITIES = {"water": "water", "energy": "energy", "level": "level"}  # a witness stands beside the books
CLASSES = {"irrigation": "farming", "domestic": "domestic", "livestock": "farming", "industry": "industry"}
SOURCES = {"groundwater": "ground", "surface": "surface", "reclaimed": "reclaimed"}

Row = Mapping[str, Value]


@dataclass(slots=True)
class Proposal:
    """Rows by kind and name, whole objects as far as they are known; `notes`: what a person must find out."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Row]:
        """Rows of a kind, by name."""
        return [row for (one, _), row in sorted(self.rows.items()) if one == kind]


def propose(registry: Registry, files: Iterable[Commissioning], calendar: Calendar) -> Proposal:
    """Rows for what commissionings, in the order they came, say differently from the registry."""
    out = Proposal()
    for says in files:
        day = calendar.local(says.finished_utc_s).date().isoformat()
        for replaced in says.replaced_meters:
            _close(registry, says, replaced, day, out)
        for meter in says.meters:
            _meter(registry, says, meter, day, out)
        _site(registry, says, out)
    for key in [key for key, row in out.rows.items() if registry.get(*key) == row]:
        del out.rows[key]
    return out


def _known(registry: Registry, out: Proposal, kind: str, name: str) -> Values:
    return out.rows.get((kind, name)) or registry.get(kind, name) or {}


def _put(out: Proposal, kind: str, name: str, known: Values, said: Mapping[str, Value | None]) -> None:
    """Lay what is said, as far as it is, over what is known."""
    out.rows[kind, name] = {**known, **{key: value for key, value in said.items() if value not in (None, "")}}


def _close(registry: Registry, says: Commissioning, one: ReplacedMeter, day: str, out: Proposal) -> None:
    quantity = QUANTITIES.get(one.quantity)
    if quantity is None:
        return
    serial = one.serial or _only_open(registry, says.site.code, quantity)
    if not serial:
        out.notes.append(
            f"site {says.site.code}: the {quantity} meter that was taken away has no serial number"
        )
        return
    said: dict[str, Value | None] = {"serial": serial, "site": says.site.code, "quantity": quantity}
    said |= {"maker": one.maker, "model": one.model, "to_date": day, "closing_milli": one.closing}
    _put(out, "meter", serial, _known(registry, out, "meter", serial), said)


def _only_open(registry: Registry, site: str, quantity: str) -> str:
    found = [
        serial
        for serial, values in registry.of_kind("meter")
        if (text(values, "site"), text(values, "quantity"), text(values, "to_date")) == (site, quantity, "")
    ]
    return found[0] if len(found) == 1 else ""


def _meter(registry: Registry, says: Commissioning, one: Meter, day: str, out: Proposal) -> None:
    quantity, site = QUANTITIES.get(one.quantity), says.site.code
    if quantity is None:
        return
    if not one.serial:
        out.notes.append(f"site {site}: its {quantity} meter has no serial number in the commissioning")
        return
    known = _known(registry, out, "meter", one.serial)
    opening = next(
        (old.opening for old in says.replaced_meters if old.quantity == one.quantity), one.dial_start
    )
    multiplier, rest = divmod(one.multiplier_ppm, 1000)
    if rest:
        out.notes.append(f"meter {one.serial}: its multiplier has more than three decimals, say it yourself")
    said: dict[str, Value | None] = {"serial": one.serial, "site": site, "quantity": quantity}
    said |= {"maker": one.maker, "model": one.model, "due_date": one.verified_until}
    said["multiplier_milli"] = None if rest else multiplier
    if text(known, "site") != site:  # it is new here
        said |= {"from_date": day, "opening_milli": opening}
    _put(out, "meter", one.serial, known, said)


def _site(registry: Registry, says: Commissioning, out: Proposal) -> None:
    one = says.site
    known = _known(registry, out, "site", one.code)
    holder = text(known, "holder")
    if one.right_holder:
        holder = _holder(registry, one.right_holder, out)
    is_well = one.source == "groundwater"
    said: dict[str, Value | None] = {"site": one.code, "holder": holder, "permit": one.permit}
    if not known:
        said |= {"name_zh": one.name_zh, "class": CLASSES[one.use], "subclass": one.sub_class}
        said |= {"source": SOURCES.get(one.source), "sort": "well" if is_well else None}
        said["point"] = "wellhead" if is_well else None
        out.notes.append(f"site {one.code} is new: say its region and status ({one.county}, {one.village})")
    _put(out, "site", one.code, known, said)
    if one.permit and not _known(registry, out, "permit", one.permit):
        rest = {key: text(out.rows["site", one.code], key) for key in ("class", "source")}
        _put(out, "permit", one.permit, {}, {"number": one.permit, "holder": holder, **rest})
        out.notes.append(f"permit {one.permit} is new: say its volume and its days")


def _holder(registry: Registry, name: str, out: Proposal) -> str:
    """Code of the holder with this name; "" and a row to complete where there is not just one."""
    found = [code for code, values in registry.of_kind("holder") if text(values, "name_zh") == name]
    if len(found) == 1:
        return found[0]
    if ("holder", name) not in out.rows:
        out.rows["holder", name] = {"name_zh": name}
        out.notes.append(f"right holder {name} has no code or several: say it, also at its sites and permits")
    return ""
