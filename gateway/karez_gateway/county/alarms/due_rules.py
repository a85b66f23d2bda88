"""Rules over dates: verification of meters (C24), permits (T20), grants of the next water year."""

import datetime as dt
from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.signs import (
    HOLDER,
    METER,
    NOTICE,
    REGION,
    URGENT,
    WARNING,
    Fact,
    Key,
    Sign,
)

SOON, OVERDUE = "soon", "overdue"
NAMED = 10  # wells named in an alarm of a region; it says how many there are


def _days_until(facts: Facts, date: str) -> int:
    """Days from today to a day; below zero: it is past."""
    today = facts.years.calendar.local(facts.now_s).date()
    return (dt.date.fromisoformat(date) - today).days


def verification(facts: Facts) -> Iterator[Sign]:
    """Meters in use whose verification is due."""
    for serial, values in facts.places.registry.of_kind("meter"):
        if values.get("to_date") or not values.get("due_date"):
            continue
        asked = facts.settings.on("verification", facts.places.about(METER, serial), facts.month)
        left = _days_until(facts, str(values["due_date"]))
        if asked is None or left > asked.number("ahead_days"):
            continue
        line, severity = (OVERDUE, WARNING) if left < 0 else (SOON, NOTICE)
        about: Mapping[str, Fact] = {"site": str(values["site"]), "due_date": str(values["due_date"])}
        yield Sign(Key("verification", METER, serial, line), True, severity, abs(left), about)


def permit(facts: Facts) -> Iterator[Sign]:
    """Permits of holders that end soon, or have ended while wells still name them."""
    named = {str(values["permit"]) for _, values in facts.places.working() if values.get("permit")}
    for number, values in facts.places.registry.of_kind("permit"):
        if number not in named:
            continue
        holder = str(values["holder"])
        asked = facts.settings.on("permit", facts.places.about(HOLDER, holder), facts.month)
        left = _days_until(facts, str(values["to_date"]))
        if asked is None or left > asked.number("ahead_days"):
            continue
        state, severity = (OVERDUE, WARNING) if left < 0 else (SOON, NOTICE)
        about: Mapping[str, Fact] = {"permit": number, "to_date": str(values["to_date"])}
        yield Sign(Key("permit", HOLDER, holder, f"{number} {state}"), True, severity, abs(left), about)


def next_year(facts: Facts) -> Iterator[Sign]:
    """Regions with wells whose newest grant ends with this water year, some days before its end."""
    end = facts.years.span(facts.year).to_utc_s
    left_days = (end - facts.now_s) // 86400
    lacking: dict[str, list[str]] = {}
    for site, values in facts.places.working():
        if facts.granted_to_utc_s.get(site, end + 1) <= end:
            lacking.setdefault(str(values["region"]), []).append(site)
    for region, sites in sorted(lacking.items()):
        asked = facts.settings.on("next-year", facts.places.about(REGION, region), facts.month)
        if asked is None or left_days > asked.number("days"):
            continue
        about: Mapping[str, Fact] = {
            "year": facts.year + 1,
            "left_days": left_days,
            "wells": " ".join(sites[:NAMED]),
        }
        yield Sign(Key("next-year", REGION, region, str(facts.year + 1)), True, URGENT, len(sites), about)
