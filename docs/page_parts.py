"""What this folder's generators share: parts of a page, each between two lines that name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BEGIN = "<!-- {}: written by docs/{} -->"
END = "<!-- end of {} -->"


def filled(text: str, page: str, generator: str, parts: Mapping[str, Callable[[], list[str]]]) -> str:
    """The page's text with its parts as they are now. Raises SystemExit where a part has no place."""
    for name, part in parts.items():
        begin, end = BEGIN.format(name, generator), END.format(name)
        before, has_begin, rest = text.partition(begin)
        _, has_end, after = rest.partition(end)
        if not has_begin or not has_end:
            raise SystemExit(f"{page} has lost the two lines between which {name} stand")
        text = "\n".join([before + begin, "", *part(), "", end + after])
    return text


def main(
    page: Path, generator: str, parts: Mapping[str, Callable[[], list[str]]], arguments: list[str]
) -> int:
    """Write the page, or with --check only look whether it is up to date; return the exit code."""
    text = page.read_text(encoding="utf-8")
    fresh = filled(text, page.name, generator, parts)
    if fresh == text:
        return 0
    if "--check" in arguments:
        print(f"{page.name} is out of date: run python docs/{generator}")
        return 1
    page.write_text(fresh, encoding="utf-8")
    print(f"written: {page.name}")
    return 0
