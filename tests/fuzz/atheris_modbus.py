"""Coverage-guided fuzzing of Modbus RTU: python tests/fuzz/atheris_modbus.py tests/fuzz/corpus/modbus ..."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in ("protocols", "gateway"):
    sys.path.insert(0, str(ROOT / folder))


def one_input(data: bytes) -> None:
    """Split, decode, listen and encode again: an exception or a false frame stops the run."""
    from karez_gateway.decoder.finding import Options
    from karez_gateway.decoder.modbus import decode
    from karez_protocols import modbus_frames
    from karez_protocols.exchange import Failure
    from karez_protocols.modbus import ReplyReader, Request
    from karez_protocols.modbus_answer import AnswerReader
    from karez_protocols.modbus_messages import Identify, ReadWrite, Write, is_answer
    from karez_protocols.modbus_stream import is_reply, pieces

    at = 0
    for piece in pieces(data):
        if piece.offset < at or any(data[at : piece.offset]):
            raise RuntimeError("bytes without a piece, or in two")
        at = piece.offset + piece.length
        if piece.error is None:
            encode = modbus_frames.encode_reply if is_reply(piece.frame) else modbus_frames.encode_request
            if isinstance(piece.frame, Failure):
                encode = modbus_frames.encode_failure
            if encode(piece.frame) != data[piece.offset : at]:
                raise RuntimeError("a frame does not encode to its own bytes")
    if any(data[at:]):
        raise RuntimeError("bytes without a piece at the end")
    decode(data, Options())
    decode(data, Options(profile="tuf2000m"))
    half = len(data) // 2
    for request in (
        Request(1, 3, 0, 12),
        Write(2, 6, 0x1000, 3),
        Identify(1, 17),
        ReadWrite(1, 23, 0, 2, 0, b"\0\1"),
    ):
        readers = [AnswerReader(), AnswerReader(True)]
        if isinstance(request, Request):
            readers.append(ReplyReader())
        for reader in readers:
            reader.expect(request)
            answer = reader.receive(data[:half]) or reader.receive(data[half:]) or reader.end()
            if answer and not is_answer(request, answer):
                raise RuntimeError("an answer to something else")


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["karez_protocols", "karez_gateway"]):
        one_input(b"")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
