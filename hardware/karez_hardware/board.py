"""A board as its folder tells it: board.toml, pinout.csv, and the table of its chip."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .tables import ROOT, BadTableError, keyed, named, number, rows_of

BOARDS = ("esp32s3", "rp2350")
PINOUT = ("signal", "gpio", "function", "direction", "boot", "level_mv", "load_ua", "option", "note")
MCU = (
    "gpio", "functions", "adc", "reserved", "strap", "moves_at_reset", "level_mv_max", "drive_ma", "source",
)  # fmt: skip
DIRECTIONS = {"in", "out", "open-drain", "analog"}
LEVELS = {"", "low", "high"}
GPIO_MAX = 63
NUMBER_MAX = 100_000_000  # no baud and no voltage here is near it
# What board.toml must hold; "": its top.
SETTINGS: dict[str, dict[str, type]] = {
    "": {
        "title": str, "mcu": str, "module": str, "options": list, "fitted": str, "supply_mv": int, "doc": str,
        "units": dict, "constants": dict,
    },
    "units": {"uart": list, "spi": list, "i2c": list},
    "constants": {"SPI_BAUD": int, "FRAM_ON_I2C": bool, "I2C_BAUD": int, "TIMER": int},
}  # fmt: skip
KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


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
        raise BadTableError(
            f"{named(path)}: cannot be read ({error.strerror}); restore it from git"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadTableError(f"{named(path)}: is no TOML: {error}") from error
    _check_types(path, found)
    if found["fitted"] not in found["options"]:
        raise BadTableError(f"{named(path)}: fitted must be one of options")
    return found


def _check_types(path: Path, found: dict[str, Any]) -> None:
    """Every key of board.toml is there, is known, and is of its kind."""
    for place, kinds in SETTINGS.items():
        here = found[place] if place else found
        where = f"{named(path)}: {place}." if place else f"{named(path)}: "
        for key in sorted(set(kinds) ^ set(here)):
            raise BadTableError(f"{where}{key} is {'missing' if key in kinds else 'unknown'}")
        for key, kind in kinds.items():
            if type(here[key]) is not kind:  # True is an int, and no baud
                raise BadTableError(f"{where}{key} must be {KINDS[kind]}")
            if kind is int and not -1 <= here[key] <= NUMBER_MAX:
                raise BadTableError(f"{where}{key} must be -1 to {NUMBER_MAX}")
    for key, one in {"options": found["options"], **found["units"]}.items():
        if not all(type(inside) is (str if key == "options" else int) for inside in one):
            raise BadTableError(
                f"{named(path)}: {key} must be a list of {'words' if key == 'options' else 'numbers'}"
            )


def _wires(path: Path, settings: dict[str, Any]) -> tuple[Wire, ...]:
    rows = rows_of(path, PINOUT)
    keyed(path, rows, "signal")
    return tuple(_wire(path, row, settings["options"]) for row in rows)


def _wire(path: Path, row: dict[str, str], options: list[str]) -> Wire:
    for column, allowed in (("direction", DIRECTIONS), ("boot", LEVELS), ("option", {"", *options})):
        if row[column] not in allowed:
            words = ", ".join(sorted(allowed - {""}))
            raise BadTableError(f"{named(path)}, row {row['signal']}: {column} must be one of {words}")
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
