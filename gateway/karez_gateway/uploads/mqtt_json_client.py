"""JSON documents to a platform's MQTT 3.1.1 broker, and the platform's own answers to them.

    <topic>/report     we publish, QoS 1
    <topic>/confirm    the platform answers, quoting the document's SHA-256

A PUBACK says that a broker has a document, not that the platform does; `confirm = "puback"` takes it
for want of better, and the receipt, which then holds that packet, says so.

Not aiomqtt, which the field link has: its connect blocks a thread, and one that times out leaves socket
and task behind. A platform that is dead for a week would gather thousands of them. The packets are the
controller's own, karez_protocols.mqtt.
"""

import asyncio
import contextlib
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from karez_gateway.uploads import LinkDown, NoConfirm, Receipt
from karez_gateway.uploads.mqtt_json import FRAMES_BYTES_MAX, answer, digest, not_taken
from karez_protocols import mqtt
from karez_protocols.errors import NotAllowed, ProtocolError

if TYPE_CHECKING:
    from karez_gateway.config import Destination

KEEPALIVE_S = 60
# A broker closes after one and a half keep-alives without a packet; two of our pings fit.
PING_S = 20.0
CLOSE_S = 1.0
# An answer is some 100 bytes; a longer one than this is nobody's.
PACKET_BYTES_MAX = 4096
READ_BYTES = 65_536
_REFUSALS = {1: "it speaks another MQTT", 2: "it refuses our client id", 3: "it is not available"}
_REFUSALS |= {4: "user or password is wrong", 5: "it does not let us in"}
_USER_AND_PASSWORD = 0xC0  # 3.1.2.8, 3.1.2.9
_SUBSCRIBE_ID = 1


def _utc_s() -> int:
    return int(time.time())


def connect_packet(client_id: str, user: str, password: str) -> bytes:
    """CONNECT (MQTT 3.1.1, 3.1); the controller's codec knows no user names. Raises NotAllowed."""
    plain = bytes(mqtt.connect(client_id, KEEPALIVE_S))
    if not user:
        return plain
    body = bytearray(plain[-(12 + len(client_id.encode())) :])
    body[7] |= _USER_AND_PASSWORD
    for text in (user, password):
        raw = text.encode()
        if len(raw) > 0xFFFF:
            raise NotAllowed("a user name or password has at most 65,535 bytes")
        body += len(raw).to_bytes(2, "big") + raw
    size, head = len(body), bytearray([plain[0]])
    while size > 127:  # 2.2.3
        head.append(size & 127 | 128)
        size >>= 7
    return bytes(head + bytes([size]) + body)


def tls_of(destination: "Destination") -> ssl.SSLContext | None:
    """TLS of a platform's broker, None for plain MQTT on this machine. Raises OSError."""
    if destination.ca is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(destination.ca))
    if destination.certificate is not None:
        context.load_cert_chain(str(destination.certificate), str(destination.key))
    return context


class MqttJsonClient:
    """One connection to one platform's broker. After LinkDown it is over: make a new one."""

    def __init__(self, destination: "Destination", utc_s: Callable[[], int] = _utc_s) -> None:
        """Connect nowhere yet. `utc_s` dates the receipts."""
        self._to = destination
        self._utc_s = utc_s
        self._ids: Iterator[int] = cycle(range(_SUBSCRIBE_ID + 1, 0x10000))
        self._packets = mqtt.Reader(PACKET_BYTES_MAX)
        self._answers: dict[str, tuple[bytes, asyncio.Future[Receipt]]] = {}  # by digest
        self._pubacks: dict[int, str] = {}  # packet id -> digest
        self._opened: asyncio.Future[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self.answers_ignored = 0  # not readable, of none of our reports, or too long for the log

    @property
    def is_over(self) -> bool:
        """True when it is used up."""
        return self._listener is None or self._listener.done()

    async def __aenter__(self) -> Self:
        """Connect, and listen for answers. Raises LinkDown."""
        to = self._to
        try:
            async with asyncio.timeout(to.timeout_s):
                await self._open()
        except (OSError, ProtocolError, TimeoutError) as error:
            await self._close()
            why = str(error) or f"no answer within {to.timeout_s:g} s"
            raise LinkDown(f"no connection to {to.host}:{to.port}: {why}") from error
        except BaseException:  # cancelled, too: no connection stays behind
            await self._close()
            raise
        return self

    async def _open(self) -> None:
        to = self._to
        password = to.password_file.read_text(encoding="utf-8").strip() if to.password_file else ""
        context = tls_of(to)
        name = None if context is None else to.tls_name or to.host
        reader, self._writer = await asyncio.open_connection(
            to.host, to.port, ssl=context, server_hostname=name, limit=READ_BYTES
        )
        self._opened = asyncio.get_running_loop().create_future()
        self._listener = asyncio.create_task(self._listen(reader, self._writer))
        identity = to.client_id or f"karez-{secrets.token_hex(6)}"
        self._writer.write(connect_packet(identity, to.user, password))
        await self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say good-bye and close."""
        await self._close()

    async def send(self, report: bytes) -> Receipt:
        """Publish a document and return its receipt. Several may be under way together.

        Raises LinkDown (then this client is over), NoConfirm, and NotTaken when the platform says no.
        """
        key, writer = digest(report), self._writer
        if self.is_over or writer is None:
            raise LinkDown("the connection is over")
        if key in self._answers:
            raise NoConfirm("the same document is under way already")
        outcome: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        number = next(one for one in self._ids if one not in self._pubacks)
        self._answers[key], self._pubacks[number] = (report, outcome), key
        try:
            async with asyncio.timeout(self._to.timeout_s):
                writer.write(bytes(mqtt.publish(f"{self._to.topic}/report", len(report), number)) + report)
                await writer.drain()
                return await outcome
        except TimeoutError:
            raise NoConfirm(self._silence(number)) from None
        except OSError as error:
            raise LinkDown(f"connection over before the platform confirmed the report: {error}") from error
        finally:
            del self._answers[key]
            self._pubacks.pop(number, None)

    def _silence(self, number: int) -> str:
        """Who it was that said nothing."""
        within = f"within {self._to.timeout_s:g} s"
        if number in self._pubacks:
            return f"the platform's broker did not acknowledge the report {within}"
        return f"the broker has the report, but {self._to.topic}/confirm brought no answer to it {within}"

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what comes until the connection is over, and tell everyone who waits."""
        try:
            why = await self._until_over(reader, writer)
        except ProtocolError:
            why = "the platform's broker does not speak MQTT 3.1.1"
        except OSError as error:
            why = str(error)
        writer.transport.abort()
        self._tell(LinkDown(why))

    async def _until_over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        is_pinged = False
        while True:
            try:
                async with asyncio.timeout(PING_S):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                if is_pinged:
                    return "the platform's broker is silent"
                writer.write(mqtt.PINGREQ_BYTES)
                is_pinged = True
                continue
            if not data:
                return "the platform's broker closed the connection"
            is_pinged = False
            self._receive(data, writer)

    def _tell(self, error: LinkDown) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(OSError(str(error)))
        for _, outcome in self._answers.values():
            if not outcome.done():
                outcome.set_exception(error)

    def _receive(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        while data:
            data = data[self._packets.receive(data) :]
            packet = self._packets.packet()
            if packet is not None:
                self._take(packet, writer)

    def _take(self, packet: Any, writer: asyncio.StreamWriter) -> None:
        kind = packet[0]
        if kind == mqtt.CONNACK:
            if packet[2]:
                raise ConnectionError(f"its broker refuses us: {_REFUSALS.get(packet[2], packet[2])}")
            writer.write(bytes(mqtt.subscribe(_SUBSCRIBE_ID, f"{self._to.topic}/confirm")))
        elif kind == mqtt.SUBACK:
            if packet[2] == 0x80 and self._to.confirm == "answer":
                raise ConnectionError(f"its broker does not let us hear {self._to.topic}/confirm")
            if self._opened is not None and not self._opened.done():
                self._opened.set_result(None)
        elif kind == mqtt.PUBACK:
            self._acknowledged(packet[1])
        elif kind in (mqtt.PUBLISH, mqtt.OVERSIZE):
            if packet[-1]:
                writer.write(bytes(mqtt.puback(packet[-1])))
            self._answered(b"" if kind == mqtt.OVERSIZE else packet[2])

    def _acknowledged(self, number: int) -> None:
        key = self._pubacks.pop(number, "")
        if key in self._answers and self._to.confirm == "puback":
            report, outcome = self._answers[key]
            if not outcome.done():
                outcome.set_result(Receipt(report, bytes(mqtt.puback(number)), self._utc_s()))

    def _answered(self, data: bytes) -> None:
        try:
            key, refusal = answer(data)
        except ProtocolError:
            key, refusal = "", None
        report, outcome = self._answers.get(key, (b"", None))
        if outcome is None or len(report) + len(data) > FRAMES_BYTES_MAX:
            self.answers_ignored += 1
        elif not outcome.done() and refusal is None:
            outcome.set_result(Receipt(report, data, self._utc_s()))
        elif not outcome.done():
            outcome.set_exception(not_taken(refusal or ""))

    async def _close(self) -> None:
        writer, listener = self._writer, self._listener
        if listener is not None:
            listener.cancel()
            await asyncio.wait([listener])
        if writer is None:
            return
        with contextlib.suppress(OSError):
            writer.write(mqtt.DISCONNECT_BYTES)
            writer.close()
            async with asyncio.timeout(CLOSE_S):
                await writer.wait_closed()
        writer.transport.abort()
