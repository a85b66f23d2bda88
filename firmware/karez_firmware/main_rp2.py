"""Start the controller on an RP2350: firmware/boot/_boot.py imports this, and it does not return."""

from .board_main import program
from .ports import boot, rp2

boot.boot(rp2.port(), program)
