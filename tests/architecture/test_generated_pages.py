"""docs/configuration.md says what the firmware reads, and docs/console.md what the console says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("generator", ["console_verbs.py", "configuration_tables.py"])
def test_a_page_has_its_tables_and_answers_from_the_code(generator):
    done = subprocess.run(
        [sys.executable, f"docs/{generator}", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
