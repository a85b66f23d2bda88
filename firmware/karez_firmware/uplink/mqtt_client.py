"""MQTT client of the controller: driven by ticks, bounded in time and memory, never waiting.

`pump(now_ms)` does at most one write, one read and a few packets, then returns; nothing here
sleeps, blocks or spins. Publishes that a lost connection leaves unacknowledged are NOT sent
again: the link's own acknowledgement (*stored durably*) is above, and the application resends
from the last stored record. The counter SESSIONS tells it that a new connection has begun.

The stream is the port's, one object per connection, made by `open_stream()`:

    connect_step() -> bool         True when the TCP connection stands, False = ask again
    handshake_step(first) -> int   bytes of `first` taken once the connection is secure, None = not
                                   yet. A board's TLS tells the end of its handshake only by
                                   taking data; plain TCP writes at once.
    read(n) -> bytes               1..n bytes, None = nothing now, b"" = the peer closed
    write(buffer) -> int           bytes taken, perhaps fewer; None = nothing now
    close()                        twice does no harm

None of them may block but `handshake_step`, whose elliptic-curve arithmetic is one C call of up
to the port's `tls_block_ms`; the caller withholds it with `may_block=False`. All raise OSError
on failure. After None or a short count this client offers exactly the rest of the same slice:
TLS has sealed it already, and a slice that has grown would lose bytes (mbedtls_ssl_write).
"""

from karez_protocols import mqtt
from karez_protocols.errors import Malformed

try:
    from micropython import const  # type: ignore[import-not-found]
except ImportError:
    const = int  # mpy-cross folds const(): a private name then costs no heap, a plain one 47 B

# Phases. From _CONNACK to UP MQTT is spoken.
DOWN = const(0)
CONNECTING = const(1)
_TLS = const(2)
_CONNACK = const(3)
_SUBSCRIBING = const(4)
UP = const(5)
_BACKOFF = const(6)

# One row a phase: where each event leads (what is not meant to happen changes nothing), and the
# longest stay in seconds; when up, the longest wait for a PUBACK or PINGRESP. A mobile network's
# TCP connection waits for a radio channel; a board's handshake takes 1.1 s beside its round trips.
_START = const(0)
_DONE = const(1)  # the phase has reached its aim
_LOST = const(2)
_STOPPED = const(3)
_S_MAX = const(4)
_ROW = const(5)
TRANSITIONS = (  # start done lost stopped, seconds
    b"\6\0\0\0\0"  # 0 down: a start waits its delay in backoff
    b"\1\2\6\0\x0f"  # 1 connecting
    b"\2\3\6\0\x14"  # 2 tls
    b"\3\4\6\0\x0a"  # 3 connack
    b"\4\5\6\0\x0a"  # 4 subscribing
    b"\5\5\6\0\x1e"  # 5 up
    b"\6\1\6\0\0"  # 6 backoff
)

_WINDOW = const(4)  # unacknowledged publishes: 4 frames of 16 records, what a slow link's drain needs
_POLL_MS = const(50)  # between tries where no arriving byte says that it is time
# 1 s, doubled seven times to 128 s: a district is back two minutes after its broker.
_BACKOFF_MS = const(1000)
_DOUBLINGS_MAX = const(7)

_OUT_SIZE = const(256)  # CONNECT (66 B), or PUBLISH up to its payload and the small packets behind it
_READ_ROOM = const(6)  # of it: what comes may need a PUBACK (4 B), a silence a PINGREQ (2 B)
_SMALL_SIZE = const(128)  # a payload copied to its head: one TLS record, 29 B less on the air
_IN_SIZE = const(640)  # the largest message down (600 B) and its topic; larger is thrown away, counted
_READ_SIZE = const(256)  # per pump
_PACKETS_MAX = const(4)  # per pump
_SUBSCRIBE_ID = const(0xFFFF)  # publishes never use it
_PING_ID = const(0)  # a PINGRESP is owed like a PUBACK


class MqttClient:
    """One connection to one broker, made again whenever it is lost.

    After `start`: `pump` when something may have happened and by `next_deadline_ms` at the latest,
    then `take` what came. To be read only: `phase`, `stream` (None, or what the port may poll),
    `unacknowledged` (packet ids, 0 = a ping; a lost connection forgets them), `last_loss` =
    (phase, why, errno or return code), the counters `sessions losses acknowledged received
    bytes_carried` (both ways, without TLS) and `reader.oversize`.
    """

    def __init__(self, open_stream, random_below, client_id, topic_filter, will, keepalive_s=120):
        """`random_below(n)` gives an int in 0..n-1; `will` = (topic, payload); QoS 1 throughout.

        Raises NotAllowed for what MQTT cannot carry.
        """
        self._open_stream = open_stream
        self._random_below = random_below
        self._connect = mqtt.connect(client_id, keepalive_s, will[0], will[1])
        self._subscribe = mqtt.subscribe(_SUBSCRIBE_ID, topic_filter)
        # 3.1.2.10: a packet at least every keepalive_s; a quarter is left for the way.
        self._idle_ms = 750 * keepalive_s
        self.reader = mqtt.Reader(_IN_SIZE)
        self._out = bytearray(_OUT_SIZE)
        self.sessions = self.losses = self.acknowledged = self.received = self.bytes_carried = 0
        self._failures = 0  # since the broker last acknowledged something
        self._packet_id = self._now_ms = 0
        self.phase = DOWN
        self.last_loss = self.stream = None
        self.stop()

    def start(self, now_ms, delay_ms=0):
        """Begin, `delay_ms` from now: a random one spreads a village whose mains return."""
        if self.phase == DOWN:
            self._now_ms = now_ms
            self._fire(_START)
            self._deadline_ms = now_ms + delay_ms

    def stop(self, event=_STOPPED):
        """Say DISCONNECT if that needs no waiting (else the will speaks), close, stay down."""
        if self.stream:
            try:
                try:
                    if event == _STOPPED and self.phase >= _CONNACK and not (self._slice or self._payload):
                        self.stream.write(mqtt.DISCONNECT_BYTES)
                finally:
                    self.stream.close()
            except OSError:
                pass
        # Nothing of one connection may reach the next.
        self.stream = self._inbox = None
        self.unacknowledged: list = []
        self._has_worked = False
        self._chunk: memoryview | bytes = b""
        self._slice: memoryview | bytes = b""
        self._payload: memoryview | bytes | None = None
        self._out_at = self._out_end = 0
        self.reader.reset()
        self._fire(event)

    def can_publish(self):
        """Return True if a message of any size would be taken now."""
        pending = self._out_end or self._slice or self._payload
        return self.phase == UP and not pending and len(self.unacknowledged) < _WINDOW

    def publish(self, topic, payload, retain=False):
        """Queue one message; return its packet id, or None: not up, or window or buffer full.

        A large payload is not copied: it must not change. Raises NotAllowed (topic).
        """
        if self.phase != UP or len(self.unacknowledged) >= _WINDOW:
            return None
        packet_id = self._packet_id % (_SUBSCRIBE_ID - 1) + 1
        packet = mqtt.publish(topic, len(payload), packet_id, retain)
        if len(payload) <= _SMALL_SIZE:
            if not self._queue(packet + payload):
                return None
        elif self._slice or not self._queue(packet):  # one large payload at a time
            return None
        else:
            self._payload = payload
        self._owe(packet_id)
        self._packet_id = packet_id
        return packet_id

    def take(self):
        """Return the message that came as (topic, payload), or None; until then nothing is read."""
        message, self._inbox = self._inbox, None
        if message:
            self._has_worked = True
        return message

    def next_deadline_ms(self):
        """When to pump again though no byte arrives: at once after work; None = down."""
        phase = self.phase
        if phase == DOWN:
            return None
        if self._has_worked:
            return self._now_ms
        due = self._now_ms + _POLL_MS
        if phase <= _TLS or self._out_end or self._slice:
            return due
        is_idle = phase == UP and not self.unacknowledged
        return max(due, self._sent_ms + self._idle_ms if is_idle else self._deadline_ms)

    def may_block(self, now_ms):
        """True when the next `pump` opens a connection or goes on with a handshake."""
        return self.phase == _TLS or (self.phase == _BACKOFF and now_ms >= self._deadline_ms)

    def pump(self, now_ms, may_block=True):
        """Do a bounded amount of work; return True if anything was done (pump again soon).

        `may_block=False` keeps a TLS handshake from starting or going on.
        """
        self._now_ms = now_ms
        phase = self.phase
        worked = False
        # mypy: the table gives a stream to every phase that asks for one.
        try:
            if _CONNACK <= phase <= UP:
                worked = self._send(self.stream.write)  # type: ignore[union-attr]
                worked = self._receive() or worked
            elif phase == _TLS:
                if may_block and self._send(self.stream.handshake_step):  # type: ignore[union-attr]
                    self._fire(_DONE)
            elif phase == CONNECTING:
                if self.stream.connect_step():  # type: ignore[union-attr]
                    self._queue(self._connect)
                    self._fire(_DONE)
            elif phase == _BACKOFF and may_block and now_ms >= self._deadline_ms:
                self._fire(_DONE)
                self.stream = self._open_stream()
        except (OSError, Malformed, MemoryError) as error:
            self._lose(type(error).__name__, error.args[0] if error.args else 0)
        self._has_worked = worked
        if self.phase == UP and not self.unacknowledged:
            if now_ms >= self._sent_ms + self._idle_ms:
                self._queue(mqtt.PINGREQ_BYTES)  # _READ_ROOM is for it, too
                self._owe(_PING_ID)
        elif now_ms >= self._deadline_ms and DOWN < self.phase < _BACKOFF:
            self._lose("overdue")
        if self.phase != phase:
            self._has_worked = True
        return self._has_worked

    def _fire(self, event):
        self.phase = TRANSITIONS[_ROW * self.phase + event]
        self._deadline_ms = self._now_ms + 1000 * TRANSITIONS[_ROW * self.phase + _S_MAX]

    def _owe(self, packet_id):
        if not self.unacknowledged:
            self._fire(_DONE)  # stays up: the time to answer runs from now
        self.unacknowledged.append(packet_id)
        self._has_worked = True

    def _lose(self, why, detail=0):
        self.last_loss = (self.phase, why, detail)
        self.losses += 1
        self.stop(_LOST)
        half = _BACKOFF_MS // 2 << self._failures
        self._failures = min(self._failures + 1, _DOUBLINGS_MAX)
        # Half fixed, half random: ten thousand controllers do not come back in one second.
        self._deadline_ms = self._now_ms + half + self._random_below(half + 1)

    def _queue(self, packet):
        """Append to what goes out; False if it has no room, or a payload still has to go first."""
        end = self._out_end + len(packet)
        if end > _OUT_SIZE or self._payload:
            return False
        self._out[self._out_end : end] = packet
        self._out_end = end
        return True

    def _send(self, write):
        """Offer one slice: small packets, then the payload of the last of them."""
        if not self._slice:
            if self._out_at < self._out_end:
                self._slice = memoryview(self._out)[self._out_at : self._out_end]
                self._out_at = self._out_end
            elif self._payload:
                self._slice = memoryview(self._payload)
                self._payload = None
            else:
                return False
        count = write(self._slice)
        if not count:
            return False
        self._slice = self._slice[count:]
        if not self._slice and self._out_at == self._out_end:
            self._out_at = self._out_end = 0
        self._sent_ms = self._now_ms
        self.bytes_carried += count
        return True

    def _receive(self):
        """Obey up to _PACKETS_MAX packets of at most one read. Raises Malformed."""
        worked = False
        for _ in range(_PACKETS_MAX):
            if self._inbox or self._payload or self._out_end > _OUT_SIZE - _READ_ROOM:
                break
            if not self._chunk:
                chunk = None if worked else self.stream.read(_READ_SIZE)  # type: ignore[union-attr]
                if chunk is None:
                    break
                if not chunk:
                    self._lose("closed")
                    break
                self._chunk = memoryview(chunk)
                self.bytes_carried += len(chunk)
            worked = True
            self._chunk = self._chunk[self.reader.receive(self._chunk) :] or b""
            packet = self.reader.packet()
            if packet and not self._obey(packet[0], packet[-1], packet):
                break
        return worked

    def _obey(self, kind, last, packet):
        """Obey one packet; False if it ended the connection. Raises Malformed."""
        phase = self.phase
        # 3.2: CONNACK comes first and once; we subscribe once.
        if (phase == _CONNACK) != (kind == mqtt.CONNACK) or (kind == mqtt.SUBACK and phase == UP):
            raise Malformed(kind)
        if kind in (mqtt.CONNACK, mqtt.SUBACK):
            if last > 1 or (last and phase == _CONNACK):
                self._lose("refused", last)
                return False
            self._fire(_DONE)
            if phase == _CONNACK:
                self._queue(self._subscribe)
            else:
                self.sessions += 1
        elif kind in (mqtt.PUBACK, mqtt.PINGRESP):
            if last in self.unacknowledged:  # else the broker repeats itself: no harm
                self.unacknowledged.remove(last)
                self._fire(_DONE)  # stays up: the next answer may take its time
                if last != _PING_ID:
                    self.acknowledged += 1
                    self._failures = 0
        else:
            if kind == mqtt.PUBLISH:
                self.received += 1
                self._inbox = packet[1], packet[2]
            if last:  # 3.3.4: QoS 1 is answered; a message too large would only come again
                self._queue(mqtt.puback(last))
        return True
