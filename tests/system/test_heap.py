"""What the controller's code leaves of its heap, in the real VM, run in place as a board runs it.

Code and names alone, every kind of meter loaded; `make budget` measures the controller at work.
"""

import os
import re
import subprocess

import pytest

from karez_simulators import firmware_image, vm_start
from karez_simulators.vm_start import Start

# As main_unix loads it, without a bench: what stays of the bring-up, then what is given back, then the app.
SCRIPT = """
import gc, micropython, sys
gc.threshold(8192)
gc.collect()
before = gc.mem_alloc()
import karez_firmware.image_base
# as the profiles of such meters do
import karez_protocols.modbus, karez_protocols.cjt188, karez_protocols.dlt645
def prepare():
    stays = set(sys.modules)
    import karez_firmware.bring_up, karez_protocols.profile_document
    for name in set(sys.modules) - stays:
        package, _, leaf = name.rpartition(".")
        delattr(sys.modules[package], leaf)
        sys.modules.pop(name).__dict__.clear()
prepare()
import karez_firmware.image_app
import karez_firmware.drivers.pulse_meter
gc.collect()
print("live", gc.mem_alloc() - before)
micropython.qstr_info()
"""

# A ratchet for the code alone; `make budget` holds the controller at work against design §13 (120 kB).
# Counted from the script's start: what comes before holds the test's own folder names, longer or shorter.
LIVE_BYTES_MAX = 71_500
# MicroPython keeps every name for ever; its table doubles at name 621, for 7 kB, and again at 1,261.
NAMES_MAX = 620


def loaded(tmp_path, *, is_in_place):
    """Return (bytes that live, names) once everything is imported."""
    (tmp_path / "everything.py").write_text(SCRIPT)
    image = firmware_image.build(firmware_image.cache())
    how = Start("everything", is_in_place, path=(str(tmp_path),))
    run = subprocess.run(
        how.command(image), env={**os.environ, **how.environment()}, cwd=image,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    live = re.search(r"live (\d+)", run.stdout)
    names = re.search(r"n_qstr=(\d+)", run.stdout)
    assert run.returncode == 0 and live and names, run.stdout + run.stderr
    return int(live.group(1)), int(names.group(1))


@pytest.mark.skipif(not vm_start.can_run_in_place(), reason="this VM cannot run the image in place")
def test_the_code_leaves_a_controller_room_to_work(tmp_path):
    live, names = loaded(tmp_path, is_in_place=True)
    copied, _ = loaded(tmp_path, is_in_place=False)
    print(f"in place {live} bytes and {names} names; copied to the heap {copied} bytes")
    assert live <= LIVE_BYTES_MAX and names <= NAMES_MAX
    # What the design rests on: were the code copied all the same, this would be the first to say so.
    assert live < copied * 3 // 4
