"""Presets: limits, ceilings and targets of known places as the registry's import files (`presets/`)."""

import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

from karez_gateway.county.quota import synthetic
from karez_gateway.county.quota.synthetic import Row
from karez_gateway.county.registry.fields import Value
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import Object, Registry, name_of
from karez_gateway.errors import Refused
from karez_gateway.exports.table import Column, Table

NAMES = ("turpan", "changji")
L_PER_E4_M3 = 10_000_000
TARGETS = "targets"  # no kind of the registry: for people, and for who draws the way to them
_TARGET_COLUMNS = (
    Column("what", "指标"),
    Column("region", "区域"),
    Column("year", "年份"),
    Column("value", "数值"),
    Column("unit", "单位"),
    Column("row", "来源条目"),
)


def read(name: str) -> dict[str, Any]:
    """A preset's data. Raises Refused for one that we do not have."""
    if name not in NAMES:
        raise Refused(f"there is no preset {name!r}: one of {', '.join(NAMES)}")
    path = resources.files(__package__).joinpath("presets", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def rows(name: str) -> list[Row]:
    """Objects of the registry, kind and values, each after those that it names."""
    data = read(name)
    found = [(kind, _values(kind, one)) for kind in ("region", "ceiling") for one in data.get(kind, ())]
    limits = list(_limits(data["limits"]))
    found += [("limit", one) for one in limits]
    if "synthetic" in data:
        year = data["synthetic"]["year"]
        litres = {
            (str(one["region"]), str(one["source"])): int(one["volume_l"])
            for one in limits
            if one["year"] == year
        }
        found += synthetic.fleet(data["synthetic"], litres)
    return found


def registry(those: Iterable[Row]) -> Registry:
    """The same as a registry in memory."""
    return Registry.of(Object(kind, name_of(kind, values), 1, values, 0, 0) for kind, values in those)


def tables(name: str) -> Iterator[tuple[str, Table]]:
    """(file's stem, table) for each kind that the preset has, and its targets. Import them in this order."""
    of_kind: dict[str, list[dict[str, Value]]] = {}
    for kind, values in rows(name):
        of_kind.setdefault(kind, []).append(values)
    for kind in KINDS:
        if kind in of_kind:
            yield kind, _table(name, kind, of_kind[kind])
    keys = [one.key for one in _TARGET_COLUMNS]
    targets = (tuple(str(one[key]) for key in keys) for one in read(name)["target"])
    yield TARGETS, Table(TARGETS, _TARGET_COLUMNS, targets, {"preset": name})


def _table(name: str, kind: str, those: list[dict[str, Value]]) -> Table:
    fields = KINDS[kind].fields
    columns = tuple(Column(one.column, one.zh) for one in fields)
    cells = (
        tuple(str(one.sort.show(values[one.key])) if one.key in values else "" for one in fields)
        for values in those
    )
    return Table(kind, columns, cells, {"preset": name})


def _values(kind: str, cells: dict[str, str]) -> dict[str, Value]:
    fields = {one.column: one for one in KINDS[kind].fields}
    return {fields[column].key: fields[column].sort.read(text) for column, text in cells.items()}


def _limits(data: dict[str, Any]) -> Iterator[dict[str, Value]]:
    rounding_l = data["rounding_e4_m3"] * L_PER_E4_M3
    for row in data["row"]:
        # A year for which the document gives the whole alone has one figure.
        for region, volume in zip(data["regions"], row["e4_m3"], strict=False):
            values = {key: row[key] for key in ("year", "class", "source", "document")}
            yield {**values, "region": region, "volume_l": volume * L_PER_E4_M3} | (
                {"rounding_l": rounding_l} if rounding_l else {}
            )
