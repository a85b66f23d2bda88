"""The field link's rules hold on the bench's broker and on the mosquitto a county runs."""

import asyncio
import gc
import socket
import ssl
import struct

import aiomqtt
import pytest
from amqtt.codecs_amqtt import read_or_raise
from cryptography.hazmat.primitives.asymmetric import ec

from karez_gateway.intake import brokerfiles
from karez_protocols import mqtt
from karez_simulators import mosquitto, pki
from karez_simulators.broker import LinkBroker, client_context

TLS_NAME = "broker.karez.test"
WELL, OTHER = "KZ000001", "KZ000002"
CONNECT_TIMEOUT_S = 10


@pytest.fixture(scope="module")
def authority():
    return pki.LinkAuthority()


def as_init_writes_it(folder, host, port):
    """The settings a county's operator gets, with what the bench has to say differently."""
    bench = "persistence false\nuser root\nlog_dest stderr\nlog_type information\n"
    return brokerfiles.configuration(folder, host, port, bench)


@pytest.fixture(params=["in-process", "mosquitto", "mosquitto by init"])
async def broker(request, authority, monkeypatch):
    if request.param == "in-process":
        async with LinkBroker(authority, TLS_NAME) as running:
            yield running
        return
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: " + mosquitto.INSTALL)
    if request.param == "mosquitto by init":
        monkeypatch.setattr(mosquitto, "ACCESS", brokerfiles.access())
        monkeypatch.setattr(mosquitto, "configuration", as_init_writes_it)
    async with mosquitto.Mosquitto(authority, TLS_NAME) as running:
        yield running


def client(broker, authority, credential, client_id, **settings):
    context = client_context(authority, credential)
    return aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=client_id,
        tls_context=context,
        timeout=CONNECT_TIMEOUT_S,
        **settings,
    )


async def heard(listener, until):
    """Topics and payloads a client received up to the payload that ends the test."""
    messages = []
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        async for message in listener.messages:
            messages.append((str(message.topic), message.payload))
            if message.payload == until:
                break
    return messages


async def try_publish(broker, authority, controller, topic, **settings):
    """Publish as a controller whose broker may acknowledge, drop, or hang up (MQTT 3.1.1, 3.3.5)."""
    try:
        async with client(broker, authority, authority.client(controller), controller, **settings) as well:
            await well.publish(topic, b"forbidden", qos=1)
    except aiomqtt.MqttError:
        return False
    return True


async def test_a_controller_reports_and_listens_on_its_own_topics(broker, authority):
    async with (
        client(broker, authority, authority.gateway(), "gateway") as gateway,
        client(broker, authority, authority.client(WELL), WELL) as well,
    ):
        await gateway.subscribe("karez/1/+/up", qos=1)
        await gateway.subscribe("karez/1/+/state", qos=1)
        await well.subscribe(f"karez/1/{WELL}/down", qos=1)
        await well.publish(f"karez/1/{WELL}/up", b"frame", qos=1)
        await well.publish(f"karez/1/{WELL}/state", b"here", qos=1)
        await gateway.publish(f"karez/1/{WELL}/down", b"stored", qos=1)
        messages = await heard(gateway, b"here")
        assert messages == [(f"karez/1/{WELL}/up", b"frame"), (f"karez/1/{WELL}/state", b"here")]
        assert await heard(well, b"stored") == [(f"karez/1/{WELL}/down", b"stored")]


async def test_a_controller_reaches_nothing_else(broker, authority):
    async with client(broker, authority, authority.gateway(), "gateway") as gateway:
        await gateway.subscribe("karez/1/+/up", qos=1)
        await gateway.subscribe("karez/1/+/state", qos=1)
        for topic in (f"{OTHER}/up", f"{OTHER}/state", f"{WELL}/down", "x/up"):
            await try_publish(broker, authority, WELL, "karez/1/" + topic)
        assert await try_publish(broker, authority, WELL, f"karez/1/{WELL}/up")
        messages = await heard(gateway, b"forbidden")
        assert messages == [(f"karez/1/{WELL}/up", b"forbidden")]


async def test_a_controller_hears_nothing_meant_for_others(broker, authority):
    async with (
        client(broker, authority, authority.gateway(), "gateway") as gateway,
        client(broker, authority, authority.client(OTHER), OTHER) as spy,
        client(broker, authority, authority.client(WELL), WELL) as well,
    ):
        # mosquitto grants every subscription and filters what is delivered, amqtt refuses it.
        for topic in ("#", "karez/1/+/down", "karez/1/+/up", f"karez/1/{WELL}/down", f"karez/1/{OTHER}/down"):
            await spy.subscribe(topic, qos=1)
        await well.publish(f"karez/1/{WELL}/up", b"frame", qos=1)
        await gateway.publish(f"karez/1/{WELL}/down", b"private", qos=1)
        await gateway.publish(f"karez/1/{OTHER}/down", b"yours", qos=1)
        # A broker may deliver once per overlapping subscription (MQTT 3.1.1, 3.3.5).
        assert set(await heard(spy, b"yours")) == {(f"karez/1/{OTHER}/down", b"yours")}


async def test_a_will_on_a_foreign_topic_reaches_nobody(broker, authority):
    async with (
        client(broker, authority, authority.gateway(), "gateway") as gateway,
        client(broker, authority, authority.client(OTHER), OTHER) as victim,
    ):
        await gateway.subscribe("karez/1/+/state", qos=1)
        await victim.subscribe(f"karez/1/{OTHER}/down", qos=1)
        for topic, payload in (
            (f"karez/1/{OTHER}/down", b"evil"),
            (f"karez/1/{OTHER}/state", b"evil"),
            (f"karez/1/{WELL}/state", b"offline"),
        ):
            await answer_to_connect(broker, authority, authority.client(WELL), (topic.encode(), payload))
        await gateway.publish(f"karez/1/{OTHER}/down", b"end", qos=1)
        assert await heard(victim, b"end") == [(f"karez/1/{OTHER}/down", b"end")]
        assert await heard(gateway, b"offline") == [(f"karez/1/{WELL}/state", b"offline")]


async def answer_to_connect(broker, authority, credential, will=()):
    """Say CONNECT as WELL, read the answer and vanish without a DISCONNECT; b"" = thrown out."""
    flags = 0x0E if will else 0x02
    body = bytes((0, 4, 77, 81, 84, 84, 4, flags, 0, 60))
    for part in (WELL.encode(), *will):
        body += len(part).to_bytes(2, "big") + part
    reader, writer = await asyncio.open_connection(
        broker.host, broker.port, ssl=client_context(authority, credential), server_hostname=TLS_NAME
    )
    try:
        writer.write(bytes((0x10, len(body))) + body)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await reader.read(4)
    except (ssl.SSLError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


class Box:
    """A controller's connection packet by packet, so that it can die at any point."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.packets = mqtt.Reader(640)
        self.data = b""

    @classmethod
    async def connect(cls, broker, authority, will):
        reader, writer = await asyncio.open_connection(
            broker.host,
            broker.port,
            ssl=client_context(authority, authority.client(WELL)),
            server_hostname=TLS_NAME,
        )
        writer.write(mqtt.connect(WELL, 120, f"karez/1/{WELL}/state", will))
        return cls(reader, writer)

    async def next(self):
        """The next packet, whatever it is."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            while True:
                if not self.data:
                    self.data = await self.reader.read(256)
                    assert self.data, "the broker hung up"
                self.data = self.data[self.packets.receive(self.data) :]
                packet = self.packets.packet()
                if packet:
                    return packet

    def die(self, with_reset):
        """End the TCP connection without TLS's goodbye and MQTT's: by RST, or by FIN."""
        if with_reset:
            self.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.writer.transport.abort()


@pytest.mark.parametrize("in_flight", [False, True], ids=["idle", "in-flight"])
@pytest.mark.parametrize("with_reset", [True, False], ids=["rst", "fin"])
async def test_a_controller_that_died_comes_back_and_hears_only_what_it_asked_for(
    broker, authority, with_reset, in_flight
):
    down, state = f"karez/1/{WELL}/down", f"karez/1/{WELL}/state"
    async with client(broker, authority, authority.gateway(), "gateway") as gateway:
        await gateway.subscribe("karez/1/+/state", qos=1)
        for life in range(4):
            will = b"gone %d" % life
            box = await Box.connect(broker, authority, will)
            try:
                assert await box.next() == (mqtt.CONNACK, 0, 0)
                box.writer.write(mqtt.subscribe(1, down))
                # A retained will of the life before is not for it, nor what that life left unanswered.
                assert await box.next() == (mqtt.SUBACK, 1, 1)
                await gateway.publish(down, b"stored", qos=1)
                kind, topic, payload, packet_id = await box.next()
                assert (kind, topic, payload) == (mqtt.PUBLISH, down, b"stored")
                if not in_flight:
                    box.writer.write(mqtt.puback(packet_id) + mqtt.PINGREQ_BYTES)
                    assert await box.next() == (mqtt.PINGRESP, 0)
            finally:
                box.die(with_reset)
            assert await heard(gateway, will) == [(state, will)]


async def test_a_retained_state_comes_with_the_subscription_and_not_before(broker, authority):
    state = f"karez/1/{WELL}/state"
    async with client(broker, authority, authority.client(WELL), WELL) as well:
        await well.publish(state, b"here", qos=1, retain=True)
        async with client(broker, authority, authority.gateway(), "gateway") as gateway:
            await gateway.subscribe("karez/1/+/up", qos=1)
            await well.publish(f"karez/1/{WELL}/up", b"frame", qos=1)
            assert await heard(gateway, b"frame") == [(f"karez/1/{WELL}/up", b"frame")]
            await gateway.subscribe("karez/1/+/state", qos=1)
            assert await heard(gateway, b"here") == [(state, b"here")]


async def test_the_certificates_key_may_be_made_on_the_controller(broker, authority):
    key = ec.generate_private_key(ec.SECP256R1())
    credential = authority.controller(WELL, pki.public_point(key))
    with pytest.raises(ValueError, match="stays there"):
        credential.key_der  # noqa: B018 - reading it is the act
    on_the_controller = pki.Credential(credential.certificate, key)
    async with client(broker, authority, on_the_controller, WELL) as well:
        await well.publish(f"karez/1/{WELL}/up", b"frame", qos=1)


async def test_only_a_certificate_of_this_authority_gets_an_answer(broker, authority):
    for credential in (pki.LinkAuthority().client(WELL), None):
        assert await answer_to_connect(broker, authority, credential) == b""
    assert await answer_to_connect(broker, authority, authority.client(WELL)) == b"\x20\x02\x00\x00"


async def test_a_controller_cannot_take_another_ones_client_id(broker, authority):
    async with client(broker, authority, authority.client(WELL), WELL) as well:
        try:
            async with client(broker, authority, authority.client(OTHER), WELL):
                pass
        except aiomqtt.MqttError:
            pass  # the in-process broker says so, mosquitto renames the guest
        await well.publish(f"karez/1/{WELL}/up", b"still here", qos=1)


async def test_a_client_that_expects_another_tls_name_leaves(broker, authority):
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection(
            broker.host,
            broker.port,
            ssl=client_context(authority, authority.gateway()),
            server_hostname="elsewhere.karez.test",
        )


async def test_the_broker_goes_away_and_comes_back_on_the_same_port(broker, authority):
    port = broker.port
    reader, writer = await asyncio.open_connection(
        broker.host,
        broker.port,
        ssl=client_context(authority, authority.client(WELL)),
        server_hostname=TLS_NAME,
    )
    await broker.stop()
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(broker.host, port)
    await broker.start()
    assert broker.port == port
    async with client(broker, authority, authority.client(WELL), WELL) as well:
        await well.publish(f"karez/1/{WELL}/up", b"back", qos=1)


async def test_stopping_cuts_also_a_client_that_never_said_connect():
    async with LinkBroker() as broker:
        reader, writer = await asyncio.open_connection(broker.host, broker.port)
        _, other = await asyncio.open_connection(broker.host, broker.port)
        other.write(b"\x10\x20half")
        await other.drain()
        await broker.stop()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        other.close()


async def test_without_tls_the_client_id_is_the_identity():
    async with (
        LinkBroker() as broker,
        aiomqtt.Client(broker.host, broker.port, identifier="gateway") as gateway,
        aiomqtt.Client(broker.host, broker.port, identifier=WELL) as well,
    ):
        await gateway.subscribe("karez/1/+/up", qos=1)
        await well.publish(f"karez/1/{OTHER}/up", b"forbidden", qos=1)
        await well.publish(f"karez/1/{WELL}/up", b"frame", qos=1)
        assert await heard(gateway, b"frame") == [(f"karez/1/{WELL}/up", b"frame")]


def test_names_and_points_that_are_none_are_refused():
    authority = pki.LinkAuthority()
    for point in (b"", bytes(65), b"\x04" + bytes(64), b"\x04" + bytes(63)):
        with pytest.raises(ValueError, match=r"65 bytes|EC key|point type"):
            authority.controller(WELL, point)
    for name in ("", "x" * 65):
        with pytest.raises(ValueError, match="1 to 64 characters"):
            authority.client(name)
    with pytest.raises(ValueError, match="at least one TLS name"):
        authority.broker()


def test_a_machine_without_mosquitto_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(mosquitto, "find", lambda: None)
    with pytest.raises(mosquitto.MosquittoMissing, match="apt-get install mosquitto"):
        mosquitto.Mosquitto(pki.LinkAuthority(), TLS_NAME)


async def test_errors_that_amqtt_leaves_to_nobody_stay_off_the_screen_and_others_do_not(caplog):
    async def ours():
        raise ValueError("ours")

    async with LinkBroker():
        # A task that fails and that nobody asks tells of it when it is thrown away.
        await asyncio.wait([asyncio.create_task(read_or_raise(None, 1)), asyncio.create_task(ours())])
        gc.collect()
    assert "ours" in caplog.text and "read_or_raise" not in caplog.text
