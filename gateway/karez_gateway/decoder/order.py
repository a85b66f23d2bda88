"""`karez decode order`: signed orders, one after another. The signature is checked with `--set key=`."""

import re
from dataclasses import replace

from karez_protocols import fields, order, signed

from . import own_words, signed_objects
from .finding import Field, Finding, Options
from .layout_fields import plain, rows
from .signed_objects import Sort

KEY_SIZE = 32
SETTINGS = {"key": "public key of the office, 64 hex digits: the signature is checked with it"}

KINDS = {order.STOP: "stop", order.HOURS: "limit hours", order.SEAL: "seal", order.LIFT: "lift"}
SCOPES = {order.SITE: "one site", order.AREA: "an area"}
BASES = {order.PLAIN: "decision of the office", order.AREA_LEVEL: "water level", order.AREA_VOLUME: "volume"}
_WORDS = {"kind": KINDS, "scope": SCOPES, "basis": BASES}

_SIZE = fields.size_of(order.HEADER) + signed.SIGNATURE_SIZE
# Version, kind, scope and basis of an order of this version.
_BEGIN = re.compile(rb"\x01[\x01-\x04][\x00\x01][\x00-\x02]")


def decode(data: bytes, options: Options) -> list[Finding]:
    """Every order and every stretch that is none. Raises WrongOption."""
    return list(signed_objects.findings(_SORT, data, options.hex_setting("key", KEY_SIZE)))


def _facts(body: bytes) -> dict[str, object]:
    values = order.decode(body)
    facts = plain(values)
    facts["order"] = facts.pop("kind")  # `kind` is what the finding is
    facts["order_name"] = KINDS[values["kind"]]
    facts["scope_name"], facts["basis_name"] = SCOPES[values["scope"]], BASES[values["basis"]]
    facts["issued_utc"], facts["until_utc"] = (
        own_words.utc(values[f"{one}_utc_s"]) for one in ("issued", "until")
    )
    facts["from_time"], facts["to_time"] = (clock(values[f"{one}_min"]) for one in ("from", "to"))
    return facts


def clock(minutes: int | None) -> str | None:
    """A time of day as 06:30, None without one."""
    return None if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"


def _say(one: Field) -> Field:
    value = int.from_bytes(one.raw, "little")
    if one.name in _WORDS:
        word = _WORDS[one.name].get(value)
        meaning = f"{value} {word}" if word else f"{value} (not known to this version)"
        return replace(one, name=f"order {one.name}", meaning=meaning)
    if one.name.endswith("_min") and one.meaning != "unknown":
        return replace(one, meaning=str(clock(value)))
    if one.meaning == "unknown":
        return replace(one, meaning="none")
    return one


def _rows(body: bytes, offset: int) -> list[Field]:
    return [_say(one) for one in rows(order.HEADER, body, 0, offset)]


def _title(facts: dict[str, object]) -> str:
    return f"order {facts['seq']} of office {facts['office']} for {facts['target']}"


_SORT = Sort("order", order.LABEL, _BEGIN, lambda *_: _SIZE, _facts, _rows, _title)
