"""The registry as it stood at a moment: every object by kind and name. Pure: rows in, objects out."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from karez_gateway.county.registry.fields import Value
from karez_gateway.county.registry.kinds import KINDS

Values = Mapping[str, Value]


class Object(NamedTuple):
    """One version of one object. `values` None: it ended with this version."""

    kind: str
    name: str
    version: int
    values: Values | None
    act_id: int
    effective_utc_s: int


@dataclass(slots=True)
class Registry:
    """Objects in force, by kind and name."""

    objects: dict[str, dict[str, Object]] = field(default_factory=lambda: {kind: {} for kind in KINDS})

    @classmethod
    def of(cls, versions: Iterable[Object], at_utc_s: int | None = None) -> "Registry":
        """Take versions in rising order of each object; those that hold later than a moment do not count."""
        found = cls()
        for one in versions:
            if at_utc_s is not None and one.effective_utc_s > at_utc_s:
                continue
            if one.values is None:
                found.objects[one.kind].pop(one.name, None)
            else:
                found.objects[one.kind][one.name] = one
        return found

    def of_kind(self, kind: str) -> Iterator[tuple[str, Values]]:
        """(name, values) of a kind, by name."""
        for name in sorted(self.objects[kind]):
            yield name, self[kind, name]

    def get(self, kind: str, name: Value | None) -> Values | None:
        """Values of one, None if there is no such."""
        found = self.objects[kind].get(str(name))
        return None if found is None else found.values

    def __getitem__(self, key: tuple[str, str]) -> Values:
        """Values of one that is there. Raises KeyError."""
        values = self.objects[key[0]][key[1]].values
        if values is None:
            raise KeyError(key)
        return values

    def with_changes(self, changes: Iterable[Object]) -> "Registry":
        """A registry with these on top of this one."""
        out = Registry({kind: dict(those) for kind, those in self.objects.items()})
        for one in changes:
            if one.values is None:
                out.objects[one.kind].pop(one.name, None)
            else:
                out.objects[one.kind][one.name] = one
        return out


def name_of(kind: str, values: Values) -> str:
    """An object's name: its key fields, joined by a slash."""
    those = KINDS[kind].fields[: KINDS[kind].named_by]
    return "/".join(str(values[one.key]) for one in those)


def canonical(values: Values | None) -> str:
    """Values as the store and every digest have them: one JSON text, keys in order; empty when it ended."""
    if values is None:
        return ""
    return json.dumps(dict(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
