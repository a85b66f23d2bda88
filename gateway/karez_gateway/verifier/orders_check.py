"""Orders that records put in force, and what the log's copies of them say.

An ORDER record names the signed order by its digest. Its text is in the bundle only as an
entry of the log. The root's key stands in the binding; an office's in a key list that the root
signed, which is an entry, too. A list proves itself, so it counts wherever it stands.

A bundle need not hold the list that was in force then: an office whose order no list here
confirms is a note. The root has one key, so what it did not sign is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from karez_protocols import entry, key_list, order, record, signed
from karez_protocols.errors import ProtocolError

from .books import integer
from .chain_check import Chain
from .findings import Finding, found
from .parts import Parts
from .statements import verifies


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
        shown = Order(link.head.seq, number, values["digest"].hex(), length)
        span = parts.slot_span(link.index)
        named = "?" if number is None else number
        if data is None:
            findings.append(found("order_not_included", seq=link.head.seq, span=span, order=named))
            orders.append(shown)
            continue
        try:
            said, message, signature = order.open_signed(data)
        except ProtocolError:
            said, message, signature = {}, b"", b""
        is_signed = _is_signed(offices, said.get("office"), message, signature)
        if is_signed is False:
            code = "order_signature" if said["office"] == order.ROOT else "order_unconfirmed"
            findings.append(found(code, seq=link.head.seq, span=span, order=named, office=said["office"]))
        # The digest is the record's own: a log that holds these bytes holds what the controller took.
        if not said or said["seq"] != number or len(data) != length:
            findings.append(found("order_differs", seq=link.head.seq, span=span, order=named))
        orders.append(
            Order(
                shown.seq,
                shown.order,
                shown.sha256,
                shown.length,
                said.get("kind"),
                said.get("office"),
                said.get("document"),
                is_signed,
            )
        )
    return orders, findings


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
