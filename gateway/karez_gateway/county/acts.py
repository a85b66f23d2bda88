"""Acts: what a person does to the county's books, with author, reason and document.

Whoever decides writes the act and its rows in one transaction. The service then puts each act into the log,
in their order; what counts in money (a correction, a closed month, a deduction) counts from that entry on.
The entry holds the digest of what was decided, so nobody can change a decision behind the log's back.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway import hostclock
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.errors import Refused
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import acts
from karez_gateway.store.acts import Act
from karez_protocols import entry

STAGE = "acts"
SLICE = 512
BY_BYTES_MAX = 64
BECAUSE_BYTES_MAX = 1024  # of the 2,048 of an entry
DOCUMENT_BYTES_MAX = 64


class Deed(NamedTuple):
    """Who does it, why, under which document, when it was said and from when it holds."""

    by: str
    because: str
    now_s: int
    document: str = ""
    effective_utc_s: int | None = None  # None: from now on

    def checked(self) -> "Deed":
        """The same. Raises Refused naming the option that is empty or too long."""
        for option, text, most in (
            ("by", self.by, BY_BYTES_MAX),
            ("because", self.because, BECAUSE_BYTES_MAX),
            ("document", self.document, DOCUMENT_BYTES_MAX),
        ):
            if (not text.strip() and option != "document") or not (text.isprintable() or not text):
                raise Refused(f"say it in one line: --{option} TEXT")
            if len(text.encode()) > most:
                raise Refused(f"--{option} takes at most {most} bytes")
        return self


def canonical(detail: Mapping[str, Any]) -> bytes:
    """The bytes of a decision: one JSON text, keys in order."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def write(connection: Connection, sort: str, deed: Deed, detail: Mapping[str, Any]) -> int:
    """Keep an act; return its number. Raises Refused when it does not say who or why."""
    deed.checked()
    data = canonical(detail)
    effective = deed.now_s if deed.effective_utc_s is None else deed.effective_utc_s
    return acts.add(
        connection,
        Act(
            0,
            sort,
            deed.by,
            deed.because,
            deed.document,
            deed.now_s,
            effective,
            data,
            hashlib.sha256(data).digest(),
            None,
        ),
    )


class Acts:
    """Puts acts into the log. One thread at a time."""

    def __init__(self, sequencer: Sequencer, at: Seam = unharmed) -> None:
        """Take the healed sequencer."""
        self._sequencer = sequencer
        self._at = at

    def log_queued(self, now_s: int) -> int:
        """Put the next ones into the log; return how many. Call until it returns 0."""
        now_s = hostclock.within(now_s)
        with self._sequencer.database.reading() as connection:
            if not acts.waiting(connection, 1):
                return 0
        with self._sequencer.batch() as batch:
            queued = acts.waiting(batch.connection, SLICE)
            indexes = [batch.add(entry.ACT, _entry(one), now_s) for one in queued]
            batch.write()
            for one, index in zip(queued, indexes, strict=True):
                acts.logged(batch.connection, one.id, index)
            self._at(STAGE)
        return len(queued)


def logged_reason(one: Act) -> str:
    """The reason as the entry has it, with the document."""
    return f"{one.because} [{one.document}]" if one.document else one.because


def _entry(one: Act) -> bytes:
    return bytes(entry.encode_act(one.id, one.sort, one.utc_s, one.digest, one.by, logged_reason(one)))
