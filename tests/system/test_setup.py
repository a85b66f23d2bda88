"""The set-up of a fresh machine: what it says when something is missing, and that it leaves no half."""

import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = """
import runpy, sys
sys.executable, sys.argv = sys.argv[1], [sys.argv[2], "requirements/none.txt"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def set_up(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run .ci/venv.py in an empty folder, as a certain python."""
    return subprocess.run(
        [sys.executable, "-c", RUN, python, str(ROOT / ".ci/venv.py")],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_without_python3_venv_one_line_names_the_package_and_no_half_venv_is_left(tmp_path):
    python = tmp_path / "python3"
    # What Debian's python3 does without its venv package.
    python.write_text("#!/bin/sh\nmkdir -p .venv/bin\necho 'ensurepip is not available' >&2\nexit 1\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    found = set_up(tmp_path, str(python))
    assert found.returncode != 0 and "apt-get install python3-venv" in found.stderr
    assert "Traceback" not in found.stderr and not (tmp_path / ".venv").exists()


def test_a_package_list_that_cannot_be_installed_ends_with_what_to_do(tmp_path):
    found = set_up(tmp_path, sys.executable)
    assert found.returncode != 0 and "make clean" in found.stderr and "Traceback" not in found.stderr
