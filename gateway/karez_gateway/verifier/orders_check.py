"""Orders that records put in force, and what the log's copies of them say.

An ORDER record names the signed order by its digest. Its text is in the bundle only as an
entry of the log. The root's key stands in the binding; an office's in a key list that the root
signed, which is an entry, too. A list proves itself, so it counts wherever it stands.

A bundle need not hold the list that was in force then: an office whose order no list here
confirms is a note. The root has one key, so what it did not sign is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from karez_protocols import entry, key_list, order, record, signed
from karez_protocols.errors import ProtocolError

from .books import integer
from .chain_check import Chain
from .findings import Finding, found
from .parts import Parts
from .statements import verifies

_Wrong = tuple[str, dict[str, Any]]  # a finding's code, and what it says beside the order's number


@dataclass(frozen=True, slots=True)
class Order:
    """One ORDER record. `kind`, `office` and `document` are None where the log does not hold the order.

    `is_signed`: its office's key is in the bundle and confirms it; None = nothing here can tell.
    """

    seq: int
    order: int | None
    sha256: str
    length: int | None
    kind: int | None = None
    office: int | None = None
    document: str | None = None
    is_signed: bool | None = None


def check(
    parts: Parts, chain: Chain, logged: Sequence[bytes], root_key: bytes | None
) -> tuple[list[Order], list[Finding]]:
    """Return the orders that chained records name; `logged`: signed orders that the log proves.

    `root_key`: the regulator's in the binding; None when there is no binding to read.
    """
    offices = _offices(parts, root_key)
    by_digest = {signed.digest(data): data for data in logged}
    orders: list[Order] = []
    findings: list[Finding] = []
    for link in chain.links:
        if link.run is None or link.head.kind != record.ORDER or link.head.seq not in chain.values:
            continue
        values = chain.values[link.head.seq]
        number, length = integer(values, "object_seq"), integer(values, "length")
        data = by_digest.get(values["digest"])
        named = Order(link.head.seq, number, values["digest"].hex(), length)
        shown, wrong = _read(named, data, offices)
        orders.append(shown)
        span, known = parts.slot_span(link.index), "?" if number is None else number
        findings += [found(code, seq=named.seq, span=span, order=known, **facts) for code, facts in wrong]
    return orders, findings


def _read(named: Order, data: bytes | None, offices: dict[int, list[bytes]]) -> tuple[Order, list[_Wrong]]:
    """Return what a record named, with what the log's copy says of it, and what is wrong with that."""
    if data is None:
        return named, [("order_not_included", {})]
    try:
        said, message, signature = order.open_signed(data)
    except ProtocolError:
        said, message, signature = {}, b"", b""
    office = said.get("office")
    wrong: list[_Wrong] = []
    is_signed = _is_signed(offices, office, message, signature)
    if is_signed is False:
        code = "order_signature" if office == order.ROOT else "order_unconfirmed"
        wrong.append((code, {"office": office}))
    # The digest is the record's own: a log that holds these bytes holds what the controller took.
    if not said or said["seq"] != named.order or len(data) != named.length:
        wrong.append(("order_differs", {}))
    shown = replace(
        named, kind=said.get("kind"), office=office, document=said.get("document"), is_signed=is_signed
    )
    return shown, wrong


def _offices(parts: Parts, root_key: bytes | None) -> dict[int, list[bytes]]:
    """Office -> its keys for orders, by every list in the bundle that the root has signed."""
    if root_key is None:
        return {}
    keys: dict[int, list[bytes]] = {order.ROOT: [root_key]}
    for _, part, _ in parts.proofs:
        try:
            values = entry.decode(part.data)
            if values["entry"] != entry.OBJECT or values["sort"] != record.KEYS:
                continue
            _, rows, message, signature = key_list.open_signed(values["object"])
        except ProtocolError:
            continue  # said of the entry itself elsewhere
        if not verifies(root_key, signature, message):
            continue
        for row in rows:
            if row["may"] & key_list.ORDERS:
                keys.setdefault(row["office"], []).append(row["key"])
    return keys


def _is_signed(
    offices: dict[int, list[bytes]], office: int | None, message: bytes, signature: bytes
) -> bool | None:
    if office is None or office not in offices:
        return None
    return any(verifies(key, signature, message) for key in offices[office])
