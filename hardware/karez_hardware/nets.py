"""What the schematic itself must hold: islands that nothing crosses but an isolator, and levels in reset.

Pure: placed parts in, sentences out. SKiDL's own check (circuit.py) looks at the kinds of pins; it knows
of no island.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable

from .board import Board
from .parts import Symbols
from .placement import NONE, Placed

# Nets by which an island is known, at its rails and where it leaves the board. PE is one too: only arresters
# and a shield reach it.
ISLANDS = {
    "logic": ("GND", "+24V", "3V3", "PULSE0_WIRE", "PULSE1_WIRE", "READER_D0", "READER_D1"),
    "meter line 0": ("M0_0V", "M0_5V", "LINE0_A", "LINE0_B"),
    "meter line 1": ("M1_0V", "M1_5V", "LINE1_A", "LINE1_B"),
    "contacts": ("F_0V", "F_12V", "AUX_WIRE", "DOOR_WIRE", "START_WIRE", "STOP_WIRE", "EMERGENCY_WIRE"),
    "mains": ("L", "N"),
    "contactor coil": ("COIL_IN", "COIL_OUT"),
    "shunt release": ("TRIP_IN", "TRIP_OUT"),
    "earth": ("PE",),
}
# Arresters join a line with earth only when lightning does. The terminals carry earth beside what it
# protects.
ARRESTERS = {"arrester3"}
TERMINALS = ("terminal", "usb_c")
GROUND, SUPPLY = "GND", "3V3"


def by_net(placed: Iterable[Placed]) -> dict[str, list[tuple[Placed, str]]]:
    """Return {net: [(part, pin)]}."""
    found: dict[str, list[tuple[Placed, str]]] = defaultdict(list)
    for one in placed:
        for pin, net in one.nets.items():
            if net != NONE:
                found[net].append((one, pin))
    return found


def _groups(one: Placed, symbols: Symbols) -> list[list[str]]:
    """The nets that a part joins: all; per side for one that isolates; none for an arrester or a terminal."""
    symbol = one.part.symbol
    if symbol in ARRESTERS or symbol.startswith(TERMINALS):
        return []
    sides: dict[str, list[str]] = defaultdict(list)
    for pin, net in one.nets.items():
        if net != NONE:
            sides[symbols[symbol][pin].side].append(net)
    return list(sides.values())


def islands(placed: dict[str, Placed], symbols: Symbols) -> dict[str, set[str]]:
    """Return {net: all nets of its island}."""
    of: dict[str, set[str]] = {}
    for one in placed.values():
        for net in one.nets.values():
            of.setdefault(net, {net})
        for group in _groups(one, symbols):
            whole = set().union(*(of.setdefault(net, {net}) for net in group))
            for net in whole:
                of[net] = whole
    return of


def faults(board: Board, placed: dict[str, Placed], symbols: Symbols) -> list[str]:
    """Return what is wrong, one sentence each."""
    return [*crossed(placed, symbols), *lonely(placed), *loose(board, placed)]


def crossed(placed: dict[str, Placed], symbols: Symbols) -> list[str]:
    """Islands that are joined, each pair of nets that shows it."""
    of = islands(placed, symbols)
    return [
        f"{one} and {other} are joined: {here} reaches {there}"
        for one, other in itertools.combinations(ISLANDS, 2)
        for here, there in itertools.product(ISLANDS[one], ISLANDS[other])
        if there in of[here]
    ]


def lonely(placed: dict[str, Placed]) -> list[str]:
    """Nets with one pin only: a wire that ends nowhere."""
    return [
        f"net {net} ends at {pins[0][0].reference} {pins[0][1]}"
        for net, pins in by_net(placed.values()).items()
        if len(pins) < 2
    ]


def loose(board: Board, placed: dict[str, Placed]) -> list[str]:
    """Signals that the pinout says have a level in reset, and no resistor gives them one."""
    nets = by_net(placed.values())
    found = []
    for wire in board.wires:
        if not wire.boot:
            continue
        rail = GROUND if wire.boot == "low" else SUPPLY
        reached = {wire.signal} | _through_zero(nets, wire.signal)
        pulled = {
            other
            for net in reached
            for one, _pin in nets.get(net, [])
            if one.part.symbol == "two" and one.part.part.startswith("r_")
            for other in one.nets.values()
        }
        if rail not in pulled:
            found.append(f"{wire.signal} must be {wire.boot} in reset, and no resistor leads to {rail}")
    return found


def _through_zero(nets: dict[str, list[tuple[Placed, str]]], net: str) -> set[str]:
    """The nets behind resistors of 0 Ohm: which of two options is fitted."""
    return {
        other
        for one, _pin in nets.get(net, [])
        if one.part.part == "r_0"
        for other in one.nets.values()
        if other != net
    }
