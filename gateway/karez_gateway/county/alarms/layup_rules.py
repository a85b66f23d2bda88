"""A well that is laid up for the winter and takes energy or water all the same."""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.signs import SITE, URGENT, Fact, Key, Sign


def laid_up(facts: Facts) -> Iterator[Sign]:
    """Energy at a well that rests, beyond its register when it was laid up: silence hides nothing."""
    for site, layup in facts.resting.items():
        asked = facts.settings.on("laid-up", facts.places.about(SITE, site), facts.month)
        well = facts.wells.get(site)
        if asked is None or well is None or None in (well.energy_wh, layup.energy_wh):
            continue
        taken_wh = (well.energy_wh or 0) - (layup.energy_wh or 0)
        if taken_wh >= 1000 * asked.number("least_kwh"):
            about: Mapping[str, Fact] = {"energy_wh": taken_wh, "layup": layup.number}
            yield Sign(Key("laid-up", SITE, site, "runs"), True, URGENT, taken_wh, about)
