"""The power company's replies as acts: taken in whole or not at all, listed until all are accepted."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.power import cells, columns, replies, statement
from karez_gateway.county.power.replies import Line, Reply
from karez_gateway.errors import Refused
from karez_gateway.store import acts as store_acts
from karez_gateway.store.acts import Act
from karez_gateway.store.database import Database

RECONCILED, REPLY = "power-reconciled", "power-reply"


class Taken(NamedTuple):
    """A file of replies as it was taken in: how many of each, and how many lines are open now."""

    act_id: int
    month: str
    file: str
    statuses: dict[str, int]
    still_open: int


def take_in(
    store: Database,
    data: bytes,
    file: str,
    month: str,
    deed: Deed,
    *,
    mapping: Mapping[str, str],
    encoding: str = "",
) -> Taken:
    """Take in a file of replies to a month's kept comparison. Raises Refused; then nothing is changed."""
    month = statement.month_span(month)[0][:7]
    titles, rows = cells.read(data, file, encoding)
    places = columns.find(titles, mapping, file, columns.REPLY)
    if "status" not in places:
        raise Refused(f"{file}: no column is known as the reply: say --map status=TITLE")
    digest = hashlib.sha256(data).hexdigest()
    with store.writing() as connection:
        asked = _reconciled(connection).get(month)
        if asked is None:
            raise Refused(f"no comparison of {month} was kept: karez gateway power compare --keep")
        found = replies.read(rows, places, json.loads(asked.detail)["cases"], file)
        if any(json.loads(one.detail)["sha256"] == digest for one in _replies(connection, asked)):
            raise Refused(f"{file} was taken in before, as the reply to act {asked.id}")
        detail = {"month": month, "reconciled": asked.id, "file": file, "sha256": digest}
        act_id = acts.write(connection, REPLY, deed, detail | {"rows": [list(one) for one in found]})
        now = _lines(connection, month, asked)
    statuses = {status: sum(1 for one in found if one.status == status) for status in replies.WORDS}
    return Taken(act_id, month, file, statuses, sum(1 for one in now if one.is_open))


def lines(connection: Connection, month: str = "") -> list[Line]:
    """Differences of a month, or of all that were compared and kept, with their replies; months in order."""
    wanted = statement.month_span(month)[0][:7] if month else ""
    asked = _reconciled(connection)
    if wanted and wanted not in asked:
        raise Refused(f"no comparison of {wanted} was kept: karez gateway power compare --keep")
    months = [one for one in sorted(asked) if wanted in ("", one)]
    return [line for one in months for line in _lines(connection, one, asked[one])]


def _lines(connection: Connection, month: str, asked: Act) -> list[Line]:
    replied = [
        (act.id, Reply(*row)) for act in _replies(connection, asked) for row in json.loads(act.detail)["rows"]
    ]
    return replies.lines(month, json.loads(asked.detail)["cases"], replied)


def _reconciled(connection: Connection) -> dict[str, Act]:
    """Month -> its newest kept comparison."""
    return {json.loads(one.detail)["month"]: one for one in store_acts.every(connection, RECONCILED)}


def _replies(connection: Connection, asked: Act) -> list[Act]:
    found: list[tuple[Act, dict[str, Any]]] = [
        (one, json.loads(one.detail)) for one in store_acts.every(connection, REPLY)
    ]
    return [one for one, detail in found if detail["reconciled"] == asked.id]
