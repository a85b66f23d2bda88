"""A field link's network that misbehaves: a name server, and the way from a controller to its broker.

What stands for the county's broker behind a passage is the caller's: the real one, or rude_broker.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Self

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 4096
HEADER_BYTES = 12
JUNK_COUNT = 20

# Manners of a passage.
OPEN = "open"  # lets everything through
SILENT = "silent"  # accepts and says nothing
SHUT = "shut"  # accepts and closes
SLOW = "slow"  # byte by byte
FROZEN = "frozen"  # what stands goes on standing, and what is said is lost

# Manners of a name server.
HONEST = "honest"
DUMB = "dumb"  # hears and does not answer
LYING = "lying"  # names the liar's address, behind answers to questions that nobody asked
UNKNOWING = "unknowing"  # knows of no such name


class NameServer(asyncio.DatagramProtocol):
    """A name server on a free UDP port of the loopback; an asynchronous context manager.

    `manner` may change at any time; `asked` counts questions. Whatever name is asked for, the answer
    is `address`, or `lie`.
    """

    def __init__(self, address: str = LOOPBACK, lie: str = LOOPBACK) -> None:
        self.manner = HONEST
        self.asked = 0
        self._address, self._lie = address, lie
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def at(self) -> str:
        """Where it listens, "ADDRESS:PORT". Raises RuntimeError before it does."""
        if self._transport is None:
            raise RuntimeError("the name server is not up")
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, 0))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question in the present manner."""
        self.asked += 1
        if self.manner == DUMB or self._transport is None:
            return
        if self.manner == UNKNOWING:
            self._transport.sendto(_answer(data, None), addr)
            return
        if self.manner == LYING:
            for number in range(JUNK_COUNT):
                self._transport.sendto(bytes((number,)) * (25 * number), addr)
                self._transport.sendto(_answer(bytes((number, 0)) + data[2:], self._lie), addr)
        self._transport.sendto(_answer(data, self._lie if self.manner == LYING else self._address), addr)


def _answer(question: bytes, address: str | None) -> bytes:
    """A response of one row, or that there is no such name (RFC 1035, 4.1)."""
    flags, rows = (b"\x81\x83", 0) if address is None else (b"\x81\x80", 1)
    head = question[:2] + flags + bytes((0, 1, 0, rows, 0, 0, 0, 0)) + question[HEADER_BYTES:]
    if address is None:
        return head
    return head + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address)


class Passage:
    """The way to a broker: a TCP port that lets through, or does not, as its `manner` says.

    `target` is the port behind it; both may change at any time and hold for the next connection, FROZEN
    also for those that stand. `came`: when each connection did, by the loop's time. `left_bytes`: what a data
    plan has left, both ways together; what no longer fits is lost like under FROZEN, and the plan is used up.
    None: no limit. An asynchronous context manager.
    """

    def __init__(self, target: int) -> None:
        self.manner = OPEN
        self.target = target
        self.came: list[float] = []
        self.left_bytes: int | None = None
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens. Raises RuntimeError before it does."""
        if self._server is None:
            raise RuntimeError("the passage is not open")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._come, LOOPBACK, 0)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection that stands."""
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.append(asyncio.get_running_loop().time())
        if self.manner == SHUT:
            writer.transport.abort()
            return
        self._writers.append(writer)
        if self.manner == SILENT:
            return
        is_slow = self.manner == SLOW
        try:
            there, back = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.append(back)
        for source, sink, slow in ((reader, back, False), (there, writer, is_slow)):
            task = asyncio.create_task(self._carry(source, sink, slow=slow))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_paid(self, count: int) -> bool:
        """Take so many bytes off the data plan; False when it has them no more, and then it has nothing."""
        if self.left_bytes is None:
            return True
        is_paid = count <= self.left_bytes
        self.left_bytes = self.left_bytes - count if is_paid else 0
        return is_paid

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                if self.manner == FROZEN or not self._is_paid(len(data)):
                    continue
                for at in range(0, len(data), 1 if slow else CHUNK_BYTES):
                    sink.write(data[at : at + (1 if slow else CHUNK_BYTES)])
                    await sink.drain()
                    if slow:
                        await asyncio.sleep(0.001)
        sink.transport.abort()
