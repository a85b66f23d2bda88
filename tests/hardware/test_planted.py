"""A fault planted in a copy of the tables is found by the check, in a sentence with file and row.

Nothing is drawn and no tool is asked: this is what `python -m karez_hardware check` does before SKiDL.
"""

import re
import shutil

import pytest

from karez_hardware import commands
from karez_hardware.tables import ROOT, BadTableError

TABLES = ("*.csv", "*.md", "*.toml", "*.yml", "*.svg")
S3, PINS = "esp32s3/pinout.csv", r"^esp32s3/pinout.csv: "
# What is wrong, file, what stands there, what is planted, what the check says.
PLANTED = [
    ("a pin used twice", S3, "AUX,7,", "AUX,4,", PINS + "GPIO4 carries COIL, AUX$"),
    (
        "a strapping pin pulled wrong",
        S3,
        "AUX,7,",
        "AUX,46,",
        PINS + "AUX on GPIO46: is read at reset and must then be low",
    ),
    (
        "a contactor that moves at reset",
        S3,
        "COIL,4,",
        "COIL,18,",
        PINS + "COIL on GPIO18: may move at reset",
    ),
    ("a pin of the PSRAM", S3, "AUX,7,", "AUX,35,", PINS + "AUX on GPIO35: belongs to the octal PSRAM"),
    (
        "an ADC that stands still with the radio",
        S3,
        "PULSE0_LOOP,1,",
        "PULSE0_LOOP,14,",
        PINS + "PULSE0_LOOP on GPIO14: has no ADC to use",
    ),
    (
        "drive current too large",
        S3,
        "COIL,4,gpio,out,low,0,330,",
        "COIL,4,gpio,out,low,0,16700,",
        PINS + "COIL on GPIO4: 16700 uA, and the pin drives 20 mA",
    ),
    (
        "5 V on a pin of 3.3 V",
        S3,
        "CARD_0,47,gpio,in,high,3300,",
        "CARD_0,47,gpio,in,high,5000,",
        PINS + "CARD_0 on GPIO47: 5000 mV, and the pin stands 3600 mV",
    ),
    (
        "an input-only pin as output",
        "mcu/esp32s3_n16r8.csv",
        "4,uart spi i2c,ADC1_CH3,,,,3600,20,",
        "4,uart spi i2c,ADC1_CH3,,,,3600,0,",
        PINS + "COIL on GPIO4: an output, and the pin drives nothing",
    ),
    (
        "a UART where the chip has none",
        "rp2350/pinout.csv",
        "METER0_TX,12,",
        "METER0_TX,33,",
        "^rp2350/pinout.csv: METER0_TX on GPIO33: cannot be UART0_TX$",
    ),
    (
        "a part that ends at -20 °C",
        "parts.csv",
        "3.5 ppm,-40,85,",
        "3.5 ppm,-20,85,",
        "^parts.csv, row rtc: -20 to 85 °C does not cover -40 to 85 °C$",
    ),
    (
        "a critical part without an alternate",
        "parts.csv",
        "yes,Analog Devices,DS3231MZ+,layout",
        "yes,,,",
        "^parts.csv, row rtc: is critical and has no alternate$",
    ),
    (
        "a transistor below what the suppressor lets through",
        "parts.csv",
        "55 V 2.1 A",
        "30 V 5.7 A",
        "^schematic of esp32s3 .*: Q1 .nmos. bears 30000 mV, and 46400 mV may stand across it$",
    ),
    (
        "an island crossed",
        "symbols.csv",
        "isolator,GND2,power-in,line",
        "isolator,GND2,power-in,logic",
        "^schematic of esp32s3 .*: logic and meter line 0 are joined: GND reaches M0_0V$",
    ),
    (
        "a terminal on another net",
        "terminals.csv",
        "X2,2,NO,COIL_OUT,",
        "X2,2,NO,TRIP_OUT,",
        "^terminals.csv against esp32s3: X2.2 is COIL_OUT, and terminals.csv says TRIP_OUT$",
    ),
    (
        "a harness with an unknown terminal",
        "wiring/meters.yml",
        "  X6: {type: board",
        "  X66: {type: board",
        "^wiring/meters.yml: terminals.csv has no X66$",
    ),
    (
        "a wire left out",
        "wiring/contactor.yml",
        "  - [{XC: 1}, {W26: 1}, {F10: 1}]\n",
        "",
        "^wiring/contactor.yml: no wire leads to L1 of F10$",
    ),
    (
        "too many wires in a terminal",
        "wiring/panel.yml",
        "  XP: {type: terminals,",
        "  XP: {type: lamp,",
        "^wiring: 12V of XP: 5 wires, and a terminal takes 2; lead them to a block$",
    ),
    (
        "a load too many",
        "loads.csv",
        "4G modem,MODEM_3V8,esp32s3,30,60,300,1000,",
        "4G modem,MODEM_3V8,esp32s3,30,60,300,2000,",
        "^loads.csv: esp32s3: U1 must give .* mA at the peak, and can give 2000 mA$",
    ),
]


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """A copy of the tables; who changes one puts it back."""
    folder = tmp_path_factory.mktemp("hardware")
    for pattern in TABLES:
        for path in (*ROOT.glob(pattern), *ROOT.glob("*/" + pattern)):
            there = folder / path.relative_to(ROOT)
            there.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, there)
    return folder


@pytest.fixture
def plant(copies):
    """plant(file, old, new): change a copied file until the test's end."""
    before = {}

    def planted(name, old, new):
        path = copies / name
        text = before.setdefault(path, path.read_text(encoding="utf-8"))
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return copies

    yield planted
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("what", "name", "old", "new", "said"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_fault_is_found_with_its_file_and_row(plant, what, name, old, new, said):
    found = commands.faults(plant(name, old, new))
    assert any(re.search(said, text) for text in found), found


@pytest.mark.parametrize(
    ("what", "verb", "name", "old", "new", "stale"),
    [
        (
            "a harness changed after its picture",
            "wiring",
            "wiring/panel.yml",
            "length: 0.3",
            "length: 0.4",
            "wiring/panel.svg",
        ),
        (
            "a part changed after its picture",
            "schematic",
            "parts.csv",
            "LTC4425EDD#PBF",
            "LTC4425EDD#TRPBF",
            "schematic/supply.svg",
        ),
        (
            "a table in a page",
            "lists",
            "power.md",
            "the cells carry it, s | 36",
            "the cells carry it, s | 99",
            "power.md",
        ),
    ],
)
def test_what_is_stale_is_named(plant, what, verb, name, old, new, stale):
    folder = plant(name, old, new)
    found = [
        made.path.relative_to(folder).as_posix()
        for made in commands.MADE[verb](folder)
        if not made.is_current()
    ]
    assert stale in found


def test_a_missing_line_of_a_parts_list_is_named(plant, copies):
    lines = (copies / "rp2350" / "bom.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    line = next(one for one in lines if one.startswith("1,U21,"))
    folder = plant("rp2350/bom.csv", line, "")
    stale = [made.path for made in commands.lists(folder) if not made.is_current()]
    assert stale == [folder / "rp2350" / "bom.csv"]


def test_the_copies_themselves_are_without_a_fault(copies):
    assert commands.faults(copies) == []


def test_the_file_is_named_with_its_folder_for_each_board_has_a_pinout(plant):
    folder = plant("rp2350/pinout.csv", "AUX,17,gpio,in,", "AUX,17,gpio,inwards,")
    with pytest.raises(BadTableError, match=r"^rp2350/pinout.csv, row AUX: direction must be one of"):
        commands.faults(folder)
