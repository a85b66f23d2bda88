"""Begins a new log under a new origin: after a restore, or when the old log cannot be continued.

The old log stays as it is and is never signed again. The new one opens with an entry that holds the last
checkpoint known of the old; then follow the store's entries from the first one that the old log lacks.
"""

import json
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from karez_gateway.config import Config
from karez_gateway.data import TRUST, beside
from karez_gateway.entries import origins, restored
from karez_gateway.entries.origins import Numbering, Origin
from karez_gateway.errors import Refused, StoreError
from karez_gateway.log.errors import LogBusy, LogError
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.keys import create_key, load_key
from karez_gateway.log.tlog import CHECKPOINT, Tlog
from karez_gateway.store import entries
from karez_gateway.store.database import Database
from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.witnesses.cosigning import cosigned
from karez_protocols import entry

UNFINISHED = ".new"
NUMBER_MAX = 9999
NOTE_BYTES_MAX = 1500  # of the 2,048 of an entry: the rest is the reason's


class _Former(NamedTuple):
    """What is left of the log before: its last note, and the first entry of the store that it lacks."""

    note: bytes
    first: int


def open_new(config: Config, reason: str, number: int | None = None) -> Origin:
    """Begin the next log and return it. Raises Refused or StoreError; the service must not be running."""
    old = origins.current(config)
    number = old.number + 1 if number is None else number
    if not old.number < number <= NUMBER_MAX:
        raise Refused(f"the new origin's number must be above {old.number}, at most {NUMBER_MAX}")
    if not reason:
        raise Refused("say why a new origin is needed: it stands in the new log's first entry")
    new = origins.at(config, number)
    with beside(config) as store:
        former = _former(config, old, store)
    first_entry = _first_entry(former, reason)
    _begin(new, first_entry)
    _trust(config.data / TRUST, str(new.verifier_key()))
    # Controllers still remember what they were told before the restore, until they are told anew.
    restored.keep(config.data, f"{new.name} was begun: {reason}", against_witnesses=False)
    return new


def _first_entry(former: _Former, reason: str) -> bytes:
    room = entry.SIZE_MAX - 64 - len(former.note)
    kept = reason.encode()[:room].decode(errors="ignore")
    return bytes(entry.encode_origin(int(time.time()), former.first, former.note, kept))


def _former(config: Config, old: Origin, store: Database) -> _Former:
    """Open the old log, without adding to it; if it cannot be opened, all entries are logged again."""
    try:
        with Tlog.open(old.directory, old.name, load_key(old.key, old.name)) as log:
            numbering = old.numbering()
            note = _cosigned_note(config, log)
            return _Former(note, _first_lacking(store, log, numbering))
    except LogBusy as error:
        raise Refused(f"{error}: the service must be stopped first") from error
    except (LogError, StoreError):
        return _Former(_last_note(old), 0)


def _first_lacking(store: Database, log: Tlog, numbering: Numbering) -> int:
    """First entry of the store that the log does not hold.

    Both grew from the same beginning, one of them may be older: where they still agree at one entry they
    agree at all before, so halving finds the place.
    """
    with store.reading() as connection:

        def is_logged(number: int) -> bool:
            return entries.body(connection, number) == log.entry(numbering.index_of(number))

        low = numbering.first
        high = max(low, min(entries.next_index(connection), numbering.number_of(log.size)))
        if high > low and is_logged(high - 1):
            return high
        while low < high:
            middle = (low + high) // 2
            if is_logged(middle):
                low = middle + 1
            else:
                high = middle
        return low


def _cosigned_note(config: Config, log: Tlog) -> bytes:
    """The newest note, with its cosignatures if it has some and they fit."""
    note = log.checkpoint_note()
    same = [one.note for one in cosigned(config).covering(log.size) if one.size == log.size]
    return same[0] if same and len(same[0]) <= NOTE_BYTES_MAX else note


def _last_note(old: Origin) -> bytes:
    """The checkpoint of a log that cannot be opened, if its signature holds; nothing otherwise."""
    try:
        data = (old.directory / CHECKPOINT).read_bytes()
        open_checkpoint(data, old.name, old.verifier_key())
        return data if len(data) <= NOTE_BYTES_MAX else b""
    except (OSError, VerificationError, StoreError):
        return b""


def _begin(new: Origin, first_entry: bytes) -> None:
    """Make key and log under a name that does not count yet, then give them theirs at one stroke."""
    unfinished = new.directory.with_name(new.directory.name + UNFINISHED)
    try:
        # What an interrupted attempt left was never shown to anybody; its key signs nothing else.
        shutil.rmtree(unfinished, ignore_errors=True)
        new.key.unlink(missing_ok=True)
        signer = create_key(new.key, new.name)
        new.verifier_key_file.write_text(f"{signer.verifier_key}\n", encoding="utf-8")
        with Tlog.create(unfinished, new.name, signer) as log:
            log.append([first_entry])
        DirectoryFiles(new.data).sync([new.verifier_key_file.name])
        unfinished.rename(new.directory)
        restored.sync_directory(new.data)
    except (LogError, OSError) as error:
        raise StoreError(f"{new.directory}: the new log could not be begun: {error}") from error


def _trust(path: Path, public: str) -> None:
    """Add the new log's key to the trust file that init wrote, if it is there and still ours to read."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if public not in facts["log"]:
            facts["log"].append(public)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # a person keeps it elsewhere: the command shows the key
