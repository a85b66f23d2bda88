"""What a signed order or key list says, as far as the gateway needs to know it: form, signature, target."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from karez_gateway.errors import Refused
from karez_gateway.verifier.statements import verifies
from karez_protocols import key_list, order
from karez_protocols.errors import ProtocolError

KINDS = {order.STOP: "stop", order.HOURS: "limit of hours", order.SEAL: "seal", order.LIFT: "lift"}

_HINT = "it is an order as the office's tool wrote it, of 132 bytes with its signature"


@dataclass(frozen=True, slots=True)
class Order:
    """One order that is well formed, whoever signed it."""

    office: int
    seq: int
    kind: int
    is_area: bool
    target: str
    document: str
    until_utc_s: int | None
    message: bytes
    signature: bytes

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return f"order {self.seq} of {office_name(self.office)}"

    @property
    def says(self) -> str:
        """What it says, in a few words."""
        words = [KINDS[self.kind], "for area" if self.is_area else "for", self.target]
        if self.until_utc_s is not None:
            words += ["until", f"{dt.datetime.fromtimestamp(self.until_utc_s, dt.UTC):%Y-%m-%d %H:%M} UTC"]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class KeyList:
    """One key list that is well formed, whoever signed it. `rows` as the codec gives them."""

    seq: int
    rows: tuple[Mapping[str, object], ...]
    message: bytes
    signature: bytes


def office_name(office: int) -> str:
    """What to call an office: only the root has no number."""
    return "the root" if office == order.ROOT else f"office {office}"


def read(data: bytes) -> Order:
    """Return what an order says. Raises Refused."""
    try:
        values, message, signature = order.open_signed(data)
    except ProtocolError as error:
        raise Refused(f"this is no order: {error}; {_HINT}") from error
    return Order(
        values["office"],
        values["seq"],
        values["kind"],
        values["scope"] == order.AREA,
        values["target"],
        values["document"],
        values["until_utc_s"],
        message,
        signature,
    )


def read_keys(data: bytes) -> KeyList:
    """Return a key list's rows. Raises Refused."""
    try:
        values, rows, message, signature = key_list.open_signed(data)
    except ProtocolError as error:
        raise Refused(f"this is no key list: {error}; the root's office writes and signs it") from error
    return KeyList(values["seq"], tuple(dict(row) for row in rows), message, signature)


def check(found: Order, root_key: bytes, rows: Sequence[Mapping[str, object]]) -> None:
    """Check who signed an order. `rows`: of the newest key list under this root. Raises Refused."""
    key = root_key if found.office == order.ROOT else key_list.key_of(rows, found.office, key_list.ORDERS)
    if key is None:
        raise Refused(
            f"{found.name}: that office is in no key list that may give orders; bring the root's list "
            f"that names it first (karez gateway keys), or let the root sign the order"
        )
    if not verifies(key, found.signature, found.message):
        raise Refused(
            f"{office_name(found.office)} (key {key.hex()}) did not sign {found.name}; nothing was carried. "
            f"If the office has a new key, bring the key list that names it first (karez gateway keys)"
        )


def check_keys(found: KeyList, root_key: bytes) -> None:
    """Check that the root signed a key list. Raises Refused."""
    if not verifies(root_key, found.signature, found.message):
        raise Refused(
            f"the root (the regulator's key in the binding, {root_key.hex()}) did not sign key list "
            f"{found.seq}; nothing was carried"
        )
