"""What the controller's code costs its heap, in the real VM, compiled as a board would hold it."""

import os
import re
import subprocess
from pathlib import Path

from karez_simulators import firmware_image

ROOT = Path(__file__).parents[2]

# As main_unix loads it, without a bench: what is needed before the app, given back, then the app.
SCRIPT = """
import gc, micropython
gc.threshold(8192)
import karez_firmware.ports.unix
from karez_firmware.unload import unload
def prepare():
    from karez_firmware import bring_up
    import karez_protocols.profile_document, karez_protocols.modbus  # as a Modbus meter's profile does
    done = bring_up.DONE
    del bring_up
    unload(*done)
prepare()
import karez_firmware.app
gc.collect()
print("live", gc.mem_alloc())
micropython.qstr_info()
"""

# The bench gives the VM 192 kB. Keys, books, link and buffers take some 15 kB more than the code,
# a grant's check and a frame in the making 8 kB.
LIVE_BYTES_MAX = 160_000
# MicroPython keeps every name for ever and doubles its table when it is full: name 1,261 would
# cost 14 kB at once (20 + 40 + ... + 640 rows).
NAMES_MAX = 1_260


def test_the_code_leaves_a_controller_room_to_work():
    image = firmware_image.build(ROOT / "build" / "firmware")
    run = subprocess.run(
        [firmware_image.micropython(), "-X", "heapsize=192k", "-c", SCRIPT],
        env={**os.environ, "MICROPYPATH": f"{image}:.frozen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    print(run.stdout, run.stderr)
    live = re.search(r"live (\d+)", run.stdout)
    names = re.search(r"n_qstr=(\d+)", run.stdout)
    assert run.returncode == 0 and live and names
    assert int(live.group(1)) <= LIVE_BYTES_MAX and int(names.group(1)) <= NAMES_MAX
