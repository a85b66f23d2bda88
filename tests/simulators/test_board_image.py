"""The image of a board runs on the VM: an irrigation, on memories that the sources wrote and read."""

import binascii
import json
import subprocess
from pathlib import Path

import pytest

from board_desk import port_of
from board_machine import Loader, World
from karez_firmware import bring_up
from karez_firmware.app import App
from karez_firmware.ports import pins_esp32s3, pins_rp2350
from karez_protocols import record
from karez_simulators import firmware_image, image_asked, image_light, image_reach
from test_port_controller import controller
from wellhouse import BASE_L, BASE_WH

ROOT = Path(__file__).parents[2]
PINS = {"main_esp32": pins_esp32s3.Pins, "main_rp2": pins_rp2350.Pins}
HEAP_KB = 1024  # the image is copied here, and the chips are Python, too


def box(world, house, pins):
    """What the VM is told: the chips as they are, the wiring, and how the meters stand."""
    return {
        "nor": {number: binascii.hexlify(cells).decode() for number, cells in world.nor.sectors.items()},
        "fram": binascii.hexlify(world.fram.cells).decode(),
        "clock": binascii.hexlify(world.clock.cells).decode(),
        "nor_select": pins.NOR_SELECT, "fram_select": pins.FRAM_SELECT, "line": pins.METERS[0][0],
        "coil": pins.COIL, "alive": pins.ALIVE, "aux": pins.AUX, "door": pins.DOOR, "card": pins.CARD,
        "start": pins.START, "stop": pins.STOP,
        "litres": BASE_L + house.well.litres, "watt_hours": BASE_WH + house.well.energy_wh,
    }  # fmt: skip


def ran(image, main, told, folder):
    """Run the image in the VM and return what it left."""
    (folder / "box.json").write_text(json.dumps(told))
    done = subprocess.run(
        [
            firmware_image.micropython(), "-X", f"heapsize={HEAP_KB}k",
            str(ROOT / "tests" / "simulators" / "board_vm.py"), main,
            str(folder / "box.json"), str(folder / "out.json"),
        ],
        env={"MICROPYPATH": f"{image}:{ROOT / 'tests' / 'firmware'}:.frozen"},
        cwd=folder, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads((folder / "out.json").read_text())


def records(chip, left):
    """Every record of the box after the VM, read by the sources, and the chain checked."""
    world = World()
    with Loader(world, network=None):
        port, _ = port_of(chip, world)
        for number, cells in left["nor"].items():
            world.nor.sectors[int(number)] = bytearray(binascii.unhexlify(cells))
        world.fram.cells[:] = binascii.unhexlify(left["fram"])
        app = App(port, bring_up.bring_up(port))
        slots = [app.journal.slot(seq) for seq in range(1, app.journal.head["seq"] + 1)]
    for before, after in zip(slots[3:], slots[4:], strict=False):
        assert before != after
    assert app.journal.head["h"][:16] == slots[-1][112:]
    return [record.decode(slot) for slot in slots]


@pytest.mark.timeout(300)  # an image takes a core 20 s, and the VM plays a minute
def test_the_image_of_a_board_irrigates_from_where_the_sources_left_off(tmp_path):
    main, name, chip = "karez_firmware.main_esp32", "main_esp32", "esp32"
    world, _, _, house, app = controller(chip)
    image = firmware_image.build(firmware_image.cache(), main=main)
    assert (image / "karez_firmware" / f"{name}.mpy").exists()
    assert not (image / "karez_firmware" / "main_unix.mpy").exists()
    left = ran(image, name, box(world, house, PINS[name]), tmp_path)
    assert left["coil"] == 0 and 14_000_000 < left["pumped_us"] < 16_000_000
    assert left["edges"] > 100 and left["hungry_us"] < 2_000_000
    assert left["panel"][0].strip() and left["panel"][1].startswith("used ")
    assert "died" not in left["said"].replace("died Stop", "")
    found = records(chip, left)[app.journal.head["seq"] :]
    kinds = [one["kind"] for one in found]
    assert kinds[:3] == [record.BOOT, record.STATEMENT, record.SIGNATURE]
    start, stop = (next(one for one in found if one["kind"] == kind) for kind in (record.START, record.STOP))
    litres = stop["volume_l"] - start["volume_l"]
    assert abs(litres - left["pumped_us"] * 60_000 // 3_600_000_000) <= 20  # asked for a second apart
    assert start["account"] == 7 and kinds.count(record.START) == kinds.count(record.STOP) == 1


def loaded(main):
    """The modules that an image of this main module may hold, and the names of its ports."""
    texts = {
        ".".join(inside.with_suffix("").parts): source.read_text(encoding="utf-8")
        for source, inside in firmware_image.sources()
    }
    kept = image_reach.loadable(texts, [main])
    return kept, {key.rpartition(".")[2] for key in kept if key.startswith("karez_firmware.ports.")}


@pytest.mark.parametrize("main", image_light.BOARDS)
def test_what_a_board_s_image_holds_can_be_followed_and_is_of_one_chip(main):
    kept, ports = loaded(main)
    image_asked.check(kept)
    assert {"board", "board_net", "nor_chip", main.rpartition("main_")[2]} <= ports
    assert not ports & {"unix", "fake", "contract"} and len(ports & {"esp32", "rp2"}) == 1


def test_the_image_of_the_desk_holds_nothing_of_a_board():
    kept, ports = loaded(image_light.MAIN)
    assert ports == {"__init__", "boot", "files", "unix"} | {
        f"unix_{part}" for part in ("console", "names", "net", "uart")
    }
    assert not {key for key in kept if "board" in key}
