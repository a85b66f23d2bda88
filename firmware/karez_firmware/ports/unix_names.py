"""Who asks for the broker's address on the unix port; loaded only where it has a name (uplink/lookup.py)."""

import socket

from ..uplink.lookup import Lookup

_RESOLV = "/etc/resolv.conf"
_PORT = 53
_SERVERS_MAX = 2
_READS = 8  # datagrams a step: who floods us with answers may be outrun by the right one
_ANSWER_MAX = 512  # bytes (RFC 1035, 4.2.1)

# name: [the address behind which our broker was last, whether the next connection goes there]
_proven: dict = {}


def _of_system():
    """The name servers that this machine uses. Raises OSError."""
    with open(_RESOLV) as file:
        found = [line[11:].strip() for line in file if line.startswith("nameserver ") and ":" not in line]
    return found[:_SERVERS_MAX]


def _server_address(text):
    host, _, port = text.partition(":")
    socket.inet_pton(socket.AF_INET, host)  # OSError on a name, before the resolver sees it
    return socket.getaddrinfo(host, int(port or _PORT), socket.AF_INET, socket.SOCK_DGRAM)[0][-1]


def begin(port, link):
    """Return who finds out where `link`'s host is: step(), and confirm() when it was our broker; close().

    Where it was last is tried first and every other time; either may be wrong by now.
    Its `dns` is asked, "ADDRESS" or "ADDRESS:PORT"; without one the name servers of this machine are.
    Raises OSError for what is no name, or without a name server.
    """
    known = _proven.get(link["host"])
    if known:
        known[1] = not known[1]
        if not known[1]:
            return _Known(link["host"], known[0])
    server = link.get("dns")
    return _Names(link["host"], [server] if server else _of_system(), port.now_ms, port.random_below)


class _Known:
    """A name whose address is known."""

    def __init__(self, name, address):
        self._name, self._address = name, address

    def step(self):
        """Return the address."""
        return self._address

    def confirm(self):
        """Behind it is our broker."""
        _proven[self._name] = [self._address, True]

    def close(self):
        """Nothing is open."""


class _Names(_Known):
    """Asks one name server after the other for one name."""

    def __init__(self, name, servers, now_ms, random_below):
        super().__init__(name, None)
        self._now_ms = now_ms
        self._random_below = random_below
        self._servers = servers
        self._at = 0
        if not servers:
            raise OSError("%s names no name server" % _RESOLV)
        self._lookup = Lookup(name, random_below(1 << 16), now_ms())
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def step(self):
        """Return an address once there is one, None until then. Raises OSError."""
        query = self._lookup.poll(self._now_ms())
        try:
            if query:
                # Connected: the kernel drops what comes from anybody else.
                server = self._servers[self._at % len(self._servers)]
                self._at += 1
                self._socket.connect(_server_address(server))
                self._socket.send(query)
        except OSError:
            pass  # nobody there: the next question may be heard
        for _ in range(_READS):
            try:
                data = self._socket.recv(_ANSWER_MAX)
            except OSError:
                break  # nothing yet
            found = self._lookup.take(data)
            if found:
                self._address = found[self._random_below(len(found))]
                self._socket.close()
                break
        return self._address

    def close(self):
        """Close; twice does no harm."""
        self._socket.close()
