"""The request file of `karez gateway alarms propose`: which orders a gateway thinks an office might give.

One JSON object, `"format": "karez-order-request/1"`; unsigned, so nothing in it is believed: what its orders
say must be what the whole says, to the last well. Pure: bytes in, wishes out.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from . import ordering, tables
from .errors import Refused, fault
from .limits import DOMESTIC
from .request import SITES_MAX, U32_MAX, is_number, is_text, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .limits import Site

FORMAT = "karez-order-request/1"
SIZE_MAX = 1 << 26
SCOPES = {"site": ordering.SITE, "area": ordering.AREA}
KINDS = ("stop", "hours")  # what follows from an area's figures; the rest a person decides
_TARGET_BYTES_MAX = 16  # as the wire has them


class Left(NamedTuple):
    """A well of the region that no order is asked for, and why."""

    site: str
    why: str


class OrderRequest(NamedTuple):
    """A whole file. `area` or each of `sites` is a target; `texts`: the alarm in words, by language."""

    name: str
    alarm: int
    region: str
    area: str
    sites: tuple[str, ...]
    left_out: tuple[Left, ...]
    kind: str
    basis: str
    hours: str
    made_utc_s: int
    until_utc_s: int
    document: str
    texts: Mapping[str, str]
    sha256: str

    @property
    def targets(self) -> list[tuple[int, str]]:
        """(scope, name) of each order: one for the area, or one for each well."""
        return [(ordering.AREA, self.area)] if self.area else [(ordering.SITE, one) for one in self.sites]


def _is_name(value: object, *, or_none: bool = False) -> bool:
    if or_none and value == "":
        return True
    return (
        isinstance(value, str) and tables.code(value) is not None and len(value.encode()) <= _TARGET_BYTES_MAX
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and 0 < len(value) <= SITES_MAX and all(map(_is_name, value))


def _are_left(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and set(one) == set(Left._fields) and all(map(is_text, one.values()))
        for one in value
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "alarm": lambda value: is_number(value, 1 << 53),
    "region": lambda value: is_text(value, 64),
    "area": lambda value: _is_name(value, or_none=True),
    "sites": _are_names,
    "left_out": _are_left,
    "kind": lambda value: value in KINDS,
    "basis": lambda value: value in ("level", "volume"),
    "made_utc_s": lambda value: is_number(value, U32_MAX),
    "until_utc_s": lambda value: is_number(value, U32_MAX),
    "text_en": is_text,
    "text_zh": is_text,
    "by": is_text,
    "because": is_text,
    "document": is_text,
    "facts": lambda value: isinstance(value, dict),
    "orders": lambda value: isinstance(value, list),
}


def decode(data: bytes, name: str) -> OrderRequest:
    """Read a request; `name` stands in its faults. Raises Refused with all of them."""
    if len(data) > SIZE_MAX:
        raise Refused([fault(name, "file-large", most=SIZE_MAX >> 20)])
    try:
        found = json.loads(data, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused([fault(name, "order-request-json")]) from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Refused([fault(name, "order-request-format", format=FORMAT)])
    wanted = {"format", *_CHECKS} | ({"hours"} if found.get("kind") == "hours" else set())
    if set(found) != wanted:
        raise Refused([fault(name, "request-name", name=one) for one in sorted(wanted ^ set(found))])
    bad = [one for one, check in _CHECKS.items() if not check(found[one])]
    if not is_text(found.get("hours", ""), 11):
        bad.append("hours")
    if not bad and len(set(found["sites"])) != len(found["sites"]):
        bad.append("sites")
    if bad:
        raise Refused([fault(name, "request-value", name=one) for one in bad])
    request = _request(found, name, data)
    if found["orders"] != list(_orders(request)):
        raise Refused([fault(name, "order-request-parts")])
    return request


def _request(found: Mapping[str, Any], name: str, data: bytes) -> OrderRequest:
    same = {one: found[one] for one in ("alarm", "region", "area", "kind", "basis", "document")}
    return OrderRequest(
        name=name,
        sites=tuple(found["sites"]),
        left_out=tuple(Left(**one) for one in found["left_out"]),
        hours=found.get("hours", ""),
        made_utc_s=found["made_utc_s"],
        until_utc_s=found["until_utc_s"],
        texts={"en": found["text_en"], "zh": found["text_zh"]},
        sha256=hashlib.sha256(data).hexdigest(),
        **same,
    )


def _orders(request: OrderRequest) -> Iterator[dict[str, Any]]:
    """Each order as the file must have it."""
    names = {number: name for name, number in SCOPES.items()}
    hours = {"hours": request.hours} if request.hours else {}
    for scope, target in request.targets:
        said = {"kind": request.kind, "basis": request.basis, "until_utc_s": request.until_utc_s}
        yield {"scope": names[scope], "target": target} | said | hours


def check_sites(request: OrderRequest, known: Mapping[str, Site]) -> list[str]:
    """Wells that this office does not know. Raises Refused for those for drinking water (T19, T36)."""
    drinking = [one for one in request.sites if one in known and known[one].use == DOMESTIC]
    if drinking:
        raise Refused([fault(f"{request.name}, {one}", "order-drinking") for one in drinking])
    return [one for one in request.sites if one not in known]


def values(
    request: OrderRequest, office: int, first_seq: int, document: str, now_s: int
) -> list[ordering.Values]:
    """What is signed, order by order, numbered from `first_seq`. Raises Trouble."""
    from_min, to_min = ordering.hours(request.hours) if request.hours else (None, None)
    return [
        {
            "kind": ordering.KINDS[request.kind],
            "scope": scope,
            "basis": ordering.BASES[request.basis],
            "office": office,
            "seq": first_seq + at,
            "target": target,
            "issued_utc_s": now_s,
            "document": document,
            "until_utc_s": request.until_utc_s,
            "from_min": from_min,
            "to_min": to_min,
            "lift_office": None,
            "lift_seq": None,
        }
        for at, (scope, target) in enumerate(request.targets)
    ]
