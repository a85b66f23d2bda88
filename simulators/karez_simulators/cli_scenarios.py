"""`karez bench scenarios`: what ships, what waits, and all of it played."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import json
from typing import TYPE_CHECKING, Annotated

import typer

from karez_simulators import cli_words

if TYPE_CHECKING:
    from karez_simulators.failures import Failure
    from karez_simulators.scenario_runs import Run

EPILOG = "Example: karez bench scenarios --json --only F2 --only f13-no-network"

Only = Annotated[
    list[str] | None, typer.Option(help="Only this one: a name, or a failure like F2. May be given again.")
]
Jobs = Annotated[int, typer.Option(min=1, max=16, help="How many are played at a time.")]


def scenarios(
    lang: cli_words.Lang = "",
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Play them, and end with one JSON list on stdout.")
    ] = False,
    only: Only = None,
    jobs: Jobs = 2,
    broker: cli_words.Broker = "in-process",
) -> None:
    """List the scenarios that ship with karez, and what of the failure catalogue waits; or play them all.

    Played, each is a process of its own; progress goes to stderr, and the exit code is 1 when one fails.
    """
    from karez_simulators import failures
    from karez_simulators.scenario_faults import ScenarioError

    language = cli_words.language(lang)
    cli_words.check_broker(broker)
    try:
        catalogue = failures.catalogue()
        chosen = _chosen(only or [], catalogue)
    except ScenarioError as error:
        raise cli_words.refuse(*error.faults) from None
    if as_json:
        raise typer.Exit(_play(chosen, broker, jobs, catalogue))
    cli_words.spell_what_it_can()
    _list(chosen, catalogue if not only else [], language)


def _chosen(only: list[str], catalogue: "list[Failure]") -> list[str]:
    """The names that were asked for, all without any. Raises ScenarioError for what is not there."""
    from karez_simulators import scenario
    from karez_simulators.scenario_faults import Faults, ScenarioError, known

    of = {one.number: one for one in catalogue}
    faults = Faults()
    found: list[str] = []
    for word in only:
        if word.upper() in of:
            row = of[word.upper()]
            found.extend(row.scenarios)
            if not row.scenarios:
                faults.attempt(_no_scenario, row)
        elif faults.attempt(known, [word], scenario.names(), "--only") is None and word in scenario.names():
            found.append(word)
    faults.end()
    if only and not found:
        raise ScenarioError("--only names nothing that can be played")
    return [name for name in scenario.names() if name in found] if only else scenario.names()


def _no_scenario(row: "Failure") -> None:
    from karez_simulators.scenario_faults import ScenarioError

    raise ScenarioError(f"--only {row.number}: no scenario plays it yet; {'; '.join(row.waits)}")


def _list(names: list[str], catalogue: "list[Failure]", language: str) -> None:
    from karez_simulators import scenario

    width = max(len(name) for name in names) + 2
    for name in names:
        found = scenario.load(name)
        typer.echo(f"{name:<{width}} {found.title_zh if language == 'zh' else found.title}")
    waiting = [row for row in catalogue if row.waits]
    if waiting:
        typer.echo("\n" + ("尚待：" if language == "zh" else "Waiting:"))
    for row in waiting:
        title = row.title_zh if language == "zh" else row.title
        for what in row.waits:
            typer.echo(f"{row.number:<4} {title}: {what}")


def _play(names: list[str], broker: str, jobs: int, catalogue: "list[Failure]") -> int:
    from karez_simulators import play, scenario_runs

    ended: list[Run] = []

    def tell(run: "Run") -> None:
        ended.append(run)
        word = "passed" if run.passed else "FAILED"
        typer.echo(f"[{len(ended)}/{len(names)}] {run.name}: {word}, {run.seconds:.0f} s", err=True)
        for line in run.why:
            typer.echo(f"    {line}", err=True)

    try:
        runs = scenario_runs.run(names, broker, jobs, tell)
    except play.Stopped:
        typer.echo("karez bench: stopped; nothing is left running", err=True)
        return cli_words.INTERRUPTED
    typer.echo(json.dumps([run.facts() for run in runs], indent=1))
    passed = sum(run.passed for run in runs)
    waiting = sum(len(row.waits) for row in catalogue)
    typer.echo(f"passed={passed} failed={len(runs) - passed} waiting={waiting}", err=True)
    return 0 if passed == len(runs) else cli_words.FAILED
