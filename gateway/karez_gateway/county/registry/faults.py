"""Findings about the registry: which object, which field, which sentence with which facts."""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.registry.wording import LANGUAGES, SENTENCES
from karez_gateway.errors import Refused
from karez_gateway.verifier.plurals import filled

Facts = tuple[tuple[str, str | int], ...]
SHOWN_MAX = 40  # characters of a value that stands in a sentence


def facts_of(values: Mapping[str, str | int]) -> Facts:
    """Facts as a finding holds them: it can be compared and kept in a set."""
    return tuple((name, _shown(value)) for name, value in sorted(values.items()))


def _shown(value: str | int) -> str | int:
    return value if isinstance(value, int) or len(value) <= 400 else value[:400] + "…"


def sentence(what: str, facts: Facts, language: str = "en") -> str:
    """The sentence of a name of wording.py. A fact `x_zh` stands for x in Chinese."""
    values = dict(facts)
    if language == "zh":
        values |= {name.removesuffix("_zh"): value for name, value in facts if name.endswith("_zh")}
    return filled(SENTENCES[what][LANGUAGES.index(language)], values)


class Fault(NamedTuple):
    """One finding. `field` is a key of the kind's fields, "" where it is about the whole object."""

    kind: str
    name: str
    field: str
    what: str
    facts: Facts = ()

    def text(self, language: str = "en") -> str:
        """What is wrong and what to do."""
        return sentence(self.what, self.facts, language)


class BadCell(Refused):
    """A cell that cannot be read; its text is the English sentence."""

    def __init__(self, what: str, **values: str | int) -> None:
        """Take the sentence's name and its facts."""
        short = {
            name: value[:SHOWN_MAX] if name == "text" and isinstance(value, str) else value
            for name, value in values.items()
        }
        self.what, self.facts = what, facts_of(short)
        super().__init__(sentence(what, self.facts))
