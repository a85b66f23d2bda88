"""What a check finds: a rule, a place and the figures; the words stand in `wording.py`."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from karez_gateway.county.quota import wording
from karez_gateway.errors import Refused

FAULT, WARNING, NOTE = "fault", "warning", "note"
LEVELS = (FAULT, WARNING, NOTE)
SHOWN_MAX = 10


class Finding(NamedTuple):
    """One of them. `values`: what its sentence holds, volumes in litres under names that end in _l."""

    level: str
    rule: str
    where: str
    values: Mapping[str, str | int]

    def text(self, language: str = "en") -> str:
        """The sentence."""
        return wording.sentence(self.rule, self.where, self.values, language)

    def facts(self) -> dict[str, str | int]:
        """For programs."""
        return {"level": self.level, "rule": self.rule, "where": self.where, **self.values}


def refuse_faults(found: Iterable[Finding], language: str = "en") -> None:
    """Raise Refused with the faults, if there is one."""
    faults = [one for one in found if one.level == FAULT]
    if faults:
        more = [f"and {len(faults) - SHOWN_MAX} more"] if len(faults) > SHOWN_MAX else []
        raise Refused("\n".join([one.text(language) for one in faults[:SHOWN_MAX]] + more))
