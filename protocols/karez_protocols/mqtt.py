"""MQTT 3.1.1 packets, the client's side (OASIS Standard, 29 October 2014; clauses quoted by number).

Packets go out through the encoders; bytes come in through `Reader`, which holds one packet in a
buffer of fixed size. What is larger is read, thrown away and counted. QoS 2, UNSUBSCRIBE, user
names and passwords are not spoken: the certificate is the identity.

Written for heap: the controller has 12 kB for this, the client above it and their buffers.
"""

from .errors import Malformed, NotAllowed

# 2.2.1: packet types, high nibble of the first byte.
CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBACK = 9
PINGRESP = 13
# Not of the standard (0 is reserved there): a PUBLISH larger than the reader's buffer.
OVERSIZE = 0

PINGREQ_BYTES = b"\xc0\x00"
DISCONNECT_BYTES = b"\xe0\x00"


def _u16(value):
    if not 0 <= value <= 0xFFFF:
        raise NotAllowed(value)
    return bytes((value >> 8, value & 0xFF))


def _text(value):
    # 1.5.3: a length of two bytes, then UTF-8.
    raw = value if isinstance(value, bytes) else value.encode()
    return _u16(len(raw)) + raw


def _is_name(topic):
    # 4.7.3: at least one character, no U+0000; 3.3.2.1: a name holds no wildcard.
    return topic and "+" not in topic and "#" not in topic and "\0" not in topic


def _packet(first, size, body=b""):
    head = bytes((first,))
    while size > 127:  # 2.2.3: seven bits a byte, lowest first
        head += bytes((size & 127 | 128,))
        size >>= 7
    return head + bytes((size,)) + body


def connect(client_id, keepalive_s, will_topic=None, will_payload=b"", clean_session=True):
    """Return CONNECT (3.1). The will, if any, is retained and of QoS 1. Raises NotAllowed."""
    body = _text(client_id)
    flags = 2 if clean_session else 0
    if will_topic is not None:
        if not _is_name(will_topic):
            raise NotAllowed(will_topic)
        flags |= 0x2C  # 3.1.2.5: will, QoS 1, retain
        body += _text(will_topic) + _text(will_payload)
    body = b"\0\4MQTT\4" + bytes((flags,)) + _u16(keepalive_s) + body
    return _packet(0x10, len(body), body)


def subscribe(packet_id, topic_filter):
    """Return SUBSCRIBE for one filter at QoS 1 (3.8). Raises NotAllowed."""
    body = _u16(packet_id or -1) + _text(topic_filter) + b"\1"  # 2.3.1: an id is never 0
    return _packet(0x82, len(body), body)


def puback(packet_id):
    """Return PUBACK (3.4). Raises NotAllowed."""
    return _packet(0x40, 2, _u16(packet_id or -1))


def publish(topic, size, packet_id=0, retain=False):
    """Return PUBLISH (3.3) up to its payload of `size` bytes, which has to follow at once.

    Packet id 0 makes it QoS 0, any other QoS 1. Raises NotAllowed.
    """
    if not _is_name(topic):
        raise NotAllowed(topic)
    head = _text(topic)
    first = 0x31 if retain else 0x30
    if packet_id:
        first |= 2
        head += _u16(packet_id)
    return _packet(first, len(head) + size, head)


class Reader:
    """Takes the server's bytes in any portions; one packet at a time comes out.

        while data:
            data = data[reader.receive(data) :]
            packet = reader.packet()  # None until one is complete

    After Malformed the stream is lost: close the connection, `reset()` for the next one.
    """

    def __init__(self, size_max):
        """`size_max`: bytes of the largest PUBLISH kept (topic, id and payload)."""
        self._buffer = bytearray(size_max)
        self.oversize = 0  # packets thrown away since the start
        self.reset()

    def reset(self):
        """Forget what came: the next byte opens a packet."""
        self._first = self._shift = self._filled = 0
        self._size = -1  # remaining length, known once the header is complete

    def receive(self, data):
        """Consume `data` up to the end of at most one packet; return how many bytes that was.

        Call `packet` after each call. Raises Malformed.
        """
        at = 0
        while self._size < 0:
            if at == len(data):
                return at
            byte = data[at]
            at += 1
            if not self._first:
                if byte < 0x20:  # types 0 and 1 (CONNECT) do not come from a server
                    raise Malformed(byte)
                self._first = byte
                continue
            # 2.2.3: seven bits a byte, at most four bytes; gathered in _filled.
            self._filled |= (byte & 127) << self._shift
            self._shift += 7
            if not byte & 128:
                self._size = self._filled
                self._filled = 0
            elif self._shift == 28:
                raise Malformed(byte)
        stop = min(len(data), at + self._size - self._filled)
        kept = min(stop - at, len(self._buffer) - self._filled)
        if kept > 0:
            self._buffer[self._filled : self._filled + kept] = memoryview(data)[at : at + kept]
        self._filled += stop - at
        return stop

    def packet(self):
        """Return the packet now complete, or None.

        (CONNACK, session present, return code), (PUBACK, id), (SUBACK, id, return code),
        (PINGRESP, 0), (PUBLISH, topic, payload, id), (OVERSIZE, id). Id 0 = QoS 0.
        Raises Malformed.
        """
        first, size, body = self._first, self._size, self._buffer
        if self._filled != size:
            return None
        self.reset()
        if first >> 4 == PUBLISH:
            return self._published(first & 0x0E, size)
        if first == 0xD0 and not size:
            return PINGRESP, 0
        # 3.2.2: seven reserved bits, codes 0..5, no session with a refusal.
        if first == 0x20 and size == 2 and body[1] <= (0 if body[0] else 5) and body[0] <= 1:
            return CONNACK, body[0], body[1]
        packet_id = body[0] << 8 | body[1]
        if packet_id:
            if first == 0x40 and size == 2:
                return PUBACK, packet_id
            if first == 0x90 and size == 3 and body[2] in (0, 1, 0x80):  # 3.9.3; QoS 2 was not asked
                return SUBACK, packet_id, body[2]
        raise Malformed(first, size)

    def _published(self, flags, size):
        body = self._buffer
        kept = min(size, len(body))
        start = 2 + (body[0] << 8 | body[1])
        end = start + flags % 8  # the id's two bytes with QoS 1
        packet_id = body[start] << 8 | body[start + 1] if flags & 2 and end <= kept else 0
        # 3.3.1.2: QoS 3 never, QoS 2 was not subscribed; 3.3.1.1: no DUP with QoS 0; 2.3.1: no id 0.
        if flags in (0, 2, 10) and end <= size and (packet_id or end > kept or not flags):
            if size > kept:
                self.oversize += 1
                return OVERSIZE, packet_id
            try:
                topic = str(bytes(body[2:start]), "utf-8")
                if _is_name(topic):
                    return PUBLISH, topic, bytes(body[end:size]), packet_id
            except ValueError:  # UnicodeError is a ValueError on both runtimes
                pass
        raise Malformed(flags, size)
