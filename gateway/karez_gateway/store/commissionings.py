"""SQL over `commissioning` and `technician_list`: what technicians brought in, and who may sign it.

Rows are added and never changed: a second commissioning of a site is its next version.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from karez_gateway.store.schema import commissioning, commissioning_photo, controller, technician_list


class Kept(NamedTuple):
    """One stored commissioning without its file. Times are UTC seconds."""

    id: int
    site: str
    version: int
    kind: str
    controller: str
    technician: int
    list_seq: int
    result: str
    permit: str | None
    latitude_udeg: int | None
    longitude_udeg: int | None
    finished_utc_s: int
    taken_utc_s: int
    digest: bytes


class PhotoRow(NamedTuple):
    """A photo as the file names it."""

    file: str
    size_bytes: int
    sha256: bytes


_KEPT = (
    select(
        commissioning.c.id,
        commissioning.c.site,
        commissioning.c.version,
        commissioning.c.kind,
        controller.c.name,
        commissioning.c.technician,
        commissioning.c.list_seq,
        commissioning.c.result,
        commissioning.c.permit,
        commissioning.c.latitude_udeg,
        commissioning.c.longitude_udeg,
        commissioning.c.finished_utc_s,
        commissioning.c.taken_utc_s,
        commissioning.c.digest,
    )
    .join(controller, controller.c.id == commissioning.c.controller_id)
    .order_by(commissioning.c.site, commissioning.c.version)
)


def _kept(row: Any) -> Kept:
    return Kept(*row)


def every(connection: Connection, site: str = "") -> list[Kept]:
    """All of a site, or of all sites, by site and version."""
    query = _KEPT.where(commissioning.c.site == site) if site else _KEPT
    return [_kept(row) for row in connection.execute(query)]


def same(connection: Connection, digest: bytes) -> Kept | None:
    """The one that came in with this very file."""
    row = connection.execute(_KEPT.where(commissioning.c.digest == digest)).first()
    return None if row is None else _kept(row)


def file_of(connection: Connection, commissioning_id: int) -> bytes:
    """The file as it was signed."""
    query = select(commissioning.c.file).where(commissioning.c.id == commissioning_id)
    return bytes(connection.execute(query).scalar_one())


def photos(connection: Connection, commissioning_id: int) -> list[PhotoRow]:
    """Photos that the file names, in its order."""
    query = (
        select(commissioning_photo.c.file, commissioning_photo.c.size_bytes, commissioning_photo.c.sha256)
        .where(commissioning_photo.c.commissioning_id == commissioning_id)
        .order_by(commissioning_photo.c.number)
    )
    return [PhotoRow(row[0], row[1], bytes(row[2])) for row in connection.execute(query)]


def add(connection: Connection, photo_rows: Sequence[PhotoRow], **values: object) -> int:
    """Keep one as the next version of its site; return the version. `values`: the other columns."""
    newest = connection.execute(
        select(func.max(commissioning.c.version)).where(commissioning.c.site == values["site"])
    ).scalar()
    version = (newest or 0) + 1
    made = connection.execute(insert(commissioning).values(version=version, **values))
    key = made.inserted_primary_key
    owner = None if key is None else key[0]
    for number, one in enumerate(photo_rows):
        connection.execute(
            insert(commissioning_photo).values(commissioning_id=owner, number=number, **one._asdict())
        )
    return version


def list_in_force(connection: Connection, regulator_key: bytes) -> tuple[int, bytes] | None:
    """(number, signed list) of the newest list of a root."""
    query = (
        select(technician_list.c.seq, technician_list.c.body)
        .where(technician_list.c.regulator_key == regulator_key)
        .order_by(technician_list.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else (int(row[0]), bytes(row[1]))


def keep_list(connection: Connection, regulator_key: bytes, seq: int, body: bytes, now_s: int) -> None:
    """Keep a list; the one with the highest number is in force."""
    connection.execute(
        insert(technician_list).values(regulator_key=regulator_key, seq=seq, body=body, taken_utc_s=now_s)
    )
