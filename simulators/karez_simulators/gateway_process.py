"""The gateway as its operator runs it: its own process, driven by its own commands.

The bench imports nothing of the gateway: they meet over MQTT, TCP and the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from karez_simulators import fair_wait

if TYPE_CHECKING:
    from pathlib import Path

# Seconds in which the machine lets the process run, or it waits by itself: see fair_wait.
READY_S = 20  # it needs about two
STOP_S = 10
VERB_S = 60  # the longest verb, an export, takes about a second


class GatewayError(RuntimeError):
    """A `karez` command failed; the text is its own last line and what its log is called."""


class Spoken:
    """What one `karez` command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """Its standard output as JSON. Raises GatewayError with its last words if it is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            last = self.err.strip().splitlines()[-1:] or [f"exit {self.code}, nothing said"]
            raise GatewayError(f"no answer from the gateway's command: {last[0]}") from None


def last_line(log: Path) -> str:
    """Return the last line of a log and what the log is called: --keep keeps it."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"{lines[-1] if lines else 'it said nothing'} ({log.name}; --keep FOLDER keeps it)"


async def karez(*words: str, within_s: float = VERB_S) -> Spoken:
    """Run one `karez` command to its end. Raises GatewayError if that does not come in time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "karez_gateway", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = await fair_wait.within(process.communicate(), process.pid, within_s)
    except TimeoutError:
        raise GatewayError(f"karez {' '.join(words[:2])} did not end within {within_s:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return Spoken(process.returncode or 0, out.decode(), err.decode())


class GatewayProcess:
    """`karez gateway run` on its data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = data.with_name("gateway.log")
        self._process: asyncio.subprocess.Process | None = None

    async def verb(self, verb: str, *words: str, may_fail: bool = False, within_s: float = VERB_S) -> Spoken:
        """Run `karez gateway VERB --data DATA WORDS`; VERB: one word or two. Raises GatewayError."""
        spoken = await karez("gateway", *verb.split(), "--data", str(self.data), *words, within_s=within_s)
        if spoken.code and not may_fail:
            last = (spoken.err.strip() or spoken.out.strip()).splitlines()[-1:]
            raise GatewayError(f"karez gateway {verb}: {last[0] if last else spoken.code}")
        return spoken

    async def init(self, config: str, *words: str) -> None:
        """Create the data directory, then write the bench's own gateway.toml into it."""
        spoken = await karez("gateway", "init", str(self.data), *words)
        if spoken.code:
            raise GatewayError(f"karez gateway init: {spoken.err.strip()}")
        (self.data / "gateway.toml").write_text(config, encoding="utf-8")

    async def start(self) -> None:
        """Start the service and wait until it says that it is ready."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "karez_gateway", "gateway", "run", "--data", str(self.data),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        stdout = self._process.stdout
        if stdout is None:
            raise GatewayError("the gateway has no output")
        try:
            line = await fair_wait.within(stdout.readline(), self._process.pid, READY_S)
        except TimeoutError:
            line = b""
        if b"ready" not in line:
            await self.stop()
            raise GatewayError(f"the gateway did not start: {last_line(self.log)}")

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return 0 if self._process is None else self._process.pid

    @property
    def obituary(self) -> str:
        """How the service ended, if nobody ended it; else empty."""
        if self._process is None or self._process.returncode is None:
            return ""
        return f"the gateway ended: {last_line(self.log)}"

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL if it does not end. Harmless twice."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        try:
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                process.terminate()
                await fair_wait.within(process.wait(), process.pid, STOP_S)
        finally:  # also when we are told to hurry: it must not survive us
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def status(self, within_s: float = VERB_S) -> dict[str, Any]:
        """Return `karez gateway status --json`."""
        facts: dict[str, Any] = (await self.verb("status", "--json", within_s=within_s)).json
        return facts
