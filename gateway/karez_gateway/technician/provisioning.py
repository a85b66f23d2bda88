"""A box without a site is given one over the cable: what it has, what it lacks, and the proof.

    identify ─▶ status ─▶ technicians, authority, certificate, config ─▶ status ─▶ binding
                                                                  proof ◀─ it starts anew ◀┘

The binding goes last: with it the box has everything, holds each object against the others, and starts
anew as a well's controller. Before, a pulled cable leaves a box that lacks something, and the next try goes
on from there; behind it, a controller in operation (decision 34).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import binding, record, technicians
from karez_protocols.errors import ProtocolError

from . import connection, pieces
from .errors import LineTrouble, Refused, WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller

# The list comes first, because the box starts anew with the last of the others.
ORDER = ("technicians", "authority", "certificate", "config", "binding")
# A board that starts anew waits until it has been up for a minute, so that one that dies at once does not
# write a record each time (firmware: ports/boot.py).
RESTART_S = 120.0
_LOOK_S = 1.0
_TRIES = 3
_FIRST_RECORDS = 6  # link, binding, configuration, technicians, boot


@dataclass
class Papers:
    """What one box is given, by name. Without a list nobody can log in until one is brought."""

    objects: dict[str, bytes]
    sent: list[str] = field(default_factory=list)  # in this run; the others were there

    def sha256(self, name: str) -> str:
        """The digest by which the box names an object."""
        return hashlib.sha256(self.objects[name]).hexdigest()

    def facts(self) -> dict[str, dict[str, Any]]:
        """Size and digest of each, for a program."""
        return {
            name: {"size": len(data), "sha256": self.sha256(name), "sent": name in self.sent}
            for name, data in self.objects.items()
        }


def is_bare(identity: dict[str, Any]) -> bool:
    """True for a box that has no site yet. Raises LineTrouble if its bindings are not ours."""
    if not isinstance(identity.get("needs"), list):
        return False
    theirs = identity.get("binding_version")
    if theirs != binding.VERSION:
        raise LineTrouble("version-binding", theirs=theirs, ours=binding.VERSION)
    return True


def held(controller: Controller) -> dict[str, str]:
    """The digests of what a bare box has, by name. Raises Trouble."""
    found = {}
    for part in controller.ask("status").parts:
        if isinstance(part.get("object"), str) and isinstance(part.get("sha256"), str):
            found[part["object"]] = part["sha256"]
    return found


def bring(controller: Controller, papers: Papers, tell: Callable[[str, int, int], None]) -> None:
    """Send what a bare box lacks, the binding last. Raises Trouble; what it took until then stays."""
    there = held(controller)
    *first, last = [name for name in ORDER if name in papers.objects and name not in there]
    for name in first:
        _send(controller, papers, name, tell)
        _apply(controller, papers, name)
    _compare(controller, papers, last)
    _send(controller, papers, last, tell)
    try:
        _apply(controller, papers, last)
    except LineTrouble:
        return  # its answer may be lost: what the box is then tells
    except Refused as error:
        if error.word != "unknown":
            raise
        # Asked once more, and it has a site by now.


def _send(controller: Controller, papers: Papers, name: str, tell: Callable[[str, int, int], None]) -> None:
    """Bring the pieces of an object: nothing of it counts yet. Raises Trouble."""
    data = papers.objects[name]
    for left in reversed(range(_TRIES)):
        try:
            pieces.send(controller, f"object {name}", data, lambda done: tell(name, done, len(data)))
            return
        except Refused:
            if not left:
                raise
            # It started anew between two pieces: its place is empty.


def _apply(controller: Controller, papers: Papers, name: str) -> None:
    papers.sent.append(name)
    try:
        controller.ask("object", name, "apply", papers.sha256(name))
    except Refused as error:
        if error.word != "unknown":
            papers.sent.remove(name)
        raise


def _compare(controller: Controller, papers: Papers, last: str) -> None:
    """Read back: what the box holds before the last step is what was made for it. Raises LineTrouble."""
    there = held(controller)
    for name in papers.objects:
        if name != last and there.get(name) != papers.sha256(name):
            raise LineTrouble("object-differs", name=name)


def let_go(controller: Controller, names: list[str]) -> None:
    """Have a bare box drop what an earlier try has left in it. Raises Trouble."""
    for name in names:
        controller.ask("object", name, "drop")


def read(controller: Controller, name: str) -> bytes:
    """Return an object that a bare box has. Raises Trouble."""
    return pieces.receive(controller, "object", name)


def come_up(controller: Controller, name: str) -> dict[str, Any]:
    """Wait until a box that has everything is in operation; return what `identify` says. Raises Trouble."""
    until_s = controller.now_s() + RESTART_S
    while True:
        controller.come_back(until_s)
        try:
            found = connection.identify(controller)
        except LineTrouble:
            if controller.now_s() >= until_s:
                raise
            continue  # it went away between the two questions
        if found["controller"] != name:
            raise LineTrouble("other-box", name=found["controller"])
        if not is_bare(found):
            return found
        if found["needs"] or controller.now_s() >= until_s:
            raise LineTrouble("provision-undone", needs=", ".join(found["needs"]))
        controller.rest(_LOOK_S)


def prove(controller: Controller, identity: dict[str, Any], papers: Papers) -> None:
    """Hold a controller in operation against what it was given. Raises LineTrouble naming what differs.

    Its first records name binding and configuration by digest, and `technicians` the list. Certificate and
    authority were compared before the binding went (bring): a controller with a site does not show them.
    """
    values = binding.open_signed(papers.objects["binding"])[0]
    for name, is_so in (
        ("controller", identity["controller"] == values["controller"]),
        ("key", identity.get("key") == values["controller_key"].hex()),
        ("site", identity.get("site") == values["site"]),
        ("config", _begins(papers.sha256("config"), identity.get("config_digest"))),
        ("binding", _named(controller, record.BINDING) == papers.sha256("binding")),
    ):
        if not is_so:
            raise LineTrouble("proof-differs", what=name)
    if "technicians" in papers.objects:
        wanted = technicians.open_signed(papers.objects["technicians"])[0]["seq"]
        seq = controller.ask("technicians").answer.get("seq")
        if not isinstance(seq, int) or seq < wanted:
            raise LineTrouble("proof-differs", what="technicians")


def _begins(whole: str, part: Any) -> bool:
    return isinstance(part, str) and len(part) >= 16 and whole.startswith(part)


def _named(controller: Controller, kind: int) -> str:
    """The digest that the first record of a kind names, empty if it has none."""
    for part in controller.ask("records", "1", str(_FIRST_RECORDS)).parts:
        try:
            values = record.decode(bytes.fromhex(part["slot"]))
        except (KeyError, TypeError, ValueError, ProtocolError):
            continue
        if values["kind"] == kind:
            return str(values["digest"].hex())
    return ""


def require_box(identity: dict[str, Any], name: str) -> None:
    """Refuse another box than the one that was meant. Raises WrongUse."""
    if name and identity["controller"] != name.lower():
        raise WrongUse("box-other", name=identity["controller"], wanted=name)
