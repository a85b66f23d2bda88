"""The kept list: every mutant that survives, and why that is no gap in the tests.

survivors.toml holds two kinds of entries. `[[survivor]]` is one changed line of one function; it is
known by the text of the line, so it outlives moves. `[[rule]]` is for changes that mean nothing
wherever they stand. An entry that no mutant matches any more is stale, and reported.
"""

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("survivors.toml")
MODULES = Path(__file__).with_name("modules.toml")
SOURCES = ROOT / "firmware/karez_firmware"

SURVIVOR_KEYS = {"module", "where", "was", "becomes", "reason"}
RULE_KEYS = {"operator", "becomes", "reason"}


class BadEntry(ValueError):
    """An entry of the list that cannot be read as it stands."""


def modules():
    """{module: its settings}, in the order of modules.toml."""
    return tomllib.loads(MODULES.read_text(encoding="utf-8"))


class KeptList:
    """What the list explains. A mutant is a dict: module, where, operator, was, becomes."""

    def __init__(self, text):
        listed = tomllib.loads(text)
        self.survivors = listed.pop("survivor", [])
        self.rules = listed.pop("rule", [])
        if listed:
            raise BadEntry(f"not a survivor and not a rule: {sorted(listed)}")
        for entry in self.survivors:
            _check(entry, SURVIVOR_KEYS, {"times"})
        for entry in self.rules:
            _check(entry, RULE_KEYS, set())
        self._reasons = {}
        self._left = Counter()
        for entry in self.survivors:
            for becomes in _each(entry["becomes"]):
                key = (entry["module"], entry["where"], entry["was"], becomes)
                if key in self._reasons:
                    raise BadEntry(f"twice in the list: {key}")
                self._reasons[key] = entry["reason"]
                self._left[key] = entry.get("times", 1)
        self._used_rules = set()

    def reason(self, mutant):
        """Return why this mutant may survive, or None. An entry serves `times` mutants, a rule all."""
        key = (mutant["module"], mutant["where"], mutant["was"], mutant["becomes"])
        if self._left[key] > 0:
            self._left[key] -= 1
            return self._reasons[key]
        for number, rule in enumerate(self.rules):
            if re.fullmatch(rule["operator"], mutant["operator"]) and re.search(
                rule["becomes"], mutant["becomes"]
            ):
                self._used_rules.add(number)
                return rule["reason"]
        return None

    def stale(self, judged):
        """Entries of the `judged` modules that explained nobody; rules only when all were judged."""
        found = [key for key, left in self._left.items() if left and key[0] in judged]
        if set(judged) == set(modules()):
            unused = set(range(len(self.rules))) - self._used_rules
            found += [
                ("rule", self.rules[number]["operator"], self.rules[number]["becomes"], "")
                for number in unused
            ]
        return found


def _each(becomes):
    return [becomes] if isinstance(becomes, str) else becomes


def _check(entry, keys, optional):
    if not keys <= set(entry) <= keys | optional:
        raise BadEntry(f"keys are {sorted(keys)}, not {sorted(entry)}: {entry}")
    if not entry["reason"].strip().endswith("."):
        raise BadEntry(f"a reason is a sentence: {entry}")
