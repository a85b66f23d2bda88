"""SQL over `alarm` and `alarm_step`: what is open, what happened, and the history of each."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from karez_gateway.county.alarms import states
from karez_gateway.county.alarms.engine import Happening
from karez_gateway.county.alarms.signs import NOTICE, Fact, Key
from karez_gateway.store.schema import alarm, alarm_step


@dataclass(frozen=True, slots=True)
class Alarm:
    """One of them."""

    id: int
    rule: str
    kind: str
    subject: str
    line: str
    severity: str
    state: str
    times: int
    raised_utc_s: int
    last_utc_s: int
    over_utc_s: int | None
    cleared_utc_s: int | None
    step: int
    escalates_utc_s: int | None
    value: int
    facts: Mapping[str, Fact]

    @property
    def key(self) -> Key:
        """What makes two alarms the same one."""
        return Key(self.rule, self.kind, self.subject, self.line)


class Changed(NamedTuple):
    """What happened to an alarm, for those who are to be told."""

    alarm: Alarm
    word: str


class Past(NamedTuple):
    """One step of an alarm's history."""

    number: int
    utc_s: int
    word: str
    state: str
    value: int
    by: str | None
    act_id: int | None


def _read(row: Any) -> Alarm:
    return Alarm(**dict(row._mapping) | {"facts": json.loads(row.facts)})  # noqa: SLF001 - its public way


def _facts(facts: Mapping[str, Fact]) -> bytes:
    return json.dumps(dict(facts), ensure_ascii=False, sort_keys=True).encode()


def get(connection: Connection, alarm_id: int) -> Alarm | None:
    """One by its number."""
    row = connection.execute(select(alarm).where(alarm.c.id == alarm_id)).first()
    return None if row is None else _read(row)


def opened(connection: Connection, rules: Collection[str]) -> dict[Key, Alarm]:
    """Open alarms of some rules."""
    query = select(alarm).where(alarm.c.state != states.CLEARED, alarm.c.rule.in_(rules))
    found = [_read(row) for row in connection.execute(query)]
    return {one.key: one for one in found}


def listed(
    connection: Connection,
    *,
    is_open: bool = True,
    subjects: Collection[str] | None = None,
    from_utc_s: int | None = None,
    to_utc_s: int | None = None,
    limit: int = 1000,
) -> list[Alarm]:
    """Alarms, the newest first; `subjects`: only of these; the span is that in which they held."""
    query = select(alarm).order_by(alarm.c.id.desc()).limit(limit)
    if is_open:
        query = query.where(alarm.c.state != states.CLEARED)
    if subjects is not None:
        query = query.where(alarm.c.subject.in_(subjects))
    if to_utc_s is not None:
        query = query.where(alarm.c.raised_utc_s < to_utc_s)
    if from_utc_s is not None:
        query = query.where(func.coalesce(alarm.c.over_utc_s, alarm.c.last_utc_s) >= from_utc_s)
    return [_read(row) for row in connection.execute(query)]


def count_open(connection: Connection) -> dict[tuple[str, str], int]:
    """(severity, state) -> how many."""
    query = (
        select(alarm.c.severity, alarm.c.state, func.count())
        .where(alarm.c.state != states.CLEARED)
        .group_by(alarm.c.severity, alarm.c.state)
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def history(connection: Connection, alarm_id: int) -> list[Past]:
    """What happened to one, oldest first."""
    query = select(
        alarm_step.c.number,
        alarm_step.c.utc_s,
        alarm_step.c.word,
        alarm_step.c.state,
        alarm_step.c.value,
        alarm_step.c.by,
        alarm_step.c.act_id,
    ).where(alarm_step.c.alarm_id == alarm_id)
    return [Past(*row) for row in connection.execute(query.order_by(alarm_step.c.number))]


def apply(
    connection: Connection,
    opened_before: Mapping[Key, Alarm],
    happenings: Iterable[Happening],
    now_s: int,
    escalates_after_s: int,
) -> list[Changed]:
    """Write what happened; return it in its order."""
    known = dict(opened_before)
    done = []
    for one in happenings:
        key = one.sign.key
        before = known.get(key)
        if one.word == states.RAISED:
            after = _raise(connection, one, now_s, escalates_after_s)
        elif before is not None:
            after = _move(connection, before, one, now_s, escalates_after_s)
        else:
            continue
        known[key] = after
        _note(connection, after, one.word, now_s)
        done.append(Changed(after, one.word))
    return done


def _due(severity: str, now_s: int, after_s: int) -> int | None:
    return now_s + after_s if after_s and severity != NOTICE else None


def _raise(connection: Connection, one: Happening, now_s: int, after_s: int) -> Alarm:
    sign = one.sign
    values: dict[str, Any] = {
        **sign.key._asdict(),
        "severity": sign.severity,
        "state": one.state,
        "times": 1,
        "raised_utc_s": now_s,
        "last_utc_s": now_s,
        "over_utc_s": None,
        "cleared_utc_s": None,
        "step": 0,
        "escalates_utc_s": _due(sign.severity, now_s, after_s),
        "value": sign.value,
    }
    done = connection.execute(insert(alarm).values(**values, facts=_facts(sign.facts)).returning(alarm.c.id))
    return Alarm(id=int(done.scalar_one()), **values, facts=dict(sign.facts))


def _move(connection: Connection, before: Alarm, one: Happening, now_s: int, after_s: int) -> Alarm:
    sign = one.sign
    values: dict[str, Any] = {"state": one.state}
    if one.word == states.AGAIN:
        due = before.escalates_utc_s
        values |= {"times": before.times + 1, "last_utc_s": now_s, "over_utc_s": None, "value": sign.value}
        values |= {"facts": _facts(sign.facts), "escalates_utc_s": due}
    if one.word in (states.ENDED, states.GONE) and before.state != states.LATCHED:
        values["over_utc_s"] = now_s
    if one.word in (states.KNOWN, states.GONE):
        values["escalates_utc_s"] = None
    if one.state == states.CLEARED:
        values["cleared_utc_s"] = now_s
    if one.word == states.ESCALATED:
        values |= {"step": before.step + 1, "escalates_utc_s": _due(before.severity, now_s, after_s)}
    connection.execute(update(alarm).where(alarm.c.id == before.id).values(**values))
    row = {name: getattr(before, name) for name in Alarm.__slots__} | values
    if isinstance(row["facts"], bytes):
        row["facts"] = dict(sign.facts)
    return Alarm(**row)


def _note(
    connection: Connection, one: Alarm, word: str, now_s: int, by: str | None = None, act: int | None = None
) -> None:
    query = select(func.count()).where(alarm_step.c.alarm_id == one.id)
    number = int(connection.execute(query).scalar_one()) + 1
    row = {"alarm_id": one.id, "number": number, "utc_s": now_s, "word": word, "state": one.state}
    connection.execute(insert(alarm_step).values(**row, value=one.value, by=by, act_id=act))


def acknowledge(
    connection: Connection, one: Alarm, step: states.Step, now_s: int, by: str, act_id: int
) -> Changed:
    """A person knows of it."""
    values: dict[str, Any] = {"state": step.state, "escalates_utc_s": None}
    if step.state == states.CLEARED:
        values["cleared_utc_s"] = now_s
    connection.execute(update(alarm).where(alarm.c.id == one.id).values(**values))
    after = Alarm(**{name: getattr(one, name) for name in Alarm.__slots__} | values)
    _note(connection, after, step.word, now_s, by, act_id)
    return Changed(after, step.word)


def due(connection: Connection, now_s: int, limit: int) -> Sequence[Alarm]:
    """Alarms that nobody has acknowledged for too long, the oldest first."""
    query = (
        select(alarm)
        .where(alarm.c.state.in_((states.RAISED, states.LATCHED)), alarm.c.escalates_utc_s <= now_s)
        .order_by(alarm.c.id)
        .limit(limit)
    )
    return [_read(row) for row in connection.execute(query)]


def rest(connection: Connection, alarm_id: int) -> None:
    """There is nobody further to tell."""
    connection.execute(update(alarm).where(alarm.c.id == alarm_id).values(escalates_utc_s=None))
