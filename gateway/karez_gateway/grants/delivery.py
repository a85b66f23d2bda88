"""Signed grants on their way back: taken in all or none, and what became of each at its well."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.county import bringing
from karez_gateway.county.acts import Deed
from karez_gateway.downlink import offering
from karez_gateway.errors import Refused
from karez_gateway.grants import request as grant_request
from karez_gateway.grants import rights
from karez_gateway.regulator import signed_grants
from karez_gateway.regulator.errors import Refused as NotReadable
from karez_gateway.store import acts, grantstates
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.downlinks import ACCEPTED, REFUSED
from karez_gateway.store.grantstates import GrantState, Queued
from karez_protocols import causes, grant, signed

FAULTS_SHOWN_MAX = 40
DAY_S = 86_400
CLOCKS_APART_S = 3600  # so far may the office's clock be behind the gateway's
# What a well's grant is overdue for.
UNSIGNED, UNDECIDED, WAS_REFUSED, NOT_IN_FORCE = "signature", "answer", "refused", "not in force"


@dataclass
class Delivered:
    """How many were queued, and how many had been taken before."""

    queued: list[str] = field(default_factory=list)  # sites
    known: int = 0


def read(data: bytes, name: str) -> list[bytes]:
    """The grants of a file: of all sites, or a single one. Raises Refused."""
    if not signed_grants.is_one(data):
        return [data]
    try:
        return signed_grants.decode(data, name)
    except NotReadable as error:
        raise Refused("; ".join(one.text("en") for one in error.faults)) from None


def deliver(
    store: Database, grants: Sequence[tuple[str, bytes]], now_s: int, deed: Deed | None = None
) -> Delivered:
    """Queue grants of (file name, bytes), all of them or none. Raises Refused naming every one at fault.

    Those that were taken before are counted and left alone: the same file brought twice changes nothing.
    `deed`: who brings them in, None where no person does.
    """
    done = Delivered()
    faults: list[str] = []
    fresh: list[Queued] = []
    with store.writing() as connection:
        boxes = {one.site: one for one in offering.newest_of_each_site(connection)}
        known, highest = grantstates.known(connection), grantstates.highest(connection)
        for name, data in grants:
            try:
                one = _checked(data, boxes, known, highest)
            except Refused as error:
                faults.append(f"{name}: {error}")
                continue
            if one is None:
                done.known += 1
                continue
            highest[one.controller_id] = one.object_seq
            known[one.controller_id, one.digest] = "queued"
            fresh.append(one)
            done.queued.append(rights.read(data).site)
        if faults:
            more = ["…"] if len(faults) > FAULTS_SHOWN_MAX else []
            shown = "\n".join([*faults[:FAULTS_SHOWN_MAX], *more])
            raise Refused(f"{len(faults)} of {len(grants)} grants are at fault, none was queued:\n{shown}")
        grantstates.queue(connection, fresh, now_s)
        names = {one.id: one.name for one in boxes.values()}
        bringing.keep(
            connection, bringing.GRANT, deed, [(names[one.controller_id], one.body) for one in fresh]
        )
    return done


def _checked(
    data: bytes,
    boxes: Mapping[str, Controller],
    known: Mapping[tuple[int, bytes], str],
    highest: Mapping[int, int],
) -> Queued | None:
    """A grant that its controller would take; None if it was taken before. Raises Refused."""
    right = rights.read(data)
    box = boxes.get(right.site)
    if box is None:
        raise Refused(f"no controller is enrolled at site {right.site}: enrol its binding first")
    rights.check(data, box.site, box.regulator_key)
    digest = hashlib.sha256(data).digest()
    if (box.id, digest) in known:
        return None
    if right.seq <= highest.get(box.id, 0):
        raise Refused(
            f"grant {right.seq} of {right.site} is not newer than grant {highest[box.id]} that the well got"
        )
    return Queued(box.id, right.seq, digest, data)


class Prepared(NamedTuple):
    """What was asked for a site last: by which act, when, and how much. `energy_wh` None: not limited.

    Acts of before said 0 for no limit (grants/request.py: ACT_VERSION); nobody could ask for nothing then.
    """

    act_id: int
    utc_s: int
    right_l: int
    energy_wh: int | None


class WellState(NamedTuple):
    """Where a site's right stands. `held_seq`: the grant that the controller itself says it has."""

    site: str
    controller: str
    right_l: int | None
    act_id: int | None
    grant_seq: int | None
    document: str
    state: str
    cause: str | None
    held_seq: int | None
    is_in_force: bool
    overdue: str


def prepared(connection: Connection, year: int) -> dict[str, Prepared]:
    """What was asked for each site last in a water year."""
    found: dict[str, Prepared] = {}
    for one in acts.every(connection, grant_request.SORT):
        detail = json.loads(one.detail)
        if detail["year"] != year:
            continue
        is_old = detail.get("version", 1) < grant_request.ACT_VERSION
        for site, (right_l, energy_wh) in detail["sites"].items():
            found[site] = Prepared(
                one.id, one.utc_s, right_l, None if is_old and not energy_wh else energy_wh
            )
    return found


def states(
    connection: Connection,
    year: int,
    presence: Mapping[str, Mapping[str, Any]],
    now_s: int,
    overdue_days: int,
    until_utc_s: int,
) -> list[WellState]:
    """Where each site's right of a year stands; `presence`: what controllers said of themselves last.

    `until_utc_s`: the end of that water year. A grant is of the year in which it was issued, so what was
    issued later says nothing about this one.
    """
    asked, issued = prepared(connection, year), grantstates.newest_first(connection)
    newest = {number: one for number, those in issued.items() if (one := _before(those, until_utc_s))}
    boxes = {one.site: one for one in offering.newest_of_each_site(connection)}
    found = []
    for site in sorted(asked.keys() | {site for site, box in boxes.items() if box.id in newest}):
        box = boxes.get(site)
        held = presence.get(box.name, {}).get("grant_seq") if box else None
        mine = newest.get(box.id) if box else None
        found.append(_state(site, box, asked.get(site), mine, held, now_s - overdue_days * DAY_S))
    return found


def _before(those: Sequence[GrantState], until_utc_s: int) -> GrantState | None:
    """The newest that was issued before a moment."""
    return next((one for one in those if _values(one)["issued_utc_s"] < until_utc_s), None)


def _values(one: GrantState) -> dict[str, Any]:
    values, _ = grant.decode(signed.split(grant.LABEL, one.body)[0])
    return dict(values)


def _state(
    site: str,
    box: Controller | None,
    asked: Prepared | None,
    mine: GrantState | None,
    held: int | None,
    late_utc_s: int,
) -> WellState:
    document, issued_utc_s = "", 0
    if mine is not None:
        values = _values(mine)
        document, issued_utc_s = values["document"], values["issued_utc_s"]
    is_unsigned = asked is not None and (mine is None or issued_utc_s < asked.utc_s - CLOCKS_APART_S)
    state = "prepared" if is_unsigned or mine is None else mine.state
    in_force = mine is not None and (held == mine.object_seq or (held is None and mine.state == ACCEPTED))
    return WellState(
        site=site,
        controller=box.name if box else "",
        right_l=asked.right_l if asked else None,
        act_id=asked.act_id if asked else None,
        grant_seq=mine.object_seq if mine else None,
        document=document,
        state=state,
        cause=None if mine is None or mine.cause is None else causes.name(mine.cause),
        held_seq=held,
        is_in_force=in_force and not is_unsigned,
        overdue=_overdue(asked if is_unsigned else None, mine, in_force, late_utc_s),
    )


def _overdue(asked: Prepared | None, mine: GrantState | None, in_force: bool, late_utc_s: int) -> str:
    """What a well waits for too long; empty if for nothing."""
    if asked is not None:
        return UNSIGNED if asked.utc_s <= late_utc_s else ""
    if mine is None or in_force:
        return ""
    if mine.state == REFUSED:
        return WAS_REFUSED
    if mine.queued_utc_s > late_utc_s:
        return ""
    return NOT_IN_FORCE if mine.state == ACCEPTED else UNDECIDED
