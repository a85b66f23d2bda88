"""A well that is laid up for the winter and takes energy or water all the same."""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.signs import SITE, URGENT, Fact, Key, Sign


def laid_up(facts: Facts) -> Iterator[Sign]:
    """Energy or water that a well takes while it rests: silence hides nothing."""
    for site, layup in facts.resting.items():
        asked = facts.settings.on("laid-up", facts.places.about(SITE, site), facts.month)
        well = facts.wells.get(site)
        if asked is None or well is None or well.rest_layup != layup.number:
            continue
        about: Mapping[str, Fact]
        if well.rest_wh >= 1000 * asked.number("least_kwh"):
            about = {"energy_wh": well.rest_wh, "layup": layup.number}
            yield Sign(Key("laid-up", SITE, site, "runs"), True, URGENT, well.rest_wh, about)
        if well.rest_l >= 1000 * asked.number("least_m3"):
            about = {"water_l": well.rest_l, "layup": layup.number}
            yield Sign(Key("laid-up", SITE, site, "water"), True, URGENT, well.rest_l, about)
