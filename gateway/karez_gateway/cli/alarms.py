"""`karez gateway alarms …`: what somebody should look at, who knows of it, and who is told."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, check_language, deed, not_blank
from karez_gateway.cli.speech import NUMBER_MAX, AsJson, Data, new_file, print_json, spoken
from karez_gateway.errors import GatewayError, Refused

if TYPE_CHECKING:
    from karez_gateway.county.alarms.places import Places
    from karez_gateway.store.alarms import Alarm

LIST = "Example: karez gateway alarms list --data /var/lib/karez --region 650402 --severity urgent"
SHOW = "Example: karez gateway alarms show --data /var/lib/karez 12"
ACKNOWLEDGE = 'Example: karez gateway alarms acknowledge --data /var/lib/karez 12 13 --because "patrol went"'
HISTORY = "Example: karez gateway alarms history --data /var/lib/karez --subject well-12"
RULES = "Example: karez gateway alarms rules --data /var/lib/karez --site well-12"
TEST = "Example: karez gateway alarms test --data /var/lib/karez duty"
PROPOSE = (
    'Example: karez gateway alarms propose --data /var/lib/karez 12 --days 7 --because "limit reached" '
    "--out stop-650402.json"
)

Language = Annotated[str, typer.Option("--lang", help="Language of the texts: en or zh.")]
Rule = Annotated[str, typer.Option(callback=not_blank, help="Only of this rule.")]
Region = Annotated[str, typer.Option(callback=not_blank, help="Only of this region and those below it.")]
Severity = Annotated[str, typer.Option(callback=not_blank, help="Only notice, warning or urgent.")]
Subject = Annotated[
    str, typer.Option(callback=not_blank, help="Only of this site, region, holder, meter or platform.")
]

FILTERS = ("rule", "region", "severity", "state", "subject")

app = typer.Typer(
    help="Alarms: list, show, acknowledge; who is told; what an office might order.", no_args_is_help=True
)


def _line(one: "Alarm", places: "Places", zone: Any, language: str) -> str:
    from karez_gateway.county.alarms import words

    chinese = language == "zh"
    return "{id:>6}  {severity:<8} {state:<12} {time}  {kind} {subject}: {text}{times}".format(
        id=one.id,
        severity=words.SEVERITIES[one.severity] if chinese else one.severity,
        state=words.STATES[one.state] if chinese else one.state,
        time=zone.local(one.last_utc_s).strftime("%Y-%m-%d %H:%M"),
        kind=words.KINDS[one.kind] if chinese else one.kind,
        subject=places.name(one.kind, one.subject, language),
        text=words.say(one.rule, one.line, one.value, one.facts, language),
        times=f" (×{one.times})" if one.times > 1 else "",
    )


def _print(data: Path, as_json: bool, language: str, **wishes: Any) -> None:
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import acts as alarmacts
    from karez_gateway.calendars import Calendar
    from karez_gateway.notify import message

    with spoken():
        check_language(language)
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found, places = alarmacts.select(store, **wishes)
        if as_json:
            print_json([message.facts(one, places) for one in found])
            return
        zone = Calendar(config.county.utc_offset_h)
        for one in found:
            typer.echo(_line(one, places, zone, language))
        if not found:
            is_all = not any(wishes.get(name) for name in FILTERS)
            chinese, english = ("没有报警", "no alarm") if is_all else ("没有符合条件的报警", "no alarm fits")
            typer.echo(chinese if language == "zh" else english)


@app.command("list", epilog=LIST)
def listed(
    data: Data,
    rule: Rule = "",
    region: Region = "",
    severity: Severity = "",
    state: Annotated[
        str, typer.Option(callback=not_blank, help="Only raised, acknowledged or latched.")
    ] = "",
    subject: Subject = "",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the alarms that are open, the newest first.

    Raised: it holds, nobody has acknowledged it. Latched: it is over, nobody has acknowledged it.
    """
    wishes = {"rule": rule, "region": region, "severity": severity, "state": state, "subject": subject}
    _print(data, as_json, language, **wishes)


@app.command(epilog=HISTORY)
def history(
    data: Data,
    rule: Rule = "",
    region: Region = "",
    severity: Severity = "",
    subject: Subject = "",
    limit: Annotated[int, typer.Option(min=1, max=NUMBER_MAX, help="At most so many.")] = 200,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List alarms with those that are cleared, the newest first."""
    wishes: dict[str, Any] = {"rule": rule, "region": region, "severity": severity, "subject": subject}
    _print(data, as_json, language, is_open=False, limit=limit, **wishes)


@app.command(epilog=SHOW)
def show(
    data: Data,
    number: Annotated[int, typer.Argument(max=NUMBER_MAX, help="Number of the alarm.")],
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show one alarm: what it says, what happened to it, whom it was told and whether that worked."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import acts as alarmacts
    from karez_gateway.calendars import Calendar
    from karez_gateway.county.alarms import words

    with spoken():
        check_language(language)
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = alarmacts.show(store, number)
        if as_json:
            print_json(found)
            return
        zone = Calendar(config.county.utc_offset_h)
        typer.echo(
            f"{number}  {found['rule']}  {found['severity']}  {found['state']}  {found['subject_name']}"
        )
        typer.echo(f"    {found[f'text_{language}']}")
        for past in found["history"]:
            word = words.STEPS[past["word"]] if language == "zh" else past["word"]
            who = f"  {past['by']}, act {past['act_id']}" if past["by"] else ""
            typer.echo(f"    {zone.iso(past['utc_s'])}  {word}{who}")
        for told in found["told"]:
            problem = f": {told['problem']}" if told["problem"] else ""
            typer.echo(
                f"    told {told['receiver']} {told['address']}  {told['word']}  {told['state']}{problem}"
            )


@app.command(epilog=ACKNOWLEDGE)
def acknowledge(
    data: Data,
    numbers: Annotated[list[int] | None, typer.Argument(max=NUMBER_MAX, help="Numbers of alarms.")] = None,
    rule: Rule = "",
    region: Region = "",
    severity: Severity = "",
    subject: Subject = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Say that you know of alarms: they are escalated no more, and cleared once they are over.

    Name them by number, or all open ones of a rule, region, severity or subject. It stands in the log.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import acts as alarmacts

    with spoken():
        if bool(numbers) == any((rule, region, severity, subject)):
            raise GatewayError("say which: numbers of alarms, or --rule, --region, --severity, --subject")
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            ids = list(numbers or ())
            if not ids:
                wishes: dict[str, Any] = {"rule": rule, "region": region}
                wishes |= {"severity": severity, "subject": subject}
                found, _ = alarmacts.select(store, **wishes)
                ids = [one.id for one in found if one.state in ("raised", "latched")]
            done = alarmacts.acknowledge(store, config, ids, deed(by, because, document))
        cleared = sum(1 for one in done if one.state == "cleared")
        typer.echo(f"{len(done)} acknowledged, {cleared} of them cleared: they were over already")


@app.command(epilog=RULES)
def rules(
    data: Data,
    site: Annotated[str, typer.Option(help="As it is set for this site.")] = "",
    region: Annotated[str, typer.Option(help="As it is set for this region.")] = "",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show the rules and their settings: the defaults, or what holds for a site or region."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import settings as alarmsettings
    from karez_gateway.county.alarms import rules as all_rules
    from karez_gateway.county.alarms import words
    from karez_gateway.county.alarms.places import Places
    from karez_gateway.store import objects

    with spoken():
        check_language(language)
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            places = Places(objects.registry(connection))
        for kind, name in (("site", site), ("region", region)):
            if name and places.registry.get(kind, name) is None:
                raise Refused(f"there is no {kind} {name} in the registry")
        about = places.about("site", site) if site else places.about("region", region)
        settings = config.alarms.settings
        found = {name: settings.of(name, about) for name in all_rules.RULES}
        if as_json:
            print_json({"rules": found, "not_there": alarmsettings.not_there(config, places)})
            return
        for name, values in found.items():
            typer.echo(f"{name:<14} {words.rule(name, language)}")
            said = {key: value for key, value in values.items() if all_rules.SHARED.get(key) != value}
            typer.echo("".join(f"    {key} = {_shown(value)}\n" for key, value in said.items()), nl=False)
        for line in alarmsettings.not_there(config, places):
            typer.echo(line, err=True)


def _shown(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)


@app.command("test", epilog=TEST)
def send_test(
    data: Data,
    receiver: Annotated[
        list[str] | None, typer.Argument(help="Receivers of gateway.toml; none: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send each receiver a test now, and say whether it arrived. No alarm is raised. Code 1: one failed."""
    import asyncio

    from karez_gateway import data as data_directory
    from karez_gateway.notify import trial

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = asyncio.run(trial.everyone(config, store, receiver or ()))
        if as_json:
            print_json(found)
        else:
            for one in found:
                typer.echo(f"{one['receiver']:<16} {one['address']:<32} {one['problem'] or 'delivered'}")
    if any(one["problem"] for one in found):
        raise typer.Exit(1)


def _written(file: BinaryIO, body: bytes) -> None:
    """On the disk with its name, and closed, before the act stands that says so: nothing can fail later."""
    import os

    from karez_gateway.entries.restored import sync_directory

    file.write(body)
    file.flush()
    os.fsync(file.fileno())
    file.close()
    sync_directory(Path(file.name).parent)


@app.command(epilog=PROPOSE)
def propose(
    data: Data,
    number: Annotated[
        int, typer.Argument(max=NUMBER_MAX, help="Number of an area's alarm, at stage hours or stop.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Request file to write; never replaced.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days.")] = 7,
    hours: Annotated[
        str, typer.Option(help="Hours of the day that stay allowed, at stage hours.")
    ] = "06:00-12:00",
    area: Annotated[str, typer.Option(help="Name of the area in the controllers' configuration.")] = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Write down what an office might order from an area's alarm, for the regulator's own tool to sign.

    Nothing is ordered here. Wells for drinking water are never in it.
    """
    import re

    from karez_gateway import data as data_directory
    from karez_gateway.alarms import acts as alarmacts

    with spoken():
        clock = r"([01]\d|2[0-3]):[0-5]\d"
        if not re.fullmatch(f"{clock}-{clock}", hours) or hours[:5] == hours[6:]:
            raise GatewayError('--hours reads "06:00-12:00"')
        config = configuration.load(data)
        wishes = {"days": days, "hours": (hours[:5], hours[6:]), "area": area}
        # The file is within the store: if that cannot be closed after the act stands, the file stays, too.
        with data_directory.beside(config) as store, new_file(out) as file:
            what = deed(by, because, document)
            alarmacts.propose(store, number, what, lambda body: _written(file, body), **wishes)
        typer.echo(f"{out}: a request, not an order; an office reads and signs it with its own tool")
