"""The evidence pack of a violation: one ZIP with what proves it and what it says, for who has no gateway.

Bundles are proved by `karez verify` with keys from elsewhere; the pack brings none. Everything else is told
by this gateway, and SHA256SUMS says which bytes it told.
"""

import contextlib
import csv
import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from karez_gateway.alarms import violationpage, violations
from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.violations import Violation
from karez_gateway.entries.places import Places as LogPlaces
from karez_gateway.errors import GatewayError, Refused
from karez_gateway.exports.writers import defused
from karez_gateway.ledger import figures
from karez_gateway.notify import message
from karez_gateway.proofs import evidence
from karez_gateway.store import acts, alarms, objects, sites
from karez_gateway.store.acts import Act
from karez_gateway.store.database import Database
from karez_gateway.store.sites import Chain

FORMAT = "karez-violation/1"
SUMS, PAGE, LEDGER = "SHA256SUMS", "violation.html", "ledger.csv"
HOUR_S = 3600
_THEN = (1980, 1, 1, 0, 0, 0)  # the same pack has the same bytes


def make(store: Database, config: Config, number: int) -> tuple[bytes, dict[str, Any]]:
    """(ZIP, what is in it). Raises Refused for a violation that is not there."""
    with store.reading() as connection:
        one = violations.get(connection, number)
        chains = sites.chains(connection, one.site)
        spans = {chain.key: _numbers(connection, chain, one) for chain in chains}
        told = _told(connection, config, one)
    files, notes = _bundles(store, config, one, chains, spans)
    said = {"format": FORMAT, "violation": dataclasses.asdict(one), "bundles": notes}
    files |= {
        "violation.json": _json(said),
        "alarms.json": _json(told["alarms"]),
        "acts.json": _json(told["acts"]),
        LEDGER: told["ledger"],
    }
    calendar = Calendar(config.county.utc_offset_h)
    page = violationpage.page(one, told["hours"], told["alarms"], told["acts"], notes, calendar)
    files[PAGE] = page.encode()
    return _zipped(files), {"files": sorted([*files, SUMS]), "bundles": notes}


def _numbers(connection: Connection, chain: Chain, one: Violation) -> tuple[int, int]:
    """First and last number of a chain's records within the span."""
    first = sites.first_at(connection, chain, one.from_utc_s)
    return first, min(sites.first_at(connection, chain, one.to_utc_s) - 1, chain.top_seq)


def _bundles(
    store: Database,
    config: Config,
    one: Violation,
    chains: list[Chain],
    spans: Mapping[tuple[int, int], tuple[int, int]],
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    files: dict[str, bytes] = {}
    notes = []
    for chain in chains:
        first, last = spans[chain.key]
        if last < first:
            continue
        note: dict[str, Any] = {
            "controller": chain.controller,
            "chain": chain.chain,
            "first": first,
            "last": last,
        }
        try:
            found = _bundle(store, config, one.site, chain, first, last)
        except GatewayError as error:
            notes.append(note | {"file": None, "problem": str(error)})
            continue
        name = f"{chain.controller}-{chain.chain}.karez"
        files[name] = found.data
        notes.append(note | {"file": name, "problem": None, "proved": [found.first_seq, found.last_seq]})
    return files, notes


def _bundle(
    store: Database, config: Config, site: str, chain: Chain, first: int, last: int
) -> evidence.Bundle:
    """The narrowest bundle that can be had: of the span, up to the last signature, or of the whole chain."""
    for from_seq, to_seq in ((first, last), (first, None)):
        with contextlib.suppress(Refused):
            return evidence.export(
                store,
                config,
                site=site,
                controller=chain.controller,
                from_seq=from_seq,
                to_seq=to_seq,
                chain_number=chain.chain,
            )
    found = evidence.export(store, config, site=site, controller=chain.controller, chain_number=chain.chain)
    if found.last_seq < first or found.first_seq > last:
        raise Refused(
            f"no verified signature covers these records; {found.first_seq}..{found.last_seq} can be proved"
        )
    return found


def _told(connection: Connection, config: Config, one: Violation) -> dict[str, Any]:
    """What this gateway says beside the records: ledger, alarms, acts."""
    places = Places(objects.registry(connection))
    span = (one.from_utc_s - one.from_utc_s % HOUR_S, one.to_utc_s)
    cells = sites.cells(connection, one.site, *span)
    held = alarms.listed(
        connection, is_open=False, subjects=[one.site], from_utc_s=one.from_utc_s, to_utc_s=one.to_utc_s
    )
    named = [found for number in one.alarms if (found := alarms.get(connection, number)) is not None]
    every = {each.id: each for each in [*held, *named]}
    numbers = {past.act_id for each in every for past in alarms.history(connection, each)}
    numbers |= {one.number, one.closed_act}
    wanted = sorted(number for number in numbers if number is not None)
    found_acts = [act for number in wanted if (act := acts.get(connection, number))]
    return {
        "hours": cells,
        "ledger": _ledger(cells, config),
        "alarms": [message.facts(each, places) for _, each in sorted(every.items())],
        "acts": [act_facts(act) for act in found_acts],
    }


def act_facts(act: Act) -> dict[str, Any]:
    """An act for a program."""
    return {
        "number": act.id,
        "sort": act.sort,
        "by": act.by,
        "because": act.because,
        "document": act.document,
        "utc_s": act.utc_s,
        "effective_utc_s": act.effective_utc_s,
        "detail": json.loads(act.detail),
        "sha256": act.digest.hex(),
        "log_index": act.log_index,
    }


def _ledger(cells: Any, config: Config) -> bytes:
    logs = LogPlaces(config)
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["site", "hour_utc_s", "method", "litres", "first_entry", "last_entry"])
    for hour, cell in cells:
        entries = [
            f"{place.log_origin}#{place.log_index}"
            for place in map(logs.of, (cell.first_entry, cell.last_entry))
        ]
        row = [hour.site, hour.hour_utc * HOUR_S, figures.method(hour.method).code, cell.litres, *entries]
        rows.writerow([defused(each) for each in row])
    return text.getvalue().encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def _zipped(files: Mapping[str, bytes]) -> bytes:
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in sorted({**files, SUMS: sums.encode()}.items()):
            pack.writestr(zipfile.ZipInfo(name, _THEN), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
