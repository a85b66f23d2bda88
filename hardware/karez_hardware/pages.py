"""Tables in this folder's pages, written between two marks from the same tables that the checks read."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from . import board as boards
from . import harness, parts, power, sheets, values
from .placement import Placed
from .tables import ROOT, BadTableError, rows_of

BEGIN = "<!-- {} table: written by `python -m karez_hardware lists` -->"
END = "<!-- end of the {} table -->"


def between(text: str, name: str, table: str, page: str) -> str:
    """Return the text with what stands between the marks of `name` replaced. Raises BadTableError."""
    begin, end = BEGIN.format(name), END.format(name)
    head, found, rest = text.partition(begin)
    _, ended, tail = rest.partition(end)
    if not (found and ended):
        raise BadTableError(f"{page}: the marks of the {name} table are missing; restore them from git")
    return f"{head}{begin}\n\n{table}\n\n{end}{tail}"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def terminal_table(root: Path = ROOT) -> str:
    """The terminal plan."""
    head = [_row("Terminal", "Label", "Leads to", "mm²", "Volts", "Note"), _row(*["---"] * 6)]
    rows = [row for one in harness.terminals(root).values() for row in one]
    shown = ("label", "leads_to", "wire_mm2", "volts", "note")
    return "\n".join(
        [*head, *(_row(f"{r['terminal']}.{r['pin']}", *(r[name] for name in shown)) for r in rows)]
    )


def power_table(root: Path = ROOT) -> str:
    """What each board takes in each state, and how long its cells carry the last message."""
    known = power.loads(root)
    names = [boards.load(name, root) for name in boards.BOARDS]
    lines = [_row("", *(board.settings["title"] for board in names)), _row("---", *["---:"] * len(names))]
    lines += [
        _row(state.replace("_", " ") + ", mW", *(power.drawn_mw(known, one.name, state) for one in names))
        for state in power.STATES
    ]
    lines.append(_row("peak of U1 at 5 V, mA", *(power.buck_ma(known, one.name) for one in names)))
    last = [power.drawn_mw(known, one.name, "last_message") for one in names]
    lines.append(_row("the cells carry it, s", *(power.hold_up_ms(mw) // 1000 for mw in last)))
    bursts = [power.burst_mw(known, one.name) for one in names]
    lines.append(_row("a burst at their end, mW", *bursts))
    lines.append(_row("the cells in that burst, mV", *(power.burst_mv(mw) for mw in bursts)))
    return "\n".join(lines)


def cell_table(_root: Path = ROOT) -> str:
    """The cells' own figures."""
    rows = [
        (
            "Capacitance, two in series, aged and cold",
            f"{power.CELL_MF // power.CELLS * power.AGED_PERCENT * power.COLD_PERCENT // 10_000} mF",
        ),
        ("Charged, at least", f"{power.CHARGED_MV} mV"),
        ("Empty", f"{power.EMPTY_MV} mV"),
        ("Energy between the two", f"{power.energy_mj() / 1000:.1f} J"),
        ("Resistance, aged and cold", f"{power.esr_mohm()} mOhm"),
        ("Needed for the last message", f"{power.NEEDED_MS // 1000} s"),
    ]
    return "\n".join([_row("Figure", "Value"), _row("---", "---:"), *(_row(*row) for row in rows)])


def circuit_table(root: Path = ROOT) -> str:
    """Voltages, times and thresholds that follow from the parts placed."""
    placed = sheets.drawn(boards.load(boards.BOARDS[0], root), root)
    rows = [("Voltage " + name, f"{value} mV", "") for name, value in voltages(placed).items()]
    hold = hold_of(placed)
    rows.append(
        (
            "Relays held by one edge of `ALIVE`",
            f"{hold.nominal_ms} ms",
            f"{hold.least_ms} to {hold.most_ms} ms",
        )
    )
    loop = loop_of(placed)
    for name in ("closed", "threshold", "open"):
        share = getattr(loop, name)
        rows.append((f"Pulse loop, {name}", f"{share * 3_300 // 65_536} mV", f"{share} of 65,536"))
    return "\n".join(
        [
            _row("Figure", "Nominal", "Over all tolerances, or as read"),
            _row("---", "---:", "---"),
            *(_row(*row) for row in rows),
        ]
    )


def voltages(placed: dict[str, Placed]) -> dict[str, int]:
    """What the adjustable regulators make, in mV. References: parts.csv."""
    found = {
        "+5V": values.divided_mv(placed, "R1", "R2", 1_000),
        "VCAP": values.divided_mv(placed, "R4", "R5", 1_200),
        "BOOST_5V": values.divided_mv(placed, "R6", "R7", 600),
    }
    found["+5V_HOLD from the cells"] = found["BOOST_5V"] - values.DIODE_MV
    if "R90" in placed:
        found["MODEM_3V8"] = values.divided_mv(placed, "R90", "R91", 800)
    return found


def hold_of(placed: dict[str, Placed]) -> values.Hold:
    """How long one edge holds the relays."""
    return values.hold(values.ohms(placed, "R11"), 10_000)


def loop_of(placed: dict[str, Placed]) -> values.Loop:
    """What a pulse loop shows."""
    return values.loop(values.ohms(placed, "R52"), values.ohms(placed, "R50"), values.ohms(placed, "R51"))


def unread_table(root: Path = ROOT) -> str:
    """How many rows of each table were not, or not wholly, compared with their maker's sheet."""
    lines = [
        _row("Table", "Rows", "With an [unread]", "Of these nothing read"),
        _row(*["---"] + ["---:"] * 3),
    ]
    columns = {"parts.csv": parts.COLUMNS, "loads.csv": power.COLUMNS}
    for path in (root / "parts.csv", root / "loads.csv", *sorted((root / "mcu").glob("*.csv"))):
        rows = rows_of(path, columns.get(path.name, boards.MCU))
        unread = [row["source"] for row in rows if "[unread]" in row["source"]]
        alone = sum(";" not in source for source in unread)  # what was read stands before a semicolon
        lines.append(_row(f"`{path.relative_to(root).as_posix()}`", len(rows), len(unread), alone))
    return "\n".join(lines)


def pinout_table(name: str, root: Path = ROOT) -> str:
    """A board's pinout."""
    head = [_row("Signal", "GPIO", "As", "In reset", "Fitted with", "Note"), _row(*["---"] * 6)]
    wires = boards.load(name, root).wires
    cells = [(w.signal, w.gpio, w.function, w.boot or "–", w.option or "always", w.note) for w in wires]
    return "\n".join([*head, *(_row(*one) for one in cells)])


def misplaced(known: dict[str, list[dict[str, str]]], placed: dict[str, Placed]) -> list[str]:
    """Return where the terminal plan and the schematic differ."""
    found = []
    for terminal, rows in known.items():
        if terminal not in placed:
            found.append(f"terminals.csv has {terminal}, and the schematic has not")
            continue
        nets = placed[terminal].nets
        found += [
            f"{terminal}.{row['pin']} is {nets.get(row['pin'])}, and terminals.csv says {row['net']}"
            for row in rows
            if nets.get(row["pin"]) != row["net"]
        ]
        if len(rows) != len(nets):
            found.append(f"{terminal} has {len(nets)} pins, and terminals.csv has {len(rows)}")
    return found


def written(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield each page that holds tables, with its text as it must be. Raises BadTableError."""
    tables: dict[Path, dict[str, Callable[[Path], str]]] = {
        root / "README.md": {"unread": unread_table},
        root / "wiring.md": {"terminal": terminal_table},
        root / "power.md": {"power": power_table, "cell": cell_table, "circuit": circuit_table},
    }
    for name in boards.BOARDS:
        tables[root / name / "README.md"] = {"pinout": partial(pinout_table, name)}
    for path, inside in tables.items():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadTableError(f"{path.name}: cannot be read; restore it from git") from error
        for name, table in inside.items():
            text = between(text, name, table(root), path.name)
        yield path, text
