"""How many frames a second our codecs decode on CPython, beside programs that we did not write.

The frames are the good ones of tests/vectors which both decode; both must agree on address and
function. No other program decodes SZY 206 or SL 651 here: beside them stand their check sums alone.
Blocks in turn, the best of each counts (what slows a block is not the codec).
"""

import functools
import json
import time
from pathlib import Path

from dlt645 import DLT645Protocol
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from entry import entry
from karez_protocols import (
    cjt188_frames,
    cjt188_stream,
    dlt645_frames,
    dlt645_messages,
    dlt645_stream,
    modbus_frames,
    modbus_stream,
    sl651,
    sl651_reading,
    sl651_stream,
    szy206,
    szy206_messages,
    szy206_pieces,
)
from karez_protocols.crc import crc16_modbus
from karez_protocols.crc_szy206 import crc8_szy206
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206_dialect import SZY206_2016

NAMES = ("modbus_decode", "modbus_capture", "dlt645_decode", "dlt645_message", "dlt645_capture")
NAMES += ("cjt188_decode", "cjt188_capture", "szy206_message", "szy206_capture")
NAMES += ("sl651_message", "sl651_capture")
VECTORS = Path(__file__).parents[1] / "vectors"
BLOCK_S, BLOCKS = 0.25, 12
QUICK_BLOCK_S, QUICK_BLOCKS = 0.02, 2
UNIT = "frames/s"


def vectors(protocol):
    """Return [(frame, what it holds)] of single good frames."""
    found = json.loads((VECTORS / f"{protocol}.json").read_text())
    return [
        (bytes.fromhex(one["hex"]), one["decoded"])
        for one in found
        if one["checksum_ok"] and one["decoded"]["kind"] not in ("invalid", "raw")
    ]


def frames_per_s(count, runs, quick):
    """Return the best rate of each function, which decodes `count` frames a call; blocks in turn."""
    best = [0.0] * len(runs)
    for _ in range(QUICK_BLOCKS if quick else BLOCKS):
        for at, run in enumerate(runs):
            calls, began_s = 0, time.perf_counter()
            while (spent_s := time.perf_counter() - began_s) < (QUICK_BLOCK_S if quick else BLOCK_S):
                run()
                calls += 1
            best[at] = max(best[at], calls * count / spent_s)
    return [round(one) for one in best]


def over(decoders_and_frames):
    """Return a function that decodes every frame once."""

    def run():
        for decode, frame in decoders_and_frames:
            decode(frame)

    return run


def ours_of_modbus(kind):
    """The decoder for a frame whose direction is known, as it is for pymodbus."""
    return {
        "request": modbus_frames.decode_request,
        "response": modbus_frames.decode_reply,
        "exception": modbus_frames.decode_failure,
    }.get(kind)


def modbus(quick, say):
    sides = {is_server: FramerRTU(DecodePDU(is_server)) for is_server in (True, False)}
    ours, theirs = [], []
    left_out = 0
    for frame, decoded in vectors("modbus"):
        decode = ours_of_modbus(decoded["kind"])
        library = functools.partial(sides[decoded["kind"] == "request"].handleFrame, exp_devid=0, exp_tid=0)
        pdu = library(frame)[1] if decode else None
        if pdu is None:
            left_out += 1
            continue
        message = decode(frame)
        if (message.address, message.function) != (pdu.dev_id, pdu.function_code & 0x7F):
            raise RuntimeError(f"{frame.hex()} is {message} to us, {pdu} to pymodbus")
        ours.append((decode, frame))
        theirs.append((library, frame))
    say(f"  modbus: {len(ours)} frames, {left_out} left out")
    capture = b"".join(frame for _, frame in ours)
    check_capture(modbus_stream.pieces(capture), len(ours))
    rates = frames_per_s(
        len(ours), (over(ours), over(theirs), functools.partial(modbus_stream.pieces, capture)), quick
    )
    # pymodbus drops whatever comes with a frame in one piece, so it gets the frames one by one.
    return [
        entry(NAMES[0], rates[0], UNIT, "pymodbus", rates[1]),
        entry(NAMES[1], rates[2], UNIT, "pymodbus, frame by frame", rates[1]),
    ]


def check_capture(pieces, frames):
    """A benchmark of a codec that finds something else would mean nothing."""
    found = sum(one.error is None for one in pieces)
    if found != frames:
        raise RuntimeError(f"{found} frames found in a capture of {frames}")


def library_capture(data):
    """All frames of a capture, by the package."""
    frames = 0
    while True:
        data, frame = DLT645Protocol.deserialize_with_remaining(data)
        if frame is None:
            return frames
        frames += 1


def dlt645(quick, say):
    frames = [frame for frame, _ in vectors("dlt645")]
    for frame in frames:
        found, library = dlt645_frames.decode_frame(frame), DLT645Protocol.deserialize(frame)
        if (found.control, found.data) != (library.ctrl_code, library.data):
            raise RuntimeError(f"{frame.hex()} is {found} to us, {library} to the package")
    say(f"  dlt645: {len(frames)} frames")
    capture = b"".join(frames)
    check_capture(dlt645_stream.pieces(capture), len(frames))
    if library_capture(capture) != len(frames):
        raise RuntimeError("the package does not find every frame")
    rates = frames_per_s(
        len(frames),
        (
            over([(dlt645_frames.decode_frame, frame) for frame in frames]),
            over([(DLT645Protocol.deserialize, frame) for frame in frames]),
            over([(dlt645_messages.decode_message, frame) for frame in frames]),
            functools.partial(dlt645_stream.pieces, capture),
            functools.partial(library_capture, capture),
        ),
        quick,
    )
    return [
        entry(NAMES[2], rates[0], UNIT, "dlt645", rates[1]),
        entry(NAMES[3], rates[2], f"{UNIT}, down to typed messages"),
        entry(NAMES[4], rates[3], f"{UNIT}, typed messages", "dlt645, frames only", rates[4]),
    ]


def cjt188(quick, say):
    frames = [frame for frame, _ in vectors("cjt188")]
    capture = b"".join(frames)
    say(f"  cjt188: {len(frames)} frames")
    check_capture(cjt188_stream.pieces(capture), len(frames))
    runs = (
        over([(cjt188_frames.decode, frame) for frame in frames]),
        functools.partial(cjt188_stream.pieces, capture),
    )
    rates = frames_per_s(len(frames), runs, quick)
    return [entry(NAMES[5], rates[0], UNIT), entry(NAMES[6], rates[1], UNIT)]


def understood(protocol, decode):
    """Return the vectors that stand for themselves: others need to know what was asked."""
    frames = []
    for one in json.loads((VECTORS / f"{protocol}.json").read_text()):
        frame = bytes.fromhex(one["hex"])
        try:
            decode(frame)
        except ProtocolError:
            continue
        frames.append(frame)
    return frames


def upward(protocol, decode, pieces, check_sum, names, quick, say):
    """A standard of platforms: frames down to typed messages, and a capture of them split."""
    frames = understood(protocol, decode)
    capture = b"".join(frames)
    say(f"  {protocol}: {len(frames)} frames")
    check_capture(pieces(capture), len(frames))
    rates = frames_per_s(
        len(frames),
        (
            over([(decode, frame) for frame in frames]),
            functools.partial(pieces, capture),
            over([(check_sum, frame) for frame in frames]),
        ),
        quick,
    )
    unit = f"{UNIT}, typed messages"
    return [
        entry(names[0], rates[0], unit, "its check sum alone", rates[2]),
        entry(names[1], rates[1], UNIT, "its check sum alone", rates[2]),
    ]


def szy206_message(frame):
    return szy206_messages.decode_message(szy206.decode(frame), SZY206_2016)


def sl651_message(frame):
    return sl651_reading.decode_message(sl651.decode(frame))


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    return [
        *modbus(quick, say),
        *dlt645(quick, say),
        *cjt188(quick, say),
        *upward("szy206", szy206_message, szy206_pieces.pieces, crc8_szy206, NAMES[7:9], quick, say),
        *upward("sl651", sl651_message, sl651_stream.pieces, crc16_modbus, NAMES[9:11], quick, say),
    ]
