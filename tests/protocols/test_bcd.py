"""Packed decimal: every digit counts, nothing else passes."""

from karez_protocols import bcd, errors


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def test_the_low_byte_comes_first():
    assert bcd.encode(12345, 5) == b"\x45\x23\x01\x00\x00"
    assert bcd.decode(b"\x45\x23\x01\x00\x00") == 12345
    assert bcd.encode(9999999999, 5) == b"\x99" * 5 and bcd.decode(b"\x99" * 5) == 9999999999
    assert bcd.encode(0, 3) == b"\0\0\0" and bcd.decode(b"") == 0 and bcd.encode(0, 0) == b""


def test_all_pairs_of_digits_round_trip_and_all_other_bytes_are_refused():
    good = 0
    for byte in range(256):
        raw = bytes([0x07, byte])
        if byte >> 4 <= 9 and byte & 15 <= 9:
            assert bcd.encode(bcd.decode(raw), 2) == raw
            good += 1
        else:
            assert refused(errors.Malformed, bcd.decode, raw), byte
    assert good == 100


def test_values_that_do_not_fit_are_refused():
    for value, size in ((-1, 2), (10000, 2), (1, 0), (10**10, 5)):
        assert refused(errors.NotAllowed, bcd.encode, value, size), (value, size)
