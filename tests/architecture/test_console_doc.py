"""docs/console.md says what the console says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_console_has_its_verbs_errors_and_answers_from_the_code():
    done = subprocess.run(
        [sys.executable, "docs/console_verbs.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
