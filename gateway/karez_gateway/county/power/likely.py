"""Why the company's energy and a controller's differ: a table of tests, each says what speaks for its cause.

Several may hold; a person decides. Tests are in the order in which they should be looked at.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from karez_gateway.county.alarms.words import thousandths
from karez_gateway.county.power.comparing import (
    DIFFERS,
    NO_RECORDS,
    NOT_HERE,
    NOT_IN_FILE,
    Case,
    Counted,
    Tolerance,
    day_number,
)
from karez_gateway.verifier.plurals import filled

# Ratios of current transformers as they are made (to 5 A), as multipliers; 1: a meter without one.
CT_RATIOS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20, 25, 30, 40, 50, 60, 80, 100, 120, 160, 200)
CT_PERMILLE = 20  # how near to another ratio the figures must be
SHIFT_DAYS_MAX = 16
DAY_S = 86400

Facts = dict[str, Any]


class Look(NamedTuple):
    """What a test looks at: a case, all cases, the controllers' days."""

    case: Case
    others: Sequence[Case]
    counted: Counted
    tolerance: Tolerance


class Test(NamedTuple):
    """One cause. `looks` returns what speaks for it, None when nothing does."""

    name: str
    en: str
    zh: str
    looks: Callable[[Look], Facts | None]


def _near(one: int, other: int, permille: int) -> bool:
    return abs(one - other) * 1000 <= permille * max(one, other)


def _figures(case: Case) -> tuple[int, int]:
    return case.theirs_wh or 0, case.ours.energy_wh if case.ours is not None else 0


def _still(look: Look) -> Facts | None:
    theirs, ours = _figures(look.case)
    if look.case.state == DIFFERS and ours == 0 and theirs > look.tolerance.own_use_wh:
        return {"theirs_wh": theirs}
    return None


def _their_still(look: Look) -> Facts | None:
    theirs, ours = _figures(look.case)
    return {"ours_wh": ours} if look.case.state == DIFFERS and theirs == 0 and ours > 0 else None


def _multiplier(look: Look) -> Facts | None:
    here, said = look.case.multiplier_milli, look.case.said_milli
    if here is None or said is None or here == said:
        return None
    return {"here": thousandths(here), "there": thousandths(said)}


def _swapped(look: Look) -> Facts | None:
    """The file's energy is the neighbour's, and the neighbour's is ours."""
    theirs, ours = _figures(look.case)
    if look.case.state != DIFFERS or not theirs or not ours:
        return None
    for one in look.others:
        if one is look.case or one.state != DIFFERS:
            continue
        its_theirs, its_ours = _figures(one)
        permille = 10 * look.tolerance.percent
        if its_ours and _near(theirs, its_ours, permille) and _near(its_theirs, ours, permille):
            return {"site": one.site}
    return None


def _ct_ratio(look: Look) -> Facts | None:
    """Another current transformer than the one that is written down would make the figures agree."""
    theirs, ours = _figures(look.case)
    written = look.case.multiplier_milli or look.case.said_milli
    if look.case.state != DIFFERS or not theirs or not ours or not written or written % 1000:
        return None
    ratio = written // 1000
    fitting = [one for one in CT_RATIOS if one != ratio and _near(theirs * ratio, ours * one, CT_PERMILLE)]
    if fitting:
        nearest = min(fitting, key=lambda one: abs(theirs * ratio - ours * one))
        return {"written": ratio, "would_fit": nearest, "as": "n:m"}
    back = [one for one in CT_RATIOS if one != ratio and _near(theirs * one, ours * ratio, CT_PERMILLE)]
    if back:
        nearest = min(back, key=lambda one: abs(theirs * one - ours * ratio))
        return {"written": ratio, "would_fit": nearest, "as": "m:n"}
    return None


def _meter_changed(look: Look) -> Facts | None:
    return {"date": look.case.changed} if look.case.changed else None


def _gaps(look: Look) -> Facts | None:
    """Records are missing, and the company has more than we."""
    ours = look.case.ours
    theirs, counted = _figures(look.case)
    if look.case.state != DIFFERS or ours is None or theirs <= counted:
        return None
    if ours.lacking or ours.gap_s > DAY_S:
        return {"days_lacking": ours.lacking, "longest_h": ours.gap_s // 3600, "gap_wh": ours.gap_energy_wh}
    return None


def _shifted(look: Look) -> Facts | None:
    """The company read on another day than the one we took for it."""
    case = look.case
    theirs, _ = _figures(case)
    if case.state != DIFFERS or case.has_dates or not theirs:
        return None
    first, end = day_number(case.from_date), day_number(case.to_date)
    for days in sorted(range(-SHIFT_DAYS_MAX, SHIFT_DAYS_MAX + 1), key=abs):
        found = look.counted.of(case.site, first + days, end + days)
        # A span in which records lack would fit anything.
        is_whole = days != 0 and found is not None and not found.lacking
        if is_whole and found is not None and abs(found.energy_wh - theirs) <= look.tolerance.of(theirs):
            return {"days": days}
    return None


def _own_use(look: Look) -> Facts | None:
    theirs, ours = _figures(look.case)
    if look.case.state == DIFFERS and 0 < theirs - ours <= look.tolerance.own_use_wh:
        return {"more_wh": theirs - ours}
    return None


def _state(*states: str) -> Callable[[Look], Facts | None]:
    def looks(look: Look) -> Facts | None:
        return {} if look.case.state in states else None

    return looks


TESTS = (
    Test("not-here", "no well has a supply meter of this number", "没有登记此供电表号的井", _state(NOT_HERE)),
    Test(
        "not-in-file",
        "the file has no row of this well's supply meter",
        "电力文件中没有该井供电表",
        _state(NOT_IN_FILE),
    ),
    Test("no-records", "the controller has sent nothing", "控制器没有数据", _state(NO_RECORDS)),
    Test(
        "multiplier",
        "registry {here}, file {there}: the multipliers differ",
        "倍率不同：台账 {here}，电力文件 {there}",
        _multiplier,
    ),
    Test(
        "bypass",
        "{theirs_wh} kWh went past the controller's meter: bypass, or its energy meter is dead",
        "{theirs_wh} 千瓦时未经控制器电表：绕表用电或电表失效",
        _still,
    ),
    Test(
        "standing",
        "the company's meter stands still while the controller counted {ours_wh} kWh",
        "控制器计得 {ours_wh} 千瓦时，供电表未走",
        _their_still,
    ),
    Test(
        "swapped",
        "its figures are those of {site}, and the other way round: swapped meters",
        "与 {site} 的数字互换：表号接反",
        _swapped,
    ),
    Test("meter-changed", "a meter was changed on {date}", "{date} 换过表", _meter_changed),
    Test(
        "ct-ratio",
        "a multiplier of {would_fit} instead of {written} would fit: wrong CT ratio",
        "按倍率 {would_fit}（而非 {written}）则相符：互感器变比有误",
        _ct_ratio,
    ),
    Test(
        "gaps",
        "records lack on {days_lacking:day|days}, the longest silence was {longest_h} h",
        "缺 {days_lacking} 日数据，最长中断 {longest_h} 小时",
        _gaps,
    ),
    Test(
        "shifted",
        "readings {days:day|days} off the month would fit: another reading day",
        "抄表日相差 {days} 天则相符：抄表日不同",
        _shifted,
    ),
    Test("own-use", "{more_wh} kWh more: own use and losses", "多 {more_wh} 千瓦时：自用电与损耗", _own_use),
)
UNKNOWN = Test("unknown", "no cause is known", "原因不明", _state())


def find(cases: Sequence[Case], counted: Counted, tolerance: Tolerance) -> None:
    """Put the likely causes into every case that needs one."""
    for case in cases:
        look = Look(case, cases, counted, tolerance)
        found = [(test, facts) for test in TESTS if (facts := test.looks(look)) is not None]
        if case.state == DIFFERS and not found:
            found = [(UNKNOWN, {})]
        case.likely = [
            {"cause": test.name, "facts": facts, "en": _say(test.en, facts), "zh": _say(test.zh, facts)}
            for test, facts in found
            if case.state != "agrees" or test.name == "multiplier"
        ]


def _say(text: str, facts: Mapping[str, Any]) -> str:
    shown = {key: thousandths(one) if key.endswith("_wh") else str(one) for key, one in facts.items()}
    return filled(text, shown)
