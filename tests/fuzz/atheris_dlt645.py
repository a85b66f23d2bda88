"""Coverage-guided fuzzing of DL/T 645: python tests/fuzz/atheris_dlt645.py tests/fuzz/corpus/dlt645 ..."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in ("protocols", "gateway"):
    sys.path.insert(0, str(ROOT / folder))


def one_input(data: bytes) -> None:
    """Split, decode, listen and encode again: an exception or a false frame stops the run."""
    from karez_gateway.decoder.dlt645 import decode
    from karez_gateway.decoder.finding import Options
    from karez_protocols.dlt645 import ReplyReader, question
    from karez_protocols.dlt645_frames import PREAMBLE_SENT_MAX, preamble_bytes
    from karez_protocols.dlt645_messages import encode_message
    from karez_protocols.dlt645_stream import pieces

    covered = 0
    for piece in pieces(data):
        raw = data[piece.offset : piece.offset + piece.length]
        covered += piece.length
        excess = max(preamble_bytes(raw) - PREAMBLE_SENT_MAX, 0)
        if piece.error is None and encode_message(piece.frame, preamble_bytes(raw) - excess) != raw[excess:]:
            raise RuntimeError("a frame does not encode to its own bytes")
    if covered != len(data):
        raise RuntimeError("bytes without a piece")
    decode(data, Options())
    for address, function, key in (("AAAAAAAAAAAA", None, 0x00010000), ("000000000161", 1, 0xB611)):
        reader = ReplyReader()
        reader.expect(question(address, function, key, 2))
        half = len(data) // 2
        _ = reader.receive(data[:half]) or reader.receive(data[half:]) or reader.end()


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["karez_protocols", "karez_gateway"]):
        one_input(b"")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
