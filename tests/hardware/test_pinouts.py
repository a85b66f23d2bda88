"""Each board's pinout holds against the table of its chip, and the firmware's pins are what it says."""

import csv
import dataclasses
import shutil

import pytest

from karez_firmware.ports import pins_esp32s3, pins_rp2350
from karez_hardware import board, commands, pin_checks, pins_module
from karez_hardware.tables import ROOT, BadTableError

BOARDS = {name: board.load(name) for name in board.BOARDS}
FIRMWARE = {"esp32s3": pins_esp32s3.Pins, "rp2350": pins_rp2350.Pins}
S3 = BOARDS["esp32s3"]


@pytest.mark.parametrize("name", board.BOARDS)
def test_a_pinout_breaks_no_rule_of_its_chip(name):
    assert pin_checks.faults(BOARDS[name]) == []


def test_the_firmware_s_pins_are_written_from_the_pinouts():
    stale = [str(made.path) for made in commands.pins() if not made.is_current()]
    assert stale == [], "python -m karez_hardware pins"


@pytest.mark.parametrize("name", board.BOARDS)
def test_the_firmware_s_class_has_the_numbers_of_the_table(name):
    pins, wires = FIRMWARE[name], BOARDS[name].fitted()
    for signal in ("SCK", "MISO", "NOR_SELECT", "SDA", "COIL", "TRIP", "ALIVE", "AUX", "DOOR", "EMERGENCY"):
        assert getattr(pins, signal) == wires[signal].gpio, signal
    assert [row[1:] for row in pins.METERS] == [
        (wires[f"METER{line}_TX"].gpio, wires[f"METER{line}_RX"].gpio) for line in (0, 1)
    ]
    assert pins.PULSES[1] == (wires["PULSE1_COUNT"].gpio, wires["PULSE1_LOOP"].gpio)


def changed(name, **values):
    """The ESP32's board with one wire changed."""
    wires = tuple(dataclasses.replace(one, **values) if one.signal == name else one for one in S3.wires)
    return dataclasses.replace(S3, wires=wires)


PLANTED = [
    ("MISO", {"gpio": 12}, "GPIO12 carries SCK, MISO"),
    ("MODEM_TX", {"gpio": 12}, "GPIO12 carries SCK, MODEM_TX"),
    ("AUX", {"gpio": 36}, "belongs to the octal PSRAM"),
    ("AUX", {"gpio": 30}, "belongs to the flash"),
    ("AUX", {"gpio": 20}, "belongs to the USB"),
    ("AUX", {"gpio": 45}, "is read at reset and must then be low"),
    ("AUX", {"gpio": 0}, "is read at reset and must then be high"),
    ("AUX", {"gpio": 23}, "the chip has no GPIO23"),
    ("COIL", {"gpio": 18}, "may move at reset"),
    ("TRIP", {"gpio": 3}, "may move at reset"),
    ("ALIVE", {"gpio": 43}, "may move at reset"),
    ("COIL", {"boot": ""}, "must be held low in reset"),
    ("COIL", {"boot": "high"}, "must be held low in reset"),
    ("PULSE0_LOOP", {"gpio": 13}, "has no ADC to use"),
    ("PULSE0_LOOP", {"gpio": 38}, "has no ADC to use"),
    ("METER0_TX", {"function": "UART3_TX"}, "cannot be UART3_TX"),
    ("SCK", {"function": "SPI0_SCK"}, "cannot be SPI0_SCK"),
    ("SCL", {"function": "CAN0_TX"}, "cannot be CAN0_TX"),
    ("AUX", {"level_mv": 5000}, "5000 mV, and the pin stands 3600 mV"),
    ("COIL", {"load_ua": 16_700}, "16700 uA, and the pin drives 20 mA"),
    ("COIL", {"load_ua": 0}, "an output without a load"),
]


@pytest.mark.parametrize(("signal", "values", "said"), PLANTED)
def test_a_planted_fault_is_found(signal, values, said):
    assert any(said in text for text in pin_checks.faults(changed(signal, **values)))


def test_a_uart_of_the_rp2350_is_where_the_chip_has_it_and_nowhere_else():
    wires = tuple(
        dataclasses.replace(one, gpio=33) if one.signal == "METER0_TX" else one
        for one in BOARDS["rp2350"].wires
    )
    assert pin_checks.faults(dataclasses.replace(BOARDS["rp2350"], wires=wires)) == [
        "METER0_TX on GPIO33: cannot be UART0_TX"
    ]


def test_the_rp2350_s_functions_repeat_every_sixteen_pins_up_to_31():
    chip = BOARDS["rp2350"].chip
    for gpio in range(16):
        assert chip[gpio].functions == chip[gpio + 16].functions, gpio
    assert {gpio for gpio, pin in chip.items() if pin.adc} == set(range(40, 48))


# -- bad tables ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A copy of what a board is read from."""
    for name in ("esp32s3", "mcu"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def written(folder, text):
    path = folder / "esp32s3" / "pinout.csv"
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8")


HEADER = ",".join(board.PINOUT)
BAD = [
    ("", "the first line must be"),
    ("a,b\n", "the first line must be"),
    (HEADER + "\n", "has no rows"),
    (HEADER + "\nSCK,12\n", r"line 2: 2 cells, not 9"),
    (HEADER + "\nSCK,twelve,gpio,out,,0,1,,\n", "gpio is no whole number: 'twelve'"),
    (HEADER + "\nSCK,99999999999999999999,gpio,out,,0,1,,\n", "gpio must be 0 to 63"),
    (HEADER + "\nSCK,-1,gpio,out,,0,1,,\n", "gpio must be 0 to 63"),
    (HEADER + "\nSCK,1,gpio,out,,0,1,,\nSCK,2,gpio,out,,0,1,,\n", "signal SCK stands there twice"),
    (HEADER + "\n,1,gpio,out,,0,1,,\n", "a row without signal"),
    (HEADER + "\nSCK,1,gpio,sideways,,0,1,,\n", "direction must be one of"),
    (HEADER + "\nSCK,1,gpio,out,,0,1,5g,\n", "option must be one of"),
    (HEADER + "\n" + "SCK,1,gpio,out,,0,1,,\n" * 2_001, "more than 2000 rows"),
    (b"\xff\xfe\x00S", "is not UTF-8"),
    (b"a\0b", "holds binary data"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_pinout_is_refused_with_its_place(folder, text, said):
    written(folder, text)
    with pytest.raises(BadTableError, match=said):
        board.load("esp32s3", folder)


def test_a_missing_file_a_missing_signal_and_a_bad_setting_are_named(folder):
    text = (folder / "esp32s3" / "pinout.csv").read_text(encoding="utf-8")
    written(folder, "\n".join(line for line in text.splitlines() if not line.startswith("COIL,")) + "\n")
    with pytest.raises(BadTableError, match="COIL is missing, and the firmware needs it"):
        pins_module.text_of(board.load("esp32s3", folder))
    written(folder, "\n".join(line for line in text.splitlines() if not line.startswith("METER1_RX,")) + "\n")
    with pytest.raises(BadTableError, match="METER1_RX is missing beside METER1_TX"):
        pins_module.text_of(board.load("esp32s3", folder))
    settings = folder / "esp32s3" / "board.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('fitted = "4g"', 'fitted = "5g"'))
    with pytest.raises(BadTableError, match="fitted must be one of options"):
        board.load("esp32s3", folder)
    settings.write_text("title = [")
    with pytest.raises(BadTableError, match="is no TOML"):
        board.load("esp32s3", folder)
    settings.unlink()
    with pytest.raises(BadTableError, match=r"board\.toml: cannot be read"):
        board.load("esp32s3", folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mcu = "esp32s3_n16r8.csv"', "mcu = 3", r"esp32s3/board\.toml: mcu must be a text"),
        ('options = ["4g", "ethernet"]', "options = true", "options must be a list"),
        ('options = ["4g", "ethernet"]', 'options = ["4g", 3]', "options must be a list of words"),
        ("uart = [0, 1, 2]", 'uart = ["0"]', "uart must be a list of numbers"),
        ("uart = [0, 1, 2]", "usart = [0]", r"units\.uart is missing"),
        ("SPI_BAUD = 20_000_000\n", "", r"constants\.SPI_BAUD is missing"),
        ("SPI_BAUD = 20_000_000", "SPI_BAUD = true", r"constants\.SPI_BAUD must be a whole number"),
        ("SPI_BAUD = 20_000_000", "SPI_BAUD = 99999999999999999999", r"constants\.SPI_BAUD must be -1 to"),
        ("supply_mv = 3300", "supply_mv = []", "supply_mv must be a whole number"),
        ("FRAM_ON_I2C = false", "FRAM_ON_I2C = 0", "FRAM_ON_I2C must be true or false"),
        ("[constants]", "[other]", "constants is missing"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(folder, old, new, said):
    path = folder / "esp32s3" / "board.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadTableError, match=said):
        board.load("esp32s3", folder)


@pytest.mark.parametrize("name", ["mcu/esp32s3_n16r8.csv", "mcu/rp2350b.csv", "parts.csv", "loads.csv"])
def test_every_figure_names_its_source(name):
    with (ROOT / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10 and all(row["source"].strip() for row in rows)
