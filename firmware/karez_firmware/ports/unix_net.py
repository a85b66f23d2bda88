"""Non-blocking TCP and TLS for the unix port; the contract is `uplink.mqtt_client`'s.

Found in the VM (MicroPython 1.29-preview, mbedtls 3.6): a second connect() on a socket in the
making says how it stands; the handshake runs inside write(), which returns None until it is
over; a certificate that is refused (wrong name, authority or date, by this machine's clock) is a
ValueError out of write(); `cipher()` on an unfinished handshake crashes the VM: nothing asks it.
"""

import errno
import socket

import tls  # type: ignore[import-not-found]

# Not in MicroPython's errno: Linux, macOS.
_EISCONN = (106, 56)
# Linux says EALREADY to the second connect(), EINPROGRESS or EAGAIN to the first.
_NOT_YET = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)


def _refused(error):
    return OSError(str(error).strip())


class Stream:
    """One TCP connection, with TLS 1.2 and a client certificate if an authority is given."""

    def __init__(self, host, port, certificate=None, key=None, authority=None, tls_name=None, names=None):
        """`host` is an IPv4 address, or a name; then `names` are what unix_names.begin() wants.

        Certificate, key and authority are DER; `tls_name` is the name the broker's certificate
        must carry. Raises OSError, also for a name, certificate or key that is none.
        """
        self._port, self._tls_name = port, tls_name
        self._context = self._context_of(certificate, key, authority) if authority else None
        self._names = None
        self.socket = self._end = None  # for the port to poll; what we talk through: TLS, once there is one
        try:
            socket.inet_pton(socket.AF_INET, host)
        except OSError:
            from .unix_names import begin  # ourselves: the system's own resolver blocks

            self._names = begin(*names)
        else:
            self._dial(host)

    def _dial(self, address):
        self._address = socket.getaddrinfo(address, self._port, socket.AF_INET, socket.SOCK_STREAM)[0][-1]
        self.socket = self._end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)

    @staticmethod
    def _context_of(certificate, key, authority):
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        try:
            context.load_verify_locations(authority)
            if certificate:
                context.load_cert_chain(certificate, key)
        except ValueError as error:
            raise _refused(error)
        return context

    def connect_step(self):
        """Return True when the TCP connection stands, False when not yet. Raises OSError."""
        if self.socket is None:
            address = self._names.step()  # type: ignore[union-attr]
            if address is None:
                return False
            self._dial(address)
        try:
            self.socket.connect(self._address)  # type: ignore[union-attr]
        except OSError as error:
            if error.errno in _NOT_YET:
                return False
            if error.errno not in _EISCONN:
                raise
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
            count = self.write(first)
        except ValueError as error:
            raise _refused(error)
        if count and self._names:
            self._names.confirm()
        return count

    def read(self, size):
        """Return up to `size` bytes, None when nothing is there, b"" at the end. Raises OSError."""
        return self._end.read(size)  # type: ignore[union-attr]

    def write(self, data):
        """Return how many bytes were taken, None when none can be. Raises OSError."""
        return self._end.write(data)  # type: ignore[union-attr]

    def close(self):
        """Close; twice does no harm."""
        for one in (self._names, self._end):
            if one:
                one.close()
