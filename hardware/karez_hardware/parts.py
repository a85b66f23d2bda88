"""Parts and symbols: every part number once, with what it stands and what may take its place."""

from dataclasses import dataclass
from pathlib import Path

from .tables import ROOT, BadTableError, keyed, named, number, rows_of

COLUMNS = (
    "part", "symbol", "description", "maker", "number", "rating", "t_min_c", "t_max_c", "critical",
    "alternate_maker", "alternate_number", "alternate_fit", "waiver", "source",
)  # fmt: skip
SYMBOL = ("symbol", "pin", "kind", "side")
KINDS = {
    "passive", "input", "output", "bidirectional", "tristate", "open-collector", "power-in", "power-out",
    "nc",
}  # fmt: skip
FITS = {"", "drop-in", "layout"}  # a drop-in needs no other board; layout: another footprint or values
T_MIN_C, T_MAX_C = -40, 85


@dataclass(frozen=True)
class SymbolPin:
    """`side`: on which side of an isolating part the pin stands, "" in all others."""

    kind: str
    side: str


Symbols = dict[str, dict[str, SymbolPin]]


@dataclass(frozen=True)
class Part:
    """One row of parts.csv; temperatures in °C. `waiver`: the erratum that allows a smaller range."""

    part: str
    symbol: str
    description: str
    maker: str
    number: str
    rating: str
    t_min_c: int
    t_max_c: int
    is_critical: bool
    alternate_maker: str
    alternate_number: str
    alternate_fit: str
    waiver: str
    source: str


def symbols(root: Path = ROOT) -> Symbols:
    """Return {symbol: {pin: SymbolPin}} in the order of the table. Raises BadTableError."""
    path = root / "symbols.csv"
    found: Symbols = {}
    for row in rows_of(path, SYMBOL):
        if row["kind"] not in KINDS:
            raise BadTableError(
                f"{named(path)}, {row['symbol']} {row['pin']}: kind must be one of {', '.join(sorted(KINDS))}"
            )
        pins = found.setdefault(row["symbol"], {})
        if row["pin"] in pins:
            raise BadTableError(f"{named(path)}: {row['symbol']} has two pins {row['pin']}")
        pins[row["pin"]] = SymbolPin(row["kind"], row["side"])
    return found


def parts(root: Path = ROOT) -> dict[str, Part]:
    """Return {part: Part}. Raises BadTableError."""
    path = root / "parts.csv"
    known = symbols(root)
    found = {}
    for key, row in keyed(path, rows_of(path, COLUMNS), "part").items():
        if row["symbol"] not in known:
            raise BadTableError(f"{named(path)}, row {key}: symbols.csv has no symbol {row['symbol']}")
        if row["alternate_fit"] not in FITS:
            raise BadTableError(f"{named(path)}, row {key}: alternate_fit must be drop-in or layout")
        found[key] = Part(
            key, row["symbol"], row["description"], row["maker"], row["number"], row["rating"],
            number(path, row, "t_min_c", -273, 500), number(path, row, "t_max_c", -273, 500),
            row["critical"] == "yes", row["alternate_maker"], row["alternate_number"],
            row["alternate_fit"], row["waiver"], row["source"],
        )  # fmt: skip
    return found


def faults(known: dict[str, Part], errata: str) -> list[str]:
    """Return what is wrong with the parts, one sentence each. `errata`: the text that waivers point into."""
    found = []
    for one in known.values():
        filled = ("description", "maker", "number", "source")
        found += [f"{one.part}: {what} is empty" for what in filled if not getattr(one, what)]
        if one.waiver and f"## {one.waiver} " not in errata:
            found.append(f"{one.part}: there is no erratum {one.waiver}")
        if not one.waiver and not (one.t_min_c <= T_MIN_C and one.t_max_c >= T_MAX_C):
            found.append(
                f"{one.part}: {one.t_min_c} to {one.t_max_c} °C does not cover {T_MIN_C} to {T_MAX_C} °C"
            )
        if one.is_critical and not (one.alternate_maker and one.alternate_number and one.alternate_fit):
            found.append(f"{one.part}: is critical and has no alternate")
        if (one.maker, one.number) == (one.alternate_maker, one.alternate_number):
            found.append(f"{one.part}: its alternate is itself")
    return found
