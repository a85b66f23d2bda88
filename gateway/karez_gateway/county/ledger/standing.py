"""What a month still lacks: records not judged, numbers that have not come, sites that are silent."""

from collections.abc import Iterator

from sqlalchemy import Connection

from karez_gateway.calendars import HOUR_S, Calendar
from karez_gateway.county.counting import counted
from karez_gateway.county.years.wateryear import Span
from karez_gateway.ledger.stage import STAGE as LEDGER
from karez_gateway.store import corrections, cursors, heard, objects, sites, verdicts

AT_ONCE = 500
EXPECTED = ("licensed",)  # a site in another state owes nothing
DAY_S = 86_400


def missing(connection: Connection, span: Span, civil: Calendar) -> list[str]:
    """A line for each thing that may still change the month."""
    found = unfinished(connection, span)
    listed = every_site(connection)
    for site in listed:
        found += _of_site(connection, site, span, civil)
    known = set(listed)
    for name, values in objects.registry(connection).of_kind("site"):
        if name not in known and values["status"] in EXPECTED:
            found.append(f"{name} is licensed and has never had a controller")
    return found


def every_site(connection: Connection) -> list[str]:
    """Every site at which a controller stands or stood."""
    found: list[str] = []
    after = ""
    while page := sites.names(connection, after, AT_ONCE, None):
        found += page
        after = page[-1]
    return found


def unfinished(connection: Connection, span: Span) -> list[str]:
    """What is here already and not yet in the books: the service has only to run."""
    found = []
    behind = verdicts.next_position(connection) - 1 - cursors.position(connection, LEDGER)
    if behind > 0:
        found.append(f"{counted(behind, 'verdict is', 'verdicts are')} not booked: let the service run")
    waiting = [one for one in corrections.every(connection, span) if one.log_index is None]
    if waiting:
        those = counted(len(waiting), "correction waits", "corrections wait")
        found.append(f"{those} for the log: let the service run")
    return found


def _of_site(connection: Connection, site: str, span: Span, civil: Calendar) -> Iterator[str]:
    """A chain that ended before the month owes it nothing; the newest one speaks for the site."""
    newest = None
    for chain in sites.chains(connection, site):
        above = sites.count_above(connection, chain) if chain.top_seq > chain.stored_seq else 0
        lacking = chain.top_seq - chain.stored_seq - above
        unjudged = chain.stored_seq + above - chain.verified_seq
        of = f" of {chain.controller}"
        if lacking > 0:
            yield f"{site}: {counted(lacking, f'record{of} has', f'records{of} have')} not come"
        if unjudged > 0:
            yield f"{site}: {counted(unjudged, f'record{of} is', f'records{of} are')} not verified"
        seen = sites.newest_good(connection, chain)
        if seen is not None and seen.utc_s is not None:
            newest = max(newest or 0, seen.utc_s)
    if newest is None:
        yield f"{site}: nothing has come"
    elif newest < span.to_utc_s - HOUR_S:
        yield f"{site}: silent since {civil.iso(newest)}"


def days_heard(connection: Connection, span: Span) -> dict[str, dict[int, heard.Hours]]:
    """Hours of every site on the days of a span."""
    return heard.between(connection, span.from_utc_s // DAY_S, (span.to_utc_s - 1) // DAY_S)
