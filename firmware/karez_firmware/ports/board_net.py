"""Non-blocking TCP and TLS on a board; the contract is `uplink.mqtt_client`'s.

Not tried on a board. A socket in the making is asked by poll(), because what a second connect() says
differs between rp2 and esp32; the handshake runs inside write(), which returns None until it is over; a
certificate that is refused is a ValueError out of write(), as on the unix port.
"""

import errno
import select
import socket

import tls  # type: ignore[import-not-found]

from karez_protocols.constant import const

_ECONNREFUSED = const(111)
_EINVAL = const(22)
# What a first connect() says that is under way: Linux's numbers on rp2, newlib's 119 on esp32.
_NOT_YET = (errno.EINPROGRESS, errno.EAGAIN, 115, 119)


def _refused(error):
    return OSError(str(error).strip())


def address_of(host, port):
    """Return the address of an IPv4 host. Raises OSError for a name: the resolver would block for 10 s."""
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise OSError(_EINVAL)
    return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0][-1]


def context_of(certificate, key, authority):
    """Return a TLS context for DER bytes. Raises OSError."""
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined,unused-ignore]
    try:
        context.load_verify_locations(authority)
        if certificate:
            context.load_cert_chain(certificate, key)
    except ValueError as error:
        raise _refused(error)
    return context


class Stream:
    """One TCP connection, with TLS 1.2 and a client certificate if an authority is given."""

    def __init__(self, host, port, certificate=None, key=None, authority=None, tls_name=None):
        """`host` is an IPv4 address. Raises OSError, also for an address, certificate or key that is none."""
        self._address = address_of(host, port)
        self._context = context_of(certificate, key, authority) if authority else None
        self._tls_name = tls_name
        self._has_asked = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)  # for the port to poll
        self.socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLOUT)
        self._end = self.socket  # what we talk through: TLS, once there is one

    def connect_step(self):
        """Return True when the TCP connection stands, False when not yet. Raises OSError."""
        if not self._has_asked:
            self._has_asked = True
            try:
                self.socket.connect(self._address)
            except OSError as error:
                if error.args[0] not in _NOT_YET:
                    raise
        found = self._poll.poll(0)
        if not found:
            return False
        if found[0][1] & (select.POLLERR | select.POLLHUP):
            raise OSError(_ECONNREFUSED)
        if self._context:
            try:
                self._end = self._context.wrap_socket(
                    self.socket, server_hostname=self._tls_name, do_handshake_on_connect=False
                )
            except ValueError as error:  # no TLS name
                raise _refused(error)
        return True

    def handshake_step(self, first):
        """Return the bytes of `first` taken once the connection is secure, None until then."""
        try:
            return self.write(first)
        except ValueError as error:
            raise _refused(error)

    def read(self, size):
        """Return up to `size` bytes, None when nothing is there, b"" at the end. Raises OSError."""
        return self._end.read(size)  # type: ignore[attr-defined]  # MicroPython sockets are streams

    def write(self, data):
        """Return how many bytes were taken, None when none can be. Raises OSError."""
        return self._end.write(data)  # type: ignore[attr-defined]

    def close(self):
        """Close; twice does no harm."""
        self._end.close()
