"""Orders that records put in force, and what the log's copies of them say.

An ORDER record names the signed order by its digest. Its text is in the bundle only as an
entry of the log. Offices' keys are not in the trust file: an order is shown, not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from karez_protocols import order, record, signed
from karez_protocols.errors import ProtocolError

from .books import integer
from .chain_check import Chain
from .findings import Finding, found
from .parts import Parts


@dataclass(frozen=True, slots=True)
class Order:
    """One ORDER record. `kind`, `office` and `document` are None where the log does not hold the order."""

    seq: int
    order: int | None
    sha256: str
    length: int | None
    kind: int | None = None
    office: int | None = None
    document: str | None = None


def check(parts: Parts, chain: Chain, logged: Sequence[bytes]) -> tuple[list[Order], list[Finding]]:
    """Return the orders that chained records name; `logged`: signed orders that the log proves."""
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
            said, _, _ = order.open_signed(data)
        except ProtocolError:
            said = {}
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
            )
        )
    return orders, findings
