"""What the wells of a feeder have used in a period, from their verified records: the one side of C7.

E of a record is what the controller has booked up to then, so two of them bound a period. A well
whose E is not known at both ends has no share of it that could be told: unknown is never zero.
"""

import datetime as dt
from collections.abc import Sequence

from karez_gateway.errors import Refused
from karez_gateway.store.database import Database
from karez_gateway.uploads.station_view import FRESH_S, StoredStation
from karez_protocols import record


def used_wh(store: Database, wells: Sequence[str], from_utc_s: int, to_utc_s: int) -> dict[str, int]:
    """Watt-hours of each well, named by its site or its controller, from a time to another.

    Raises Refused with every well that cannot be told and why.
    """
    twice = sorted({well for well in wells if wells.count(well) > 1})
    if twice:
        raise Refused(f"named twice: {', '.join(twice)}")
    if from_utc_s >= to_utc_s:
        raise Refused("the period ends before it begins")
    found: dict[str, int] = {}
    reasons = []
    for well in wells:
        try:
            found[well] = _of(StoredStation(store, well), from_utc_s, to_utc_s)
        except Refused as error:
            reasons.append(f"{well}: {error}")
    if reasons:
        raise Refused("; ".join(reasons))
    return found


def _of(station: StoredStation, from_utc_s: int, to_utc_s: int) -> int:
    first_wh, last_wh = _energy_at(station, from_utc_s), _energy_at(station, to_utc_s)
    if last_wh < first_wh:
        raise Refused("its energy begins anew within the period: balance each part by itself")
    return last_wh - first_wh


def _energy_at(station: StoredStation, utc_s: int) -> int:
    """E of the last record before a time; an idle well has one every quarter of an hour."""
    readings = station.between(utc_s - FRESH_S, utc_s)
    at = dt.datetime.fromtimestamp(utc_s, dt.UTC).strftime("%Y-%m-%d %H:%MZ")
    if not readings:
        raise Refused(f"no verified record in the {FRESH_S // 3600} hours before {at}")
    energy_wh = record.decode(readings[-1].slot)["energy_wh"]
    if energy_wh is None:
        raise Refused(f"its energy at {at} is not known")
    return int(energy_wh)
