"""What mutants of the chain's number showed: one copy alone, one of them lower, and none that takes it."""

from karez_firmware.ports.fake_memory import RamNor
from karez_firmware.store import chain_number, objects
from karez_firmware.store.devices import SECTOR

LARGE = 70_000  # whole numbers of this size are objects of their own


def kept_at(nor, place):
    data = objects.read(nor, objects.CHAIN, place)
    return None if data is None else int.from_bytes(data, "little")


def with_numbers(*numbers):
    """NOR with these numbers at the two places, None for nothing."""
    nor = RamNor(objects.SECTORS * SECTOR)
    for place, number in enumerate(numbers):
        if number is not None:
            objects.write(nor, objects.CHAIN, place, number.to_bytes(4, "little"))
    return nor


def test_the_higher_of_the_two_places_counts_and_either_alone():
    for numbers, highest in (
        ((None, None), 0), ((7, None), 7), ((None, 7), 7), ((8, 7), 8), ((7, 8), 8), ((LARGE, 0), LARGE),
        ((0xFFFFFFFE, 1), 0xFFFFFFFE), ((0x01000000, 0xFFFFFF), 0x01000000),
    ):  # fmt: skip
        assert chain_number.highest(with_numbers(*numbers)) == highest, numbers


def test_a_place_is_written_only_when_it_holds_less():
    for before in ((None, None), (LARGE - 1, None), (None, LARGE - 1), (LARGE, None), (None, LARGE), (1, 2)):
        nor = with_numbers(*before)
        nor.erases.clear()
        chain_number.keep(nor, LARGE)
        assert [kept_at(nor, place) for place in (0, 1)] == [LARGE, LARGE], before
        expected = [objects.CHAIN + place for place in (0, 1) if before[place] != LARGE]
        assert sorted(nor.erases) == expected, before
        chain_number.keep(nor, LARGE)
        chain_number.keep(nor, LARGE - 1)
        assert sorted(nor.erases) == expected and set(nor.erases.values()) == {1}, before
        assert chain_number.highest(nor) == LARGE


def test_a_number_is_four_bytes_and_any_of_them_fits():
    for number in (1, 0x01000000, 0xFFFFFFFE):
        nor = with_numbers(None, None)
        chain_number.keep(nor, number)
        for place in (0, 1):
            assert objects.read(nor, objects.CHAIN, place) == number.to_bytes(4, "little")


def test_a_place_that_takes_nothing_does_not_keep_the_other_from_it():
    for place in (0, 1):
        nor = with_numbers(3, 3)
        begin = (objects.CHAIN + place) * SECTOR
        nor.bad = (begin, begin + SECTOR)
        chain_number.keep(nor, 4)
        assert kept_at(nor, 1 - place) == 4 == chain_number.highest(nor)
