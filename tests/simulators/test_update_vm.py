"""An update in the real VM: a process that restarts into an image out of its own flash."""

import hashlib
from binascii import hexlify

import pytest

from karez_firmware.store.devices import SECTOR
from karez_firmware.update import marks
from karez_protocols import causes
from karez_simulators import board_image, vm_start
from slotted_box import Box, image
from updates import PIECE, manifest_of

pytestmark = pytest.mark.skipif(
    not vm_start.can_run_in_place(), reason="KAREZ_MICROPYTHON names a VM that cannot run an image in place"
)
BROKEN = board_image.packed({
    "karez_firmware/__init__.py": b"", "karez_firmware/main_unix.py": b"raise ValueError('no firmware')\n",
})  # fmt: skip


def text(data):
    return hexlify(data).decode()


def begin(box, manifest):
    """Bring a manifest and return the answer to `begin`."""
    assert box.ask("update", "put", len(manifest), text(hashlib.sha256(manifest).digest()))["ok"]
    for at in range(0, len(manifest), PIECE):
        assert box.ask("update", "piece", at, text(manifest[at : at + PIECE]))["ok"]
    return box.ask("update", "begin")


def chunks(box, found, rom, until=None):
    """Bring what the box wants next, up to a chunk; return the last answer."""
    while found["state"] == "coming" and found["index"] != until:
        at = found["index"] * SECTOR + found["offset"]
        end = min(at + PIECE, (found["index"] + 1) * SECTOR)
        found = box.ask("update", "chunk", found["index"], found["offset"], text(rom[at:end]))
        assert found.get("ok"), found
    return found


def apply(box, manifest):
    """Let the box restart, as soon as nothing hinders it; wait until the process has ended."""
    digest = text(hashlib.sha256(manifest).digest())
    answer = box.ask("update", "apply", digest)
    while answer.get("error") == "busy":
        answer = box.ask("update", "apply", digest)
    assert answer.get("ok"), answer
    box.ended()


def given_back(box):
    """An image that ends at once is started three times; the fourth start is the old image's."""
    manifest = manifest_of(BROKEN, board="unix", number=6)
    assert chunks(box, begin(box, manifest), BROKEN)["state"] == "whole"
    apply(box, manifest)
    for tries in range(1, marks.TRIES + 1):
        box.start()
        assert box.ended() != 0
        assert (box.row().trial, box.row().tries) == (1, tries)
    box.start()
    box.connect()
    box.until(lambda: box.events(causes.UPDATE_RETURNED), "update given back is on record")
    assert box.row().kept == 0 and box.row().trial == marks.NONE


def interrupted(box, rom, manifest):
    """kill -9 between two chunks; what stands in the slot is gone on with."""
    last = (len(rom) - 1) // SECTOR
    found = chunks(box, begin(box, manifest), rom, until=1)
    box.ask("update", "chunk", 1, 0, text(rom[SECTOR : SECTOR + PIECE]))
    box.send("update", "chunk", 1, PIECE, text(rom[SECTOR + PIECE : SECTOR + 2 * PIECE]))
    box.end()  # the mains go before the answer
    # The chunks between have come meanwhile, but for the last two: a thousand pieces prove no more.
    box.fill(1, 1, rom[SECTOR : (last - 1) * SECTOR])
    box.start()
    box.connect()
    found = box.ask("update")
    assert (found["state"], found["index"], found["offset"]) == ("coming", last - 1, 0)
    assert chunks(box, found, rom)["state"] == "whole"


@pytest.mark.timeout(300)  # the image takes a core 20 s when it is not built yet
def test_a_process_takes_an_image_gives_one_back_and_keeps_one(tmp_path):
    built, old = image()
    _, new = image({"karez_firmware/release.number": b"7"})
    box = Box(tmp_path, built, old)
    try:
        box.start()
        box.connect()
        found = box.ask("update")
        assert found.get("running") == 0, (found, box.log())
        given_back(box)
        manifest = manifest_of(new, board="unix", number=7)
        interrupted(box, new, manifest)
        apply(box, manifest)
        assert box.events(causes.UPDATE_ARMED)
        for tries in (1, 2):  # the mains go during the first start
            box.start()
            box.connect()
            assert (box.row().trial, box.row().tries, box.ask("update")["running"]) == (1, tries, 1)
            if tries == 1:
                box.end()
        box.until(lambda: box.events(causes.UPDATE_KEPT), "update kept is on record")
        assert box.events(causes.UPDATE_KEPT)[0]["subject"] == 7
        box.until(lambda: box.row().kept == 1, "the row that keeps it")
        box.connect()
        assert box.ask("update")["running"] == 1
        assert len({one[112:] for one in box.slots}) == len(box.slots)
    finally:
        box.close()
