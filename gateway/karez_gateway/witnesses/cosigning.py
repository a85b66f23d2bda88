"""The service's part that keeps the log honest: asks witnesses, and listens for signs of a restore."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import structlog

from karez_gateway.config import Config
from karez_gateway.entries import origins, restored
from karez_gateway.entries.restored import ControllerClaims
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.errors import StoreError
from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.verifier.note import VerifierKey
from karez_gateway.witnesses import witnessing
from karez_gateway.witnesses.witnessing import Witnessing
from karez_gateway.worker import Worker

_log = structlog.get_logger()

# A restored gateway is told so by its witnesses before it adds anything; one that is down costs this once.
FIRST_CONTACT_S = 5.0
WATCH_S = 2.0

States = Callable[[], Mapping[str, Mapping[str, int | None]]]


class Cosigning:
    """An async context: witnesses are reachable inside. `begin` before anything is added, then `run`."""

    def __init__(self, config: Config, sequencer: Sequencer, worker: Worker, states: States) -> None:
        """`states`: what each controller last said of itself."""
        self._config = config
        self._worker = worker
        self._states = states
        self._log = sequencer.log
        self._controllers = ControllerClaims(sequencer.database)
        self._witnessing: Witnessing | None = None
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open connections, if there is anybody to ask."""
        if self._config.witness:
            from karez_gateway.witnesses.http import WitnessHttp  # noqa: PLC0415 - httpx, only where it is used

            http = await self._open.enter_async_context(WitnessHttp())
            self._witnessing = Witnessing(
                self._config.witness,
                self._log,
                cosigned(self._config),
                http.post,
                self._config.data / witnessing.FILE,
                self._config.log.cosign_every_s,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._open.aclose()

    async def begin(self, within_s: float = FIRST_CONTACT_S) -> None:
        """Ask the witnesses once. Raises StoreError when this log must not go on."""
        if self._witnessing is not None:
            await self._witnessing.first_contact(within_s)
        await self.check()

    async def run(self) -> None:
        """Ask and watch until cancelled. Raises StoreError when this log must not go on."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._witnessing is not None:
                    tasks.create_task(self._witnessing.run())
                tasks.create_task(self._watch())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # one of two: its own message says what to do

    async def check(self) -> None:
        """Weigh what is claimed against this log. Raises StoreError, and leaves a mark that outlives us."""
        await self._worker.run(self._controllers.take, self._states())
        witnesses = self._witnessing.claims() if self._witnessing is not None else []
        controllers = [self._controllers.reason()] if self._controllers.is_believed else []
        data = self._config.data
        because, against_witnesses = restored.kept(data)
        if because:
            if self._states() and not controllers and not (against_witnesses and witnesses):
                restored.forget_kept(data)
                _log.info("nobody contradicts this log any more", origin=self._log.origin)
            controllers = []
            witnesses = [] if against_witnesses else witnesses
        reasons = [*witnesses, *controllers]
        if reasons:
            restored.halt(data, "; ".join(reasons))
            restored.refuse_if_halted(data)

    async def _watch(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(WATCH_S)


def cosigned(config: Config) -> CosignedCheckpoints:
    """The checkpoints of the current log that witnesses have cosigned. Raises StoreError."""
    origin = origins.current(config)
    try:
        keys = [VerifierKey.parse(one.key) for one in config.witness]
        return CosignedCheckpoints(DirectoryFiles(origin.directory), origin.name, origin.verifier_key(), keys)
    except OSError as error:
        raise StoreError(f"{origin.directory}: {error.strerror}") from error
