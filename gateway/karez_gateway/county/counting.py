"""Counts as a sentence says them: one site, two sites. Pure."""


def counted(number: int, one: str, many: str = "") -> str:
    """A count with its noun, and the verb where it follows; `many`: of all but one, else `one` with an s.

    Chinese has no plural and needs none of this.
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
