"""`karez bench witness`: a small witness on a port, for our gateway or anybody's C2SP log."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import base64
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from karez_simulators.witness_notes import WitnessKey

UNUSABLE = 2
KEY_FILE = "witness.key"

EPILOG = "Example: karez bench witness --state build/w1 --name w1.example --log 'county+1a2b3c4d+AX…'"

State = Annotated[Path, typer.Option(help="Directory for its key and what it has seen; made if needed.")]
Log = Annotated[list[str], typer.Option(help="Verifier key of a log it cosigns (log.vkey); repeat it.")]
Name = Annotated[str, typer.Option(help="Name of its key; for a new directory only.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 = any free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Manner = Annotated[str, typer.Option(help="Misbehave: `list` names every way.")]


def witness(
    state: State,
    log: Log = [],  # noqa: B006 - typer reads it, nobody changes it
    name: Name = "witness.karez.local/bench",
    port: Port = 0,
    host: Host = "127.0.0.1",
    manner: Manner = "",
) -> None:
    """Run a witness (C2SP tlog-witness) until it is told to end.

    Prints one JSON line with its verifier key and address. What it has seen is on disk before it
    answers, so it may be stopped at any moment.
    """
    from karez_simulators import witness_manners
    from karez_simulators.witness import Witness
    from karez_simulators.witness_notes import BadNote, LogKey
    from karez_simulators.witness_server import WitnessServer
    from karez_simulators.witness_state import StateTaken, WitnessState

    if manner == "list":
        typer.echo("\n".join(witness_manners.EVERY))
        return
    if manner and manner not in witness_manners.EVERY:
        raise _refuse(f"--manner {manner} is not known; `--manner list` names every one")
    ended = threading.Event()
    try:
        logs = [LogKey.parse(one) for one in log]
        kept = WitnessState(state)
        key = load_key(state / KEY_FILE, name)
        server = WitnessServer(Witness(key, logs, kept, lambda: int(time.time())), port, host)
    except (BadNote, StateTaken, OSError) as error:
        raise _refuse(str(error)) from None
    server.manner = manner
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with server:
        typer.echo(json.dumps({"event": "ready", "key": str(key), "url": server.url, "pid": os.getpid()}))
        ended.wait()
    kept.close()


def _refuse(text: str) -> typer.Exit:
    typer.echo(f"karez bench witness: {text}", err=True)
    return typer.Exit(UNUSABLE)


def load_key(path: Path, name: str) -> "WitnessKey":
    """The witness's key file, made at first use: its name and seed. Raises BadNote, OSError."""
    from karez_simulators.witness_notes import BadNote, WitnessKey, plain_base64

    if not path.exists():
        if not name or "+" in name or any(letter.isspace() for letter in name):
            raise BadNote(f"--name {name!r}: a key's name holds neither spaces nor a plus sign")
        text = f"{name}\n{base64.b64encode(os.urandom(32)).decode()}\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    lines = path.read_text(encoding="utf-8").split("\n")
    seed = plain_base64(lines[1]) if len(lines) == 3 else b""
    if len(seed) != 32:
        raise BadNote(f"{path} holds no witness key")
    return WitnessKey(lines[0], seed)
