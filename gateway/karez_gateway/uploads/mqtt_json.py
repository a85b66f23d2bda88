"""A report as one JSON document with its evidence reference (docs/wire/upload-json.md).

Integers with their units in their names; what is not known is null, never 0; what a record of this
kind does not carry is absent. The same record makes the same bytes.
"""

import hashlib
import json
from typing import Any

from karez_gateway.uploads import NotTaken
from karez_gateway.uploads.subject import Subject
from karez_protocols import causes, entry, fields, flag_names, record
from karez_protocols.errors import Malformed, NotAllowed

FORMAT = "karez-report/1"
# Both together are one upload entry of the log.
FRAMES_BYTES_MAX = entry.SIZE_MAX - fields.size_of(entry.UPLOAD_HEADER)
# Room for an answer behind the longest document there can be.
DOCUMENT_BYTES_MAX = FRAMES_BYTES_MAX - 256

METHODS = {
    record.METERED: "metered",
    record.CONVERTED: "converted",
    record.CONVERTED_GROUP: "converted-group",
    record.ESTIMATED: "estimated",
}
TIMES = {
    record.TIME_UNKNOWN: "unknown",
    record.TIME_INFORMATIVE: "informative",
    record.TIME_SYNCHRONISED: "synchronised",
}
PUMPS = dict(enumerate("off committing starting running stopping stuck settling awaiting".split()))  # noqa: SIM905 - a row, as the page has it
# The card's number stays here: it is a person's.
SHARED = "volume_l held_l energy_wh flow_lph power_w water_age_ds energy_age_ds grant_seq segment".split()  # noqa: SIM905 - the same
OWN = {
    record.INTERVAL: ("level_mm", "pressure_pa"),
    record.START: ("account", "account_l", "ceiling_l"),
    record.STOP: ("account", "account_l", "ceiling_l"),
    record.EVENT: ("subject",),
    record.BOOT: ("outage_s",),
    record.GAP: ("outage_s", "from_utc_s", "volume_before_l", "energy_before_wh"),
}
LEAF = b"\x00"  # RFC 6962: before an entry, when its leaf hash is made


def document(subject: Subject) -> bytes:
    """The bytes that are published. Raises NotAllowed."""
    values = record.decode(subject.slot)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "station": subject.address,
        "site": subject.site,
        "controller": subject.controller,
        "record": record.KIND_NAMES[values["kind"]],
        "utc_s": values["utc_s"],
        "time": TIMES.get(values["time_state"]),
        "received_utc_s": subject.received_utc_s,
        "cause": _cause(values["cause"]),
        "pump": PUMPS.get(values["pump"]),
        "volume_method": METHODS.get(values["method"]),
    }
    facts |= {name: values[name] for name in SHARED}
    facts |= {name: values[name] for name in OWN[values["kind"]]}
    facts["status"] = _names(values["status"], flag_names.STATUS_NAMES)
    facts["alarms"] = _names(values["alarms"], flag_names.ALARM_NAMES)
    facts["evidence"] = {
        "chain": subject.chain,
        "seq": subject.seq,
        "slot_sha256": hashlib.sha256(subject.slot).hexdigest(),
        "log_origin": subject.origin,
        "log_index": subject.log_index,
        "leaf_sha256": hashlib.sha256(LEAF + subject.entry).hexdigest(),
    }
    data = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > DOCUMENT_BYTES_MAX:
        raise NotAllowed(f"a document of {len(data)} bytes and its answer do not fit an entry of the log")
    return data


def _cause(number: int | None) -> str | None:
    """What the record says; that it names no cause is known, too."""
    if number is None:
        return None
    return "none" if number == causes.NONE else str(causes.name(number))


def _names(bits: int | None, names: str) -> list[str] | None:
    return None if bits is None else list(flag_names.named(bits, names))


def digest(data: bytes) -> str:
    """What an answer quotes."""
    return hashlib.sha256(data).hexdigest()


def answer(data: bytes) -> tuple[str, str | None]:
    """(digest of the report it is about, None if accepted, otherwise why not). Raises Malformed."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed("an answer is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("an answer is a JSON object")
    of, is_accepted, reason = found.get("sha256"), found.get("accepted"), found.get("reason", "")
    if not isinstance(of, str) or not isinstance(is_accepted, bool) or not isinstance(reason, str):
        raise Malformed("an answer has sha256, accepted, and a reason if it has one")
    return of.lower(), None if is_accepted else reason


def not_taken(reason: str) -> NotTaken:
    """The platform's no, cut to what a status line holds."""
    printable = "".join(one if one.isprintable() else " " for one in reason[:200])
    return NotTaken(f"the platform does not take it: {printable or 'it gives no reason'}")
