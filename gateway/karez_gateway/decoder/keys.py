"""`karez decode keys`: root-signed key lists. The signature is checked with `--set key=`."""

import re
from dataclasses import replace

from karez_protocols import fields, key_list, signed

from . import own_words, signed_objects
from .finding import Field, Finding, Options
from .layout_fields import plain, rows
from .signed_objects import Sort

KEY_SIZE = 32
SETTINGS = {"key": "public key of the root, 64 hex digits: the signature is checked with it"}

MAY = {
    key_list.GRANTS: "grants",
    key_list.ORDERS: "orders",
    key_list.GRANTS | key_list.ORDERS: "grants and orders",
}

_HEADER_SIZE = fields.size_of(key_list.HEADER)
_ROW_SIZE = fields.size_of(key_list.ROW)
# Version, number of rows, and two reserved bytes.
_BEGIN = re.compile(rb"\x01[\x00-\x08]\x00\x00")


def decode(data: bytes, options: Options) -> list[Finding]:
    """Every key list and every stretch that is none. Raises WrongOption."""
    return list(signed_objects.findings(_SORT, data, options.hex_setting("key", KEY_SIZE)))


def _size(data: bytes, at: int) -> int:
    return int(_HEADER_SIZE + data[at + 1] * _ROW_SIZE + signed.SIGNATURE_SIZE)


def _facts(body: bytes) -> dict[str, object]:
    values, entries = key_list.decode(body)
    facts = plain(values)
    facts["issued_utc"] = own_words.utc(values["issued_utc_s"])
    facts["rows"] = [
        {**plain(one), "may_name": MAY[one["may"]], "key_id": f"{signed.key_id(one['key']):08x}"}
        for one in entries
    ]
    return facts


def _rows(body: bytes, offset: int) -> list[Field]:
    out = list(rows(key_list.HEADER, body, 0, offset))
    for number, at in enumerate(range(_HEADER_SIZE, len(body) - _ROW_SIZE + 1, _ROW_SIZE), 1):
        for one in rows(key_list.ROW, body, at, offset):
            meaning = one.meaning
            if one.name == "may":
                word = MAY.get(one.raw[0])
                meaning = f"{one.raw[0]} {word}" if word else f"{one.raw[0]} (not known to this version)"
            elif one.name == "key":
                meaning = f"key id {signed.key_id(one.raw):08x}"
            out.append(replace(one, name=f"row {number} {one.name}", meaning=meaning))
    return out


def _title(facts: dict[str, object]) -> str:
    return f"key list {facts['seq']}"


_SORT = Sort("keys", key_list.LABEL, _BEGIN, _size, _facts, _rows, _title)
