"""Sentences of the quota's findings, in English and Chinese (`findings.toml`). Litres are shown as m³."""

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from karez_gateway.county.registry import fields


def m3(litres: int) -> str:
    """Litres as m³, with as many decimals as they need."""
    return ("-" if litres < 0 else "") + str(fields.CUBIC_METRES.show(abs(litres)))


def sentence(rule: str, where: str, values: Mapping[str, str | int], language: str) -> str:
    """The sentence of a finding."""
    shown = {
        name: m3(value) if name.endswith("_l") and isinstance(value, int) else value
        for name, value in values.items()
    }
    return str(table("findings")[rule][language]).format(where=where, **shown)


@functools.cache
def table(name: str) -> dict[str, Any]:
    """A table of this package's data."""
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
