"""The box at the other end during a visit: asked as often as needed, logged in anew when it has restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import bundle as bundles
from karez_protocols import causes

from . import connection, pieces, readout
from .errors import LineTrouble, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from .connection import Who
    from .controller import Controller
    from .line import Outcome
    from .visit_old import Old

_EVERY_S = 1.0
_TRIES = 3
_AGAIN = ("scan", "ask")  # what only asks a meter: after a spoilt line it is asked once more


class Box:
    """One controller and one technician."""

    def __init__(self, controller: Controller, identity: dict[str, Any], who: Who) -> None:
        self.controller = controller
        self.identity = identity
        self.who = who
        self.old: Old | None = None  # the box that this one replaces

    def ask(self, *words: str) -> Outcome:
        """Ask as a technician. Raises Trouble."""
        for left in reversed(range(_TRIES)):
            try:
                return self.controller.ask(*words)
            except Refused as error:
                if error.word != "role" or not left:
                    raise
                connection.login(self.controller, self.identity, self.who)
            except LineTrouble:
                if words[0] not in _AGAIN or not left:
                    raise
                self.controller.greet()
        raise AssertionError  # the last try returns or raises

    def live(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """(what is said once, the meters by quantity). Raises Trouble."""
        said = self.controller.ask("live")
        return said.answer, {str(one.get("quantity")): one for one in said.parts if "quantity" in one}

    def until(
        self, is_so: Callable[[dict[str, Any], dict[str, dict[str, Any]]], bool], seconds: float
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]] | None:
        """Look at `live` until something holds; return it, None when it did not within so many seconds."""
        until_s = self.controller.now_s() + seconds
        while True:
            said, meters = self.live()
            if is_so(said, meters):
                return said, meters
            if self.controller.now_s() >= until_s:
                return None
            self.controller.rest(_EVERY_S)

    def knows_books(self, seconds: float) -> bool:
        """Wait until the books are known, three readings after a start; False when they are not by then."""
        until_s = self.controller.now_s() + seconds
        while True:
            said = self.controller.ask("status").answer
            is_unknown = causes.BOOKS_UNKNOWN in (said.get("refused_causes") or [])
            if not is_unknown and said.get("volume_l") is not None:
                return True
            if self.controller.now_s() >= until_s:
                return False
            self.controller.rest(_EVERY_S)

    def scan(self, line: int, protocol: str, baud: int, framing: str, first: int, last: int) -> list[int]:
        """Numbers of the addresses that answered. Raises Trouble."""
        said = self.ask("scan", str(line), protocol, str(baud), framing, str(first), str(last))
        return [int(one["address"]) for one in said.parts if isinstance(one.get("address"), int)]

    def frame(self, line: int, baud: int, framing: str, data: bytes) -> bytes:
        """What a meter line answers to one frame; empty: nobody. Raises Trouble."""
        said = self.ask("ask", str(line), str(baud), framing, data.hex()).answer.get("answer")
        try:
            return bytes.fromhex(str(said or ""))
        except ValueError:
            raise LineTrouble("answer-shape", verb="ask", why="answer") from None

    def offer(self, name: str, data: bytes) -> dict[str, Any]:
        """Bring a grant, an order or a list of keys into force; return the answer. Raises Trouble."""
        # A reader brings one a minute. The role ends with a restart and after ten idle minutes.
        if self.controller.ask("json").answer.get("role") != "technician":
            connection.login(self.controller, self.identity, self.who)
        pieces.send(self.controller, f"offer {name}", data, lambda _: None)
        return self.ask("offer", name, "apply", pieces.sha256(data)).answer

    def newest(self, cause: int, after_seq: int) -> dict[str, Any] | None:
        """The newest event of a cause behind a record, None without one. Raises Trouble."""
        for one in self.controller.ask("events", "20").parts:
            if one.get("cause") == cause and int(one.get("seq", 0)) > after_seq:
                return one
        return None

    def evidence(self, first_seq: int) -> dict[str, Any]:
        """Binding, grants and records from one on, as the box proves them. Raises Trouble."""
        return dict(bundles.decode(readout.bundle(self.controller, first_seq)))
