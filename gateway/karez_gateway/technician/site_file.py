"""A site's file, TOML or JSON, as a person fills it in (docs/provisioning.md)."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from . import document, site_rules
from .errors import Faulty, WrongUse

if TYPE_CHECKING:
    from pathlib import Path

_SIZE_MAX = 65_536


def load(path: Path) -> dict[str, Any]:
    """Return what a site's file says, checked whole. Raises WrongUse, Faulty with every fault."""
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_MAX + 1 if path.is_file() else 0)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    if len(data) > _SIZE_MAX:
        raise WrongUse("site-large", file=path, most=_SIZE_MAX)
    if path.suffix.lower() == ".json":
        found = document.parse(data, path, _SIZE_MAX).value
    else:
        found = _plain(_toml(data, path))
    faults = site_rules.check(found)
    if faults:
        raise Faulty(path, faults)
    config(found, path)
    return dict(found)


def _toml(data: bytes, path: Path) -> dict[str, Any]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise WrongUse("document-encoding", file=path, line=line) from None
    if not text.strip():
        raise WrongUse("document-empty", file=path)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise WrongUse("site-toml", file=path, why=error) from None


def _plain(value: Any) -> Any:
    """TOML has days of its own; the configuration writes them as text."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def config(found: dict[str, Any], path: object) -> bytes:
    """The configuration as the controller gets it; the same file makes the same bytes. Raises WrongUse."""
    value = site_rules.config_of(found)
    data = (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
    if len(data) > document.SIZE_MAX:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > document.SIZE_MAX:
        raise WrongUse("site-config-large", file=path, size=len(data), most=document.SIZE_MAX)
    return data


def example() -> str:
    """A file to begin with, every line explained."""
    return resources.files(__package__).joinpath("site_example.toml").read_text(encoding="utf-8")
