"""What an uplink asks of the machine it runs on, played by one process for thousands of them."""

from __future__ import annotations

import random
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from karez_simulators.fleet.stream import Stream


@dataclass(frozen=True)
class BrokerAddress:
    """Where the broker is, and what makes it the right one."""

    address: tuple[str, int]
    tls_name: str
    authority_der: bytes


class Sockets:
    """The sockets of all boxes of a process, and who listens to which."""

    def __init__(self) -> None:
        self.poll = select.epoll()
        self.owners: dict[int, Any] = {}
        self._began_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Milliseconds of this process, never 0: that is *not yet*."""
        return (time.monotonic_ns() - self._began_ns) // 1_000_000 + 1

    def listen(self, number: int, owner: object) -> None:
        """Wake this owner when bytes come."""
        if number not in self.owners:
            self.poll.register(number, select.EPOLLIN)
        self.owners[number] = owner

    def forget(self, number: int) -> None:
        """The socket closes."""
        if self.owners.pop(number, None) is not None:
            self.poll.unregister(number)

    def close(self) -> None:
        """Close the poll itself; sockets are their streams'."""
        self.poll.close()


class Port:
    """One box's port."""

    def __init__(self, sockets: Sockets, broker: BrokerAddress, seed: str, owner: object) -> None:
        """`owner` is what `Sockets.owners` tells when bytes come."""
        self.broker = broker
        self.listening = -1
        self._sockets = sockets
        self._owner = owner
        self._random = random.Random(seed)

    def now_ms(self) -> int:
        """Milliseconds of this process."""
        return self._sockets.now_ms()

    def random_below(self, limit: int) -> int:
        """Return an integer from 0 to limit - 1."""
        return self._random.randrange(limit)

    def listen_to(self, stream: Stream | None) -> None:
        """Wake the box when bytes come on this stream; None: on none."""
        if self.listening >= 0:
            self._sockets.forget(self.listening)
        self.listening = -1 if stream is None else stream.number
        if self.listening >= 0:
            self._sockets.listen(self.listening, self._owner)

    def closed(self, number: int) -> None:
        """A stream of ours has closed."""
        if number == self.listening:  # else nobody waits for it, or by now it is another's
            self.listening = -1
            self._sockets.forget(number)

    def set_utc(self, *_: object) -> None:
        """Keep the time as it is."""
