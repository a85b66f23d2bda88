"""What is frozen into a board's MicroPython: our own boot, and what it needs to choose a slot.

The firmware lies beside it, as a ROMFS.

Built with the port's own make: FROZEN_MANIFEST=.../firmware/boot/manifest.py. See docs/ports.md for what
else such a build must have.
"""

freeze(".", ("_boot.py", "karez_slots.py"), opt=2)  # noqa: F821 - of MicroPython's build
freeze("../karez_firmware/update", "marks.py", opt=2)  # noqa: F821
freeze("../karez_firmware/ports", "rom_flash.py", opt=2)  # noqa: F821
