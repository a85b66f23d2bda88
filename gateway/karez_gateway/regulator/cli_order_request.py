"""`karez regulator order --request FILE`: what a gateway proposes, shown in words, signed after a yes."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from . import keys, limits, order_request, ordering, outfile, state
from .errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .office import Office
    from .order_request import OrderRequest
    from .speech import Speech


class Asked(NamedTuple):
    """The options of the verb that a request goes with."""

    file: Path
    office: int
    document: str
    after: int
    key: Path
    out: Path
    digest: str
    by: str


def sign(here: Office, asked: Asked, speech: Speech) -> None:
    """Show what a request would order; sign all of it, or nothing. Raises Trouble."""
    request = order_request.decode(outfile.read(asked.file, order_request.SIZE_MAX), asked.file.name)
    if request.sha256 in here.state.requests:
        raise Trouble("order-request-replayed", line=here.state.requests[request.sha256])
    strange = _check_sites(here, request)
    now_s = int(time.time())
    first_seq = 1 + max(here.state.orders.get(str(asked.office), 0), asked.after)
    document = asked.document or request.document
    orders = order_request.values(request, asked.office, first_seq, document, now_s)
    for one in orders:
        ordering.body(one)  # before anybody is asked for a passphrase
    outfile.order_files(asked.out, [(one["target"], one["seq"]) for one in orders])
    key = keys.load(asked.key, speech)
    ordering.check_office(here, asked.office, key.public_key().public_bytes_raw())
    shown = [*_words(request, speech), *_order_words(orders, speech), *_strange(strange, speech)]
    speech.show(shown)
    speech.confirm(_digest(request, orders), asked.digest, {"says": shown, "request": request.sha256})
    signed = [(one["target"], one["seq"], _signed(one, key)) for one in orders]
    line = here.keep(_entry(request, asked, orders, signed))
    files = outfile.orders(asked.out, signed)
    here.remember()
    speech.tell({"ok": True, "files": [str(one) for one in files], "office": asked.office, "line": line})
    speech.say("written", file=asked.out, count=len(files), line=line)


def _signed(values: ordering.Values, key: Ed25519PrivateKey) -> bytes:
    body = ordering.body(values)
    return body + key.sign(ordering.message(body))


def _entry(
    request: OrderRequest, asked: Asked, orders: list[ordering.Values], signed: list[tuple[str, int, bytes]]
) -> dict[str, Any]:
    """One line of the journal for all of it: after a crash all orders are there, or none is."""
    last = orders[-1]
    return {
        "utc_s": last["issued_utc_s"],
        "sort": state.ORDERS,
        "by": asked.by,
        "request": request.sha256,
        "office": last["office"],
        "seq": last["seq"],
        "document": last["document"],
        "orders": [{"target": name, "seq": seq, "object": data.hex()} for name, seq, data in signed],
    }


def _check_sites(here: Office, request: OrderRequest) -> list[str] | None:
    """Wells that this office does not know; None while it has no table of sites. Raises Refused."""
    if not (here.folder / limits.SITES).exists():
        return None
    return order_request.check_sites(request, limits.load(here.folder).sites)


def _digest(request: OrderRequest, orders: list[ordering.Values]) -> str:
    said = "".join(ordering.digest(one) for one in orders) + request.sha256
    return hashlib.sha256(b"KZ shown orders 1\n" + said.encode()).hexdigest()


def _words(request: OrderRequest, speech: Speech) -> Iterator[str]:
    facts: dict[str, Any] = {"alarm": request.alarm, "region": request.region, "sha256": request.sha256}
    yield speech.text("order-request", made=ordering.stamp(request.made_utc_s), **facts)
    yield speech.text("order-request-why", text=request.texts[speech.language])
    if request.area:
        yield speech.text("order-request-area", area=request.area, count=len(request.sites))
        yield "  " + " ".join(request.sites)
    for one in request.left_out:
        yield speech.text("order-request-left", site=one.site, why=one.why)


def _order_words(orders: list[ordering.Values], speech: Speech) -> Iterator[str]:
    """Each order's own line, then what all say alike."""
    yield speech.text("order-request-count", count=len(orders))
    said = [list(ordering.words(one, speech)) for one in orders]
    for first, *_ in said:
        yield first
    yield from said[0][1:]


def _strange(strange: list[str] | None, speech: Speech) -> Iterator[str]:
    if strange is None:
        yield speech.text("order-request-unchecked")
    elif strange:
        yield speech.text("order-request-strange", sites=" ".join(strange))
