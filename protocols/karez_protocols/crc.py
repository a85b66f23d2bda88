"""The checksum of Modbus RTU; that of SZY 206 is in crc_szy206.py, no controller needs both.

The table is `bytes` (256 B a table; a tuple of integers would cost 1-2 kB) and is made
once at import by the bitwise rule, so that no figure in it was typed by a person.

    name          polynomial   start   order       check value over b"123456789"
    crc16_modbus  A001         FFFF    reflected   4B37, sent low byte first
"""


def _reflected_rows(polynomial):
    """Return the table of a reflected CRC-16 as two byte tables, low and high halves."""
    low = bytearray(256)
    high = bytearray(256)
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value >> 1) ^ polynomial if value & 1 else value >> 1
        low[index] = value & 0xFF
        high[index] = value >> 8
    return bytes(low), bytes(high)


# Generator x16 + x15 + x2 + 1, reflected: A001.
_LOW, _HIGH = _reflected_rows(0xA001)


def crc16_modbus(data, start=0, end=None):
    """Return the CRC-16 over data[start:end]; on the Modbus wire its low byte goes first."""
    low = high = 0xFF
    table_low = _LOW
    table_high = _HIGH
    for at in range(start, len(data) if end is None else end):
        index = low ^ data[at]
        low = high ^ table_low[index]
        high = table_high[index]
    return low | high << 8
