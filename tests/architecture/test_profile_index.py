"""The index of the profiles says what the profiles say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_index_of_the_profiles_is_what_its_generator_writes():
    done = subprocess.run(
        [sys.executable, "-m", "karez_simulators.profile_index", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
