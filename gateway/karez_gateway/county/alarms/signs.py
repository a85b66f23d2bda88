"""What a rule says of one subject at one line, and lines that do not flap."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

REGION, SITE, HOLDER, METER, PLATFORM = "region", "site", "holder", "meter", "platform"
FIRMWARE = "firmware"  # by the number of its update
KINDS = (REGION, SITE, HOLDER, METER, PLATFORM, FIRMWARE)

NOTICE, WARNING, URGENT = "notice", "warning", "urgent"
SEVERITIES = (NOTICE, WARNING, URGENT)

Fact = str | int


class Key(NamedTuple):
    """What makes two alarms the same one: rule, subject, line."""

    rule: str
    kind: str
    subject: str
    line: str


class Sign(NamedTuple):
    """`holds` None: between the line at which it is raised and the one at which it is over."""

    key: Key
    holds: bool | None
    severity: str = WARNING
    value: int = 0  # what the rule measures, in the unit that its words name
    facts: Mapping[str, Fact] = {}
    utc_s: int | None = None  # of the record that says so; None: of now


def crossed(value: int, lines: Sequence[int], margin: int) -> Iterator[tuple[int, bool | None]]:
    """(line, holds) of rising lines: the highest one reached holds, those below it stay as they are.

    Above a line less its margin it stays as it is, too; lines that are not given are over.
    """
    reached = max((line for line in lines if value >= line), default=None)
    for line in sorted(lines):
        if line == reached:
            yield line, True
        elif value >= line - margin:
            yield line, None
