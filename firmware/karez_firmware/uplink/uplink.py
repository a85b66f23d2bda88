"""The uplink: one client, one courier, one retained state (design §9).

It never decides anything about the pump and never blocks it: the app pumps it between
control steps and says when a TLS handshake may take the processor.
"""

from karez_protocols import link
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from ..core.clock import GATEWAY
from ..store import objects
from .courier import Courier
from .mqtt_client import CONNECTING, UP, MqttClient

_STATE_MS = const(60_000)  # the retained state is at most a minute old while the link stands
_UNSENT_MS = const(100)  # how soon a new record is looked at while the link stands
_COMMANDS_MAX = const(4)  # between two steps of the control
_START_SPREAD_MS = const(2_000)  # a village whose mains return does not knock all at once


class Uplink:
    """Records up, acknowledgements and signed objects down. `offers`: who takes those (offers.py)."""

    def __init__(self, port, identity, config, journal, offers, clock, state):
        self._port = port
        self._clock = clock
        self._journal = journal
        self._offers = offers
        self._state = state  # () -> values of link.STATE_BODY
        self._state_topic = link.topic(identity.name, "state")
        self._config = config
        self._key = identity.link_key_der
        self.client = MqttClient(
            self._open,
            port.random_below,
            identity.name,
            link.topic(identity.name, "down"),
            (self._state_topic, link.OFFLINE),
        )
        self.courier = Courier(journal, self.client, identity.name)
        self._sessions = 0
        self._stream = None
        self._state_ms = None
        self.malformed = 0
        self.on_update = None  # (payload): who takes steps of an update (update/carrier.py)
        self.commands = []  # Inputs.remote, for the next step of the control to take
        self.client.start(port.now_ms(), port.random_below(_START_SPREAD_MS))

    def _open(self):
        """Return a new connection. Raises OSError.

        Certificate and authority are read anew each time: 900 bytes that need not live for months.
        """
        nor = self._port.nor
        authority = objects.read_any(nor, objects.LINK_AUTHORITY)
        if authority is None:
            raise OSError(5)  # EIO: without one the connection would be in the clear
        certificate = objects.read_any(nor, objects.LINK_CERTIFICATE)
        return self._port.connect(self._config, certificate, self._key, authority)

    @property
    def health(self):
        """(records not acknowledged, phase of the client, how the last connection ended)."""
        return self.courier.waiting, self.client.phase, self.client.last_loss

    @property
    def is_up(self):
        """True while the link stands."""
        return self.client.phase == UP

    def pump(self, now_ms, may_block):
        """Do a bounded amount of work; `may_block()` is asked before a call that blocks."""
        client = self.client
        is_withheld = client.may_block(now_ms) and not may_block()
        client.pump(now_ms, not is_withheld)
        # Bytes that nobody takes just now would end every wait of the loop at once.
        stream = None if is_withheld or client.phase == CONNECTING else client.stream
        if stream is not self._stream:
            self._stream = stream
            self._port.listen_to(stream)
        # Also before the SUBACK (MQTT 3.1.1, 3.8.4): a message that is not taken stops all reading.
        message = client.take()
        if message:
            self._handle(message[1], now_ms)
        if not client.can_publish():
            self.courier.look()
        if not self.is_up:
            return
        sessions = client.sessions
        if sessions != self._sessions:
            self._sessions = sessions
            self._state_ms = None
            self.courier.connected()
        if self._state_ms is None or now_ms - self._state_ms >= _STATE_MS:
            payload = link.encode_state(self._state())
            if client.publish(self._state_topic, payload, retain=True) is not None:
                self._state_ms = now_ms
        try:
            if self.courier.pump(now_ms):
                client.pump(now_ms)
        except MemoryError:
            pass  # no 2 kB in one piece for a frame: the link may wait, the pump may not

    def _handle(self, payload, now_ms):
        try:
            kind, value = link.decode_down(payload)
        except ProtocolError:
            self.malformed += 1
            return
        if kind == link.GRANT:
            self._offers.grant(value)
        elif kind == link.ORDER:
            self._offers.order(value)
        elif kind == link.KEYS:
            self._offers.keys(value)
        elif kind == link.TIME:
            self._set_clock(value["utc_s"], now_ms)
        elif kind == link.COMMAND:
            self._command(value)
        elif kind == link.UPDATE:
            if self.on_update:
                self.on_update(value)
            else:
                self.malformed += 1  # nobody here takes it
        elif self.courier.acknowledged(value, now_ms):
            self._note_time()
            # Confirmed records may be overwritten: the head must know before they are.
            self._journal.save()

    def _set_clock(self, utc_s, now_ms):
        """The gateway's time, as far as it may move this clock (core/clock.py); the port keeps it."""
        found = None if utc_s is None else self._clock.adjust(utc_s, GATEWAY, now_ms)
        if found:
            self._port.set_utc(*found)

    def _command(self, values):
        if len(self.commands) >= _COMMANDS_MAX:
            return  # whoever floods is not heard; a person at the well always is
        if values["verb"] == link.STOP:
            self.commands.append(("stop",))
        else:
            self.commands.append(("start", values["account"], values["boot"], values["until_s"]))

    def _note_time(self):
        """When the gateway was heard last: by trusted time. Without it the floor has passed at least."""
        head, clock = self._journal.head, self._clock
        if clock.is_trusted:
            head["acknowledged_utc_s"] = clock.utc_s
        elif head["acknowledged_utc_s"] is not None:
            head["acknowledged_utc_s"] = max(head["acknowledged_utc_s"], clock.floor_utc_s)

    def reset(self):
        """Drop the connection and begin anew: something in it failed."""
        now_ms = self._port.now_ms()
        self.client.stop()
        self.client.start(now_ms, self._port.random_below(_START_SPREAD_MS))

    def next_deadline_ms(self, now_ms):
        """When to pump though nothing comes in."""
        due_ms = self.client.next_deadline_ms()
        if due_ms is None:
            return now_ms + _STATE_MS
        if self.is_up and self.courier.has_unsent and self.client.can_publish():
            due_ms = min(due_ms, now_ms + _UNSENT_MS)
        return due_ms
