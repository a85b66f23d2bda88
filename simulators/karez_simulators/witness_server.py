"""A witness on a port: HTTP/1.1 with keep-alive, `POST …/add-checkpoint` and nothing else.

    with WitnessServer(witness) as server:
        ... give server.url to a log ...
        server.manner = "wrong-signature"

Bench and tests only: plain HTTP, for this machine or behind a web server that ends TLS.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from karez_simulators import witness_manners
from karez_simulators.witness import BODY_BYTES_MAX, PLAIN, Reply, Witness

LOOPBACK = "127.0.0.1"
IDLE_S = 60  # a connection that says nothing for so long is closed


class WitnessServer:
    """Runs in threads of its own. `manner` may be changed while it runs; `asked` counts requests."""

    def __init__(self, witness: Witness, port: int = 0, host: str = LOOPBACK) -> None:
        """Listen at once; port 0 takes a free one. Raises OSError."""
        self.witness = witness
        self.manner = ""
        self.asked = 0
        self.closing = threading.Event()
        self._http = _Http((host, port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Its submission prefix."""
        return f"http://{self._http.server_address[0]!s}:{self.port}/"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        """Stop; who is still being kept waiting is let go."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: WitnessServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "karez-witness"
    sys_version = ""
    timeout = IDLE_S
    server: _Http

    def do_POST(self) -> None:
        owner = self.server.owner
        owner.asked += 1
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(Reply(413 if length.isdecimal() else 411, b""))
            return
        body = self.rfile.read(int(length))
        if self.path.rpartition("/")[2] != "add-checkpoint":
            self._send(Reply(404, b"POST .../add-checkpoint\n"))
            return
        reply = witness_manners.misbehave(owner.manner, owner.witness, body)
        if owner.manner in witness_manners.TRANSPORT:
            self._keep_waiting(owner, reply)
        else:
            self._send(reply)

    def do_GET(self) -> None:
        self._send(Reply(405, b"POST .../add-checkpoint\n"))

    def _keep_waiting(self, owner: WitnessServer, reply: Reply) -> None:
        self.close_connection = True
        if owner.manner == witness_manners.DRIPPING:
            self._send(reply, reply.body[:1])
        owner.closing.wait()

    def _send(self, reply: Reply, body: bytes | None = None) -> None:
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type or PLAIN)
            self.send_header("Content-Length", str(len(reply.body)))
            if reply.status == 301:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(reply.body if body is None else body)
            self.wfile.flush()
        except OSError:  # whoever asked has had enough
            self.close_connection = True

    def log_message(self, *_words: Any) -> None:
        """Quiet: the bench says what matters."""
