"""What a sheet of the schematic says: which part stands where, and which net each of its pins is on.

Sheets are functions in karez_hardware.sheets. They call `Placing.put` and nothing else, so that a schematic
is text that can be read, compared and tested without any tool; SKiDL joins it (circuit.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .board import Board
from .parts import Part, Symbols

NONE = "-"  # a pin that is left alone on purpose


@dataclass(frozen=True)
class Placed:
    """One part on a sheet. `nets`: pin -> net or NONE, all pins of its symbol. `option`: only with it."""

    reference: str
    part: Part
    sheet: str
    option: str
    nets: dict[str, str]
    kinds: dict[str, str]  # of the pins; a chip's depend on what the pinout makes of them


class SheetError(Exception):
    """A sheet that contradicts the tables: an unknown part, a pin too many, a reference used twice."""


@dataclass
class Placing:
    """Collects the parts of one board. `board.fitted()` and the options say which signals a sheet may use."""

    board: Board
    parts: dict[str, Part]
    symbols: Symbols
    sheet: str = ""
    option: str = ""
    placed: dict[str, Placed] = field(default_factory=dict)

    def put(
        self, reference: str, part: str, *nets: str | dict[str, str], kinds: dict[str, str] | None = None
    ) -> None:
        """Place a part: its nets in the order of its symbol's pins, or one {pin: net}. Raises SheetError.

        `kinds`: of pins whose kind is another than the symbol's.
        """
        where = f"{self.board.name}, sheet {self.sheet}, {reference}"
        if reference in self.placed:
            raise SheetError(f"{where}: the reference is already used in {self.placed[reference].sheet}")
        if part not in self.parts:
            raise SheetError(f"{where}: parts.csv has no part {part}")
        symbol = self.symbols[self.parts[part].symbol]
        wired = self._wired(where, list(symbol), nets)
        for pin in sorted(set(wired) - set(symbol)):
            raise SheetError(f"{where}: {part} has no pin {pin}")
        for pin in symbol:
            if pin not in wired and symbol[pin].kind != "nc":
                raise SheetError(f"{where}: pin {pin} is not wired; say {NONE!r} if that is meant")
        whole = {pin: wired.get(pin, NONE) for pin in symbol}
        found = {pin: one.kind for pin, one in symbol.items()} | (kinds or {})
        self.placed[reference] = Placed(reference, self.parts[part], self.sheet, self.option, whole, found)

    @staticmethod
    def _wired(where: str, pins: list[str], nets: tuple[str | dict[str, str], ...]) -> dict[str, str]:
        if len(nets) == 1 and isinstance(nets[0], dict):
            return nets[0]
        names = [one for one in nets if isinstance(one, str)]
        if len(names) != len(pins):
            raise SheetError(f"{where}: {len(names)} nets for {len(pins)} pins")
        return dict(zip(pins, names, strict=True))


Sheet = Callable[[Placing], None]
