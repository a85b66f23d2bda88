"""What a chip's pins are, as the pinout makes them: so that the rules check sees two outputs on one net."""

from ..board import Board

KINDS = {"in": "input", "analog": "input", "out": "output", "open-drain": "bidirectional"}


def kinds_of(board: Board) -> dict[str, str]:
    """Return {pin: kind} of the wired pins; one that two options use in two directions is bidirectional."""
    found: dict[str, str] = {}
    for one in board.wires:
        pin, kind = f"GPIO{one.gpio}", KINDS[one.direction]
        found[pin] = kind if found.get(pin, kind) == kind else "bidirectional"
    return found
