"""What the books must say when all was put right and had its time: gateway, ledger, platforms, verifier."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from karez_protocols import record

if TYPE_CHECKING:
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

NOT_CHAINED = ("chain", "slot")


def _chain(world: World, farm: Farm) -> dict[str, Any]:
    found = world.facts["controllers"].get(farm.box.name, {"chains": []})["chains"]
    return next((one for one in found if one["chain"] == farm.history.chain), {})


def acknowledged_is_kept(world: World, farm: Farm) -> str:
    """I5: every record that was acknowledged lies in the gateway, bit by bit, or was declared lost."""
    if farm.history.rolled_back or farm.ring_lost:
        return ""
    kept = world.host.county.digests(farm.box.name, farm.history.chain)
    head = farm.box.app.journal.head if farm.box.app else {"acknowledged_seq": 0}
    for seq in range(1, head["acknowledged_seq"] + 1):
        slot = farm.history.slots.get((farm.history.chain, seq))
        if slot is None or seq in farm.lost:
            continue
        if hashlib.sha256(slot).hexdigest() not in kept.get(seq, []):
            return f"record {seq} was acknowledged, and the gateway does not have it"
    return ""


def everything_arrived(world: World, farm: Farm) -> str:
    """Nothing is left on the way: stored, acknowledged and judged up to the last record."""
    app, chain = farm.box.app, _chain(world, farm)
    if app is None or farm.history.rolled_back:
        return ""
    head = app.journal.head
    if head["acknowledged_seq"] < head["seq"]:
        return f"acknowledged up to {head['acknowledged_seq']} of {head['seq']}"
    if chain.get("verified_seq", 0) < head["seq"]:
        return f"judged up to {chain.get('verified_seq')} of {head['seq']}"
    return ""


def ledger_equals_registers(world: World, farm: Farm) -> str:
    """The ledger has booked W of the last good record: no litre more, none less.

    After a change of boxes: more by what the old one had counted and not told when the spare was bound, at
    most. That stands twice until a person heals it (decision 44).
    """
    if farm.history.rolled_back or farm.ring_lost:
        return ""
    booked_l = world.facts["controllers"][farm.box.name]["litres"]
    volume_l = farm.history.volume_l
    if volume_l <= booked_l <= volume_l + farm.untold_l:
        return ""
    return f"the ledger has {booked_l} L, the records {volume_l} L"


def platforms_equal_the_ledger(world: World, farm: Farm) -> str:
    """Platform totals are the ledger's, however rude the platform was."""
    if farm.history.rolled_back or farm.ring_lost:
        return ""
    for one in world.platforms:
        told_l = one.volume_l.get(farm.name, 0)
        if told_l != farm.history.volume_l:
            return f"platform {one.name} has {told_l} L, the ledger {farm.history.volume_l} L"
    return ""


def verifier_accepts(world: World, farm: Farm) -> str:
    """I9: an honest bundle is proved, and says the last signed W.

    Also of a well whose memory was put back: it begins where a signed statement stands on what is said now.
    """
    bundle, why = world.bundle_of(farm)
    if not bundle:
        return "" if farm.history.rolled_back or farm.ring_lost else f"there is no bundle: {why}"
    if why and not farm.history.rolled_back and not farm.ring_lost:
        return f"an honest chain is not proved whole: {why}"
    report = world.host.county.verify(bundle)
    if report["verdict"] != "proved":
        return f"an honest bundle is {report['verdict']}: {[one['code'] for one in report['findings']][:4]}"
    world.story.tell(farm.name, "bundle", records=report["records"], litres=report["last_volume_l"])
    if report["last_volume_l"] is not None and report["last_volume_l"] > farm.history.volume_l:
        return f"the bundle proves {report['last_volume_l']} L, the records say {farm.history.volume_l} L"
    return ""


def forks_are_where_they_were_made(world: World, farm: Farm) -> str:
    """I3: the gateway keeps both of two records of one number; only an old memory that went on made such.

    A bit that rotted on a record's way makes another record of it.
    """
    if farm.ring_lost:
        return ""
    kept_seq = farm.history.kept_seq
    for seq, digests in world.host.county.digests(farm.box.name, farm.history.chain).items():
        if len(digests) > 1 and (kept_seq is None or seq <= kept_seq):
            return f"the gateway has {len(digests)} records {seq}, and the memory was as of record {kept_seq}"
    return ""


def verifier_rejects(world: World, farm: Farm) -> str:
    """I9: every record that a gateway's operator drops or changes is found, and named by its number."""
    bundle, _ = world.bundle_of(farm)
    if not bundle:
        return ""
    for how, altered, seq in world.operator.alter(farm, bundle):
        report = world.host.county.verify(altered)
        if report["verdict"] == "proved":
            return f"a bundle with a record {how} ({seq}) is proved"
        named = [one for one in report["findings"] if one.get("seq") in (None, seq, seq + 1)]
        if seq and not any(one.get("seq") in (seq, seq + 1) for one in named):
            return f"record {seq} was {how}, and the verifier names {report['findings'][:3]}"
        world.story.tell(farm.name, "verdict", how=how)
    return ""


def losses(values: dict[str, Any]) -> range:
    """Numbers that a loss record declares lost, by its values; empty for any other."""
    if values["kind"] != record.LOSS:
        return range(0)
    return range(values["first_seq"], values["last_seq"] + 1)
