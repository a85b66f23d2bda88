"""The MQTT client on a wire that keeps the stream contract and misbehaves in every allowed way."""

from karez_firmware.uplink import mqtt_client
from karez_firmware.uplink.mqtt_client import MqttClient
from karez_protocols.errors import NotAllowed

DOWN, CONNECTING, TLS, CONNACK, SUBSCRIBING, UP, BACKOFF = range(7)
S_MAX = {CONNECTING: 15, TLS: 20, CONNACK: 10, SUBSCRIBING: 10, UP: 30}

CONNECT_BYTES = b"\x10\x21\x00\x04MQTT\x04\x2e\x00\x78\x00\x02KZ\x00\x0dkarez/1/KZ/st\x00\x02\x01\x00"
SUBSCRIBE_BYTES = b"\x82\x14\xff\xff\x00\x0fkarez/1/KZ/down\x01"
CONNACK_BYTES = b"\x20\x02\x00\x00"
SUBACK_BYTES = b"\x90\x03\xff\xff\x01"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


class Wire:
    """A stream as the contract has it; it accepts what its room allows and checks the slice rule."""

    def __init__(self):
        self.steps = {"connect_step": 0, "handshake_step": 0}  # calls that say "not yet"
        self.room = None  # bytes the next writes take; None = all
        self.portion = 1 << 20  # bytes a read gives at most
        self.incoming = b""
        self.sent = b""
        self.reads = self.writes = self.closes = 0
        self.is_closed = False  # by the peer
        self.error = {}  # method name → error to raise
        self._sealed = None

    def _fail(self, name):
        assert not self.closes, name + " after close"
        if name in self.error:
            raise self.error[name]

    def connect_step(self):
        self._fail("connect_step")
        self.steps["connect_step"] -= 1
        return self.steps["connect_step"] < 0

    def handshake_step(self, first):
        self._fail("handshake_step")
        self.steps["handshake_step"] -= 1
        return self._take(first) if self.steps["handshake_step"] < 0 else None

    def write(self, data):
        self._fail("write")
        return self._take(data)

    def _take(self, data):
        self.writes += 1
        data = bytes(data)
        assert data, "an empty write"
        # TLS has sealed what was offered: the rest of the same slice, neither more nor less.
        assert self._sealed is None or data == self._sealed, "another slice after a short write"
        count = len(data) if self.room is None else min(self.room, len(data))
        if self.room is not None:
            self.room -= count
        self.sent += data[:count]
        self._sealed = data[count:] or None
        return count or None

    def read(self, size):
        self._fail("read")
        self.reads += 1
        size = min(size, self.portion)
        data, self.incoming = self.incoming[:size], self.incoming[size:]
        return data or (b"" if self.is_closed else None)

    def close(self):
        self.closes += 1
        if "close" in self.error:
            raise self.error["close"]


class Link:
    """A client, the wires it opened, and the time."""

    def __init__(self, keepalive_s=120):
        self.wires = []
        self.prepare = lambda wire: None
        self.jitter = 0
        self.now_ms = 1000
        self.client = MqttClient(
            self._open, self._random, "KZ", "karez/1/KZ/down", ("karez/1/KZ/st", b"\1\0"), keepalive_s
        )

    def _open(self):
        wire = Wire()
        self.prepare(wire)
        if "open" in wire.error:
            raise wire.error["open"]
        self.wires.append(wire)
        return wire

    def _random(self, limit):
        return min(self.jitter, limit - 1)

    @property
    def wire(self):
        return self.wires[-1]

    def pump(self, until_ms=None, may_block=True):
        """Pump as an app does: until nothing happens, and at each deadline up to a time."""
        while True:
            for _ in range(10000):
                if not self.client.pump(self.now_ms, may_block):
                    break
            else:
                raise AssertionError("never idle")
            due = self.client.next_deadline_ms()
            if until_ms is None or self.now_ms >= until_ms:
                return
            assert due is None or due > self.now_ms
            self.now_ms = until_ms if due is None else min(due, until_ms)

    def answer(self, data):
        self.wire.incoming += data
        self.pump()

    def up(self):
        self.client.start(self.now_ms)
        self.pump()
        self.answer(CONNACK_BYTES)
        self.answer(SUBACK_BYTES)
        assert self.client.phase == UP
        self.wire.sent = b""
        return self


def puback(packet_id):
    return bytes((0x40, 2, packet_id >> 8, packet_id & 255))


def message(payload, packet_id=0):
    body = b"\x00\x0fkarez/1/KZ/down" + (bytes((packet_id >> 8, packet_id & 255)) if packet_id else b"")
    size = len(body) + len(payload)
    assert size < 16384
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((0x32 if packet_id else 0x30,)) + length + body + payload


def packets(stream):
    """Split what a client sent into packets, as a broker does."""
    found = []
    while stream:
        size, shift, at = 0, 0, 1
        while True:
            size |= (stream[at] & 127) << shift
            shift += 7
            at += 1
            if not stream[at - 1] & 128:
                break
        assert at + size <= len(stream)
        found.append((stream[0], stream[at : at + size]))
        stream = stream[at + size :]
    return found


def reach(phase, link=None):
    """A link whose client stands in this phase, with nothing more to do."""
    link = link or Link()
    blocked = {CONNECTING: "connect_step", TLS: "handshake_step"}.get(phase)

    def prepare(wire):
        if blocked:
            wire.steps[blocked] = 1 << 30

    link.prepare = prepare
    if phase == BACKOFF:
        link.client.start(link.now_ms, 500)
    elif phase != DOWN:
        link.client.start(link.now_ms)
        link.pump()
    if phase in (SUBSCRIBING, UP):
        link.answer(CONNACK_BYTES)
    if phase == UP:
        link.answer(SUBACK_BYTES)
    assert link.client.phase == phase
    return link


def test_the_table_leads_forward_and_back_and_nowhere_else():
    start, done, lost, stopped = range(4)
    allowed = {(DOWN, start): BACKOFF, (BACKOFF, done): CONNECTING}
    for phase in (CONNECTING, TLS, CONNACK, SUBSCRIBING):
        allowed[phase, done] = phase + 1
    for phase in range(7):
        for event in range(4):
            expected = allowed.get((phase, event), phase)
            if event == stopped:
                expected = DOWN
            if event == lost and DOWN < phase < BACKOFF:
                expected = BACKOFF
            assert mqtt_client.TRANSITIONS[5 * phase + event] == expected, (phase, event)
        assert mqtt_client.TRANSITIONS[5 * phase + 4] == S_MAX.get(phase, 0)
    assert len(mqtt_client.TRANSITIONS) == 35


def test_it_comes_up_step_by_step():
    link = Link()
    link.prepare = lambda wire: wire.steps.update({"connect_step": 2, "handshake_step": 2})
    client = link.client
    phases = []
    client.start(link.now_ms)
    for turn in range(30):
        client.pump(link.now_ms + turn)
        if not phases or phases[-1] != client.phase:
            phases.append(client.phase)
            if client.phase == CONNACK:
                link.wire.incoming = CONNACK_BYTES
            if client.phase == SUBSCRIBING:
                link.wire.incoming = SUBACK_BYTES
    assert phases == [CONNECTING, TLS, CONNACK, SUBSCRIBING, UP]
    assert link.wire.sent == CONNECT_BYTES + SUBSCRIBE_BYTES
    assert client.sessions == 1 and client.losses == 0 and client.last_loss is None
    assert client.bytes_carried == len(CONNECT_BYTES + SUBSCRIBE_BYTES + CONNACK_BYTES + SUBACK_BYTES)


def test_every_phase_ends_at_its_deadline_and_not_before():
    for phase in (CONNECTING, TLS, CONNACK, SUBSCRIBING):
        link = reach(phase)
        entered_ms = link.now_ms
        link.pump(entered_ms + 1000 * S_MAX[phase] - 1)
        assert link.client.phase == phase
        link.now_ms += 1
        link.client.pump(link.now_ms)
        assert link.client.phase == BACKOFF and link.client.last_loss == (phase, "overdue", 0)
        assert link.wire.closes == 1 and link.client.stream is None


def test_pumped_at_its_own_deadlines_only_it_is_late_by_a_tick_at_most():
    for phase in (CONNECTING, TLS, CONNACK, SUBSCRIBING):
        link = reach(phase)
        limit_ms = link.now_ms + 1000 * S_MAX[phase]
        while link.client.phase == phase:
            due = link.client.next_deadline_ms()
            assert link.now_ms < due
            link.now_ms = due
            link.client.pump(link.now_ms)
        assert limit_ms <= link.now_ms <= limit_ms + 50


def test_a_peer_that_hangs_up_is_a_loss_in_every_phase():
    for phase in (CONNACK, SUBSCRIBING, UP):
        link = reach(phase)
        link.wire.is_closed = True
        link.pump()
        assert link.client.phase == BACKOFF and link.client.last_loss == (phase, "closed", 0)


def test_an_error_of_the_stream_is_a_loss_in_every_phase():
    cases = ((CONNECTING, "connect_step"), (TLS, "handshake_step"), (CONNACK, "read"), (UP, "read"))
    for phase, method in cases:
        for error, name, detail in (
            (OSError(104), "OSError", 104),
            (OSError("refused certificate"), "OSError", "refused certificate"),
            (OSError(), "OSError", 0),
            (MemoryError("no"), "MemoryError", "no"),
        ):
            link = reach(phase)
            link.wire.error[method] = error
            link.wire.error["close"] = OSError(9)
            link.client.pump(link.now_ms)
            assert link.client.phase == BACKOFF, (phase, method)
            assert link.client.last_loss == (phase, name, detail)
    link = reach(UP)
    link.client.publish("t", b"x")
    link.wire.error["write"] = OSError(32)
    link.client.pump(link.now_ms)
    assert link.client.last_loss == (UP, "OSError", 32)


def test_no_stream_to_be_had_is_a_loss_too():
    link = Link()
    link.prepare = lambda wire: wire.error.update({"open": OSError(24)})
    link.client.start(link.now_ms)
    link.pump()
    assert link.client.phase == BACKOFF and link.client.last_loss == (CONNECTING, "OSError", 24)


def test_a_refusal_is_told_with_its_code():
    link = reach(CONNACK)
    link.answer(b"\x20\x02\x00\x05")
    assert link.client.last_loss == (CONNACK, "refused", 5) and link.client.phase == BACKOFF
    link = reach(CONNACK)
    link.answer(b"\x20\x02\x00\x01")
    assert link.client.last_loss == (CONNACK, "refused", 1)
    link = reach(SUBSCRIBING)
    link.answer(b"\x90\x03\xff\xff\x80")
    assert link.client.last_loss == (SUBSCRIBING, "refused", 0x80) and link.client.sessions == 0


def test_what_a_broker_may_not_say_now_ends_the_connection():
    for phase, data in (
        (CONNACK, SUBACK_BYTES),
        (CONNACK, PINGRESP),
        (CONNACK, message(b"x")),
        (SUBSCRIBING, CONNACK_BYTES),
        (UP, CONNACK_BYTES),
        (UP, SUBACK_BYTES),
        (UP, b"\x10\x00"),
        (UP, b"\x30\x80\x80\x80\x80\x01"),
        (UP, b"\x34\x05\x00\x01a\x00\x01"),
    ):
        link = reach(phase)
        link.answer(data)
        assert link.client.phase == BACKOFF and link.client.last_loss[:2] == (phase, "Malformed"), data
        assert link.wire.closes == 1


def test_the_next_connection_knows_nothing_of_the_lost_one():
    link = Link().up()
    assert link.client.publish("karez/1/KZ/up", bytes(2060)) == 1
    link.wire.room = 100
    link.pump()
    link.answer(message(b"half", 5)[:-2])
    link.wire.is_closed = True
    link.pump()
    assert link.client.phase == BACKOFF and link.client.unacknowledged == []
    link.pump(link.now_ms + 1000)
    link.answer(CONNACK_BYTES)
    link.answer(SUBACK_BYTES + PINGRESP + puback(1))
    assert link.client.phase == UP and link.client.sessions == 2 and len(link.wires) == 2
    assert link.wire.sent == CONNECT_BYTES + SUBSCRIBE_BYTES
    assert link.client.acknowledged == 0 and link.client.take() is None


def test_publishes_wait_for_a_window_of_four():
    link = Link().up()
    for packet_id in (1, 2, 3, 4):
        assert link.client.can_publish()
        assert link.client.publish("karez/1/KZ/up", b"frame %d" % packet_id) == packet_id
        link.pump()
    assert link.client.publish("karez/1/KZ/up", b"x") is None and not link.client.can_publish()
    assert link.client.unacknowledged == [1, 2, 3, 4]
    link.answer(puback(3))
    assert link.client.unacknowledged == [1, 2, 4] and link.client.acknowledged == 1
    assert link.client.publish("karez/1/KZ/up", b"frame 5", True) == 5
    link.answer(puback(3) + puback(77))  # a second time, and of nobody: no harm
    assert link.client.acknowledged == 1 and link.client.phase == UP
    expected = []
    for packet_id in range(1, 6):
        head = b"\x00\x0dkarez/1/KZ/up" + bytes((0, packet_id))
        expected.append((0x33 if packet_id == 5 else 0x32, head + b"frame %d" % packet_id))
    assert packets(link.wire.sent) == expected


def test_nothing_is_published_unless_up():
    for phase in (DOWN, CONNECTING, TLS, CONNACK, SUBSCRIBING, BACKOFF):
        client = reach(phase).client
        assert client.publish("t", b"x") is None and not client.can_publish(), phase


def test_a_topic_that_is_none_is_refused_and_leaves_no_trace():
    link = Link().up()
    for topic in ("", "a/+", "#"):
        try:
            link.client.publish(topic, b"x")
        except NotAllowed:
            continue
        raise AssertionError(topic)
    assert link.client.can_publish()
    link.pump()
    assert link.wire.sent == b""


def test_one_large_payload_at_a_time():
    link = Link().up()
    link.wire.room = 0
    assert link.client.publish("t", bytes(2060)) == 1
    assert not link.client.can_publish()
    assert link.client.publish("t", bytes(2060)) is None
    assert link.client.publish("t", b"small") is None  # it would fall between head and payload
    link.wire.room = 20  # the head and nothing more
    link.pump()
    assert link.client.publish("t", bytes(2060)) is None
    assert link.client.publish("t", b"small") == 2  # behind the payload, which is on its way
    link.wire.room = None
    link.pump()
    assert [len(body) for _, body in packets(link.wire.sent)] == [5 + 2060, 5 + 5]
    assert link.client.can_publish() and link.client.publish("t", bytes(2060)) == 3


def test_small_messages_fill_the_buffer_and_no_more():
    link = Link(keepalive_s=1000).up()
    link.wire.room = 0
    taken = 0
    while link.client.publish("karez/1/KZ/state", bytes(60)) is not None:
        taken += 1
    assert taken == 3  # 3 × 82 B of 256 B
    link.wire.room = None
    link.pump()
    assert len(packets(link.wire.sent)) == 3
    assert link.client.publish("karez/1/KZ/state", bytes(60)) is not None


def numbers(seed):
    """A repeatable source of small numbers for both interpreters."""
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 8


def test_random_short_writes_and_split_reads_lose_nothing():
    for seed in range(20):
        dice = numbers(seed)
        link = Link().up()
        expected, inbound, taken, acked = [], [], [], 0
        for turn in range(400):
            link.now_ms += 10
            link.wire.room = (0, 1, 7, 100, 3000)[next(dice) % 5]
            link.wire.portion = (1, 2, 3, 50, 1000)[next(dice) % 5]
            payload = bytes((turn & 255,)) * (0, 1, 60, 128, 129, 600, 2060)[next(dice) % 7]
            if link.client.publish("karez/1/KZ/up", payload) is not None:
                expected.append(payload)
            if not next(dice) % 4 and len(link.wire.incoming) < 2000:
                inbound.append(b"%d" % turn + bytes(next(dice) % 580))
                link.wire.incoming += message(inbound[-1], 1 + turn)
            while acked < len(expected) and len(link.wire.incoming) < 2000 and next(dice) % 2:
                acked += 1
                link.wire.incoming += puback(acked)
            link.client.pump(link.now_ms)
            got = link.client.take()
            if got:
                taken.append(got[1])
        link.wire.room, link.wire.portion = None, 1000
        for _ in range(500):
            link.client.pump(link.now_ms)
            got = link.client.take()
            if got:
                taken.append(got[1])
        assert link.client.phase == UP and taken == inbound and len(taken) > 20, seed
        published = [body[17:] for first, body in packets(link.wire.sent) if first == 0x32]
        assert published == expected and len(expected) > 30, (seed, len(expected))
        answered = [body for first, body in packets(link.wire.sent) if first == 0x40]
        assert len(answered) == len(inbound), seed


def test_a_flood_is_taken_in_small_portions():
    link = Link().up()
    link.wire.incoming = message(b"x" * 20) * 500
    for count in range(500):
        reads, left = link.wire.reads, len(link.wire.incoming)
        while link.client.take() is None:
            before = link.wire.reads
            link.client.pump(link.now_ms)
            assert link.wire.reads <= before + 1
        assert link.wire.reads <= reads + 2 and left - len(link.wire.incoming) <= 512, count
    link = Link().up()
    link.wire.incoming = PINGRESP * 4000
    for _ in range(200):
        left = len(link.wire.incoming)
        link.client.pump(link.now_ms)
        assert left - len(link.wire.incoming) <= 256
    assert len(link.wire.incoming) > 8000 - 200 * 2 * 4 - 257  # four packets a pump
    link.wire.portion = 2
    for _ in range(200):
        reads = link.wire.reads
        link.client.pump(link.now_ms)
        assert link.wire.reads <= reads + 1


def test_a_message_waits_until_it_is_taken():
    link = Link().up()
    link.answer(message(b"one", 7) + message(b"two"))
    link.wire.incoming += message(b"three")
    reads = link.wire.reads
    link.pump()
    assert link.wire.reads == reads and link.wire.sent == puback(7)
    assert link.client.take() == ("karez/1/KZ/down", b"one")
    assert link.client.next_deadline_ms() == link.now_ms  # there is more
    assert link.client.take() is None
    link.pump()
    assert link.client.take() == ("karez/1/KZ/down", b"two")
    link.pump()
    assert link.client.take() == ("karez/1/KZ/down", b"three")
    link.pump()
    assert link.client.take() is None and link.client.received == 3
    assert link.wire.sent == puback(7)


def test_a_message_may_come_before_the_suback():
    link = reach(SUBSCRIBING)
    link.answer(message(b"early", 9))
    assert link.client.take() == ("karez/1/KZ/down", b"early")
    link.answer(SUBACK_BYTES)
    assert link.client.phase == UP and link.wire.sent.endswith(puback(9))


def test_a_message_too_large_is_answered_and_counted_and_the_next_one_comes():
    link = Link().up()
    link.answer(message(bytes(5000), 7) + message(b"next", 8))
    assert link.client.take() == ("karez/1/KZ/down", b"next")
    assert link.wire.sent == puback(7) + puback(8)
    assert link.client.reader.oversize == 1 and link.client.received == 1
    link.answer(message(bytes(600), 9))
    assert link.client.take() == ("karez/1/KZ/down", bytes(600))


def test_without_room_for_its_answer_nothing_is_read():
    link = Link().up()
    link.wire.room = 0
    for packet_id in range(1, 101):
        link.wire.incoming += message(b"x", packet_id)
    for _ in range(200):
        link.client.pump(link.now_ms)
        link.client.take()
    assert 55 <= link.client.received <= 63  # 4 B each of 256 B
    link.wire.room = None
    for _ in range(200):
        link.client.pump(link.now_ms)
        link.client.take()
    assert link.client.received == 100
    assert link.wire.sent == b"".join([puback(packet_id) for packet_id in range(1, 101)])


def test_silence_is_broken_by_a_ping():
    link = Link(keepalive_s=120).up()
    quiet_ms = link.now_ms
    assert link.client.next_deadline_ms() == quiet_ms + 90000
    link.pump(quiet_ms + 89999)
    assert link.wire.sent == b""
    link.pump(quiet_ms + 90000)
    assert link.wire.sent == PINGREQ
    link.answer(PINGRESP)
    link.pump(link.now_ms + 89999)
    assert link.wire.sent == PINGREQ
    link.pump(link.now_ms + 1)
    assert link.wire.sent == PINGREQ * 2 and link.client.phase == UP
    assert link.client.acknowledged == 0


def test_a_publish_after_a_ping_has_its_own_time():
    link = Link().up()
    link.pump(link.now_ms + 90000)
    link.pump(link.now_ms + 29000)
    link.client.publish("t", b"x")
    link.answer(PINGRESP)
    link.pump(link.now_ms + 29999)
    assert link.client.phase == UP
    link.answer(PINGRESP)  # nobody asked: no excuse for the PUBACK
    link.pump(link.now_ms + 1)
    assert link.client.last_loss == (UP, "overdue", 0)


def test_more_publishes_do_not_excuse_the_first():
    link = Link().up()
    link.client.publish("t", b"one")
    for _ in range(2):
        link.pump(link.now_ms + 14000)
        link.client.publish("t", b"more")
    link.pump(link.now_ms + 1999)
    assert link.client.phase == UP
    link.pump(link.now_ms + 1)
    assert link.client.last_loss == (UP, "overdue", 0)


def test_an_unanswered_ping_ends_the_connection():
    link = Link().up()
    link.pump(link.now_ms + 90000)
    link.answer(message(b"x"))  # only a PINGRESP is an answer
    link.client.take()
    link.pump(link.now_ms + 29999)
    assert link.client.phase == UP
    link.pump(link.now_ms + 1)
    assert link.client.last_loss == (UP, "overdue", 0)


def test_an_unacknowledged_publish_ends_the_connection():
    link = Link().up()
    link.client.publish("t", b"one")
    link.pump(link.now_ms + 20000)
    link.client.publish("t", b"two")
    link.pump(link.now_ms + 5000)
    link.answer(puback(1))  # it works: the other may take its time
    link.pump(link.now_ms + 29999)
    assert link.client.phase == UP
    link.pump(link.now_ms + 1)
    assert link.client.last_loss == (UP, "overdue", 0)


def test_a_broker_that_stops_reading_is_left_even_when_nothing_is_owed():
    link = Link().up()
    link.wire.room = 0
    for packet_id in range(1, 101):
        link.wire.incoming += message(b"x", packet_id)
    for _ in range(200):
        link.client.pump(link.now_ms)
        link.client.take()
    assert link.client.unacknowledged == []
    link.pump(link.now_ms + 90000)
    link.pump(link.now_ms + 30000)
    assert link.client.last_loss == (UP, "overdue", 0)


def test_back_off_doubles_to_two_minutes_and_is_half_random():
    for jitter in (0, 1 << 30):
        link = reach(CONNECTING)
        link.jitter = jitter
        for expected in (1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 128000, 128000):
            link.pump(link.now_ms + 15000)
            assert link.client.phase == BACKOFF
            wait = expected if jitter else expected // 2
            assert link.client.next_deadline_ms() == link.now_ms + wait
            link.pump(link.now_ms + wait - 1)
            assert link.client.phase == BACKOFF
            link.pump(link.now_ms + 1)
            assert link.client.phase == CONNECTING


def test_only_an_acknowledged_publish_shortens_the_back_off():
    link = Link()

    def lose():
        link.wire.is_closed = True
        link.pump()
        return link.client.next_deadline_ms() - link.now_ms

    link.up()
    waits = []
    for turn in range(5):
        if turn == 3:
            link.client.publish("t", b"x")
            link.answer(puback(1))
        waits.append(lose())
        link.pump(link.now_ms + waits[-1])
        link.answer(CONNACK_BYTES)
        link.answer(SUBACK_BYTES)
    assert waits == [500, 1000, 2000, 500, 1000]
    link.pump(link.now_ms + 90000)
    link.answer(PINGRESP)
    assert lose() == 2000  # a ping proves less


def test_a_handshake_is_withheld_while_the_caller_may_not_block():
    link = reach(TLS)
    link.wire.steps["handshake_step"] = 0
    for _ in range(100):
        assert not link.client.pump(link.now_ms, False)
    assert link.wire.sent == b"" and link.client.next_deadline_ms() == link.now_ms + 50
    link.pump()
    assert link.client.phase == CONNACK


def test_no_connection_begins_while_the_caller_may_not_block():
    link = Link()
    link.client.start(link.now_ms)
    link.now_ms += 10000
    assert not link.client.pump(link.now_ms, False)
    assert link.client.phase == BACKOFF and not link.wires
    assert link.client.next_deadline_ms() == link.now_ms + 50  # not in the past: the app would spin
    link.pump()
    assert link.client.phase == CONNACK


def test_only_what_opens_or_shakes_hands_asks_to_block():
    for phase in range(7):
        link = reach(phase)
        assert link.client.may_block(link.now_ms) == (phase == TLS), phase
    link.pump(link.now_ms + 499)  # the last one pauses
    assert not link.client.may_block(link.now_ms) and link.client.may_block(link.now_ms + 1)


def test_a_start_may_be_delayed():
    link = Link()
    link.client.start(link.now_ms, 700)
    link.client.start(link.now_ms)  # a second start changes nothing
    assert link.client.next_deadline_ms() == link.now_ms + 700
    link.pump(link.now_ms + 699)
    assert not link.wires
    link.pump(link.now_ms + 1)
    assert link.wires


def test_stopping_says_disconnect_closes_and_stays_down():
    link = Link().up()
    link.client.stop()
    assert link.wire.sent == b"\xe0\x00" and link.wire.closes == 1
    assert link.client.phase == DOWN and link.client.next_deadline_ms() is None
    link.pump(link.now_ms + 1000000)
    assert len(link.wires) == 1 and not link.client.pump(link.now_ms)
    link.client.stop()
    assert link.client.losses == 0
    link.up()
    assert link.client.sessions == 2


def test_stopping_in_the_middle_of_a_packet_leaves_the_word_to_the_will():
    for room in (10, None):  # in the head; between head and payload
        link = Link().up()
        link.wire.room = room
        link.client.publish("t", bytes(2060))
        link.client.pump(link.now_ms)
        link.client.stop()
        assert len(link.wire.sent) in (8, 10) and b"\xe0" not in link.wire.sent
        assert link.wire.closes == 1 and link.client.phase == DOWN


def test_stopping_closes_in_every_phase_whatever_the_stream_says():
    for phase in range(7):
        link = reach(phase)
        if link.wires:
            link.wire.error.update({"write": OSError(32), "close": OSError(9)})
        link.client.stop()
        assert link.client.phase == DOWN and link.client.stream is None
        assert not link.wires or link.wire.closes == 1


def test_a_slow_caller_still_hears_what_has_come_before_it_judges():
    link = Link().up()
    link.client.publish("t", b"x")
    link.pump()
    link.wire.incoming = puback(1)
    link.now_ms += 60000  # the board was busy for a minute
    link.client.pump(link.now_ms)
    assert link.client.phase == UP and link.client.acknowledged == 1


def test_packet_ids_go_round_without_zero_and_without_the_subscriptions():
    link = Link().up()
    link.client._packet_id = 0xFFFD
    assert link.client.publish("t", b"x") == 0xFFFE
    assert link.client.publish("t", b"x") == 1
