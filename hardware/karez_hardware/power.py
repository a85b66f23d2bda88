"""The power budget: what each state of the box takes, and how long the cells carry the last message.

Integers: mA, mV, mW, mF, mOhm, ms. `hardware/loads.csv` has the loads; what is computed stands in
hardware/power.md.
"""

from dataclasses import dataclass
from pathlib import Path

from .tables import ROOT, BadTableError, keyed, named, number, rows_of

COLUMNS = ("load", "rail", "board", "idle_ma", "pumping_ma", "last_message_ma", "peak_ma", "source")
STATES = ("idle", "pumping", "last_message", "peak")
RAIL_MV = {"3V3": 3_300, "MODEM_3V8": 3_800, "+5V": 5_000, "+5V_HOLD": 4_700, "+24V": 24_000}
# Of each converter on the way, in per cent: the makers' curves show more, at 25 °C and in the middle of
# their range.
CONVERTER_PERCENT = 85
# What stands behind the diodes D2 and D3: 0.4 V of 5 V stay in them.
DIODE_PERCENT = 92
BEHIND_DIODE = ("+5V_HOLD", "3V3", "MODEM_3V8")
# Rails behind how many converters, from 24 V and from the cells.
STAGES = {"+24V": 0, "+5V": 1, "+5V_HOLD": 1, "3V3": 2, "MODEM_3V8": 2}
SUPPLY_MW = 20_000
SUPPLY_SHARE_PERCENT = 60  # what may be taken of it: the rest is for 70 °C in the box, see its derating
BUCK_MV, BUCK_MA = 5_000, 2_000  # of U1: LMR36520

CELL_MF, CELLS, CELL_MOHM = 50_000, 2, 20  # BCAP0050 P270: 50 F, 20 mOhm, two in series
AGED_PERCENT = 80  # of the capacitance at the end of its life by the maker's definition
COLD_PERCENT = 90  # of the capacitance at -40 °C [unread]
ESR_TIMES = 4  # twice by age (the maker's end of life), twice by cold [unread]
CHARGED_MV = 4_470  # 4.56 V less 2 % of reference and divider
EMPTY_MV = 2_500  # below it a burst of the modem asks more of the boost than it can give
BOOST_MIN_MV = 1_300
NEEDED_MS = 30_000


@dataclass(frozen=True)
class Load:
    """One row: current in mA by state. `board`: "" for both."""

    load: str
    rail: str
    board: str
    ma: dict[str, int]
    source: str


def loads(root: Path = ROOT) -> list[Load]:
    """Read the loads. Raises BadTableError."""
    path = root / "loads.csv"
    rows = rows_of(path, COLUMNS)
    keyed(path, rows, "load")
    found = []
    for row in rows:
        if row["rail"] not in RAIL_MV:
            raise BadTableError(f"{named(path)}, row {row['load']}: rail must be one of {', '.join(RAIL_MV)}")
        ma = {state: number(path, row, f"{state}_ma", 0, 10_000) for state in STATES}
        found.append(Load(row["load"], row["rail"], row["board"], ma, row["source"]))
    return found


def _taken_mw(one: Load, state: str, stages: int) -> int:
    """What a load takes before so many converters and its diode."""
    mw = one.ma[state] * RAIL_MV[one.rail] // 1_000
    for _ in range(stages):
        mw = mw * 100 // CONVERTER_PERCENT
    return mw * 100 // DIODE_PERCENT if one.rail in BEHIND_DIODE else mw


def drawn_mw(known: list[Load], board: str, state: str) -> int:
    """What a state takes in all, in mW at 24 V, or at the cells where the mains have gone."""
    here = [one for one in known if one.board in ("", board)]
    return sum(_taken_mw(one, state, STAGES[one.rail]) for one in here)


def buck_ma(known: list[Load], board: str) -> int:
    """The most that U1 must give at 5 V, in mA."""
    here = [one for one in known if one.board in ("", board) and STAGES[one.rail]]
    return sum(_taken_mw(one, "peak", STAGES[one.rail] - 1) for one in here) * 1_000 // BUCK_MV


def burst_mw(known: list[Load], board: str) -> int:
    """The most that the last message can draw: what it needs at all, each at its peak."""
    alive = [one for one in known if one.ma["last_message"]]
    return drawn_mw(alive, board, "peak")


def energy_mj() -> int:
    """What two aged, cold cells give between charged and empty: C (V0² - V1²) / 2, in mJ."""
    capacity_mf = CELL_MF // CELLS * AGED_PERCENT // 100 * COLD_PERCENT // 100
    return capacity_mf * (CHARGED_MV**2 - EMPTY_MV**2) // 2 // 1_000_000


def esr_mohm() -> int:
    """Resistance of both cells, aged and cold."""
    return CELL_MOHM * CELLS * ESR_TIMES


def hold_up_ms(load_mw: int) -> int:
    """How long the cells carry a load; what their own resistance takes at the empty end is taken off."""
    current_ma = load_mw * 1_000 // EMPTY_MV
    lost_mw = current_ma**2 * esr_mohm() // 1_000_000
    return energy_mj() * 1_000 // (load_mw + lost_mw)


def burst_mv(peak_mw: int) -> int:
    """The cells' voltage in a burst at their empty end: EMPTY_MV less current times resistance."""
    return EMPTY_MV - peak_mw * 1_000 // EMPTY_MV * esr_mohm() // 1_000


def faults(known: list[Load], board: str) -> list[str]:
    """Return what does not add up, one sentence each."""
    found = []
    peak_mw = drawn_mw(known, board, "peak")
    if peak_mw * 100 > SUPPLY_MW * SUPPLY_SHARE_PERCENT:
        found.append(f"{board}: {peak_mw} mW at the peak is more than {SUPPLY_SHARE_PERCENT} % of the supply")
    if buck_ma(known, board) > BUCK_MA:
        found.append(
            f"{board}: U1 must give {buck_ma(known, board)} mA at the peak, and can give {BUCK_MA} mA"
        )
    last_mw = drawn_mw(known, board, "last_message")
    if hold_up_ms(last_mw) < NEEDED_MS:
        found.append(
            f"{board}: the cells hold {hold_up_ms(last_mw)} ms, and the last message needs {NEEDED_MS} ms"
        )
    low_mv = burst_mv(burst_mw(known, board))
    if low_mv < BOOST_MIN_MV:
        found.append(f"{board}: a burst draws the cells down to {low_mv} mV")
    return found
