"""The checksum of SZY 206 and SL/T 427: CRC-8, polynomial E5H, start 00H, MSB first.

Check value over b"123456789": F7H. The table is made once at import by the bitwise rule,
so that no figure in it was typed by a person.
"""


def _leading_rows(polynomial):
    """Return the table of an MSB-first CRC-8."""
    rows = bytearray(256)
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value << 1) ^ polynomial if value & 0x80 else value << 1
        rows[index] = value & 0xFF
    return bytes(rows)


# Generator x8 + x7 + x6 + x5 + x2 + 1, written E5 without its top term.
_SZY206 = _leading_rows(0xE5)


def crc8_szy206(data):
    """Return the CRC-8 of SZY 206 / SL/T 427 over `data` (there: from C to the end of AUX)."""
    value = 0
    table = _SZY206
    for byte in data:
        value = table[value ^ byte]
    return value
