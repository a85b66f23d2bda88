"""The status as lines for people."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from karez_gateway.exports import status as exportstatus
from karez_gateway.intake import verify
from karez_gateway.operation import logstatus
from karez_gateway.uploads import text as uploadtext
from karez_protocols import causes, record

MANY = 8  # wells up to which an object has a line for each
ENDED = ("accepted", "superseded", "over", "withdrawn")
OUTSIDE = causes.name(causes.ORDER_REFUSED_SITE)

METHODS = {
    record.METERED: "metered",
    record.CONVERTED: "converted",
    record.CONVERTED_GROUP: "converted-group",
    record.ESTIMATED: "estimated",
}


def lines(facts: dict[str, Any]) -> list[str]:
    """Lines without their ends."""
    state = "running" if facts["running"] else "not running"
    out = [f"{facts['name']}: {state}; broker: {facts['broker']}"]
    if facts["stopped"]:
        utc = dt.datetime.fromtimestamp(facts["stopped"]["utc_s"], dt.UTC).strftime("%Y-%m-%d %H:%M")
        out.append(f"STOPPED {utc} UTC: {facts['stopped']['reason']}")
    out += logstatus.lines(facts["log"])
    if any(facts["alarms"].values()):
        counts = ", ".join(f"{count} {severity}" for severity, count in facts["alarms"].items() if count)
        out.append(f"alarms that nobody has acknowledged: {counts}; karez gateway alarms list")
    for one in facts["controllers"]:
        out += _controller(one)
    for one in facts["destinations"]:
        out += uploadtext.lines(one)
    out += exportstatus.lines(facts["exports"])
    out += _downlinks(facts["downlinks"])
    out += [_command(one) for one in facts["commands"]]
    if facts["time_held"]:
        out.append(f"controllers are not told the time: {facts['time_held']}")
    for name, count in facts["strangers"].items():
        out.append(f"not placed: {count} frames of {name} (enrol its binding, or look at its firmware)")
    return out


def _downlinks(found: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each well; an object for many wells is counted, and only its open cases are named."""
    objects: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in found:
        key = (one["sort"], str(one["id"]) if one["sort"] == "grant" else one["sha256"])
        objects.setdefault(key, []).append(one)
    for same in objects.values():
        name = _object(same[0])
        shown, opened = same, same
        if len(same) > MANY:
            counts = Counter(one["state"] for one in same)
            told = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
            yield f"{name} for {len(same)} wells: {told}"
            # Outside its area an order is refused, as it should be.
            opened = [one for one in same if one["state"] not in ENDED and one["cause"] != OUTSIDE]
            shown = opened[:MANY]
        for one in shown:
            why = f": {one['cause']}" if one["cause"] else ""
            sent = f" after {one['attempts']} sendings" if one["attempts"] else ""
            again = f", given again {one['times_again']} times" if one["times_again"] else ""
            yield f"{name} for {one['site']} ({one['controller']}): {one['state']}{why}{sent}{again}"
        if len(same) > MANY and len(opened) > MANY:
            yield f"  and {len(opened) - MANY} more wells; --json names them all"


def _object(one: dict[str, Any]) -> str:
    seq = "?" if one["seq"] is None else one["seq"]
    if one["sort"] != "order":
        return f"{one['sort']} {seq}"
    office = "?" if one["office"] is None else one["office"]
    return f"order {seq} of {'the root' if office == 0 else f'office {office}'} ({one['says']})"


def _command(one: dict[str, Any]) -> str:
    utc = dt.datetime.fromtimestamp(one["queued_utc_s"], dt.UTC).strftime("%Y-%m-%d %H:%M")
    why = f": {one['cause']}" if one["cause"] else ""
    state = "dead, no record says what became of it" if one["state"] == "dead" else one["state"]
    return f"{one['verb']} for {one['site']}, {utc} UTC, wished by {one['wished_by']}: {state}{why}"


def _controller(one: dict[str, Any]) -> Iterator[str]:
    state = one["state"]
    online = "not seen" if state is None else "online" if state["online"] else "offline"
    yield f"{one['site']} ({one['name']}): {online}, {one['litres_booked']:,} L booked"
    if one["revoked"]:
        yield f"  REVOKED by {one['revoked']['by']}: {one['revoked']['because']}"
    holds = one["holds"]
    if holds["orders"] or holds["key_list_seq"] is not None:
        taken = [f"order {each['seq']} of office {each['office']}" for each in holds["orders"]]
        lists = [] if holds["key_list_seq"] is None else [f"key list {holds['key_list_seq']}"]
        yield "  proved to hold: " + ", ".join(lists + taken)
    for chain in one["chains"]:
        gap = f", gaps up to {chain['top_seq']}" if chain["top_seq"] > chain["stored_seq"] else ""
        yield (
            f"  chain {chain['chain']}: stored {chain['stored_seq']}{gap}, verified {chain['verified_seq']}, "
            f"covered by a signature {chain['covered_seq']}" + (", BROKEN" if chain["broken"] else "")
        )
        if chain["forks"]:
            yield f"  FORKS: {chain['forks']} numbers with two different records"
        for reason, count in chain["quarantined"].items():
            yield f"  quarantined: {count} × {reason}"
    for found in one["findings"]:
        yield "  " + _finding(found)


def _finding(found: dict[str, Any]) -> str:
    if found["kind"] == verify.SEGMENT:
        return f"segment {found['subject']} opened: {found['litres']:,} L booked that were held"
    return f"{found['kind']} of {found['litres']:,} L, grant {found['subject']}"
