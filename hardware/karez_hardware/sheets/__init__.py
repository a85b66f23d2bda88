"""The schematic, a function a sheet.

Reference numbers go by tens: 1 supply, 10 outputs, 20 memories, 30 and 40 meter lines, 50 pulses,
60 contacts, 70 card, 80 USB, 90 modem, 100 the chip.
"""

from pathlib import Path

from ..board import Board
from ..parts import parts, symbols
from ..placement import Placed, Placing
from ..tables import ROOT
from . import console, hold, inputs, mcu_esp32s3, mcu_rp2350, memories, meters, supply

CHIPS = {"esp32s3": mcu_esp32s3, "rp2350": mcu_rp2350}


def drawn(board: Board, root: Path = ROOT) -> dict[str, Placed]:
    """Return all parts of a board by reference. Raises SheetError, BadTableError."""
    place = Placing(board, parts(root), symbols(root))
    chip = CHIPS[board.name]
    for name, sheet in (
        ("supply", supply.sheet), ("hold", hold.sheet), ("memories", memories.sheet),
        ("meters", meters.sheet),
        ("inputs", inputs.sheet), ("console", console.sheet), ("chip", chip.sheet), ("uplink", chip.options),
    ):  # fmt: skip
        place.sheet = name
        sheet(place)
    return place.placed
