"""An MQTT broker in this process that lets everybody in: for `karez bench platform json` without one.

Not the field link's broker (broker.py), which knows who may say what. Plain TCP, no identities.
"""

from karez_simulators.mqtt_broker import MqttBroker
from karez_simulators.platform_books import LOOPBACK

ANYBODY = "amqtt.plugins.authentication.AnonymousAuthPlugin"


class OpenBroker(MqttBroker):
    """A platform's own broker; port 0 takes a free one."""

    def __init__(self, host: str = LOOPBACK, port: int = 0) -> None:
        super().__init__([ANYBODY], host, port)
