"""`karez bench …`: simulated wells, meters and platforms on a desk."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_simulators import (
    cli_detection,
    cli_meters,
    cli_platform,
    cli_platform_compare,
    cli_scenarios,
    cli_wells,
    cli_witness,
    cli_words,
    cli_world,
)
from karez_simulators.cli_words import FAILED, INTERRUPTED, Broker, Lang
from karez_simulators.fleet import cli as cli_fleet

if TYPE_CHECKING:
    from karez_simulators.play import Part
    from karez_simulators.scenario import Scenario

app = typer.Typer(
    help="A well on your desk: real firmware, real meters on a line, broker, gateway and platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command(epilog=cli_meters.EPILOG)(cli_meters.meters)
app.command(epilog=cli_scenarios.EPILOG)(cli_scenarios.scenarios)
app.command(epilog=cli_wells.EPILOG)(cli_wells.wells)
app.command(epilog=cli_witness.EPILOG)(cli_witness.witness)
app.command(epilog=cli_detection.EPILOG)(cli_detection.detection)
app.command(epilog=cli_fleet.EPILOG)(cli_fleet.fleet)
app.command(epilog=cli_world.EPILOG)(cli_world.world)
cli_platform.app.command(epilog=cli_platform_compare.EPILOG)(cli_platform_compare.compare)
app.add_typer(cli_platform.app, name="platform")

DEMO = ("one-litre", "tampered-well", "converted-well")

BrokerPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of the (first) broker; 0 = any free one.")
]
PlatformPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of the (first) platform; 0 = any free one.")
]
Keep = Annotated[Path | None, typer.Option(help="Keep everything in this new folder afterwards.")]
Stay = Annotated[bool, typer.Option("--stay", help="Keep desk and page up afterwards, until q or Ctrl-C.")]
Picture = Annotated[Path | None, typer.Option(help="Write what was shown as an SVG picture.")]


@app.command(epilog="Example: karez bench demo --lang zh")
def demo(
    broker: Broker = "in-process",
    broker_port: BrokerPort = 0,
    platform_port: PlatformPort = 0,
    keep: Keep = None,
    lang: Lang = "",
    picture: Picture = None,
) -> None:
    """Play the main job: one litre from meter register to platform receipt, checked act by act.

    Beside it, on desks of their own: a well whose meter is bypassed and swapped, one without a flow meter.
    """
    _play(DEMO, "demo", broker, (broker_port, platform_port), keep, lang, picture)


@app.command(epilog="Example: karez bench run one-litre --broker mosquitto")
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario (see `scenarios`), or a .toml file.")],
    broker: Broker = "in-process",
    broker_port: BrokerPort = 0,
    platform_port: PlatformPort = 0,
    keep: Keep = None,
    lang: Lang = "",
    picture: Picture = None,
    *,
    stay: Stay = False,
) -> None:
    """Play a scenario; its verdict is the exit code: 0 every check held, 1 not, 2 it could not be played.

    On a terminal keys are hands at the desk: s start, x stop, d door, m magnet, c mains, a antenna.
    """
    ports = (broker_port, platform_port)
    _play((scenario,), f"run {scenario}", broker, ports, keep, lang, picture, is_staying=stay)


def _check_folders(keep: Path | None, picture: Path | None) -> None:
    """Refuse before a minute's play what could not be written after it."""
    try:
        if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise cli_words.refuse(f"--keep {keep} is not empty: name a new folder")
        if picture is not None and (picture.is_dir() or not os.access(picture.absolute().parent, os.W_OK)):
            raise cli_words.refuse(
                f"--picture {picture} cannot be written: name a file in a folder that is yours"
            )
    except OSError as error:
        raise cli_words.refuse(f"{error.filename}: {error.strerror}") from None


def _play(
    names: tuple[str, ...],
    words: str,
    broker: str,
    ports: tuple[int, int],
    keep: Path | None,
    lang: str,
    picture: Path | None,
    *,
    is_staying: bool = False,
) -> None:
    try:
        from karez_simulators import play, scenario

        language = cli_words.language(lang)
        cli_words.check_broker(broker)
        _check_folders(keep, picture)
        cli_words.spell_what_it_can()
        try:
            parts = _parts([scenario.load(name) for name in names], broker, ports)
            held = _show(parts, f"karez bench {words}", keep, language, picture, is_staying=is_staying)
        except scenario.ScenarioError as error:
            raise cli_words.refuse(*error.faults) from None
        except play.EXPECTED as error:
            raise cli_words.refuse(str(error)) from None
        except play.Stopped:
            raise KeyboardInterrupt from None
    except KeyboardInterrupt:
        typer.echo("karez bench: stopped; nothing is left running", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if held else FAILED)


def _parts(scenarios: "list[Scenario]", broker: str, ports: tuple[int, int]) -> "list[Part]":
    """What stands on each desk. Ports asked for are the first one's: it is up when the next comes."""
    from karez_simulators.desk import Plan

    return [
        (one, Plan(one.well, one.settings, one.meters, broker, *own, use=one.use))
        for one, own in zip(scenarios, [ports] + [(0, 0)] * (len(scenarios) - 1), strict=True)
    ]


def _show(
    parts: "list[Part]",
    command: str,
    keep: Path | None,
    language: str,
    picture: Path | None,
    *,
    is_staying: bool,
) -> bool:
    """Play on the stage; return whether every check held."""
    from rich.console import Console

    from karez_simulators import play, stage

    show = stage.Stage([scenario for scenario, _ in parts], language, Console())
    with show:
        held = play.run(parts, show, keep, is_staying=is_staying)
    show.close()
    if picture is not None:
        show.save_picture(picture, command)
    return held
