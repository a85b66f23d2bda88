"""One controller of the fleet: the firmware's own uplink over a life that this process writes.

`Uplink`, `Courier` and `MqttClient` are those of the firmware: window, order, pauses, what is sent again.
Only their port is another one: sockets of this process, a journal in its memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_firmware.uplink.courier import Courier
from karez_firmware.uplink.uplink import Uplink
from karez_protocols import link, record
from karez_simulators.fleet import stream
from karez_simulators.fleet.journal import Journal
from karez_simulators.fleet.records import Scribe
from karez_simulators.fleet.tally import rounded
from karez_simulators.fleet.well_life import WellLife

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from karez_simulators.fleet.port import Port
    from karez_simulators.fleet.roster import Member
    from karez_simulators.fleet.tally import Tally

TURNS_MAX = 32  # of one box before the others have theirs
NOT_YET = 1 << 32  # above every number of a record
STATE_MS = 15_000  # how often an idle box is looked at: its state goes out every minute


class Identity:
    """What an uplink asks of a box's identity."""

    link_key_der = b""  # the stream has it in its certificate file

    def __init__(self, name: str) -> None:
        self.name = name


class Offers:
    """Nobody signs anything for a fleet: what comes all the same is counted."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def _count(self, _: bytes) -> None:
        self._tally.objects += 1

    grant = order = keys = _count


class Clock:
    """Set by radio: it takes the gateway's time for what it is, and has no need of it."""

    is_trusted = False  # the journal's head has no time either

    @staticmethod
    def adjust(*_: object) -> None:
        """Move nothing."""


class CountingCourier(Courier):
    """The courier, with an eye on when records go out, and on every acknowledgement that comes in."""

    def __init__(self, journal: Journal, client: Any, name: str, tally: Tally, kbps: int) -> None:
        super().__init__(journal, client, name)
        self._name, self._tally, self._kbps = name, tally, kbps
        self.free_ms = 0  # a slow uplink is taken until then
        self.sent_through = 0  # every record up to here went out at least once

    def pump(self, now_ms: int) -> bool:
        """Send at most one frame, when the uplink has carried the one before."""
        return now_ms >= self.free_ms and bool(super().pump(now_ms))

    def _send(self, seqs: Sequence[int], now_ms: int) -> bool:
        frame = self._frame
        if not super()._send(seqs, now_ms):
            return False
        if self._frame != frame:
            self._tally.frames += 1
            sent_ms = self._journal.sent_ms
            for seq in seqs:
                sent_ms[seq - 1] = sent_ms[seq - 1] or now_ms
            if self._kbps:
                size = link.UP_HEADER_SIZE + len(seqs) * record.SLOT_SIZE
                self.free_ms = max(self.free_ms, now_ms) + size * 8 // self._kbps
        return True

    def acknowledged(self, values: dict[str, Any], now_ms: int) -> bool:
        """Hold an acknowledgement against what was sent, then take it as the firmware does."""
        self._tally.acknowledgements += 1
        seq, frame = values["seq"], values["frame"]
        sent_ms = self._journal.sent_ms
        while self.sent_through < len(sent_ms) and sent_ms[self.sent_through]:
            self.sent_through += 1
        if values["chain"] != 1 or seq is None or seq > self.sent_through:
            self._tally.complain(
                f"{self._name}: {values} acknowledges what was not sent ({self.sent_through})"
            )
        if frame is None or not 0 < frame <= self._frame:
            self._tally.complain(f"{self._name}: {values} answers no frame of ours ({self._frame})")
        if seq is not None and seq < self._journal.head["acknowledged_seq"]:
            self._tally.acknowledgements_lower += 1
        return bool(super().acknowledged(values, now_ms))


class FleetUplink(Uplink):
    """The firmware's uplink with another way to open a connection, and a courier that counts."""

    def __init__(self, port: Port, journal: Journal, tally: Tally, box: Box, kbps: int) -> None:
        self._box = box
        super().__init__(port, Identity(box.member.name), None, journal, Offers(tally), Clock(), box.state)
        self.courier: CountingCourier = CountingCourier(journal, self.client, box.member.name, tally, kbps)

    def _open(self) -> stream.Stream:
        return self._box.open_stream()


class Box:
    """A controller with its records. `start()` puts it on the link."""

    def __init__(self, member: Member, port: Port, tally: Tally, checkpoint_phase_s: int) -> None:
        self.member = member
        self.tally = tally
        self.journal = Journal(self._acknowledged)
        self.scribe = Scribe(member.name, member.key, bytes.fromhex(member.binding), self.journal.keep)
        self.life = WellLife(self.scribe, intake=member.intake, checkpoint_phase_s=checkpoint_phase_s)
        self.backlog_seq = 0  # records up to here were made before it came to the link
        self.drained_ms = 0
        self.uplink: FleetUplink | None = None
        self._port = port
        self._tls: ssl.SSLContext | None = None
        self._live_from = NOT_YET  # records from here on are measured

    def start(self, kbps: int) -> None:
        """Come to the link; what was written so far is the backlog."""
        self.backlog_seq = self.scribe.seq
        self.uplink = FleetUplink(self._port, self.journal, self.tally, self, kbps)

    def begin_measuring(self) -> None:
        """What is made from now on is measured."""
        self._live_from = self.scribe.seq + 1

    def open_stream(self) -> stream.Stream:
        """Return a new connection. Raises OSError."""
        if self._tls is None:
            self._tls = stream.context(self._port.broker.authority_der, self.member.credential)
        broker = self._port.broker
        return stream.Stream(broker.address, self._tls, broker.tls_name, self._port.closed)

    @property
    def is_up(self) -> bool:
        """True while the link stands."""
        return self.uplink is not None and self.uplink.is_up

    @property
    def waiting(self) -> int:
        """Records that nobody has acknowledged."""
        head = self.journal.head
        return int(head["seq"] - head["acknowledged_seq"])

    def state(self) -> dict[str, int]:
        """Return what goes to the `state` topic (link.STATE_BODY)."""
        head = self.journal.head
        return {
            "pump": self.scribe.pump,
            "time_state": record.TIME_SYNCHRONISED,
            "chain": 1,
            "last_seq": head["seq"],
            "acknowledged_seq": head["acknowledged_seq"],
            "boot": 1,
            "uptime_s": self._port.now_ms() // 1000,
            "grant_seq": 0,
            "order_seq": 0,
            "segment": 1,
            "volume_l": self.scribe.volume_l,
            "held_l": 0,
        }

    def turn(self, now_ms: int) -> int:
        """Let the uplink work; return when it wants to be called again, in ms."""
        uplink = self.uplink
        if uplink is None:
            return now_ms + STATE_MS
        self.journal.now_ms = now_ms
        for _ in range(TURNS_MAX):
            uplink.pump(now_ms, _always)
            due_ms = uplink.next_deadline_ms(now_ms)
            if due_ms > now_ms:
                break
        free_ms = uplink.courier.free_ms
        if free_ms > now_ms and uplink.courier.has_unsent:
            due_ms = min(due_ms, free_ms)
        return int(min(due_ms, now_ms + STATE_MS))

    def _acknowledged(self, before: int, seq: int) -> None:
        tally, journal = self.tally, self.journal
        tally.acknowledged += seq - before
        if not self.drained_ms and self.backlog_seq and seq >= self.backlog_seq:
            self.drained_ms = journal.now_ms
        for at in range(max(before, self._live_from - 1), seq):
            tally.made_to_ack_ms[rounded(journal.now_ms - journal.made_ms[at])] += 1
            tally.sent_to_ack_ms[rounded(journal.now_ms - journal.sent_ms[at])] += 1

    def facts(self) -> dict[str, Any]:
        """Return what the log is held against."""
        return {
            "name": self.member.name,
            "site": self.member.site,
            "binding": self.member.binding,
            "last_seq": self.scribe.seq,
            "acknowledged_seq": self.journal.head["acknowledged_seq"],
            "h": self.scribe.h.hex(),
            "volume_l": self.scribe.volume_l,
            "live_from": self._live_from,
        }


def _always() -> bool:
    return True
