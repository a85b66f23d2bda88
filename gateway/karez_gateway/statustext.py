"""The status as lines for people."""

from collections.abc import Iterator
from typing import Any

from karez_gateway import verify
from karez_protocols import record

METHODS = {
    record.METERED: "metered",
    record.CONVERTED: "converted",
    record.CONVERTED_GROUP: "converted-group",
    record.ESTIMATED: "estimated",
}


def lines(facts: dict[str, Any]) -> list[str]:
    """Lines without their ends."""
    state = "running" if facts["running"] else "not running"
    log = facts["log"]
    out = [f"{facts['name']}: {state}; broker: {facts['broker']}"]
    out.append(f"log {log['origin']}: {log['entries']} entries")
    for one in facts["controllers"]:
        out += _controller(one)
    for one in facts["destinations"]:
        out += _destination(one)
    for one in facts["downlinks"]:
        why = f": {one['cause']}" if one["cause"] else ""
        seq = "?" if one["grant_seq"] is None else one["grant_seq"]
        sent = f" after {one['attempts']} sendings" if one["attempts"] else ""
        out.append(f"grant {seq} for {one['site']} ({one['controller']}): {one['state']}{why}{sent}")
    for name, count in facts["strangers"].items():
        out.append(f"not placed: {count} frames of {name} (enrol its binding, or look at its firmware)")
    return out


def _controller(one: dict[str, Any]) -> Iterator[str]:
    state = one["state"]
    online = "not seen" if state is None else "online" if state["online"] else "offline"
    yield f"{one['site']} ({one['name']}): {online}, {one['litres_booked']:,} L booked"
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


def _destination(one: dict[str, Any]) -> Iterator[str]:
    state = "up" if one["up"] else "no confirm yet"
    yield (
        f"platform {one['name']}: {state}, {one['waiting']} waiting, {one['confirmed']} confirmed"
        + (f", {one['refused']} refused" if one["refused"] else "")
    )
    for problem in (one["held"], one["problem"]):
        if problem:
            yield f"  {problem}"
    for name, litres in one["remainder_l"].items():
        yield f"  {litres} L of {name} below the reported cubic metre"
