"""What a visit has answered and found, as a Commissioning: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import guide, judgement, wording_swap
from .commissioning import (
    BOX_SWAP,
    COMMISSIONING,
    METER_SWAP,
    Checks,
    Commissioning,
    ContactorCheck,
    Controller,
    CtCheck,
    DialCheck,
    Grant,
    Meter,
    Photo,
    PulseCheck,
    ReplacedBox,
    ReplacedMeter,
    ScanCheck,
    Seal,
    Site,
    Skipped,
    StepCheck,
    Technician,
)

if TYPE_CHECKING:
    from .visit_file import Visit

# Sort of check -> its class.
_CLASSES = {
    "scan": ScanCheck,
    "ct": CtCheck,
    "dial": DialCheck,
    "contactor": ContactorCheck,
    "pulse": PulseCheck,
    "step": StepCheck,
}
_TIERS = {1: "A", 2: "B", 3: "C"}
_SOURCES_MAX = 8  # guide.REMARKS_MAX leaves room for them
_REMARK_MAX = 400  # letters, as commissioning.Commissioning has it
_WHOLE_PPM = 1_000_000
# Of the notes of a box swap, those that the report shows; the accounts are counted there.
_NOTED = (
    "from-readout", "from-record", "from-office", "from-config", "from-config-said", "from-unseen",
    "from-nobody", "from-unheld", "from-unsigned",
)  # fmt: skip
NO_LINE = "every meter here counts by pulses / 表计均为脉冲计量"
NO_PULSES = "no meter here counts by pulses / 无脉冲计量的表计"


def check_of(sort: str, figures: dict[str, Any]) -> Any:
    """A check of these figures, judged."""
    figures = {**figures, "bauds": tuple(figures["bauds"])} if "bauds" in figures else figures
    return judgement.made(_CLASSES[sort], **figures)


def commissioning(visit: Visit, technician: Technician) -> Commissioning:
    """All of it. Commissioning_file.encode checks it again."""
    end, box = visit.found["end"], visit.found["box"]
    return Commissioning(
        kind=visit.kind,
        site=_site(visit),
        controller=Controller(
            name=box["controller"], key=box["key"], firmware_sha256=None, tier=_TIERS.get(box["tier"]),
            chain=end["chain"], volume_l=end["volume_l"],
        ),
        meters=tuple(_meter(visit, one) for one in visit.quantities),
        replaced_box=_old_box(visit) if visit.kind == BOX_SWAP else None,
        replaced_meters=(_old_meter(visit),) if visit.kind == METER_SWAP else (),
        checks=_checks(visit),
        skipped=_skipped(visit),
        seals=tuple(Seal(**{"meter": None, **one}) for one in visit.answers["seals"]["seals"]),
        photos=tuple(Photo(**one) for one in visit.found["photos"]["photos"]),
        grant=None if end["grant"] is None else Grant(**end["grant"]),
        technician=technician,
        begun_utc_s=visit.begun_utc_s,
        finished_utc_s=max(end["finished_utc_s"], visit.begun_utc_s),
        remarks=(*_sources(visit), *(one["remark"] for one in visit.answers["remarks"]["remarks"])),
    )  # fmt: skip


def _site(visit: Visit) -> Site:
    said, proved = visit.answers["site"], visit.found["class"]
    return Site(code=visit.found["box"]["site"], use=proved["use"], fail=proved["fail"], **said)


def _meter(visit: Visit, quantity: str) -> Meter:
    is_new = visit.kind == METER_SWAP
    said = visit.answers["new-meter" if is_new else f"meter-{quantity}"]
    mounted = visit.found["config"]["meters"][quantity]
    is_pulses = "pulse_milli" in mounted
    found = visit.found.get(f"scan-{quantity}", {})
    dial = visit.answers.get(f"dial-before-{quantity}", {}).get("dial")
    return Meter(
        quantity=quantity, maker=said["maker"], model=said["model"], serial=said["serial"],
        profile=None if is_pulses else mounted["profile"],
        line=None if is_pulses else mounted.get("line", 0),
        address=None if is_pulses else str(mounted["address"]),
        baud=None if is_pulses else mounted.get("baud") or found.get("baud") or _usual(mounted["profile"]),
        pulse_milli=mounted.get("pulse_milli"),
        multiplier_ppm=visit.found["class"]["multipliers"].get(quantity, _WHOLE_PPM),
        dial_start=said["opening"] if is_new else dial,
        verified_until=said["verified_until"],
    )  # fmt: skip


def _usual(profile: str) -> int:
    from . import scanning  # noqa: PLC0415 - reads a profile

    return int(scanning.of(profile).baud)


def _sources(visit: Visit) -> list[str]:
    """Where the figures that a spare began with are from, a remark each, in both languages."""
    carried = visit.found.get("carry", {})
    out = [_in_both(name, values) for name, values in carried.get("notes", []) if name in _NOTED]
    accounts = carried.get("accounts", [])
    if accounts:
        total_l = sum(used_l for _, used_l in accounts)
        out.append(_in_both("from-accounts", {"count": len(accounts), "total_l": total_l}))
    return out[:_SOURCES_MAX]


def _in_both(name: str, values: dict[str, Any]) -> str:
    both = " / ".join(wording_swap.PAGE[one][name].format(**values).strip() for one in ("en", "zh"))
    return both[:_REMARK_MAX]


def _old_meter(visit: Visit) -> ReplacedMeter:
    said = visit.answers["old-meter"]
    names = ("quantity", "maker", "model", "serial", "closing", "because")
    return ReplacedMeter(
        opening=visit.answers["new-meter"]["opening"], **{name: said[name] for name in names}
    )


def _old_box(visit: Visit) -> ReplacedBox:
    old = visit.found["carry"]
    return ReplacedBox(
        name=old["controller"], last_seq=old["last_seq"], volume_l=old["volume_l"],
        because=visit.answers["old-box"]["because"],
    )  # fmt: skip


def _checks(visit: Visit) -> Checks:
    done: dict[str, list[Any]] = {sort: [] for sort in ("scan", "ct", "pulse", "dial", "contactor", "step")}
    for step in guide.steps(visit.kind, visit.quantities, visit.pulses):
        figures = visit.found.get(step.name, {}).get("check")
        if figures is not None:
            done[step.check].append(check_of(step.check, figures))
    return Checks(**{sort: tuple(those) for sort, those in done.items()})


def _skipped(visit: Visit) -> tuple[Skipped, ...]:
    left = guide.left_out(visit.kind, visit.quantities, visit.skipped, visit.pulses)
    if visit.kind == COMMISSIONING and not visit.pulses:
        left.setdefault("pulse", NO_PULSES)
    if visit.quantities and set(visit.quantities) <= set(visit.pulses):
        left.setdefault("scan", NO_LINE)
    return tuple(Skipped(check=sort, why=why) for sort, why in left.items())
