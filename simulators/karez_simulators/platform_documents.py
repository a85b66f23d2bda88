"""Reports as JSON documents, held against the records of an evidence bundle that they name."""

import hashlib
import json
from typing import Any

from karez_protocols import binding, record
from karez_protocols.errors import ProtocolError
from karez_simulators.platform_kept import Entry


def against_records(reports: list[Entry], bundle: Entry) -> tuple[int, list[list[Any]]]:
    """JSON documents against the records of the bundle that they name: how many, and what differs.

    Every copy is looked at: a second document about a record must say the same. Whether the records
    themselves hold is what `karez verify` says. Raises ProtocolError on a bundle whose binding or records
    cannot be read.
    """
    told = [(one, _document(one["raw"])) for one in reports if one["id"]]
    if not told:
        return 0, []
    controller = binding.open_signed(bundle["binding"])[0]["controller"]
    slots = {record.header(slot)["seq"]: bytes(slot) for slot in bundle["slots"]}
    count, other = 0, []
    for one, document in told:
        seq = _named(document, controller, bundle["chain"])
        slot = None if seq is None else slots.get(seq)
        if slot is None:
            continue
        count += 1
        digest = document["evidence"].get("slot_sha256")
        said = document | {"slot_sha256": digest.lower() if isinstance(digest, str) else digest}
        proved = {"slot_sha256": hashlib.sha256(slot).hexdigest()} | _registers_of(slot)
        for name, value in proved.items():
            if said.get(name) != value:
                other.append([one["station"], one["id"], name, said.get(name), value])
    return count, other


def _named(document: Entry, controller: str, chain: int) -> int | None:
    """Number of the record that a document is about, None if it is none of this chain."""
    evidence = document.get("evidence")
    if not isinstance(evidence, dict) or document.get("controller") != controller:
        return None
    seq = evidence.get("seq")
    return seq if evidence.get("chain") == chain and isinstance(seq, int) else None


def _document(raw: str) -> Entry:
    try:
        document = json.loads(bytes.fromhex(raw))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _registers_of(slot: bytes) -> dict[str, int | None]:
    """W and E of a record, nothing of one that has none or is of another version."""
    try:
        values = record.decode(slot)
    except ProtocolError:
        return {}
    return {name: values[name] for name in ("volume_l", "energy_wh") if name in values}
