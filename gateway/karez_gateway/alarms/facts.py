"""Gathers what the rules of alarms look at, in one snapshot."""

from collections.abc import Iterator

from sqlalchemy import Connection

from karez_gateway.alarms import layups
from karez_gateway.config import Config
from karez_gateway.county.alarms import layups as layup_acts
from karez_gateway.county.alarms.facts import Facts, Live, Platform, Update
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.settings import Settings
from karez_gateway.county.ledger import usage
from karez_gateway.county.years.wateryear import Span
from karez_gateway.errors import Refused
from karez_gateway.grants import rights
from karez_gateway.store import firmwares, objects, outboxes, platforms, uploadactions, wells
from karez_gateway.updates import rollout

HOUR_S, DAY_S = 3600, 86400
LEVEL_DAYS_MAX = 40  # days of levels and energy that rules may ask back


def often(connection: Connection, config: Config, settings: Settings, live: Live | None, now_s: int) -> Facts:
    """For the rules that are looked at every minute."""
    years = config.county.years
    facts = Facts(now_s, Places(objects.registry(connection)), settings, years, live=live)
    facts.wells = wells.wells(connection)
    facts.names = wells.controller_names(connection)
    facts.resting = layup_acts.resting(layups.everyone(connection), now_s)
    facts.platforms = _platforms(connection, config, live)
    facts.updates = tuple(_updates(connection))
    return facts


def whole(connection: Connection, config: Config, settings: Settings, live: Live | None, now_s: int) -> Facts:
    """For all rules: the sums of the year as well."""
    facts = often(connection, config, settings, live, now_s)
    end_s = now_s - now_s % HOUR_S
    facts.used_year = usage.of_sites(connection, facts.years.span(facts.year))
    facts.used_day = usage.of_sites(connection, Span(end_s - DAY_S, end_s))
    facts.used_week = usage.of_sites(connection, Span(end_s - 7 * DAY_S, end_s))
    facts.hours_week = wells.hours_with_water(connection, end_s - 7 * DAY_S, end_s)
    today = facts.day(now_s)
    facts.days = wells.days(connection, today - LEVEL_DAYS_MAX, today)
    facts.pending = wells.pending_grants(connection)
    facts.granted_to_utc_s = _granted(connection)
    return facts


def _granted(connection: Connection) -> dict[str, int]:
    """Site -> the last second of its grants, of those that form and site fit."""
    found: dict[str, int] = {}
    for site, body in wells.grant_bodies(connection):
        try:
            right = rights.read(body)
        except Refused:
            continue
        if right.site == site:
            found[site] = max([found.get(site, 0), *(row["to_utc_s"] for row in right.rows)])
    return found


def _updates(connection: Connection) -> Iterator[Update]:
    took = firmwares.took(connection, rollout.UPDATED)
    for one in firmwares.everyone(connection):
        if one.state in (*rollout.STAGES, rollout.STOPPED):
            moved_s = max(one.since_utc_s, one.resumed_utc_s, took.get(one.id, 0))
            is_stopped = one.state == rollout.STOPPED
            yield Update(one.id, one.stage, is_stopped, moved_s, one.settings["watch_s"])


def _platforms(connection: Connection, config: Config, live: Live | None) -> tuple[Platform, ...]:
    tallies = platforms.tallies(connection)
    found = []
    for one in config.destination:
        oldest = None
        if one.name in tallies:
            oldest = outboxes.oldest_received_utc_s(connection, one.name)
        is_up = live is not None and one.name not in live.platform_down_utc_s
        is_paused = uploadactions.pause(connection, one.name) is not None
        found.append(Platform(one.name, is_up, is_paused, oldest))
    return tuple(found)
