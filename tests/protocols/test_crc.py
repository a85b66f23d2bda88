"""Checksums: published check values, and a bitwise computation that shares no code with them."""

from karez_protocols.crc import crc16_modbus
from karez_protocols.crc_szy206 import crc8_szy206


def bitwise_crc16(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            carry = value & 1
            value >>= 1
            if carry:
                value ^= 0xA001
    return value


def bitwise_crc8(data):
    value = 0
    for byte in data:
        for bit in range(7, -1, -1):
            carry = (value >> 7) ^ (byte >> bit & 1)
            value = value << 1 & 0xFF
            if carry:
                value ^= 0xE5
    return value


def test_check_values():
    assert crc16_modbus(b"123456789") == 0x4B37
    assert crc8_szy206(b"123456789") == 0xF7
    assert crc8_szy206(b"\x00\x01\x02") == 0xA6


def test_nothing_gives_the_start_value():
    assert crc16_modbus(b"") == 0xFFFF and crc8_szy206(b"") == 0


def test_every_byte_value_agrees_with_the_bitwise_computation():
    for byte in range(256):
        for data in (bytes((byte,)), bytes((0x5A, byte, 0xFF))):
            assert crc16_modbus(data) == bitwise_crc16(data), data
            assert crc8_szy206(data) == bitwise_crc8(data), data


def test_a_part_of_a_buffer_needs_no_copy():
    buffer = bytearray(b"xx123456789yyy")
    assert crc16_modbus(buffer, 2, 11) == 0x4B37
    assert crc16_modbus(buffer, 2, 11) == crc16_modbus(memoryview(buffer)[2:11])


def test_a_frame_with_its_crc_leaves_no_rest():
    body = b"\x01\x03\x00\x00\x00\x0a"
    crc = crc16_modbus(body)
    assert crc16_modbus(body + bytes((crc & 0xFF, crc >> 8))) == 0
