"""The firmware's class of pins, written from a board's pinout: nobody types a pin number twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .board import Board, Wire
from .tables import ROOT, BadTableError

PORTS = ROOT.parent / "firmware" / "karez_firmware" / "ports"
NOTE = "Written by `python -m karez_hardware pins` from hardware/{name}/pinout.csv: change that."
NEEDED = (
    "SCK", "MOSI", "MISO", "NOR_SELECT", "FRAM_SELECT", "SCL", "SDA", "METER0_TX", "METER0_RX",
    "COIL", "TRIP", "ALIVE", "AUX", "DOOR", "START", "STOP", "EMERGENCY",
)  # fmt: skip

# Signals that are nothing alone.
PAIRS = (
    ("METER0_TX", "METER0_RX"), ("METER1_TX", "METER1_RX"), ("MODEM_TX", "MODEM_RX"), ("CARD_0", "CARD_1"),
    ("PULSE0_COUNT", "PULSE0_LOOP"), ("PULSE1_COUNT", "PULSE1_LOOP"),
)  # fmt: skip


def path_of(board: Board, ports: Path = PORTS) -> Path:
    """Where the firmware keeps this board's pins."""
    return ports / str(board.settings["module"])


def unit_of(wire: Wire) -> int:
    """The number in UART1_TX, SPI2_SCK, I2C0_SDA."""
    digit = wire.function.partition("_")[0][-1:]
    if not digit.isdigit():
        raise BadTableError(f"pinout.csv, row {wire.signal}: {wire.function} names no unit, such as UART1_TX")
    return int(digit)


def text_of(board: Board) -> str:
    """Return the module's text. Raises BadTableError for a signal that no board can lack."""
    wires = board.fitted()
    for name in NEEDED:
        if name not in wires:
            raise BadTableError(f"{board.name}/pinout.csv: {name} is missing, and the firmware needs it")
    for pair in PAIRS:
        missing = [name for name in pair if name not in wires]
        if len(missing) == 1:
            there = pair[1 - pair.index(missing[0])]
            raise BadTableError(f"{board.name}/pinout.csv: {missing[0]} is missing beside {there}")
    blocks = [_memories, _clock, _lines, _network, _outputs, _contacts, _pulses]
    lines = [f'"""{board.settings["doc"].rstrip()}', "", NOTE.format(name=board.name), '"""', "", ""]
    lines += ["class Pins:", '    """One board\'s wiring."""']
    constants = board.settings["constants"]
    for block in blocks:
        lines += ["", *("    " + line for line in block(wires, constants))]
    return "\n".join(lines) + "\n"


def _gpio(wires: dict[str, Wire], *signals: str) -> str:
    return ", ".join(str(wires[one].gpio) for one in signals)


def _memories(wires: dict[str, Wire], constants: dict[str, Any]) -> list[str]:
    return [
        "# Memories: NOR and FRAM on one SPI, each with its own select.",
        f"SPI = {unit_of(wires['SCK'])}",
        f"SCK, MOSI, MISO = {_gpio(wires, 'SCK', 'MOSI', 'MISO')}",
        f"NOR_SELECT, FRAM_SELECT = {_gpio(wires, 'NOR_SELECT', 'FRAM_SELECT')}",
        f"SPI_BAUD = {constants['SPI_BAUD']:_}",
        f"FRAM_ON_I2C = {bool(constants['FRAM_ON_I2C'])}",
    ]


def _clock(wires: dict[str, Wire], constants: dict[str, Any]) -> list[str]:
    return [
        "# Clock and display. The display's expander knows no more, and the display itself is no quicker.",
        f"I2C = {unit_of(wires['SCL'])}",
        f"SCL, SDA = {_gpio(wires, 'SCL', 'SDA')}",
        f"I2C_BAUD = {constants['I2C_BAUD']:_}",
    ]


def _rows(wires: dict[str, Wire], row: Callable[[int], str], first: str) -> str:
    """The rows of a tuple of tuples, as long as `first` with the next number is wired."""
    found: list[str] = []
    while first.format(len(found)) in wires:
        found.append(f"({row(len(found))})")
    return "(" + ", ".join(found) + ("," if len(found) == 1 else "") + ")"


def _lines(wires: dict[str, Wire], _constants: dict[str, Any]) -> list[str]:
    def meter(number: int) -> str:
        sent, heard = f"METER{number}_TX", f"METER{number}_RX"
        return f"{unit_of(wires[sent])}, {_gpio(wires, sent, heard)}"

    modem = key = "None"
    if "MODEM_TX" in wires:
        modem = f"({unit_of(wires['MODEM_TX'])}, {_gpio(wires, 'MODEM_TX', 'MODEM_RX')})"
        key = _gpio(wires, "MODEM_KEY") if "MODEM_KEY" in wires else "None"
    return [
        "# Meter lines: (UART, TX, RX), each behind a transceiver that turns round by itself.",
        f"METERS = {_rows(wires, meter, 'METER{}_TX')}",
        "# The modem's UART and its key. The console is on USB, where MicroPython has its terminal.",
        f"MODEM = {modem}",
        f"MODEM_KEY = {key}",
        "CONSOLE = None",
    ]


def _network(wires: dict[str, Wire], _constants: dict[str, Any]) -> list[str]:
    wiznet = "None"
    if "LAN_SCK" in wires:
        pins = _gpio(wires, "LAN_SCK", "LAN_MOSI", "LAN_MISO", "LAN_SELECT", "LAN_RESET")
        wiznet = f"({unit_of(wires['LAN_SCK'])}, {pins})"
    return [
        "# Ethernet: the chip's own (MDC, MDIO, kind, address), which no board here has; or a W5500 on an",
        "# SPI of its own (SPI, SCK, MOSI, MISO, select, reset).",
        "LAN = None",
        f"WIZNET = {wiznet}",
    ]


def _outputs(wires: dict[str, Wire], _constants: dict[str, Any]) -> list[str]:
    return [
        "# Outputs, each with a resistor to ground. COIL and TRIP pass a gate that two retriggerable",
        "# monostables hold open for 5 s at most; ALIVE is what they are triggered by.",
        f"COIL, TRIP, ALIVE = {_gpio(wires, 'COIL', 'TRIP', 'ALIVE')}",
    ]


def _contacts(wires: dict[str, Wire], _constants: dict[str, Any]) -> list[str]:
    card = f"({_gpio(wires, 'CARD_0', 'CARD_1')})" if "CARD_0" in wires else "None"
    return [
        "# Contacts, each behind an optocoupler that pulls to ground, with a resistor to the supply.",
        f"AUX, DOOR = {_gpio(wires, 'AUX', 'DOOR')}",
        f"START, STOP, EMERGENCY = {_gpio(wires, 'START', 'STOP', 'EMERGENCY')}",
        f"CARD = {card}  # the reader's two wires, through a buffer",
    ]


def _pulses(wires: dict[str, Wire], constants: dict[str, Any]) -> list[str]:
    def pulse(number: int) -> str:
        return _gpio(wires, f"PULSE{number}_COUNT", f"PULSE{number}_LOOP")

    return [
        "# Pulse inputs: (count, loop voltage). `count` is a comparator's between the voltages of a whole",
        "# loop (pulse_inputs.py), with a filter of 1 ms; the second is a pin of an ADC.",
        f"PULSES = {_rows(wires, pulse, 'PULSE{}_COUNT')}",
        f"TIMER = {constants['TIMER']}",
    ]
