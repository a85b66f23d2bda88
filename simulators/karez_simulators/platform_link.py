"""One connection of a platform: frames in, and bytes out at the pace its manners want."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from karez_simulators.platform_manners import RUBBISH, Manners

# A gateway that sends and never reads: what is owed to it must not eat the desk's memory.
UNREAD_BYTES_MAX = 4 << 20


class Reader(Protocol):
    """Finds frames in a byte stream, and counts what is none."""

    noise_bytes: int
    bad_checksums: int

    def feed(self, data: bytes) -> list[Any]:
        """Frames completed by `data`."""


class Owner(Protocol):
    """Whose connection it is: PlatformServer."""

    manners: Manners

    @property
    def is_serving(self) -> bool:
        """False: a connection that comes now is dropped."""

    def new_reader(self) -> Reader:
        """A reader for one connection's bytes."""

    def joined(self, link: "Link") -> None:
        """It stands."""

    def left(self, link: "Link") -> None:
        """It is gone."""

    def feed(self, data: bytes, link: "Link") -> None:
        """It brought bytes."""


class Link(asyncio.Protocol):
    """A station's or gateway's connection. `parts` is a standard's own: messages half here."""

    def __init__(self, platform: Owner) -> None:
        self._platform = platform
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._delayed: set[asyncio.TimerHandle] = set()
        self._dripping: deque[bytes] = deque()
        self._is_dripping = False
        self.reader = platform.new_reader()
        self.parts: dict[Any, Any] = {}
        self.confirms = 0
        self.peer = ""
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        address = transport.get_extra_info("peername")
        self.peer = f"{address[0]}:{address[1]}" if address else ""
        self._platform.joined(self)
        if not self._platform.is_serving:  # accepted by the system just before stop
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        for timer in self._delayed:
            timer.cancel()
        self._transport = None
        self._platform.left(self)
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._platform.feed(data, self)

    def say(self, data: bytes, *, then_close: bool = False) -> None:
        """Send a frame with the platform's manners: late, in drips, with rubbish around it."""
        manners = self._platform.manners
        if self._transport is None:
            return
        if manners.has_rubbish:
            data = RUBBISH + data + RUBBISH
        if manners.delay_s > 0:
            self._later(manners.delay_s, lambda: self._put(data, then_close=then_close))
        else:
            self._put(data, then_close=then_close)

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        def fire() -> None:
            self._delayed.discard(timer)
            act()

        timer = self._loop.call_later(delay_s, fire)
        self._delayed.add(timer)

    def _put(self, data: bytes, *, then_close: bool) -> None:
        if self._platform.manners.drip_bytes_s:
            self._dripping += [data[at : at + 1] for at in range(len(data))]
            self._dripping += [b""] if then_close else []
            if not self._is_dripping:
                self._drip()
            return
        self.write(data)
        if then_close:
            self.close()

    def _drip(self) -> None:
        self._is_dripping = bool(self._dripping)
        if not self._dripping:
            return
        drop = self._dripping.popleft()
        if drop:
            self.write(drop)
        else:
            self.close()
        self._later(1 / max(1, self._platform.manners.drip_bytes_s), self._drip)

    def write(self, data: bytes) -> None:
        """Send bytes as they are, if the connection still stands."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.abort()

    def close(self) -> None:
        """Close after what was written has gone."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()
