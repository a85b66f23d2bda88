"""From signs to what happens to alarms. Pure: open alarms and signs in, steps out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.alarms import (
    area_rules,
    due_rules,
    firmware_rules,
    layup_rules,
    link_rules,
    record_rules,
    rules,
    states,
    use_rules,
)
from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.signs import Key, Sign

Look = Callable[[Facts], Iterator[Sign]]

LOOKS: Mapping[str, Look] = {
    "used": use_rules.used,
    "rate": use_rules.rate,
    "off-class": use_rules.off_class,
    "no-right": use_rules.no_right,
    "silent": link_rules.silent,
    "laid-up": layup_rules.laid_up,
    "broker": link_rules.broker,
    "platform": link_rules.platform,
    "update": firmware_rules.standing,
    "delivery": link_rules.delivery,
    "verification": due_rules.verification,
    "permit": due_rules.permit,
    "next-year": due_rules.next_year,
    "area-volume": area_rules.volume,
    "area-level": area_rules.level,
}
OFTEN = tuple(name for name in LOOKS if rules.RULES[name].often)
SELDOM = tuple(name for name in LOOKS if not rules.RULES[name].often)
OF_RECORDS = (record_rules.RULE, record_rules.EVIDENCE)


class Happening(NamedTuple):
    """What happens to the alarm of a key: `word` "raised" makes a new one."""

    sign: Sign
    state: str
    word: str


def look(facts: Facts, names: Iterable[str]) -> list[Sign]:
    """All signs of some rules at this moment."""
    return [sign for name in names for sign in LOOKS[name](facts)]


def happenings(
    opened: Mapping[Key, str], signs: Iterable[Sign], *, whole: Iterable[str] = ()
) -> list[Happening]:
    """What signs do to the open alarms (key -> state), in their order.

    `whole`: rules that have said all they have to say; what they did not name is over.
    """
    now = dict(opened)
    named: set[Key] = set()
    found = []
    for sign in signs:
        named.add(sign.key)
        if sign.holds is None:
            continue
        one = _one(now, sign)
        if one is not None:
            found.append(one)
            now[sign.key] = one.state
    complete = set(whole)
    for key in opened:
        if key.rule in complete and key not in named:
            one = _one(now, Sign(key, holds=False))
            if one is not None:
                found.append(one)
    return found


def _one(now: Mapping[Key, str], sign: Sign) -> Happening | None:
    state = now.get(sign.key, states.CLEARED)
    if state == states.CLEARED:
        return Happening(sign, states.RAISED, states.RAISED) if sign.holds else None
    step = states.step(state, states.HOLDS if sign.holds else states.OVER)
    return None if step is None else Happening(sign, step.state, step.word)
