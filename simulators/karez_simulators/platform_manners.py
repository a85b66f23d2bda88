"""How a simulated platform behaves: one frozen dataclass, and the names that a command line gives its parts.

    manners_of(["late=3", "twice"], "szy206")

What a manner spoils is the confirm of a report: log-ins are still confirmed properly, or nobody would come
as far as a report. What is about time and bytes (late, drip, rubbish) holds for all it sends.
"""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

STREAMS = ("szy206", "sl651")  # frames on a TCP connection
EVERYWHERE = (*STREAMS, "json")

SECONDS_MAX = 86400  # later than a day is silent
CLOCK_OFF_S_MAX = 10 * 365 * 86400  # years have two digits on the wire: it must stay in this century
COUNT_MAX = 1_000_000

# Between frames: the words of a modem, and the byte that begins a frame of either standard with nothing
# behind it. A reader that hunts on after a wrong start finds every frame beside it at once.
RUBBISH = b"\r\n\x68NO\x7eCARRIER\x01\r\n\x00\xff"


class BadManner(ValueError):
    """A manner nobody knows, or a value it cannot have; the text says which there are."""


@dataclass(frozen=True)
class Manners:
    """How the platform behaves; the default is polite. May be changed while it runs.

    is_silent          takes what comes and answers nothing, stores nothing
    confirms_lost      stores, but loses this many confirms of reports first
    is_checksum_wrong  confirms with a wrong checksum (json: with another report's digest)
    hangs_up           stores, then closes the connection instead of confirming a report
    hangs_up_after     so many confirms on each connection before it hangs up
    delay_s            waits before each answer
    confirms_twice     sends each confirm of a report two times
    is_station_wrong   confirms for another station
    is_function_wrong  confirms another function
    is_number_wrong    confirms another serial (SL 651) or another attempt, FCB (SZY 206)
    is_cut             sends half a confirm, then closes the connection
    drip_bytes_s       sends so many bytes a second, one by one; 0 = as fast as it can
    clock_off_s        its clock, in every time it sends, is so far ahead
    is_password_wrong  its commands carry a wrong password
    asks_twice         sends each query and command two times
    has_rubbish        sends RUBBISH before and behind each frame
    refuses            stores, and says no: SL 651 NAK, json a refusal
    forgets_each       confirms, but keeps nothing of each so-manyth new report; 0 = forgets none
    """

    is_silent: bool = False
    confirms_lost: int = 0
    is_checksum_wrong: bool = False
    hangs_up: bool = False
    delay_s: float = 0.0
    confirms_twice: bool = False
    hangs_up_after: int = 0
    is_station_wrong: bool = False
    is_function_wrong: bool = False
    is_number_wrong: bool = False
    is_cut: bool = False
    drip_bytes_s: int = 0
    clock_off_s: int = 0
    is_password_wrong: bool = False
    asks_twice: bool = False
    has_rubbish: bool = False
    refuses: bool = False
    forgets_each: int = 0


POLITE = Manners()


class Named(NamedTuple):
    """A manner by its name: what follows `=`, what it does, which platforms have it, what it sets."""

    takes: str
    words: str
    standards: tuple[str, ...]
    sets: Callable[[str], dict[str, Any]]


def _flag(field: str) -> Callable[[str], dict[str, Any]]:
    return lambda _value: {field: True}


def _count(field: str, usual: int, **also: Any) -> Callable[[str], dict[str, Any]]:
    def read(value: str) -> dict[str, Any]:
        number = int(value) if value else usual
        if not 1 <= number <= COUNT_MAX:
            raise ValueError(value)
        return {field: number, **also}

    return read


def _late(value: str) -> dict[str, Any]:
    seconds = float(value)
    if not (math.isfinite(seconds) and 0 <= seconds <= SECONDS_MAX):
        raise ValueError(value)
    return {"delay_s": seconds}


def _clock(value: str) -> dict[str, Any]:
    seconds = int(value)
    if abs(seconds) > CLOCK_OFF_S_MAX:
        raise ValueError(value)
    return {"clock_off_s": seconds}


def _hang_up(value: str) -> dict[str, Any]:
    return {"hangs_up": True, **(_count("hangs_up_after", 1)(value) if value else {})}


# `[=N]`: may be left out. No brackets: must be there. Empty: nothing may follow.
NAMED: dict[str, Named] = {
    "polite": Named("", "as the standard has it", EVERYWHERE, lambda _value: {}),
    "silent": Named("", "takes all, answers nothing, keeps nothing", EVERYWHERE, _flag("is_silent")),
    "late": Named("=SECONDS", "answers so late", EVERYWHERE, _late),
    "lost": Named("[=N]", "keeps, but loses its first N confirms", EVERYWHERE, _count("confirms_lost", 1)),
    "wrong-checksum": Named("", "confirms with a wrong checksum", EVERYWHERE, _flag("is_checksum_wrong")),
    "wrong-station": Named("", "confirms for another station", EVERYWHERE, _flag("is_station_wrong")),
    "wrong-function": Named("", "confirms another function", STREAMS, _flag("is_function_wrong")),
    "wrong-serial": Named("", "confirms another serial or attempt", STREAMS, _flag("is_number_wrong")),
    "twice": Named("", "sends each confirm two times", EVERYWHERE, _flag("confirms_twice")),
    "mid-frame": Named("", "sends half a confirm and closes", STREAMS, _flag("is_cut")),
    "hang-up": Named("[=N]", "closes instead of confirming, after N that it confirmed", STREAMS, _hang_up),
    "drip": Named("[=N]", "sends N bytes a second, one by one; 20", STREAMS, _count("drip_bytes_s", 20)),
    "rubbish": Named("", "sends rubbish around each frame", EVERYWHERE, _flag("has_rubbish")),
    "clock-off": Named("=SECONDS", "its clock is so far ahead, or behind: -60", STREAMS, _clock),
    "wrong-password": Named("", "commands with a wrong password", STREAMS, _flag("is_password_wrong")),
    "duplicate-queries": Named("", "asks and commands everything twice", STREAMS, _flag("asks_twice")),
    "refuse": Named("", "keeps and says no", ("sl651", "json"), _flag("refuses")),
    "forget": Named(
        "[=N]", "confirms each Nth new report and loses it; 1", EVERYWHERE, _count("forgets_each", 1)
    ),
}


def lines_of(standard: str) -> list[str]:
    """One line for each manner a platform of this standard has."""
    return [f"{name + one.takes:<20} {one.words}" for name, one in NAMED.items() if standard in one.standards]


def _one(word: str, standard: str) -> dict[str, Any]:
    name, equals, value = word.partition("=")
    named = NAMED.get(name)
    if named is None or standard not in named.standards:
        known = ", ".join(key + one.takes for key, one in NAMED.items() if standard in one.standards)
        raise BadManner(f"{standard} has no manner {name!r}; known: {known}")
    is_right = bool(named.takes and value) if equals else not named.takes or named.takes[0] == "["
    with contextlib.suppress(ValueError):
        if is_right:
            return named.sets(value)
    raise BadManner(f"{word!r}: write {name}{named.takes}")


def manners_of(words: Sequence[str], standard: str) -> Manners:
    """The manners that some words name together, such as "late=3". Raises BadManner."""
    found = POLITE
    for word in words:
        found = replace(found, **_one(word, standard))
    return found
