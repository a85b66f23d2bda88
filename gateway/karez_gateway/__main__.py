"""The `karez` command: one verb group per person, each imported only when it is asked for.

Groups register by entry point `karez.commands`. The help of `karez` itself comes from the
table below, because importing five groups to print five lines would cost a second.
"""

import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

ENTRY_POINTS = "karez.commands"
EXIT_NOT_INSTALLED = 2

# Group -> (one line of help, the pip extra that brings what it needs).
GROUPS = {
    "bench": ("Simulated wells, meters and platforms: demo, scenarios, one device at a time.", "bench"),
    "decode": ("What is this frame? Captures, field by field, good or bad and why.", ""),
    "gateway": (
        "The county side: init, run, status, enrol, grant, order, keys, command, export …",
        "gateway",
    ),
    "regulator": ("The office's side: sign rights, orders and lists of keys, trusting no gateway.", ""),
    "tech": ("At the well: read, compare, apply, take evidence along; one serial line, offline.", "tech"),
    "verify": ("Prove an evidence bundle offline.", ""),
}


def _found() -> dict[str, EntryPoint]:
    return {one.name: one for one in entry_points(group=ENTRY_POINTS)}


class _Groups(TyperGroup):
    """Knows its sub-commands by name and help; imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        return sorted(_found())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the same
        if cmd_name not in _found():
            return None
        return TyperCommand(cmd_name, help=GROUPS.get(cmd_name, ("", ""))[0])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        points = _found()
        if args and args[0] in points:
            return args[0], typer.main.get_command(points[args[0]].load()), args[1:]
        return super().resolve_command(ctx, args)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"karez {version('karez')}")
        raise typer.Exit


app = typer.Typer(
    cls=_Groups,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def karez(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Karez: metered irrigation wells, from meter register to platform receipt."""


def _say_missing(error: ModuleNotFoundError) -> None:
    """One clear line when a package for a verb is not installed."""
    missing = error.name or "?"
    group = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    _, extra = GROUPS.get(group, ("", ""))
    if missing.split(".")[0].startswith("karez_"):
        why = f"not part of this installation ({missing} is missing)"
    else:
        install = f"karez[{extra}]" if extra else "karez"
        why = f"package {missing} is missing. Install it with: pip install '{install}'"
    typer.echo(f"karez {group}: {why}", err=True)


def main() -> None:
    """Entry point of the `karez` command."""
    try:
        app(prog_name="karez")
    except ModuleNotFoundError as error:
        _say_missing(error)
        sys.exit(EXIT_NOT_INSTALLED)


if __name__ == "__main__":
    main()
