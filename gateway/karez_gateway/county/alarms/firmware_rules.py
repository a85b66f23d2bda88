"""Roll-outs of firmware that do not go on: stopped by themselves, or without a well more for days."""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.settings import About
from karez_gateway.county.alarms.signs import FIRMWARE, WARNING, Fact, Key, Sign

RULE = "update"
STOPPED, STANDS = "stopped", "stands"
DAY_S = 86400


def standing(facts: Facts) -> Iterator[Sign]:
    """Updates that only a person brings on. One that he has paused himself is none."""
    asked = facts.settings.on(RULE, About(), facts.month)
    if asked is None:
        return
    for one in facts.updates:
        about: Mapping[str, Fact] = {"update": one.number, "stage": one.state}
        days = (facts.now_s - one.moved_utc_s - one.watch_s) // DAY_S
        if one.is_stopped:
            yield Sign(Key(RULE, FIRMWARE, str(one.number), STOPPED), True, WARNING, one.number, about)
        elif days >= asked.number("days"):
            yield Sign(Key(RULE, FIRMWARE, str(one.number), STANDS), True, WARNING, days, about)
