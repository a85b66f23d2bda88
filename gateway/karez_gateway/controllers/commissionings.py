"""Commissioning files that technicians bring in: believed because a listed technician signed them.

A file is taken whole or not at all. A second one of a site is its next version; none is ever replaced
(docs/wire/commissioning.md). The lists of technicians come in here, too: the root's signature says what
they are worth, as at the controllers.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.controllers import registry
from karez_gateway.errors import Refused
from karez_gateway.store import bindings, commissionings, controllers, revocations
from karez_gateway.store.commissionings import Kept, PhotoRow
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.technician import commissioning_file, judgement
from karez_gateway.technician.commissioning import FAILS, Commissioning
from karez_gateway.technician.commissioning_fields import plain
from karez_gateway.technician.commissioning_file import CommissioningFile
from karez_gateway.technician.errors import Faulty, Trouble
from karez_gateway.verifier.statements import verifies
from karez_protocols import binding, technicians
from karez_protocols.errors import ProtocolError

AHEAD_S = 86_400  # a laptop's clock may be wrong by this much; a date in the future is never true
SHOWN_MAX = 5  # faults in one sentence; `karez tech report` names them all


class Taken(NamedTuple):
    """What became of a file."""

    site: str
    version: int
    kind: str
    controller: str
    technician: int
    result: str
    is_new: bool


def take_in(store: Database, data: bytes, name: object, now_s: int) -> Taken:
    """Keep a commissioning file; the same one again changes nothing. Raises Refused, which says why."""
    file = _read(data, name)
    with store.writing() as connection:
        known = commissionings.same(connection, file.sha256)
        if known is not None:
            return _taken(known, is_new=False)
        box = _box(connection, file.says)
        list_seq = _check_signer(connection, file, box, now_s)
        says = file.says
        version = commissionings.add(
            connection,
            [PhotoRow(one.file, one.size_bytes, bytes.fromhex(one.sha256)) for one in says.photos],
            site=says.site.code,
            kind=says.kind,
            controller_id=box.id,
            technician=says.technician.number,
            list_seq=list_seq,
            result=judgement.result(says),
            permit=says.site.permit,
            latitude_udeg=says.site.latitude_udeg,
            longitude_udeg=says.site.longitude_udeg,
            finished_utc_s=says.finished_utc_s,
            taken_utc_s=now_s,
            digest=file.sha256,
            file=data,
        )
        kept = commissionings.same(connection, file.sha256)
    if kept is None or kept.version != version:
        raise Refused(f"{name} was not stored")
    return _taken(kept, is_new=True)


def _taken(one: Kept, *, is_new: bool) -> Taken:
    return Taken(one.site, one.version, one.kind, one.controller, one.technician, one.result, is_new)


def _read(data: bytes, name: object) -> CommissioningFile:
    try:
        file = commissioning_file.decode(data, name)
    except Faulty as error:
        said = [one.text("en") for one in error.faults[:SHOWN_MAX]]
        raise Refused(f"{error.text('en')} {'; '.join(said)}") from None
    except Trouble as error:
        raise Refused(error.text("en")) from None
    if file.signature is None:
        raise Refused(f"{name} bears no signature: the technician finishes and signs it first")
    return file


def _box(connection: Connection, says: Commissioning) -> Controller:
    """The enrolled controller that the file is about. Raises Refused where the two do not agree."""
    name, site = says.controller.name, says.site.code
    box = controllers.find(connection, name)
    if box is None:
        raise Refused(f"controller {name} of {site} is not enrolled: karez gateway enrol makes it known")
    revoked = revocations.of_controller(connection, box.id)
    if revoked is not None:
        raise Refused(f"controller {name} is revoked, by {revoked.by} ({revoked.because})")
    if box.site != site:  # it may have been bound anew since, and a file comes late
        before = [one for one in bindings.were_at(connection, site) if one.id == box.id]
        if not before:
            raise Refused(
                f"the file is about site {site}, but controller {name} is bound to site {box.site}: one of "
                f"the two names is wrong"
            )
        box = before[0]
    if box.key.public_bytes_raw().hex() != says.controller.key:
        raise Refused(f"the file names another key of controller {name} than its binding")
    _check_class(box, says)
    return box


def _check_class(box: Controller, says: Commissioning) -> None:
    values = binding.open_signed(box.signed_binding)[0]
    bound = {"use": registry.CLASSES[values["class"]], "fail": FAILS[values["fail"]]}
    for name, word in bound.items():
        said = getattr(says.site, name)
        if said != word:
            raise Refused(
                f"site.{name} of the file is {said}, the binding of {box.name} at {box.site} says {word}: "
                f"commission it again, or bind it anew"
            )


def _check_signer(connection: Connection, file: CommissioningFile, box: Controller, now_s: int) -> int:
    """Number of the list by which the signer may; his signature itself is checked already."""
    number, finished_utc_s = file.says.technician.number, file.says.finished_utc_s
    if finished_utc_s > now_s + AHEAD_S:
        raise Refused("the file was finished in the future: set the clock of the laptop, or of this machine")
    newest = commissionings.list_in_force(connection, box.regulator_key)
    if newest is None:
        raise Refused(
            f"no list of technicians of the root of {box.site} was brought in: karez gateway technicians FILE"
        )
    seq, body = newest
    _, rows, _, _ = technicians.open_signed(body)
    key = technicians.key_of(rows, number, finished_utc_s)
    if key is None:
        raise Refused(
            f"technician {number} does not stand in list {seq}, or only until before he finished: ask the "
            f"regulator for a newer list, and bring it in with karez gateway technicians"
        )
    if key.hex() != file.says.technician.key:
        raise Refused(f"the file is signed with another key than that of technician {number} in list {seq}")
    return seq


def take_list(store: Database, data: bytes, now_s: int) -> tuple[int, int, bool]:
    """Put a signed list in force; return (number, technicians, False if it was already). Raises Refused."""
    try:
        values, rows, message, signature = technicians.open_signed(data)
    except ProtocolError as error:
        raise Refused(f"this is no signed list of technicians: {error}") from error
    seq = int(values["seq"])
    with store.writing() as connection:
        roots = {one.regulator_key for one in controllers.everyone(connection)}
        root = next((one for one in sorted(roots) if verifies(one, signature, message)), None)
        if root is None:
            raise Refused(
                "no regulator of an enrolled controller signed this list: ask who made it, or enrol the "
                "controllers first"
            )
        newest = commissionings.list_in_force(connection, root)
        if newest is not None and newest[1] == data:
            return seq, len(rows), False
        if newest is not None and seq <= newest[0]:
            raise Refused(f"list {newest[0]} is in force; this one, {seq}, is not newer")
        commissionings.keep_list(connection, root, seq, bytes(data), now_s)
    return seq, len(rows), True


def facts(connection: Connection, site: str = "") -> list[dict[str, Any]]:
    """What is kept of a site, or of all, by site and version; integers with units, times in UTC seconds."""
    return [_facts(connection, one) for one in commissionings.every(connection, site)]


def _facts(connection: Connection, one: Kept) -> dict[str, Any]:
    says = commissioning_file.decode(commissionings.file_of(connection, one.id), one.site).says
    photos = commissionings.photos(connection, one.id)
    said = {name: value for name, value in one._asdict().items() if name not in ("id", "digest")}
    return {
        **said,
        "sha256": one.digest.hex(),
        "begun_utc_s": says.begun_utc_s,
        "right_holder": says.site.right_holder,
        "use": says.site.use,
        "sub_class": says.site.sub_class,
        "meters": plain(says.meters),
        "checks": [_check(*row) for row in judgement.outcomes(says)],
        "seals": plain(says.seals),
        "photos": [{**row._asdict(), "sha256": row.sha256.hex()} for row in photos],
    }


def _check(kind: str, check: Any, outcome: str, why: str) -> Mapping[str, Any]:
    return {
        "check": kind,
        "quantity": getattr(check, "quantity", None),
        "error_ppm": getattr(check, "error_ppm", None),
        "outcome": outcome,
        "why": why or None,
    }


def file_at(connection: Connection, site: str, version: int | None) -> bytes:
    """The file of a version, or of the newest. Raises Refused."""
    kept = commissionings.every(connection, site)
    found = [one for one in kept if version in (None, one.version)]
    if not found:
        which = "no commissioning" if version is None else f"no version {version} of a commissioning"
        raise Refused(f"{which} of site {site} was brought in: karez gateway commissionings lists them")
    return commissionings.file_of(connection, found[-1].id)
