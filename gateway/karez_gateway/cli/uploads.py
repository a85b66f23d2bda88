"""`karez gateway uploads`, `pause`, `resume` and `resend`: the queues of the platforms, for an operator."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.orders import user
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken

if TYPE_CHECKING:
    from karez_gateway.uploads.acts import Person

UPLOADS = "Example: karez gateway uploads --data /var/lib/karez"
PAUSE = 'Example: karez gateway pause --data /var/lib/karez city --because "they move their server"'
RESUME = "Example: karez gateway resume --data /var/lib/karez city"
RESEND = "Example: karez gateway resend --data /var/lib/karez city --from 2026-11-01 --to 2026-11-08"

Platform = Annotated[str, typer.Argument(help="Name of the platform in gateway.toml.")]
By = Annotated[str, typer.Option("--by", help="Who does it; without it the user of this machine.")]
Because = Annotated[str, typer.Option("--because", help="Why; stands in the list of what was done.")]


def uploads(data: Data, as_json: AsJson = False) -> None:
    """Show each platform: its state, what waits, its last receipt, what people did to it."""
    from karez_gateway import data as data_directory
    from karez_gateway.uploads import status as uploadstatus
    from karez_gateway.uploads import text as uploadtext

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = uploadstatus.everything(store, config)
        if as_json:
            print_json(found)
            return
        for one in found:
            typer.echo("\n".join(uploadtext.lines(one)))
            for act in one["actions"]:
                typer.echo(f"    {uploadtext.did(act)}")
        if not found:
            typer.echo("gateway.toml names no platform: see [[destination]]")


def _person(by: str, because: str) -> "Person":
    from karez_gateway.uploads.acts import Person

    return Person(by or user(), because)


def _say(data: Path, text: str) -> None:
    """What was done, and from when on."""
    from karez_gateway import data as data_directory
    from karez_gateway.service import servicestate

    service = servicestate.read(configuration.load(data).data / data_directory.SERVICE)
    is_running = servicestate.is_running(service)
    typer.echo(text if is_running else f"{text}; the service does not run now")


def pause(data: Data, platform: Platform, by: By = "", because: Because = "") -> None:
    """Send nothing to a platform until it is resumed, also after a restart.

    Its reports are queued meanwhile, and no other platform is concerned.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.uploads import acts as uploadacts

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            uploadacts.pause(store, config, platform, _person(by, because))
        _say(data, f"{platform} is paused; its reports wait")


def resume(data: Data, platform: Platform, by: By = "", because: Because = "") -> None:
    """Let a paused platform have its reports."""
    from karez_gateway import data as data_directory
    from karez_gateway.uploads import acts as uploadacts

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            uploadacts.resume(store, config, platform, _person(by, because))
        _say(data, f"{platform} goes on")


def resend(
    data: Data,
    platform: Platform,
    from_utc: Annotated[
        str, typer.Option("--from", help="First time, UTC: 2026-11-01 or 2026-11-01T08:00Z.")
    ],
    to_utc: Annotated[str, typer.Option("--to", help="Time before which it ends, UTC.")],
    controller: Annotated[str, typer.Option(help="Only this controller's reports.")] = "",
    by: By = "",
    because: Because = "",
) -> None:
    """Send a platform its reports of a range of time again.

    They go behind the new ones. Platforms take them as repeats; each gets a receipt of its own, and
    the old receipts stay.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.uploads import acts as uploadacts

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            uploadacts.resend(
                store,
                config,
                platform,
                _person(by, because),
                from_utc_s=uploadacts.time_of(from_utc),
                to_utc_s=uploadacts.time_of(to_utc),
                controller=controller,
            )
        _say(data, f"{platform} gets it again; see karez gateway uploads")
