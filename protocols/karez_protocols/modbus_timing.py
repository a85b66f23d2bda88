"""The other silence of Modbus RTU: how long a frame may pause inside (t1.5).

No master of ours enforces it: a receiver that does drops frames that a USB adapter or a busy
UART has split. Meters do, so the line on a desk and its senders must keep it.
t3.5, the silence between frames, is wire_time.silent_us.
"""

from .wire_time import FIXED_ABOVE_BAUD, wire_us


def inside_us(baud, character_bits):
    """Return t1.5, the longest silence inside a frame, in microseconds, rounded up.

    MODBUS over serial line 2.5.1.1: 1.5 characters, above 19200 baud 750 us fixed.
    """
    return 750 if baud > FIXED_ABOVE_BAUD else wire_us(3, 2 * baud, character_bits)
