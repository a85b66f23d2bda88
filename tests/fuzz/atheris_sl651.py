"""Fuzz SL 651: frames, captures, bodies, packets and the decoder raise nothing but ProtocolError.

python tests/fuzz/atheris_sl651.py tests/fuzz/corpus/sl651 -max_total_time=20
"""

import sys

from karez_gateway.decoder.finding import Options
from karez_gateway.decoder.sl651 import decode
from karez_protocols import sl651, sl651_reading, sl651_writing
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.sl651_dialect import SL651_2014, Dialect
from karez_protocols.sl651_frames import ENQ, ETX, Frame
from karez_protocols.sl651_packets import Assembly
from karez_protocols.sl651_stream import StreamReader, pieces

WIDE = Dialect(wide_packets=True, series_words=2, user_reports=b"\xe0")


def one(data):
    """One input through everything that takes bytes from a line. Raises on a broken promise."""
    for dialect in (SL651_2014, WIDE):
        frames(data, dialect)
    for finding in decode(data, Options()):
        raw = data[finding.offset : finding.offset + finding.length]
        if finding.is_good and b"".join(field.raw for field in finding.fields) != raw:
            raise AssertionError("fields do not cover their frame")
    if len(data) > 2:
        is_up = bool(data[1] & 1)
        is_ascii = bool(data[1] & 2)
        message(Frame(is_up, 1, bytes(5), 0, data[0], data[2:], ETX if is_up else ENQ, None, is_ascii))


def frames(data, dialect):
    """What decodes encodes to the same frame; pieces cover the capture; the reader finds what they hold."""
    at = 0
    found = []
    assembly = Assembly(1000)
    for piece in pieces(data, dialect):
        if piece.offset != at or piece.length < 1 or (piece.frame is None) == (piece.error is None):
            raise AssertionError(f"piece {piece} at {at}")
        at += piece.length
        if piece.frame:
            found.append(piece.frame)
            if sl651.decode(sl651.encode(piece.frame, dialect), dialect) != piece.frame:
                raise AssertionError("encodes to another frame")
            try:
                assembly.take(piece.frame)
            except ProtocolError:
                pass
    if at != len(data):
        raise AssertionError("pieces do not cover the capture")
    reader = StreamReader(dialect)
    cut = data[0] if data else 0
    if reader.feed(data[:cut]) + reader.feed(data[cut:]) + reader.silence() != found:
        raise AssertionError("stream and capture differ")


def message(frame):
    """A body is a message that comes back from its own bytes, or a declared error."""
    try:
        said = sl651_reading.decode_message(frame)
    except ProtocolError:
        return
    try:
        body = sl651_writing.encode_body(said, frame.is_ascii)
    except NotAllowed:
        return  # what others send and we never would
    again = sl651_reading.decode_message(frame._replace(body=body))
    if again != said:
        raise AssertionError(f"{said} became {again}")


def main():
    """Run the fuzzer; its options follow the corpus on the command line."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
