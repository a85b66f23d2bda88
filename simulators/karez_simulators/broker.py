"""The bench's MQTT broker: amqtt in this process, with the field link's rules.

A client's identity is the CN of its certificate. What an identity may do stands in `permits`,
written once; `mosquitto.py` says the same rules in mosquitto's words, and one test file holds
both to them. amqtt acknowledges a denied QoS 1 publish and drops it, mosquitto closes the
connection; both are allowed by MQTT 3.1.1 (3.3.5).

Its queue does not survive a restart. The link's own acknowledgement, which means *stored*,
forgives that.
"""

import pathlib
import ssl
import tempfile
from typing import Any

from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from karez_simulators.mqtt_broker import MqttBroker
from karez_simulators.pki import Credential, LinkAuthority

HOST = "127.0.0.1"
GATEWAY = "gateway"
LEAVES_UP = ("up", "state", "update")
LEAF_DOWN = "down"


def permits(identity: str, action: Action, topic: str) -> bool:
    """May this identity do that? `topic` is a filter for SUBSCRIBE, a name otherwise."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[:2] != ["karez", "1"]:
        return False
    controller, leaf = parts[2:]
    publishes = action == Action.PUBLISH
    if identity == GATEWAY:
        if publishes:
            return leaf == LEAF_DOWN
        return leaf in LEAVES_UP
    if not identity or controller != identity or any(mark in identity for mark in "+#/"):
        return False
    return leaf in LEAVES_UP if publishes else leaf == LEAF_DOWN


def common_name(connection: ssl.SSLObject | None) -> str | None:
    """Return the CN of the peer's verified certificate, None without one."""
    certificate = connection.getpeercert() if connection else None
    if not certificate:
        return None
    subject: Any = certificate["subject"]
    names = [value for part in subject for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else None


class CertificateIdentity(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """amqtt plugin: the certificate's CN becomes the user name; without TLS the client id does."""

    async def authenticate(self, *, session: Session) -> bool | None:
        """Refuse no identity, a controller under another's client id, a will on a foreign topic."""
        identity = common_name(session.ssl_object) if session.ssl_object else session.client_id
        if not identity:
            return False
        # Another's client id would take over, that is cut, the other's connection. (amqtt itself
        # forgets the other's subscriptions before it asks us; mosquitto does not.)
        if identity not in (GATEWAY, session.client_id):
            return False
        # amqtt broadcasts a will without asking the topic plugins.
        if session.will_flag and not permits(identity, Action.PUBLISH, session.will_topic or ""):
            return False
        session.username = identity
        return True


class LinkTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """amqtt plugin: `permits`, asked for every publish, subscription and delivery."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        """True when the session's identity may do it."""
        if session is None or topic is None or action is None or not session.username:
            return False
        return permits(session.username, action, topic)


class LinkBroker(MqttBroker):
    """An in-process broker on a free loopback port; it keeps that port over stop and start.

        async with LinkBroker(authority, "broker.karez.test") as broker:
            ... connect to broker.host, broker.port ...
            await broker.stop()   # the broker goes away, all connections are cut
            await broker.start()  # and is back

    Without an authority it speaks plain TCP and takes the client id for the identity.
    """

    def __init__(self, authority: LinkAuthority | None = None, tls_name: str = "", port: int = 0) -> None:
        """`tls_name` is what controllers expect in the certificate; port 0 takes a free one."""
        context = server_context(authority, authority.broker(tls_name, HOST)) if authority else None
        plugins = (f"{__name__}.{plugin.__name__}" for plugin in (CertificateIdentity, LinkTopics))
        super().__init__(plugins, HOST, port, context)


def server_context(authority: LinkAuthority, credential: Credential) -> ssl.SSLContext:
    """TLS of a broker that refuses clients without a certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.certificate_der)
    _load(context, credential)
    return context


def client_context(authority: LinkAuthority, credential: Credential | None) -> ssl.SSLContext:
    """TLS of a CPython client of the link: the gateway, a simulated controller, a test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authority.certificate_der)
    if credential:
        _load(context, credential)
    return context


def _load(context: ssl.SSLContext, credential: Credential) -> None:
    # OpenSSL's Python binding reads a chain from files only.
    with tempfile.TemporaryDirectory(prefix="karez-") as folder:
        context.load_cert_chain(*credential.write(pathlib.Path(folder), "peer"))
