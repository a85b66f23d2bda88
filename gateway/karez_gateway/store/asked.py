"""Many rows asked for at once: a statement for each of a county's controllers takes a minute."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

ASKED_MAX = 5000  # SQLite takes 32,766 parameters in one statement


def parts(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists that one statement can name."""
    wanted = list(values)
    for at in range(0, len(wanted), ASKED_MAX):
        yield wanted[at : at + ASKED_MAX]
