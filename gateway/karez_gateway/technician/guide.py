"""The guide at the well: which step comes next, what it asks, and when it may be left out. Pure.

A table for each kind of visit. A step asks a person its questions, then does its act at the box
(visit_acts.py), and what both gave goes into the working file (visit_file.py): a pulled cable or an empty
battery loses one step. A step with a `check` stands for it: it is done, or left out with a reason that the
report shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .commissioning import (
    BOX_SWAP,
    CHECKS,
    CLASSES,
    COMMISSIONING,
    FAILS,
    FEEDBACKS,
    METER_SWAP,
    QUANTITIES,
    SOURCES,
)
from .commissioning_fields import Day, Text, Whole, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

EVERY, ON_LINE, BY_PULSES = "every", "line", "pulses"
_U5 = (1 << 40) - 1
_UDEG = 1_000_000
SECONDS_MIN, SECONDS_MAX = 60, 7_200  # of a step test, as the firmware takes it
REMARKS_MAX = 24  # of a person; a box swap adds up to eight of its own, and a file holds 32
BAUD_MIN, BAUD_MAX = 300, 115_200  # of `scan`, as the firmware takes it


@dataclass(frozen=True)
class Question:
    """What a person is asked; `kind` checks the answer, as in a commissioning file."""

    name: str
    kind: Any
    may_miss: bool = False


@dataclass(frozen=True)
class Rows:
    """A list of the same few answers, until there is no more."""

    of: tuple[Question, ...]
    most: int


@dataclass(frozen=True)
class Step:
    """One step. `act`: what is done at the box; `check`: the sort of check that it stands for.

    `quantity`: of which meter. `each`: this step stands once for every meter of the box, or only for those
    of a sort: ON_LINE (read over a line), BY_PULSES.
    """

    name: str
    asks: tuple[Question, ...] = ()
    act: str = ""
    check: str = ""
    may_skip: bool = False
    quantity: str = ""
    each: str = ""


def _text(name: str, most: int, *, may_miss: bool = False) -> Question:
    return Question(name, Text(most), may_miss)


def _whole(name: str, least: int, greatest: int, *, may_miss: bool = False) -> Question:
    return Question(name, Whole(least, greatest), may_miss)


_SITE = Step(
    "site",
    (
        _text("name_zh", 80, may_miss=True),
        _text("name_en", 80, may_miss=True),
        _text("county", 80),
        _text("village", 80),
        _whole("latitude_udeg", -90 * _UDEG, 90 * _UDEG, may_miss=True),
        _whole("longitude_udeg", -180 * _UDEG, 180 * _UDEG, may_miss=True),
        _text("permit", 40, may_miss=True),
        _text("right_holder", 80, may_miss=True),
        _text("sub_class", 40, may_miss=True),
        Question("source", Word(SOURCES)),
    ),
    "named",
)
_METER = Step(
    "meter",
    (
        _text("maker", 40, may_miss=True),
        _text("model", 40, may_miss=True),
        _text("serial", 16),
        Question("verified_until", Day(), may_miss=True),
    ),
    each=EVERY,
)
_SCAN = Step(
    "scan",
    (
        _whole("line", 0, 1),
        _text("first", 12),
        _text("last", 12),
        _text("bauds", 80, may_miss=True),
    ),
    "scan",
    check="scan",
    may_skip=True,
    each=ON_LINE,
)
_CONFIG = Step("config", act="config")
_CONTACTOR = Step(
    "contactor", (Question("feedback", Word(FEEDBACKS)),), "relay", check="contactor", may_skip=True
)
_GRANT = Step("grant", (_text("grant", 4_000, may_miss=True),), "grant")
_DIAL_BEFORE = Step(
    "dial-before",
    (_whole("dial", 0, _U5), _whole("dial_step", 1, 1_000_000)),
    "register",
    check="dial",
    may_skip=True,
    each=EVERY,
)
_START = Step("start", act="running")
_CT = Step(
    "ct",
    (_whole("current_ma", 0, 10_000_000), _whole("power_factor_permille", 1, 1_000)),
    "ct",
    check="ct",
    may_skip=True,
)
_STEP_TEST = Step(
    "step-test", (_whole("seconds", SECONDS_MIN, SECONDS_MAX),), "step-test", check="step", may_skip=True
)
_FLOW = Step("flow", act="flow")
_STOP = Step("stop", act="resting")
_DIAL_AFTER = Step("dial-after", (_whole("dial", 0, _U5),), "dial", check="dial", may_skip=True, each=EVERY)
_PULSES = Step("pulses", act="pulses", check="pulse", may_skip=True, each=BY_PULSES)
_CLASS = Step("class", (Question("use", Word(CLASSES)), Question("fail", Word(FAILS))), "binding")
_SEAL = (_text("number", 40), _text("place", 80), Question("meter", Word(QUANTITIES), may_miss=True))
_SEALS = Step("seals", (Question("seals", Rows(_SEAL, 64)),))
_PHOTOS = Step("photos", (Question("photos", Rows((_text("file", 400), _text("shows", 120)), 64)),), "photos")
_REMARKS = Step("remarks", (Question("remarks", Rows((_text("remark", 400),), REMARKS_MAX)),))
_END = Step("end", act="end")
_OLD_METER = Step(
    "old-meter",
    (
        Question("quantity", Word(("water", "energy"))),
        _text("maker", 40, may_miss=True),
        _text("model", 40, may_miss=True),
        _text("serial", 16),
        _whole("closing", 0, _U5),
        _text("because", 200),
    ),
    "old-meter",
)
_NEW_METER = Step(
    "new-meter",
    (
        _text("maker", 40, may_miss=True),
        _text("model", 40, may_miss=True),
        _text("serial", 16),
        Question("verified_until", Day(), may_miss=True),
        _whole("opening", 0, _U5),
    ),
)
_OLD_BOX = Step("old-box", (_text("because", 200),))

_AFTER = (_SEALS, _PHOTOS, _REMARKS, _END)
# Kind of visit -> its steps, in their order.
STEPS: dict[str, tuple[Step, ...]] = {
    COMMISSIONING: (
        Step("box", act="box"), _SITE, _METER, _SCAN, _CONFIG, _GRANT, _CONTACTOR, _DIAL_BEFORE, _START,
        _CT, _STEP_TEST, _FLOW, _STOP, _DIAL_AFTER, _PULSES, _CLASS, *_AFTER,
    ),
    METER_SWAP: (
        Step("box", act="box"), _SITE, _OLD_METER, _NEW_METER, _SCAN, _CONFIG, Step("swap", act="swap"),
        _DIAL_BEFORE, _START, _FLOW, _STOP, _DIAL_AFTER, _PULSES, _CLASS, *_AFTER,
    ),
    BOX_SWAP: (
        Step("box", act="box"), _SITE, _OLD_BOX, _METER, _SCAN, _CONFIG, Step("carry", act="carry"),
        _CONTACTOR, Step("books", act="books"), _CLASS, *_AFTER,
    ),
}  # fmt: skip


def steps(kind: str, quantities: list[str], pulses: Sequence[str] = ()) -> list[Step]:
    """Every step of a visit to a box with these meters, those that send pulses among them."""
    out = []
    for step in STEPS[kind]:
        if step.each:
            those = {
                EVERY: quantities,
                ON_LINE: [one for one in quantities if one not in pulses],
                BY_PULSES: [one for one in quantities if one in pulses],
            }[step.each]
            out += [replace(step, name=f"{step.name}-{one}", quantity=one) for one in those]
        else:
            out.append(step)
    return out


def following(
    kind: str, quantities: list[str], done: dict[str, Any], pulses: Sequence[str] = ()
) -> Step | None:
    """The next step of a visit, None when it is over. `done`: by name, of steps done or left out."""
    for step in steps(kind, quantities, pulses):
        if step.name not in done:
            return step
    return None


def left_out(
    kind: str, quantities: list[str], skipped: dict[str, str], pulses: Sequence[str] = ()
) -> dict[str, str]:
    """Sort of check -> why it was not done: where every step that stands for it was left out."""
    found: dict[str, str] = {}
    for sort in CHECKS:
        those = [one for one in steps(kind, quantities, pulses) if one.check == sort]
        reasons = [skipped[one.name] for one in those if one.name in skipped]
        if reasons and all(one.name in skipped for one in those):
            found[sort] = reasons[0]
    return found
