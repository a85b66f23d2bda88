"""The checksums of the wires: CRC-16 of Modbus RTU, CRC-8 of SZY 206.

Each table is `bytes` (256 B a table; a tuple of integers would cost 1-2 kB) and is made
once at import by the bitwise rule, so that no figure in it was typed by a person.

    name          polynomial   start   order       check value over b"123456789"
    crc16_modbus  A001         FFFF    reflected   4B37, sent low byte first
    crc8_szy206   E5           00      MSB first   F7
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


def _leading_rows(polynomial):
    """Return the table of an MSB-first CRC-8."""
    rows = bytearray(256)
    for index in range(256):
        value = index
        for _ in range(8):
            value = (value << 1) ^ polynomial if value & 0x80 else value << 1
        rows[index] = value & 0xFF
    return bytes(rows)


# Generator x16 + x15 + x2 + 1, reflected: A001.
_LOW, _HIGH = _reflected_rows(0xA001)
# Generator x8 + x7 + x6 + x5 + x2 + 1, written E5 without its top term.
_SZY206 = _leading_rows(0xE5)


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


def crc8_szy206(data):
    """Return the CRC-8 of SZY 206 / SL/T 427 over `data` (there: from C to the end of AUX)."""
    value = 0
    table = _SZY206
    for byte in data:
        value = table[value ^ byte]
    return value
