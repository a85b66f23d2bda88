"""How a witness misbehaves: what it sends instead of its honest answer. For tests of whoever asks it."""

import base64
from collections.abc import Callable

from karez_simulators.witness import SIZE_TYPE, Reply, Request, Witness, parse
from karez_simulators.witness_notes import BadNote, WitnessKey

HOUR_S = 3600
HUGE_BYTES = 8 * 1024 * 1024

# Two manners are the server's: they are about how an answer is sent, not about what it says.
SILENT = "silent"  # takes the request and never answers
DRIPPING = "dripping"  # sends one byte of its answer and keeps the connection open
TRANSPORT = (SILENT, DRIPPING)


def _honest_line(witness: Witness, request: Request, reply: Reply) -> bytes:
    """The line it would send, also for a checkpoint that it has not accepted."""
    return reply.body if reply.status == 200 else witness.key.cosign(request.checkpoint.text, 1)


def _changed(line: bytes, at: int) -> bytes:
    """The same line with one byte of key id, time or signature changed."""
    head, _, encoded = line.rstrip(b"\n").rpartition(b" ")
    raw = bytearray(base64.b64decode(encoded))
    raw[at] ^= 1
    return head + b" " + base64.b64encode(raw) + b"\n"


def _stamped(witness: Witness, request: Request, time_s: int) -> Reply:
    return Reply(200, witness.key.cosign(request.checkpoint.text, time_s))


def _time_of(line: bytes) -> int:
    return int.from_bytes(base64.b64decode(line.split(b" ")[2])[4:12], "big")


def _of_another_log(witness: Witness, request: Request, _reply: Reply) -> Reply:
    _, _, rest = request.checkpoint.text.partition(b"\n")
    return _stamped_text(witness, b"another.example/log\n" + rest)


def _stamped_text(witness: Witness, text: bytes) -> Reply:
    return Reply(200, witness.key.cosign(text, 1_800_000_000))


def _of_another_tree(witness: Witness, request: Request, _reply: Reply) -> Reply:
    one = request.checkpoint
    return _stamped_text(
        witness, f"{one.origin}\n{one.size + 1}\n".encode() + one.text.split(b"\n")[2] + b"\n"
    )


def _stranger(witness: Witness, request: Request, _reply: Reply) -> Reply:
    return Reply(200, WitnessKey(witness.key.name, bytes(32)).cosign(request.checkpoint.text, 1_800_000_000))


def _conflict(size: int) -> Reply:
    return Reply(409, f"{size}\n".encode(), SIZE_TYPE)


MANNERS: dict[str, Callable[[Witness, Request, Reply], Reply]] = {
    "wrong-signature": lambda w, q, r: Reply(200, _changed(_honest_line(w, q, r), 40)),
    "changed-stamp": lambda w, q, r: Reply(200, _changed(_honest_line(w, q, r), 11)),
    "old-stamp": lambda w, q, r: _stamped(w, q, _time_of(_honest_line(w, q, r)) - HOUR_S),
    "future-stamp": lambda w, q, r: _stamped(w, q, _time_of(_honest_line(w, q, r)) + HOUR_S),
    "no-stamp": lambda w, q, _: _stamped(w, q, 0),
    "another-log": _of_another_log,
    "another-tree": _of_another_tree,
    "another-key": _stranger,
    "twice": lambda w, q, r: Reply(200, _honest_line(w, q, r) * 2),
    "empty": lambda _w, _q, _r: Reply(200, b""),
    "junk": lambda _w, _q, _r: Reply(200, bytes(range(256))),
    "huge": lambda w, q, r: Reply(200, _honest_line(w, q, r) * (HUGE_BYTES // 150)),
    "html": lambda _w, _q, _r: Reply(200, b"<html>It works!</html>\n", "text/html"),
    "moved": lambda _w, _q, _r: Reply(301, b""),
    "failing": lambda _w, _q, _r: Reply(500, b"out of order\n"),
    "busy": lambda _w, _q, _r: Reply(429, b"later\n"),
    "bad-request": lambda _w, _q, _r: Reply(400, b"what?\n"),
    "forbidden": lambda _w, _q, _r: Reply(403, b"no\n"),
    "unknown-log": lambda _w, _q, _r: Reply(404, b"who?\n"),
    "larger": lambda _w, q, _r: _conflict(q.checkpoint.size + 1000),
    "other-size": lambda _w, q, _r: _conflict((q.old_size + 1) % (q.checkpoint.size + 1)),
    "same-size": lambda _w, q, _r: _conflict(q.old_size),
    "sizeless": lambda _w, q, _r: Reply(409, f"{q.checkpoint.size}\n".encode()),
    "wild-size": lambda _w, _q, _r: Reply(409, b"9" * 5000, SIZE_TYPE),
    "negative-size": lambda _w, _q, _r: Reply(409, b"-1\n", SIZE_TYPE),
    "no-proof-is-good": lambda _w, _q, _r: Reply(422, b"no\n"),
}

EVERY = (*MANNERS, *TRANSPORT)


def misbehave(manner: str, witness: Witness, body: bytes) -> Reply:
    """Let it do its work, and answer something else. "" and the server's manners: the honest answer."""
    reply = witness.add_checkpoint(body)
    change = MANNERS.get(manner)
    try:
        return change(witness, parse(body), reply) if change else reply
    except BadNote:
        return reply
