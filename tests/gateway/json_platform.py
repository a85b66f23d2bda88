"""A platform that takes JSON over MQTT: an open broker in this process, and the application behind it.

    async with JsonPlatform() as platform:
        ... publish to platform.topic + "/report" at platform.host, platform.port ...
        platform.reports            documents by (controller, chain, seq), each with how often it came

It answers as docs/wire/upload-json.md says; `is_silent`, `refuses` and `answers_before` make it rude.
"""

import asyncio
import contextlib
import hashlib
import json
import math
from typing import ClassVar

import aiomqtt
from amqtt.plugins.base import BaseAuthPlugin

from karez_simulators.mqtt_broker import MqttBroker

HOST = "127.0.0.1"


class Door(BaseAuthPlugin):
    """amqtt plugin: lets in whom the platform knows, and its own application."""

    known: ClassVar[dict[str, str]] = {}

    async def authenticate(self, *, session):
        """Everybody while nobody is named."""
        if not self.known or session.client_id == "application":
            return True
        return self.known.get(session.username or "") == session.password


class JsonPlatform:
    """`start` and `stop` may alternate; the port stays."""

    host = HOST

    def __init__(self, topic="karez/upload", *, context=None, client_context=None, known=None):
        self.topic = topic
        self.port = 0
        self.reports = {}
        self.copies = {}
        self.is_silent = False
        self.refuses = {}  # record kind -> reason
        self.answers_before = []  # payloads that go out before each answer
        self._context = context
        self._client_context = client_context
        self._known = known or {}
        self._broker = None
        self._application = None

    async def start(self):
        Door.known = self._known
        self._broker = MqttBroker([f"{__name__}.Door"], HOST, self.port, self._context)
        await self._broker.start()
        self.port = self._broker.port
        ready = asyncio.Event()
        self._application = asyncio.create_task(self._apply(ready))
        await ready.wait()

    async def stop(self):
        """The broker and the application behind it are gone."""
        self._application.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await self._application
        await self._broker.stop()

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *raised):
        await self.stop()

    async def _apply(self, ready):
        # Before Python 3.12 aiomqtt's own limits lose a cancellation that comes together with an answer.
        client = aiomqtt.Client(
            self.host, self.port, identifier="application", tls_context=self._client_context, timeout=math.inf
        )
        async with client:
            await client.subscribe(f"{self.topic}/report", qos=1)
            ready.set()
            async for message in client.messages:
                await self._take(client, message.payload)

    async def _take(self, client, payload):
        if self.is_silent:
            return
        found = json.loads(payload)
        evidence = found["evidence"]
        key = found["controller"], evidence["chain"], evidence["seq"]
        reason = self.refuses.get(found["record"])
        if reason is None:
            self.reports.setdefault(key, found)
            self.copies[key] = self.copies.get(key, 0) + 1
        answer = {"sha256": hashlib.sha256(payload).hexdigest(), "accepted": reason is None}
        if reason is not None:
            answer["reason"] = reason
        for data in (*self.answers_before, json.dumps(answer)):
            await client.publish(f"{self.topic}/confirm", data, qos=1)
