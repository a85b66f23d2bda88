"""The step test under way at a controller: who begins it, what it is fed, and what becomes of its result.

Loaded for a commissioning. The result is an event, which the regulator signs as the reference of
rule C4 with the next binding; until then the controller compares with it, provisionally.
"""

from karez_protocols import causes
from karez_protocols.constant import const

from . import pump, step_test

_SECONDS_MIN, _SECONDS_MAX = const(60), const(7_200)
_LEAST_WH = const(0)  # the registers' own steps decide

_WHY = {
    step_test.NO_METER: "a meter was not believed",
    step_test.STOPPED: "water or power ceased",
    step_test.UNSTEADY: "flow, power or the thirds differ too much: let the well settle, and begin anew",
    step_test.TOO_SHORT: "too short for what the registers can tell",
}


def answer(controller, word):
    """Begin a test of so many seconds, or end the one under way; return "" or why not."""
    if word == "end":
        if controller.trial is None:
            return "no test is under way"
        controller.trial.end()
        return ""
    seconds = int(word)
    books = controller.books
    if not _SECONDS_MIN <= seconds <= _SECONDS_MAX:
        return "a test lasts %d to %d s" % (_SECONDS_MIN, _SECONDS_MAX)
    if books.energy is None or books.is_converted or books.is_estimated:
        return "a well with a water meter and a power meter can be tested"
    if controller.pump.state != pump.RUNNING:
        return "start the pump, and let level and flow stand still first"
    reference = controller.parts.crosscheck.ratio.reference_ml_per_wh
    controller.trial = step_test.StepTest(seconds, _LEAST_WH, books.water.step, books.energy.step, reference)
    return ""


def feed(controller, now_ms):
    """Give the test what this step knows; return the cable's lines: one, once it is over."""
    test, recorder, books = controller.trial, controller.recorder, controller.books
    water, energy, level = recorder.water, recorder.energy, recorder.level
    is_good = books.is_known and not books.held_l and not water.state and not energy.state
    state = test.step(
        now_ms, books.volume_l, books.energy_wh, water.value("flow_lph"), energy.value("power_w"),
        level.value("level_mm"), is_good,
    )  # fmt: skip
    if state == step_test.RUNNING:
        return []
    controller.trial = None
    if state == step_test.REFUSED:
        return ["refused steptest " + _WHY[test.refusal]]
    found = test.result
    controller.log.event(causes.STEP_TEST, now_ms, 0, found)
    controller.parts.crosscheck.take_reference(found["ratio_ml_per_wh"])
    text = "result steptest %d mL/Wh over %d s, thirds within %d permille"
    return [text % (found["ratio_ml_per_wh"], found["seconds"], found["spread_permille"])]
