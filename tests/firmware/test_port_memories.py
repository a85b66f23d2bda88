"""NOR and FRAM of a board, byte for byte as the chips' data sheets say."""

from board_machine import Loader, World
from karez_firmware.store import devices

SIZE = 272 * devices.SECTOR


class Pins:
    NOR_SELECT, FRAM_SELECT = 10, 14


def chips(world=None, size=SIZE):
    """(world, NorChip, SpiFram) on one SPI."""
    world = world or World()
    world.attach(Pins)
    with Loader(world):
        import machine

        from karez_firmware.ports.fram_chip import SpiFram
        from karez_firmware.ports.nor_chip import NorChip

        spi = machine.SPI(0, 20_000_000, 0, 0, None, None, None)
        selects = [machine.Pin(pin, machine.Pin.OUT, value=1) for pin in (Pins.NOR_SELECT, Pins.FRAM_SELECT)]
        return world, NorChip(spi, selects[0], size), SpiFram(spi, selects[1], 4096)


def raised(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.args[0]
    return None


# -- NOR ------------------------------------------------------------------------------------


def test_it_is_woken_and_asked_who_it_is():
    world, nor, _ = chips()
    assert world.nor.sent() == [(b"\xab", 0), (b"\x9f", 3)]
    assert nor.size == SIZE


def test_a_read_is_one_command_with_three_bytes_of_address():
    world, nor, _ = chips()
    nor.program(0x012345, b"abc")
    nor.flush()
    world.nor.sent()
    assert nor.read(0x012345, 3) == b"abc"
    assert world.nor.sent() == [(b"\x05", 1), (b"\x03\x01\x23\x45", 3)]
    assert isinstance(nor.read(0, 4), bytes)


def test_a_program_is_enabled_and_checked_first_and_its_end_is_awaited_by_flush():
    world, nor, _ = chips()
    world.nor.sent()
    nor.program(0x1000, b"\x12\x34")
    assert world.nor.sent() == [
        (b"\x05", 1), (b"\x06", 0), (b"\x05", 1), (b"\x02\x00\x10\x00\x12\x34", 0),
    ]  # fmt: skip
    began_us = world.us
    nor.flush()
    assert 700 <= world.us - began_us < 800
    assert nor.read(0x1000, 3) == b"\x12\x34\xff"


def test_a_program_over_the_end_of_a_page_is_two():
    world, nor, _ = chips()
    world.nor.sent()
    data = bytes(range(1, 21))
    nor.program(0x10FA, memoryview(data))
    programs = [sent for sent, _ in world.nor.sent() if sent[0] == 2]
    assert programs == [b"\x02\x00\x10\xfa" + data[:6], b"\x02\x00\x11\x00" + data[6:]]
    assert nor.read(0x10FA, 20) == data and not world.nor.ignored


def test_a_whole_sector_goes_page_by_page():
    world, nor, _ = chips()
    data = bytes(number * 7 & 255 for number in range(4096))
    nor.program(0x2000, data)
    assert nor.read(0x2000, 4096) == data
    assert len([sent for sent, _ in world.nor.sent() if sent[0] == 2]) == 16


def test_programming_only_clears_bits():
    _, nor, _ = chips()
    nor.program(0, b"\xf0")
    nor.program(0, b"\x3c")
    assert nor.read(0, 1) == b"\x30"


def test_an_erase_returns_at_once_and_who_comes_next_waits_for_it():
    world, nor, _ = chips()
    nor.program(3 * 4096, b"\0")
    nor.flush()
    world.nor.sent()
    began_us = world.us
    nor.erase(3)
    assert world.us - began_us < 1_000
    assert world.nor.sent()[-1] == (b"\x20\x00\x30\x00", 0)
    assert nor.read(3 * 4096, 1) == b"\xff"
    assert 45_000 <= world.us - began_us < 46_000 and not world.nor.ignored


def test_a_chip_that_never_ends_is_an_error_after_half_a_second():
    world, nor, _ = chips()
    world.nor.erase_us = 10_000_000
    nor.erase(0)
    began_us = world.us
    assert raised(nor.read, 0, 1) == 110
    assert 500_000 <= world.us - began_us < 600_000


def test_a_chip_that_is_locked_takes_nothing_and_says_so():
    world, nor, _ = chips()
    world.nor.is_locked = True
    assert raised(nor.program, 0, b"\0") == 5 and raised(nor.erase, 0) == 5
    assert nor.read(0, 1) == b"\xff"


def test_no_chip_is_an_error_of_every_call_and_costs_no_time():
    world = World()
    world.nor.is_dead = True
    _, nor, _ = chips(world)
    began_us = world.us
    for call in ((nor.read, 0, 4), (nor.program, 0, b"\0"), (nor.erase, 0), (nor.flush,)):
        assert raised(*call) == 5
    assert world.us - began_us < 1_000
    assert devices.look(nor, 0, 4) == bytes(4) and not devices.is_put(nor, 0, b"\0")


def test_a_chip_that_dies_later_is_an_error_and_one_that_comes_back_is_taken():
    world, nor, _ = chips()
    world.nor.is_dead = True
    assert raised(nor.read, 0, 4) == 5
    world.nor.is_dead = False
    assert nor.read(0, 4) == b"\xff" * 4
    other = World()
    other.nor.is_dead = True
    _, nor, _ = chips(other)
    other.nor.is_dead = False
    assert nor.read(0, 1) == b"\xff"


def test_a_chip_that_is_too_small_is_none():
    world = World()
    world.nor.identity = b"\xef\x40\x14"  # 1 MB
    _, nor, _ = chips(world)
    assert raised(nor.read, 0, 1) == 5
    _, nor, _ = chips(world, 1 << 20)
    assert nor.read(0, 1) == b"\xff"


def test_the_store_s_own_check_passes_on_it():
    _, nor, fram = chips()
    assert devices.is_put(nor, 0x1FFF0, bytes(range(64)))
    fram.write(0, b"x")
    assert nor.read(0x1FFF0, 64) == bytes(range(64))


# -- FRAM -----------------------------------------------------------------------------------


def test_a_write_to_fram_is_enabled_and_checked_first():
    world, _, fram = chips()
    fram.write(0x0123, b"head")
    assert world.fram.sent() == [(b"\x06", 0), (b"\x05", 1), (b"\x02\x01\x23head", 0)]
    fram.flush()
    assert fram.read(0x0123, 4) == b"head"
    assert world.fram.sent() == [(b"\x03\x01\x23", 4)]


def test_a_fram_that_is_not_there_takes_nothing():
    world, _, fram = chips()
    world.fram.is_dead = True
    assert raised(fram.write, 0, b"x") == 5
    assert fram.read(0, 2) == b"\xff\xff"  # no CRC fits that


def test_the_memories_share_a_bus_and_not_a_select():
    world, nor, fram = chips()
    world.nor.sent()
    fram.write(0, b"x")
    assert world.nor.sent() == []
    nor.read(0, 1)
    assert [sent for sent, _ in world.fram.sent()] == [b"\x06", b"\x05", b"\x02\0\0x"]


def test_a_fram_on_i2c_has_two_bytes_of_address():
    from board_chips import Registers

    world = World()
    with Loader(world):
        import machine

        from karez_firmware.ports.fram_chip import I2cFram

        fram = I2cFram(machine.I2C(0, None, None, 400_000), 4096)
    assert raised(fram.read, 0, 1) == 19 and raised(fram.write, 0, b"x") == 19
    world.i2c[0x50] = Registers(8192, addrsize=16)
    fram.write(0x0800, b"head")
    fram.flush()
    assert fram.read(0x0800, 4) == b"head" and isinstance(fram.read(0, 1), bytes)
    assert world.i2c[0x50].writes == [(0x0800, b"head")]
