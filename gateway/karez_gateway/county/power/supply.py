"""Which wells the power company may supply (T40), and how much energy a well's remaining water is (T41)."""

from typing import NamedTuple

from karez_gateway.county.ledger.usage import Usage, total_l
from karez_gateway.county.power.comparing import SUPPLY
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.years import yearplans

REASONS = {
    "unlicensed": "未取得取水许可",
    "pending": "取水许可办理中",
    "sealed": "已封停",
    "retired": "已报废",
    "permit-over": "取水许可已过期",
    "no-meter": "未安装计量设施",
    "no-supply-meter": "未登记供电表号",
}
# A well that converts energy to water is metered when its coefficient is known (以电折水).
METERING = ("water", "energy")


class Supply(NamedTuple):
    """One well. `energy_wh`: what its remaining water is; None: no plan or no coefficient."""

    site: str
    name: str
    holder: str
    permit: str
    permit_to: str
    meters: tuple[tuple[str, int | None], ...]  # serial, multiplier in thousandths
    reasons: tuple[str, ...]
    remaining_l: int | None
    l_per_kwh: int | None
    energy_wh: int | None

    @property
    def may(self) -> bool:
        """True if it may be supplied: a supply number that is not known yet forbids nothing."""
        return not [one for one in self.reasons if one != "no-supply-meter"]


def wells(registry: Registry, used: Usage, year: int, today: str) -> list[Supply]:
    """All wells, by name. `used`: litres of the water year so far."""
    meters: dict[str, list[tuple[str, Values]]] = {}
    for serial, values in registry.of_kind("meter"):
        if str(values["from_date"]) <= today < str(values.get("to_date") or "9999"):
            meters.setdefault(str(values["site"]), []).append((serial, values))
    factors = _coefficients(registry, today)
    plans = yearplans.plans_l(registry, year)
    found = []
    for site, values in registry.of_kind("site"):
        if values["sort"] != "well":
            continue
        permit = registry.get("permit", values.get("permit")) or {}
        mine = meters.get(site, [])
        factor = factors.get(site)
        remaining = None if site not in plans else max(plans[site] - total_l(used, site), 0)
        energy_wh = None if remaining is None or not factor else remaining * 1000 // factor
        reasons = _reasons(values, permit, mine, factor, today)
        may = not [one for one in reasons if one != "no-supply-meter"]
        found.append(
            Supply(
                site,
                str(values.get("name_zh", "")),
                str(values.get("holder", "")),
                str(values.get("permit", "")),
                str(permit.get("to_date", "")),
                tuple((serial, _multiplier(one)) for serial, one in mine if one["quantity"] == SUPPLY),
                reasons,
                remaining,
                factor,
                energy_wh if may else 0,
            )
        )
    return found


def _multiplier(meter: Values) -> int | None:
    return int(meter["multiplier_milli"]) if "multiplier_milli" in meter else None


def _reasons(
    site: Values, permit: Values, meters: list[tuple[str, Values]], factor: int | None, today: str
) -> tuple[str, ...]:
    found = []
    if site["status"] != "licensed":
        found.append(str(site["status"]))
    elif not permit:
        found.append("unlicensed")
    elif str(permit["to_date"]) < today:
        found.append("permit-over")
    quantities = {str(one["quantity"]) for _, one in meters}
    if "water" not in quantities and not ("energy" in quantities and factor):
        found.append("no-meter")
    if SUPPLY not in quantities:
        found.append("no-supply-meter")
    return tuple(found)


def _coefficients(registry: Registry, today: str) -> dict[str, int]:
    """Site -> litres per kWh, of the newest coefficient that holds."""
    found: dict[str, tuple[str, int]] = {}
    for _, values in registry.of_kind("coefficient"):
        site, date = str(values["site"]), str(values["from_date"])
        if date <= today and date >= found.get(site, ("", 0))[0]:
            found[site] = date, int(values["l_per_kwh"])
    return {site: factor for site, (_, factor) in found.items()}
