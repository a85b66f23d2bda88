"""The step test of a visit: the controller measures, its event tells; if it gives up, it says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import causes

from . import connection
from .errors import Refused, WrongUse
from .visit_acts import FRESH_S

if TYPE_CHECKING:
    from .guide import Step
    from .visit_acts import Found, Said, Tell
    from .visit_box import Box
    from .visit_file import Visit

_LOOK_S = 2.0
# How the controller's reason begins (firmware: core/trial.py) -> what a person reads of it.
WHY = {
    "a meter was not believed": "visit-test-meter",
    "water or power ceased": "visit-test-ceased",
    "flow, power or the thirds differ": "visit-test-unsteady",
    "too short for what the registers": "visit-test-coarse",
}


def step_test(visit: Visit, box: Box, step: Step, said: Said, tell: Tell) -> Found:  # noqa: ARG001
    """Litres per kWh of a well that runs steadily."""
    seconds = int(said["seconds"])
    before = int(connection.identify(box.controller)["seq"] or 0)
    box.ask("steptest", str(seconds))
    tell("visit-test", seconds=seconds)
    until_s = box.controller.now_s() + 3 * seconds + FRESH_S
    while box.controller.now_s() < until_s:
        box.controller.rest(_LOOK_S)
        found = box.newest(causes.STEP_TEST, before)
        if found is not None:
            check = {name: found["detail"][name] for name in ("seconds", "volume_l", "energy_wh")}
            check |= {"volume_step_l": _step_of(visit, "water"), "energy_step_wh": _step_of(visit, "energy")}
            return {"check": check}
        now = box.live()[0]
        if now.get("testing") is False and box.newest(causes.STEP_TEST, before) is None:
            raise _given_up(box, seconds)
        if not now.get("contactor"):
            raise WrongUse("visit-test-stopped")
    raise WrongUse("visit-test-none", seconds=seconds)


def _given_up(box: Box, seconds: int) -> WrongUse:
    """What the controller says of a test that it has given up: it tells when it is asked to end it."""
    try:
        box.ask("steptest", "end")
    except Refused as error:
        said = str(error.values["said"])
        for begin, name in WHY.items():
            if begin in said:
                return WrongUse(name, seconds=seconds)
    return WrongUse("visit-test-none", seconds=seconds)


def _step_of(visit: Visit, quantity: str) -> int:
    """Least step of a register, as the scan has read it; without a scan one."""
    return int(visit.found.get(f"scan-{quantity}", {}).get("step") or 1)
