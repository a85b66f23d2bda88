"""What karez decode makes of the logs that people paste: every shape once, and bytes in any of them."""

import contextlib
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from karez_gateway.decoder import capture

EIGHT = bytes.fromhex("01030000000AC5CD")


def both(text):
    """What auto and --format log say of a text, which must be the same."""
    found = capture.from_text(text)
    assert capture.from_text(text, "log") == found
    return found


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        # Stamps behind the bytes, as PLC programs write them.
        ("01 03 00 00 00 0A C5 CD 2024-05-01 12:34:56.789", 0),
        ("01 03 00 00 00 0A C5 CD\t2024/5/1\t12:34:56", 0),
        ("01 03 00 00 00 0A C5 CD [12:34:56]", 0),
        ("01 03 00 00 00 0A C5 CD   24-05-01 12:34:56", 0),
        ("01 03 00 00 00 0A C5 CD 5/1/2024 1:34:56 PM", 0),
        ("01:03:00:00:00:0A:C5:CD 12:34:56", 0),
        # EPICS asyn: how many bytes, and they on the lines below.
        ("2016/09/21 11:25:17.123 /dev/ttyS0 write 8\n01 03 00 00 00 0a c5 cd\n", 1),
        ("2016/09/21 11:25:17.123 10.0.0.1:502 read 89\n\n01 03 00 00\n00 0a c5 cd\n", 1),
        # pymodbus, minimalmodbus, umodbus, modbus_tk, NModbus, node-modbus.
        ("DEBUG:pymodbus.logging:send: 0x1 0x3 0x0 0x0 0x0 0xa 0xc5 0xcd", 0),
        ("2024-05-01 12:34:56,789 DEBUG logging:103 send: 0x1 0x3 0x0 0x0 0x0 0xa 0xc5 0xcd", 0),
        (
            (
                "DEBUG logging:103 recv: 0x1 0x3 0x0 0x0 0x0 0xa 0xc5 0xcd extra data: 0x1 0x3\n"
                "DEBUG logging:103 Processing: 0x1 0x3 0x0 0x0 0x0 0xa 0xc5 0xcd"
            ),
            1,
        ),
        (r"DEBUG:root:--> b'\x01\x03\x00\x00\x00\n\xc5\xcd'", 0),
        ("DEBUG:umodbus.server:--> 127.0.0.1 - b'01030000000ac5cd'.", 0),
        (r"MinimalModbus debug mode. Will write: '\x01\x03\x00\x00\x00\n\xc5\xcd' (8 bytes)", 0),
        (
            (
                "MinimalModbus debug mode. Will write to instrument (expecting 7 bytes back): "
                "01 03 00 00 00 0A C5 CD (8 bytes)\nMinimalModbus debug mode. No sleep required before "
                "write. Time since last read: 21.38 ms, silent period: 4.01 ms."
            ),
            1,
        ),
        ("DEBUG:modbus_tk:-> 01-03-00-00-00-0a-c5-cd", 0),
        ("INFO Modbus.IO.ModbusSerialTransport - TX: 1, 3, 0, 0, 0, 10, 197, 205", 0),
        ("data sent <Buffer 01 03 00 00 00 0a c5 cd>", 0),
        # libmodbus.
        ("Opening /dev/ttyUSB0 at 9600 bauds (N, 8, 1)\n[01][03][00][00][00][0A][C5][CD]", 1),
        ("Waiting for a confirmation...\n<01><03><00><00><00><0A><C5><CD>", 1),
        ("[01][03][00][00][00][0A][C5][CD]\nERROR CRC received 0xF84A != CRC calculated 0x71C0", 1),
        # ESPHome.
        ("[16:54:13][V][modbus:222]: Modbus write: 01.03.00.00.00.0A.C5.CD (8)", 0),
        ("[16:54:13][D][modbus:9]: Modbus write: 01.03.00.00.00.0A.C5.CD (8) at 305852", 0),
        (
            (
                "[16:54:13][V][m:1]: Sending next modbus command to device 10 register 0x1B6D count 2\n"
                "[16:54:13][D][uart_debug:114]: >>> 01:03:00:00:00:0A:C5:CD\n"
                "[16:54:13][W][modbus:124]: Modbus CRC Check failed! 5DE5!=FEE9\n"
                "[16:54:13][V][modbus:035]: Clearing buffer of 10 bytes - timeout"
            ),
            3,
        ),
        (
            "".join(f"[17:32:25][V][modbus:058]: Modbus received Byte  {one} (0X{one:x})\n" for one in EIGHT),
            0,
        ),
        ("RX 01 03 00 00 00 0A C5 CD crc CDC5 calculated 71C0", 0),
        ("RX: 01 03 00 00 00 0A C5 CD calculated 71C0", 0),
        # eModbus, a serial port monitor: a text column.
        (
            (
                "[V] 36| ModbusMessage.cpp    [ 529] checkData: Check data #3\n"
                "[D] 47| ModbusClientRTU.cpp  [ 107] Request: @3FFB1F08/8:\n"
                "  | 0000: 01 03 00 00 00 0A C5 CD                           |........        |\n"
            ),
            2,
        ),
        ("[06/02/2018 11:51:31] Written data (COM3)\t\n    01 03 00 00 00 0a c5 cd    ......ÅÍ  \t\n", 1),
        ("TX 2024-05-01 12:34:56: 01 03 00 00 00 0A C5 CD", 0),
        ("Send 12:34:56.789 01 03 00 00 00 0A C5 CD", 0),
        # Modbus Poll, a port sniffer.
        ("Tx:000001-01 03 00 00 00 0A C5 CD", 0),
        ("000001-Tx:01 03 00 00 00 0A C5 CD", 0),
        ("17 10:00:00 IRP_MJ_WRITE Serial0 SUCCESS Length 8: 01 03 00 00 00 0A C5 CD", 0),
        ("[0001] TX 01 03 00 00 00 0A C5 CD", 0),
        # Line numbers, ticks, ports, lengths.
        ("12 TX 01 03 00 00 00 0A C5 CD", 0),
        ("slave 01 TX (8): 01 03 00 00 00 0A C5 CD", 0),
        ("RX 01 03 00 00 00 0A C5 CD took 20 ms", 0),
        ("12:00:00 Connected in 20 ms\n12:00:01 TX 01 03 00 00 00 0A C5 CD\n12:00:02 retry 03", 2),
        ("read 8 01 03 00 00 00 0A C5 CD", 0),
    ],
)
def test_each_shape_of_a_log_gives_its_bytes_and_nothing_of_its_words(text, skipped):
    assert both(text) == (EIGHT, skipped)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("12:00:00 read 89", "89 may be a byte or how many there are"),
        ("12:00:00 read 12 03 08 00 00 00 00 00 00 00 00 12 34", "12 may be a byte or how many follow"),
        ("12:00:00 RX 01 03 00 00 / TX 01 03 00 01", "may both be bytes"),
        ("12:00:00 RX 01 03 00 00 00 0A C5 CD 305852", "may both be bytes"),
        ("12:00:00 TX: 10, 20, 30, 40", "decimal or hex"),
        ("12:00:00 TX: 1, 3, 0, 300", "decimal or hex"),
        (r"12:00:00 TX b'\x01' RX b'\x02'", "two byte literals"),
        (r"12:00:00 TX b'\q'", "Python would not write so"),
        ("12:00:00 modbus.c:42 01 03 00 00 00 0A", "hangs on a word"),
        ("12:00:00 RX 01 03 00 00 00 0A/x", "hangs on a word"),
        ("12:00:00 FE FE wake up", "may be bytes or words"),
    ],
)
def test_a_line_that_can_be_read_in_two_ways_is_refused_and_named(text, says):
    for form in ("auto", "log"):
        with pytest.raises(capture.Unusable) as caught:
            capture.from_text("12:00:00 TX 01 03\n" + text, form)
        assert str(caught.value).startswith("line 2: ") and says in str(caught.value)
        assert "--format" in str(caught.value)


def test_a_tick_before_the_bytes_is_no_data():
    assert capture.from_text("305852 01 03 00 00 00 0A C5 CD", "log") == (EIGHT, 0)


def test_decimal_lists_are_told_from_hex_or_the_choice_is_named():
    for text in ("1, 3, 0, 0, 0, 10, 197, 205", "[1,3,0,0,0,10,197,205]\n", "1,3,0,0,\n0,10,197,205"):
        assert capture.from_text(text) == (EIGHT, 0) == capture.from_text(text, "decimal")
    assert capture.from_text("1 3 0 0 0 10 197 205", "decimal") == (EIGHT, 0)
    assert capture.from_text("01, 03, 00, 00") == (EIGHT[:4], 0)
    assert capture.from_text("10, 20, 30", "decimal") == (bytes((10, 20, 30)), 0)
    assert capture.from_text("10, 20, 30", "hex") == (b"\x10\x20\x30", 0)
    for text, form, says in (
        ("10, 20, 30", "auto", "give --format decimal or --format hex"),
        ("1, 3, 256", "auto", "numbers 0 to 255"),
        ("1 3 0 22", "auto", "need --format decimal"),
        ("1, 3, 0A", "decimal", "numbers 0 to 255"),
        ("", "decimal", "numbers 0 to 255"),
    ):
        with pytest.raises(capture.Unusable, match=says):
            capture.from_text(text, form)


def test_a_text_column_is_known_by_its_characters():
    assert both("RX 30 31 61 62  01ab") == (b"01ab", 0)
    assert both("RX 30 31 61 62 |01ab|") == (b"01ab", 0)
    assert both("RX 00 31 ff 62  .1.b") == (b"\x001\xffb", 0)
    # What is no text of these bytes is bytes, two blanks or not.
    assert both("RX 30 31 61 62  01 ab") == (b"01ab\x01\xab", 0)


def column(data):
    return "".join(chr(one) if 0x20 < one < 0x7F else "." for one in data)


def lines_of(data, size, shape):
    return "\n".join(shape(data[at : at + size]) for at in range(0, len(data), size))


SHAPES = {
    "stamp before": lambda data: f"2024-05-01 12:34:56.789 TX {data.hex(' ')}",
    "stamp behind": lambda data: f"RX: {data.hex(' ')} 2024-05-01 12:34:56",
    "brackets": lambda data: f"[12:34:56.789] COM3 Send ({len(data)}): {data.hex(' ').upper()}",
    "glued": lambda data: f"12:34:56 TX: {data.hex()}",
    "colons": lambda data: f"[12:34:56][D][uart_debug:114]: >>> {data.hex(':')}",
    "dashes": lambda data: f"DEBUG:modbus_tk:-> {data.hex('-')}",
    "dots": lambda data: f"[16:54:13][V][modbus:222]: Modbus write: {data.hex('.')} ({len(data)}) at 305852",
    "pymodbus": lambda data: "DEBUG:pymodbus.logging:send: " + " ".join(map(hex, data)),
    "literal": lambda data: f"DEBUG:root:--> {data!r}",
    "libmodbus sent": lambda data: "".join(f"[{one:02X}]" for one in data) + "\nWaiting for...",
    "libmodbus heard": lambda data: "Waiting for...\n" + "".join(f"<{one:02X}>" for one in data),
    "C": lambda data: "TX {" + ", ".join(f"0x{one:02X}" for one in data) + "};",
    "asyn": lambda data: (
        f"2016/09/21 11:25:17.123 /dev/ttyS0 read {len(data)}\n"
        + lines_of(data, 20, lambda one: one.hex(" "))
    ),
    "byte by byte": lambda data: "\n".join(f"Modbus received Byte  {one} (0X{one:x})" for one in data),
    "eModbus": lambda data: (
        "Request: @3FFB1F08:\n"
        + "\n".join(
            f"  | {at:04X}: {data[at : at + 16].hex(' ').upper():<49} |{column(data[at : at + 16]):<16}|"
            for at in range(0, len(data), 16)
        )
    ),
    "monitor": lambda data: (
        "[06/02/2018 11:51:31] Written data (COM3)\t\n"
        + lines_of(data, 16, lambda one: f"    {one.hex(' '):<50}{column(one):<16}\t")
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.binary(min_size=1, max_size=60))
def test_any_bytes_come_back_from_every_shape_of_a_log(shape, data):
    if shape == "literal":  # b'0103' is how umodbus writes two bytes
        assume("\\x" in repr(data))
    assert both(SHAPES[shape](data))[0] == data


@given(data=st.binary(min_size=3, max_size=60))
def test_any_bytes_come_back_from_decimals_or_the_choice_is_named(data):
    numbers = ", ".join(map(str, data))
    assert capture.from_text(numbers, "decimal") == (data, 0)
    for text in (numbers, f"12:34:56 TX: {numbers}"):
        if all(10 <= one <= 99 for one in data):
            with pytest.raises(capture.Unusable, match="--format decimal"):
                capture.from_text(text)
        else:
            assert capture.from_text(text) == (data, 0)


@pytest.mark.parametrize(
    "part",
    [
        "01 03 ",
        "01 x ",
        "01  03  ",
        "00,  ",
        "'\"\\",
        "[01]",
        "=",
        "12:34:56 ",
        "2024-05-01 ",
        "1 (0x1) ",
        "<",
        "01.",
    ],
)
def test_a_line_without_an_end_takes_little_time(part):
    started = time.process_time()
    with contextlib.suppress(capture.Unusable):
        capture.from_text("TX " + part * (40_000 // len(part)), "log")
    assert time.process_time() - started < 10  # what grows with the square of it takes minutes
