"""What a visit does while the pump runs, and with the dials before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import LineTrouble, WrongUse
from .rules import TOTALS
from .visit_acts import FLOW_S, FRESH_S, HANDS_S, STEPS

if TYPE_CHECKING:
    from .guide import Step
    from .visit_acts import Found, Said, Tell
    from .visit_box import Box
    from .visit_file import Visit

_LOOKS = 3  # a second apart
_STEADY_PART = 50  # of the greatest: 2 %
_MARGIN = 2  # steps more than a dial must have moved


def total(meters: dict[str, dict[str, Any]], quantity: str) -> int | None:
    """What the controller reads of a meter now: litres, Wh or mm; None: nothing."""
    row = meters.get(quantity, {})
    name = TOTALS[quantity] or "level_mm"
    value = row.get("values", {}).get(name) if row.get("state") == "ok" else None
    return value if isinstance(value, int) else None


def _read(box: Box, quantity: str) -> int:
    """A register read after this moment, with the pump at rest. Raises Trouble."""
    asked_s = box.controller.now_s()

    def is_new(_said: dict[str, Any], meters: dict[str, dict[str, Any]]) -> bool:
        age_ds = meters.get(quantity, {}).get("age_ds")
        passed_s = box.controller.now_s() - asked_s
        return total(meters, quantity) is not None and age_ds is not None and age_ds / 10 <= passed_s

    found = box.until(is_new, FRESH_S)
    value = None if found is None else total(found[1], quantity)
    if value is None:
        raise WrongUse("visit-no-reading", quantity=quantity)
    return value


def register(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """The register beside the dial, before the run."""
    return {"register": _read(box, step.quantity)}


def running(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Wait until a person has started the pump, and the meters say so."""
    if not box.live()[0].get("contactor"):
        if not box.knows_books(FRESH_S):  # a start would be refused, and nobody presses twice
            raise WrongUse("visit-books")
        tell("visit-start")
        if box.until(lambda answer, _: bool(answer.get("contactor")), HANDS_S) is None:
            raise WrongUse("visit-not-started")
    box.until(lambda _, meters: all(_is_moving(meters, one) for one in visit.quantities), FRESH_S)
    box.until(_Steady().is_so, FRESH_S)  # who measures its current now measures the running pump's
    return {}


class _Steady:
    """Looks whether power stands still: a pump that spins up takes little more than half of it."""

    def __init__(self) -> None:
        self._seen: list[int | None] = []

    def is_so(self, _said: dict[str, Any], meters: dict[str, dict[str, Any]]) -> bool:
        """True when the last looks agree, or where no meter shows power."""
        if "energy" not in meters:
            return True
        self._seen = [*self._seen, meters["energy"].get("values", {}).get("power_w")][-_LOOKS:]
        known = [abs(one) for one in self._seen if one]
        return len(known) == _LOOKS and (max(known) - min(known)) * _STEADY_PART <= max(known)


def _is_moving(meters: dict[str, dict[str, Any]], quantity: str) -> bool:
    """True if a meter shows flow or power, or shows neither at all."""
    values = meters.get(quantity, {}).get("values", {})
    shown = [values[one] for one in ("flow_lph", "power_w") if one in values]
    return not shown or any(shown)


def ct(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Power and voltage of the meter, beside a clamp meter's current."""

    def is_steady(_said: dict[str, Any], meters: dict[str, dict[str, Any]]) -> bool:
        return bool(meters.get("energy", {}).get("values", {}).get("power_w"))

    found = box.until(is_steady, FRESH_S)
    values = {} if found is None else found[1]["energy"]["values"]
    if not values.get("power_w") or not values.get("voltage_a_dv"):
        raise WrongUse("visit-no-power")
    phases = [values[name] for name in ("voltage_a_dv", "voltage_b_dv", "voltage_c_dv") if values.get(name)]
    between_dv = round(sum(phases) / len(phases) * 3**0.5)
    return {"check": {
        "power_w": abs(values["power_w"]), "voltage_dv": between_dv, "current_ma": said["current_ma"],
        "power_factor_permille": said["power_factor_permille"],
    }}  # fmt: skip


def flow(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Let so much run through that one step of each dial is less than 1 %."""
    wanted = {}
    for name, found in visit.found.items():
        if name.startswith("dial-before-"):
            quantity = name.removeprefix("dial-before-")
            wanted[quantity] = found["register"] + (STEPS + _MARGIN) * visit.answers[name]["dial_step"]
    has_stopped = False

    def is_enough(answer: dict[str, Any], meters: dict[str, dict[str, Any]]) -> bool:
        nonlocal has_stopped
        has_stopped = not answer.get("contactor")
        return has_stopped or all((total(meters, one) or 0) >= least for one, least in wanted.items())

    tell("visit-flow")
    if box.until(is_enough, FLOW_S) is None or has_stopped:
        raise WrongUse("visit-flow-short")
    return {}


def resting(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Wait until a person has stopped the pump."""
    if box.live()[0].get("contactor"):
        tell("visit-stop")
    if (
        box.until(lambda answer, _: not answer.get("contactor") and answer.get("pump") == "off", HANDS_S)
        is None
    ):
        raise WrongUse("visit-not-stopped")
    return {}


def dial(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """The register beside the dial, after the run."""
    before = f"dial-before-{step.quantity}"
    if before not in visit.found:
        raise WrongUse("visit-no-begin", name=before)
    check = {
        "quantity": step.quantity, "dial_before": visit.answers[before]["dial"], "dial_after": said["dial"],
        "dial_step": visit.answers[before]["dial_step"], "register_before": visit.found[before]["register"],
        "register_after": _read(box, step.quantity),
    }  # fmt: skip
    return {"check": check}


def pulses(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """The pulses that the controller has counted during the run, beside the dial's way."""
    name = f"dial-after-{step.quantity}"
    if name not in visit.found:
        raise WrongUse("visit-no-begin", name=name)
    seen, milli = visit.found[name]["check"], visit.found["config"]["meters"][step.quantity]["pulse_milli"]
    counted = seen["register_after"] - seen["register_before"]
    check = {one: seen[one] for one in ("quantity", "dial_before", "dial_after", "dial_step")}
    # The register is pulses by their weight: the nearest count is the one that it stands for.
    return {"check": {**check, "pulse_milli": milli, "pulses": (counted * 1000 + milli // 2) // milli}}


def old_meter(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """The meter that goes: its closing reading is not behind what the controller read of it last."""
    quantity = said["quantity"]
    if quantity not in visit.found["box"]["meters"]:
        raise WrongUse("visit-no-meter", quantity=quantity)
    if box.live()[0].get("contactor"):
        raise WrongUse("pump-runs")
    last = total(box.live()[1], quantity)
    if last is not None and said["closing"] < last:
        raise WrongUse("visit-closing", closing=said["closing"], last=last)
    visit.quantities = [quantity]
    return {"register": last}


def swap(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Closing and opening reading into the controller's books, once; the new meter is then read."""
    old, new = visit.answers["old-meter"], visit.answers["new-meter"]
    quantity = old["quantity"]
    before = int(visit.found["box"]["seq"] or 0)
    if not _is_swapped(box, before, new["serial"]):
        words = (quantity, old["serial"], str(old["closing"]), new["serial"], str(new["opening"]))
        try:
            box.ask("swap", *words)
        except LineTrouble:
            box.controller.greet()  # its answer is lost: the record tells
            if not _is_swapped(box, before, new["serial"]):
                raise
    register = _read(box, quantity)
    if register < new["opening"]:
        raise WrongUse("visit-opening", opening=new["opening"], register=register)
    return {"register": register, "volume_l": box.live()[0].get("volume_l")}


def _is_swapped(box: Box, after_seq: int, serial: str) -> bool:
    from karez_protocols import causes  # noqa: PLC0415

    found = box.newest(causes.METER_OPENED, after_seq)
    return found is not None and found.get("detail", {}).get("serial") == serial
