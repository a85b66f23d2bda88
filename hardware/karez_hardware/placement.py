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
    """One part on a sheet. `nets`: pin -> net, every pin of its symbol. `option`: fitted with this one only."""

    reference: str
    part: Part
    sheet: str
    option: str
    nets: dict[str, str]


class SheetError(Exception):
    """A sheet that contradicts the tables: an unknown part, a pin too many or too few, a reference used twice."""


@dataclass
class Placing:
    """Collects the parts of one board. `board.fitted()` and the options say which signals a sheet may use."""

    board: Board
    parts: dict[str, Part]
    symbols: Symbols
    sheet: str = ""
    option: str = ""
    placed: dict[str, Placed] = field(default_factory=dict)

    def put(self, reference: str, part: str, *nets: str | dict[str, str]) -> None:
        """Place a part: its nets in the order of its symbol's pins, or one {pin: net}. Raises SheetError."""
        where = f"{self.board.name}, sheet {self.sheet}, {reference}"
        if reference in self.placed:
            raise SheetError(f"{where}: the reference is already used in {self.placed[reference].sheet}")
        if part not in self.parts:
            raise SheetError(f"{where}: parts.csv has no part {part}")
        pins = list(self.symbols[self.parts[part].symbol])
        wired: dict[str, str]
        if len(nets) == 1 and isinstance(nets[0], dict):
            wired = nets[0]
        else:
            names = [one for one in nets if isinstance(one, str)]
            if len(names) != len(pins):
                raise SheetError(f"{where}: {len(names)} nets for {len(pins)} pins")
            wired = dict(zip(pins, names, strict=True))
        for pin in sorted(set(wired) - set(pins)):
            raise SheetError(f"{where}: {part} has no pin {pin}")
        kinds = self.symbols[self.parts[part].symbol]
        for pin in pins:
            if pin not in wired and kinds[pin].kind != "nc":
                raise SheetError(f"{where}: pin {pin} is not wired; say {NONE!r} if that is meant")
        whole = {pin: wired.get(pin, NONE) for pin in pins}
        self.placed[reference] = Placed(reference, self.parts[part], self.sheet, self.option, whole)


Sheet = Callable[[Placing], None]
