"""Answers to SL 651-2014 questions, as messages, from verified records; their serial is the session's.

Every answer but the status names the time of observation, so it may be old and is still true.
What is not known is filled as the dialect fills, in rows with FF.
"""

from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from typing import Any

from karez_gateway.errors import Refused
from karez_protocols import sl651_functions as functions
from karez_protocols import sl651_messages as messages
from karez_protocols import sl651_settings as settings_of
from karez_protocols.errors import NotAllowed
from karez_protocols.sl651_meanings import meaning_of
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for, elements_for
from karez_protocols.sl651_status import REMAINING_LOW
from karez_protocols.sl651_times import Time, time_at, utc_of

from . import event_counters, sl651
from .sl651_events import SessionSettings, StationReport
from .sl651_message import STATUS_FIELD, Pairs, elements_of, observed_at, pairs_of
from .station_view import Reading, StationView, at_marks, is_fresh

SERIAL_LATER = 0
ROWS_MAX = 600  # 6 bytes a value: what fits a body of 4095
MINUTE_S = 60
HOUR_S = 3600

_MOTOR = ("voltage_a_mv", "voltage_b_mv", "voltage_c_mv", "current_a_ma", "current_b_ma", "current_c_ma")


class Question:
    """One question: who is asked, what is known, and when."""

    def __init__(
        self, message: Any, station: bytes, view: StationView, settings: SessionSettings, now_utc_s: int
    ) -> None:
        """`message`: of sl651_messages."""
        self.message = message
        self.station = station
        self.view = view
        self.settings = settings
        self.dialect = settings.form.dialect
        self.now_utc_s = now_utc_s

    @property
    def sent(self) -> Time:
        """Send time of the answer: our clock on the platform's offset."""
        return time_at(self.now_utc_s, self.dialect.utc_offset_s)

    def report_of(self, reading: Reading) -> StationReport:
        """A reading as a report has it."""
        return sl651.report_of(reading.slot, self.station, reading.received_utc_s)

    def newest(self) -> StationReport:
        """The last measuring record, and what is left of the right now. Raises Refused if there is none."""
        report = self._known(self.view.newest())
        return replace(report, status=self.status_now(report.status))

    def status_now(self, status: int | None) -> int | None:
        """A status word of the last record with what is so now: nothing is left of the right."""
        if status is None or self.remaining_l() != 0:
            return status
        return status | REMAINING_LOW

    def interval(self) -> StationReport:
        """The last interval record. Raises Refused if there is none."""
        return self._known(self.view.newest_interval())

    def _known(self, reading: Reading | None) -> StationReport:
        if reading is None:
            raise Refused("no record of this station is verified yet")
        return self.report_of(reading)

    def grouped(self, utc_s: int, elements: tuple[Element, ...]) -> messages.Report:
        """An answer in the form of a report."""
        observed = observed_at(utc_s, self.dialect)
        group = messages.Group(self.station, self.settings.station_class, observed, elements)
        return messages.Report(self.message.function, SERIAL_LATER, self.sent, (group,))

    def remaining_l(self) -> int | None:
        """What is left of the right, 0 when it is overdrawn: the field has no sign."""
        remaining_l = self.view.right(self.now_utc_s).remaining_l
        return None if remaining_l is None else max(0, remaining_l)


def _now(question: Question) -> Any:
    report = question.newest()
    remaining: Pairs = [("remaining_1_l", question.remaining_l())]
    elements = tuple(elements_for(remaining, False, question.dialect))
    return question.grouped(report.utc_s, elements_of(report, question.dialect) + elements)


def _known(question: Question, report: StationReport) -> dict[str, int | None]:
    """Everything a reading and the right say, by field."""
    found = dict(pairs_of(report, question.dialect))
    found[STATUS_FIELD] = report.status
    found["flow_lph"] = report.flow_lph
    found["remaining_1_l"] = question.remaining_l()
    hour = report.utc_s - report.utc_s % HOUR_S
    found["hour_volume_1_l"] = _volumes(question, [hour])[0]
    return found


def _given(question: Question) -> Any:
    report = question.newest()
    known = _known(question, report)
    elements = []
    for word in question.message.words:
        what = meaning_of(word.ident, False, question.dialect)
        if what is not None and known.get(what.field) is not None:
            elements.append(element_for(what.field, known[what.field], False, question.dialect))
        else:
            elements.append(Element(word.ident, word.size, word.decimals, None))
    return question.grouped(report.utc_s, tuple(elements))


def _volumes(question: Question, marks: list[int]) -> list[int | None]:
    """Litres of the hour before each mark: a difference of two readings of the register.

    None where one of them is missing, and where the register is not the same one any more.
    """
    ends = at_marks(question.view, marks, HOUR_S, question.now_utc_s)
    starts = at_marks(question.view, [mark - HOUR_S for mark in marks], HOUR_S, question.now_utc_s)
    found: list[int | None] = []
    for start, end in zip(starts, ends, strict=True):
        before_l = None if start is None else start.volume_l
        after_l = None if end is None else end.volume_l
        if before_l is None or after_l is None or after_l < before_l:
            found.append(None)
        else:
            found.append(after_l - before_l)
    return found


def _period(question: Question) -> Any:
    asked, dialect = question.message, question.dialect
    if len(asked.words) != 1:
        raise Refused("one element at a time: nothing marks the end of several")
    what = meaning_of(asked.words[0].ident, False, dialect)
    step = asked.step
    step_s = MINUTE_S * (step.minutes + 60 * (step.hours + 24 * step.days)) if step else 0
    first, last = (utc_of(end, dialect.utc_offset_s) for end in (asked.start, asked.end))
    if what is None or step_s <= 0 or not 0 <= (last - first) // step_s < ROWS_MAX:
        raise Refused(f"a range of 1 to {ROWS_MAX} steps and an element with a meaning are needed")
    marks = list(range(first, last + 1, step_s))
    if what.field == "hour_volume_1_l":
        values = _volumes(question, marks)
    else:
        found = at_marks(question.view, marks, step_s, question.now_utc_s)
        values = [_value(question, what.field, one) for one in found]
    word = element_for(what.field, None, False, dialect)
    rows = tuple((_digits(what.field, value, dialect),) for value in values)
    return messages.Series(
        asked_function(question),
        SERIAL_LATER,
        question.sent,
        question.station,
        question.settings.station_class,
        observed_at(first, dialect),
        step,
        (word,),
        rows,
    )


def asked_function(question: Question) -> int:
    """The function code of a question."""
    return int(messages.function_of_message(question.message))


def _value(question: Question, field: str, reading: Reading | None) -> int | None:
    if reading is None:
        return None
    report = question.report_of(reading)
    known = dict(pairs_of(report, question.dialect)) | {"flow_lph": report.flow_lph}
    if field not in known and field not in (*_MOTOR, "level_mm", "pressure_1_pa"):
        raise Refused(f"{field} is not measured here")
    return known.get(field)


def _digits(field: str, value: int | None, dialect: Any) -> int | None:
    return None if value is None else element_for(field, value, False, dialect).value


def _settings(question: Question) -> Any:
    elements = []
    for word in question.message.words:
        if word.ident == settings_of.PASSWORD and question.message.function == functions.READ_BASIC:
            raise Refused("the password is told to nobody")
        elements.append(_setting(question, word))
    values = tuple(elements)
    return messages.Values(question.message.function, SERIAL_LATER, question.sent, question.station, values)


def _setting(question: Question, word: Element) -> Element:
    is_basic = question.message.function == functions.READ_BASIC
    if is_basic and word.ident == settings_of.STATION:
        return Element(word.ident, len(question.station), 0, question.station)
    if is_basic and word.ident == settings_of.WORK_MODE:
        return Element(word.ident, 1, 0, settings_of.MODE_REPORT_CONFIRMED)
    if is_basic and word.ident == settings_of.CENTRES:
        return Element(word.ident, 4, 0, bytes((question.settings.centre, 0, 0, 0)))
    if not is_basic and word.ident == settings_of.QUOTA:
        quota_l = question.view.right(question.now_utc_s).quota_l
        return element_for("quota_l", None if quota_l is None else max(0, quota_l), True, question.dialect)
    return Element(word.ident, word.size, word.decimals, None)


def _motor(question: Question) -> Any:
    report = question.interval()
    values = (*report.voltages_mv, *report.currents_ma)
    pairs = list(zip(_MOTOR, values, strict=True))
    return question.grouped(report.utc_s, tuple(elements_for(pairs, False, question.dialect)))


def _version(question: Question) -> Any:
    text = f"Karez {metadata.version('karez')}".encode("ascii")
    return messages.Version(SERIAL_LATER, question.sent, question.station, text)


def _status(question: Question) -> Any:
    """The status word; it has no time of observation, so an old one is not known."""
    reading = question.view.newest()
    known = reading if reading is not None and is_fresh(reading, question.now_utc_s) else None
    status = None if known is None else question.status_now(question.report_of(known).status)
    elements = (element_for(STATUS_FIELD, status, False, question.dialect),)
    function = asked_function(question)
    return messages.Values(function, SERIAL_LATER, question.sent, question.station, elements)


def _clock(question: Question) -> Any:
    """The clock is the send time of the answer."""
    return messages.Done(question.message.function, SERIAL_LATER, question.sent, question.station)


def _counters(question: Question) -> Any:
    counts = event_counters.sl651(question.view.counted())
    return messages.Counters(SERIAL_LATER, question.sent, question.station, counts)


def _quota(question: Question) -> Any:
    is_on = question.view.right(question.now_utc_s).is_in_force
    return messages.Quota(True, SERIAL_LATER, question.sent, question.station, is_on)


def _pumps(question: Question) -> Any:
    """The pump as it is: the bitmap of an answer is the state after the command."""
    reading = question.view.newest()
    running = reading.is_pump_running if reading and is_fresh(reading, question.now_utc_s) else None
    if running is None:
        raise Refused("whether the pump runs is not known, and a bitmap has no form that says so")
    states = (running,)
    return messages.Switches(functions.PUMPS, True, SERIAL_LATER, question.sent, question.station, states)


_ANSWERS: dict[int, Callable[[Question], Any]] = {
    functions.REAL_TIME: _now,
    functions.PERIOD: _period,
    functions.GIVEN: _given,
    functions.READ_BASIC: _settings,
    functions.READ_RUN: _settings,
    functions.MOTOR: _motor,
    functions.VERSION: _version,
    functions.STATUS: _status,
    functions.CARD: _status,  # bit 9 as it was
    functions.COUNTERS: _counters,
    functions.CLOCK: _clock,
    functions.SET_CLOCK: _clock,
    functions.QUOTA: _quota,
    functions.PUMPS: _pumps,
}


def answer_of(question: Question) -> Any:
    """The answer's message, its serial still 0. Raises Refused where nothing true can be said."""
    try:
        return _ANSWERS[asked_function(question)](question)
    except NotAllowed as error:
        raise Refused(f"the standard cannot carry the answer: {error}") from error


def answered() -> frozenset[int]:
    """Functions that have an answer here."""
    return frozenset(_ANSWERS)
