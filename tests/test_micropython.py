"""The shared test files, once more, on the real MicroPython VM."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A test file, its data and the code under test together; the controller's own budget
# is held by the system test, which runs compiled code.
HEAP = "2048k"
SHARED = sorted(
    path.relative_to(ROOT)
    for folder in ("protocols", "firmware")
    for path in (ROOT / "tests" / folder).glob("test_*.py")
)


def micropython() -> str:
    """Path of the VM: KAREZ_MICROPYTHON, or the wheel's."""
    named = os.environ.get("KAREZ_MICROPYTHON") or shutil.which("micropython", path=str(ROOT / ".venv/bin"))
    found = named or shutil.which("micropython")
    assert found, "no MicroPython VM: set KAREZ_MICROPYTHON=/path/to/micropython"
    return found


@pytest.mark.parametrize("path", SHARED, ids=str)
def test_passes_on_micropython(path):
    run = subprocess.run(
        [micropython(), "-X", f"heapsize={HEAP}", "tests/run_on_micropython.py", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    print(run.stdout[-4000:], run.stderr[-2000:])
    last = run.stdout.strip().splitlines()[-1]
    assert run.returncode == 0 and last.startswith("passed=") and not last.startswith("passed=0")
