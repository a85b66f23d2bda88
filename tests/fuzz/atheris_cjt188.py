"""Fuzz CJ/T 188: frames, captures, the reader and the decoder raise nothing but ProtocolError.

python tests/fuzz/atheris_cjt188.py tests/fuzz/corpus/cjt188 -max_total_time=20
"""

import sys

from karez_gateway.decoder.cjt188 import decode
from karez_protocols import cjt188, cjt188_data, cjt188_frames, cjt188_stream
from karez_protocols.errors import ProtocolError

READ = cjt188.question("AA:AAAAAAAAAAAAAA", 1, 0x901F, 19, ser=0)


def one(data):
    """One input through everything that takes bytes from a line. Raises on a broken promise."""
    frames(data)
    for read in (cjt188_data.decode_metering, cjt188_data.decode_heat):
        try:
            read(data)
        except ProtocolError:
            pass
    for finding in decode(data):
        if (
            finding.is_good
            and b"".join(field.raw for field in finding.fields)
            != (data[finding.offset : finding.offset + finding.length])
        ):
            raise AssertionError("fields do not cover their frame")
    reader = cjt188.ReplyReader()
    reader.expect(READ)
    cut = data[0] if data else 0
    answer = reader.receive(data[:cut]) or reader.receive(data[cut:]) or reader.end()
    if answer and getattr(answer, "data", b"\0" * 19)[18:] == b"":
        raise AssertionError("a reply shorter than asked for")
    if len(reader._buffer) > reader.BUFFER_BYTES_MAX:
        raise AssertionError("the reader holds more than it may")


def frames(data):
    """What decodes encodes to the same bytes, whole and in a capture; pieces lie in order."""
    try:
        if cjt188_frames.encode(cjt188_frames.decode(data)) != data:
            raise AssertionError("encodes to other bytes")
    except ProtocolError:
        pass
    end = 0
    for piece in cjt188_stream.pieces(data):
        if piece.offset < end or piece.length < 1 or (piece.frame is None) == (piece.error is None):
            raise AssertionError(f"piece {piece} after {end}")
        end = piece.offset + piece.length
        if piece.frame and cjt188_frames.encode(piece.frame) != data[piece.offset : end]:
            raise AssertionError("a piece encodes to other bytes")
    if end > len(data):
        raise AssertionError("a piece beyond the end")


def main():
    """Run the fuzzer; its options follow the corpus on the command line."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
