"""How long characters and silences last on an asynchronous serial line, in whole microseconds."""

FIXED_ABOVE_BAUD = 19200  # MODBUS over serial line 2.5.1.1: above it t1.5 and t3.5 are fixed


def wire_us(characters, baud, character_bits):
    """Return the time of so many characters on the wire, in microseconds, rounded up."""
    return -(-characters * character_bits * 1000000 // baud)


def silent_us(baud, character_bits):
    """Return t3.5, the smallest silence between frames, in microseconds.

    At or below 19200 baud 3.5 characters, above it 1.75 ms fixed. The character is the
    line's own; a meter that counts the standard's 11 bits on an 8N1 line is a profile's
    `request_gap_ms`.
    """
    return 1750 if baud > FIXED_ABOVE_BAUD else wire_us(7, 2 * baud, character_bits)
