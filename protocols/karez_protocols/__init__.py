"""Codecs and record formats, sans-I/O: bytes and `now` in, values and bytes out."""
