"""`karez gateway violations …` and `karez gateway acts …`: cases with their evidence, and who did what."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.alarms import Language
from karez_gateway.cli.deeds import Because, By, Document, check_language, deed, not_blank
from karez_gateway.cli.speech import NUMBER_MAX, AsJson, Data, new_file, print_json, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

LIST = "Example: karez gateway violations list --data /var/lib/karez"
OPEN = (
    "Example: karez gateway violations open --data /var/lib/karez well-12 --kind bypass --from 2026-07-01 "
    '--to 2026-07-08 --alarm 12 --because "jumper found" --document "水政 31 号"'
)
CLOSE = (
    "Example: karez gateway violations close --data /var/lib/karez 40 --outcome punished "
    '--because "fine paid" --document "水罚 7 号"'
)
PACK = "Example: karez gateway violations pack --data /var/lib/karez 40 --out violation-40.zip"
ACTS = "Example: karez gateway acts list --data /var/lib/karez --by li --from 2026-07-01"
CHECK = "Example: karez gateway acts check --data /var/lib/karez"
EXIT_WRONG = 1
NOTHING = {"en": ("no open violation", "no violation"), "zh": ("没有未结违规", "没有违规记录")}

app = typer.Typer(help="Violations, with evidence packs.", no_args_is_help=True)
acts = typer.Typer(help="Who did what, when and why; and whether the log has it so.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(max=NUMBER_MAX, help="Number of the violation.")]


@app.command("list", epilog=LIST)
def listed(
    data: Data,
    site: Annotated[str, typer.Option(callback=not_blank, help="Only of this site.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List violations, those that are open first."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import violations
    from karez_gateway.calendars import Calendar
    from karez_gateway.county.alarms.violations import KINDS
    from karez_gateway.county.alarms.words import thousandths

    with spoken():
        check_language(language)
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            if site:
                violations.check_site(connection, site)
            found = sorted(
                violations.everyone(connection).values(),
                key=lambda one: (one.closed_utc_s is not None, -one.number),
            )
        found = [one for one in found if site in ("", one.site) and (everyone or one.closed_utc_s is None)]
        if as_json:
            print_json([dataclasses.asdict(one) for one in found])
            return
        zone = Calendar(config.county.utc_offset_h)
        for one in found:
            kind = KINDS[one.kind] if language == "zh" else one.kind
            volume = "–" if one.litres is None else f"{thousandths(one.litres)} m³"
            end = f"  {one.outcome}" if one.outcome else ""
            begun = zone.name("day", one.from_utc_s)
            typer.echo(f"{one.number:>6}  {one.site:<16} {kind:<14} {begun}  {volume}  {one.by}{end}")
        if not found:
            typer.echo(NOTHING[language][everyone])


@app.command("open", epilog=OPEN)
def open_one(
    data: Data,
    site: Annotated[str, typer.Argument(help="Site at which it happened.")],
    kind: Annotated[str, typer.Option(help="What: over-plan, no-permit, bypass, tamper …")],
    begin: Annotated[str, typer.Option("--from", help="First day, or a time with its zone.")],
    end: Annotated[str, typer.Option("--to", help="End, in the same form; not part of it.")],
    volume: Annotated[
        str, typer.Option("--m3", help="Cubic metres held against it; without it what the ledger has.")
    ] = "",
    alarm: Annotated[
        list[int] | None, typer.Option(max=NUMBER_MAX, help="Alarm that shows it; repeatable.")
    ] = None,
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Open a violation. A person does it, from what alarms, records and an inspection show."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import violations
    from karez_gateway.calendars import DAY, Calendar
    from karez_gateway.county.registry import fields

    with spoken():
        config = configuration.load(data)
        zone = Calendar(config.county.utc_offset_h)
        span = zone.moment(begin), zone.moment(end)
        try:
            litres = int(fields.CUBIC_METRES.read(volume)) if volume else None
        except Refused as error:
            raise Refused(f"--m3 {error}") from None
        with data_directory.beside(config) as store:
            wishes: dict[str, Any] = {"litres": litres, "alarm_ids": alarm or ()}
            what = deed(by, because, document)
            found = violations.open_one(store, site, kind, span, what, **wishes)
        if span[1] > zone.after(DAY, zone.start(DAY, what.now_s)):
            typer.echo(f"remark: it ends in the future, at {zone.iso(span[1])}: is that meant?", err=True)
        typer.echo(
            f"violation {found.number} at {site} is open; next: karez gateway violations pack {found.number}"
        )


@app.command("close", epilog=CLOSE)
def close_one(
    data: Data,
    number: Number,
    outcome: Annotated[str, typer.Option(help="punished, corrected, unfounded or transferred.")],
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Close a violation with its outcome. It stays in the register."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import violations

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            violations.close_one(store, number, outcome, deed(by, because, document))
        typer.echo(f"violation {number} is closed: {outcome}")


@app.command(epilog=PACK)
def pack(
    data: Data,
    number: Number,
    out: Annotated[Path, typer.Option("--out", help="ZIP to write; never replaced.")],
    as_json: AsJson = False,
) -> None:
    """Write the evidence pack: bundles that `karez verify` proves, ledger, alarms, acts, a page to read."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import violationpack

    with spoken():
        config = configuration.load(data)
        with new_file(out) as file, data_directory.beside(config) as store:
            body, facts = violationpack.make(store, config, number)
            file.write(body)
        if as_json:
            print_json(facts | {"file": str(out)})
            return
        typer.echo(f"{out}: {', '.join(facts['files'])}")
        for one in facts["bundles"]:
            if one["problem"]:
                typer.echo(
                    f"no bundle of chain {one['chain']} of {one['controller']}: {one['problem']}", err=True
                )


@acts.command("list", epilog=ACTS)
def acts_list(
    data: Data,
    by: Annotated[str, typer.Option("--by", callback=not_blank, help="Only of this person.")] = "",
    sort: Annotated[
        str, typer.Option(callback=not_blank, help="Only of a sort, or of sorts that begin so.")
    ] = "",
    begin: Annotated[str, typer.Option("--from", help="From this day or time on.")] = "",
    end: Annotated[str, typer.Option("--to", help="Before this day or time.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=NUMBER_MAX, help="At most so many.")] = 200,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV on stdout.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what people did, the newest first, wherever it is kept.

    Acts, pauses and resends of uploads, commands, revocations, rebinds, and what was brought in: bindings,
    grants, orders, lists, commissionings. `log` is the entry of the log that has it.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.calendars import Calendar
    from karez_gateway.store import trail

    with spoken():
        config = configuration.load(data)
        zone = Calendar(config.county.utc_offset_h)
        first, last = (zone.moment(text) if text else None for text in (begin, end))
        with data_directory.beside(config) as store, store.reading() as connection:
            found = [
                one
                for one in trail.everything(connection)
                if by in ("", one.by)
                and one.sort.startswith(sort)
                and (first is None or one.utc_s >= first)
                and (last is None or one.utc_s < last)
            ][:limit]
        if as_json:
            print_json([one._asdict() for one in found])
        elif as_csv:
            _csv(found)
        else:
            for one in found:
                index = "" if one.log_index is None else f"  log {one.log_index}"
                why = f"  {one.because}" if one.because else ""
                typer.echo(
                    f"{zone.iso(one.utc_s)}  {one.sort:<24} {one.by or '–':<12} {one.subject}{why}{index}"
                )
            if not found:
                typer.echo("no act fits" if by or sort or begin or end else "no act")


def _csv(found: list[Any]) -> None:
    from karez_gateway.exports import writers
    from karez_gateway.exports.table import Column, Table
    from karez_gateway.store.trail import Did

    chinese = ("时间（UTC 秒）", "类别", "操作人", "理由", "文号", "对象", "出处", "日志序号")
    columns = tuple(Column(name, zh) for name, zh in zip(Did._fields, chinese, strict=True))
    sys.stdout.flush()
    writers.write(Table("acts", columns, iter(found), {}), sys.stdout.buffer, "csv", "en")


@acts.command("check", epilog=CHECK)
def acts_check(data: Data, as_json: AsJson = False) -> None:
    """Hold every act against its entry of the log. Code 1: one was changed, added or lost."""
    from karez_gateway import data as data_directory
    from karez_gateway.proofs import actscheck

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = actscheck.check(connection, config)
    if as_json:
        typer.echo(json.dumps(found._asdict(), ensure_ascii=False, indent=2))
    else:
        good = counted(found.good, "act is as the log has it", "acts are as the log has them")
        typer.echo(f"{good}, {counted(found.waiting, 'waits', 'wait')} for it")
        for line in found.wrong:
            typer.echo(line, err=True)
    if found.wrong:
        raise typer.Exit(EXIT_WRONG)
