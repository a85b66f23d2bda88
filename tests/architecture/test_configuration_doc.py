"""docs/configuration.md says of every setting, and of nothing else, what core/settings.py takes."""

import json
import re
from pathlib import Path

from karez_firmware import configuration, rules
from karez_firmware.core import settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def number(text: str) -> int:
    """A number as the page writes it: 10⁹ is one."""
    found = re.fullmatch(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    return 10 ** int(found[1].translate(POWERS)) if found else int(text)


def documented() -> dict[str, tuple[int, int, int]]:
    found = {}
    table = PAGE.split("## Settings")[1].split("\n## ")[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = re.findall(r"`(\w+)`", cells[0])
        if not names or len(cells) != 4:
            continue
        least, greatest = (number(part) for part in cells[2].split("…"))
        defaults = [number(part) for part in cells[1].split(",")]
        assert len(defaults) == len(names) and cells[3], line
        for name, default in zip(names, defaults, strict=True):
            found[name] = default, least, greatest
    return found


def test_every_setting_stands_there_with_its_default_and_its_range():
    taken = {}
    for line in settings._TABLE.strip().splitlines():
        name, *values = line.split()
        taken[name] = tuple(int(value) for value in values)
    assert documented() == taken


def test_every_part_of_the_document_has_its_section():
    for name in configuration._TOP.split():
        assert f"`{name}`" in PAGE or f'"{name}"' in PAGE, name
    names = (configuration._LINK, configuration._METER, configuration._PULSES, configuration._TABLE)
    for name in " ".join((*names, configuration._WEIR, rules._WEEKLY, rules._CYCLE)).split():
        assert f"`{name}`" in PAGE, name


def test_the_examples_are_taken():
    examples = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    whole = [example for example in examples if example.lstrip().startswith("{\n")]
    assert len(whole) >= 2
    for example in whole:
        configuration.read(example.encode())
        json.loads(example)
