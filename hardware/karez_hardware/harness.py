"""Harnesses: WireViz draws wiring/*.yml; here they are read, compared with the terminals, and stamped."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import drawing
from .tables import ROOT, BadTableError, rows_of

TERMINALS = ("terminal", "pin", "label", "net", "leads_to", "wire_mm2", "volts", "note")
WIREVIZ_S = 120
MISSING = "pip install 'karez[hardware]', apt-get install graphviz"


def sources(root: Path = ROOT) -> list[Path]:
    """The harnesses, in order."""
    return sorted((root / "wiring").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """Return a harness as WireViz would read it. Raises BadTableError."""
    import yaml  # noqa: PLC0415 - of the extra `hardware`

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadTableError(f"{path.name}: is no YAML: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("connectors"), dict):
        raise BadTableError(f"{path.name}: has no connectors")
    return found


def terminals(root: Path = ROOT) -> dict[str, list[dict[str, str]]]:
    """Return {terminal: its rows in the order of its pins}. Raises BadTableError."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(root / "terminals.csv", TERMINALS):
        found.setdefault(row["terminal"], []).append(row)
    return found


def faults(path: Path, known: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return where a harness and the terminal plan differ: the board's terminals are named X and a number."""
    found = []
    for name, connector in read(path)["connectors"].items():
        if not (name[:1] == "X" and name[1:].isdigit()):
            continue
        if name not in known:
            found.append(f"{path.name}: terminals.csv has no {name}")
            continue
        planned = [row["label"] for row in known[name]]
        labels = [str(label) for label in connector.get("pinlabels", [])]
        if labels != planned:
            found.append(f"{path.name}: {name} has {labels}, and terminals.csv says {planned}")
    return found


def svg_of(path: Path) -> str:
    """Draw a harness. Raises RuntimeError with what to do."""
    source = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "wireviz.wv_cli", "-f", "s", "-o", folder, str(path)],
            capture_output=True, text=True, timeout=WIREVIZ_S, check=False,
        )  # fmt: skip
        drawn = Path(folder) / f"{path.stem}.svg"
        if done.returncode or not drawn.is_file():
            text = (done.stderr or done.stdout).strip()[-300:]
            raise RuntimeError(f"WireViz refuses {path.name}: {text or MISSING}")
        return drawing.stamped(drawn.read_text(encoding="utf-8"), source)
