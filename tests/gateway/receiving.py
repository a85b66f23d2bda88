"""Real receivers on this machine: an HTTP server that keeps what is posted, and a mail server (aiosmtpd)."""

import contextlib
import email
import email.policy
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Hook:
    """Keeps (path, headers, body); answers what `answers` says next, then 200."""

    def __init__(self):
        self.kept, self.answers = [], []
        self.came = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.kept.append((self.path, dict(self.headers), body))
                code = hook.answers.pop(0) if hook.answers else 200
                self.send_response(code)
                if code in (301, 302, 307):
                    self.send_header("Location", f"{hook.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                hook.came.set()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Mailbox:
    """aiosmtpd's handler: keeps messages; refuses addresses at nowhere.example."""

    def __init__(self):
        self.kept = []

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server, _session, envelope, address, _options
    ):
        if address.endswith("@nowhere.example"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the same
        self, _server, _session, envelope
    ):
        one = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.kept.append((envelope.rcpt_tos, one))
        return "250 taken"


class _AnyPort(Controller):
    """A free port, which the library's own look at a started server does not know."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(*, tls=None, starttls=None, password=None):
    """(mailbox, port) of a server on a free port; `tls`: from the first byte."""
    box = Mailbox()

    def check(_server, _session, _envelope, _mechanism, data):
        is_right = (data.login, data.password) == (b"karez", password.encode())
        return AuthResult(success=is_right, handled=is_right)

    more = {"authenticator": check, "auth_required": True} if password else {}
    if password:
        more["auth_require_tls"] = starttls is not None
    server = _AnyPort(
        box, "127.0.0.1", 0, server_hostname="localhost", ssl_context=tls, tls_context=starttls, **more
    )
    server.start()
    try:
        yield box, server.port
    finally:
        server.stop()
