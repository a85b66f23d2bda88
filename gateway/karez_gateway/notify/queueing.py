"""What happens to alarms, written down together with whom it is told: one transaction of the caller's."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.county.alarms import engine, states
from karez_gateway.county.alarms.engine import Happening
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.settings import About
from karez_gateway.county.alarms.signs import Sign
from karez_gateway.notify import receivers
from karez_gateway.store import alarms, notices, objects
from karez_gateway.store.alarms import Changed

ANYBODY = About()
ESCALATED_MAX = 1000  # in one transaction


def month(config: Config, now_s: int) -> int:
    """The civil month, 1 to 12."""
    return Calendar(config.county.utc_offset_h).local(now_s).month


def happenings(
    connection: Connection, signs: Iterable[Sign], rules: Collection[str], *, whole: Iterable[str] = ()
) -> list[Happening]:
    """What signs do to the alarms that are open now."""
    opened = alarms.opened(connection, rules)
    return engine.happenings({key: one.state for key, one in opened.items()}, signs, whole=whole)


def take(connection: Connection, config: Config, found: Sequence[Happening], now_s: int) -> list[Changed]:
    """Write what happened, and queue it for whom it concerns."""
    if not found:
        return []
    opened = alarms.opened(connection, {one.sign.key.rule for one in found})
    after_s = 60 * config.alarms.escalate_after_min
    changed = alarms.apply(connection, opened, found, now_s, after_s)
    tell(connection, config, changed, now_s)
    return changed


def tell(connection: Connection, config: Config, changed: Sequence[Changed], now_s: int) -> None:
    """Queue notices of what happened."""
    if not config.alarms.notify or not changed:
        return
    places = Places(objects.registry(connection))
    rows = [
        (told.receiver, told.address, one.alarm.id, one.word)
        for one in changed
        for told in receivers.of_alarm(config.alarms.notify, places, one.alarm, one.word)
    ]
    notices.add(connection, rows, now_s)


def escalate(connection: Connection, config: Config, now_s: int) -> int:
    """Go one step up with what nobody has acknowledged; return how many that were."""
    due = alarms.due(connection, now_s, ESCALATED_MAX)
    climbing = [one for one in due if one.step < config.alarms.steps]
    for one in due:
        if one.step >= config.alarms.steps:
            alarms.rest(connection, one.id)
    steps = []
    for one in climbing:
        step = states.step(one.state, states.DUE)
        if step is not None:
            steps.append(Happening(Sign(one.key, None), step.state, step.word))
    opened = {one.key: one for one in climbing}
    after_s = 60 * config.alarms.escalate_after_min
    changed = alarms.apply(connection, opened, steps, now_s, after_s)
    tell(connection, config, changed, now_s)
    return len(changed)
