"""A controller's TCP and TLS on this machine, for `karez_firmware.uplink.mqtt_client` (its contract).

TLS 1.2 with the controller's own certificate, as MicroPython's speaks it. Nothing blocks: what cannot be done
now is None.
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_YET = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)


def context(authority_der: bytes, credential: str) -> ssl.SSLContext:
    """Return the TLS of one controller: its certificate and key, and the one authority it believes."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.minimum_version = found.maximum_version = ssl.TLSVersion.TLSv1_2
    found.load_verify_locations(cadata=authority_der)
    found.load_cert_chain(credential)
    return found


class Stream:
    """One connection; `on_socket` hears of the socket once it is there, and of its file number at the end."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext, tls_name: str, on_close: Callable[[int], None]
    ) -> None:
        """Begin to connect. Raises OSError."""
        self._address = address
        self._tls, self._tls_name = tls, tls_name
        self._on_close = on_close
        self._end: socket.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._end.setblocking(False)
        self._end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_secure = False
        self.number = self._end.fileno()

    def connect_step(self) -> bool:
        """Return True when the TCP connection stands. Raises OSError."""
        code = self._end.connect_ex(self._address)
        if code in _NOT_YET:
            return False
        if code not in (0, errno.EISCONN):
            raise OSError(code, "connect")
        self._end = self._tls.wrap_socket(
            self._end, server_hostname=self._tls_name, do_handshake_on_connect=False
        )
        return True

    def handshake_step(self, first: bytes) -> int | None:
        """Return the bytes of `first` taken once the connection is secure, else None. Raises OSError."""
        end = self._end
        if not isinstance(end, ssl.SSLSocket):
            raise OSError(errno.ENOTCONN, "handshake before the connection")
        if not self._is_secure:
            try:
                end.do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return None
            self._is_secure = True
        return self.write(first)

    def read(self, size: int) -> bytes | None:
        """Return up to `size` bytes, None when nothing is there, b"" at the end. Raises OSError."""
        try:
            return self._end.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return None
        except ssl.SSLEOFError:
            return b""

    def write(self, data: bytes | memoryview) -> int | None:
        """Return how many bytes were taken, None when none can be. Raises OSError."""
        try:
            return self._end.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return None

    def close(self) -> None:
        """Close; twice does no harm."""
        if self.number >= 0:
            self._on_close(self.number)
            self.number = -1
            self._end.close()
