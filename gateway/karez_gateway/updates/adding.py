"""A person adds an update: to every well, or to a few first; the same one again goes on to the others."""

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.errors import Refused
from karez_gateway.store import controllers, firmwares, revocations
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.firmwares import Firmware
from karez_gateway.updates import rollout
from karez_gateway.updates.package import Package, of

ADDED = "update-added"


def add(
    store: Database, package: Package, deed: Deed, settings: rollout.Settings, only: Collection[str] = ()
) -> Firmware:
    """Let a roll-out begin at its first stage; `only`: sites it is for, all without. Raises Refused.

    One that was for a few sites is widened by adding it again: who has it keeps it, the first stage is anew.
    """
    digest = package.sha256
    with store.writing() as connection:
        every = firmwares.everyone(connection)
        for one in every:
            if one.sha256 != digest:
                _check_other(connection, one, package)
        known = next((one for one in every if one.sha256 == digest), None)
        has = set() if known is None else _boxes_of(connection, known)
        boxes = _boxes(connection, only)
        if known is not None and (known.state not in (*rollout.STAGES, rollout.DONE) or not _new(boxes, has)):
            raise Refused(f"this update is there already: number {known.id}, {known.state}")
        order = _order(connection, digest, boxes, has)
        act = acts.write(connection, ADDED, deed, _said(package, len(order), settings))
        row = {
            "act_id": act, "settings": acts.canonical(asdict(settings)), "state": rollout.FIRST,
            "stage": rollout.FIRST, "since_utc_s": deed.now_s, "why": deed.because,
        }  # fmt: skip
        if known is None:
            row |= {"sha256": digest, "manifest": package.manifest, "image": package.image}
            number = firmwares.add(connection, row | {"resumed_utc_s": 0}, order)
        else:
            number = known.id
            firmwares.move(connection, number, row)
            firmwares.widen(connection, number, order, has)
        found = firmwares.get(connection, number)
    if found is None:
        raise RuntimeError("what was just added is not there")
    return found


def _said(package: Package, wells: int, settings: rollout.Settings) -> dict[str, object]:
    values = package.values
    return {
        "sha256": package.sha256.hex(), "board": values["board"], "number": values["number"],
        "release": values["release"], "wells": wells, "settings": asdict(settings),
    }  # fmt: skip


def _check_other(connection: Connection, one: Firmware, package: Package) -> None:
    values, known = package.values, of(*firmwares.content(connection, one.id), one.id).values
    if known["board"] != values["board"]:
        return
    if known["number"] >= values["number"]:
        raise Refused(
            f"number {values['number']} does not rise: update {one.id} for {known['board']} has "
            f"{known['number']}, and no controller goes back"
        )
    if one.state not in (rollout.DONE, rollout.WITHDRAWN):
        raise Refused(f"update {one.id} for {known['board']} is under way: withdraw it first")


def _boxes_of(connection: Connection, one: Firmware) -> set[int]:
    return {place.controller_id for place in firmwares.places(connection, one.id)}


def _new(boxes: dict[str, Controller], has: Collection[int]) -> bool:
    return any(box.id not in has for box in boxes.values())


def _order(
    connection: Connection, digest: bytes, boxes: dict[str, Controller], has: Collection[int]
) -> list[int]:
    """Rows of new and known boxes in the one order that follows from the digest."""
    known = {one.name: one for one in controllers.everyone(connection) if one.id in has}
    both = known | boxes
    order = rollout.order(digest, {name: box.is_protected for name, box in both.items()})
    return [both[name].id for name in order]


def _boxes(connection: Connection, only: Collection[str]) -> dict[str, Controller]:
    revoked = revocations.everyone(connection)
    boxes = {one.name: one for one in controllers.everyone(connection) if one.id not in revoked}
    if only:
        strange = sorted(set(only) - {one.site for one in boxes.values()})
        if strange:
            raise Refused(
                f"no controller is bound to {', '.join(strange[:5])}: see `karez gateway controllers`"
            )
        boxes = {name: one for name, one in boxes.items() if one.site in only}
    if not boxes:
        raise Refused("no controller is enrolled here: there is nobody to bring it to")
    return boxes
