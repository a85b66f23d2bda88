"""Which meter profiles there are, by protocol: the JSON documents that come with karez_protocols."""

import json
from importlib import resources
from typing import Any


def documents() -> dict[str, dict[str, Any]]:
    """Every profile by its name."""
    found = {}
    for one in resources.files("karez_protocols").joinpath("profiles").iterdir():
        name, _, ending = one.name.partition(".")
        if ending == "json":
            found[name] = json.loads(one.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def names(protocol: str) -> list[str]:
    """Names of the profiles of one protocol's meters."""
    # Documents of format 1 name no protocol: they are all of Modbus.
    return [name for name, document in documents().items() if document.get("protocol", "modbus") == protocol]
