"""The energy beside a plan's water: when the water changes, its kWh per m³ stay as they were planned.

A plan may limit energy as well as water (requirement T42). A well whose water was raised would else stop at
the old energy, and one whose water was cut would keep energy for water that it no longer has. Rounded down,
never to nothing: a well with water and 0 Wh stands still. Where there is no water before or after, there is
no ratio, and the energy stays. None is no limit, and stays none; 0 is a limit of nothing, and stays 0.
"""

from collections.abc import Mapping

from karez_gateway.county.quota.apportion import cumulated
from karez_gateway.county.registry.objects import Values
from karez_gateway.county.registry.values import whole
from karez_gateway.county.years.wateryear import YEAR


def followed(before: Mapping[str, Values], volumes_l: Mapping[str, int]) -> dict[str, int]:
    """Wh of a site's year and periods as their volumes become. Those without energy are left out.

    The year keeps no less than its periods add up to: what no period has follows the year's own volume.
    """
    energies = {
        period: wh for period, values in before.items() if (wh := whole(values, "energy_wh")) is not None
    }
    year_wh = energies.pop(YEAR, None)
    found = {
        period: _follow(wh, int(before[period]["volume_l"]), volumes_l[period])
        for period, wh in energies.items()
    }
    if year_wh is not None:
        rest_wh = max(year_wh - sum(energies.values()), 0)
        year_l = int(before[YEAR]["volume_l"])
        found[YEAR] = sum(found.values()) + _follow(rest_wh, year_l, volumes_l[YEAR])
    return found


def _follow(energy_wh: int, before_l: int, after_l: int) -> int:
    if not (energy_wh and before_l and after_l):
        return energy_wh
    return max(energy_wh * after_l // before_l, 1)


def spread(before: Mapping[str, Values], permille: Mapping[str, int]) -> dict[str, int]:
    """Wh of periods that are spread again: their sum, by the shares of the water. Empty: they have none."""
    parts = [whole(values, "energy_wh") for period, values in before.items() if period != YEAR]
    given = [wh for wh in parts if wh is not None]
    return cumulated(sum(given), permille) if given else {}
