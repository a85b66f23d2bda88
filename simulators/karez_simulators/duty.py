"""Who is told next when nobody acknowledges an alarm: the phone on duty, as a webhook on this machine.

    async with Duty(folder) as duty:
        ... give duty.toml(minutes) to a gateway ...
        duty.told

docs/county-alarms.md says what a gateway sends there and how it signs; this is written from that page.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = "127.0.0.1"
BODY_BYTES_MAX = 1_000_000
ESCALATED = "escalated"
TIMEOUT_S = 30  # a connection that says nothing for so long is closed


class Duty:
    """An asynchronous context manager. `told`: what came with a right signature, notice by notice."""

    def __init__(self, folder: Path) -> None:
        """The secret of its signatures is written into `folder`."""
        self.told: list[dict[str, Any]] = []
        self.refused = 0  # documents whose signature was wrong
        self._secret = secrets.token_hex(16)
        self._file = folder / "duty.secret"
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    async def __aenter__(self) -> Self:
        """Listen on a free port. Raises OSError."""
        self._file.write_text(self._secret, encoding="utf-8")
        self._http = _Http((LOOPBACK, 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Stop."""
        if self._http is not None and self._thread is not None:
            await asyncio.to_thread(self._http.shutdown)
            self._http.server_close()
            self._thread.join()

    def toml(self, minutes: int) -> str:
        """The part of gateway.toml that has it told after so many minutes. Raises RuntimeError if not up."""
        if self._http is None:
            raise RuntimeError("nobody is on duty yet")
        return f"""\

[alarms]
escalate_after_min = {minutes}

[[alarms.notify]]
name = "duty"
kind = "webhook"
to = "http://{LOOPBACK}:{self._http.server_port}/"
secret_file = {json.dumps(str(self._file))}
step = 1
says = ["{ESCALATED}"]
"""

    def take(self, signature: str, body: bytes) -> bool:
        """Keep what was posted; False for one that nobody with the secret has signed."""
        sent_s, _, mac = signature.partition(",v1=")
        signed = sent_s.removeprefix("t=").encode() + b"." + body
        own = hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(own.encode(), mac.encode()):
            self.refused += 1
            return False
        with contextlib.suppress(ValueError, KeyError, TypeError):
            self.told.extend(json.loads(body)["notices"])
        return True


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: Duty


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    timeout = TIMEOUT_S

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        is_fit = length.isascii() and length.isdecimal() and int(length) <= BODY_BYTES_MAX
        body = self.rfile.read(int(length)) if is_fit else b""
        is_taken = is_fit and self.server.owner.take(self.headers.get("Karez-Signature", ""), body)
        self.send_response(204 if is_taken else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
