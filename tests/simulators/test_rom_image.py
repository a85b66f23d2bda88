"""The ROMFS image and the VM that runs it where it lies: in memory outside its heap, never written."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from karez_simulators import firmware_image, rom_image, vm_start
from karez_simulators.vm_start import Start

HOSTILE = "a b:c'd\"e 井"
in_place = pytest.mark.skipif(not vm_start.can_run_in_place(), reason="this VM cannot run the image in place")

# Its text and its table would fill the heap it is given, were they copied.
LARGE = """
import gc
TABLE = b"{table}"
def work(a, b):
{lines}
    return a
gc.collect()
print("in use", gc.mem_alloc())
"""


@pytest.fixture
def small(tmp_path):
    """Return a function that builds an image of one module, karez_firmware.started, from a text."""

    def build(text):
        source = tmp_path / "started.py"
        source.write_text(text)
        package = tmp_path / "__init__.py"
        package.write_text("")
        inside = Path("karez_firmware")
        files = [(package, inside / "__init__.py"), (source, inside / "started.py")]
        return firmware_image.build(tmp_path / HOSTILE, files)

    return build


def started(image, *arguments, **how):
    """Run karez_firmware.started of an image to its end."""
    start = Start("karez_firmware.started", **how)
    return subprocess.run(
        start.command(image, *arguments), env={**os.environ, **start.environment()}, cwd=image,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def folder_of(folder, files):
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_the_same_files_give_the_same_bytes_in_whatever_order_they_were_written(tmp_path):
    files = [("b/two.mpy", b"2"), ("a.mpy", b"1" * 300), ("b/c/three.txt", b""), ("b/one.mpy", b"x")]
    one = rom_image.packed(folder_of(tmp_path / "one", files))
    other = rom_image.packed(folder_of(tmp_path / "other", reversed(files)))
    assert one == other and one.startswith(b"\xd2\xcd\x31")  # "RM1" (extmod/vfs_rom.c)
    changed = rom_image.packed(folder_of(tmp_path / "one", [("b/one.mpy", b"y")]))
    assert changed != one and len(changed) == len(one)


def test_a_name_that_no_rom_can_hold_is_refused(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        rom_image.packed(folder_of(tmp_path / "one", [("井.mpy", b"")]))


@in_place
def test_the_vm_reads_every_file_of_the_image_as_it_was_written(small):
    image = small(
        "import os, hashlib, binascii\n"
        "def walk(folder):\n"
        "    for entry in os.ilistdir(folder):\n"
        "        path = folder + '/' + entry[0]\n"
        "        if entry[1] == 0x4000:\n"
        "            walk(path)\n"
        "        else:\n"
        "            with open(path, 'rb') as file:\n"
        "                print(path, binascii.hexlify(hashlib.sha256(file.read()).digest()).decode())\n"
        "walk('/rom')\n"
    )
    done = started(image)
    kept = ("karez_firmware", "karez_protocols")
    wanted = {
        f"/rom/{path.relative_to(image)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in image.rglob("*")
        if path.is_file() and path.relative_to(image).parts[0] in kept
    }
    assert set(done.stdout.splitlines()) == wanted, done.stderr
    assert any("core.digest" in line for line in wanted) and any("tuf2000m.json" in line for line in wanted)


@in_place
def test_code_and_tables_stay_outside_the_heap(small):
    lines = "\n".join(f"    a = a * {number} + b // {number}" for number in range(1000, 3000))
    image = small(LARGE.format(table="t" * 20_000, lines=lines))
    alone = started(image, heap_kb=24)
    assert alone.returncode == 0 and int(alone.stdout.split()[-1]) < 12_000, alone.stderr
    assert (image / firmware_image.ROM).stat().st_size > 40_000
    copied = started(image, is_in_place=False, heap_kb=24)
    assert copied.returncode == 1 and "MemoryError" in copied.stdout + copied.stderr


@in_place
def test_arguments_and_the_exit_code_pass_through(small):
    image = small("import sys\nprint(sys.argv[1:], sys.path)\nsys.exit(7)\n")
    done = started(image, "one", "a b:c", path=("/some where",))
    assert done.returncode == 7
    assert done.stdout == "['one', 'a b:c'] ['/rom', '/some where', '.frozen']\n"


@in_place
@pytest.mark.parametrize("is_in_place", [True, False])
def test_a_traceback_names_module_and_function(small, is_in_place):
    image = small("def fail():\n    raise ValueError('no water')\nfail()\n")
    done = started(image, is_in_place=is_in_place)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and 'File "karez_firmware.started"' in said and "in fail" in said
    assert "ValueError: no water" in said


@in_place
def test_an_image_that_is_none_is_refused_by_the_vm(small):
    image = small("print('never')\n")
    (image / firmware_image.ROM).write_bytes(b"PK\x03\x04 something else")
    done = started(image)
    assert done.returncode == 1 and "OSError" in done.stdout + done.stderr and "never" not in done.stdout


def test_what_is_mapped_can_be_read_and_not_written(tmp_path):
    file = tmp_path / "image"
    file.write_bytes(b"karez" * 1000)
    script = (
        "import ctypes, pathlib, sys\n"
        "from karez_simulators.vm_start import mapped\n"
        "address, size = mapped(pathlib.Path(sys.argv[1]))\n"
        "print(ctypes.string_at(address, size) == b'karez' * 1000, flush=True)\n"
        "ctypes.memset(address, 0, 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, check=False)
    assert done.stdout == b"True\n" and done.returncode in (-signal.SIGSEGV, -signal.SIGBUS)
    assert file.read_bytes() == b"karez" * 1000


@pytest.mark.parametrize("content", [None, b""])
def test_a_file_that_is_missing_or_empty_is_not_mapped(tmp_path, content):
    file = tmp_path / "image"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(OSError, match="image"):
        vm_start.mapped(file)


def test_a_named_vm_copies_the_folder_to_a_larger_heap(monkeypatch, tmp_path):
    monkeypatch.setenv("KAREZ_MICROPYTHON", sys.executable)
    assert not vm_start.can_run_in_place()
    command = Start().command(tmp_path, "folder")
    assert command[1:] == [
        "-X",
        f"heapsize={vm_start.HEAP_COPIED_KB}k",
        "-m",
        "karez_firmware.main_unix",
        "folder",
    ]
    assert vm_start.HEAP_COPIED_KB > vm_start.HEAP_KB
