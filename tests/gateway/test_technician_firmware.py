"""`karez tech build` and `karez tech flash`: an image, its papers, a board that gets it over its prompt."""

import json
import shutil

import pytest

from karez_gateway.technician import firmware_flash
from karez_simulators import board_image

from .board_prompt import BoardPrompt
from .technician_desk import DeskController, PtyDesk
from .test_technician_cli import run

FILES = {
    "karez_firmware/__init__.mpy": b"",
    "karez_firmware/main_esp32.mpy": bytes(range(256)) * 40,
    "karez_firmware/core.digest": b"5" * 48,
    "karez_protocols/profiles/one.json": b"{}",
}
INSIDE = {*FILES, board_image.RELEASE_NUMBER}


@pytest.fixture
def built(tmp_path):
    """A folder as `karez tech build` leaves it, of a small image."""
    image = tmp_path / "image"
    for name, data in FILES.items():
        path = image / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (image / "names.txt").write_text("one two three\n")
    folder = tmp_path / "built"
    folder.mkdir()
    for name, data in board_image.papers("esp32s3", image, {}).items():
        (folder / name).write_bytes(data)
    return folder


def rom_of(folder):
    return (folder / "image.romfs").read_bytes()


def flash(board, built, *words):
    return run(board, "flash", built, *words)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Nobody answers on a board without a program: that is known at once here."""
    monkeypatch.setattr("karez_gateway.technician.line.ANSWER_S", 0.1)


def test_a_new_board_gets_the_image_and_reads_it_back(tmp_path, built):
    with BoardPrompt(tmp_path) as board:
        code, out, err = flash(board, built, "--json")
        assert (code, err) == (0, "") and json.loads(out)["changed"] is True
        held = firmware_flash.look(board.path)["files"]
        assert held == json.loads((built / "manifest.json").read_text())["inside"]
        assert set(held) == INSIDE
        code, out, _ = flash(board, built)
        assert code == 0 and "already" in out


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (
            {"platform": "rp2", "machine": "Raspberry Pi Pico2 with RP2350"},
            "this board is Raspberry Pi Pico2",
        ),
        ({"machine": "Generic ESP32 module with ESP32"}, "the image is for esp32s3 (ESP32S3)"),
        ({"has_romfs": False}, "has no ROMFS"),
        ({"version": (1, 25, 0)}, "runs MicroPython 1.25, the image needs 1.29"),
    ],
)
def test_another_board_is_refused_before_anything_is_written(tmp_path, built, how, said):
    with BoardPrompt(tmp_path, **how) as board:
        code, out, err = flash(board, built, "--replace")
        assert (code, out) == (2, "") and said in err and err.endswith("Nothing was written.\n")
        assert firmware_flash.look(board.path)["files"] == {}


def test_a_board_with_another_image_is_asked_for_replace(tmp_path, built):
    other = board_image.packed({"karez_firmware/core.digest": b"another"})
    with BoardPrompt(tmp_path, held=other) as board:
        code, _, err = flash(board, built)
        assert code == 2 and "--replace" in err
        assert list(firmware_flash.look(board.path)["files"]) == ["karez_firmware/core.digest"]
        assert flash(board, built, "--replace")[0] == 0
        assert set(firmware_flash.look(board.path)["files"]) == INSIDE


def test_a_flash_that_does_not_hold_what_is_written_is_found_out(tmp_path, built):
    with BoardPrompt(tmp_path, broken_at=4096) as board:
        code, _, err = flash(board, built)
        assert code == 3 and "reads back is not the image" in err


def test_a_partition_that_is_too_small_is_said_as_mpremote_says_it(tmp_path, built):
    with BoardPrompt(tmp_path, size=4096) as board:
        code, _, err = flash(board, built)
        assert code == 3 and "too big" in err


def test_a_controller_that_works_is_left_alone(built):
    with PtyDesk(DeskController()) as desk:
        code, _, err = flash(desk, built)
        assert code == 2 and "would stop the pump" in err


def test_a_port_where_nobody_is_and_none_at_all(built, monkeypatch):
    code, _, err = run(None, "flash", built, "--port", "/dev/nowhere")
    assert code == 2 and "/dev/nowhere cannot be opened" in err
    monkeypatch.setattr("karez_gateway.technician.port.names", list)
    code, _, err = run(None, "flash", built)
    assert code == 3 and "no serial port" in err
    monkeypatch.setattr("karez_gateway.technician.port.names", lambda: [("/dev/a", ""), ("/dev/b", "")])
    code, _, err = run(None, "flash", built)
    assert code == 2 and "/dev/a, /dev/b" in err and "--port" in err


def changed(folder, name, data):
    (folder / name).write_bytes(data)


def member(folder, name, value):
    papers = json.loads((folder / "manifest.json").read_text())
    papers[name] = value
    changed(folder, "manifest.json", json.dumps(papers).encode())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda one: (one / "manifest.json").unlink(), "manifest.json cannot be read"),
        (lambda one: changed(one, "manifest.json", b""), "is no manifest"),
        (lambda one: changed(one, "manifest.json", b"\xff\xfe\0" * 9), "is no manifest"),
        (lambda one: changed(one, "manifest.json", b"[" * 100_000), "is no manifest"),
        (lambda one: changed(one, "manifest.json", b"[]"), "is no manifest"),
        (lambda one: member(one, "format", "karez firmware 2"), "is no manifest"),
        (lambda one: member(one, "number", True), "number is missing or wrong"),
        (lambda one: member(one, "files", {}), "files.image.romfs is missing or wrong"),
        (
            lambda one: member(one, "files", {"image.romfs": "", "../names.txt": ""}),
            "built/image.romfs is not",
        ),
        (lambda one: member(one, "rom_bytes", 10**30), "image.romfs is not what the manifest says"),
        (
            lambda one: changed(one, "image.romfs", rom_of(one)[:-1]),
            "image.romfs is not what the manifest says",
        ),
        (lambda one: changed(one, "LICENSE", b"mine"), "LICENSE is not what the manifest says"),
        (shutil.rmtree, "manifest.json cannot be read"),
    ],
)
def test_a_folder_that_is_no_whole_image_is_refused_by_its_file(built, spoil, said):
    spoil(built)
    code, out, err = run(None, "flash", built, "--port", "/dev/nowhere")
    assert (code, out) == (2, "") and said in err and "Traceback" not in err


def maker(monkeypatch, make):
    class Point:
        name = "image"

        @staticmethod
        def load():
            return make

    monkeypatch.setattr(
        "karez_gateway.technician.firmware_making.metadata.entry_points", lambda group: [Point]
    )


def test_build_writes_what_the_builder_made_and_never_over_other_files(tmp_path, built, monkeypatch):
    files = {path.name: path.read_bytes() for path in built.iterdir()}
    maker(monkeypatch, lambda board, vendor_key: files)
    out = tmp_path / "a" / "b"
    code, said, _ = run(None, "build", "--board", "esp32s3", "--out", out)
    assert code == 0 and "number 1, for esp32s3" in said and "no signed update" in said
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    code, _, err = run(None, "build", "--board", "esp32s3", "--out", out)
    assert code == 2 and "is not empty" in err and "--force" in err
    assert run(None, "build", "--board", "esp32s3", "--out", out, "--force")[0] == 0
    (tmp_path / "file").write_text("")
    code, _, err = run(None, "build", "--board", "esp32s3", "--out", tmp_path / "file")
    assert code == 2 and "cannot be written" in err


def test_build_says_why_there_is_no_image(tmp_path, monkeypatch):
    def fails(board, vendor_key):
        raise board_image.BoardError("no board is called x")

    maker(monkeypatch, fails)
    code, _, err = run(None, "build", "--board", "x", "--out", tmp_path / "out")
    assert code == 2 and err == "karez tech: no image was made: no board is called x\n"
    assert not (tmp_path / "out").exists()
    code, _, err = run(None, "build", "--board", "x", "--out", tmp_path, "--vendor-key", "0" * 63)
    assert code == 2 and "cannot be read" in err
    monkeypatch.setattr("karez_gateway.technician.firmware_making.metadata.entry_points", lambda group: [])
    code, _, err = run(None, "build", "--board", "x", "--out", tmp_path / "out")
    assert code == 2 and "karez.firmware" in err
