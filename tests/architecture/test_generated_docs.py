"""Pages that are generated say what the code says today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wire_pages_are_what_the_codecs_say():
    done = subprocess.run(
        [sys.executable, "docs/wire/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_the_commissioning_file_is_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "docs/wire/commissioning_page.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
