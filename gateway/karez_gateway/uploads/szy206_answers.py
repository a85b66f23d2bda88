"""Answers to SZY 206 / SL/T 427 questions, as `values` of szy206_commands, from verified records.

An answer carries no time, so only what is fresh may stand in it. Where a field has a form for
"missing" it is used; where it has none (words, volts and amperes), nothing is answered.
"""

from collections.abc import Callable
from typing import Any

from karez_gateway.errors import Refused
from karez_protocols import record
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_readings as readings
from karez_protocols.errors import NotAllowed
from karez_protocols.szy206 import Dialect, Frame
from karez_protocols.szy206_data import stored_type
from karez_protocols.szy206_time import TimeTag, clock_at, utc_of
from karez_protocols.szy206_words import QUERY_KINDS, REPORT_KINDS, alarm_word, mask_of

from . import event_counters, szy206
from .station_view import Reading, StationView, at_marks, is_fresh

Values = dict[str, Any]

HOUR_S = 3600
INTERVALS = 14  # 53H of 206 lists every kind; how often a well measures is its own setting, unknown here
STORED_MAX = 47  # values of five bytes in one frame
MODE_SELF_REPORT = 1
LITRES_PER_M3 = 1000
_PHASES = "abc"


class Question:
    """One question: who is asked, what is known, and when."""

    def __init__(
        self,
        frame: Frame,
        asked: Values,
        view: StationView,
        dialect: Dialect,
        now_utc_s: int,
        password_errors: int = 0,
    ) -> None:
        """`asked`: the question's own values; `password_errors`: of this station, since the service began."""
        self.frame = frame
        self.asked = asked
        self.view = view
        self.dialect = dialect
        self.now_utc_s = now_utc_s
        self.password_errors = password_errors

    def newest(self) -> Reading:
        """The last measuring record. Raises Refused if it says nothing of now."""
        return self._fresh(self.view.newest())

    def interval(self) -> dict[str, Any]:
        """Values of the last interval record. Raises Refused if it says nothing of now."""
        return dict(record.decode(self._fresh(self.view.newest_interval()).slot))

    def words(self) -> Values:
        """Alarm and state of the last measuring record, and what is left of the right now.

        Raises Refused where nothing says whether the pump runs: the state word must not invent it.
        """
        last = self.newest()
        try:
            report = szy206.report_of(last.slot, self.frame.address, last.received_utc_s)
        except NotAllowed as error:
            raise Refused(str(error)) from error
        alarm = report.alarm
        remaining_l = self.view.right(self.now_utc_s).remaining_l
        if remaining_l is not None and remaining_l <= 0:
            alarm |= alarm_word(["remaining_low"])
        return {"alarm": alarm, "state": report.state}

    def _fresh(self, reading: Reading | None) -> Reading:
        if reading is None or not is_fresh(reading, self.now_utc_s):
            raise Refused("no verified record is fresh enough for an answer without a time")
        return reading


def _address(question: Question) -> Values:
    return {"address": question.frame.address}


def _clock(question: Question) -> Values:
    return {"clock": clock_at(question.now_utc_s, question.dialect.utc_offset_s)}


def _mode(_question: Question) -> Values:
    return {"mode": MODE_SELF_REPORT}


def _report_kinds(question: Question) -> Values:
    kinds = mask_of(["flow"], REPORT_KINDS)
    count = INTERVALS if question.dialect.types == "206" else 1
    return {"kinds": kinds, "intervals": [{"interval_min": None}] * count}


def _realtime_kinds(_question: Question) -> Values:
    return {"kinds": mask_of(["flow", "level", "pressure"], QUERY_KINDS)}


def _remaining_l(question: Question) -> int | None:
    """Whole cubic metres, rounded down: nobody is promised a litre that is not there."""
    question.newest()
    remaining_l = question.view.right(question.now_utc_s).remaining_l
    return None if remaining_l is None else remaining_l // LITRES_PER_M3 * LITRES_PER_M3


def _top_up(question: Question) -> Values:
    return {"last_top_up_l": None, "remaining_l": _remaining_l(question)}


def _remaining_alarm(question: Question) -> Values:
    return {"alarm_l": None, "remaining_l": _remaining_l(question)}


def _status(question: Question) -> Values:
    return question.words()


def _counters(question: Question) -> Values:
    counts = event_counters.szy206(question.view.counted(), question.password_errors)
    return {"counters": [{"count": count} for count in counts]}


def _motor(question: Question) -> Values:
    found = question.interval()
    values: Values = {}
    for phase in _PHASES:
        values[f"voltage_{phase}_v"] = _whole(found[f"voltage_{phase}_dv"], 10)
        values[f"current_{phase}_a"] = _whole(found[f"current_{phase}_ca"], 100)
    return values


def _whole(value: int | None, divisor: int) -> int:
    if value is None:
        raise Refused("a voltage or current is not known, and this answer has no form that says so")
    return (2 * value + divisor) // (2 * divisor)


def _stepped(value: int | None, step: int) -> int | None:
    """Down to a whole step of the wire, which refuses what lies between."""
    return None if value is None else value // step * step


def _row(type_code: int, values: Values, dialect: Dialect) -> Values:
    """One element of a type from a record's values. Raises Refused for what no record holds."""
    if type_code == readings.TYPE_FLOW:
        return {
            "flow_lph": values["flow_lph"],
            "volume_l": _stepped(values["volume_l"], LITRES_PER_M3),
        }
    if type_code == readings.TYPE_LEVEL:
        return {"level_mm": values.get("level_mm")}
    if type_code == readings.TYPE_PRESSURE:
        return {"pressure_pa": _stepped(values.get("pressure_pa"), 10)}
    if type_code == readings.TYPE_ENERGY and dialect.types == "427":
        return {"energy_wh": _stepped(values["energy_wh"], 10)}
    raise Refused(f"type {type_code} is not measured here")


def _realtime(question: Question) -> Values:
    type_code = question.frame.type_code
    words = question.words()
    if type_code == readings.TYPE_STATUS:
        return {"readings": []} | words
    if type_code in (readings.TYPE_FLOW, readings.TYPE_ENERGY):
        values = dict(record.decode(question.newest().slot))
    else:
        values = question.interval()
    return {"readings": [_row(type_code, values, question.dialect)]} | words


def _stored(question: Question) -> Values:
    """What was read last in each hour, from the first hour to the last, both included."""
    asked, dialect = question.asked, question.dialect
    if asked["index"] > 1:
        raise Refused("the well has one meter of each kind")
    first, last = (_utc_s(asked[end], dialect, question.now_utc_s) for end in ("start", "end"))
    marks = list(range(first, last + 1, HOUR_S))
    if not 1 <= len(marks) <= STORED_MAX:
        raise Refused(f"{len(marks)} hours; an answer holds 1 to {STORED_MAX}")
    type_code = stored_type(asked["kind"])
    found = at_marks(question.view, marks, HOUR_S, question.now_utc_s)
    empty = dict.fromkeys(("flow_lph", "volume_l", "energy_wh"))
    rows = [_row(type_code, dict(record.decode(one.slot)) if one else empty, dialect) for one in found]
    if type_code == readings.TYPE_FLOW:
        name = "volume_l" if dialect.stored_field == "volume" else "flow_lph"
        rows = [{name: row[name]} for row in rows]
    return {name: asked[name] for name in ("kind", "index", "start", "end")} | {"values": rows}


def _utc_s(moment: tuple[int, int, int, int], dialect: Dialect, now_utc_s: int) -> int:
    year, month, day, hour = moment
    return utc_of(TimeTag(year, month, day, hour, 0, 0, 0), dialect.utc_offset_s, now_utc_s)


_ANSWERS: dict[int, Callable[[Question], Values]] = {
    functions.QUERY_ADDRESS: _address,
    functions.QUERY_CLOCK: _clock,
    functions.SET_CLOCK: _clock,  # the clock as it is, which was not moved
    functions.QUERY_MODE: _mode,
    functions.QUERY_REPORT_KINDS: _report_kinds,
    functions.QUERY_REALTIME_KINDS: _realtime_kinds,
    functions.QUERY_TOP_UP: _top_up,
    functions.QUERY_REMAINING_ALARM: _remaining_alarm,
    functions.QUERY_EVENTS: _counters,
    functions.QUERY_STATUS: _status,
    functions.QUERY_MOTOR: _motor,
    functions.QUERY_REALTIME: _realtime,
    functions.QUERY_STORED: _stored,
}


def values_of(question: Question) -> Values:
    """Values of the answer. Raises Refused where nothing true can be said."""
    return _ANSWERS[question.frame.afn](question)


def answered() -> frozenset[int]:
    """Functions that have an answer here."""
    return frozenset(_ANSWERS)
