"""A draft of grants in lines for a person: sums, corrections, rises, cuts, and who has no evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ordering import stamp
from .rows import POLICIES, STEP_L
from .tables import cubic_metres, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .draft import Draft
    from .speech import Speech


_BEHIND = "note-behind"  # of whole counties when a gateway has been down: a count is enough


def lines(draft: Draft, speech: Speech) -> Iterator[str]:
    """Everything that a person has to see before signing."""
    head = {"count": len(draft.planned), "year": draft.year, "document": draft.document}
    yield speech.text("grants-head", key=draft.signer.hex(), **head)
    yield from _limits(draft, speech)
    yield from _villages(draft, speech)
    yield from _rises(draft, speech)
    yield from _beyond(draft, speech)
    count, litres = draft.cuts()
    if count:
        yield speech.text("cuts", count=count, litres=cubic_metres(litres))
    yield from _interim(draft, speech)
    yield from _notes(draft, speech)


def _limits(draft: Draft, speech: Speech) -> Iterator[str]:
    """Limits that this request touches: those of its regions and of all above them."""
    touched = {at for region in draft.villages for at in draft.limits.path(region)}
    yield speech.text("limits-title")
    for one in draft.sums:
        if one.limit.region in touched:
            values = {"given": one.given_l, "most": one.limit.volume_l, "left": one.left_l}
            said = {name: cubic_metres(value) for name, value in values.items()}
            yield "  " + speech.text(
                "limit-line", region=_name(draft, one.limit.region), limit=one.limit.words, **said
            )
            if one.pending_l:
                yield "  " + speech.text("limit-pending", pending=cubic_metres(one.pending_l))


def _villages(draft: Draft, speech: Speech) -> Iterator[str]:
    yield speech.text("villages-title")
    for one in draft.villages.values():
        values = {"right": cubic_metres(one.right_l), "former": cubic_metres(one.former_l)}
        yield "  " + speech.text("village-line", region=_name(draft, one.region), sites=one.sites, **values)
        if one.added_l or one.given_back_l:
            back = cubic_metres(one.given_back_l)
            yield "  " + speech.text("village-corrections", added=cubic_metres(one.added_l), back=back)
        if one.pending_l:
            sites = [plan for plan in draft.planned if plan.region == one.region and plan.pending_l]
            pending = cubic_metres(one.pending_l)
            yield "  " + speech.text("village-pending", count=len(sites), pending=pending)


def _rises(draft: Draft, speech: Speech) -> Iterator[str]:
    rises = draft.rises()
    if rises:
        yield speech.text("rises-title")
    for one in rises:
        right = cubic_metres(one.right_l)
        if one.former_l is None:
            yield "  " + speech.text("rise-first", site=one.site, right=right)
        else:
            values = {"former": cubic_metres(one.former_l), "rise": cubic_metres(one.right_l - one.former_l)}
            yield "  " + speech.text("rise-line", site=one.site, right=right, **values)


def _beyond(draft: Draft, speech: Speech) -> Iterator[str]:
    """What the ceilings of the year do not say: who is stopped, and what may be taken above and after."""
    policies = [one.policy for one in draft.planned]
    yield speech.text("policies", **{name: policies.count(number) for name, number in POLICIES.items()})
    first = [one.rows[0] for one in draft.planned]
    above = {name: STEP_L * sum(row[f"{name}_100l"] for row in first) for name in ("finish", "emergency")}
    if any(above.values()):
        yield speech.text("allowances", **{name: cubic_metres(litres) for name, litres in above.items()})
    interims = [one.interim() for one in draft.planned]
    until = stamp(max(to_utc_s for to_utc_s, _ in interims))
    yield speech.text("after-year", until=until, litres=cubic_metres(sum(each for _, each in interims)))


def _interim(draft: Draft, speech: Speech) -> Iterator[str]:
    without = [one for one in draft.planned if one.because]
    if without:
        yield speech.text("interim-title")
    for one in without:
        right = cubic_metres(one.right_l)
        yield "  " + speech.text("interim-line", site=one.site, right=right, because=one.because)


def _notes(draft: Draft, speech: Speech) -> Iterator[str]:
    noted = [(one, note) for one in draft.planned for note in one.notes if note != _BEHIND]
    if noted:
        yield speech.text("notes-title")
    for one, note in noted:
        litres = {"gap": one.gap_l, "twice": one.twice_l, "healed": one.healed_l}
        said = {name: cubic_metres(value) for name, value in litres.items()}
        said |= {"twice_kwh": thousands(one.twice_wh), "healed_kwh": thousands(one.healed_wh)}
        yield "  " + speech.text(note, site=one.site, **said)
    behind = sum(_BEHIND in one.notes for one in draft.planned)
    if behind:
        yield speech.text(_BEHIND, count=behind)


def _name(draft: Draft, code: str) -> str:
    return f"{code} {draft.limits.regions[code].name}"
