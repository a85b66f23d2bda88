"""Faults of a well's parts and of its probe, as meters, controller and scenarios see them."""

import re
from pathlib import Path

import pytest

from karez_simulators import meter_faults, part_fault_wording, part_steps, wording
from karez_simulators.clock import Clock
from karez_simulators.meter_choice import Unusable
from karez_simulators.physical_site import COUNTING, PhysicalSite
from karez_simulators.physics import well_faults
from karez_simulators.physics.level_probe import FOULED_SHARE, HUNG_MM, JUMP_MM, WRONG_ZERO_MM, LevelProbe
from karez_simulators.power_side import BACK_FED, PHASE_VOLTS, PowerSide
from karez_simulators.water_side import WaterSide
from karez_simulators.well import Well, WellParameters

STILL = WellParameters(rated_drawdown_mm=0)
RATED_A = STILL.rated_power_w / 3 / 0.86 / 230


def running(until_ms=60_000, parameters=STILL):
    well = Well(parameters)
    well.set_contactor(True, 0)
    well.advance(until_ms)
    return well


# -- the probe


def test_a_sound_probe_shows_the_water_above_it_and_no_less_than_none():
    probe = LevelProbe(65_000, set())
    assert [probe.look_mm(level_mm) for level_mm in (48_000, 60_000, 65_000, 70_000)] == [17_000, 5_000, 0, 0]


def test_each_fault_of_a_probe_looks_as_in_the_catalogue():
    active = set()
    probe = LevelProbe(65_000, active)

    def looks(*levels_mm):
        return [probe.look_mm(level_mm) for level_mm in levels_mm]

    active.add("fouled")
    assert looks(50_000, 60_000, 50_000) == [15_000, 15_000 - 10_000 // FOULED_SHARE, 15_000]
    active.clear()
    assert looks(60_000) == [5_000]
    active.add("fouled")  # silted anew, at another level
    assert looks(60_000, 50_000) == [5_000, 5_000 + 10_000 // FOULED_SHARE]
    for name, levels in (
        ("wrong_zero", [15_000 + WRONG_ZERO_MM, 5_000 + WRONG_ZERO_MM]),
        ("hung", [15_000 - HUNG_MM, 0]),
        ("frozen_to_the_digit", [15_000, 15_000]),
    ):
        active.clear()
        active.add(name)
        assert looks(50_000, 60_000) == levels, name
        active.clear()
        assert looks(50_000, 60_000) == [15_000, 5_000], name
    active.add("jump")
    assert set(looks(*[50_000] * 40)) == {15_000 - JUMP_MM, 15_000, 15_000 + JUMP_MM}
    assert LevelProbe(65_000, active).look_mm(50_000) == LevelProbe(65_000, active).look_mm(50_000)


# -- what the meters make of the supply and of the water


def test_a_brown_out_shows_in_voltages_and_currents():
    well = running()
    meter = PowerSide(well, set())
    sound = meter.phases()
    well.set_voltage_permille(800, 60_000)
    well.advance(62_000)
    low = meter.phases()
    assert low.volts == pytest.approx([0.8 * volts for volts in PHASE_VOLTS])
    assert sound.amperes[0] == pytest.approx(RATED_A, rel=0.01)
    assert low.amperes[0] == pytest.approx(
        sound.amperes[0] * well.power_w / STILL.rated_power_w / 0.8, rel=0.001
    )
    assert low.amperes[0] > sound.amperes[0]


def test_a_lost_phase_carries_nothing_and_the_others_1_73_times_as_much():
    well = running()
    meter = PowerSide(well, set())
    well.set_phase_lost(True, 60_000)
    well.advance(62_000)
    shown = meter.phases()
    per_watt = well.power_w / STILL.rated_power_w
    assert shown.amperes[2] == shown.active_w[2] == 0
    assert shown.amperes[0] == pytest.approx(RATED_A * 3**0.5 * per_watt, rel=0.01)
    assert sum(shown.active_w) == pytest.approx(well.power_w)  # the truth, on two phases
    assert shown.volts[2] == pytest.approx(BACK_FED * PHASE_VOLTS[2])  # the turning motor feeds it
    well.set_contactor(False, 62_000)
    assert meter.phases().volts == pytest.approx((PHASE_VOLTS[0], PHASE_VOLTS[1], 0))
    assert PowerSide(well, set(), phase_count=1).phases().volts[0] == pytest.approx(PHASE_VOLTS[0])


def test_the_inrush_shows_in_the_current_of_its_second():
    well = Well(WellParameters(rated_drawdown_mm=0, inrush_permille=6000))
    meter = PowerSide(well, set())
    well.set_contactor(True, 0)
    well.advance(200)
    assert meter.phases().amperes[0] == pytest.approx(6 * RATED_A, rel=0.01)
    well.advance(2_000)
    assert meter.phases().amperes[0] == pytest.approx(RATED_A, rel=0.01)


def test_a_water_meter_takes_air_for_water():
    well = running()
    meter = WaterSide(well, set())
    well.set_air_permille(100, 60_000)
    before_ul = well.volume_ul
    well.advance(3_660_000)
    meter.count()
    lifted_ul = well.volume_ul - before_ul
    assert meter.positive_ul == pytest.approx(lifted_ul / 0.9, abs=1)
    assert meter.flow_lph == well.pipe_flow_lph > well.flow_lph


# -- on the bench


@pytest.fixture
def site():
    return PhysicalSite(Clock(), STILL, meters={"level": "qdy30a@3"})


def test_a_probe_hangs_on_the_line_and_counts_nothing(site):
    assert set(site.meters) == {"water", "power", "level"} and COUNTING == ("water", "power")
    site.begin_counting()
    assert site.counted("water") == site.counted("power") == 0
    for name in ("fouled", "wrong_zero", "hung", "jump", "stuck", "no_signal", "silent"):
        site.fault("level", name)
        site.fault("level", name, on=False)
    with pytest.raises(KeyError, match="knows no fault 'rollover'"):
        site.meters["level"].fault("rollover")
    with pytest.raises(ValueError, match="counts nothing"):
        site.swap_meter("level")
    with pytest.raises(Unusable, match="address"):
        PhysicalSite(Clock(), STILL, meters={"level": "qdy30a@2"})


def test_the_auxiliary_contact_says_when_contacts_move_by_themselves(site):
    heard = []
    site.on_contactor = heard.append
    site.part_fault("supply", "deep_brown_out")  # open as it is, it says nothing
    site.part_fault("supply", "deep_brown_out", on=False)
    site.set_contactor(True)
    site.part_fault("supply", "brown_out")
    assert heard == []
    site.part_fault("supply", "deep_brown_out")
    site.part_fault("supply", "deep_brown_out", on=False)
    assert heard == [False, True]
    site.part_fault("contactor", "bridged")  # a bridge lies beside the contacts
    assert heard == [False, True] and site.well.is_powered
    site.part_fault("contactor", "welded")
    site.set_contactor(False)
    assert site.well.contactor
    site.part_fault("contactor", "welded", on=False)
    assert heard == [False, True, False]
    with pytest.raises(KeyError, match="only pump, supply, contactor"):
        site.part_fault("roof", "leaks")


# -- in scenarios


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"meter": "water", "name": "bypass"}, ""),
        ({"part": "pump", "name": "worn"}, ""),
        ({"name": "worn"}, "act 1: fault needs meter = … or part = …"),
        (
            {"part": "pump", "meter": "water", "name": "worn"},
            "act 1: fault takes meter = … or part = …, not both",
        ),
        ({"part": "pump"}, "act 1: fault needs name = …"),
        ({"part": "pumps", "name": "worn"}, "'pumps' in act 1 (fault) is not known; did you mean 'pump'?"),
        (
            {"part": "pump", "name": "x" * 10_000},
            f"'{'x' * 100}' in act 1 (fault) is not known; known: dry_run, worn, sand, air",
        ),
    ],
)  # fmt: skip
def test_a_fault_at_a_wrong_place_is_one_clear_line(values, said):
    assert part_steps.unfit("fault", values, "act 1") == said
    assert part_steps.unfit("mend", values, "act 1") == said.replace("fault", "mend")
    assert part_steps.unfit("pump", values, "act 1") == ""


def test_a_probe_is_not_swapped():
    for step in part_steps.SWAP_STEPS:
        assert "is not known" in part_steps.unfit(step, {"meter": "level"}, "act 1")
        assert part_steps.unfit(step, {"meter": "water"}, "act 1") == ""


def test_every_fault_of_a_part_is_told_in_both_languages_and_on_the_page():
    page = (Path(__file__).parents[2] / "docs" / "bench-meters.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| (\w+) \| `(\w+)` \| (.+?) \|$", page, re.MULTILINE))
    told = {(part, name, text) for part, names in well_faults.PARTS.items() for name, text in names.items()}
    assert rows == told
    assert {text for _, _, text in told} == set(part_fault_wording.PARTS_ZH)
    for part, name, text in told:
        values = {"part": part, "name": name}
        assert text in wording.of_step("en", "fault", values)
        assert text not in wording.of_step("zh", "mend", values)
        assert part_fault_wording.PARTS_ZH[text] in wording.of_step("zh", "mend", values)
    for name, text in meter_faults.LEVEL.items():
        assert text in wording.of_step("en", "fault", {"meter": "level", "name": name})
