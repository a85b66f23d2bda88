"""A trace as JSON and as lines for people."""

import shlex
from collections.abc import Iterator
from typing import Any

from karez_gateway.calendars import HOUR_S, MONTH, Calendar
from karez_gateway.county.counting import counted
from karez_gateway.county.ledger import tracing
from karez_gateway.county.ledger.correction_file import shown
from karez_gateway.county.ledger.tracing import Step, Trace
from karez_gateway.entries.places import Places
from karez_gateway.ledger import figures


def facts(found: Trace, places: Places, civil: Calendar) -> dict[str, Any]:
    """For a program."""
    return {
        "site": found.site,
        "from": civil.iso(found.span.from_utc_s),
        "to": civil.iso(found.span.to_utc_s),
        "booked_l": found.booked_l,
        "from_records_l": found.again_l,
        "from_registers_l": found.register_l,
        "correction_l": found.correction_l,
        "total_l": found.booked_l + found.correction_l,
        "problems": found.problems,
        "cells": [
            {
                "hour": civil.iso(hour.hour_utc * HOUR_S),
                "method": figures.method(hour.method).code,
                "litres": cell.litres,
                "first_entry": _place(places, cell.first_entry),
                "last_entry": _place(places, cell.last_entry),
            }
            for hour, cell in found.cells
        ],
        "records": [_record(one, civil) for one in found.steps],
        "corrections": [_correction(found, at, places, civil) for at in range(len(found.corrections))],
        "closed": [
            {"month": civil.name(MONTH, one.from_utc_s), "act": one.act_id, "sha256": one.digest.hex()}
            for one in found.closed
        ],
        "prove": [list(commands(found, *run)) for run in tracing.runs(found)],
    }


def _place(places: Places, number: int) -> str:
    place = places.of(number)
    return f"{place.log_origin}#{place.log_index}"


def _record(one: Step, civil: Calendar) -> dict[str, Any]:
    before = one.before_seen
    return {
        "hour": civil.iso(one.hour_utc * HOUR_S),
        "method": figures.method(one.method).code,
        "litres": one.litres,
        "controller": one.controller,
        "chain": one.chain,
        "seq": one.seq,
        "entry": f"{one.place.log_origin}#{one.place.log_index}",
        "time": None if one.utc_s is None else civil.iso(one.utc_s),
        "kind": one.kind,
        "well_register_l": one.volume_l,
        "before_seq": one.before_seq,
        "before_well_register_l": one.before_l,
        "raw_register": one.seen.raw,
        "before_raw_register": None if before is None else before.raw,
        "register": one.seen.register,
        "volume_by_register_l": one.seen.volume_l,
        "register_state": one.seen.state,
    }


def _correction(found: Trace, at: int, places: Places, civil: Calendar) -> dict[str, Any]:
    one = found.corrections[at]
    act = found.decided.get(one.act_id)
    return {
        "act": one.act_id,
        "entry": None if one.log_index is None else _place(places, one.log_index),
        "kind": one.kind,
        "method": figures.method(one.method).code,
        "from": civil.iso(one.from_utc_s),
        "to": civil.iso(one.to_utc_s),
        "litres": one.litres,
        "energy_wh": one.energy_wh,
        "by": None if act is None else act.by,
        "because": None if act is None else act.because,
        "document": None if act is None else act.document,
        "sha256": None if act is None else act.digest.hex(),
    }


def commands(found: Trace, controller: str, chain: int, first: int, last: int) -> Iterator[str]:
    """What to run to prove the records of a chain without this gateway."""
    newest = found.newest.get(controller)
    if chain != newest:
        yield f"# chain {chain} of {controller}: a bundle holds the newest chain, {newest}"
        return
    name = f"{controller}-{chain}.kzb"
    which = f"--site {shlex.quote(found.site)} --controller {controller} --from-seq {first} --to-seq {last}"
    yield f"karez gateway export --data DIRECTORY {which} {name}"
    yield f"karez verify {name} --trust trust.json"


def _known(litres: int | None) -> str:
    return "?" if litres is None else f"{litres:,}"


def lines(found: Trace, places: Places, civil: Calendar) -> Iterator[str]:
    """For people."""
    told = facts(found, places, civil)
    cells, records = counted(len(told["cells"]), "cell"), counted(len(told["records"]), "record")
    yield f"{told['site']}  {told['from']} – {told['to']}"
    yield f"  booked            {shown(told['booked_l']):>16} m³  in {cells} of the ledger"
    yield f"  from the records  {shown(told['from_records_l']):>16} m³  {records}"
    yield f"  from raw registers {shown(told['from_registers_l']):>15} m³  what the meter's own bytes say"
    yield f"  corrections       {shown(told['correction_l']):>16} m³  in force"
    yield f"  total             {shown(told['total_l']):>16} m³"
    for cell in told["cells"]:
        entries = f"{cell['first_entry']} … {cell['last_entry']}"
        yield f"cell  {cell['hour']}  {cell['method']:<15}  {cell['litres']:>12,} L  {entries}"
    for one in told["records"]:
        before = _known(one["before_well_register_l"])
        yield (
            f"record  {one['controller']} chain {one['chain']} no. {one['seq']:<7} {one['entry']}  "
            f"{one['litres']:>10,} L  W {one['well_register_l']:,} after {before}  "
            f"register {one['raw_register']} {one['register_state']}"
        )
    for one in told["corrections"]:
        state = one["entry"] or "not in force: waits for the log"
        energy = f", {one['energy_wh']:,} Wh" if one["energy_wh"] else ""
        said = f"{one['kind']}  {one['method']}  {one['litres']:,} L{energy}"
        yield f"correction  act {one['act']}  {state}  {said}"
        yield f"            by {one['by']}: {one['because']} [{one['document']}]"
    for one in told["closed"]:
        yield f"closed  {one['month']}  act {one['act']}  SHA-256 {one['sha256']}"
    for pair in told["prove"]:
        yield from (f"prove  {one}" for one in pair)
    for one in told["problems"]:
        yield f"PROBLEM  {one}"
