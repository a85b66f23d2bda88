"""An MQTT broker in memory for one controller, behind the streams that fake.Port hands out.

It says what MQTT requires and nothing more. Not loaded on a controller.
"""

from karez_protocols import mqtt


class Broker:
    """An MQTT broker of one controller: accepts, acknowledges, keeps what was published.

    `published` = [(topic, payload)]; `send(payload)` gives a message to the controller;
    `is_reachable` False refuses every connection and `drop()` ends the present one.
    """

    def __init__(self, topic):
        self.topic = topic  # of what goes down
        self.is_reachable = True
        self.is_deaf = False  # takes everything and answers nothing
        self.published = []
        self.connections = 0
        self._down = []
        self._stream = None

    def open(self):
        """Return a new stream. Raises OSError when nobody listens."""
        if not self.is_reachable:
            raise OSError(111)
        self.connections += 1
        self._stream = Stream(self)
        return self._stream

    def drop(self):
        """Close the connection from this side."""
        if self._stream:
            self._stream.is_closed = True

    def send(self, payload):
        """Publish one message to the controller."""
        self._down.append(payload)
        if self._stream:
            self._stream.deliver()

    def waiting(self):
        """Return and forget the messages that wait for the controller, as packets."""
        down, self._down = self._down, []
        return b"".join(mqtt.publish(self.topic, len(payload), 1) + payload for payload in down)


class Stream:
    """One connection: the contract of uplink.mqtt_client."""

    def __init__(self, broker):
        self.is_closed = False
        self._broker = broker
        self._received = b""
        self._incoming = b""
        self._is_subscribed = False

    def connect_step(self):
        """The connection stands."""
        return True

    def handshake_step(self, first):
        """It is as secure as it gets."""
        return self.write(first)

    def read(self, size):
        """Return up to `size` bytes, None when nothing is there, b"" at the end."""
        data, self._incoming = self._incoming[:size], self._incoming[size:]
        return data or (b"" if self.is_closed else None)

    def write(self, data):
        """Take everything."""
        self._received += bytes(data)
        if not self._broker.is_deaf:
            while self._obey():
                pass
        return len(data)

    def close(self):
        """The client's end is closed."""
        self.is_closed = True

    def deliver(self):
        """Put what waits for the controller on the wire, once it has subscribed."""
        if self._is_subscribed:
            self._incoming += self._broker.waiting()

    def _obey(self):
        """Answer one packet; False when none is whole."""
        data = self._received
        size, at = 0, 1
        while True:
            if len(data) <= at:
                return False
            size |= (data[at] & 127) << 7 * (at - 1)
            at += 1
            if not data[at - 1] & 128:
                break
        if len(data) < at + size:
            return False
        kind, body, self._received = data[0] >> 4, data[at : at + size], data[at + size :]
        if kind == 1:
            self._incoming += b"\x20\x02\0\0"
        elif kind == 8:
            self._is_subscribed = True
            self._incoming += b"\x90\x03" + body[:2] + b"\1"
            self.deliver()
        elif kind == 3:
            end = 2 + (body[0] << 8 | body[1])
            self._broker.published.append((str(body[2:end], "utf-8"), body[end + 2 :]))
            self._incoming += b"\x40\x02" + body[end : end + 2]
        elif kind == 12:
            self._incoming += b"\xd0\0"
        return True
