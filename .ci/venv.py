"""Create .venv with the packages of one pinned list, and karez itself in place.

Usage: python3 .ci/venv.py requirements/dev.txt
"""

import os
import shutil
import subprocess
import sys

VENV = ".venv"


def fail(message: str) -> None:
    sys.exit("karez set-up: " + message)


def create() -> str:
    """Return the venv's python, made if it is not there; leave no half venv behind."""
    python = os.path.join(VENV, "bin", "python")
    if os.path.exists(os.path.join(VENV, "bin", "pip")):
        return python
    version = "%d.%d" % sys.version_info[:2]
    if sys.version_info < (3, 11):
        fail("Python >= 3.11 is needed, this is " + version)
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        fail(
            "cannot create a virtual environment. On Debian or Ubuntu: "
            f"apt-get install python3-venv\n{made.stderr.strip() or made.stdout.strip()[-300:]}"
        )
    return python


def main() -> None:
    requirements = sys.argv[1]
    python = create()
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    print(f"karez set-up: installing {requirements} into {VENV} (once) ...", flush=True)
    for command in (
        # The list is complete, so nothing is resolved: pip 23.2 otherwise takes the newest coverage for
        # pytest-cov's `coverage[toml]`, pinned or not, and then refuses it for its missing hash.
        [*pip, "--no-deps", "--require-hashes", "-r", requirements],
        [*pip, "--no-deps", "--no-build-isolation", "-e", "."],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            fail("pip failed, see above; `make clean` and try again once the cause is mended")


if __name__ == "__main__":
    main()
