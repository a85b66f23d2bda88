"""Passphrases: asked for twice when new, or taken from the environment by scripts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    from .speech import Speech

VARIABLE = "KAREZ_KEY_PASSPHRASE"


def new(speech: Speech) -> str:
    """A passphrase for a new key. Raises WrongUse when the two differ."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return given
    first = _ask(speech.text("passphrase-new"))
    if _ask(speech.text("passphrase-again")) != first:
        raise WrongUse("passphrase-differs")
    return first


def of(key: Path, speech: Speech, variable: str = VARIABLE) -> str:
    """The passphrase of a key file; `variable` may hold it, too, for a script that needs several keys."""
    given = os.environ.get(variable, os.environ.get(VARIABLE))
    if given is not None:
        return given
    return _ask(speech.text("passphrase", file=key))


def _ask(prompt: str) -> str:
    try:
        return str(typer.prompt(prompt, hide_input=True, err=True))
    except typer.Abort:  # nobody at the keyboard
        raise WrongUse("passphrase-missing", variable=VARIABLE) from None
