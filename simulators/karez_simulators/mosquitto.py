"""The real mosquitto 2 with the field link's rules: what a county runs, and what tests hold us to.

`karez gateway init` writes an operator the same settings, and one set of tests holds both to the rules;
`Mosquitto` starts one on a free loopback port. `broker.permits` states the rules for the in-process broker.
"""

import asyncio
import collections
import contextlib
import pathlib
import shutil
import socket
import tempfile
from types import TracebackType
from typing import Self

from karez_simulators.pki import Credential, LinkAuthority

INSTALL = "apt-get install mosquitto"
SBIN = "/usr/sbin:/usr/local/sbin"  # where Debian keeps it: not in everyone's PATH

# One pattern serves every controller: %u is the CN of its certificate.
ACCESS = """\
user gateway
topic read karez/1/+/up
topic read karez/1/+/state
topic write karez/1/+/down

pattern write karez/1/%u/up
pattern write karez/1/%u/state
pattern read karez/1/%u/down
"""

# `use_username_as_clientid`: a certificate cannot take over (that is, cut) another's connection by
# borrowing its client id. It also means one connection per certificate, the gateway's included.
# `user` matters only when started as root: mosquitto would become a user who cannot read the key.
CONFIGURATION = """\
listener {port} {host}
allow_anonymous false
cafile {folder}/ca.crt
certfile {folder}/broker.crt
keyfile {folder}/broker.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
acl_file {folder}/access
max_queued_messages 20000
max_inflight_messages 256
persistence false
user {user}
log_dest stderr
log_type error
log_type warning
log_type information
"""

READY = b" running"  # the last line mosquitto prints before it serves
START_ATTEMPTS = 5  # somebody may take the free port between our look and its bind
STOP_TIMEOUT_S = 10
LOG_LINES_MAX = 50


class MosquittoMissing(RuntimeError):
    """No mosquitto on this machine; the message says how to install it."""


class MosquittoFailed(RuntimeError):
    """mosquitto ended before it served; the message carries what it printed."""


def find(path: str | None = None, beside: str = SBIN) -> str | None:
    """Path of mosquitto in `path` (default: PATH) or `beside` it; None if it is in neither."""
    return shutil.which("mosquitto", path=path) or shutil.which("mosquitto", path=beside)


def found(program: str | None) -> str:
    """Return the program that was found. Raises MosquittoMissing with what to do if there is none."""
    if program is None:
        raise MosquittoMissing(f"mosquitto is not installed: {INSTALL}; or leave --broker out")
    return program


def configuration(folder: pathlib.Path, host: str, port: int, user: str = "root") -> str:
    """Return mosquitto.conf for a folder that `install` filled."""
    return CONFIGURATION.format(folder=folder, host=host, port=port, user=user)


def install(folder: pathlib.Path, authority: LinkAuthority, credential: Credential) -> None:
    """Write the files the configuration names: CA, the broker's certificate and key, access rules."""
    (folder / "ca.crt").write_bytes(authority.certificate_pem)
    (folder / "access").write_text(ACCESS)
    (folder / "access").chmod(0o600)
    credential.write(folder, "broker")


class Mosquitto:
    """A mosquitto child on a free loopback port; same surface as `broker.LinkBroker`.

    Raises MosquittoMissing at once when there is none.
    """

    host = "127.0.0.1"

    def __init__(self, authority: LinkAuthority, tls_name: str, port: int = 0) -> None:
        """`tls_name` is what controllers expect in the certificate; port 0 takes a free one."""
        self.port = port
        self._program = found(find())
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._log: collections.deque[bytes] = collections.deque(maxlen=LOG_LINES_MAX)
        self._folder = tempfile.TemporaryDirectory(prefix="karez-mosquitto-")
        install(pathlib.Path(self._folder.name), authority, authority.broker(tls_name, self.host))

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def obituary(self) -> str:
        """How it ended, if nobody ended it; else empty."""
        if self._child is None or self._child.returncode is None:
            return ""
        last = self._log[-1].decode(errors="replace").strip() if self._log else "it said nothing"
        return f"mosquitto ended (code {self._child.returncode}): {last}"

    async def start(self) -> None:
        """Start and wait until it serves. Raises MosquittoFailed with its log."""
        if self._child:
            return
        wanted = self.port
        for _ in range(START_ATTEMPTS):
            if await self._serve(wanted or _free_port(self.host)):
                return
            if wanted:
                break
        raise MosquittoFailed(b"".join(self._log).decode(errors="replace"))

    async def _serve(self, port: int) -> bool:
        folder = pathlib.Path(self._folder.name)
        (folder / "mosquitto.conf").write_text(configuration(folder, self.host, port))
        child = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            str(folder / "mosquitto.conf"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        if child.stderr is None:
            raise RuntimeError("stderr was asked for")
        self._log.clear()
        try:
            async for line in child.stderr:
                self._log.append(line)
                if line.rstrip().endswith(READY):
                    self._child, self.port = child, port
                    self._reader = asyncio.create_task(self._read_log(child.stderr))
                    return True
            await child.wait()
        except BaseException:  # cancelled while it came up: it must not stay behind
            child.kill()
            await child.wait()
            raise
        return False

    async def _read_log(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self._log.append(line)

    async def stop(self) -> None:
        """End it: every connection is cut. A second call does nothing."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            child.kill()  # it was stopped by SIGSTOP, or hangs
            await child.wait()
        if self._reader:
            await self._reader

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop and remove its files."""
        await self.stop()
        self._folder.cleanup()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as server:
        port: int = server.getsockname()[1]
    return port
