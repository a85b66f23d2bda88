"""`karez gateway registry …`: regions, sites, meters, permits and the rest of the county's registry."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import registry_import as cli_county_import
from karez_gateway.cli.books import At, Lang, kind_of, reading, standing
from karez_gateway.cli.deeds import check_language
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

FORMS = ("csv", "xlsx")
EXIT_UNSOUND = 1

registry = typer.Typer(
    help="The county's registry: regions, sites, meters, permits, limits, plans; every version is kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
registry.command("import", epilog=cli_county_import.IMPORT)(cli_county_import.import_files)
registry.command("meter-swap", epilog=cli_county_import.SWAP)(cli_county_import.meter_swap)
registry.command("templates", epilog=cli_county_import.TEMPLATES)(cli_county_import.templates)
registry.command("from-commissionings", epilog=cli_county_import.PROPOSE)(
    cli_county_import.from_commissionings
)


@registry.command(epilog="Example: karez gateway registry kinds site")
def kinds(
    kind: Annotated[str, typer.Argument(help="Only this one, with its columns.")] = "",
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """List the kinds of objects, or the columns of one and how they are written."""
    from karez_gateway.county.files import exporting
    from karez_gateway.county.files.exporting import GUIDE
    from karez_gateway.county.registry.kinds import KINDS

    with spoken():
        check_language(language)
        those = [kind_of(kind)] if kind else list(KINDS.values())
    if as_json:
        keys = [one.key for one in GUIDE]
        print_json([dict(zip(keys, row, strict=True)) for row in exporting.guide(those)])
        return
    for one in those:
        typer.echo(f"{one.name} {one.zh}")
    for row in exporting.guide(those) if kind else ():
        _, _, column, zh, meaning, needed, refers, written, written_zh = row
        how = written_zh if language == "zh" else written
        notes = "; ".join(part for part in (needed, refers and f"a {refers}", how) if part)
        typer.echo(f"  {column:<22} {zh}  {meaning}: {notes}")


@registry.command(
    epilog="Example: karez gateway registry export --data /var/lib/karez --kind site --out site.csv"
)
def export(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="File; with --all and csv a folder.")],
    kind: Annotated[str, typer.Option(help="Which kind.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every kind that has objects.")] = False,
    form: Annotated[str, typer.Option("--format", help="csv or xlsx.")] = "csv",
    at: At = "",
    language: Lang = "en",
    bom: Annotated[bool, typer.Option("--bom", help="Mark CSV as UTF-8, for spreadsheet programs.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write objects as CSV or XLSX, with the SHA-256 beside each file; `import` reads them back."""
    from karez_gateway.county.files import exporting
    from karez_gateway.county.registry.kinds import KINDS
    from karez_gateway.exports import files

    with spoken():
        check_language(language)
        if form not in FORMS:
            raise Refused(f"--format is one of {', '.join(FORMS)}, not {form}")
        if bool(kind) == everything:
            raise Refused("say what: --kind KIND, or --all")
        found = standing(configuration.load(data), at).registry
        those = [kind_of(kind)] if kind else [one for one in KINDS.values() if found.objects[one.name]]
        if form == "xlsx":
            wanted = {out: partial(exporting.book, found, those, language=language)}
        else:
            paths = {one.name: out if kind else out / f"{one.name}.csv" for one in those}
            wanted = {
                paths[one.name]: partial(exporting.csv, found, one, language=language, bom=bom)
                for one in those
            }
        there = [path for path in wanted if path.exists()]
        if there and not force:
            raise Refused(f"{there[0]} exists already: name another one, or say --force")
        made = [(path, *files.write(path, fill)) for path, fill in wanted.items()]
    facts = [{"file": str(path), "sha256": digest, "rows": rows} for path, digest, rows in made]
    if as_json:
        print_json(facts)
        return
    for path, digest, rows in made:
        typer.echo(f"{path}: {counted(rows, 'row')}, SHA-256 {digest}")


@registry.command(epilog="Example: karez gateway registry show --data /var/lib/karez site well-12")
def show(
    data: Data,
    kind: Annotated[str, typer.Argument(help="Kind, such as site.")],
    name: Annotated[str, typer.Argument(help="Name; several parts with slashes. Default: all names.")] = "",
    at: At = "",
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Show an object as it stands, or the names of all of a kind; of a site also who answers for it."""
    from karez_gateway.county.registry import trees
    from karez_gateway.county.registry.values import text

    with spoken():
        check_language(language)
        one = kind_of(kind)
        found = standing(configuration.load(data), at).registry
        if not name:
            names = [each for each, _ in found.of_kind(one.name)]
            if as_json:
                print_json(names)
            else:
                typer.echo("\n".join(names) or f"there is no {one.name} in the registry")
            return
        kept = found.objects[one.name].get(name)
        if kept is None or kept.values is None:
            raise Refused(f"there is no {one.name} {name}: karez gateway registry show {one.name} lists them")
        facts: dict[str, Any] = {"kind": one.name, "name": name, "version": kept.version, "act": kept.act_id}
        facts["values"] = _cells(one, kept.values, language)
        if one.name == "site":
            facts["responsible"] = trees.responsible(found, kept.values) or None
            facts["meters"] = [s for s, values in found.of_kind("meter") if text(values, "site") == name]
    _show(facts, as_json=as_json)


def _cells(kind: Any, values: Any, language: str) -> dict[str, str]:
    from karez_gateway.county.files.exporting import shown

    return {
        (one.zh if language == "zh" else one.column): shown(one, values[one.key], language)
        for one in kind.fields
        if one.key in values
    }


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    typer.echo("{kind} {name}, version {version}, by act {act}".format(**facts))
    for label, cell in facts["values"].items():
        typer.echo(f"  {label:<22} {cell}")
    if "responsible" in facts:
        typer.echo(f"  {'answers for it':<22} {facts['responsible'] or 'nobody'}")
        typer.echo(f"  {'meters':<22} {' '.join(facts['meters']) or 'none'}")


@registry.command(epilog="Example: karez gateway registry history --data /var/lib/karez site well-12")
def history(
    data: Data,
    kind: Annotated[str, typer.Argument(help="Kind, such as site.")],
    name: Annotated[str, typer.Argument(help="Name; several parts with slashes.")],
    language: Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Show every version of an object: when, who, why, under which document, and what it changed."""
    from karez_gateway.store import acts, objects

    with spoken():
        check_language(language)
        one = kind_of(kind)
        with reading(configuration.load(data)) as connection:
            versions = objects.history(connection, one.name, name)
            found = {each.act_id: acts.get(connection, each.act_id) for each in versions}
        if not versions:
            raise Refused(f"there never was a {one.name} {name} in the registry")
    told = _told(one, versions, found, language)
    if as_json:
        print_json(told)
        return
    for facts in told:
        when = dt.datetime.fromtimestamp(facts["utc_s"], dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
        under = f" [{facts['document']}]" if facts["document"] else ""
        end = "; ended" if facts["ended"] else ""
        said = f"{facts['by']}: {facts['because']}{under}, act {facts['act']}{end}"
        typer.echo(f"version {facts['version']}, {when}, {said}")
        for key, cell in facts["changed"].items():
            typer.echo(f"  {key:<22} {cell or '(empty)'}")


def _told(kind: Any, versions: Any, acts: Any, language: str) -> list[dict[str, Any]]:
    """Versions with their acts and the cells that each changed; one that ends an object changes none."""
    before: dict[str, str] = {}
    out = []
    for one in versions:
        cells = _cells(kind, one.values or {}, language)
        keys = {**before, **cells} if one.values is not None else {}
        changed = {key: cells.get(key) for key in keys if before.get(key) != cells.get(key)}
        act = acts[one.act_id]
        said = {"version": one.version, "ended": one.values is None, "changed": changed, "act": act.id}
        said |= {"by": act.by, "because": act.because, "document": act.document}
        out.append(said | {"utc_s": act.utc_s, "log_index": act.log_index})
        before = cells
    return out


@registry.command(epilog="Example: karez gateway registry check --data /var/lib/karez --lang zh")
def check(data: Data, language: Lang = "en", as_json: AsJson = False) -> None:
    """Ask every rule about the registry as it stands. Ends with code 1 if one is broken."""
    from karez_gateway.county.checks import all_rules

    with spoken():
        check_language(language)
        now = standing(configuration.load(data))
        found = all_rules.found_in(now.registry, now.registry, now.context)
    if as_json:
        print_json(
            {
                title: [
                    {
                        "kind": one.kind,
                        "name": one.name,
                        "field": one.field,
                        "what": one.what,
                        "en": one.text("en"),
                        "zh": one.text("zh"),
                    }
                    for one in those
                ]
                for title, those in found._asdict().items()
            }
        )
    else:
        for title, those in (("fault", found.faults), ("warning", found.warnings)):
            for one in those:
                typer.echo(f"{title}: {one.kind} {one.name}, {one.field}: {one.text(language)}")
        typer.echo(f"{counted(len(found.faults), 'fault')}, {counted(len(found.warnings), 'warning')}")
    if found.faults:
        raise typer.Exit(EXIT_UNSOUND)


@registry.command(epilog="Example: karez gateway registry due --data /var/lib/karez --within 60")
def due(
    data: Data,
    within: Annotated[int, typer.Option(min=0, max=3650, help="Days from today.")] = 90,
    as_json: AsJson = False,
) -> None:
    """List meters whose verification runs out, and who answers for them; those without a date stand last."""
    from karez_gateway.county.checks import due as verification

    with spoken():
        now = standing(configuration.load(data))
        found = verification.due(now.registry, now.context.today, within)
    if as_json:
        print_json([one._asdict() for one in found])
        return
    for one in found:
        left = "no date" if one.days is None else f"{one.due_date}, {counted(one.days, 'day')}"
        who = " ".join(part for part in (one.person, one.telephone) if part) or "nobody"
        typer.echo(f"{one.serial:<20} {one.quantity:<7} {one.site:<16} {left:<22} {who}")
    meters = counted(len(found), "meter is", "meters are")
    typer.echo(f"{meters} due within {counted(within, 'day')} or without a date")
