"""Asks the witnesses for cosignatures, beside everything else: nothing in the gateway waits for one.

A round takes the log's newest checkpoint and shows it to each witness that is not still busy with an earlier
one. Rounds come at most every `cosign_every_s`, however fast the log grows. What goes wrong with a witness is
kept under its name and shown by `karez gateway status`; it is asked again, at growing intervals.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from karez_gateway.config import Witness
from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.errors import LogError
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.checkpoint import Checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import Note, VerifierKey
from karez_gateway.witnesses import witness
from karez_gateway.witnesses.witness import Answer, BadAnswer, CosignedBy, HasSize, ProofRefused

_log = structlog.get_logger()

FILE = "witnesses.json"
RETRY_S_MAX = 600

Post = Callable[[str, bytes, float], Awaitable[Answer]]


class Clock(Protocol):
    """Both times; tests bring their own."""

    def utc_s(self) -> int:
        """Seconds since 1970."""

    def monotonic_s(self) -> float:
        """Seconds that only grow."""


class SystemClock:
    """The machine's."""

    def utc_s(self) -> int:
        """Seconds since 1970."""
        return int(time.time())

    def monotonic_s(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


@dataclass(slots=True)
class Standing:
    """How one witness stands, for `status`. `claim`: what it says against our log, "" for nothing."""

    size: int = 0
    time_s: int = 0
    problem: str = ""
    problem_since_s: int = 0
    claim: str = ""


class Asked:
    """One witness."""

    def __init__(
        self, settings: Witness, log: Tlog, kept: CosignedCheckpoints, post: Post, clock: Clock
    ) -> None:
        """Take up where its newest kept cosignature stands."""
        self.name = settings.name
        self.standing = Standing()
        self.is_busy = False
        self.has_cosigned = False  # in this process
        self._settings = settings
        self._key = VerifierKey.parse(settings.key)
        self._log = log
        self._kept = kept
        self._post = post
        self._clock = clock
        self._old_size = 0  # what we think it has
        self._failures = 0
        self._next_s = clock.monotonic_s()
        newest = kept.newest_by(self._key)
        if newest is not None:
            self.standing.size = self._old_size = newest.size
            self.standing.time_s = next(one.time_s or 0 for one in newest.witnesses if one.key == self._key)

    @property
    def is_due(self) -> bool:
        """True if there is something to ask it now."""
        has_news = not self.has_cosigned or self.standing.size < self._log.size
        return has_news and not self.is_busy and self._clock.monotonic_s() >= self._next_s

    async def cosign(self, note: bytes) -> None:
        """Show it a checkpoint. Whatever goes wrong is its problem, not ours: nothing is raised."""
        self.is_busy = True
        try:
            await self._cosign(note)
        except (BadAnswer, LogError, VerificationError, OSError) as error:
            self._fail(str(error))
        finally:
            self.is_busy = False

    async def _cosign(self, note: bytes) -> None:
        size = Checkpoint.parse(Note.parse(note).text).size
        if self._old_size > size:  # kept from a longer log than this one
            self._old_size = 0
        for _ in range(2):  # a second time with the size that it says it has
            said = await self._ask(note, size)
            if isinstance(said, CosignedBy):
                await asyncio.to_thread(self._kept.add, note, said.line)
                self._succeed(size, said.time_s)
                return
            if isinstance(said, ProofRefused):
                self._refused(size)
            else:
                self._take_size(said, size)
        raise BadAnswer("changed the size it has while it was asked")

    async def _ask(self, note: bytes, size: int) -> CosignedBy | HasSize | ProofRefused:
        proof = await asyncio.to_thread(self._log.consistency_proof, self._old_size, size)
        url = f"{self._settings.url.rstrip('/')}/{witness.PATH}"
        body = witness.request(self._old_size, proof, note)
        answer = await self._post(url, body, self._settings.timeout_s)
        return witness.read(answer, note, self._key, self._clock.utc_s(), self.standing.time_s)

    def _take_size(self, said: HasSize, size: int) -> None:
        if said.size == self._old_size == size > 0:  # tlog-witness said so before July 2026; now it is a 422
            self._claim(f"has seen other {size} entries of this log than are here")
        if said.size == self._old_size:
            raise BadAnswer(f"answered 409 although it has the {said.size} entries that it was told")
        if said.size > size:
            self._claim(f"has seen {said.size} entries of this log, which holds {size}")
        if said.size < self.standing.size:
            _log.warning("a witness has forgotten what it cosigned", witness=self.name, has=said.size)
        self._old_size = said.size

    def _refused(self, size: int) -> None:
        if self._old_size == 0:
            raise BadAnswer("refused a proof where none is needed (422)")
        self._claim(
            f"says that the {size} entries here do not continue the {self._old_size} it has seen (422)"
        )

    def _claim(self, text: str) -> None:
        """It contradicts our log. Who has cosigned this tree in this very run contradicts himself."""
        if not self.has_cosigned:
            self.standing.claim = text
        self._old_size = 0  # ask anew next time: it may have been set right
        raise BadAnswer(text)

    def _succeed(self, size: int, time_s: int) -> None:
        if self.standing.problem:
            _log.info("a witness cosigns again", witness=self.name, size=size)
        self._old_size, self._failures, self.has_cosigned = size, 0, True
        self._next_s = self._clock.monotonic_s()
        self.standing = Standing(size, time_s)

    def _fail(self, problem: str) -> None:
        if not self.standing.problem:  # one line for an outage, not one for every attempt
            self.standing.problem_since_s = self._clock.utc_s()
            _log.warning("a witness does not cosign", witness=self.name, problem=problem)
        self.standing.problem = problem
        wait_s = min(self._settings.timeout_s * 2**self._failures, RETRY_S_MAX)
        self._failures = min(self._failures + 1, 16)
        self._next_s = self._clock.monotonic_s() + wait_s


class Witnessing:
    """All witnesses of the log."""

    def __init__(
        self,
        settings: Sequence[Witness],
        log: Tlog,
        kept: CosignedCheckpoints,
        post: Post,
        file: Path,
        every_s: float,
        clock: Clock | None = None,
    ) -> None:
        """`file` is written for `status` whenever something changed."""
        self._log = log
        self._file = file
        self._every_s = every_s
        self._told: dict[str, Any] = {}
        clock = clock or SystemClock()
        self.asked = [Asked(one, log, kept, post, clock) for one in settings]

    async def run(self) -> None:
        """Rounds until cancelled; a slow witness misses some, the others do not wait for it."""
        self._tell()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for one, note in self._due():
                    tasks.create_task(self._cosign(one, note))
                await asyncio.sleep(self._every_s)

    async def round(self) -> None:
        """Ask everybody who is due once, and wait for their answers."""
        await asyncio.gather(*[self._cosign(one, note) for one, note in self._due()])

    async def first_contact(self, within_s: float) -> None:
        """One round before anything is added to the log; who needs longer is not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.round()

    def claims(self) -> list[str]:
        """What witnesses say against our log."""
        return [f"the witness {one.name} {one.standing.claim}" for one in self.asked if one.standing.claim]

    def _due(self) -> list[tuple[Asked, bytes]]:
        note = self._log.checkpoint_note()  # one for all, so that it gathers their cosignatures
        return [(one, note) for one in self.asked if one.is_due]

    async def _cosign(self, one: Asked, note: bytes) -> None:
        await one.cosign(note)
        self._tell()

    def _tell(self) -> None:
        """Replace the file if it would say something new. A disk that is full ends nothing here."""
        facts = {one.name: asdict(one.standing) for one in self.asked}
        if facts == self._told:
            return
        temporary = self._file.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps({"origin": self._log.origin, "witnesses": facts}))
            temporary.replace(self._file)
            self._told = facts
