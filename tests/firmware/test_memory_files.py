"""The unix port's memory files: what is in them outlives the process and the firmware's version."""

import os

from karez_firmware.ports import files
from karez_firmware.store.devices import SECTOR

# Gone after each test; MicroPython has no tempfile.
PATH = "memory-%d.bin" % (id(object()) & 0xFFFFFF)


def with_file(content, use):
    """Call `use` with the path of a file of these bytes (None: no file); return what the file then holds."""
    path = "/".join((os.getenv("TMPDIR") or ".", PATH))
    try:
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        opened = use(path)
        opened.flush()
        opened._file.close()
        with open(path, "rb") as file:
            return file.read()
    finally:
        os.remove(path)


def a_fram(path):
    return files.FileFram(path, 4096)


def test_an_fram_file_that_is_not_there_is_made_of_zeros():
    assert with_file(None, a_fram) == bytes(4096)


def test_an_fram_file_of_an_older_firmware_keeps_its_head_and_grows_by_zeros():
    for size in (1, 255, 256, 1024, 4095):
        assert with_file(b"h" * size, a_fram) == b"h" * size + bytes(4096 - size)


def test_a_file_that_is_long_enough_keeps_every_byte():
    for size in (4096, 5000):
        assert with_file(b"h" * size, a_fram) == b"h" * size


def test_a_nor_file_grows_by_erased_sectors_and_is_never_wiped():
    def use(path):
        nor = files.FileNor(path, 2 * SECTOR)
        nor.program(SECTOR, b"record")
        return nor

    held = with_file(b"k" * SECTOR, use)
    assert held == b"k" * SECTOR + b"record" + b"\xff" * (SECTOR - 6)


def test_an_fram_file_reads_back_what_was_written_at_its_end():
    def use(path):
        fram = files.FileFram(path, 4096)
        fram.write(4092, b"last")
        assert fram.read(4090, 6) == b"\0\0last"
        return fram

    assert with_file(b"h" * 1024, use)[-4:] == b"last"
