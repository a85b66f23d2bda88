"""Whether the books still say what people decided: tables against acts, acts against the log."""

import hashlib
import json

from sqlalchemy import Connection

from karez_gateway.county.ledger import closing
from karez_gateway.county.ledger import corrections as pure
from karez_gateway.store import acts, closings, corrections, entries
from karez_gateway.store.acts import Act
from karez_gateway.store.closings import Closed
from karez_protocols import entry


def of_act(connection: Connection, act: Act | None) -> str:
    """What is wrong with an act: its detail is not what its digest or the log says. Empty: nothing."""
    if act is None:
        return "its act is gone"
    if hashlib.sha256(act.detail).digest() != act.digest:
        return f"the detail of act {act.id} is not what was decided"
    if act.log_index is None:
        return ""
    body = entries.body(connection, act.log_index)
    said = entry.decode(body) if body is not None else {}
    if said.get("entry") != entry.ACT or said.get("digest") != act.digest or said.get("number") != act.id:
        return f"entry {act.log_index} of the store does not hold act {act.id}"
    return ""


def of_correction(connection: Connection, act_id: int) -> str:
    """What is wrong with the rows of a correction's act."""
    act = acts.get(connection, act_id)
    problem = of_act(connection, act)
    if problem or act is None:
        return problem
    decided = pure.said(json.loads(act.detail))
    kept = [
        pure.Correction(
            one.site, one.kind, one.method, one.from_utc_s, one.to_utc_s, one.litres, one.energy_wh
        )
        for one in corrections.of_act(connection, act_id)
    ]
    return "" if kept == decided else f"the corrections of act {act_id} are not those that were decided"


def of_month(connection: Connection, one: Closed) -> str:
    """What is wrong with a closed month."""
    act = acts.get(connection, one.act_id)
    problem = of_act(connection, act)
    if problem or act is None:
        return problem
    said = json.loads(act.detail)
    totals = closings.totals(connection, one.from_utc_s)
    seal = closing.digest(totals)
    is_same = seal.hex() == said["sha256"] == one.digest.hex() and len(totals) == said["totals"]
    is_span = (said["from_utc_s"], said["to_utc_s"]) == (one.from_utc_s, one.to_utc_s)
    return "" if is_same and is_span else f"its totals are not those of act {one.act_id}"
