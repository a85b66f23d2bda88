"""What a field and a kind of the registry are, and fields that many kinds have."""

from typing import NamedTuple

from karez_gateway.county.registry import fields
from karez_gateway.county.registry.fields import Sort
from karez_gateway.county.registry.words import ALL, CLASSES, SOURCES


class Field(NamedTuple):
    """One field. `refers`: the kind whose name it holds."""

    key: str
    column: str
    en: str
    zh: str
    sort: Sort
    is_needed: bool = False
    refers: str = ""


class Kind(NamedTuple):
    """One kind: how many of its first fields make its name, and all its fields."""

    name: str
    zh: str
    named_by: int
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in files."""
        return tuple(one.column for one in self.fields)


def same(
    key: str, en: str, zh: str, sort: Sort = fields.TEXT, *, need: bool = False, refers: str = ""
) -> Field:
    """A field whose column is called as its key."""
    return Field(key, key, en, zh, sort, need, refers)


def code(key: str, en: str, zh: str) -> Field:
    """A field that makes a name."""
    return Field(key, key, en, zh, fields.CODE, is_needed=True)


def ref(key: str, kind: str, en: str, zh: str, *, need: bool = False) -> Field:
    """A field that holds the name of an object of another kind."""
    return Field(key, key, en, zh, fields.CODE, need, kind)


def with_all(words: dict[str, str]) -> Sort:
    """A choice among words, or of all of them together."""
    return fields.choice(words | {ALL: "合计"})


YEAR = same("year", "water year", "水量年度", fields.YEAR, need=True)
VOLUME = Field("volume_l", "volume_m3", "volume", "水量（立方米）", fields.CUBIC_METRES, is_needed=True)
CLASS = fields.choice(CLASSES)
SOURCE = fields.choice(SOURCES)
DOCUMENT = same("document", "document", "文号")
