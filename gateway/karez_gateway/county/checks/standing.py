"""What the registry's rules must know, as settings and store have it now."""

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.config.county import County
from karez_gateway.controllers.registry import CLASSES
from karez_gateway.county.checks.context import Context
from karez_gateway.store import controllers, revocations


def context(connection: Connection, county: County, now_s: int) -> Context:
    """Today at the county's civil time, its settings, and the class in each site's binding in force."""
    return Context(
        today(county, now_s),
        county.water_year_month,
        county.retired_for_renewed,
        _bound(connection),
        county.utc_offset_h,
    )


def today(county: County, now_s: int) -> str:
    """The day of a moment: 2026-10-01."""
    return Calendar(county.utc_offset_h).local(now_s).date().isoformat()


def _bound(connection: Connection) -> dict[str, str]:
    revoked = revocations.everyone(connection)
    boxes = [one for one in controllers.everyone(connection) if one.id not in revoked]
    boxes.sort(key=lambda one: one.issued_utc_s)  # the newest binding of a site speaks for it
    return {one.site: CLASSES[one.site_class] for one in boxes}
