"""Who asks for the broker's address on the unix port; loaded only where it has a name (uplink/lookup.py)."""

import socket

from ..uplink.lookup import Lookup

_RESOLV = "/etc/resolv.conf"
_PORT = 53
_SERVERS_MAX = 2
_READS = 8  # datagrams a step: who floods us with answers may be outrun by the right one
_ANSWER_MAX = 512  # bytes (RFC 1035, 4.2.1)


def _of_system():
    """The name servers that this machine uses. Raises OSError."""
    found = []
    with open(_RESOLV) as file:
        for line in file:
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver" and ":" not in words[1]:
                found.append(words[1])
    return found[:_SERVERS_MAX]


def _server_address(text):
    host, _, port = text.partition(":")
    socket.inet_pton(socket.AF_INET, host)  # OSError on a name, before the resolver sees it
    return socket.getaddrinfo(host, int(port or _PORT), socket.AF_INET, socket.SOCK_DGRAM)[0][-1]


def begin(port, link):
    """Return who asks for `link`'s host, with step() and close().

    Its `dns` is asked, "ADDRESS" or "ADDRESS:PORT"; without one the name servers of this machine are.
    Raises OSError for what is no name, or without a name server.
    """
    server = link.get("dns")
    return _Names(link["host"], [server] if server else _of_system(), port.now_ms, port.random_below)


class _Names:
    """Asks one name server after the other for one name."""

    def __init__(self, name, servers, now_ms, random_below):
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
                return found[self._random_below(len(found))]
        return None

    def close(self):
        """Close; twice does no harm."""
        self._socket.close()
