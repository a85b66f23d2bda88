"""What is frozen into a board's MicroPython: our own boot alone. The firmware lies beside it, as a ROMFS.

Built with the port's own make: FROZEN_MANIFEST=.../firmware/boot/manifest.py. See docs/ports.md for what
else such a build must have.
"""

freeze(".", "_boot.py", opt=2)  # noqa: F821 - of MicroPython's build
