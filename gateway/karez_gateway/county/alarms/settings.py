"""Which setting holds for whom: the one of the site before its holder's, its region's, its class's."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from karez_gateway.county.alarms import rules
from karez_gateway.county.alarms.rules import Setting


class Override(NamedTuple):
    """Settings of a rule for some subjects; an empty field: for any."""

    rule: str
    values: Mapping[str, Setting]
    region: str = ""
    water_class: str = ""
    holder: str = ""
    site: str = ""


class About(NamedTuple):
    """A subject, as overrides ask for it. `regions`: its own first, then those above it."""

    regions: tuple[str, ...] = ()
    water_class: str = ""
    holder: str = ""
    site: str = ""


class Settings:
    """All that a county has set. Asked for the same twice it answers from memory."""

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        """Take overrides in the order of the file: of two equally narrow ones the later holds."""
        self._of = {name: [one for one in overrides if one.rule == name] for name in rules.RULES}
        self._known: dict[tuple[str, About], dict[str, Setting]] = {}

    def of(self, rule: str, about: About) -> dict[str, Setting]:
        """The settings of a rule for a subject."""
        key = (rule, about)
        if key not in self._known:
            found = rules.defaults(rule, about.water_class)
            fitting = [(_narrow(one, about), at, one) for at, one in enumerate(self._of[rule])]
            for width, _, one in sorted(fitting, key=lambda each: each[:2]):
                if width >= 0:
                    found.update(one.values)
            self._known[key] = found
        return self._known[key]

    def on(self, rule: str, about: About, month: int) -> "Asked | None":
        """The same, None where the rule rests."""
        found = self.of(rule, about)
        if not found["enabled"] or month not in found["in_months"]:  # type: ignore[operator]
            return None
        return Asked(found)


class Asked(dict[str, Setting]):
    """Settings with their types."""

    def number(self, name: str) -> int:
        """A whole number."""
        value = self[name]
        return value if isinstance(value, int) else 0

    def numbers(self, name: str) -> tuple[int, ...]:
        """A list of them."""
        value = self[name]
        return () if isinstance(value, int) else tuple(one for one in value if isinstance(one, int))

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words."""
        value = self[name]
        return () if isinstance(value, int) else tuple(one for one in value if isinstance(one, str))


def _narrow(one: Override, about: About) -> int:
    """How narrow an override is that fits a subject; below zero when it does not fit."""
    width = 0
    for wanted, has, weight in (
        (one.site, about.site, 100_000),
        (one.holder, about.holder, 10_000),
        (one.water_class, about.water_class, 1),
    ):
        if wanted and wanted != has:
            return -1
        width += weight if wanted else 0
    if one.region:
        if one.region not in about.regions:
            return -1
        # The deeper in the tree the narrower: a region's place counted from the root.
        width += 10 * (len(about.regions) - about.regions.index(one.region))
    return width
