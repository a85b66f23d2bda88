"""SQL over `chain_state`: ingest and verify each own their columns of one row per chain."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, select, update

from karez_gateway.store.asked import parts
from karez_gateway.store.bulk import Bulk
from karez_gateway.store.schema import chain_state

Key = tuple[int, int]  # controller id, chain


@dataclass(slots=True)
class StoredMarks:
    """Ingest's columns."""

    stored_seq: int
    top_seq: int


@dataclass(slots=True)
class VerifiedMarks:
    """Verify's columns."""

    verified_seq: int
    seen_seq: int
    h: bytes
    broken: bool
    statements: bytes
    signed_seq: int
    covered_seq: int
    volume_l: int | None
    grant_digest: bytes | None


_INGEST = (chain_state.c.stored_seq, chain_state.c.top_seq)
_VERIFY = tuple(chain_state.c[name] for name in VerifiedMarks.__slots__)
_KEY = (chain_state.c.controller_id, chain_state.c.chain)
_BEGIN = Bulk(chain_state, ("controller_id", "chain", *StoredMarks.__slots__, *VerifiedMarks.__slots__))


def _of_key(columns: Iterable[Any]) -> Select[Any]:
    return select(*columns).where(
        chain_state.c.controller_id == bindparam("of_controller"),
        chain_state.c.chain == bindparam("of_chain"),
    )


def _saving(columns: Iterable[Any]) -> Update:
    return (
        update(chain_state)
        .where(chain_state.c.controller_id == bindparam("at_controller"))
        .where(chain_state.c.chain == bindparam("at_chain"))
        .values({column.name: bindparam(column.name) for column in columns})
    )


_STORED, _VERIFIED = _of_key(_INGEST), _of_key(_VERIFY)
_SAVE_STORED, _SAVE_VERIFIED = _saving(_INGEST), _saving(_VERIFY)


def _one(connection: Connection, query: Select[Any], key: Key) -> Any:
    return connection.execute(query, {"of_controller": key[0], "of_chain": key[1]}).first()


def _many(connection: Connection, columns: Iterable[Any], keys: Collection[Key]) -> dict[Key, Any]:
    """The same for many chains."""
    found = {}
    for part in parts(keys):
        numbers, asked = {key[0] for key in part}, {key[1] for key in part}
        where = (chain_state.c.controller_id.in_(numbers), chain_state.c.chain.in_(asked))
        rows = connection.execute(select(*_KEY, *columns).where(*where))
        found.update({(row[0], row[1]): row[2:] for row in rows})
    return {key: found[key] for key in keys if key in found}


def stored_of(connection: Connection, keys: Collection[Key]) -> dict[Key, StoredMarks]:
    """Ingest's marks of those chains of which something arrived before."""
    return {key: StoredMarks(*row) for key, row in _many(connection, _INGEST, keys).items()}


def verified_of(connection: Connection, keys: Collection[Key]) -> dict[Key, VerifiedMarks]:
    """Verify's marks of those chains that have any."""
    return {key: VerifiedMarks(*row) for key, row in _many(connection, _VERIFY, keys).items()}


def stored(connection: Connection, key: Key) -> StoredMarks | None:
    """Ingest's marks of a chain; None = nothing arrived yet."""
    row = _one(connection, _STORED, key)
    return None if row is None else StoredMarks(*row)


def verified(connection: Connection, key: Key) -> VerifiedMarks | None:
    """Verify's marks of a chain."""
    row = _one(connection, _VERIFIED, key)
    return None if row is None else VerifiedMarks(*row)


def begin(connection: Connection, geneses: Sequence[tuple[Key, bytes]]) -> None:
    """Open chains' rows: nothing stored, nothing verified, h = h_0."""
    nothing = VerifiedMarks(0, 0, b"", False, b"", 0, 0, None, None)
    rows = []
    for key, genesis in geneses:
        marks = replace(nothing, h=genesis)
        rows.append((*key, 0, 0, *(getattr(marks, name) for name in VerifiedMarks.__slots__)))
    _BEGIN.run(connection, rows)


def _save(connection: Connection, statement: Update, rows: list[tuple[Key, dict[str, Any]]]) -> None:
    if rows:
        connection.execute(
            statement, [{"at_controller": key[0], "at_chain": key[1], **values} for key, values in rows]
        )


def save_stored(connection: Connection, marks: Iterable[tuple[Key, StoredMarks]]) -> None:
    """Write ingest's columns."""
    rows = [(key, {"stored_seq": one.stored_seq, "top_seq": one.top_seq}) for key, one in marks]
    _save(connection, _SAVE_STORED, rows)


def save_verified(connection: Connection, marks: Iterable[tuple[Key, VerifiedMarks]]) -> None:
    """Write verify's columns."""
    rows = [(key, {name: getattr(one, name) for name in VerifiedMarks.__slots__}) for key, one in marks]
    _save(connection, _SAVE_VERIFIED, rows)


def of_controller(connection: Connection, controller_id: int) -> list[tuple[int, VerifiedMarks]]:
    """Chain number and verify's marks of every chain of a controller, by rising number."""
    query = select(chain_state.c.chain, *_VERIFY).where(chain_state.c.controller_id == controller_id)
    return [
        (row[0], VerifiedMarks(*row[1:])) for row in connection.execute(query.order_by(chain_state.c.chain))
    ]
