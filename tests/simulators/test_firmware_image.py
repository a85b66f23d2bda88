"""The image is built once per state of its sources, to the same bytes everywhere."""

import fcntl
import multiprocessing
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from karez_simulators import firmware_image


@pytest.fixture
def copied(tmp_path):
    """Three modules in a folder of ours: what a change in them does is seen without touching the product."""
    kept = []
    for source, inside in [*firmware_image.sources()[:2], firmware_image.sources()[-1]]:
        copy = tmp_path / "sources" / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
        kept.append((copy, inside))
    return kept


def content(image):
    return {str(path.relative_to(image)): path.read_bytes() for path in image.rglob("*") if path.is_file()}


def test_the_image_holds_what_a_controller_loads_and_the_profiles(tmp_path):
    image = firmware_image.build(tmp_path)
    names = set(content(image))
    wanted = {"main_unix", "bring_up", "startup", "image_base", "image_app"}
    assert {f"karez_firmware/{one}.mpy" for one in wanted} <= names and len(names) > 40
    assert "karez_protocols/profiles/tuf2000m.json" in names
    assert not any(name.endswith((".py", ".schema.json")) for name in names)
    assert len((image / "karez_firmware" / firmware_image.DIGEST).read_text()) == 48
    assert [path.name for path in tmp_path.iterdir()] == [image.name]  # nothing half-built is left


def test_the_rom_holds_every_file_of_both_packages_and_nothing_else(tmp_path, copied):
    image = firmware_image.build(tmp_path, copied)
    files = content(image)
    rom = files.pop(firmware_image.ROM)
    names = files.pop(firmware_image.NAMES)
    assert all(data in rom for data in files.values()) and len(files) > 20
    assert names not in rom and firmware_image.NAMES.encode() not in rom
    # A record's head takes a few bytes and the name.
    assert len(rom) < sum(len(data) + len(name) + 16 for name, data in files.items())


def test_the_same_sources_give_the_same_bytes_in_another_folder(tmp_path, copied):
    one = firmware_image.build(tmp_path / "one", copied)
    other = firmware_image.build(tmp_path / "some" / "where" / "else", copied)
    assert one.name == other.name and content(one) == content(other)


def test_an_image_that_is_there_is_not_built_again(tmp_path, copied):
    image = firmware_image.build(tmp_path / "image", copied)
    written = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    assert firmware_image.build(tmp_path / "image", copied) == image
    assert {path: path.stat().st_mtime_ns for path in image.rglob("*")} == written


def test_a_changed_source_is_another_image_and_another_digest(tmp_path, copied):
    before = firmware_image.build(tmp_path / "image", copied)
    with copied[0][0].open("a") as source:
        source.write("\n\ndef litres():\n    return 1\n")
    after = firmware_image.build(tmp_path / "image", copied)
    assert after != before
    digest = "karez_firmware/" + firmware_image.DIGEST
    assert content(after)[digest] != content(before)[digest]
    assert len(content(before)[digest]) == 48


def test_an_image_that_was_left_half_built_is_built_again(tmp_path, copied):
    image = firmware_image.build(tmp_path / "image", copied)
    whole = content(image)
    half = image.with_name(f"{image.name}.{os.getpid()}")
    image.rename(half)  # as a killed run with our number would leave it
    assert content(firmware_image.build(tmp_path / "image", copied)) == whole
    assert not half.exists()


def test_who_waits_for_another_to_build_an_image_takes_that_one(tmp_path, copied):
    ready = firmware_image.build(tmp_path / "ready", copied)
    shared = tmp_path / "shared"
    shared.mkdir()
    lock = os.open(shared, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as a process that builds holds it
    other = multiprocessing.get_context("spawn").Process(target=firmware_image.build, args=(shared, copied))
    other.start()
    while f"-> FLOCK  ADVISORY  WRITE {other.pid} " not in Path("/proc/locks").read_text():
        assert other.is_alive()
    assert not list(shared.iterdir())
    image = ready.rename(shared / ready.name)
    written = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    os.close(lock)
    other.join()
    assert other.exitcode == 0 and list(shared.iterdir()) == [image]
    assert {path: path.stat().st_mtime_ns for path in image.rglob("*")} == written


def test_a_source_that_does_not_compile_is_named_with_the_compiler_s_words(tmp_path, copied):
    copied[1][0].write_text("def (:\n")
    with pytest.raises(firmware_image.BuildError, match=str(copied[1][1])) as caught:
        firmware_image.build(tmp_path / "image", copied)
    assert "SyntaxError" in str(caught.value) and "\n" not in str(caught.value)


def test_the_vm_of_the_wheel_is_found_and_is_micropython(monkeypatch):
    monkeypatch.delenv("KAREZ_MICROPYTHON", raising=False)
    script = "import sys; print(sys.implementation.name)"
    done = subprocess.run([firmware_image.micropython(), "-c", script], check=True, capture_output=True)
    assert done.stdout.strip() == b"micropython"


@pytest.mark.parametrize("named", ["/nonexistent", "/", __file__])
def test_a_named_vm_that_is_no_program_is_said_in_one_line(monkeypatch, named):
    monkeypatch.setenv("KAREZ_MICROPYTHON", named)
    with pytest.raises(firmware_image.VmMissingError) as caught:
        firmware_image.micropython()
    assert f"KAREZ_MICROPYTHON={named} is not a program" in str(caught.value)


def test_a_vm_named_by_a_relative_path_is_found_from_any_folder(monkeypatch, tmp_path):
    (tmp_path / "vm").write_text("#!/bin/sh\n")
    (tmp_path / "vm").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAREZ_MICROPYTHON", "vm")
    assert Path(firmware_image.micropython()) == tmp_path / "vm"
