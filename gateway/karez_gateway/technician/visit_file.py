"""The working file of a visit: what was answered, found and left out so far, written after every step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import document
from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

FORMAT, VERSION = "karez-visit", 1
_SIZE_MAX = 1 << 20
_MEMBERS = {
    "kind": str,
    "begun_utc_s": int,
    "quantities": list,
    "answers": dict,
    "found": dict,
    "skipped": dict,
}


@dataclass
class Visit:
    """One visit, as far as it has come. `answers`, `found`, `skipped`: by the step's name."""

    kind: str
    begun_utc_s: int
    quantities: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> dict[str, Any]:
        """Steps that were done or left out."""
        return {**self.found, **self.skipped}

    @property
    def pulses(self) -> list[str]:
        """Meters that send pulses, by quantity."""
        meters = self.found.get("config", self.found.get("box", {})).get("meters", {})
        return [one for one, meter in meters.items() if "pulse_milli" in meter]

    def save(self, path: Path) -> None:
        """Write it whole or not at all. Raises WrongUse."""
        value = {"format": FORMAT, "version": VERSION, **{name: getattr(self, name) for name in _MEMBERS}}
        data = (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
        document.write(path, data, is_replaced=True)


def load(path: Path, kind: str) -> Visit:
    """The visit in a working file, which must be of this kind. Raises WrongUse."""
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_MAX + 1)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    value = document.parse(data, path, _SIZE_MAX).value
    is_ours = isinstance(value, dict) and value.get("format") == FORMAT and value.get("version") == VERSION
    if not is_ours or any(not isinstance(value.get(name), sort) for name, sort in _MEMBERS.items()):
        raise WrongUse("visit-file", file=path)
    if value["kind"] != kind:
        raise WrongUse("visit-kind", file=path, kind=value["kind"])
    return Visit(**{name: value[name] for name in _MEMBERS})
