"""Files into the registry: every row is read, every rule asked, and all of it is taken or nothing.

An import is one act; it holds the names and SHA-256 of the files, and what was warned of.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county.acts import Deed
from karez_gateway.county.checks import all_rules
from karez_gateway.county.checks.context import Context
from karez_gateway.county.files import dating, reading, rows
from karez_gateway.county.files.rows import Finding, Wish, Wishes
from karez_gateway.county.files.sheets import Place
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.objects import Object, Registry, Values
from karez_gateway.store import objects

SHOWN_MAX = 200  # of what is wrong, and of warnings that an act keeps

Change = tuple[str, str, Values | None]
NEW, CHANGED, ENDED = "new", "changed", "ended"


class File(NamedTuple):
    """A file that a person brings: its name and its bytes."""

    name: str
    data: bytes


@dataclass(slots=True)
class Imported:
    """What came of it. With findings nothing was changed; `counts`: kind -> new, changed, ended."""

    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    wanted: list[Change] = field(default_factory=list)
    act_id: int | None = None  # None: nothing was changed
    then_utc_s: int | None = None  # the findings are those of this moment, from which it was to hold
    since: dict[tuple[str, str], int] = field(default_factory=dict)  # who holds not from now on: UTC seconds

    @property
    def is_of_then(self) -> bool:
        """True if the registry of a day that is past does not take it."""
        return self.then_utc_s is not None


def read(files: Sequence[File], kind: str = "", encoding: str = "") -> Wishes:
    """What files wish. Raises Refused where one cannot be read at all."""
    sheets = [sheet for file in files for sheet in reading.read(file.data, file.name, encoding)]
    return rows.take(sheets, kind)


def bring_in(
    connection: Connection, files: Sequence[File], wishes: Wishes, deed: Deed, context: Context
) -> Imported:
    """Change the registry as files wish, all of it or nothing. Raises Refused for a deed without reason."""
    deed.checked()
    out = look(connection, wishes, context, deed.effective_utc_s)
    if out.findings:
        return out
    about = {
        "files": [{"name": one.name, "sha256": hashlib.sha256(one.data).hexdigest()} for one in files],
        "warnings": [one.text() for one in out.warnings[:SHOWN_MAX]],
        "warned": len(out.warnings),
    }
    rules = all_rules.refusing(context, [])
    done = changing.change(connection, out.wanted, deed, check=rules, about=about, dated=out.since)
    out.act_id = done[0].act_id if done else None
    return out


def look(
    connection: Connection, wishes: Wishes, context: Context, effective_utc_s: int | None = None
) -> Imported:
    """What an import would change, and what is wrong with it, now and on each day from which rows hold.

    What a row refers to must have been there on its day: a report of then would else find a hole.
    """
    before = objects.registry(connection)
    out = try_out(before, wishes, context)
    out.since = dating.since(wishes, context, effective_utc_s)
    if not out.since:
        return out
    changed = {(kind, name) for kind, name, values in out.wanted if before.get(kind, name) != values}
    wrong = dating.faults(connection, changed, wishes, context, out.since)
    out.findings = sorted([*out.findings, *wrong])
    for moment_s in [] if out.findings else sorted(set(out.since.values())):
        rows_then = dating.held_by(wishes, out.since, moment_s)
        out.findings = try_out(objects.registry(connection, moment_s), rows_then, context).findings
        if out.findings:
            out.then_utc_s = moment_s
            break
    return out


def try_out(before: Registry, wishes: Wishes, context: Context) -> Imported:
    """What an import would change, and what is wrong with it. An unreadable row hides no other's faults."""
    out = _wanted(before, wishes)
    after = before.with_changes(Object(kind, name, 0, values, 0, 0) for kind, name, values in out.wanted)
    found = all_rules.compared(before, after, context)
    faults = [one for one in found.faults if not _is_lost(one, wishes)]
    out.findings = sorted([*out.findings, *_placed(faults, wishes)])
    if not out.findings:
        out.counts = _counts(before, out.wanted)
        out.warnings = sorted(_placed(found.warnings, wishes))
    return out


def _wanted(before: Registry, wishes: Wishes) -> Imported:
    """Whole objects from what rows say of them, and what is wrong so far."""
    out = Imported(findings=list(wishes.findings))
    for wish in wishes.rows.values():
        known = before.get(wish.kind, wish.name)
        if not wish.ends:
            out.wanted.append((wish.kind, wish.name, _merged(known, wish)))
        elif known is None:
            out.findings.append(Finding(wish.place, "ends-nothing", facts_of({"name": wish.name})))
        else:
            out.wanted.append((wish.kind, wish.name, None))
    return out


def _merged(known: Values | None, wish: Wish) -> Values:
    both = {**(known or {}), **wish.values}
    return {key: value for key, value in both.items() if value is not None}


def _is_lost(fault: Fault, wishes: Wishes) -> bool:
    """True if it misses what a row with a fault of its own was to bring."""
    facts = dict(fault.facts)
    if fault.what != "no-such":
        return False
    kind = str(facts["kind"])
    return (kind, str(facts["target"])) in wishes.lost or (kind, "") in wishes.lost


def _placed(faults: Iterable[Fault], wishes: Wishes) -> Iterator[Finding]:
    for one in faults:
        wish = wishes.rows.get((one.kind, one.name))
        if wish is not None:
            yield Finding(wish.place_of(one.field), one.what, one.facts)
        else:  # no row of these files: the registry has it
            yield Finding(Place(f"{one.kind} {one.name}", "", 0, one.field), one.what, one.facts)


def _counts(before: Registry, wanted: Iterable[Change]) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for kind, name, values in wanted:
        known = before.get(kind, name)
        if known != values:
            word = ENDED if values is None else NEW if known is None else CHANGED
            out.setdefault(kind, {NEW: 0, CHANGED: 0, ENDED: 0})[word] += 1
    return out
