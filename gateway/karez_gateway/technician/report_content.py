"""What the report of a commissioning says before it is a page: labelled values and tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import judgement, labels, report_words
from .report_checks import described
from .report_figures import coordinates, cubic_metres, dial, multiplier, thousands
from .report_say import Say
from .report_words import HEADINGS, LABELS, OUTCOMES, RESULTS, TITLES

if TYPE_CHECKING:
    from .commissioning import Commissioning, Meter
    from .commissioning_file import CommissioningFile

LANGUAGES = ("en", "zh", "both")
_METER_ROWS: tuple[str, ...] = ("maker", "model", "serial", "profile", "wiring", "pulse_milli")
_METER_ROWS += ("multiplier_ppm", "dial_start", "verified_until")


@dataclass(frozen=True)
class Table:
    """Rows under columns. `states` colours a row: passed, failed, skipped or nothing."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]  # shares
    rows: tuple[tuple[str, ...], ...]
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading with labelled values, a table, or lines."""

    heading: str
    values: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything on the pages. `state`: passed, skipped, failed or unsigned."""

    language: str
    title: str
    subtitle: str
    state: str
    result: str
    qr: str
    sections: tuple[Section, ...]
    sign_here: tuple[str, ...]
    hint: str
    page: str
    made_utc_s: int


def report(file: CommissioningFile, language: str) -> Report:
    """The report of a file. `language`: en, zh or both."""
    say, found = Say(language), file.says
    state = "unsigned" if file.signature is None else judgement.result(found)
    names = [one for one in (found.site.name_zh, found.site.name_en) if one]
    sections = [
        _site(say, found),
        _controller(say, found),
        _meters(say, found),
        *_replaced(say, found),
        _checks(say, found),
        *_lists(say, found),
        _people(say, file),
    ]
    return Report(
        language=language,
        title=say.text(TITLES[found.kind]),
        subtitle=" · ".join([found.site.code, *names]),
        state=state,
        result=say.text(RESULTS[state], " · "),
        qr=labels.said(found.controller.name, bytes.fromhex(found.controller.key), found.site.code),
        sections=tuple(sections),
        sign_here=tuple(say.text(one) for one in report_words.SIGN_HERE),
        hint=say.text(report_words.HINT),
        page=say.text(LABELS["page"], " · "),
        made_utc_s=found.finished_utc_s,
    )


def _values(say: Say, pairs: list[tuple[str, str | None]]) -> tuple[tuple[str, str], ...]:
    unknown = say.label("unknown")
    return tuple((say.label(name), value or unknown) for name, value in pairs)


def _site(say: Say, found: Commissioning) -> Section:
    site = found.site
    use = say.word(site.use) + (f" · {site.sub_class}" if site.sub_class else "")
    pairs: list[tuple[str, str | None]] = [
        ("code", site.code),
        ("name_zh", site.name_zh),
        ("name_en", site.name_en),
        ("county", site.county),
        ("village", site.village),
        ("place", coordinates(site.latitude_udeg, site.longitude_udeg)),
        ("permit", site.permit),
        ("right_holder", site.right_holder),
        ("use", use),
        ("source", say.word(site.source)),
        ("fail", say.word(site.fail)),
    ]
    return Section(say.text(HEADINGS["site"]), _values(say, pairs))


def _controller(say: Say, found: Commissioning) -> Section:
    box = found.controller
    pairs: list[tuple[str, str | None]] = [
        ("name", box.name),
        ("tier", box.tier),
        ("chain", None if box.chain is None else str(box.chain)),
        ("volume_l", cubic_metres(box.volume_l)),
        ("key", box.key),
        ("firmware_sha256", box.firmware_sha256),
    ]
    return Section(say.text(HEADINGS["controller"]), _values(say, pairs))


def _meter_cell(say: Say, one: Meter, row: str) -> str:
    if row == "wiring":
        if one.line is None:
            return "–"
        return f"{one.line + 1}, {one.address}, {one.baud} bit/s"
    value = getattr(one, row)
    if value is None:
        return "–" if row in ("profile", "pulse_milli") else say.label("unknown")
    if row == "pulse_milli":
        return dial(one.quantity, value, thousandths=True)
    if row == "multiplier_ppm":
        return multiplier(value)
    return dial(one.quantity, value) if row == "dial_start" else str(value)


def _meters(say: Say, found: Commissioning) -> Section:
    columns = (say.label("quantity"), *(say.word(one.quantity) for one in found.meters))
    rows = tuple(
        (say.label(row), *(_meter_cell(say, one, row) for one in found.meters)) for row in _METER_ROWS
    )
    widths = (3, *[4] * len(found.meters))
    return Section(say.text(HEADINGS["meters"]), table=Table(columns, widths, rows))


def _replaced(say: Say, found: Commissioning) -> list[Section]:
    sections = []
    if found.replaced_box is not None:
        old = found.replaced_box
        pairs: list[tuple[str, str | None]] = [
            ("name", old.name),
            ("last_seq", None if old.last_seq is None else thousands(old.last_seq)),
            ("volume_l", cubic_metres(old.volume_l)),
            ("because", old.because),
        ]
        sections.append(Section(say.text(HEADINGS["replaced_box"]), _values(say, pairs)))
    if found.replaced_meters:
        names = ("quantity", "model", "serial", "closing", "opening", "because")
        unknown = say.label("unknown")
        rows = tuple(
            (
                say.word(one.quantity),
                " ".join(filter(None, (one.maker, one.model))) or unknown,
                one.serial or unknown,
                dial(one.quantity, one.closing) or unknown,
                dial(one.quantity, one.opening),
                one.because,
            )
            for one in found.replaced_meters
        )
        table = Table(tuple(say.label(one) for one in names), (2, 3, 3, 3, 3, 4), rows)
        sections.append(Section(say.text(HEADINGS["replaced_meters"]), table=table))
    return sections


def _checks(say: Say, found: Commissioning) -> Section:
    rows, states = [], []
    for kind, check, outcome, why in judgement.outcomes(found):
        lines = [] if check is None else described(say, check)
        if outcome == "failed":
            lines.append(say.text(report_words.REASONS[why], " · "))
        if outcome == "skipped":
            lines.append(f"{say.label('reason')}: {why}")
        rows.append((say.text(report_words.CHECKS[kind]), "\n".join(lines), say.text(OUTCOMES[outcome])))
        states.append(outcome)
    columns = (say.label("check"), say.label("found"), say.label("outcome"))
    return Section(say.text(HEADINGS["checks"]), table=Table(columns, (7, 16, 4), tuple(rows), tuple(states)))


def _lists(say: Say, found: Commissioning) -> list[Section]:
    sections = []
    if found.seals:
        columns = (say.label("number"), say.label("where"), say.label("meter"))
        rows: tuple[tuple[str, ...], ...] = tuple(
            (one.number, one.place, "–" if one.meter is None else say.word(one.meter)) for one in found.seals
        )
        sections.append(Section(say.text(HEADINGS["seals"]), table=Table(columns, (3, 5, 2), rows)))
    if found.photos:
        columns4 = tuple(say.label(one) for one in ("file", "shows", "size", "sha256"))
        rows = tuple(
            (one.file, one.shows, f"{thousands(one.size_bytes)} B", one.sha256) for one in found.photos
        )
        sections.append(Section(say.text(HEADINGS["photos"]), table=Table(columns4, (4, 3, 2, 5), rows)))
    if found.grant is not None:
        one = found.grant
        pairs: list[tuple[str, str | None]] = [
            ("seq", str(one.seq)),
            ("valid_to", say.moment(one.valid_to_utc_s)),
            ("ceiling_l", cubic_metres(one.ceiling_l)),
            ("sha256", one.sha256),
        ]
        sections.append(Section(say.text(HEADINGS["grant"]), _values(say, pairs)))
    if found.remarks:
        sections.append(Section(say.text(HEADINGS["remarks"]), lines=found.remarks))
    return sections


def _people(say: Say, file: CommissioningFile) -> Section:
    found = file.says
    signature = say.label("none") if file.signature is None else file.signature.ed25519
    number = say.text(LABELS["technician_number"], number=found.technician.number)
    pairs: list[tuple[str, str | None]] = [
        ("technician", number),
        ("begun", say.moment(found.begun_utc_s)),
        ("finished", say.moment(found.finished_utc_s)),
        ("key", found.technician.key),
        ("signature", signature),
        ("file_sha256", file.sha256.hex()),
    ]
    return Section(say.text(HEADINGS["people"]), _values(say, pairs))
