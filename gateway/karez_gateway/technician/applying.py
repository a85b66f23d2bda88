"""A configuration put in force whole: sent, checked there, applied, and read back after the restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import connection, document, pieces
from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller

# Boot to enforcing takes 3 s (design §13); a board that mends its store takes longer.
RESTART_S = 60.0
# Without an answer to `apply`: if it was heard, the box is back in force within this; else it was not.
UNHEARD_S = 15.0
_LOOK_S = 1.0


def in_force(controller: Controller) -> document.Document:
    """Read the configuration that is in force. Raises Trouble."""
    return document.parse(pieces.receive(controller, "config"), "config")


def require_rest(controller: Controller) -> None:
    """Refuse while the pump runs: a restart stops it, and a wrong stop costs a crop. Raises WrongUse."""
    if controller.ask("live").answer.get("contactor"):
        raise WrongUse("pump-runs")


def check(controller: Controller, wanted: document.Document, tell: Callable[[int], None]) -> None:
    """Let the controller check a document in its spare place; nothing of it is in force. Raises Trouble."""
    pieces.send(controller, "config", wanted.data, tell)
    controller.ask("config", "check")


def apply(controller: Controller, wanted: document.Document, tell: Callable[[int], None]) -> bool:
    """Put a document in force; False when it was already. Raises Trouble, which says what is in force.

    The box restarts with `apply`, so its answer may get lost on the way: what counts is what is read
    back, byte by byte.
    """
    if in_force(controller).data == wanted.data:
        return False
    check(controller, wanted, tell)
    before = connection.identify(controller)
    wait_s = RESTART_S
    try:
        controller.ask("config", "apply", wanted.sha256)
    except LineTrouble:
        wait_s = UNHEARD_S
    until_s = controller.now_s() + wait_s
    while True:
        controller.come_back(until_s)
        found, now = in_force(controller), connection.identify(controller)
        if now["controller"] != before["controller"]:
            raise LineTrouble("other-box", name=now["controller"])
        if found.data == wanted.data:
            return True
        if now.get("boot") != before.get("boot") or controller.now_s() >= until_s:
            raise LineTrouble("apply-undone", sha256=found.sha256)
        controller.rest(_LOOK_S)
