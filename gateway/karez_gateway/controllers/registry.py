"""The register of controllers: who stands where since when, what was last heard, who was revoked and why."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from karez_gateway.store import bindings, chains, controllers, entries, revocations
from karez_gateway.store.bindings import Former
from karez_gateway.store.controllers import Controller
from karez_gateway.store.revocations import Revocation
from karez_protocols import site_class

CLASSES = {
    site_class.IRRIGATION: "irrigation",
    site_class.DOMESTIC: "domestic",
    site_class.LIVESTOCK: "livestock",
    site_class.INDUSTRY: "industry",
}

ENROLLED = "enrolled"  # known, and nothing came yet
ACTIVE = "active"
REPLACED = "replaced"  # a box with a newer binding stands at its site
REVOKED = "revoked"
REVOKING = "to be revoked"  # as soon as the service has written it into the log


def facts(connection: Connection, presence: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One dictionary for each controller, by name; `presence`: what the running service heard last."""
    everyone = controllers.everyone(connection)
    revoked = revocations.everyone(connection)
    formers = bindings.every(connection)
    newest = _newest(one for one in everyone if one.id not in revoked)
    out = []
    for one in everyone:
        last_record = _last_record_utc_s(connection, one.id)
        heard = presence.get(one.name)
        seen = [utc_s for utc_s in (last_record, heard["utc_s"] if heard else None) if utc_s is not None]
        out.append(
            {
                "name": one.name,
                "site": one.site,
                "class": CLASSES[one.site_class],
                "key_sha256": hashlib.sha256(one.key.public_bytes_raw()).hexdigest(),
                "bound_utc_s": one.issued_utc_s,
                "enrolled_utc_s": one.enrolled_utc_s,
                "state": _state(one, newest.get(one.site), revoked.get(one.id), last_record),
                "online": bool(heard["online"]) if heard else None,
                "last_seen_utc_s": max(seen, default=None),
                "last_record_utc_s": last_record,
                "former_sites": [_former_site(each) for each in formers.get(one.id, [])],
                "revoked": revocation(revoked.get(one.id)),
            }
        )
    return out


def _newest(believed: Iterable[Controller]) -> dict[str, Controller]:
    """Site -> the box with the newest binding to it."""
    newest: dict[str, Controller] = {}
    for one in believed:
        known = newest.get(one.site)
        if known is None or one.issued_utc_s > known.issued_utc_s:
            newest[one.site] = one
    return newest


def _former_site(found: Former) -> dict[str, Any]:
    return {
        "site": found.site,
        "last_chain": found.last_chain,
        "until_utc_s": found.until_utc_s,
        "by": found.by,
        "because": found.because,
    }


def revocation(found: Revocation | None) -> dict[str, Any] | None:
    """Who revoked a controller, when and why; `log_index` is empty until the log holds it."""
    if found is None:
        return None
    return {
        "by": found.by,
        "because": found.because,
        "utc_s": found.queued_utc_s,
        "log_index": found.log_index,
    }


def _last_record_utc_s(connection: Connection, controller_id: int) -> int | None:
    """When the record with the highest number came, of the newest chain."""
    known = chains.of_controller(connection, controller_id)
    if not known:
        return None
    key = (controller_id, known[-1][0])
    marks = chains.stored(connection, key)
    return None if marks is None else entries.received_utc_s(connection, *key, marks.top_seq)


def _state(
    one: Controller, newest: Controller | None, revoked: Revocation | None, last_record: int | None
) -> str:
    if revoked is not None:
        return REVOKING if revoked.log_index is None else REVOKED
    if newest is not None and newest.id != one.id:
        return REPLACED
    return ENROLLED if last_record is None else ACTIVE
