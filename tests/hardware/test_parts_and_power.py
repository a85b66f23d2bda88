"""Parts have their temperatures and alternates; terminals and harnesses agree; supply and cells suffice."""

import dataclasses

import pytest

from karez_hardware import board, bom, harness, pages, parts, power, sheets
from karez_hardware.tables import ROOT, BadTableError

PARTS = parts.parts()
BOARDS = board.BOARDS
DRAWN = {name: sheets.drawn(board.load(name)) for name in BOARDS}
ERRATA = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*/errata.md")))
LOADS = power.loads()


def test_parts_cover_their_temperatures_and_critical_ones_have_alternates():
    assert parts.faults(PARTS, ERRATA) == []
    assert sum(one.is_critical for one in PARTS.values()) > 30


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"t_min_c": -25}, "-25 to 85 °C does not cover"),
        ({"t_max_c": 70}, "-40 to 70 °C does not cover"),
        ({"waiver": "E99", "t_max_c": 60}, "there is no erratum E99"),
        ({"alternate_number": ""}, "is critical and has no alternate"),
        ({"alternate_maker": "Analog Devices", "alternate_number": "DS3231SN#"}, "its alternate is itself"),
        ({"maker": ""}, "maker is empty"),
    ],
)
def test_a_part_that_does_not_do_is_found(values, said):
    found = parts.faults({"rtc": dataclasses.replace(PARTS["rtc"], **values)}, ERRATA)
    assert any(said in text for text in found)


def test_every_part_is_used_and_every_reference_is_in_the_parts_list():
    used = {one.part.part for placed in DRAWN.values() for one in placed.values()}
    assert used == set(PARTS)
    for name, placed in DRAWN.items():
        lines = (ROOT / name / "bom.csv").read_text(encoding="utf-8").splitlines()[1:]
        listed = [reference for line in lines for reference in line.split(",")[1].split()]
        assert sorted(listed) == sorted(placed)
        assert sum(int(line.partition(",")[0]) for line in lines) == len(placed)


def test_the_parts_list_tells_options_apart():
    text = bom.text_of(DRAWN["esp32s3"])
    assert ",4g,modem_4g," in text and ",ethernet,w5500_module," in text and "always,esp32s3_n16r8" in text


def test_the_terminal_plan_is_the_schematic_s():
    known = harness.terminals()
    for placed in DRAWN.values():
        assert pages.misplaced(known, placed) == []
    field = {name for name, one in DRAWN["rp2350"].items() if one.part.part.startswith("terminal_")} - {
        "X100"
    }
    assert field <= set(known)
    known["X2"][0]["net"] = "COIL_OUT"
    assert pages.misplaced(known, DRAWN["rp2350"]) == ["X2.1 is COIL_IN, and terminals.csv says COIL_OUT"]


def test_every_terminal_has_its_harness_and_the_same_labels():
    known = harness.terminals()
    drawn = set()
    for path in harness.sources():
        assert harness.faults(path, known) == []
        drawn |= set(harness.read(path)["connectors"])
    assert set(known) <= drawn


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("connectors: {X2: {pinlabels: [COM, NO]}}", "X2 has"),  # a bare NO is False in YAML
        ("connectors: {X77: {pinlabels: [A]}}", "has no X77"),
    ],
)
def test_a_harness_that_differs_from_the_terminals_is_found(tmp_path, text, said):
    path = tmp_path / "one.yml"
    path.write_text(text)
    assert said in harness.faults(path, harness.terminals())[0]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[", b"connectors: 3", b"\xff\xfe", b"a: \0", b"connectors: {X5: 3}",
        b"connectors: {X5: {pinlabels: A}}",
        b"connectors: {X5: {}}\nconnections: 3", b"connectors: {X5: {}}\nconnections: [[X5]]",
        b"connectors: {X5: {}}\nconnections: [X5]",
    ],
)  # fmt: skip
def test_a_harness_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "one.yml"
    path.write_bytes(text)
    with pytest.raises(BadTableError, match=r"one\.yml"):
        harness.read(path)


@pytest.mark.parametrize("name", BOARDS)
def test_the_supply_and_the_cells_suffice(name):
    assert power.faults(LOADS, name) == []


def test_the_energy_of_the_cells_by_hand():
    # 25 F, 0.8 for age, 0.9 for cold: 18 F from 4.47 V to 2.5 V.
    assert power.energy_mj() == int(18_000 * (4.47**2 - 2.5**2) / 2)
    # 2.5 W at 2.5 V is 1 A through 160 mOhm: 160 mW are lost.
    assert power.hold_up_ms(2_500) == power.energy_mj() * 1_000 // 2_660
    assert power.burst_mv(5_000) == 2_500 - 320


@pytest.mark.parametrize(
    ("state", "ma", "said"),
    [
        ("peak", 3_000, "of the supply"),
        ("last_message", 800, "the cells hold"),
        ("peak", 2_500, "a burst draws"),
    ],
)
def test_a_load_too_many_is_found(state, ma, said):
    heavy = power.Load(
        "heavy", "+5V_HOLD", "", dict.fromkeys(power.STATES, 0) | {"last_message": 1, state: ma}, "test"
    )
    assert any(said in text for text in power.faults([*LOADS, heavy], "esp32s3"))


def test_bad_loads_are_refused(tmp_path):
    path = tmp_path / "loads.csv"
    path.write_text(",".join(power.COLUMNS) + "\nx,3V9,,1,1,1,1,s\n")
    with pytest.raises(BadTableError, match="rail must be one of"):
        power.loads(tmp_path)
    path.write_text(",".join(power.COLUMNS) + "\nx,3V3,,1,1,1,1e9,s\n")
    with pytest.raises(BadTableError, match="peak_ma is no whole number"):
        power.loads(tmp_path)


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(BadTableError, match="the marks of the power table are missing"):
        pages.between("# Power", "power", "| x |", "power.md")
