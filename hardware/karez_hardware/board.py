"""A board as its folder tells it: board.toml, pinout.csv, and the table of its chip."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tables import ROOT, BadTableError, keyed, number, rows_of

BOARDS = ("esp32s3", "rp2350")
PINOUT = ("signal", "gpio", "function", "direction", "boot", "level_mv", "load_ua", "option", "note")
MCU = (
    "gpio", "functions", "adc", "reserved", "strap", "moves_at_reset", "level_mv_max", "drive_ma", "source",
)  # fmt: skip
DIRECTIONS = {"in", "out", "open-drain", "analog"}
LEVELS = {"", "low", "high"}
GPIO_MAX = 63


@dataclass(frozen=True)
class Wire:
    """One signal on one pin. `boot`: the level that the circuit gives it in reset, "" for none."""

    signal: str
    gpio: int
    function: str
    direction: str
    boot: str
    level_mv: int  # the most that anything outside puts on the pin
    load_ua: int  # the most that the pin has to drive
    option: str
    note: str


@dataclass(frozen=True)
class ChipPin:
    """What one pin of the chip can do and stand."""

    gpio: int
    functions: frozenset[str]
    adc: str
    reserved: str
    strap: str
    moves_at_reset: str
    level_mv_max: int
    drive_ma: int
    source: str


@dataclass(frozen=True)
class Board:
    """One board. `settings`: board.toml as read."""

    name: str
    folder: Path
    settings: dict[str, Any]
    wires: tuple[Wire, ...]
    chip: dict[int, ChipPin]

    def fitted(self) -> dict[str, Wire]:
        """The wires with the option that the firmware's pins are made for, by signal."""
        return {one.signal: one for one in self.wires if one.option in ("", self.settings["fitted"])}


def load(name: str, root: Path = ROOT) -> Board:
    """Read a board's folder. Raises BadTableError."""
    folder = root / name
    settings = _settings(folder / "board.toml")
    return Board(
        name, folder, settings, _wires(folder / "pinout.csv", settings), _chip(root / "mcu" / settings["mcu"])
    )


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadTableError(f"{path.name}: cannot be read ({error.strerror}); restore it from git") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTableError(f"{path.name}: is no TOML: {error}") from error
    wanted = {"title", "mcu", "module", "options", "fitted", "supply_mv", "doc", "units", "constants"}
    for key in sorted(wanted ^ set(found)):
        raise BadTableError(f"{path.name}: {key} is {'missing' if key in wanted else 'unknown'}")
    if found["fitted"] not in found["options"]:
        raise BadTableError(f"{path.name}: fitted must be one of options")
    return found


def _wires(path: Path, settings: dict[str, Any]) -> tuple[Wire, ...]:
    rows = rows_of(path, PINOUT)
    keyed(path, rows, "signal")
    return tuple(_wire(path, row, settings["options"]) for row in rows)


def _wire(path: Path, row: dict[str, str], options: list[str]) -> Wire:
    for column, allowed in (("direction", DIRECTIONS), ("boot", LEVELS), ("option", {"", *options})):
        if row[column] not in allowed:
            words = ", ".join(sorted(allowed - {""}))
            raise BadTableError(f"{path.name}, row {row['signal']}: {column} must be one of {words}")
    return Wire(
        row["signal"], number(path, row, "gpio", 0, GPIO_MAX), row["function"], row["direction"], row["boot"],
        number(path, row, "level_mv"), number(path, row, "load_ua"), row["option"], row["note"],
    )  # fmt: skip


def _chip(path: Path) -> dict[int, ChipPin]:
    rows = rows_of(path, MCU)
    keyed(path, rows, "gpio")
    return {one.gpio: one for one in (_chip_pin(path, row) for row in rows)}


def _chip_pin(path: Path, row: dict[str, str]) -> ChipPin:
    return ChipPin(
        number(path, row, "gpio", 0, GPIO_MAX), frozenset(row["functions"].split()), row["adc"],
        row["reserved"], row["strap"], row["moves_at_reset"],
        number(path, row, "level_mv_max"), number(path, row, "drive_ma"), row["source"],
    )  # fmt: skip
