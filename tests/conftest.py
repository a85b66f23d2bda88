"""For all tests: signals mean the same however a run was started, files lie in memory, long ones go first."""

import gc
import itertools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")
FREE_BYTES_MIN = 4 << 30  # a run leaves less than a tenth of it, and a container's default is 64 MiB

# Files with tests of half a minute and more, the longest first: no worker is left with one of them at the
# end. Each worker begins with its share of them; the tests of ONE_BY_ONE share nothing and are dealt singly.
LONGEST = (
    "system/test_commission_vm.py",
    "system/test_one_litre.py",
    "system/test_orders_vm.py",
    "system/test_uplink_hostile.py",
    "system/test_mixed_line.py",
    "gateway/test_technician_vm.py",
    "gateway/test_provision_vm.py",
    "system/test_uplink_vm.py",
    "gateway/test_kill.py",
    "gateway/test_faults_disk.py",
    "test_micropython.py",
    "simulators/test_bench_cli.py",
    "simulators/test_image_light.py",
    "simulators/test_board_image.py",
    "gateway/test_provision.py",
    "gateway/test_service.py",
    "simulators/test_world.py",
    "system/test_fleet.py",
    "system/test_benchmarks.py",
    "system/test_scenario_runs.py",
    "system/test_wells.py",
)
ONE_BY_ONE = HERE / "test_micropython.py"

# A shell's background job ignores SIGINT, and so would its children, to whom tests send it as Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Images of containers often set this. Then each worker compiles all tests anew (48 s of its processor's time
# instead of 16), and each of the thousands of processes that tests start all of ours (0.5 s of 2).
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    sys.dont_write_bytecode = False


def _is_roomy(folder):
    """True where programs may lie as well, and the files of a whole run."""
    if not os.access(folder, os.W_OK | os.X_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= FREE_BYTES_MIN


# Half of a run's time is spent waiting for fsync, which no test sees: SIGKILL leaves the page cache alone.
# Where the disk itself is the question, a test brings its own (power_cut_disk.py, /dev/full).
if "TMPDIR" not in os.environ and MEMORY.is_dir() and _is_roomy(MEMORY):
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # asked for already, perhaps


def _in_turn(first, others, workers):
    """Equal runs, one for each worker (--dist worksteal): every run begins with its share of `first`."""
    shares = [[] for _ in range(workers)]
    whole = {}  # the file of a test: the share that has its others
    for item in first:
        number = None if item.path == ONE_BY_ONE else whole.setdefault(item.path, len(whole) % workers)
        (shares[number] if number is not None else min(shares, key=len)).append(item)
    rest, dealt = iter(others), []
    for number, share in enumerate(shares):
        run = (len(first) + len(others) - len(dealt)) // (workers - number)
        dealt += share + list(itertools.islice(rest, max(run - len(share), 0)))
    return dealt + list(rest)


def pytest_collection_modifyitems(config, items):
    """Put the tests of LONGEST first, for each worker its share of them."""
    place = {HERE / name: number for number, name in enumerate(LONGEST)}
    gone = [str(path) for path in place if not path.exists()]
    if gone:
        raise pytest.UsageError(f"{', '.join(gone)}: not there any more; correct LONGEST in {__file__}")
    items.sort(key=lambda item: place.get(item.path, len(place)))
    first = [item for item in items if item.path in place]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = _in_turn(first, items[len(first) :], workers)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """With `-n auto` one more than processors: who waits for a machine's time leaves one idle."""
    count = yield
    return count if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else count + 1


def pytest_collection_finish():
    """What is there once all tests are collected stays to the end: the collector need not walk it again.

    Our controller collects whenever it unloads modules, as a small heap asks for. In one process with eleven
    thousand tests every such call walked all of them (0.1 s and more, hundreds of times).
    """
    gc.collect()
    gc.freeze()
