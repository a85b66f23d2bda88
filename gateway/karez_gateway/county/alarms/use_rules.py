"""Rules over litres: share of the plan, pace, use against the class, use without a right."""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.places import WORKING
from karez_gateway.county.alarms.settings import Asked
from karez_gateway.county.alarms.signs import (
    HOLDER,
    NOTICE,
    REGION,
    SITE,
    URGENT,
    WARNING,
    Fact,
    Key,
    Sign,
    crossed,
)
from karez_gateway.county.ledger.usage import total_l

DAY_S = 86400
FULL_PERCENT = 100


def _asked(facts: Facts, rule: str, kind: str, subject: str) -> Asked | None:
    return facts.settings.on(rule, facts.places.about(kind, subject), facts.month)


def used(facts: Facts) -> Iterator[Sign]:
    """Use of the water year against the plan, by site, holder and region (T15, C33)."""
    places = facts.places
    groups = [(SITE, site, [site]) for site, _ in places.working()]
    groups += [(HOLDER, code, places.of_holder(code)) for code, _ in places.registry.of_kind("holder")]
    groups += [(REGION, code, places.within(code)) for code, _ in places.registry.of_kind("region")]
    for kind, subject, sites in groups:
        asked = _asked(facts, "used", kind, subject)
        plans = {site: plan for site in sites if (plan := places.plan_l(site, facts.year)) is not None}
        if asked is None or not plans:
            continue
        plan_l = sum(plans.values())
        volume_l = sum(total_l(facts.used_year, site) for site in plans)
        percent = volume_l * 100 // plan_l if plan_l else (FULL_PERCENT if volume_l else 0)
        about: Mapping[str, Fact] = {"year": facts.year, "plan_l": plan_l, "used_l": volume_l}
        for line, holds in crossed(percent, asked.numbers("lines_percent"), asked.number("clear_percent")):
            severity = URGENT if line >= FULL_PERCENT else WARNING if line >= 90 else NOTICE
            yield Sign(Key("used", kind, subject, str(line)), holds, severity, percent, about)


def rate(facts: Facts) -> Iterator[Sign]:
    """The last day's use against the plan's pace: of its month, else of what is left of the year (T15)."""
    month, ends = _month_days(facts)
    for site, _ in facts.places.working():
        asked = _asked(facts, "rate", SITE, site)
        plan_l = facts.places.plan_l(site, facts.year)
        if asked is None or plan_l is None:
            continue
        day_l = total_l(facts.used_day, site)
        month_l = facts.places.month_plan_l(site, facts.year, month)
        if month_l is not None:
            pace_l = month_l // ends
        else:
            left_s = facts.years.span(facts.year).to_utc_s - facts.now_s
            pace_l = max(plan_l - total_l(facts.used_year, site), 0) * DAY_S // max(left_s, DAY_S)
        if day_l < 1000 * asked.number("least_m3"):
            continue
        line = asked.number("factor_percent")
        percent = day_l * 100 // pace_l if pace_l else 2 * line
        for _, holds in crossed(percent, (line,), asked.number("clear_percent")):
            about: Mapping[str, Fact] = {"day_l": day_l, "pace_l": pace_l}
            yield Sign(Key("rate", SITE, site, "pace"), holds, NOTICE, percent, about)


def _month_days(facts: Facts) -> tuple[str, int]:
    """The month ("07") and how many days it has."""
    span = facts.years.month(facts.year, facts.month)
    return f"{facts.month:02d}", (span.to_utc_s - span.from_utc_s) // DAY_S


def off_class(facts: Facts) -> Iterator[Sign]:
    """Use in a month or for more hours a week than the class of the well would have (T34)."""
    for site, values in facts.places.working():
        asked = _asked(facts, "off-class", SITE, site)
        week_l = total_l(facts.used_week, site)
        if asked is None or week_l < 1000 * asked.number("least_m3"):
            continue
        hours = facts.hours_week.get(site, 0)
        about: Mapping[str, Fact] = {"class": str(values["class"]), "week_l": week_l, "hours": hours}
        if facts.month not in asked.numbers("months"):
            yield Sign(Key("off-class", SITE, site, "season"), True, WARNING, facts.month, about)
        if hours > asked.number("hours_a_week"):
            yield Sign(Key("off-class", SITE, site, "hours"), True, WARNING, hours, about)


def no_right(facts: Facts) -> Iterator[Sign]:
    """Water or energy at a well that may take none: unlicensed, sealed, retired (T22)."""
    energy: dict[str, int] = {}
    days = {site: 0 for site, values in facts.places.sites.items() if values["status"] not in WORKING}
    for one in facts.days:
        if one.site in days:
            asked = _asked(facts, "no-right", SITE, one.site)
            if asked is not None and one.day > facts.day(facts.now_s) - asked.number("days"):
                energy[one.site] = energy.get(one.site, 0) + one.energy_wh
    for site in days:
        asked = _asked(facts, "no-right", SITE, site)
        if asked is None:
            continue
        day_l = total_l(facts.used_day, site)
        if energy.get(site, 0) >= 1000 * asked.number("least_kwh") or day_l > 0:
            status = str(facts.places.sites[site]["status"])
            about: Mapping[str, Fact] = {"energy_wh": energy.get(site, 0), "day_l": day_l}
            yield Sign(Key("no-right", SITE, site, status), True, URGENT, day_l, about)
