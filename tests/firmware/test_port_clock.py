"""The clock of a board: registers of the DS3231, and ticks that wrap."""

from board_chips import Registers
from board_machine import PERIOD, I2c, Loader, World
from karez_firmware.ports import ds3231
from karez_firmware.ports.ticks import Ticks
from karez_protocols import record

UTC = 1_795_415_400  # 2026-11-23 06:30:00, a Monday


def clock():
    world = World()
    return world.clock, ds3231.Ds3231(I2c(world)), world


def test_registers_are_bcd_as_the_data_sheet_has_them():
    assert ds3231.registers_of(UTC) == b"\x00\x30\x06\x01\x23\x11\x26"
    assert ds3231.utc_of(b"\x00\x30\x06\x01\x23\x11\x26") == UTC
    assert ds3231.registers_of(946_684_800) == b"\x00\x00\x00\x06\x01\x01\x00"  # 2000-01-01, a Saturday
    assert ds3231.registers_of(1_709_164_799) == b"\x59\x59\x23\x03\x28\x02\x24"
    assert ds3231.registers_of(1_709_164_800) == b"\x00\x00\x00\x04\x29\x02\x24"  # 2024-02-29
    assert ds3231.registers_of(4_102_444_799) == b"\x59\x59\x23\x04\x31\x12\x99"  # the last second


def test_every_day_of_the_century_comes_back():
    for day in range(0, 36_525, 7):
        utc_s = 946_684_800 + day * 86_400 + day % 86_400
        assert ds3231.utc_of(ds3231.registers_of(utc_s)) == utc_s
    for utc_s in (946_684_799, 4_102_444_800, 0):
        try:
            ds3231.registers_of(utc_s)
        except ValueError:
            continue
        raise AssertionError(utc_s)


def test_what_is_no_time_is_none():
    good = bytearray(b"\x00\x30\x06\x01\x23\x11\x26")
    for at, value in (
        (0, 0x60), (0, 0x0A), (0, 0xA0), (1, 0x60), (2, 0x24), (2, 0x46), (4, 0), (4, 0x31), (5, 0),
        (5, 0x13), (5, 0x91), (6, 0xFF),
    ):  # fmt: skip
        bad = bytearray(good)
        bad[at] = value
        assert ds3231.utc_of(bad) is None, (at, value)
    assert ds3231.utc_of(b"\x00\x00\x00\x01\x30\x02\x24") is None
    assert ds3231.utc_of(b"\x00\x00\x00\x01\x29\x02\x23") is None
    assert ds3231.utc_of(b"\xff" * 7) is None and ds3231.utc_of(bytes(7)) is None


def test_setting_writes_mark_time_control_and_state_in_this_order():
    chip, rtc, _ = clock()
    assert rtc.set(UTC, record.TIME_SYNCHRONISED)
    assert chip.writes == [
        (0x07, b"\0\0"),
        (0x00, b"\x00\x30\x06\x01\x23\x11\x26"),
        (0x0E, b"\x04\x00"),  # INTCN; and in 0x0F the oscillator-stop flag is cleared
        (0x07, b"\x02\x42"),
    ]
    assert rtc.read() == (UTC, record.TIME_SYNCHRONISED)


def test_a_clock_that_stood_still_knows_nothing():
    chip, rtc, _ = clock()
    rtc.set(UTC, record.TIME_SYNCHRONISED)
    chip.cells[0x0F] |= 0x80
    assert rtc.read() == (None, record.TIME_UNKNOWN)
    rtc.set(UTC, record.TIME_INFORMATIVE)
    assert rtc.read() == (UTC, record.TIME_INFORMATIVE)


def test_a_clock_that_somebody_else_set_informs():
    chip, rtc, _ = clock()
    chip.put(0, ds3231.registers_of(UTC), 8)
    assert rtc.read() == (UTC, record.TIME_INFORMATIVE)
    chip.put(7, b"\x02\x41", 8)
    assert rtc.read() == (UTC, record.TIME_INFORMATIVE)
    chip.put(7, b"\x03\x42", 8)
    assert rtc.read() == (UTC, record.TIME_INFORMATIVE)


def test_a_set_that_is_cut_leaves_a_clock_that_merely_informs():
    chip, rtc, _ = clock()
    rtc.set(UTC, record.TIME_SYNCHRONISED)
    chip.refuses = (0x0E,)
    assert not rtc.set(UTC + 1000, record.TIME_SYNCHRONISED)
    assert rtc.read() == (UTC + 1000, record.TIME_INFORMATIVE)


def test_no_chip_and_a_time_it_cannot_hold_are_no_errors():
    _, rtc, world = clock()
    assert not rtc.set(0, record.TIME_SYNCHRONISED)
    del world.i2c[0x68]
    assert rtc.read() == (None, record.TIME_UNKNOWN) and not rtc.set(UTC, 2)
    world.i2c[0x68] = Registers(19)  # a chip whose registers are all 0: no day is the 0th
    assert rtc.read() == (None, record.TIME_UNKNOWN)


def test_ticks_that_wrap_grow_for_ever():
    world = World()
    with Loader(world):
        import time

        ticks = Ticks(time.ticks_us, time.ticks_diff)
        began_us, last_us = world.us, 0
        for _ in range(40):
            world.us += PERIOD // 8 + 1
            now_us = ticks.now_us()
            assert now_us > last_us
            last_us = now_us
        assert world.us - began_us == last_us and last_us > 5 * PERIOD - PERIOD
