"""`karez bench …` as a user starts it, with all it makes in one folder: what it leaves behind is seen."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

WAIT_S = 60  # a desk comes up in about 5 s; this machine may be busy
LOOK_S = 0.02
OF_A_TERMINAL = ("LANG", "LC_", "COLUMNS")


def processes_of(folder):
    """{pid: command line} of every process that was given a path under this folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended while we looked
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(folder) in line:
                    found[int(entry.name)] = line
    return found


class Bench:
    """One `karez` process. Every path it and its children use lies under `folder`, also temporary ones."""

    def __init__(self, folder, *words, **environment):
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self._words = words
        ours = {key: value for key, value in os.environ.items() if not key.startswith(OF_A_TERMINAL)}
        self._environment = {**ours, "TMPDIR": str(self.temporary), "PYTHONUTF8": "1", **environment}
        self.out = []
        self.err = ""
        self.code = None

    async def __aenter__(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "karez_gateway", *self._words, env=self._environment, cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_):
        """Whatever failed, nothing of ours goes on running."""
        for pid in [*self.children(), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()
        self._process._transport.close()

    def children(self):
        """Processes of the desk: controller, gateway, mosquitto."""
        found = processes_of(self.temporary)
        found.pop(self._process.pid, None)
        return found

    async def line(self, text):
        """Read on until a line on the screen holds this text."""
        async with asyncio.timeout(WAIT_S):
            while line := await self._read():
                if text in line:
                    return line
        raise AssertionError(f"{text!r} was never shown; {self.out} {await self._process.stderr.read()}")

    async def _read(self):
        line = (await self._process.stdout.readline()).decode(errors="replace")
        self.out += [line.rstrip("\n")] if line else []
        return line

    async def until(self, is_so, what):
        """Return when it is so, which only /proc can tell; never after the bench's own end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while not is_so():
                    if self.has_ended:
                        raise AssertionError(f"{what}: it ended; {await self._process.stderr.read()}")
                    await asyncio.sleep(LOOK_S)
                return
        raise AssertionError(f"{what}: not within {WAIT_S} s; {self.children()}")

    @property
    def has_ended(self):
        """True once the bench is no more."""
        return self._process.returncode is not None

    def signal(self, number):
        """Send a signal to the bench alone."""
        self._process.send_signal(number)

    def hang_up(self):
        """Nobody reads its screen any more."""
        self._process._transport.get_pipe_transport(1).close()

    async def end(self, within_s=WAIT_S):
        """Read it to its end. It must have stopped what it started and removed what it did not keep."""
        async with asyncio.timeout(within_s):
            while await self._read():
                pass
            self.err = (await self._process.stderr.read()).decode(errors="replace")
            self.code = await self._process.wait()
        assert self.children() == {}
        assert list(self.temporary.iterdir()) == []
        assert "Traceback" not in self.err and "Traceback" not in "\n".join(self.out)
        return self


async def bench(folder, *words, **environment):
    """Run `karez bench WORDS` to its end."""
    async with Bench(folder, "bench", *words, **environment) as running:
        return await running.end()
