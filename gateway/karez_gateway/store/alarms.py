"""SQL over `alarm` and `alarm_step`: what is open, what happened, and the history of each."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from karez_gateway.county.alarms import states
from karez_gateway.county.alarms.engine import Happening
from karez_gateway.county.alarms.signs import NOTICE, Fact, Key
from karez_gateway.store.schema import alarm, alarm_step

ASKED_MAX = 5000  # ids in one statement


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


def by_number(connection: Connection, ids: Sequence[int]) -> dict[int, Alarm]:
    """Some of them."""
    found = {}
    for at in range(0, len(ids), ASKED_MAX):
        query = select(alarm).where(alarm.c.id.in_(ids[at : at + ASKED_MAX]))
        found.update({row.id: _read(row) for row in connection.execute(query)})
    return found


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
    """Write what happened; return it in its order. Only the service raises alarms: it gives them numbers."""
    working = dict(opened_before)
    next_id = int(connection.execute(select(func.max(alarm.c.id))).scalar() or 0) + 1
    first_new = next_id
    done: list[Changed] = []
    for one in happenings:
        key = one.sign.key
        before = working.get(key)
        if one.word == states.RAISED:
            after = _raised(next_id, one, now_s, escalates_after_s)
            next_id += 1
        elif before is not None:
            after = _moved(before, one, now_s, escalates_after_s)
        else:
            continue
        working[key] = after
        done.append(Changed(after, one.word))
    _write(connection, done, first_new, now_s)
    return done


def _due(severity: str, now_s: int, after_s: int) -> int | None:
    return now_s + after_s if after_s and severity != NOTICE else None


def _raised(number: int, one: Happening, now_s: int, after_s: int) -> Alarm:
    sign = one.sign
    return Alarm(
        number,
        *sign.key,
        severity=sign.severity,
        state=one.state,
        times=1,
        raised_utc_s=now_s,
        last_utc_s=now_s,
        over_utc_s=None,
        cleared_utc_s=None,
        step=0,
        escalates_utc_s=_due(sign.severity, now_s, after_s),
        value=sign.value,
        facts=dict(sign.facts),
    )


def _moved(before: Alarm, one: Happening, now_s: int, after_s: int) -> Alarm:
    sign = one.sign
    after = replace(before, state=one.state)
    if one.word == states.AGAIN:
        again = {"last_utc_s": now_s, "over_utc_s": None, "value": sign.value, "facts": dict(sign.facts)}
        after = replace(after, times=before.times + 1, **again)  # type: ignore[arg-type]
    if one.word in (states.ENDED, states.GONE) and before.state != states.LATCHED:
        after = replace(after, over_utc_s=now_s)
    if one.word in (states.KNOWN, states.GONE):
        after = replace(after, escalates_utc_s=None)
    if one.state == states.CLEARED:
        after = replace(after, cleared_utc_s=now_s)
    if one.word == states.ESCALATED:
        due = _due(before.severity, now_s, after_s)
        after = replace(after, step=before.step + 1, escalates_utc_s=due)
    return after


def _row(one: Alarm) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Alarm.__slots__} | {"facts": _facts(one.facts)}


def _write(connection: Connection, done: Sequence[Changed], first_new: int, now_s: int) -> None:
    """Alarms as they stand after all steps, and each step: in bulk, for a dry summer may raise thousands."""
    last = {one.alarm.id: one.alarm for one in done}
    fresh = [_row(one) for number, one in last.items() if number >= first_new]
    moved = [{"at_id": number} | _row(one) for number, one in last.items() if number < first_new]
    if fresh:
        connection.execute(insert(alarm), fresh)
    if moved:
        names = [name for name in Alarm.__slots__ if name != "id"]
        statement = update(alarm).where(alarm.c.id == bindparam("at_id"))
        values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
        rows = [{"at_id": row["at_id"]} | {f"to_{name}": row[name] for name in names} for row in moved]
        connection.execute(statement.values(**values), rows)
    counts = _step_counts(connection, [row["at_id"] for row in moved])
    steps = []
    for one in done:
        number = counts[one.alarm.id] = counts.get(one.alarm.id, 0) + 1
        row = {"alarm_id": one.alarm.id, "number": number, "utc_s": now_s, "word": one.word}
        steps.append(row | {"state": one.alarm.state, "value": one.alarm.value, "by": None, "act_id": None})
    if steps:
        connection.execute(insert(alarm_step), steps)


def _step_counts(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for at in range(0, len(ids), ASKED_MAX):
        query = select(alarm_step.c.alarm_id, func.count()).where(
            alarm_step.c.alarm_id.in_(ids[at : at + ASKED_MAX])
        )
        found.update(
            (row[0], int(row[1])) for row in connection.execute(query.group_by(alarm_step.c.alarm_id))
        )
    return found


def acknowledge(
    connection: Connection, one: Alarm, step: states.Step, now_s: int, by: str, act_id: int
) -> Changed:
    """A person knows of it."""
    values: dict[str, Any] = {"state": step.state, "escalates_utc_s": None}
    if step.state == states.CLEARED:
        values["cleared_utc_s"] = now_s
    connection.execute(update(alarm).where(alarm.c.id == one.id).values(**values))
    after = replace(one, **values)
    number = _step_counts(connection, [one.id]).get(one.id, 0) + 1
    row = {"alarm_id": one.id, "number": number, "utc_s": now_s, "word": step.word, "state": after.state}
    connection.execute(insert(alarm_step).values(**row, value=one.value, by=by, act_id=act_id))
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
