"""The wells of a region of the registry, for whoever carries an area's order to them."""

from karez_gateway.county.alarms.places import DOMESTIC, Places
from karez_gateway.errors import Refused
from karez_gateway.store import controllers, objects
from karez_gateway.store.database import Database


def of_region(store: Database, code: str) -> tuple[list[str], list[str]]:
    """Sites of a region at which a controller stands, and a sentence for each that is left out.

    Drinking water is never stopped by the bundle (T19, T36). Raises Refused for an unknown or empty region.
    """
    with store.reading() as connection:
        places = Places(objects.registry(connection))
        if places.registry.get("region", code) is None:
            raise Refused(f"the registry has no region {code}")
        wells, left_out = [], []
        for site in sorted(places.within(code)):
            if places.sites[site]["class"] == DOMESTIC:
                left_out.append(f"{site}: domestic; an order for it names it with --well")
            elif not controllers.at_site_believed(connection, site):
                left_out.append(f"{site}: no controller is enrolled there")
            else:
                wells.append(site)
    if not wells:
        raise Refused(f"region {code} has no well that such an order could go to: {'; '.join(left_out)}")
    return wells, left_out
