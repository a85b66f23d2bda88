"""From a port's name to a controller that answers: find it, greet it, log in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import technicians
from karez_protocols.errors import ProtocolError

from . import port as ports
from .controller import Controller
from .errors import LineTrouble, Refused, Trouble, WrongUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .speech import Speech

CONSOLE_VERSION = 1


@dataclass(frozen=True)
class Who:
    """The technician at the keyboard: his number in the list, and his key."""

    number: int
    key: Ed25519PrivateKey


def find(baud: int, only: str = "") -> list[dict[str, Any]]:
    """Look who answers on each port: {"port", "controller", "site"} or {"port", "error"}."""
    found: list[dict[str, Any]] = []
    for name in [only] if only else [name for name, _ in ports.names()]:
        try:
            with ports.Port(name, baud) as port:
                controller = Controller(port)
                controller.greet(attempts=2)
                identity = controller.ask("identify").answer
                _leave(controller, was_technician=False)
            found.append(
                {"port": name, "controller": identity.get("controller"), "site": identity.get("site")}
            )
        except Trouble as error:
            found.append({"port": name, "error": error.name, "trouble": error})
    return found


def _only_one(baud: int) -> str:
    found = find(baud)
    answering = [one["port"] for one in found if "controller" in one]
    if not found:
        raise LineTrouble("no-port")
    if not answering:
        raise LineTrouble("no-controller", ports=", ".join(one["port"] for one in found))
    if len(answering) > 1:
        raise WrongUse("many-controllers", ports=", ".join(answering))
    return str(answering[0])


@contextmanager
def connected(name: str, baud: int, who: Who | None = None) -> Iterator[tuple[Controller, dict[str, Any]]]:
    """Give a controller that answers in JSON, and what `identify` says; logged in, if `who` is there."""
    with ports.Port(name or _only_one(baud), baud) as port:
        controller = Controller(port)
        controller.greet()
        identity = identify(controller)
        try:
            if who is not None:
                login(controller, identity, who)
            yield controller, identity
        finally:
            _leave(controller, was_technician=who is not None)


def identify(controller: Controller) -> dict[str, Any]:
    """Who is there. Raises LineTrouble for a console that this tool cannot speak."""
    identity = controller.ask("identify").answer
    theirs = identity.get("console", CONSOLE_VERSION)
    if theirs != CONSOLE_VERSION:
        raise LineTrouble("version", theirs=theirs, ours=CONSOLE_VERSION)
    if not isinstance(identity.get("controller"), str):
        raise LineTrouble("answer-shape", verb="identify", why="controller")
    return identity


def login(controller: Controller, identity: dict[str, Any], who: Who) -> None:
    """Prove who is there. Raises Refused when it is not believed."""
    answer = controller.ask("login", str(who.number)).answer
    try:
        challenge = bytes.fromhex(answer["challenge"])
        message = technicians.challenge_message(identity["controller"], who.number, challenge)
    except (KeyError, TypeError, ValueError, ProtocolError):
        raise LineTrouble("answer-shape", verb="login", why="challenge") from None
    try:
        controller.ask("prove", who.key.sign(message).hex())
    except Refused as error:
        if error.word != "refused":
            raise
        raise Refused("signature", error.values["said"]) from None


def _leave(controller: Controller, *, was_technician: bool) -> None:
    """Give the role back and leave the line to people; else both end after ten idle minutes."""
    try:
        if was_technician:
            controller.ask("logout", attempts=1)
        controller.say("text")
    except Trouble:
        return


def who_is(key: Path | None, number: int | None, speech: Speech) -> Who | None:
    """The technician of --key and --number, asked for his passphrase; None without a key. Raises WrongUse."""
    from . import keys, passphrase  # noqa: PLC0415

    if key is None:
        return None
    if number is None:
        raise WrongUse("number-needed")
    given = passphrase.of(key, speech) if keys.is_encrypted(key) else None
    return Who(number, keys.load(key, given))
