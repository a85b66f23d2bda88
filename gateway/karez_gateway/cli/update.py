"""`karez gateway update …`: new firmware to the wells, a few first."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, deed
from karez_gateway.cli.speech import NUMBER_MAX, AsJson, Data, print_json, spoken

if TYPE_CHECKING:
    from karez_gateway.store.firmwares import Firmware
    from karez_gateway.updates.package import Package

app = typer.Typer(
    help="New firmware to the wells: 1 %, 10 %, the rest; it stops by itself.", no_args_is_help=True
)
_EXAMPLE = "Example: karez gateway update {} --data /var/lib/karez {}"
Number = Annotated[int, typer.Argument(min=1, max=NUMBER_MAX, help="Number of the update, see list.")]
HOURS_MAX = 24 * 60
REPOSITORY = "updates"  # in the data directory: the pinned root, and what was seen last


@app.command(epilog=_EXAMPLE.format("add", 'build/esp32s3 --because "release 0.2.0"'))
def add(
    data: Data,
    folder: Annotated[
        Path | None, typer.Argument(help="The image and update.signed; without it the repository's newest.")
    ] = None,
    board: Annotated[str, typer.Option(help="Of the repository: the newest for this board.")] = "",
    site: Annotated[list[str] | None, typer.Option(help="Only this site; repeatable. Default: all.")] = None,
    watch_hours: Annotated[
        int, typer.Option(min=1, max=HOURS_MAX, help="How long a stage is watched before the next.")
    ] = 72,
    silent_hours: Annotated[
        int, typer.Option(min=1, max=HOURS_MAX, help="An updated well silent for so long stops it.")
    ] = 6,
    more_alarms_percent: Annotated[
        int, typer.Option(min=0, max=100, help="So many more wells with alarms of checks stop it.")
    ] = 10,
    ratio_percent: Annotated[
        int, typer.Option(min=1, max=100, help="So much more or less energy for a cubic metre stops it.")
    ] = 10,
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Bring an update to 1 % of the wells, then 10 %, then the rest, each after a sound watch.

    Who goes first follows from the digest; drinking water goes last. Each controller checks both signatures
    itself and restarts when its pump stands and its records are stored here. After --site, the same update
    added without it goes on to the others, from 1 % on.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.updates import adding, rollout

    with spoken():
        found = _package(data, folder, board)
        settings = rollout.Settings(
            watch_hours * 3600, silent_hours * 3600, more_alarms_percent, ratio_percent
        )
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            one = adding.add(store, found, deed(by, because, document), settings, tuple(site or ()))
        values = found.values
        typer.echo(
            f"update {one.id}: firmware {values['release']}, number {values['number']}, for "
            f"{values['board']} begins at 1 % of the wells; karez gateway update status {one.id}"
        )


def _package(data: Path, folder: Path | None, board: str) -> "Package":
    from karez_gateway.errors import Refused
    from karez_gateway.updates import package
    from karez_gateway.updates.repository import Repository

    held = Repository(configuration.load(data).data / REPOSITORY)
    if bool(folder) == bool(board):
        raise Refused("name the folder of an update, or --board for the newest of the repository")
    if folder is None:
        return held.newest(board)
    if held.is_trusted:
        raise Refused("this gateway takes firmware from its repository only: --board NAME")
    return package.load(folder)


@app.command(epilog=_EXAMPLE.format("trust", "1.root.json --repository https://updates.example/karez"))
def trust(
    data: Data,
    root: Annotated[Path, typer.Argument(help="The repository's root, brought by hand.")],
    repository: Annotated[str, typer.Option(help="Its folder, or its https address.")],
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Take firmware from this TUF repository from now on, and from nowhere else.

    The root is believed because you bring it; later ones follow by its own keys.
    """
    import hashlib

    from karez_gateway import data as data_directory
    from karez_gateway.county import acts
    from karez_gateway.errors import Refused
    from karez_gateway.updates import repository as repositories

    with spoken():
        with root.open("rb") as file:
            given = file.read(repositories.ROOT_MAX + 1)
        if len(given) > repositories.ROOT_MAX:
            raise Refused(f"{root} is larger than any root of a repository")
        who, config = deed(by, because, document), configuration.load(data)
        held = repositories.Repository(config.data / REPOSITORY)
        held.prepare(given, repository)
        said = {"place": repository, "sha256": hashlib.sha256(given).hexdigest()}
        with data_directory.beside(config) as store, store.writing() as connection:
            acts.write(connection, "update-repository", who, said)
        held.trust()  # behind the act: nothing is believed of which nobody said who did it
        typer.echo(f"firmware is taken from {repository} alone")


@app.command("list", epilog=_EXAMPLE.format("list", "").rstrip())
def listed(data: Data, as_json: AsJson = False) -> None:
    """List updates, oldest first, with where their roll-out stands and why."""
    from karez_gateway import data as data_directory
    from karez_gateway.store import firmwares

    with spoken():
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            rows = [_row(connection, one) for one in firmwares.everyone(connection)]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            typer.echo(
                f"{row['update']:>4}  {row['board']:<16} {row['release']:<12} {row['number']:>6}  "
                f"{row['state']:<9} {row['why']}"
            )


@app.command(epilog=_EXAMPLE.format("status", "1"))
def status(data: Data, number: Number, as_json: AsJson = False) -> None:
    """Show what it waits for, how far each well is, in its order, and why one does not go on."""
    from karez_gateway import data as data_directory
    from karez_gateway import hostclock
    from karez_gateway.errors import Refused
    from karez_gateway.store import firmwares
    from karez_gateway.updates import stage

    with spoken():
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            one = firmwares.get(connection, number)
            if one is None:
                raise Refused(f"there is no update {number}: see `karez gateway update list`")
            row, places = _row(connection, one), firmwares.places(connection, number)
            row["waits"] = stage.waits(connection, one, places, hostclock.utc_s())
        if as_json:
            print_json(row | {"wells": [each._asdict() for each in places]})
            return
        typer.echo(f"update {number} is {row['state']}: {row['why']}")
        typer.echo(row["waits"])
        for each in places:
            typer.echo(
                f"{each.site:<16} {each.state:<12} {each.chunks:>3}/{row['chunks']}  {each.reason}".rstrip()
            )


def _row(connection: Any, one: "Firmware") -> dict[str, Any]:
    from karez_gateway.store import firmwares
    from karez_gateway.updates import package

    values = package.of(*firmwares.content(connection, one.id), one.id).values
    return {
        "update": one.id, "board": values["board"], "release": values["release"],
        "number": values["number"], "chunks": values["chunks"], "sha256": one.sha256.hex(),
        "state": one.state, "stage": one.stage, "since_utc_s": one.since_utc_s, "why": one.why,
        "settings": one.settings,
    }  # fmt: skip


def _act(verb: str, data: Path, number: int, by: str, because: str, document: str) -> None:
    from karez_gateway import data as data_directory
    from karez_gateway.updates import stage

    with spoken():
        with data_directory.beside(configuration.load(data)) as store:
            one = stage.act(store, number, verb, deed(by, because, document))
        typer.echo(f"update {number} is {one.state}")


@app.command(epilog=_EXAMPLE.format("pause", '1 --because "harvest week"'))
def pause(data: Data, number: Number, by: By = "", because: Because = "", document: Document = "") -> None:
    """Send no more, and take back from the boxes what they do not run yet.

    Within a minute those that are online drop it; one that is offline, or of an older firmware while its pump
    runs, may still restart into it. Who runs it goes on, and one on trial ends its trial.
    """
    _act("pause", data, number, by, because, document)


@app.command(epilog=_EXAMPLE.format("resume", '1 --because "well-12 had a broken meter"'))
def resume(data: Data, number: Number, by: By = "", because: Because = "", document: Document = "") -> None:
    """Let it go on at the stage where it was paused or has stopped itself.

    After a stop, what has happened so far counts no more, and the watch begins anew. After a pause all of it
    counts.
    """
    _act("resume", data, number, by, because, document)


@app.command(epilog=_EXAMPLE.format("withdraw", '1 --because "0.2.1 follows"'))
def withdraw(data: Data, number: Number, by: By = "", because: Because = "", document: Document = "") -> None:
    """End it for good: nobody else gets it, as after pause. Who runs it goes on running it."""
    _act("withdraw", data, number, by, because, document)
