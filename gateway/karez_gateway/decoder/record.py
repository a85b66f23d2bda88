"""`karez decode record`: slots of 128 bytes, from a payload, a bundle or a dump of the record memory.

The slots stand one after another from the first byte; a sector of the memory is a header
and 31 of them. The chain is checked behind a sector's header, and behind `--set before=`.
"""

import binascii
from collections.abc import Iterator

from karez_protocols import chain, event_details, fields, grant, record
from karez_protocols.errors import ProtocolError

from . import own_words
from .finding import KIND_ERASED, KIND_INVALID, Field, Finding, Options
from .layout_fields import plain, rows

H_SIZE = 32
SETTINGS = {"before": "chain value before the first slot, 64 hex digits: the slots are checked against it"}

# What stands in the first slot of a sector (karez_firmware.store.ring).
SECTOR_MAGIC = b"KZS1"
SECTOR_HEADER = """
magic u4
chain u4
first_seq u4
h_before b32
generation u4
"""
_SECTOR_CRC = """
crc32 u4
"""
_ERASED = b"\xff" * record.SLOT_SIZE
_BURNT = bytes(8)  # the controller makes a slot that did not take its record unreadable so
_BY_QUANTITY = ("closing", "register_base", "base", "register")  # litres or watt-hours
CHECK_FOLLOWS = "follows"
CHECK_NONE = "not checked"


def decode(data: bytes, options: Options) -> list[Finding]:
    """Every slot, sector header and erased stretch. Raises WrongOption."""
    before = options.hex_setting("before", H_SIZE)
    if len(data) == record.CONTENT_SIZE:
        return [Slots(before).finding(data, 0)]
    return list(_merged(_slots(data, before)))


def _slots(data: bytes, before: bytes | None) -> Iterator[Finding]:
    reader = Slots(before)
    for at in range(0, len(data), record.SLOT_SIZE):
        yield reader.finding(data[at : at + record.SLOT_SIZE], at)


class Slots:
    """Follows the chain through slots as far as it is known."""

    def __init__(self, before: bytes | None) -> None:
        """`before`: chain value before the first slot, if known."""
        self._h = before
        self._is_broken = False

    def finding(self, slot: bytes, offset: int) -> Finding:
        """What one slot (or 112 bytes of content) is."""
        if slot[:4] == SECTOR_MAGIC and len(slot) == record.SLOT_SIZE:
            return self._sector(slot, offset)
        if slot == _ERASED[: len(slot)]:
            return Finding(offset, len(slot), {"kind": KIND_ERASED, "slots": 1})
        reason, detail = _fault(slot)
        if reason:
            return _invalid(slot, offset, reason, detail)
        try:
            facts = {"kind": "record", **_facts(slot)}
        except ProtocolError as error:
            return _invalid(slot, offset, "malformed", f"{error}.")
        if len(slot) == record.CONTENT_SIZE:
            facts["chain_check"] = CHECK_NONE
            return Finding(offset, len(slot), facts, _fields(slot, offset, CHECK_NONE), _title(slot))
        return self._chained(slot, offset, facts)

    def _sector(self, slot: bytes, offset: int) -> Finding:
        size = fields.size_of(SECTOR_HEADER)
        found, expected = slot[size : size + 4], binascii.crc32(slot[:size]).to_bytes(4, "little")
        shown = (*rows(SECTOR_HEADER, slot, 0, offset), *rows(_SECTOR_CRC, slot, size, offset))
        if found != expected:
            self._h = None
            detail = f"The sector header's CRC-32 is {found.hex()}, {expected.hex()} was expected."
            facts = {"kind": KIND_INVALID, "reason": "crc", "detail": detail, "expected_crc": expected.hex()}
            return Finding(offset, len(slot), facts, shown)
        values = fields.unpack(SECTOR_HEADER, slot)
        self._h, self._is_broken = values["h_before"], False
        del values["magic"]
        return Finding(offset, len(slot), {"kind": "sector", **plain(values)}, shown)

    def _chained(self, slot: bytes, offset: int, facts: dict[str, object]) -> Finding:
        """The finding of a record that can be read, checked against the chain where it is known."""
        state = CHECK_NONE
        if self._h is not None:
            expected = chain.following(self._h, slot[: record.CONTENT_SIZE])
            if expected[:16] == slot[record.CONTENT_SIZE :]:
                self._h, self._is_broken, state = expected, False, CHECK_FOLLOWS
            elif not self._is_broken:
                # What comes behind may still follow the record before: then this one was put in between.
                self._is_broken = True
                return _broken(slot, offset, expected)
        facts["chain_check"] = state
        return Finding(offset, len(slot), facts, _fields(slot, offset, state), _title(slot))


def _title(slot: bytes) -> str:
    return f"record: {record.KIND_NAMES[slot[1]]}"


def _fault(slot: bytes) -> tuple[str, str]:
    """(reason, sentence) of what keeps a slot from being a record; ("", "") if nothing does."""
    if len(slot) not in (record.SLOT_SIZE, record.CONTENT_SIZE):
        return "length", f"A slot has {record.SLOT_SIZE} bytes, here are {len(slot)}."
    if slot[:8] == _BURNT:
        return (
            "burnt",
            "The slot did not take its record; the controller made it unreadable and used the next.",
        )
    if slot[0] != record.VERSION:
        return "version", f"A record begins with version {record.VERSION}, here stands {slot[0]}."
    if not 0 < slot[1] < len(record.KIND_NAMES):
        return "kind", f"Record kind {slot[1]} is not known; known are 1 to {len(record.KIND_NAMES) - 1}."
    return "", ""


def _facts(slot: bytes) -> dict[str, object]:
    values = record.decode(slot)
    kind = values.pop("kind")
    facts: dict[str, object] = {"record": record.KIND_NAMES[kind], **plain(values)}
    facts["utc"] = own_words.utc(values["utc_s"])
    facts["cause_name"] = own_words.code_name("cause", values["cause"])
    if record.is_measuring(kind):
        facts["pump_name"] = own_words.code_name("pump", values["pump"])
        facts["method_name"] = own_words.code_name("method", values["method"])
        facts["status_bits"] = own_words.bits("status", values["status"])
        facts["alarm_bits"] = own_words.bits("alarms", values["alarms"])
        facts["meter_states"] = own_words.meter_states(values["meters"])
    if kind == record.EVENT:
        facts["details"] = _details(values["cause"], values["detail"])
    if len(slot) == record.SLOT_SIZE:
        facts["h"] = slot[record.CONTENT_SIZE :].hex()
        facts["code"] = chain.code(slot)
    return facts


def _fields(slot: bytes, offset: int, state: str) -> tuple[Field, ...]:
    out: list[Field] = []
    at = 0
    for layout in record.layouts(slot[1]):
        out += rows(layout, slot, at, offset)
        at += fields.size_of(layout)
    if slot[1] == record.EVENT and event_details.layout(slot[2]) is not None:
        out[-1:] = _detail_rows(slot, out[-1])
    return (*out, *_h_row(slot, offset, state))


def _details(cause: int, detail: bytes) -> dict[str, object] | None:
    """The fields of an event's detail with their words, None when it is not what its cause says."""
    try:
        values = event_details.decode(cause, detail)
    except ProtocolError:
        return None
    facts = plain(values)
    for name in values:
        if name in ("quantity", "method", "reason", "cause"):
            facts[f"{name}_name"] = own_words.code_name(name, values[name])
    return facts


def _detail_rows(slot: bytes, whole: Field) -> Iterator[Field]:
    """The detail of an event field by field, in place of its bytes."""
    unit = "Wh" if whole.raw[:1] == bytes((grant.ENERGY,)) else "L"
    for one in rows(event_details.layout(slot[2]), whole.raw, 0, whole.offset):
        is_register = one.name in _BY_QUANTITY and one.meaning != "unknown"
        yield Field(one.offset, one.raw, f"detail {one.name}", one.meaning, unit if is_register else one.unit)


def _h_row(slot: bytes, offset: int, state: str) -> Iterator[Field]:
    if len(slot) == record.SLOT_SIZE:
        meaning = f"{state}; code {chain.code(slot)}"
        yield Field(offset + record.CONTENT_SIZE, slot[record.CONTENT_SIZE :], "h", meaning)


def _broken(slot: bytes, offset: int, expected: bytes) -> Finding:
    found = slot[record.CONTENT_SIZE :].hex()
    detail = (
        f"The slot does not follow the one before: its h is {found}, {expected[:16].hex()} was expected. "
        "Its content or what stands before was changed."
    )
    facts = {"kind": KIND_INVALID, "reason": "chain", "detail": detail, "expected_h": expected[:16].hex()}
    return Finding(offset, len(slot), facts, _fields(slot, offset, "does not follow"))


def _invalid(slot: bytes, offset: int, reason: str, detail: str) -> Finding:
    """A slot that is no record; what can be read of it is shown when it has a known kind."""
    facts = {"kind": KIND_INVALID, "reason": reason, "detail": detail}
    shown = _fields(slot, offset, CHECK_NONE) if reason == "malformed" else ()
    return Finding(offset, len(slot), facts, shown)


def _merged(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Erased slots in a row as one finding."""
    held: Finding | None = None
    for one in findings:
        if held and one.facts["kind"] == KIND_ERASED:
            facts = {"kind": KIND_ERASED, "slots": held.facts["slots"] + 1}
            held = Finding(held.offset, held.length + one.length, facts)
            continue
        if held:
            yield held
        held = one if one.facts["kind"] == KIND_ERASED else None
        if held is None:
            yield one
    if held:
        yield held
