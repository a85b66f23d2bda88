"""What follows from what is known of a roll-out's wells: the next stage, a stop, or why it stands. Pure.

Every well that runs the update is held against those that do not over the same time: from its own restart on,
or from when a person let the roll-out go on. So a storm, a season or a long watch moves both sides alike.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from karez_gateway.updates.rollout import (
    KEPT,
    OUT_OF_IT,
    PASSED,
    REST,
    RETURNED,
    TO_SEND,
    UNWILLING,
    UPDATED,
    WORSE,
    Settings,
    Site,
    share,
)

QUORUM_PERCENT = 90  # of a stage's wells run it, and the watch begins
OFFLINE_S = 24 * 3600  # not heard for so long, and a well gives its turn to the next
# What boxes say on the topic `update` is not signed: one of them alone stops nothing.
UNWILLING_MIN, UNWILLING_PERCENT = 3, 10
HOUR_S = 3600

Span = tuple[int, int]  # seconds, from and to


@dataclass(frozen=True)
class Times:
    """`since_utc_s`: the stage began; `resumed_utc_s`: a person let it go on after a stop, 0: never.

    `deaf`: spans in which the gateway itself could hear nobody.
    """

    now_s: int
    since_utc_s: int = 0
    resumed_utc_s: int = 0
    deaf: Sequence[Span] = ()

    def silent_s(self, last_utc_s: int, until_s: int | None = None) -> int:
        """Return for how long the gateway has listened since `last_utc_s` without hearing anything."""
        until_s = self.now_s if until_s is None else until_s
        missed = (max(0, min(to_s, until_s) - max(from_s, last_utc_s)) for from_s, to_s in self.deaf)
        return until_s - last_utc_s - sum(missed)


@dataclass(frozen=True)
class Judgement:
    """`event`: PASSED, WORSE or "" (go on as it is). `why`: a sentence; `targets`: who may be sent to."""

    event: str = ""
    why: str = ""
    targets: Sequence[str] = field(default_factory=tuple)


def judge(stage: str, sites: Sequence[Site], settings: Settings, times: Times) -> Judgement:
    """Say what follows from what is known. `sites` in the order of the roll-out.

    What was so already when a person let it go on does not stop it a second time; who had given it back by
    then is counted no more.
    """
    counted = [one for one in sites if one.state not in OUT_OF_IT and not _was_seen(one, times)]
    if not counted:
        return Judgement(why="there is no well left that it is for: withdraw it")
    why = _worse(counted, settings, times)
    if why:
        return Judgement(WORSE, why)
    if stage == REST:
        return _rest(counted, times)
    # A share of the wells in their order, whoever they are: of each board it has the same share.
    window = sites[: share(len(sites), stage)]
    wanted = max(1, len({one.name for one in window} & {one.name for one in counted}))
    mine = list(islice((one for one in counted if _is_there(one, times)), wanted))
    asked = (*mine, *(one for one in window if one.state in UNWILLING))
    targets = tuple(one.name for one in asked if one.state in TO_SEND)
    kept = sorted(one.done_utc_s or 0 for one in mine if one.state == KEPT)
    quorum = -(-wanted * QUORUM_PERCENT // 100)
    said = f"{len(kept)} of {wanted} wells of the stage run it"
    if len(kept) < quorum:
        return Judgement("", said + f", {quorum} are needed" + _hindered(len(mine), wanted, counted), targets)
    hours, left_s = settings.watch_s // HOUR_S, settings.watch_s - _watched_s(kept[quorum - 1], times)
    if left_s > 0:
        return Judgement("", f"{said}; watched for {-(-left_s // HOUR_S)} h more", targets)
    return Judgement(PASSED, f"{said}, {hours} h without a finding", targets)


def _watched_s(kept_utc_s: int, times: Times) -> int:
    return times.now_s - max(kept_utc_s, times.resumed_utc_s)


def _rest(counted: Sequence[Site], times: Times) -> Judgement:
    kept = sum(one.state == KEPT for one in counted)
    if kept == len(counted):
        return Judgement(PASSED, "every well runs it")
    targets = tuple(one.name for one in counted if one.state in TO_SEND)
    there = sum(one.state == KEPT or _is_there(one, times) for one in counted)
    said = f"{kept} of {len(counted)} wells run it"
    return Judgement("", said + _hindered(there, len(counted), counted), targets)


def _was_seen(one: Site, times: Times) -> bool:
    """True of a well that has given it back, and a person let the roll-out go on without it."""
    return one.state == RETURNED and (one.done_utc_s or 0) <= times.resumed_utc_s


def _is_there(one: Site, times: Times) -> bool:
    """False of who cannot be brought it: others take his turn, and he gets it when he comes back."""
    last_s = max(one.heard_utc_s or 0, one.done_utc_s or 0)
    if one.state not in UPDATED:  # it has a day from the beginning on, also one that was never heard
        last_s = max(last_s, times.since_utc_s, times.resumed_utc_s)
    return one.state not in UNWILLING and times.silent_s(last_s) <= OFFLINE_S


def _hindered(there: int, wanted: int, counted: Iterable[Site]) -> str:
    """Say who is missing, where there are not enough."""
    unwilling = sum(one.state in UNWILLING for one in counted)
    found = f"; only {there} of them are heard and willing" if there < wanted else ""
    return found + (f"; {unwilling} did not take it" if unwilling else "")


def _worse(counted: Collection[Site], settings: Settings, times: Times) -> str:
    updated = [one for one in counted if one.state in UPDATED]
    others = [one for one in counted if one.state not in UPDATED]
    return (
        _returned(counted)
        or _unwilling(counted, times)
        or _silent(updated, settings, times)
        or _alarmed(updated, others, settings, times)
        or _thirsty(updated, settings)
    )


def _returned(sites: Iterable[Site]) -> str:
    return next((f"{one.site} has given it back" for one in sites if one.state == RETURNED), "")


def _unwilling(sites: Collection[Site], times: Times) -> str:
    """Several, not one: their word is not signed. Who asks again after a person went on counts again."""
    new = [one for one in sites if one.state in UNWILLING and (one.done_utc_s or 0) > times.resumed_utc_s]
    asked = sum(one.state in UPDATED for one in sites) + len(new)
    if len(new) < UNWILLING_MIN or 100 * len(new) <= UNWILLING_PERCENT * asked:
        return ""
    one = new[0]
    return f"{len(new)} wells did not take it, {one.site} for instance: {one.reason or one.state}"


def _silent(updated: Iterable[Site], settings: Settings, times: Times) -> str:
    """Who was silent already when a person let it go on says nothing new until it is heard again."""
    for one in updated:
        last_s = max(one.heard_utc_s or 0, one.done_utc_s or 0)
        resumed_s = times.resumed_utc_s
        if resumed_s > last_s and times.silent_s(last_s, resumed_s) > settings.silent_s:
            continue
        silent_s = times.silent_s(last_s)
        if silent_s > settings.silent_s:
            return f"{one.site} is silent for {silent_s // HOUR_S} h since it was updated"
    return ""


def _alarmed(updated: Collection[Site], others: Collection[Site], settings: Settings, times: Times) -> str:
    """Hold wells with an alarm against the others, each over the time since its own restart."""
    if not updated:
        return ""
    starts = [max(one.done_utc_s or 0, times.resumed_utc_s) for one in updated]
    mine = sum(one.alarmed_utc_s > start for one, start in zip(updated, starts, strict=True))
    theirs = sorted(one.alarmed_utc_s for one in others)
    usual = sum(len(theirs) - bisect_right(theirs, start) for start in starts)
    here = 100 * mine // len(updated)
    there = 100 * usual // (len(starts) * len(theirs)) if theirs else 0
    if here - there > settings.more_alarms_percent:
        return f"checks raised alarms at {here} % of the updated wells, at {there} % of the others"
    return ""


def _thirsty(updated: Iterable[Site], settings: Settings) -> str:
    """Hold energy for a cubic metre against the others', over the same days before and after."""
    pairs = list(_ratios(updated))
    if not pairs:
        return ""
    _, changed, usual = sorted(pairs)[len(pairs) // 2]
    if abs(changed - usual) > 10 * settings.ratio_percent:
        return (
            f"the energy for a cubic metre is {changed / 10:g} % of before at the updated wells, "
            f"{usual / 10:g} % at the others"
        )
    return ""


def _ratios(updated: Iterable[Site]) -> Iterator[tuple[int, int, int]]:
    for one in updated:
        if one.ratio_permille is not None:
            usual = one.usual_permille if one.usual_permille is not None else 1000
            yield one.ratio_permille - usual, one.ratio_permille, usual
