"""The registry as tables and workbooks: what is written reads back as the same registry (rows.py).

Cells are texts as people write them, with the unit of their column. In a workbook a number is a number, as
long as a spreadsheet keeps all its digits; names stay text, so that 007 is not 7.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from karez_gateway.county.files.csv_file import guarded
from karez_gateway.county.files.rows import EFFECTIVE, EFFECTIVE_ZH, END, END_ZH
from karez_gateway.county.files.sheets import ABOUT
from karez_gateway.county.files.workbook import Number, Page, write_book
from karez_gateway.county.registry.field import Field, Kind
from karez_gateway.county.registry.fields import Sort, Value
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.wording import LANGUAGES, SORTS
from karez_gateway.exports import writers
from karez_gateway.exports.table import Column, Table
from karez_gateway.verifier.plurals import filled

DIGITS_KEPT = 15
BESIDE = (Column(END, END_ZH), Column(EFFECTIVE, EFFECTIVE_ZH))
GUIDE = (
    Column("kind", "类别"),
    Column("kind_zh", "类别名称"),
    Column("column", "列"),
    Column("column_zh", "列名"),
    Column("meaning", "含义（英文）"),
    Column("needed", "必填"),
    Column("refers_to", "引用"),
    Column("written", "写法（英文）"),
    Column("written_zh", "写法"),
)
_SINCE_SAYS = (
    "a day such as 2026-07-01; empty: as --effective says, else from now on",
    "日期，如 2026-07-01；留空：按 --effective，否则自导入时起",
)
_END_SAYS = ("yes ends the object; the other cells may be empty", "填“是”即注销；其他单元格可留空")


def shown(one: Field, value: Value | None, language: str = "en") -> str:
    """A value as its cell has it; words of a choice in the language."""
    if value is None:
        return ""
    text = one.sort.show(value)
    return one.sort.words.get(text, text) if language == "zh" else text


def texts(registry: Registry, kind: Kind, language: str = "en") -> Iterator[tuple[str, ...]]:
    """A row of texts for each object of a kind, by name."""
    return texts_of(kind, (values for _, values in registry.of_kind(kind.name)), language)


def texts_of(kind: Kind, objects: Iterable[Values], language: str = "en") -> Iterator[tuple[str, ...]]:
    """The same of objects that are not in a registry, or not yet whole."""
    for values in objects:
        yield tuple(shown(one, values.get(one.key), language) for one in kind.fields)


def table(kind: Kind, rows: Iterator[tuple[str, ...]], *, with_end: bool = False) -> Table:
    """Rows of a kind as a CSV table; with the empty columns `end` and `effective` for a template."""
    columns = (*(Column(one.column, one.zh) for one in kind.fields), *(BESIDE if with_end else ()))
    return Table(kind.name, columns, (tuple(guarded(cell) for cell in row) for row in rows), {})


def csv(registry: Registry, kind: Kind, file: IO[bytes], *, language: str, bom: bool = False) -> int:
    """Write a kind as CSV; return how many rows."""
    return writers.write(table(kind, texts(registry, kind, language)), file, "csv", language, bom=bom)


def book(registry: Registry, kinds: list[Kind], file: IO[bytes], *, language: str) -> int:
    """Write kinds as a workbook, a sheet for each, and one that explains; return how many rows."""
    pages = [_page(registry, one, language) for one in kinds]
    count = sum(len(one.rows) for one in pages)
    write_book(file, [*pages, _guide_page(kinds, language)])
    return count


def _page(registry: Registry, kind: Kind, language: str) -> Page:
    at = LANGUAGES.index(language)
    header = [(one.column, one.zh)[at] for one in kind.fields] + [
        (END, END_ZH)[at],
        (EFFECTIVE, EFFECTIVE_ZH)[at],
    ]
    rows = [
        [_typed(one, cell) for one, cell in zip(kind.fields, row, strict=True)]
        for row in texts(registry, kind, language)
    ]
    choices = {
        number: tuple((one.sort.words, one.sort.words.values())[at])
        for number, one in enumerate(kind.fields)
        if one.sort.words
    }
    is_text = [one.sort.places is None for one in kind.fields] + [True, True]
    return Page((kind.name, kind.zh)[at], header, rows, is_text, choices)


def _typed(one: Field, text: str) -> str | Number:
    is_number = one.sort.places is not None and text and len(text.replace(".", "")) <= DIGITS_KEPT
    return Number(text) if is_number else text


def _guide_page(kinds: list[Kind], language: str) -> Page:
    header = guide_table(kinds).header(language)
    rows: list[list[str | Number]] = [list(row) for row in guide(kinds)]
    return Page(ABOUT[LANGUAGES.index(language)], header, rows, [True] * len(GUIDE), {})


def guide_table(kinds: list[Kind]) -> Table:
    """What each column means and how it is written, in both languages."""
    return Table("columns", GUIDE, guide(kinds), {})


def guide(kinds: list[Kind]) -> Iterator[tuple[str, ...]]:
    """Its rows."""
    for kind in kinds:
        for number, one in enumerate(kind.fields):
            needed = "name" if number < kind.named_by else "yes" if one.is_needed else ""
            written, written_zh = (how_written(one.sort, language) for language in LANGUAGES)
            yield kind.name, kind.zh, one.column, one.zh, one.en, needed, one.refers, written, written_zh
        yield kind.name, kind.zh, END, END_ZH, "end of the object", "", "", *_END_SAYS
        yield (
            kind.name,
            kind.zh,
            EFFECTIVE,
            EFFECTIVE_ZH,
            "day from which the row holds",
            "",
            "",
            *_SINCE_SAYS,
        )


def how_written(sort: Sort, language: str) -> str:
    """How a sort of cell is written."""
    words: Mapping[str, str] = sort.words
    known = "、".join(words.values()) if language == "zh" else ", ".join(words)
    return filled(SORTS[sort.says][LANGUAGES.index(language)], {"words": known, "places": sort.places})
