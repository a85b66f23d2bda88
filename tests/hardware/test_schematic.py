"""The schematic: only isolators join two islands, outputs are off in reset, SKiDL finds no fault."""

import dataclasses
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from karez_firmware.ports import pulse_inputs
from karez_hardware import board, commands, drawing, nets, pages, parts, sheets, values
from karez_hardware.circuit import Circuit
from karez_hardware.placement import Placing, SheetError
from karez_hardware.tables import ROOT

BOARDS = {name: board.load(name) for name in board.BOARDS}
DRAWN = {name: sheets.drawn(one) for name, one in BOARDS.items()}
SYMBOLS = parts.symbols()


def test_everything_agrees():
    assert commands.faults() == []


def in_a_thread(function, *arguments):
    """SKiDL walks the whole stack at every pin: a thread has little of it, pytest a hundred calls."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def violations(placed):
    return Circuit(placed).violations()


def netlist(placed):
    return Circuit(placed).netlist()


@pytest.mark.parametrize("name", board.BOARDS)
def test_skidl_s_rules_find_nothing(name):
    assert in_a_thread(violations, DRAWN[name]) == []


def test_skidl_leaves_its_process_as_it_was():
    before = (os.getcwd(), dict(os.environ))
    in_a_thread(violations, {})
    assert (os.getcwd(), dict(os.environ)) == before
    assert logging.getLoggerClass() is logging.Logger


def test_a_netlist_holds_every_part_and_is_the_same_twice():
    placed = {ref: one for ref, one in DRAWN["rp2350"].items() if one.sheet in ("hold", "console")}
    text = in_a_thread(netlist, placed)
    assert text.count("(comp\n") == len(placed) and '(name "COIL_GATE")' in text
    assert str(ROOT.parent) not in text
    assert in_a_thread(netlist, placed) == text


def test_skidl_s_rules_find_two_outputs_on_one_net():
    placed = dict(DRAWN["rp2350"])
    gate = placed["U11"]
    placed["U11"] = dataclasses.replace(gate, nets=gate.nets | {"1Y": "HOLD1"})
    assert any("HOLD1" in text and "OUTPUT" in text for text in in_a_thread(violations, placed))


def changed(name, reference, **wires):
    """A board with some pins of one part on other nets."""
    placed = dict(DRAWN[name])
    one = placed[reference]
    placed[reference] = dataclasses.replace(
        one, nets=one.nets | {pin.strip("_"): net for pin, net in wires.items()}
    )
    return placed


PLANTED = [
    ("U30", {"GND2": "GND"}, "logic and meter line 0 are joined"),
    ("U41", {"GND": "M0_0V"}, "meter line 0 and meter line 1 are joined"),
    ("K1", {"common": "COIL_RELAY"}, "joined"),
    ("PS1", {"minus": "N"}, "logic and mains are joined"),
    ("U60", {"cathode": "GND"}, "logic and contacts are joined"),
    ("R33", {"_1": "PE"}, "meter line 0 and earth are joined"),
    ("D52", {"anode": "PE"}, "logic and earth are joined"),
    ("R60", {"_2": "F_12V"}, None),  # within an island
]


@pytest.mark.parametrize(("reference", "wires", "said"), PLANTED)
def test_a_wire_across_an_island_is_found(reference, wires, said):
    found = nets.crossed(changed("rp2350", reference, **wires), SYMBOLS)
    assert any(said in text for text in found) if said else not found


def test_an_output_without_its_resistor_to_ground_is_found():
    for reference, signal in (("R13", "COIL"), ("R14", "TRIP"), ("R15", "ALIVE")):
        placed = {name: one for name, one in DRAWN["esp32s3"].items() if name != reference}
        assert nets.loose(BOARDS["esp32s3"], placed) == [
            f"{signal} must be low in reset, and no resistor leads to GND"
        ]


def test_a_wire_that_ends_nowhere_is_found():
    assert nets.lonely(changed("rp2350", "R16", _1="COIL_GAET")) == [
        "net COIL_GATE ends at U11 1Y",
        "net COIL_GAET ends at R16 1",
    ]


def test_coil_and_trip_reach_their_relays_only_through_both_monostables():
    for placed in DRAWN.values():
        gate, hold = placed["U11"].nets, placed["U10"].nets
        assert {gate["1A"], gate["2A"]} == {"COIL", "TRIP"}
        assert [gate[f"{n}B"] for n in (1, 2)] == [hold["Q1"]] * 2
        assert [gate[f"{n}C"] for n in (1, 2)] == [hold["Q2"]] * 2
        # One for each edge of ALIVE, and both off while the supervisor holds reset.
        assert (hold["A1"], hold["B2_N"]) == ("ALIVE", "ALIVE")
        assert hold["RESET1_N"] == hold["RESET2_N"] == placed["U5"].nets["RESET_N"]
        chip = placed["U100"].nets
        reached = {net for net in chip.values() if net.endswith(("_GATE", "_DRIVE", "_RELAY"))}
        assert reached == set()


def test_one_edge_holds_longer_than_the_firmware_needs_and_shorter_than_5_s():
    for placed in DRAWN.values():
        hold = pages.hold_of(placed)
        # Edges come with every step of the control: 500 ms at most, a second with all that is behind it.
        assert 2 * 1_000 < hold.least_ms < hold.nominal_ms < hold.most_ms < 5_000
        assert {placed[one].part.part for one in ("R11", "R12")} == {"r_470k"}
        assert {placed[one].part.part for one in ("C11", "C12")} == {"c_10u_x7r"}


def test_a_pulse_loop_shows_what_the_firmware_looks_for():
    for placed in DRAWN.values():
        loop = pages.loop_of(placed)
        share = 65_536 // 25  # 4 %: three resistors of 1 % and the comparator
        assert loop.shorted + share < pulse_inputs._SHORTED < loop.closed - share
        assert loop.closed + share < loop.threshold < loop.open - share
        assert loop.open + share < pulse_inputs._CUT < loop.cut - share
        # The ADC of an ESP32 is full at 3.1 V already; a whole loop must look whole there too.
        assert loop.open * 33 // 31 + share < pulse_inputs._CUT


def test_the_regulators_make_what_their_nets_are_called():
    for placed in DRAWN.values():
        made = pages.voltages(placed)
        assert 4_900 <= made["+5V"] <= 5_100
        assert made["VCAP"] <= 2 * 2_300  # of two cells, up to 85 °C
        # The boost rests while the mains are there: below 5 V less a Schottky diode's 0.3 V at a light load.
        assert 4_200 <= made["+5V_HOLD from the cells"] <= made["+5V"] - 300
        assert 3_700 <= made.get("MODEM_3V8", 3_800) <= 3_900


def test_a_meter_line_at_rest_is_above_what_a_receiver_takes_for_a_mark():
    for placed in DRAWN.values():
        up, down = values.ohms(placed, "R31"), values.ohms(placed, "R32")
        ends = values.ohms(placed, "R35") // 2  # one here, one at the farthest meter
        assert 4_900 * ends // (up + down + ends) >= 200  # mV; RS-485


def test_the_boost_reaches_its_rail_through_a_diode_only_so_nothing_charges_the_cells_past_their_limit():
    # Above its voltage the TPS61022 joins input and output (SLVSDX7D 7.3.5): from D2 to the cells.
    for placed in DRAWN.values():
        users = nets.by_net(placed.values())
        beside = {one.reference for one, _pin in users[placed["U3"].nets["VOUT"]]}
        assert "D3" in beside and placed["D3"].nets == {"anode": "BOOST_5V", "cathode": "+5V_HOLD"}
        assert all("+5V_HOLD" not in placed[name].nets.values() for name in beside - {"D3"})
        made = pages.voltages(placed)
        assert (
            made["BOOST_5V"] - 300 < made["+5V"] - 450
        )  # a light load on the cells, a heavy one on the mains


def test_each_isolator_takes_in_on_the_side_where_its_maker_has_the_input():
    # ISO7721 in package D: side 1 has OUTA (2) and INB (3), side 2 OUTB (6) and INA (7); SLLSEP3G.
    logic = {name for name, pin in SYMBOLS["isolator"].items() if pin.side == "logic"}
    assert logic == {"VCC1", "GND1", "OUTA", "INB"}
    for placed in DRAWN.values():
        for line in (0, 1):
            pins = placed[f"U{30 + 10 * line}"].nets
            assert (pins["INB"], pins["OUTA"]) == (f"METER{line}_TX", f"METER{line}_RX")
            assert pins["OUTB"] == placed[f"U{31 + 10 * line}"].nets["D"]
            assert pins["INA"] == placed[f"U{31 + 10 * line}"].nets["R"]


def test_an_isolated_supply_has_a_tenth_of_its_load_whatever_is_connected():
    # Mornsun: not below 10 % of the load, and never without; else the voltage rises.
    for placed in DRAWN.values():
        for rail, zero, volts, least_ma in (
            ("M0_5V", "M0_0V", 5, 20),
            ("M1_5V", "M1_0V", 5, 20),
            ("F_12V", "F_0V", 12, 9),
        ):
            across = [
                ref
                for ref, one in placed.items()
                if set(one.nets.values()) == {rail, zero} and ref.startswith("R")
            ]
            assert sum(volts * 1_000 // values.ohms(placed, ref) for ref in across) >= least_ma, rail
            for ref in across:
                assert volts**2 * 1_000 // values.ohms(placed, ref) <= 70  # mW, of 100 at 70 °C


def test_a_pulse_loop_has_hysteresis_below_its_margins_and_a_suppressor_that_does_not_leak():
    for placed in DRAWN.values():
        loop = pages.loop_of(placed)
        for number in (0, 1):
            series, back = values.ohms(placed, f"R25{number}"), values.ohms(placed, f"R25{number + 2}")
            band = 65_536 * series // (series + back)
            assert 600 < band < min(loop.threshold - loop.closed, loop.open - loop.threshold) // 2
            assert placed[f"D{52 + 4 * number}"].part.part == "tvs_10v"
        # 5 uA through the loop's own resistance, in parts of 65,536 of 3.3 V.
        source = 4_700 * 14_700 // 19_400
        assert 5 * source * 65_536 // 3_300_000 < 65_536 // 100


def test_a_falling_supply_empties_each_timing_capacitor_past_the_monostable():
    # 10 uF and 3.3 V within a millisecond are 33 mA; its own protection bears 30 (MC74HC4538A).
    for placed in DRAWN.values():
        for number in (1, 2):
            diode = placed[f"D1{number + 2}"]
            assert diode.part.part == "diode_low_leakage"
            assert diode.nets == {"anode": f"RX{number}", "cathode": "3V3"}


def test_both_boards_have_the_same_sheets_but_the_chip_s():
    one, other = DRAWN.values()
    same = {ref: part.nets for ref, part in one.items() if part.sheet in commands.COMMON}
    assert same == {ref: part.nets for ref, part in other.items() if part.sheet in commands.COMMON}
    assert len(same) > 120


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (("R1", "r_10k", "GND", "3V3"), "the reference is already used"),
        (("R999", "r_11k", "GND", "3V3"), "parts.csv has no part r_11k"),
        (("R999", "r_10k", "GND"), "1 nets for 2 pins"),
        (("Q999", "nmos", {"gate": "A", "source": "GND"}), "pin drain is not wired"),
        (
            ("Q999", "nmos", {"gate": "A", "source": "GND", "drain": "B", "bulk": "GND"}),
            "nmos has no pin bulk",
        ),
    ],
)
def test_a_sheet_that_contradicts_the_tables_is_refused(put, said):
    place = Placing(BOARDS["rp2350"], parts.parts(), SYMBOLS)
    place.put("R1", "r_10k", "GND", "3V3")
    with pytest.raises(SheetError, match=said):
        place.put(*put)


# -- what is generated ---------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(commands.MADE))
def test_what_is_generated_is_current(name):
    stale = [
        str(made.path.relative_to(ROOT.parent)) for made in commands.MADE[name]() if not made.is_current()
    ]
    assert stale == [], f"python -m karez_hardware {name}"


def test_a_picture_carries_the_digest_of_its_source_and_leads_nowhere():
    pictures = sorted(ROOT.glob("*/*.svg"))
    assert len(pictures) == 16
    for path in pictures:
        text = path.read_text(encoding="utf-8")
        assert drawing.is_current(text, "another source") is False
        bare = text.replace('xmlns="http://www.w3.org/2000/svg"', "").replace(
            "http://www.w3.org/1999/xlink", ""
        )
        assert "://" not in bare and "<script" not in bare and "/tmp" not in bare, path
        assert text.rstrip().endswith("</svg>")


def test_the_command_says_what_is_stale_and_what_is_wrong(capsys, monkeypatch, tmp_path):
    from karez_hardware import __main__ as main

    made = commands.Made(tmp_path / "x.csv", "new", is_picture=False, make=lambda: "new")
    monkeypatch.setitem(commands.MADE, "lists", lambda: iter([made]))
    assert main.main(["lists", "--check"]) == 1
    assert "x.csv is stale: python -m karez_hardware lists" in capsys.readouterr().out
    assert main.main(["lists"]) == 0 and main.main(["lists", "--check"]) == 0
    monkeypatch.setattr(board, "BOARDS", ("nowhere",))
    monkeypatch.setattr(commands.boards, "BOARDS", ("nowhere",))
    assert main.main(["pins"]) == 2
    assert "board.toml: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("no", name="skidl"), "skidl is missing: pip install 'karez[hardware]'"),
        (PermissionError(13, "Permission denied", "x.svg"), "x.svg: Permission denied"),
        (subprocess.TimeoutExpired(["dot"], 60), "dot did not end within 60 s"),
        (RuntimeError("dot is missing: apt-get install graphviz"), "apt-get install graphviz"),
    ],
)
def test_what_hinders_the_command_is_one_sentence(capsys, monkeypatch, error, said):
    from karez_hardware import __main__ as main

    def hindered():
        raise error

    monkeypatch.setitem(commands.MADE, "wiring", hindered)
    assert main.main(["wiring"]) == 2
    assert said in capsys.readouterr().err


def test_without_graphviz_the_drawing_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeError, match="apt-get install graphviz"):
        drawing.svg_of("graph{}")


def test_the_help_names_every_verb():
    done = subprocess.run(
        [sys.executable, "-m", "karez_hardware", "--help"],
        capture_output=True, text=True, timeout=60, check=True, cwd=ROOT,
    )  # fmt: skip
    assert all(name in done.stdout for name in ("check", "netlist", *commands.MADE))
