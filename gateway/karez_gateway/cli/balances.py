"""`karez gateway balances`: rule C7 over a list, of watt-hours that are known already."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from karez_gateway.cli.speech import read, spoken
from karez_gateway.errors import Refused

BALANCES = "Example: karez gateway balances transformers.jsonl"
EXIT_FOUND = 1


def balances(
    file: Annotated[Path, typer.Argument(help="One JSON object a line; - is standard input.")],
) -> None:
    """Balance many transformers against their wells, from a file, without a data directory.

    A line: {"name": "T12", "feeder_wh": 900000, "wells": [400000, [300000, 5]]}: watt-hours of one period, a
    well's with its meter's error limit in permille where that is not 20; feeder_permille (10) and
    losses_permille (50) may be given. Each line is answered by one. Exit code 1: there is a finding.
    """
    from karez_gateway.cli.feeder import finding_of
    from karez_gateway.power import balances as listed

    is_found = False
    with spoken():
        is_piped = str(file) == "-"
        data = sys.stdin.buffer.read() if is_piped else read(file)
        answers = []
        named = "standard input" if is_piped else str(file)
        for name, found in listed.balanced(data, named):
            is_found = is_found or found.is_exceeded
            answer = {
                "name": name,
                "unexplained_wh": found.unexplained_wh,
                "uncertainty_wh": found.uncertainty_wh,
                "finding": finding_of(found),
            }
            answers.append(json.dumps(answer, ensure_ascii=False))
        if not answers:
            raise Refused(f"{named} holds no transformer: write one JSON object a line, as --help shows")
        for answer_line in answers:
            typer.echo(answer_line)
    if is_found:
        raise typer.Exit(EXIT_FOUND)
