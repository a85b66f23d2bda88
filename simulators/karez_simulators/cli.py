"""`karez bench …`: simulated wells, meters and platforms on a desk."""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A well on your desk: real firmware, real meters on a line, broker, gateway and platform.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FAILED = 1
UNUSABLE = 2
INTERRUPTED = 130

DEMO = "one-litre"

Broker = Annotated[str, typer.Option(help="in-process, or mosquitto (the real one, if installed).")]
BrokerPort = Annotated[int, typer.Option(min=0, max=65535, help="Port of the broker; 0 = any free one.")]
PlatformPort = Annotated[int, typer.Option(min=0, max=65535, help="Port of the platform; 0 = any free one.")]
Keep = Annotated[Path | None, typer.Option(help="Keep everything in this new folder afterwards.")]
Lang = Annotated[str, typer.Option(help="en or zh; default from LANG.")]
Picture = Annotated[Path | None, typer.Option(help="Write the last page as an SVG picture.")]


def _refuse(text: str) -> typer.Exit:
    typer.echo(f"karez bench: {text}", err=True)
    return typer.Exit(UNUSABLE)


def _language(lang: str) -> str:
    if lang not in ("", "en", "zh"):
        raise _refuse(f"--lang {lang}: en or zh")
    named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return lang or ("zh" if named.lower().startswith("zh") else "en")


@app.command(epilog="Example: karez bench demo --lang zh")
def demo(
    broker: Broker = "in-process",
    broker_port: BrokerPort = 0,
    platform_port: PlatformPort = 0,
    keep: Keep = None,
    lang: Lang = "",
    picture: Picture = None,
) -> None:
    """Play the main job: one litre from meter register to platform receipt, checked act by act."""
    _play(DEMO, broker, broker_port, platform_port, keep, lang, picture)


@app.command(epilog="Example: karez bench run one-litre --broker mosquitto")
def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario (see `scenarios`), or a .toml file.")],
    broker: Broker = "in-process",
    broker_port: BrokerPort = 0,
    platform_port: PlatformPort = 0,
    keep: Keep = None,
    lang: Lang = "",
    picture: Picture = None,
) -> None:
    """Play a scenario; its verdict is the exit code: 0 every check held, 1 not, 2 it could not be played."""
    _play(scenario, broker, broker_port, platform_port, keep, lang, picture)


@app.command(epilog="Example: karez bench scenarios")
def scenarios() -> None:
    """List the scenarios that ship with karez."""
    from karez_simulators import scenario  # noqa: PLC0415 - start-up time

    for name in scenario.names():
        typer.echo(f"{name:<20} {scenario.load(name).title}")


def _play(
    name: str,
    broker: str,
    broker_port: int,
    platform_port: int,
    keep: Path | None,
    lang: str,
    picture: Path | None,
) -> None:
    from rich.console import Console  # noqa: PLC0415 - start-up time

    from karez_simulators import play, scenario, stage  # noqa: PLC0415
    from karez_simulators.desk import BROKERS, Plan  # noqa: PLC0415
    from karez_simulators.firmware_image import VmMissingError  # noqa: PLC0415

    language = _language(lang)
    if broker not in BROKERS:
        raise _refuse(f"--broker {broker} is not known; known: {', '.join(BROKERS)}")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise _refuse(f"--keep {keep} is not empty: name a new folder")
    try:
        chosen = scenario.load(name)
    except scenario.ScenarioError as error:
        raise _refuse(str(error)) from None
    console = Console(record=picture is not None)
    plan = Plan(chosen.well, chosen.settings, broker, broker_port, platform_port)
    show = stage.Stage(chosen, language, console)
    try:
        with show:
            held = play.run(chosen, show, plan, keep)
    except (KeyboardInterrupt, play.Stopped):
        typer.echo("karez bench: stopped; nothing is left running", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (*play.EXPECTED, VmMissingError) as error:
        raise _refuse(str(error)) from None
    show.close()
    if picture is not None:
        console.save_svg(str(picture), title="karez bench demo")
    raise typer.Exit(0 if held else FAILED)
