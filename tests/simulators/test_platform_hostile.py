"""Frames with good checksums and senseless insides: a platform counts them and goes on serving others."""

import asyncio
import json
import random
from pathlib import Path

import pytest

from karez_protocols import sl651, szy206
from karez_protocols.errors import ProtocolError
from karez_simulators.cli_platform_run import line_of, printable
from karez_simulators.platform_asks import Ask
from karez_simulators.platform_sl651 import PlatformSl651
from karez_simulators.platform_szy206 import PlatformSzy206

FRAMES = 400


def vectors(*names):
    folder = Path(__file__).parents[1] / "vectors"
    return [
        bytes.fromhex(one["hex"])
        for name in names
        for one in json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    ]


def spoilt(data, dice):
    """The bytes with a few of them changed, gone or added."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data)) if data else 0
        data[at : at + dice.randint(0, 1)] = bytes([dice.randrange(256)] * dice.randint(0, 1))
    return bytes(data)


OF_SZY206, OF_SL651 = vectors("szy206", "szy206_more"), vectors("sl651")


def szy206_frame(dice):
    raw = dice.choice(OF_SZY206)
    try:
        frame = szy206.decode(raw)
        frame.is_up, frame.body, frame.fcb = True, spoilt(frame.body, dice)[:200], dice.randrange(4)
        if dice.random() < 0.4:
            frame.afn = dice.choice((0x02, 0x81, 0x82, 0x83, 0x84, 0xC0, 0x51, 0xB0, 0xB1, 0x61))
        frame.type_code = dice.choice((frame.type_code, dice.randrange(16)))
        frame.divs = dice.choice((None, None, None, 1, 2, 3))
        return szy206.encode(frame)
    except ProtocolError:
        return spoilt(raw, dice)


def sl651_frame(dice):
    raw = dice.choice(OF_SL651)
    try:
        frame = sl651.decode(raw)
        frame = frame._replace(body=spoilt(frame.body, dice), is_up=True, end=dice.choice((0x03, 0x17)))
        if dice.random() < 0.4:
            frame = frame._replace(function=dice.randrange(0x2F, 0x52), is_ascii=dice.random() < 0.3)
        return sl651.encode(frame._replace(packet=dice.choice((None, None, (1, 1), (2, 1), (2, 2), (3, 2)))))
    except ProtocolError:
        return spoilt(raw, dice)


GOOD_SZY206 = bytes.fromhex("681A68B34101050100C0140000000045230100000000200000151012051516")
GOOD_SL651 = next(one for one in OF_SL651 if one[:10].hex() == "7e7e010010100001a000")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("platform_of", "frame", "good", "size"),
    [(PlatformSzy206, szy206_frame, GOOD_SZY206, 13), (PlatformSl651, sl651_frame, GOOD_SL651, 25)],
    ids=["szy206", "sl651"],
)
async def test_senseless_frames_break_nothing(platform_of, frame, good, size, seed):
    dice, broken, lines = random.Random(seed), [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))

    def journal(entry):
        json.dumps(entry)
        lines.append(printable(line_of(entry)))

    async with platform_of(script=[Ask("clock"), Ask("quota")], journal=journal) as platform:
        reader, writer = await asyncio.open_connection(platform.host, platform.port)
        writer.write(b"".join(frame(dice) for _ in range(FRAMES)))
        writer.write_eof()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        reader, writer = await asyncio.open_connection(platform.host, platform.port)
        writer.write(good)
        assert len(await reader.readexactly(size)) == size
        writer.close()
        await writer.wait_closed()
        assert platform.counters.frames_not_understood > FRAMES // 10 and broken == []
    assert all(line.isprintable() and len(line) < 1100 for line in lines)


def test_what_others_wrote_cannot_move_the_cursor_of_a_terminal():
    entry = {"kind": "link", "received_utc_s": 0, "station": "\x1b[2Jwell\n", "what": "x" * 5000}
    shown = printable(line_of(entry))
    assert "?[2Jwell?" in shown and len(shown) <= 1001
