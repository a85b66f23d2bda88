"""What a visit does at the box, against one that answers as it is told: no meter, no pump, no lost answer."""

from types import SimpleNamespace

import pytest

from karez_firmware.core import step_test, trial
from karez_gateway.technician import guide, scanning, visit_acts, visit_runs, visit_steptest
from karez_gateway.technician.commissioning import COMMISSIONING, METER_SWAP
from karez_gateway.technician.errors import LineTrouble, Refused, WrongUse
from karez_gateway.technician.visit_box import Box
from karez_gateway.technician.visit_file import Visit
from karez_protocols import causes, crc
from karez_simulators.clock import Clock
from karez_simulators.physical_site import PhysicalSite

OLD = {"quantity": "water", "serial": "A1", "closing": 1_050}
NEW = {"serial": "B2", "opening": 7}
METERS = {
    "water": {"quantity": "water", "profile": "tuf2000m", "address": 1},
    "energy": {"quantity": "energy", "profile": "sdm630", "address": 2},
}


class Told:
    """A controller whose answers are a table: word -> answer, a Trouble, or a list of them in turn."""

    def __init__(self, **answers):
        self.answers, self.asked, self.seconds = answers, [], 0.0

    def ask(self, *words, **_):
        self.asked.append(words)
        said = self.answers[words[0]]
        said = said.pop(0) if isinstance(said, list) and len(said) > 1 else said
        said = said[0] if isinstance(said, list) else said
        if isinstance(said, Exception):
            raise said
        parts = said.get("parts", [])
        return SimpleNamespace(
            answer={name: one for name, one in said.items() if name != "parts"}, parts=parts
        )

    def now_s(self):
        return self.seconds

    def rest(self, seconds):
        self.seconds += seconds

    def greet(self):
        self.asked.append(("json",))


def live(register=1_050, **changed):
    row = {"quantity": "water", "state": "ok", "age_ds": 0, "values": {"volume_l": register}}
    return {"contactor": False, "pump": "off", "volume_l": 900, "parts": [row], **changed}


def box(**answers):
    return Box(Told(**answers), {"controller": "c" * 16}, None)


def visit(kind=COMMISSIONING, **answers):
    found = {"box": {"seq": 40, "meters": METERS}}
    return Visit(kind, 1_800_000_000, ["water", "energy"], dict(answers), found)


def step(name, kind=COMMISSIONING):
    return next(one for one in guide.steps(kind, ["water", "energy"]) if one.name == name)


def quiet(*_, **__):
    """Nobody listens."""


def refused_by(act, *arguments):
    with pytest.raises(WrongUse) as caught:
        act(*arguments, quiet)
    return caught.value.name


def test_a_step_test_that_the_controller_gives_up_is_said_at_once_and_not_after_three_times_its_length():
    there = box(
        identify={"controller": "c" * 16, "seq": 50}, steptest={}, events={"parts": []},
        live=live(contactor=True, testing=False),
    )  # fmt: skip
    assert (
        refused_by(visit_steptest.step_test, visit(), there, step("step-test"), {"seconds": 1800})
        == "visit-test-none"
    )
    assert there.controller.seconds < 10


@pytest.mark.parametrize("refusal", sorted(trial._WHY))
def test_every_reason_for_which_a_controller_gives_up_a_step_test_is_told_with_what_to_do(refusal):
    why = Refused("refused", trial._WHY[refusal])
    there = box(
        identify={"controller": "c" * 16, "seq": 50}, steptest=[{}, why], events={"parts": []},
        live=live(testing=False),  # the pump stops where a meter is lost
    )  # fmt: skip
    name = refused_by(visit_steptest.step_test, visit(), there, step("step-test"), {"seconds": 300})
    wanted = {
        step_test.NO_METER: "visit-test-meter",
        step_test.STOPPED: "visit-test-ceased",
        step_test.UNSTEADY: "visit-test-unsteady",
        step_test.TOO_SHORT: "visit-test-coarse",
    }
    assert name == wanted[refusal]
    assert WrongUse(name, seconds=300).text("zh") != WrongUse(name, seconds=300).text("en")
    assert there.controller.asked[-1] == ("steptest", "end")


def test_a_step_test_ends_with_its_event_and_one_of_before_does_not_count():
    detail = {"seconds": 91, "volume_l": 1500, "energy_wh": 500, "ratio_ml_per_wh": 3000}
    old = {"cause": causes.STEP_TEST, "seq": 45, "detail": {**detail, "volume_l": 1}}
    there = box(
        identify={"controller": "c" * 16, "seq": 50}, steptest={}, live=live(contactor=True, testing=True),
        events=[{"parts": [old]}, {"parts": [{"cause": causes.STEP_TEST, "seq": 51, "detail": detail}, old]}],
    )  # fmt: skip
    said = visit_steptest.step_test(visit(), there, step("step-test"), {"seconds": 90}, quiet)
    assert said["check"]["volume_l"] == 1500 and said["check"]["seconds"] == 91


def test_a_pump_that_stops_ends_the_step_test_and_the_run_for_the_dials():
    there = box(
        identify={"controller": "c" * 16, "seq": 50},
        steptest={},
        events={"parts": []},
        live=live(testing=True),
    )
    assert (
        refused_by(visit_steptest.step_test, visit(), there, step("step-test"), {"seconds": 90})
        == "visit-test-stopped"
    )
    one = visit(**{"dial-before-water": {"dial": 1_050, "dial_step": 1}})
    one.found["dial-before-water"] = {"register": 1_050}
    assert refused_by(visit_runs.flow, one, there, step("flow"), {}) == "visit-flow-short"


def test_a_closing_reading_below_what_was_read_and_a_meter_that_is_not_there_are_refused():
    old = step("old-meter", METER_SWAP)
    assert refused_by(visit_runs.old_meter, visit(), box(live=live(1_051)), old, OLD) == "visit-closing"
    assert refused_by(visit_runs.old_meter, visit(), box(live=live(contactor=True)), old, OLD) == "pump-runs"
    wrong = {**OLD, "quantity": "level"}
    assert refused_by(visit_runs.old_meter, visit(), box(live=live()), old, wrong) == "visit-no-meter"


def test_a_swap_whose_answer_is_lost_is_looked_for_and_never_sent_twice():
    opened = {"cause": causes.METER_OPENED, "seq": 44, "detail": {"serial": "B2"}}
    one = visit(METER_SWAP, **{"old-meter": OLD, "new-meter": NEW})
    lost = LineTrouble("unknown-outcome", port="p", verb="swap")
    there = box(swap=lost, live=live(7), events=[{"parts": []}, {"parts": [opened]}])
    said = visit_runs.swap(one, there, step("swap", METER_SWAP), {}, quiet)
    assert said == {"register": 7, "volume_l": 900}
    assert [words[0] for words in there.controller.asked].count("swap") == 1
    there = box(live=live(7), events={"parts": [opened]})
    assert visit_runs.swap(one, there, step("swap", METER_SWAP), {}, quiet)["register"] == 7  # taken up again
    with pytest.raises(LineTrouble):
        visit_runs.swap(
            one, box(swap=lost, live=live(7), events={"parts": []}), step("swap", METER_SWAP), {}, quiet
        )
    low = box(live=live(6), events={"parts": [opened]})
    assert refused_by(visit_runs.swap, one, low, step("swap", METER_SWAP), {}) == "visit-opening"


def test_a_meter_that_does_not_answer_has_no_register():
    row = {"quantity": "water", "state": "silent", "age_ds": 9, "values": {}}
    there = box(live=live(parts=[row]))
    name = refused_by(visit_runs.register, visit(), there, step("dial-before-water"), {})
    assert name == "visit-no-reading"


def test_books_that_stay_unknown_keep_the_contactor_open():
    there = box(status={"refused_causes": [causes.BOOKS_UNKNOWN], "volume_l": None})
    assert (
        refused_by(visit_acts.relay, visit(), there, step("contactor"), {"feedback": "both"}) == "visit-books"
    )
    assert not [words for words in there.controller.asked if words[0] == "relay"]


def test_nobody_is_asked_to_start_the_pump_before_the_books_are_known():
    unknown = {"refused_causes": [causes.BOOKS_UNKNOWN], "volume_l": 900}
    known = {"refused_causes": [], "volume_l": 900}
    told = []
    there = box(live=[live(), live(contactor=True)], status=[unknown, unknown, known])
    one = visit()
    one.quantities = []
    visit_runs.running(
        one, there, step("start"), {}, lambda name: told.append((name, there.controller.seconds))
    )
    assert told == [("visit-start", 2.0)]
    there = box(live=live(), status=unknown)
    assert refused_by(visit_runs.running, one, there, step("start"), {}) == "visit-books"


def test_a_pump_that_spins_up_is_not_measured_before_its_power_stands_still():
    def energy(power_w):
        row = {"quantity": "energy", "state": "ok", "age_ds": 0, "values": {"power_w": power_w}}
        return live(contactor=True, parts=[row])

    said = [energy(one) for one in (0, 12_000, 12_000, 16_000, 20_000, 20_300, 20_100)]
    one = visit()
    one.quantities = ["energy"]
    there = box(live=said)
    visit_runs.running(one, there, step("start"), {}, quiet)
    assert there.controller.answers["live"] == said[-1:]


def test_a_controller_that_refuses_the_contactor_is_no_check_of_it():
    there = box(status={"refused_causes": [], "volume_l": 1}, relay=Refused("refused", "sealed by an order"))
    with pytest.raises(Refused):
        visit_acts.relay(visit(), there, step("contactor"), {"feedback": "both"}, quiet)


def test_nobody_on_the_line_is_a_failed_scan_and_the_speeds_of_all_profiles_were_tried():
    there = box(scan={"asked": 3, "answered": 0})
    said = {"line": 0, "first": "1", "last": "3", "bauds": None}
    found = visit_acts.scan(visit(), there, step("scan-water"), said, quiet)
    assert found["check"]["profile"] is None and {2400, 9600} <= set(found["check"]["bauds"])
    asked = {words[2:5] for words in there.controller.asked}
    assert ("modbus", "9600", "8N1") in asked and ("cjt188", "2400", "8E1") in asked


def test_a_meter_is_proposed_by_its_own_answers_and_another_meter_s_place_is_left_alone():
    profile = scanning.of("dtsu666")

    def answer(frame):
        """A power meter that shows 2304.0 in every register pair."""
        count = int.from_bytes(frame[4:6], "big")
        body = (
            bytes([frame[0], frame[1], 2 * count])
            + b"\x45\x10\x00\x00" * (count // 2)
            + b"\0\0" * (count % 2)
        )
        return body + crc.crc16_modbus(body).to_bytes(2, "little")

    replies = scanning.read(profile, 2, answer)
    assert replies is not None and len(replies) == len(profile.requests)
    assert scanning.score(profile, replies)[0] == 0  # no well has 230 kV
    site = PhysicalSite(Clock(), meters={"power": "dtsu666@2"})
    replies = [site._told("power", at) for at in range(len(profile.requests))]
    assert scanning.score(profile, replies)[:2] == (100, 1)
    assert scanning.read(profile, 2, lambda _: b"") is None
    assert scanning.read(profile, 2, lambda frame: b"\xff\x00\xff") is None
    one = visit(METER_SWAP)
    assert visit_acts._taken(one, step("scan-water", METER_SWAP)) == [(0, 2)]
    assert visit_acts._taken(visit(), step("scan-water")) == []
