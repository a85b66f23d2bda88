"""Looking for a meter: addresses and speeds of its protocols are tried, and its answers propose its profile.

Which addresses answer, the controller finds (`scan`); what hangs there is asked as each profile would ask
(`ask`), and read as this profile reads it. The one whose own fields are there and can be true is proposed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

from .errors import WrongUse
from .rules import TOTALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCAN_MAX = 256  # addresses of one `scan`, as the firmware takes them
_RANGE_MAX = 1024
# A reading outside is none: what every meter of this trade may say, whatever hangs on it.
_CAN_BE = {
    "frequency_chz": (4_500, 6_500),
    "voltage_a_dv": (800, 5_000),
    "signal_quality": (0, 100),
    "flow_lph": (-1_000_000, 1_000_000),
    "power_w": (-2_000_000, 2_000_000),
    "level_mm": (0, 1_000_000),
}
_ZERO_TOO = ("frequency_chz", "voltage_a_dv")  # a phase that is not there
_GOOD_PCT = 90  # then no other speed is tried
_DLT645_1997 = 1  # its control code of a read, as dlt645.question has it


@dataclass(frozen=True)
class Setting:
    """How a line is asked."""

    protocol: str
    baud: int
    framing: str


@dataclass(frozen=True)
class Proposal:
    """What a meter seems to be. `score_pct`: fields that read; `values`: what they say."""

    profile: str
    address: int | str
    baud: int
    score_pct: int
    sure_pct: int
    step: int
    values: dict[str, int | None]


def of(name: str, baud: int | None = None) -> Profile:
    """The profile of a name, at its own speed or another."""
    file = resources.files("karez_protocols").joinpath("profiles", f"{name}.json")
    return Profile(json.loads(file.read_text(encoding="utf-8")), baud)


def candidates(quantity: str) -> list[Profile]:
    """Every profile that counts this."""
    index = resources.files("karez_protocols").joinpath("profiles", "index.txt").read_text(encoding="utf-8")
    wanted = "level_mm" if quantity == "level" else TOTALS[quantity]
    rows = [row.split() for row in index.splitlines()]
    return [of(name) for name, _, counts, _ in rows if counts == wanted]


def setting(profile: Profile, baud: int | None = None) -> Setting:
    """How this profile's line is asked."""
    is_old = profile.protocol == "dlt645" and profile.function == _DLT645_1997
    protocol = profile.protocol + ("-1997" if is_old else "")
    return Setting(protocol, baud or profile.baud, f"8{profile.parity}{profile.stop_bits}")


def settings(profiles: list[Profile], bauds: list[int], first: Profile | None) -> list[Setting]:
    """Each way to ask once, that of `first` before the others."""
    ordered = ([first] if first else []) + profiles
    found = [setting(one, baud) for one in ordered for baud in bauds or [one.baud]]
    return list(dict.fromkeys(found))


def numbers(first: str, last: str) -> tuple[int, int]:
    """The ends of a range of addresses. Raises WrongUse."""
    try:
        ends = int(first), int(last)
    except ValueError:
        raise WrongUse("scan-range", first=first, last=last) from None
    if not 0 <= ends[1] - ends[0] < _RANGE_MAX or ends[0] < 0:
        raise WrongUse("scan-range", first=first, last=last)
    return ends


def speeds(text: str | None) -> list[int]:
    """Speeds that a person names, apart by spaces or commas; none: those of the profiles. Raises WrongUse."""
    try:
        found = [int(one) for one in (text or "").replace(",", " ").split()]
    except ValueError:
        raise WrongUse("scan-bauds", bauds=text) from None
    if any(not 300 <= one <= 115_200 for one in found) or len(found) > 16:
        raise WrongUse("scan-bauds", bauds=text)
    return found


def address_of(profile: Profile, number: int) -> int | str:
    """The address as a configuration names it."""
    if profile.protocol == "modbus":
        return number
    return f"AA:{number:014d}" if profile.protocol == "cjt188" else f"{number:012d}"


def looks(one: Setting, ends: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The ranges of one `scan` each that make up this one, within what the protocol has."""
    first, last = (max(ends[0], 1), min(ends[1], 247)) if one.protocol == "modbus" else ends
    for at in range(first, last + 1, _SCAN_MAX):
        yield at, min(at + _SCAN_MAX - 1, last)


def score(profile: Profile, replies: list[bytes | None]) -> tuple[int, int, dict[str, int | None]]:
    """(per cent of its fields that read, least step of its total, the values); 0 %: not this profile."""
    try:
        values = profile.decode(replies)
        step = int(profile.total_step(replies)) if profile.total else 1
    except (ProtocolError, ValueError, IndexError):
        return 0, 1, {}
    if profile.total and values.get(profile.total) is None:
        return 0, step, values
    for name, (least, greatest) in _CAN_BE.items():
        value = values.get(name)
        if value is not None and not least <= value <= greatest and not (value == 0 and name in _ZERO_TOO):
            return 0, step, values
    known = sum(value is not None for value in values.values())
    return 100 * known // max(len(values), 1), step, values


def read(profile: Profile, number: int, ask: Callable[[bytes], bytes]) -> list[bytes | None] | None:
    """What a meter answers to all of a profile's questions; None: to one of them not at all."""
    reader = profile.codec.ReplyReader()
    found: list[bytes | None] = []
    for at in range(len(profile.requests)):
        frame = reader.expect(profile.request(at, address_of(profile, number)))
        data = None
        for _ in range(2):
            said = ask(frame)
            if said:
                try:
                    answer = reader.receive(said)
                except ProtocolError:
                    answer = None
                data = getattr(answer, "data", None)
                break
        else:
            return None
        if data is None and at == 0:
            return None  # another kind of meter refuses the first question already
        found.append(data)
    return found


def best(proposals: list[Proposal], configured: str | None) -> Proposal | None:
    """The likeliest; among equals the one that the configuration names. How sure: its share of all scores."""
    likely = sorted(proposals, key=lambda one: (one.score_pct, one.profile == configured), reverse=True)
    if not likely:
        return None
    first, rest = likely[0], likely[1:]
    rival = max((one.score_pct for one in rest), default=0)
    sure = 100 * first.score_pct // (first.score_pct + rival) * first.score_pct // 100
    return Proposal(**{**first.__dict__, "sure_pct": sure})


def is_good(proposal: Proposal | None) -> bool:
    """True for one that needs no further search."""
    return proposal is not None and proposal.score_pct >= _GOOD_PCT
