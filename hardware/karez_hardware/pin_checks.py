"""Electrical checks of a pinout against the table of its chip. Pure: a Board in, sentences out.

What stands here is what a bench finds only after the boards are made: a pin used twice, a pin of the flash,
a contactor that closes while the chip is reset, an analogue signal where no ADC is.
"""

from .board import Board, ChipPin, Wire

# What may move nothing: these close the contactor, trip the breaker, or hold both.
SAFE = ("COIL", "TRIP", "ALIVE")
# A load at half of what the pin drives leaves its level inside the logic's limits.
DRIVE_SHARE = 2


def faults(board: Board) -> list[str]:
    """Return what is wrong with a board's pinout, one sentence each; none is the answer hoped for."""
    found = _shared(board)
    for wire in board.wires:
        pin = board.chip.get(wire.gpio)
        if pin is None:
            found.append(f"{wire.signal}: the chip has no GPIO{wire.gpio}")
            continue
        where = f"{wire.signal} on GPIO{wire.gpio}"
        found += [f"{where}: {text}" for text in _capability(board, wire, pin)]
        found += [f"{where}: {text}" for text in _reset(wire, pin)]
        found += [f"{where}: {text}" for text in _electrical(wire, pin)]
    return found


def _shared(board: Board) -> list[str]:
    """A pin carries one signal, or one for each of two options that are never fitted together."""
    users: dict[int, list[Wire]] = {}
    for wire in board.wires:
        users.setdefault(wire.gpio, []).append(wire)
    found = []
    for gpio, wires in users.items():
        options = [one.option for one in wires]
        if len(wires) > 1 and ("" in options or len(set(options)) < len(options)):
            names = ", ".join(one.signal for one in wires)
            found.append(f"GPIO{gpio} carries {names}")
    return found


def _capability(board: Board, wire: Wire, pin: ChipPin) -> list[str]:
    if pin.reserved:
        return [f"belongs to the {pin.reserved}"]
    if wire.function == "gpio":
        return []
    if wire.function == "adc":
        # The second ADC of an ESP32 stands still while the radio is on.
        return [] if pin.adc and not pin.adc.startswith("ADC2_") else ["has no ADC to use"]
    if wire.function in pin.functions:
        return []
    unit = wire.function.partition("_")[0]  # UART2, SPI1, I2C0
    kind, number = unit[:-1].lower(), unit[-1:]
    units = board.settings["units"].get(kind, [])
    if kind in pin.functions and number.isdigit() and int(number) in units:
        return []
    return [f"cannot be {wire.function}"]


def _reset(wire: Wire, pin: ChipPin) -> list[str]:
    found = []
    if pin.strap in ("low", "high"):
        found.append(f"is read at reset and must then be {pin.strap}; leave it alone")
    if wire.signal in SAFE and (pin.strap or pin.moves_at_reset):
        found.append("may move at reset, and this signal must not")
    if wire.signal in SAFE and wire.boot != "low":
        found.append("must be held low in reset")
    return found


def _electrical(wire: Wire, pin: ChipPin) -> list[str]:
    found = []
    if wire.level_mv > pin.level_mv_max:
        found.append(f"{wire.level_mv} mV, and the pin stands {pin.level_mv_max} mV")
    if wire.direction in ("out", "open-drain") and not pin.drive_ma:
        found.append("an output, and the pin drives nothing: it is an input only")
    elif wire.load_ua * DRIVE_SHARE > pin.drive_ma * 1000:
        found.append(f"{wire.load_ua} uA, and the pin drives {pin.drive_ma} mA")
    if wire.direction in ("out", "open-drain") and not wire.load_ua:
        found.append("an output without a load: say what it drives")
    return found
