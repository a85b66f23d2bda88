"""What the figures of a check mean: passed, or failed and why. Pure, one table.

A check's reckoned members follow from what was read; `made` fills them in, and a file whose own differ is
refused (commissioning_rules.py). Each row of WHY names a reason and says when it holds; the first one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .commissioning import CHECKS
from .commissioning_fields import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from .commissioning import Check, Commissioning

MILLION = 1_000_000
DIAL_PPM_MAX = 10_000  # ±1 %
DIAL_STEPS_MIN = 100  # one step of the dial is then 1 %, no more than what is asked for
# A clamp meter is good to 3 %, a power factor off the plate to 5 %; the least wrong CT ratio is off by 25 %.
CT_PPM_MAX = 100_000
PULSES_MIN = 10  # one pulse more or less is then 10 %; a wrong weight is off by a factor
FEEDBACK_MS_MAX = 5_000  # the firmware waits as long before it calls a contactor stuck
STEP_PPM_MAX = 30_000  # the thirds of the controller's own test may differ by 3 %
_SQRT_3_PPM = 1_732_051


def three_phase_w(voltage_dv: int, current_ma: int, power_factor_permille: int) -> int:
    """Power of three equal phases: √3 × U × I × power factor, in W, rounded."""
    product = voltage_dv * current_ma * power_factor_permille * _SQRT_3_PPM
    return _rounded(product, 10 * 1000 * 1000 * MILLION)


def ppm(value: int, reference: int) -> int | None:
    """How far a value is off a reference, in millionths of it; None where there is none."""
    return None if reference <= 0 else _rounded((value - reference) * MILLION, reference)


def _rounded(dividend: int, divisor: int) -> int:
    """Half away from zero: the same figure for as much too little as too much."""
    sign = -1 if dividend < 0 else 1
    return sign * ((2 * abs(dividend) + divisor) // (2 * divisor))


def _of_ct(check: Any) -> dict[str, Any]:
    watts = three_phase_w(check.voltage_dv, check.current_ma, check.power_factor_permille)
    return {"reckoned_w": watts, "error_ppm": ppm(check.power_w, watts)}


def _of_pulse(check: Any) -> dict[str, Any]:
    dial = check.dial_after - check.dial_before
    return {"error_ppm": ppm(check.pulses * check.pulse_milli, dial * 1000)}


def _of_dial(check: Any) -> dict[str, Any]:
    amount = check.register_after - check.register_before
    return {"amount": amount, "error_ppm": ppm(amount, check.dial_after - check.dial_before)}


def _of_step(check: Any) -> dict[str, Any]:
    if not check.volume_l or not check.energy_wh:
        return {"l_per_kwh": None, "uncertainty_ppm": None}
    coarse = check.volume_step_l * check.energy_wh + check.energy_step_wh * check.volume_l
    return {
        "l_per_kwh": _rounded(check.volume_l * 1000, check.energy_wh),
        "uncertainty_ppm": _rounded(coarse * MILLION, check.volume_l * check.energy_wh),
    }


_RECKON: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ct": _of_ct,
    "pulse": _of_pulse,
    "dial": _of_dial,
    "step": _of_step,
}


def _is_beside(check: Any) -> bool:
    """Pulses and dial differ by more than one pulse and one step of the dial."""
    dial_milli = (check.dial_after - check.dial_before) * 1000
    allowed = check.pulse_milli + check.dial_step * 1000
    return bool(abs(check.pulses * check.pulse_milli - dial_milli) > allowed)


# Sort of check -> (reason, when it holds); none holds: passed.
WHY: dict[str, tuple[tuple[str, Callable[[Any, dict[str, Any]], bool]], ...]] = {
    "scan": (("nothing-answered", lambda check, _: check.profile is None),),
    "ct": (
        ("no-current", lambda _, found: found["error_ppm"] is None),
        ("ct-off", lambda _, found: abs(found["error_ppm"]) > CT_PPM_MAX),
    ),
    "pulse": (
        ("few-pulses", lambda check, _: check.pulses < PULSES_MIN),
        ("pulses-off", lambda check, _: _is_beside(check)),
    ),
    "dial": (
        ("dial-stood", lambda _, found: found["error_ppm"] is None),
        (
            "dial-coarse",
            lambda check, _: check.dial_after - check.dial_before < DIAL_STEPS_MIN * check.dial_step,
        ),
        ("dial-off", lambda _, found: abs(found["error_ppm"]) > DIAL_PPM_MAX),
    ),
    "contactor": (
        ("no-feedback", lambda check, _: check.close_ms is None or check.open_ms is None),
        ("slow-feedback", lambda check, _: max(check.close_ms, check.open_ms) > FEEDBACK_MS_MAX),
    ),
    "step": (
        ("nothing-flowed", lambda _, found: found["uncertainty_ppm"] is None),
        ("step-coarse", lambda _, found: found["uncertainty_ppm"] > STEP_PPM_MAX),
    ),
}


def reckoned(check: Any) -> dict[str, Any]:
    """The members that follow from what was read, `outcome` among them."""
    found = _RECKON[check.kind](check) if check.kind in _RECKON else {}
    return {**found, "outcome": "passed" if reason(check) is None else "failed"}


def reason(check: Any) -> str | None:
    """Why a check has failed, by name; None: it has passed."""
    found = _RECKON[check.kind](check) if check.kind in _RECKON else {}
    return next((name for name, holds in WHY[check.kind] if holds(check, found)), None)


def made(cls: type[Any], **read: Any) -> Any:
    """A check of what was read, its reckoned members filled in. Raises TypeError on a name too many."""
    empty = {name: None for name in names(cls) if name not in read}
    unsettled = cls(**read, **empty)
    return cls(**{**empty, **read, **reckoned(unsettled)})


def outcomes(found: Commissioning) -> list[tuple[str, Check | None, str, str]]:
    """(sort, check, outcome, reason's name or why it was skipped) of all, by sort as in CHECKS."""
    rows: list[tuple[str, Check | None, str, str]] = []
    for kind in CHECKS:
        rows += [(kind, one, one.outcome, reason(one) or "") for one in getattr(found.checks, kind)]
        rows += [(kind, None, "skipped", one.why) for one in found.skipped if one.check == kind]
    return rows


def result(found: Commissioning) -> str:
    """`failed` if a check has, `skipped` if none has and one was left out, else `passed`."""
    said = {outcome for _, _, outcome, _ in outcomes(found)}
    return next((one for one in ("failed", "skipped") if one in said), "passed")
