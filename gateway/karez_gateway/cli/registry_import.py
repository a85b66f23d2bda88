"""`karez gateway registry import`, `meter-swap`, `templates` and `from-commissionings`: into the registry."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.books import Lang, kind_of
from karez_gateway.cli.deeds import Because, By, Document, check_language, deed
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import GatewayError, Refused

if TYPE_CHECKING:
    from karez_gateway.county.files.importing import Imported
    from karez_gateway.county.files.rows import Finding
    from karez_gateway.county.registry.field import Kind

IMPORT = (
    "Example: karez gateway registry import --data /var/lib/karez site.csv meter.csv "
    '--because "survey of Santun" --document "水政〔2026〕3号"'
)
SWAP = (
    "Example: karez gateway registry meter-swap --data /var/lib/karez well-12 W2209-0417 --closing 99120.45 "
    '--opening 0.3 --on 2026-10-01 --because "verification ran out"'
)
TEMPLATES = "Example: karez gateway registry templates forms --lang zh"
PROPOSE = "Example: karez gateway registry from-commissionings --data /var/lib/karez proposed"

EXIT_BAD_ROWS = 1
Effective = Annotated[
    str,
    typer.Option("--effective", help="Day from which it holds, such as 2026-07-01; default: from now on."),
]


def import_files(
    data: Data,
    files: Annotated[list[Path], typer.Argument(help="CSV or XLSX; all of them are one import.")],
    because: Because,
    kind: Annotated[str, typer.Option(help="What the rows are, where no file or sheet name says so.")] = "",
    encoding: Annotated[str, typer.Option(help="Of CSV: utf-8 or gb18030. Default: utf-8.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    by: By = "",
    document: Document = "",
    effective: Effective = "",
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Bring objects of the registry in: all of it, or nothing and a line for each fault.

    A file or sheet is named as its kind: site.csv, a sheet called site or 取水口. The first line names the
    columns, in English or Chinese. A column that is not there leaves its field as it is; an empty cell
    empties it; yes under end ends the object. Ends with code 1 if a row is bad.

    With --effective it holds from a day that is past: reports of the time before keep what was. What it
    refers to must have been there on that day. A day in the column effective goes before it, row by row.
    """
    from karez_gateway.county.files import importing
    from karez_gateway.county.files.importing import File

    with spoken():
        check_language(language)
        if kind:
            kind = kind_of(kind).name
        config = configuration.load(data)
        what = deed(by, because, document)._replace(effective_utc_s=_effective(config, effective))
        brought = [File(path.name, read(path)) for path in files]
        wishes = importing.read(brought, kind, encoding)
        found = _bring_in(config, brought, wishes, what, dry_run=dry_run)
        if found.then_utc_s is not None and not as_json:
            day = config.county.years.calendar.name("day", found.then_utc_s)
            typer.echo(f"as the registry stood when {day} began:", err=True)
        _say(found, language, as_json=as_json, dry_run=dry_run)
    if found.findings:
        raise typer.Exit(EXIT_BAD_ROWS)


def _effective(config: Any, day: str) -> int | None:
    """When a day begins. Raises Refused for one that is to come."""
    import time

    if not day:
        return None
    begin_s: int = config.county.years.calendar.moment(day)
    if begin_s > time.time():
        raise Refused(f"--effective {day} is to come: bring the file in on that day, or say a day before")
    return begin_s


def _bring_in(config: Any, brought: Any, wishes: Any, what: Any, *, dry_run: bool) -> "Imported":
    from karez_gateway import data as data_directory
    from karez_gateway.cli.books import reading
    from karez_gateway.county.checks.standing import context
    from karez_gateway.county.files import importing

    if dry_run:
        with reading(config) as connection:
            rules = context(connection, config.county, what.now_s)
            return importing.look(connection, wishes, rules, what.effective_utc_s)
    with data_directory.beside(config) as store, store.writing() as connection:
        rules = context(connection, config.county, what.now_s)
        return importing.bring_in(connection, brought, wishes, what, rules)


def _say(found: "Imported", language: str, *, as_json: bool, dry_run: bool) -> None:
    from karez_gateway.county.files.importing import SHOWN_MAX

    if as_json:
        document = {
            "counts": found.counts,
            "act": found.act_id,
            "of_then": found.is_of_then,
            "count": len(found.findings),
            "findings": [_facts(one) for one in found.findings[:SHOWN_MAX]],
            "warned": len(found.warnings),
            "warnings": [_facts(one) for one in found.warnings[:SHOWN_MAX]],
        }
        print_json(document)
        return
    for title, those in (("", found.findings), ("warning: ", found.warnings)):
        for one in those[:SHOWN_MAX]:
            typer.echo(f"{title}{one.text(language)}", err=True)
        if len(those) > SHOWN_MAX:
            typer.echo(f"{title}… and {len(those) - SHOWN_MAX} more", err=True)
    if found.findings:
        typer.echo(f"{counted(len(found.findings), 'fault')}: nothing was changed", err=True)
        return
    for kind, tally in found.counts.items():
        typer.echo(f"{kind:<12} " + ", ".join(f"{count} {word}" for word, count in tally.items() if count))
    if dry_run:
        typer.echo("a dry run: nothing was changed")
    elif found.act_id is None:
        typer.echo("the registry says all of it already: nothing was changed")
    else:
        typer.echo(f"taken, as act {found.act_id}")


def _facts(one: "Finding") -> dict[str, Any]:
    place = one.place._asdict()
    return {**place, "what": one.what, "en": one.text("en"), "zh": one.text("zh")}


def meter_swap(
    data: Data,
    site: Annotated[str, typer.Argument(help="Where it hangs.")],
    serial: Annotated[str, typer.Argument(help="Serial number of the new meter.")],
    closing: Annotated[str, typer.Option(help="Last register of the old one: m³ or kWh.")],
    opening: Annotated[str, typer.Option(help="First register of the new one.")],
    on: Annotated[str, typer.Option(help="Day of the swap: 2026-10-01.")],
    because: Because,
    quantity: Annotated[str, typer.Option(help="water, energy, supply or level.")] = "water",
    maker: Annotated[str, typer.Option(help="Of the new meter.")] = "",
    model: Annotated[str, typer.Option(help="Of the new meter.")] = "",
    multiplier: Annotated[str, typer.Option(help="Of the new meter; default: the old one's.")] = "",
    certificate: Annotated[str, typer.Option(help="Number of its verification.")] = "",
    verified: Annotated[str, typer.Option(help="Day of its verification.")] = "",
    due: Annotated[str, typer.Option(help="Day on which its verification runs out.")] = "",
    by: By = "",
    document: Document = "",
) -> None:
    """Close a meter with its last register and open another with its first, as one act.

    The registry has it; the controller's own meter change is signed apart (karez tech swap-meter).
    """
    from karez_gateway.county.registry.swapping import Swap, field_value

    with spoken():
        what = deed(by, because, document)
        options = {
            "maker": ("--maker", maker),
            "model": ("--model", model),
            "multiplier_milli": ("--multiplier", multiplier),
            "certificate": ("--certificate", certificate),
            "verified_date": ("--verified", verified),
            "due_date": ("--due", due),
        }
        one = Swap(
            site,
            str(field_value("quantity", "--quantity", quantity)),
            str(field_value("from_date", "--on", on)),
            int(field_value("closing_milli", "--closing", closing)),
            str(field_value("serial", "SERIAL", serial)),
            int(field_value("opening_milli", "--opening", opening)),
            {key: field_value(key, option, said) for key, (option, said) in options.items() if said},
        )
        act_id, old, factor = _swap(configuration.load(data), one, what)
        typer.echo(f"{old} is closed and {serial} counts {one.quantity} at {site}, {factor}; act {act_id}")


def _swap(config: Any, one: Any, what: Any) -> tuple[int, str, str]:
    """Put it in force; return the act, the old meter and the multiplier that now holds."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.checks import all_rules
    from karez_gateway.county.checks.standing import context
    from karez_gateway.county.files.exporting import shown
    from karez_gateway.county.registry import changing, swapping
    from karez_gateway.county.registry.kinds import KINDS
    from karez_gateway.store import objects

    with data_directory.beside(config) as store, store.writing() as connection:
        wanted = swapping.swap(objects.registry(connection), one)
        rules = all_rules.refusing(context(connection, config.county, what.now_s), [])
        done = changing.change(connection, wanted, what, check=rules, about={"swap": one.site})
    new = wanted[1][2]
    factor = next(each for each in KINDS["meter"].fields if each.key == "multiplier_milli")
    return done[0].act_id, wanted[0][1], f"multiplier {shown(factor, new.get(factor.key)) or 1}"


def templates(
    folder: Annotated[Path, typer.Argument(help="Where to put them; it is made if it is not there.")],
    language: Lang = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write empty forms: a CSV for each kind, all kinds as one workbook, and what each column means."""
    from io import BytesIO

    from karez_gateway.county.files import exporting
    from karez_gateway.county.registry.kinds import KINDS
    from karez_gateway.county.registry.objects import Registry
    from karez_gateway.exports import writers

    with spoken():
        check_language(language)
        made: dict[str, bytes] = {}
        for kind in KINDS.values():
            file = BytesIO()
            writers.write(exporting.table(kind, iter(()), with_end=True), file, "csv", language, bom=True)
            made[f"{kind.name}.csv"] = file.getvalue()
        guide, book = BytesIO(), BytesIO()
        writers.write(exporting.guide_table(list(KINDS.values())), guide, "csv", language, bom=True)
        exporting.book(Registry(), list(KINDS.values()), book, language=language)
        made |= {"columns.csv": guide.getvalue(), "registry.xlsx": book.getvalue()}
        _write_all(folder, made, force=force)
        typer.echo(f"{folder}: {counted(len(made), 'file')}; columns.csv says what each column means")


def from_commissionings(
    data: Data,
    folder: Annotated[Path, typer.Argument(help="Where to put the proposed rows, as CSV by kind.")],
    site: Annotated[str, typer.Option(help="Only of this site.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose rows where the technicians' commissionings say more than the registry; nothing is imported.

    Look through them, complete what is empty, then bring them in with `karez gateway registry import`.
    """
    with spoken():
        proposal = _propose(configuration.load(data), site)
        made = {f"{kind.name}.csv": text for kind, text, _ in proposal[0]}
        _write_all(folder, made, force=force)
        counts = {kind.name: count for kind, _, count in proposal[0]}
        if as_json:
            print_json({"folder": str(folder), "rows": counts, "notes": proposal[1]})
            return
        for note in proposal[1]:
            typer.echo(note, err=True)
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        typer.echo(f"{folder}: {said}" if said else "nothing is proposed: the registry says it all")


def _propose(config: Any, site: str) -> tuple[list[tuple["Kind", bytes, int]], list[str]]:
    from io import BytesIO

    from karez_gateway.calendars import Calendar
    from karez_gateway.cli.books import reading
    from karez_gateway.county.files import exporting, proposing
    from karez_gateway.county.registry.kinds import KINDS
    from karez_gateway.exports import writers
    from karez_gateway.store import commissionings, objects
    from karez_gateway.technician import commissioning_file

    with reading(config) as connection:
        kept = sorted(commissionings.every(connection, site), key=lambda one: one.finished_utc_s)
        files = [
            commissioning_file.decode(commissionings.file_of(connection, one.id), one.site).says
            for one in kept
        ]
        calendar = Calendar(config.county.utc_offset_h)
        found = proposing.propose(objects.registry(connection), files, calendar)
    if site and not kept:
        raise Refused(f"no commissioning of site {site} was brought in: karez gateway commissionings")
    out = []
    for kind in KINDS.values():
        rows = found.of_kind(kind.name)
        if rows:
            file = BytesIO()
            table = exporting.table(kind, exporting.texts_of(kind, rows))
            out.append((kind, file, writers.write(table, file, "csv", "en", bom=True)))
    return [(kind, file.getvalue(), count) for kind, file, count in out], found.notes


def _write_all(folder: Path, files: dict[str, bytes], *, force: bool) -> None:
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        raise Refused(f"{folder / there[0]} exists already: name another folder, or say --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise GatewayError(f"{folder} cannot be written: {error.strerror or error}") from None
