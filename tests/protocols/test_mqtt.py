"""MQTT 3.1.1 packets: golden bytes written field by field, every split point, every corrupted byte."""

from karez_protocols import mqtt
from karez_protocols.errors import Malformed, NotAllowed

LONG = (mqtt.PUBLISH, "井a", bytes(192), 7)
# One of everything a server says, as (bytes, what the reader makes of it).
SERVER = (
    (b"\x20\x02\x00\x00", (mqtt.CONNACK, 0, 0)),
    (b"\x20\x02\x01\x00", (mqtt.CONNACK, 1, 0)),
    (b"\x20\x02\x00\x05", (mqtt.CONNACK, 0, 5)),
    (b"\x40\x02\x12\x34", (mqtt.PUBACK, 0x1234)),
    (b"\x90\x03\x00\x01\x01", (mqtt.SUBACK, 1, 1)),
    (b"\x90\x03\xff\xff\x80", (mqtt.SUBACK, 0xFFFF, 0x80)),
    (b"\xd0\x00", (mqtt.PINGRESP, 0)),
    (b"\x30\x07\x00\x03a/bhi", (mqtt.PUBLISH, "a/b", b"hi", 0)),
    (b"\x31\x05\x00\x03a/b", (mqtt.PUBLISH, "a/b", b"", 0)),
    (b"\x32\x09\x00\x03a/b\x00\x07hi", (mqtt.PUBLISH, "a/b", b"hi", 7)),
    (b"\x3a\x09\x00\x03a/b\x00\x07hi", (mqtt.PUBLISH, "a/b", b"hi", 7)),
    (b"\x32\xc8\x01\x00\x04\xe4\xba\x95a\x00\x07" + bytes(192), LONG),
)
SIZE_MAX = 200


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def read(data, portion=1000, size_max=SIZE_MAX):
    """All packets of a byte string that arrives in portions."""
    reader = mqtt.Reader(size_max)
    packets = []
    for start in range(0, len(data), portion):
        part = memoryview(data)[start : start + portion]
        while part:
            part = part[reader.receive(part) :]
            packet = reader.packet()
            if packet:
                packets.append(packet)
    return packets


def test_connect_carries_its_fields_in_the_order_of_the_standard():
    expected = (
        b"\x10\x12"  # CONNECT, 18 bytes follow
        b"\x00\x04MQTT"  # 3.1.2.1 protocol name
        b"\x04"  # 3.1.2.2 level: 3.1.1
        b"\x02"  # 3.1.2.3 flags: clean session
        b"\x01\x2c"  # 3.1.2.10 keep alive: 300 s
        b"\x00\x06KZ0001"  # 3.1.3.1 client id
    )
    assert mqtt.connect("KZ0001", 300) == expected


def test_connect_with_a_will_retains_it_at_qos_1():
    expected = (
        b"\x10\x19"
        b"\x00\x04MQTT\x04"
        b"\x2c"  # flags: will retain 0x20, will QoS 1 0x08, will 0x04; session kept
        b"\x00\x3c"
        b"\x00\x02KZ"  # client id
        b"\x00\x03s/t"  # 3.1.3.2 will topic
        b"\x00\x04\x01\x00\xff\x00"  # 3.1.3.3 will message
    )
    assert mqtt.connect("KZ", 60, "s/t", b"\x01\x00\xff\x00", False) == expected
    assert mqtt.connect("KZ", 60, "s/t", b"")[9] == 0x2E


def test_subscribe_puback_ping_and_disconnect():
    expected = (
        b"\x82\x08"  # SUBSCRIBE with its reserved flags 0010 (3.8.1)
        b"\x01\x02"  # packet id
        b"\x00\x03a/+"  # filter
        b"\x01"  # QoS 1
    )
    assert mqtt.subscribe(0x0102, "a/+") == expected
    assert mqtt.puback(0xFFFE) == b"\x40\x02\xff\xfe"
    assert mqtt.PINGREQ_BYTES == b"\xc0\x00"
    assert mqtt.DISCONNECT_BYTES == b"\xe0\x00"


def test_publish_carries_topic_and_id_ahead_of_its_payload():
    assert mqtt.publish("a/b", 2) == b"\x30\x07\x00\x03a/b"
    assert mqtt.publish("a/b", 2, 0, True) == b"\x31\x07\x00\x03a/b"
    assert mqtt.publish("a/b", 2, 7) == b"\x32\x09\x00\x03a/b\x00\x07"
    assert mqtt.publish("a/b", 2, 0xFFFF, True) == b"\x33\x09\x00\x03a/b\xff\xff"
    assert mqtt.publish("井", 0, 7) == b"\x32\x07\x00\x03\xe4\xba\x95\x00\x07"


def test_the_remaining_length_grows_at_the_boundaries_of_the_standard():
    # 2.2.3, table 2.4.
    for size, expected in (
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16383, b"\xff\x7f"),
        (16384, b"\x80\x80\x01"),
        (2097151, b"\xff\xff\x7f"),
        (2097152, b"\x80\x80\x80\x01"),
    ):
        assert mqtt.publish("a", size - 3) == b"\x30" + expected + b"\x00\x01a"


def test_values_outside_their_range_are_refused():
    for topic in ("", "a/+", "#", "a\0b", "x" * 0x10000):
        assert refused(NotAllowed, mqtt.publish, topic, 0), topic[:5]
        assert refused(NotAllowed, mqtt.connect, "KZ", 60, topic), topic[:5]
    for packet_id in (-1, 0x10000):
        assert refused(NotAllowed, mqtt.publish, "a", 0, packet_id)
    for packet_id in (-1, 0, 0x10000):
        assert refused(NotAllowed, mqtt.puback, packet_id)
        assert refused(NotAllowed, mqtt.subscribe, packet_id, "a")
    assert refused(NotAllowed, mqtt.connect, "KZ", -1)
    assert refused(NotAllowed, mqtt.connect, "KZ", 0x10000)
    assert refused(NotAllowed, mqtt.connect, "KZ", 60, "s", bytes(0x10000))
    assert refused(NotAllowed, mqtt.connect, "x" * 0x10000, 60)


def test_the_reader_understands_each_packet_a_server_sends():
    for data, expected in SERVER:
        assert read(data) == [expected], expected


def test_every_split_of_a_stream_gives_the_same_packets():
    stream = b"".join([data for data, _ in SERVER])
    expected = [packet for _, packet in SERVER]
    for portion in range(1, len(stream) + 1):
        assert read(stream, portion) == expected, portion
    reader = mqtt.Reader(SIZE_MAX)
    for data, packet in SERVER:
        for split in range(len(data)):
            assert reader.receive(data[:split]) == split and reader.packet() is None
            assert reader.receive(data[split:]) == len(data) - split and reader.packet() == packet
            assert reader.packet() is None


def test_the_end_of_a_packet_is_where_the_next_begins():
    reader = mqtt.Reader(SIZE_MAX)
    assert reader.receive(b"\xd0\x00\xd0\x00\xd0") == 2
    assert reader.packet() == (mqtt.PINGRESP, 0)
    assert reader.receive(b"\xd0\x00\xd0") == 2


def test_a_corrupted_byte_never_raises_anything_undeclared():
    wrong = 0
    for data, expected in SERVER:
        for position in range(len(data)):
            for value in range(0, 256, 1 if len(data) < 20 else 17):
                if value == data[position]:
                    continue
                broken = data[:position] + bytes((value,)) + data[position + 1 :]
                try:
                    packets = read(broken)
                except Malformed:
                    wrong += 1
                    continue
                assert len(packets) <= 1 + len(data) // 2
                # An id, a code, a topic or payload byte: MQTT has no checksum, TLS has.
                assert packets != [expected] or (data[0] >> 4 == mqtt.PUBLISH and position == 0), broken
    assert wrong > 2000


def test_lies_are_malformed():
    for data in (
        b"\x00\x00",  # type 0
        b"\xf0\x00",  # type 15
        b"\x10\x00",  # CONNECT from a server
        b"\x62\x02\x00\x01",  # PUBREL: no QoS 2 here
        b"\x50\x02\x00\x01",  # PUBREC
        b"\xb0\x02\x00\x01",  # UNSUBACK: nothing was unsubscribed
        b"\x21\x02\x00\x00",  # CONNACK with a flag
        b"\x20\x03\x00\x00\x00",  # one byte more
        b"\x20\x01\x00",  # one byte less
        b"\x20\x02\x02\x00",  # a reserved bit
        b"\x20\x02\x00\x06",  # a return code of nobody
        b"\x20\x02\x01\x05",  # a session together with a refusal
        b"\x40\x02\x00\x00",  # PUBACK for id 0
        b"\x90\x03\x00\x00\x01",  # SUBACK for id 0
        b"\x90\x03\x00\x01\x02",  # granted more than was asked
        b"\x90\x02\x00\x01",  # SUBACK without a code
        b"\xd0\x01\x00",  # PINGRESP with a body
        b"\x34\x07\x00\x03a/b\x00\x01",  # QoS 2
        b"\x36\x07\x00\x03a/b\x00\x01",  # QoS 3
        b"\x38\x05\x00\x03a/b",  # DUP with QoS 0
        b"\x32\x07\x00\x03a/b\x00\x00",  # id 0
        b"\x30\x00",  # no topic
        b"\x30\x01\x00",
        b"\x30\x02\x00\x00",  # an empty topic
        b"\x30\x05\x00\x04a/b",  # the topic is longer than the packet
        b"\x32\x06\x00\x03a/b\x00",  # half an id
        b"\x30\x05\x00\x03a/+",  # a wildcard
        b"\x30\x05\x00\x03a/#",
        b"\x30\x05\x00\x03a\0b",
        b"\x30\x05\x00\x03\xff/b",  # not UTF-8
        b"\x30\x80\x80\x80\x80\x01",  # five length bytes
    ):
        for portion in (1, 2, 1000):
            assert refused(Malformed, read, data, portion), (data, portion)


def test_a_first_byte_no_server_sends_is_refused_at_once():
    for byte in range(0x20):
        assert refused(Malformed, mqtt.Reader(SIZE_MAX).receive, bytes((byte,)))


def test_what_is_too_large_is_thrown_away_and_counted():
    reader = mqtt.Reader(20)
    for qos, size, packet in ((0, 21, 0), (1, 21, 7), (1, 300, 7), (1, 100000, 7)):
        body = b"\x00\x03a/b" + (b"\x00\x07" if qos else b"")
        length = bytearray()
        rest = size
        while True:
            length.append(rest & 0x7F | (0x80 if rest > 0x7F else 0))
            rest >>= 7
            if not rest:
                break
        data = bytes((0x30 | qos << 1,)) + bytes(length) + body + bytes(size - len(body)) + b"\xd0\x00"
        before = reader.oversize
        at = reader.receive(data)
        assert at == len(data) - 2
        assert reader.packet() == (mqtt.OVERSIZE, packet) and reader.oversize == before + 1
        assert reader.receive(data[at:]) == 2 and reader.packet() == (mqtt.PINGRESP, 0)
    fits = b"\x32\x14\x00\x03a/b\x00\x07" + bytes(13)
    reader.receive(fits)
    assert reader.packet() == (mqtt.PUBLISH, "a/b", bytes(13), 7)


def test_a_topic_too_large_for_the_reader_hides_the_id_only():
    assert read(b"\x32\x1e\x00\x14" + b"t" * 20 + b"\x00\x07" + bytes(6), 1000, 20) == [(mqtt.OVERSIZE, 0)]
    assert refused(Malformed, read, b"\x32\x1e\x00\x1d" + b"t" * 28, 1000, 20)


def test_a_reset_reader_starts_with_a_new_packet():
    for data, expected in SERVER:
        for split in range(len(data)):
            reader = mqtt.Reader(SIZE_MAX)
            reader.receive(data[:split])
            reader.reset()
            reader.receive(data)
            assert reader.packet() == expected
