"""Write the index of the meter profiles that a controller checks a configuration by.

python -m karez_simulators.profile_index            write it
python -m karez_simulators.profile_index --check    exit 1 if it is not what would be written
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from karez_protocols import profile_index
from karez_protocols.profile import Profile
from karez_simulators.firmware_image import PROFILES

INDEX = PROFILES / Path(profile_index.RESOURCE).name
ADDRESSES = {
    "modbus": profile_index.STATION,
    "dlt645": profile_index.DIGITS,
    "cjt188": profile_index.TYPED,
}


def row(document: dict[str, object]) -> str:
    """Return the row of one profile's document. Raises ProtocolError for one that is no profile."""
    profile = Profile(document)
    counts = profile.total or ("level_mm" if "level_mm" in profile.names else "-")
    return f"{profile.name} {profile.protocol} {counts} {ADDRESSES[profile.protocol]}"


def text() -> str:
    """Return the index of the profiles that ship, by their files' names."""
    rows = []
    for path in sorted(PROFILES.glob("*.json")):
        if not path.name.endswith(".schema.json"):
            made = row(json.loads(path.read_text(encoding="utf-8")))
            if made.split(" ")[0] != path.stem:
                raise ValueError(f"{path.name} calls itself otherwise than its file")
            rows.append(made + "\n")
    return "".join(rows)


def main(arguments: list[str]) -> int:
    """Write or check the index; return the exit code."""
    fresh = text()
    if "--check" not in arguments:
        INDEX.write_text(fresh, encoding="utf-8")
        print(f"written: {INDEX.name}")
        return 0
    if not INDEX.exists() or INDEX.read_text(encoding="utf-8") != fresh:
        print(f"{INDEX.name} is out of date: run python -m karez_simulators.profile_index")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
