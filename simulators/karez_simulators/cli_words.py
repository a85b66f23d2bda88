"""What the verbs of `karez bench` share: exit codes, options, and how they refuse."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import io
import os
import sys
from typing import Annotated

import typer

FAILED = 1
UNUSABLE = 2
INTERRUPTED = 130

Broker = Annotated[str, typer.Option(help="in-process, or mosquitto (the real one, if installed).")]
Lang = Annotated[str, typer.Option(help="en or zh; default from LANG.")]


def refuse(*texts: str) -> typer.Exit:
    """Say why it cannot be done, a line for each reason; return the exit to raise."""
    for text in texts:
        typer.echo(f"karez bench: {' '.join(text.split())}", err=True)
    return typer.Exit(UNUSABLE)


def language(lang: str) -> str:
    """Return "en" or "zh": what was asked for, else what the terminal speaks."""
    if lang not in ("", "en", "zh"):
        raise refuse(f"--lang {lang}: en or zh")
    named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return lang or ("zh" if named.lower().startswith("zh") else "en")


def check_broker(broker: str) -> None:
    """Refuse a broker that there is not."""
    from karez_simulators.desk import BROKERS

    if broker not in BROKERS:
        raise refuse(f"--broker {broker} is not known; known: {', '.join(BROKERS)}")


def spell_what_it_can() -> None:
    """A terminal in GBK or Latin-1 has no ✓: it shows a question mark, and the play goes on."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
