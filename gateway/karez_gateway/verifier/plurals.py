"""Sentences with counts: `{count:grant|grants}` says "1 grant" and "2 grants". Pure.

Behind the colon stands what follows the count, for one and for any other number; a verb that goes with it
stands there, too: `{count:well gets|wells get} less`. Chinese has no plural and needs none of this.
"""

from collections.abc import Mapping
from string import Formatter
from typing import Any

ONE = "1"
PARTED = "|"


class Plurals(Formatter):
    """As `str.format`, and a format with a bar in it is a noun in its two numbers."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """One field; a count may be a number or a text that shows one, such as 1,200."""
        if PARTED not in format_spec:
            return str(super().format_field(value, format_spec))
        one, many = format_spec.split(PARTED)
        return f"{value} {one if str(value) == ONE else many}"


_PLURALS = Plurals()


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The sentence. Raises KeyError for a value that is not there."""
    return _PLURALS.vformat(template, (), values)
