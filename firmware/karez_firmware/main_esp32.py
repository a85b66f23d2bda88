"""Start the controller on an ESP32-S3: firmware/boot/_boot.py imports this, and it does not return."""

from .board_main import program
from .ports import boot, esp32

boot.boot(esp32.port(), program)
