"""An SL 651 report as a message: which elements carry what a well knows, in the standard's order.

Order of an intake's report: levels, flows, pressures, volumes, others; of an added report (33H) the
element that caused it comes first: the status word, for the pump has stopped. What the well does not
measure is left out; flow, registers and status are always there, filled where they are not known.
"""

from karez_protocols.errors import NotAllowed
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_elements import ident_of_field
from karez_protocols.sl651_functions import ADDITIONAL
from karez_protocols.sl651_messages import Group, Report
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import elements_for
from karez_protocols.sl651_times import Time, time_at

from .sl651_events import Form, StationReport

Pairs = list[tuple[str, int | None]]

_PHASES = "abc"
STATUS_FIELD = "status"


def observed_at(utc_s: int, dialect: Dialect) -> Time:
    """Observation time: the platform's clock, whole minutes; seconds have no place in F0F0."""
    return time_at(utc_s - utc_s % 60, dialect.utc_offset_s)


def is_carried(field: str, dialect: Dialect) -> bool:
    """True if the platform agreed on an identifier for a field that the standard has none for."""
    try:
        ident_of_field(dialect.elements, field)
    except NotAllowed:
        return False
    return True


def motor_pairs(report: StationReport) -> Pairs:
    """Mains voltages and motor currents, those that are known."""
    pairs: Pairs = []
    for phase, value in zip(_PHASES, report.voltages_mv, strict=True):
        pairs.append((f"voltage_{phase}_mv", value))
    for phase, value in zip(_PHASES, report.currents_ma, strict=True):
        pairs.append((f"current_{phase}_ma", value))
    return [pair for pair in pairs if pair[1] is not None]


def pairs_of(report: StationReport, dialect: Dialect) -> Pairs:
    """(field of sl651_elements, value) of a report in wire order, without the status word."""
    pairs: Pairs = [("level_mm", report.level_mm)] if report.level_mm is not None else []
    pairs.append(("flow_1_lph", report.flow_lph))
    if report.pressure_pa is not None:
        pairs.append(("pressure_1_pa", report.pressure_pa))
    if is_carried("total_l", dialect):
        pairs.append(("total_l", report.total_l))
    if is_carried("energy_wh", dialect):
        pairs.append(("energy_wh", report.energy_wh))
    return pairs + motor_pairs(report)


def elements_of(report: StationReport, dialect: Dialect) -> tuple[Element, ...]:
    """Elements of a report. Raises NotAllowed on what the standard cannot carry."""
    status: Pairs = [(STATUS_FIELD, report.status)]
    others = pairs_of(report, dialect)
    pairs = status + others if report.function == ADDITIONAL else others + status
    return tuple(elements_for(pairs, False, dialect))


def message_of(report: StationReport, station_class: int, form: Form, serial: int, sent: Time) -> Report:
    """The message of a report. Raises NotAllowed."""
    dialect = form.dialect
    observed = observed_at(report.utc_s, dialect)
    group = Group(report.address, station_class, observed, elements_of(report, dialect))
    return Report(report.function, serial, sent, (group,))
