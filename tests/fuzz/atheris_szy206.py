"""Coverage-guided fuzzing of SZY 206: python tests/fuzz/atheris_szy206.py tests/fuzz/corpus/szy206 ..."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in ("protocols", "gateway"):
    sys.path.insert(0, str(ROOT / folder))


def one_input(data: bytes) -> None:
    """Split, decode, assemble, judge, show: an exception or a byte without a piece stops the run."""
    from karez_gateway.decoder.szy206 import decode
    from karez_protocols import szy206
    from karez_protocols.errors import ProtocolError
    from karez_protocols.szy206_messages import decode_message
    from karez_protocols.szy206_parts import Assembly
    from karez_protocols.szy206_pieces import pieces
    from karez_protocols.szy206_responder import Responder

    covered = 0
    assembly = Assembly(4096)
    responder = Responder(bytes(5), bytes(2), szy206.SZY206_2016)
    for piece in pieces(data):
        covered += piece.length
        if piece.frame is None:
            continue
        if szy206.encode(piece.frame) != data[piece.offset : piece.offset + piece.length]:
            raise RuntimeError("a frame does not encode to its own bytes")
        responder.judge(piece.frame, 1720750530)
        for dialect in (szy206.SZY206_2016, szy206.SLT427_2021):
            try:
                decode_message(assembly.take(piece.frame) or piece.frame, dialect)
            except ProtocolError:
                continue
    if covered != len(data):
        raise RuntimeError("bytes without a piece")
    decode(data)
    try:
        Responder(bytes(5), bytes(2), szy206.SZY206_2016, data)
    except ProtocolError:
        return


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["karez_protocols", "karez_gateway"]):
        one_input(b"")
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
