"""The inspector's read-out: all that a reader may see, in one document, and the evidence bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from karez_protocols import bundle as bundles
from karez_protocols.errors import ProtocolError

from . import applying, pieces
from .errors import LineTrouble, Refused
from .speech import members

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller

FORMAT = 1
EVENTS = 100
_VERBS = ("status", "live", "bus", "health", "accounts", "grant", "orders", f"events {EVENTS}")
_METERS = ("water", "energy", "level", "witness")


def bundle(controller: Controller, first: int = 1, tell: Callable[[int], None] | None = None) -> bytes:
    """The evidence bundle, its size and digests checked. Raises Trouble."""
    data = pieces.receive(controller, "bundle", str(first), tell=tell)
    try:
        bundles.require_digest(bundles.decode(data))
    except ProtocolError as error:
        raise LineTrouble("answer-shape", verb="bundle", why=error) from None
    return data


def everything(
    controller: Controller, identity: dict[str, Any], now_utc_s: int
) -> tuple[dict[str, Any], bytes | None]:
    """(the document, the bundle or None). What the controller refuses is in it, with its reason."""
    found: dict[str, Any] = {"format": FORMAT, "read_utc_s": now_utc_s, "identify": members(identity)}
    for verb in _VERBS:
        found[verb.split()[0]] = _asked(controller, *verb.split())
    quantities = [part.get("quantity") for part in found["live"].get("parts", [])]
    found["raw"] = {one: _asked(controller, "raw", one) for one in quantities if one in _METERS}
    config = applying.in_force(controller)
    found["config"] = {"sha256": config.sha256, "document": config.data.decode()}
    try:
        data = bundle(controller)
    except Refused as error:
        found["bundle"] = {"error": error.text("en")}
        return found, None
    found["bundle"] = {"size": len(data)}
    return found, data


def _asked(controller: Controller, *words: str) -> dict[str, Any]:
    try:
        outcome = controller.ask(*words)
    except Refused as error:
        return {"error": error.word, "text": error.text("en")}
    return {"parts": [members(one) for one in outcome.parts], **members(outcome.answer)}


def as_text(found: dict[str, Any]) -> bytes:
    """The document as a file."""
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()
