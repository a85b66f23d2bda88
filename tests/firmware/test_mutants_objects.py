"""What mutants of the objects showed: fixed places, the longest object, headers that only half fit."""

import binascii

from karez_firmware.ports.fake_memory import RamNor
from karez_firmware.store import objects
from karez_firmware.store.devices import SECTOR, StoreFailed

HEADER_SIZE = 12
LONGEST = SECTOR - 16


def blank():
    return RamNor(objects.SECTORS * SECTOR)


def raw(data, sort=objects.GRANT, magic=b"KZO1", size=None, crc=None):
    """An object's bytes in NOR, of which any number may be another."""
    size = len(data) if size is None else size
    crc = binascii.crc32(data) if crc is None else crc
    return magic + size.to_bytes(2, "little") + sort.to_bytes(2, "little") + crc.to_bytes(4, "little") + data


def standing(data, sector=objects.GRANT):
    nor = blank()
    nor.program(sector * SECTOR, data)
    return nor


def refused(nor, sort, place, data):
    try:
        objects.write(nor, sort, place, data)
    except StoreFailed:
        return True
    return False


def digest_of(data):
    return bytes((sum(data) & 255, len(data)))


def test_a_box_in_the_field_finds_its_objects_where_the_first_firmware_put_them():
    assert (objects.KEY, objects.LINK_CERTIFICATE, objects.LINK_AUTHORITY, objects.BINDING) == (0, 2, 4, 6)
    assert (objects.GRANT, objects.CONFIG, objects.KEY_LIST, objects.ORDER) == (8, 10, 12, 14)
    assert (objects.HEAD, objects.CHAIN, objects.SECTORS) == (16, 18, 24)
    for sort in (objects.KEY, objects.ORDER, objects.CHAIN):
        for place in (0, 1):
            nor = blank()
            objects.write(nor, sort, place, b"an object")
            expected = raw(b"an object", sort)
            assert nor.read((sort + place) * SECTOR, len(expected)) == expected
            assert list(nor.erases) == [sort + place]
            assert objects.read(nor, sort, place) == b"an object"
            assert objects.read(nor, sort, 1 - place) is None


def test_the_longest_object_fits_and_a_byte_more_is_refused_before_anything_is_erased():
    for data in (b"", b"x", bytes(LONGEST - 1), b"\xff" * LONGEST, b"\x00" * LONGEST):
        nor = blank()
        objects.write(nor, objects.GRANT, 1, data)
        assert objects.read(nor, objects.GRANT, 1) == data, len(data)
    for more in (1, 2, 4, 5, 20):
        assert refused(nor, objects.GRANT, 1, bytes(LONGEST + more)), more
        assert objects.read(nor, objects.GRANT, 1) == bytes(LONGEST) and nor.erases == {objects.GRANT + 1: 1}


def test_a_header_that_fits_only_in_part_makes_no_object():
    data = b"an object"
    crc = binascii.crc32(data)
    assert objects.read(standing(raw(data)), objects.GRANT, 0) == data
    for other in (
        raw(data, magic=b"JZO1"), raw(data, magic=b"LZO1"), raw(data, magic=b"KZO2"),
        raw(data, magic=b"\xff" * 4),
        raw(data, sort=objects.GRANT - 2), raw(data, sort=objects.GRANT + 2), raw(data, sort=0xFFFF),
        raw(data, size=8), raw(data, size=10), raw(data, size=0), raw(data, size=0xFFFF),
        raw(data, crc=crc - 1), raw(data, crc=crc + 1), raw(data, crc=0), raw(data, crc=0xFFFFFFFE),
        raw(bytes(LONGEST + 1)), raw(bytes(LONGEST + 2)), raw(bytes(LONGEST + 4)),
    ):  # fmt: skip
        assert objects.read(standing(other), objects.GRANT, 0) is None, other[:HEADER_SIZE]


def test_an_object_cut_before_its_crc_is_none_also_when_its_erased_bytes_have_the_crc_of_ones():
    ones = b"\xff" * 4
    assert binascii.crc32(ones) == 0xFFFFFFFF
    nor = standing(raw(b"\1\0\0\0", sort=objects.CHAIN)[:8], objects.CHAIN)
    assert nor.read(objects.CHAIN * SECTOR, 16) == raw(ones, sort=objects.CHAIN)
    assert objects.read(nor, objects.CHAIN, 0) is None


def test_an_object_that_does_not_read_back_or_whose_memory_does_not_answer_is_refused():
    nor = blank()
    nor.bad = (objects.GRANT * SECTOR + HEADER_SIZE, objects.GRANT * SECTOR + HEADER_SIZE + 1)
    assert refused(nor, objects.GRANT, 0, b"\x00")
    assert not refused(nor, objects.GRANT, 1, b"\x00")
    nor.fails = True
    assert refused(nor, objects.GRANT, 1, b"\x00")
    nor.fails = False
    assert objects.read(nor, objects.GRANT, 1) == b"\x00"


def test_of_two_copies_the_lost_one_is_written_again_and_nothing_else():
    data = b"a key"
    for sort in (objects.KEY, objects.BINDING):
        for lost in ((0,), (1,), (), (0, 1)):
            nor = blank()
            objects.write_once(nor, sort, data)
            objects.write_once(nor, sort + 2, b"another")
            for place in lost:
                nor.erase(sort + place)
            assert objects.read_any(nor, sort) == (None if len(lost) == 2 else data), lost
            nor.erases.clear()
            is_mended = objects.mend(nor, sort)
            assert is_mended is (len(lost) == 1), lost
            assert list(nor.erases) == ([sort + lost[0]] if is_mended else []), lost
            for place in (0, 1):
                expected = None if len(lost) == 2 else data
                assert objects.read(nor, sort, place) == expected
                assert objects.read(nor, sort + 2, place) == b"another"


def test_an_object_is_found_by_its_digest_at_either_place_and_by_no_other():
    nor = blank()
    objects.write(nor, objects.GRANT, 0, b"\x05")
    assert objects.place_of(nor, objects.GRANT, digest_of, digest_of(b"\x05")) == 0
    objects.write(nor, objects.GRANT, 1, b"\x07")
    for data, place in (
        (b"\x05", 0),
        (b"\x07", 1),
        (b"\x04", None),
        (b"\x06", None),
        (b"\x08", None),
        (b"", None),
    ):
        assert objects.place_of(nor, objects.GRANT, digest_of, digest_of(data)) == place, data
    objects.write(nor, objects.GRANT, 0, b"\x09")
    assert objects.place_of(nor, objects.GRANT, digest_of, digest_of(b"\x07")) == 1
    assert objects.place_of(nor, objects.ORDER, digest_of, digest_of(b"\x07")) is None
