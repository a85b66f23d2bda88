"""What a platform kept, added up per station, and held against what a gateway says it sent.

    book = summary(entries(path))                 registers, intervals, repeats, contradictions
    against_receipts(list of entries, bundle)     an evidence bundle of Karez: every receipt must be here
    against_rows(list of entries, rows)           any gateway's own list: station, time, registers

Written for files from somebody else: nothing here is believed because a gateway says so.
"""

import csv
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from karez_protocols import bundle as bundles
from karez_protocols import entry as log_entry
from karez_protocols.errors import ProtocolError
from karez_simulators import platform_documents as documents
from karez_simulators.platform_kept import Entry

CSV_BYTES_MAX = 256 << 20  # an export of a county's year is 100 MB
TIMES_FOR_AN_INTERVAL = 3  # fewer distances say nothing about how often a station reports
UTC_S_MAX = 1 << 34  # in the year 2514
BUNDLE_MAGIC = bundles.MAGIC

# What is amiss if it is not empty. A report without a receipt may be on its way: it is told, not blamed.
DIFFERENCES = ("lost_here", "unknown_there", "different", "other_record")

# Quantities that only ever rise: volume and energy, by channel.
REGISTER = re.compile(r"(total_l|volume_l|energy_wh)(_\d+)?")


class BadFile(ValueError):
    """A file that is not what it should be; the text says where."""


def entries(path: Path) -> Iterator[Entry]:
    """The entries of a kept file. A last line that was cut off is passed over. Raises BadFile, OSError."""
    with path.open("rb") as file:
        for at, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return  # whoever wrote it was killed
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not _is_entry(entry):
                raise BadFile(f"{path}: line {at} is not from `karez bench platform --keep`")
            yield entry


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or entry.get("kind") != "report":
        return isinstance(entry, dict) and "kind" in entry
    return (
        isinstance(entry.get("utc_s"), int)
        and 0 <= entry["utc_s"] < UTC_S_MAX
        and isinstance(entry.get("quantities"), dict)
        and all(isinstance(entry.get(name), str) for name in ("station", "function", "id", "content", "raw"))
    )


@dataclass
class StationBook:
    """One station's reports: each (function, time) once, with its first copy's registers."""

    first: dict[tuple[str, int], Entry] = field(default_factory=dict)
    copies: int = 0
    contradictions: int = 0

    def add(self, entry: Entry) -> None:
        """Take an arrival."""
        key = (entry["id"], 0) if entry["id"] else (entry["function"], entry["utc_s"])
        known = self.first.get(key)
        if known is None:
            self.first[key] = entry
            return
        self.copies += 1
        self.contradictions += known["content"] != entry["content"]

    def times(self) -> list[tuple[int, dict[str, int]]]:
        """(time, registers) in order of time, each time once."""
        found: dict[int, dict[str, int]] = {}
        for entry in self.first.values():
            registers = found.setdefault(entry["utc_s"], {})
            for name, value in entry["quantities"].items():
                if REGISTER.fullmatch(name) and isinstance(value, int):
                    registers.setdefault(name, value)
        return sorted(found.items())


def books_of(found: Iterable[Entry]) -> dict[str, StationBook]:
    """Each station's book, in order of first arrival."""
    books: dict[str, StationBook] = {}
    for entry in found:
        if entry["kind"] == "report":
            books.setdefault(entry["station"], StationBook()).add(entry)
    return books


def _usual_interval(times: list[int]) -> int | None:
    apart = [later - earlier for earlier, later in itertools.pairwise(times)]
    if len(apart) < TIMES_FOR_AN_INTERVAL - 1:
        return None
    return Counter(apart).most_common(1)[0][0]


def _registers(times: list[tuple[int, dict[str, int]]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    last: dict[str, int] = {}
    for _, registers in times:
        for name, value in registers.items():
            one = found.setdefault(name, {"first": value, "last": value, "backwards": 0})
            one["backwards"] += value < last.get(name, value)
            one["last"] = last[name] = value
    return found


def _gaps(times: list[tuple[int, dict[str, int]]], interval_s: int) -> list[Entry]:
    """Where a report or more is missing; `moved`: a register went on meanwhile, so water flowed unseen."""
    found = []
    for (earlier, before), (later, after) in itertools.pairwise(times):
        missing = round((later - earlier) / interval_s) - 1
        if missing > 0:
            moved = {name: after[name] - before[name] for name in before if name in after}
            found.append(
                {
                    "from_utc_s": earlier,
                    "to_utc_s": later,
                    "missing": missing,
                    "moved": {name: one for name, one in moved.items() if one},
                }
            )
    return found


def station_summary(book: StationBook, interval_s: int | None = None) -> Entry:
    """One station's totals. `interval_s` None: the commonest distance between its reports."""
    times = book.times()
    interval_s = interval_s or _usual_interval([time for time, _ in times])
    gaps = _gaps(times, interval_s) if interval_s else []
    return {
        "reports": len(book.first),
        "first_utc_s": times[0][0],
        "last_utc_s": times[-1][0],
        "registers": _registers(times),
        "copies": book.copies,
        "contradictions": book.contradictions,
        "interval_s": interval_s,
        "missing": sum(gap["missing"] for gap in gaps),
        "gaps": gaps,
    }


def summary(found: Iterable[Entry], interval_s: int | None = None) -> dict[str, Entry]:
    """{station: totals} of a kept file."""
    return {name: station_summary(book, interval_s) for name, book in books_of(found).items()}


def faults_of(total: Entry) -> list[str]:
    """What is wrong with one station's totals, in words; a gap in which no register moved is not."""
    words = []
    if total["contradictions"]:
        words.append(f"{total['contradictions']} contradicted")
    for name, one in total["registers"].items():
        if one["backwards"]:
            words.append(f"{name} ran backwards {one['backwards']} times")
    moved = [gap for gap in total["gaps"] if gap["moved"]]
    if moved:
        words.append(f"{sum(gap['missing'] for gap in moved)} intervals missing while a register moved")
    return words


# -- held against what a gateway says ------------------------------------------------------


def against_receipts(found: list[Entry], data: bytes, destination: str = "") -> Entry:
    """The receipts of an evidence bundle against what is kept, frame by frame. Raises BadFile.

    JSON documents are held against the bundle's records, too: digest and registers.

    `destination`: the gateway's name for this platform, needed if the bundle has receipts of several.
    """
    try:
        bundle = bundles.decode(data)
        bundles.require_digest(bundle)
        logged = [log_entry.decode(one) for _, one, _ in bundle["proofs"]]
    except ProtocolError as error:
        raise BadFile(f"the bundle: {error}") from None
    receipts = [one for one in logged if one["entry"] == log_entry.UPLOAD]
    names = sorted({one["destination"] for one in receipts})
    if len(names) > 1 and not destination:
        raise BadFile(f"the bundle has receipts of {', '.join(names)}: say which is this platform")
    receipts = [one for one in receipts if destination in ("", one["destination"])]
    reports = [one for one in found if one["kind"] == "report"]
    by_raw = {one["raw"]: one for one in reports}
    lost, stations, proved = [], set(), set()
    for receipt in receipts:
        known = by_raw.get(receipt["request"].hex())
        if known is None:
            lost.append([receipt["destination"], receipt["seq"], receipt["request"].hex()])
        else:
            stations.add(known["station"])
            proved.add((known["station"], known["function"], known["utc_s"]))
    kept = {(one["station"], one["function"], one["utc_s"]) for one in reports if one["station"] in stations}
    try:
        records_told, other = documents.against_records(reports, bundle)
    except ProtocolError as error:
        raise BadFile(f"the bundle: {error}") from None
    return {
        "receipts": len(receipts),
        "lost_here": lost,  # the gateway has a confirm, the platform has nothing
        "without_receipt": [list(one) for one in sorted(kept - proved)],
        "records_told": records_told,  # documents about a record that the bundle has
        "other_record": other,  # told one thing, proved another
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV with the columns station and utc_s, and registers by name. Raises BadFile, OSError."""
    if path.stat().st_size > CSV_BYTES_MAX:
        raise BadFile(f"{path} has more than {CSV_BYTES_MAX >> 20} MiB")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            if not {"station", "utc_s"} <= set(columns) or not any(map(REGISTER.fullmatch, columns)):
                raise BadFile(f"{path}: columns station, utc_s and one of total_l, volume_l, energy_wh")
            rows = list(reader)
        for row in rows:
            int(row["utc_s"])
            if row["station"] is None:
                raise BadFile(f"{path}: a row without a station")
    except (UnicodeDecodeError, csv.Error, ValueError, TypeError) as error:
        raise error if isinstance(error, BadFile) else BadFile(f"{path}: {error}") from None
    return rows


def against_rows(found: list[Entry], rows: list[dict[str, str]]) -> Entry:
    """A gateway's own list against what is kept, by station, time and register. Raises BadFile."""
    kept = {
        (name, utc_s): registers
        for name, book in books_of(found).items()
        for utc_s, registers in book.times()
    }
    lost, different, seen = [], [], set()
    for row in rows:
        key = (row["station"].strip(), int(row["utc_s"]))
        seen.add(key)
        if key not in kept:
            lost.append(list(key))
            continue
        for name, text in row.items():
            if not (name and REGISTER.fullmatch(name) and text):
                continue
            try:
                said = int(text)
            except ValueError:
                raise BadFile(f"{key[0]} {key[1]}: {name} = {text!r} is no whole number") from None
            if kept[key].get(name) != said:
                different.append([*key, name, said, kept[key].get(name)])
    return {
        "rows": len(rows),
        "lost_here": lost,
        "unknown_there": [list(key) for key in sorted(set(kept) - seen)],
        "different": different,
    }
