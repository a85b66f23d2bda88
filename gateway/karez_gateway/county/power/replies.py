"""What the power company answers to a list of differences, a line each, and what is still open. Pure.

A reply belongs to the comparison that was kept (`compare --keep`): once a month is compared and kept anew,
each of its differences waits for an answer again. Energy is Wh.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from karez_gateway.county.power import columns
from karez_gateway.county.power.cells import Cells
from karez_gateway.county.power.statement import FAULTS_SHOWN, number_of
from karez_gateway.county.registry import fields
from karez_gateway.errors import Refused

ACCEPTED, DISPUTED, CORRECTED, NO_REPLY = "accepted", "disputed", "corrected", "no-reply"
STATES = {ACCEPTED: "认可", DISPUTED: "有异议", CORRECTED: "已更正", NO_REPLY: "未答复"}
# What companies write for each; compared without blanks, case and width.
WORDS = {
    ACCEPTED: ("accepted", "accept", "认可", "同意", "无异议"),
    DISPUTED: ("disputed", "dispute", "有异议", "异议", "不认可", "不同意"),
    CORRECTED: ("corrected", "correct", "已更正", "更正"),
}
_STATUS_OF = {columns.plain(word): status for status, words in WORDS.items() for word in words}
REMARK_MAX = 200  # characters

Case = Mapping[str, Any]  # as the act of a comparison keeps it


class Reply(NamedTuple):
    """One line. `meter`: the first of its case; `energy_wh`: what the company says now."""

    meter: str
    status: str
    energy_wh: int | None
    remark: str


class Line(NamedTuple):
    """A difference and what was answered to it; `act`: of the answer, None without one."""

    month: str
    site: str
    meters: tuple[str, ...]
    state: str
    difference_wh: int | None
    status: str
    energy_wh: int | None
    remark: str
    act: int | None

    @property
    def is_open(self) -> bool:
        """True until the company accepts it: a corrected figure is open until its file brings it."""
        return self.status != ACCEPTED


def read(rows: Iterable[Cells], places: Mapping[str, str], cases: Sequence[Case], file: str) -> list[Reply]:
    """Replies of a file. Raises Refused with the first faults: an unknown meter, word or number."""
    known = _by_number(cases)
    found: dict[str, Reply] = {}
    faults: list[str] = []
    for row in rows:
        try:
            one = _row(row, places, known)
        except Refused as error:
            faults.append(f"{row.where}: {error}")
            continue
        if one is not None and one.meter in found:
            faults.append(f"{row.where}: the line of meter {one.meter} was answered above already")
        elif one is not None:
            found[one.meter] = one
    if faults:
        more = f" … and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise Refused(f"{file} was not taken in:\n" + "\n".join(faults[:FAULTS_SHOWN]) + more)
    if not found:
        raise Refused(f"{file} has no reply: write accepted, disputed or corrected in its status column")
    return list(found.values())


def _by_number(cases: Sequence[Case]) -> dict[str, str]:
    """Compared number -> the first meter of the case; also of all numbers of a case, as our list has them."""
    found = {}
    for case in cases:
        for text in (*case["meters"], " ".join(case["meters"])):
            found[number_of(text)] = str(case["meters"][0])
    return found


def _row(row: Cells, places: Mapping[str, str], known: Mapping[str, str]) -> Reply | None:
    bad = [f"{name}: {row.faults[title]}" for name, title in places.items() if title in row.faults]
    if bad:
        raise Refused("; ".join(bad))
    return _reply({name: row.texts.get(title, "") for name, title in places.items()}, known)


def _reply(texts: Mapping[str, str], known: Mapping[str, str]) -> Reply | None:
    """A row's reply; None where its status is empty: nothing was answered yet."""
    if not texts["status"].strip():
        return None
    meter = known.get(number_of(texts["meter"]))
    if meter is None:
        raise Refused(
            f"meter {texts['meter'][:40]!r} is in no difference of that month: see karez gateway power open"
        )
    status = _STATUS_OF.get(columns.plain(texts["status"]))
    if status is None:
        raise Refused(f"status {texts['status'][:40]!r} is none: write accepted, disputed or corrected")
    energy = texts.get("energy_kwh", "").strip()
    if status == CORRECTED and not energy:
        raise Refused("a corrected line says its energy: fill in energy_kwh")
    try:
        energy_wh = int(fields.KILOWATT_HOURS.read(columns.plain(energy))) if energy else None
    except Refused as error:
        raise Refused(f"energy_kwh: {error}") from None
    remark = " ".join(texts.get("remark", "").split())
    if not remark.isprintable() or len(remark) > REMARK_MAX:
        raise Refused(f"remark: one line of at most {REMARK_MAX} characters that can be printed")
    return Reply(meter, status, energy_wh, remark)


def lines(month: str, cases: Iterable[Case], replied: Iterable[tuple[int, Reply]]) -> list[Line]:
    """Each difference with its newest reply. `replied`: (act, reply), the oldest first."""
    newest = {one.meter: (act, one) for act, one in replied}
    found = []
    for case in cases:
        meters = tuple(str(one) for one in case["meters"])
        act, one = newest.get(meters[0], (None, Reply(meters[0], NO_REPLY, None, "")))
        facts = month, str(case["site"]), meters, str(case["state"]), case["difference_wh"]
        found.append(Line(*facts, one.status, one.energy_wh, one.remark, act))
    return found
