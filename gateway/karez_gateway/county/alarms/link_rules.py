"""Rules over what comes and goes: silent wells, the broker, platforms, grants that nobody acknowledges.

One cause, one alarm: while the link to the broker is down, or for as long after it as a well may be silent,
no well is called silent. Online is not working: a box that says it is online and sends no record is another
line than one that is gone.
"""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.settings import About
from karez_gateway.county.alarms.signs import PLATFORM, SITE, URGENT, WARNING, Fact, Key, Sign

OFFLINE, NO_RECORDS = "offline", "no records"
HOUR_S = 3600


def silent(facts: Facts) -> Iterator[Sign]:
    """Wells from which no record has come for longer than they may be silent."""
    for site, values in facts.places.working():
        asked = facts.settings.on("silent", facts.places.about(SITE, site), facts.month)
        well = facts.wells.get(site)
        if asked is None or well is None or site in facts.resting:
            continue
        silent_s = facts.now_s - well.received_utc_s
        live = facts.live
        line = OFFLINE
        holds: bool | None = silent_s >= asked.number("hours") * HOUR_S
        if holds and live is not None:
            if live.broker_down_utc_s is not None or facts.now_s - live.since_utc_s < min(
                silent_s, asked.number("hours") * HOUR_S
            ):
                holds = None  # nobody could have come through
            elif live.online.get(facts.names.get(site, "")):
                line = NO_RECORDS
        about: Mapping[str, Fact] = {"hours": silent_s // HOUR_S, "class": str(values["class"])}
        if holds is None:
            for each in (OFFLINE, NO_RECORDS):
                yield Sign(Key("silent", SITE, site, each), None, WARNING, silent_s // HOUR_S, about)
        elif holds:
            yield Sign(Key("silent", SITE, site, line), True, WARNING, silent_s // HOUR_S, about)


def broker(facts: Facts) -> Iterator[Sign]:
    """Our own link to the broker."""
    asked = facts.settings.on("broker", About(), facts.month)
    if asked is None or facts.live is None or facts.live.broker_down_utc_s is None:
        return
    down_s = facts.now_s - facts.live.broker_down_utc_s
    if down_s >= 60 * asked.number("minutes"):
        yield Sign(Key("broker", PLATFORM, "broker", "down"), True, URGENT, down_s // 60)


def platform(facts: Facts) -> Iterator[Sign]:
    """Platforms that we send to: down, or up and behind."""
    asked = facts.settings.on("platform", About(), facts.month)
    if asked is None or facts.live is None:
        return
    for one in facts.platforms:
        if one.is_paused:
            continue
        down = facts.live.platform_down_utc_s.get(one.name)
        has_reports = one.oldest_utc_s is not None
        if down is not None and has_reports and facts.now_s - down >= 60 * asked.number("minutes"):
            minutes = (facts.now_s - down) // 60
            yield Sign(Key("platform", PLATFORM, one.name, "down"), True, WARNING, minutes)
        elif one.oldest_utc_s is not None:
            waits_s = facts.now_s - one.oldest_utc_s
            if waits_s >= HOUR_S * asked.number("waiting_hours"):
                yield Sign(Key("platform", PLATFORM, one.name, "behind"), True, WARNING, waits_s // HOUR_S)


def delivery(facts: Facts) -> Iterator[Sign]:
    """Grants that no record of their controller has acknowledged for long."""
    for one in facts.pending:
        asked = facts.settings.on("delivery", facts.places.about(SITE, one.site), facts.month)
        waits_s = facts.now_s - one.queued_utc_s
        if asked is None or waits_s < HOUR_S * asked.number("hours"):
            continue
        about: Mapping[str, Fact] = {"seq": one.seq, "attempts": one.attempts}
        yield Sign(Key("delivery", SITE, one.site, "grant"), True, WARNING, waits_s // HOUR_S, about)
