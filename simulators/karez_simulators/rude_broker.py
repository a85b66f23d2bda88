"""Brokers that a controller should never meet: TLS as it should be or not, and MQTT as it must not be."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Self

from karez_protocols import link_gateway, mqtt
from karez_simulators.broker import server_context

if TYPE_CHECKING:
    from karez_simulators.pki import LinkAuthority

# Manners behind a sound handshake.
MUTE = "mute"  # never a CONNACK
DEAF = "deaf"  # lets in, and acknowledges nothing
TORN = "torn"  # closes in the middle of a message
FLOOD = "flood"  # messages and answers that nobody asked for, as fast as they are taken
MONSTER = "monster"  # one message of 200 MB
BABBLE = "babble"  # bytes that are no MQTT

CONNACK_BYTES = b"\x20\x02\x00\x00"
MONSTER_BYTES = 200_000_000
BATCH_BYTES = 16_384
CHUNK_BYTES = 4096
FIRST_BYTES = bytes(range(0x60, 0x70)) * 8


def server_of(authority: LinkAuthority, tls_name: str) -> ssl.SSLContext:
    """TLS of a broker with this authority's certificate, that asks nobody for one."""
    context = server_context(authority, authority.broker(tls_name))
    context.verify_mode = ssl.CERT_NONE
    return context


class RudeBroker:
    """Such a broker on a port of its own; an asynchronous context manager.

    `manner` may change at any time and holds for the next connection. `served`: connections that had
    their TLS; `sent`: bytes that went out behind it.
    """

    def __init__(self, context: ssl.SSLContext, host: str = "127.0.0.1", port: int = 0) -> None:
        self.manner = MUTE
        self.served = self.sent = 0
        self._context, self._host, self._port = context, host, port
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens. Raises RuntimeError before it does."""
        if self._server is None:
            raise RuntimeError("the broker is not up")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self._port, ssl=self._context)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._talk(reader, writer, self.manner)
        writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, manner: str) -> None:
        if manner == BABBLE:
            await self._say(writer, FIRST_BYTES)
        elif manner != MUTE:
            await _packet(reader)
            await self._say(writer, CONNACK_BYTES)
            packet_id, topic = _subscribed(await _packet(reader))
            await self._say(writer, b"\x90\x03" + packet_id + b"\x01")
            if manner == TORN:
                await self._say(writer, mqtt.publish(topic, 100, 1) + bytes(40))
                return
            if manner == MONSTER:
                await self._say(writer, mqtt.publish(topic, MONSTER_BYTES, 1))
            while manner == MONSTER:
                await self._say(writer, bytes(BATCH_BYTES))
            batch = _nonsense(topic)
            while manner == FLOOD:
                await self._say(writer, batch)
        while await reader.read(CHUNK_BYTES):
            pass

    async def _say(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


def _nonsense(topic: str) -> bytes:
    """A batch of what a controller can be told: of no kind, torn, of another chain, forged, unasked for."""
    payloads = [
        b"\x09nonsense", b"", bytes(599), link_gateway.encode_ack(1, 999, 5),
        link_gateway.encode_ack(1, 1, 4_000_000_000), link_gateway.encode_grant(bytes(300)),
        link_gateway.encode_order(bytes(range(200))), link_gateway.encode_keys(bytes(400)),
    ]  # fmt: skip
    messages = [mqtt.publish(topic, len(one), 1 + number) + one for number, one in enumerate(payloads)]
    return b"".join(messages) + b"\xd0\x00" * 20 + b"\x40\x02\x77\x77" * 20


async def _packet(reader: asyncio.StreamReader) -> bytes:
    """The body of the next packet."""
    size, shift = 0, 0
    await reader.readexactly(1)
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return await reader.readexactly(size)


def _subscribed(body: bytes) -> tuple[bytes, str]:
    """Packet id and topic of a SUBSCRIBE of one filter."""
    return body[:2], body[4 : 4 + int.from_bytes(body[2:4], "big")].decode()
