"""Troubles of the field link, one after the other, at one well whose pump runs, and how late each makes it.

Everything but the trouble is real: firmware in the VM, TLS, broker, gateway. Shared by
test_uplink_hostile.py and the benchmark `uplink`.

Lateness is what the beats tell, where time runs at 1x. What a trouble does to the loop it does every
time, what a busy machine does it does not: so a trouble that seems to make it late comes again, and
the least of three counts.
"""

import ast
import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from karez_simulators import rude_broker, rude_network
from karez_simulators.acts import Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import TLS_NAME, Desk, Plan
from karez_simulators.pki import LinkAuthority

SETTINGS = {
    "restart_delay_s": 0,
    "interval_idle_s": 60,
    "interval_pumping_s": 60,
    "checkpoint_pumping_s": 3600,
}
LITRES = 500_000
TROUBLE_S = 1.5  # at 1x: six steps of control, a poll of the meters or two
HURRY = 10  # times as fast while a deadline is waited for
PATIENCE_S = 30
FIRST_REGISTER = 0  # of a reading of the water meter
LIAR = "127.0.0.3"  # where a lie leads to
CONNECTING, TLS, CONNACK, UP = 1, 2, 3, 5
LATE_MS_MAX = 100
TRIES = 3


@dataclass(frozen=True)
class Beat:
    """One beat of the controller; `late_ms` None: not judged, time was fast."""

    late_ms: int | None
    waiting: int
    phase: int
    loss: tuple | None
    failures: int


class Ear:
    """Hears a controller's beats and its coil, and passes everything on."""

    def __init__(self, desk):
        self._desk = desk
        self._vm = desk.controller()
        self._vm.on_line, self._pass_on = self.hear, self._vm.on_line
        self.is_fast = True  # since the last beat
        self.beats = []
        self.coils = []

    def hear(self, words):
        if words[0] == "beat":
            self._take(words)
        elif words[0] == "coil":
            self.coils.append((words[1], asyncio.get_running_loop().time()))
        self._pass_on(words)

    def _take(self, words):
        is_judged = not self.is_fast and self._desk.clock.speed == 1
        self.is_fast = self._desk.clock.speed != 1
        late_ms, waiting, phase, failures = (int(words[at]) for at in (-3, 1, 2, -2))
        loss = ast.literal_eval(" ".join(words[3:-3]))
        self.beats.append(Beat(late_ms if is_judged else None, waiting, phase, loss, failures))


@dataclass(frozen=True)
class Trouble:
    """`begin(stand)` makes it; `loss`: phase and words by which the link is given up, if it has to be."""

    name: str
    begin: object
    loss: tuple[int, str] | None = None
    phases: tuple[int, ...] = ()  # one of which must be seen while it lasts
    seconds: float = TROUBLE_S
    is_variant: bool = False  # of another: told by the benchmark, not by the test


@dataclass
class Faced:
    """What a trouble did: lateness at worst in ms, polls of the water meter."""

    name: str
    late_ms: int = 0
    polls: int = 0
    beats: int = 0
    seconds: float = 0
    recovery_s: float = 0
    wrong: list[str] = field(default_factory=list)


class Stand:
    """A desk with a network between controller and broker that can be made rude."""

    def __init__(self, desk, passage, names, rude, foreign):
        self.desk, self.passage, self.names, self.rude, self.foreign = desk, passage, names, rude, foreign
        self.play = Play(desk)
        self.ear = Ear(desk)
        self.polls = 0  # of the water meter
        self._is_open = False  # the door
        meter = desk.site.mounted["water"].server.meter
        self._read, meter.read = meter.read, self._count

    def _count(self, function, address, count):
        self.polls += address == FIRST_REGISTER
        return self._read(function, address, count)

    # -- troubles -------------------------------------------------------------------------

    def cut(self, manner=rude_network.OPEN, target=None):
        """End what stands; what comes next finds this."""
        self.passage.manner = manner
        self.passage.target = target or self.desk.broker.port
        self.passage.cut()

    def meets(self, manner):
        """What comes next finds the rude broker."""
        self.rude.manner = manner
        self.cut(target=self.rude.port)

    def speed(self, speed):
        self.ear.is_fast = True
        self.desk.clock.speed = speed

    # -- a case ---------------------------------------------------------------------------

    async def face(self, trouble):
        """Let one trouble come, last and go; return the least late of up to three."""
        found = []
        while len(found) < TRIES:
            found.append(await self._once(trouble))
            if found[-1].wrong or found[-1].late_ms <= LATE_MS_MAX:
                break
        return found[-1] if found[-1].wrong else min(found, key=lambda one: one.late_ms)

    async def _once(self, trouble):
        faced = Faced(trouble.name)
        began_s, first, polls = time.monotonic(), len(self.ear.beats), self.polls
        coils, known = len(self.ear.coils), len(self.desk.slots)
        trouble.begin(self)
        self.desk.controller().send(f"door {int(self._toggle())}")  # an alarm to be delivered behind it
        await asyncio.sleep(trouble.seconds)
        faced.polls = self.polls - polls
        await self._given_up(trouble, first, faced)
        self.speed(1)
        recovering_s = time.monotonic()
        self.names.manner = rude_network.HONEST
        self.cut()
        await self._delivered(known, faced)
        beats = self.ear.beats[first:]
        judged = [beat for beat in beats if beat.late_ms is not None]
        faced.beats, faced.seconds = len(judged), time.monotonic() - began_s
        faced.recovery_s = time.monotonic() - recovering_s
        faced.late_ms = max(beat.late_ms for beat in judged)
        if len(self.ear.coils) != coils or not self.desk.site.well.is_powered:
            faced.wrong.append("the contactor was switched")
        if beats[-1].failures:
            faced.wrong.append("a task failed")
        if trouble.phases and not any(beat.phase in trouble.phases for beat in beats):
            faced.wrong.append(f"phases {sorted({beat.phase for beat in beats})}, not {trouble.phases}")
        return faced

    def _toggle(self):
        self._is_open = not self._is_open
        return self._is_open

    async def _given_up(self, trouble, first, faced):
        """Wait, in a hurry, until the controller gives this connection up for the reason it should."""
        if trouble.loss is None:
            return

        def losses():
            return [beat.loss for beat in self.ear.beats[first + 1 :] if beat.loss]

        def is_it():
            return any(
                one[0] == trouble.loss[0] and trouble.loss[1] in f"{one[1]} {one[2]}" for one in losses()
            )

        if not is_it():
            self.speed(HURRY)
        try:
            await self.desk.until(is_it, PATIENCE_S, f"{trouble.name}: the link is given up")
        except DeskError as error:
            faced.wrong.append(f"{error}: {set(losses())}")

    async def _delivered(self, known, faced):
        """Wait for the link, at 1x as long as a first pause lasts, and until nothing waits."""
        desk, polls = self.desk, self.polls

        def is_delivered():  # and the meter is in service, though it was hurried
            return (
                self.polls > polls
                and len(desk.slots) > known
                and desk.waiting == 0
                and self.ear.beats[-1].phase == UP
            )

        with contextlib.suppress(DeskError):
            await desk.until(is_delivered, 2, "")
            return
        self.speed(HURRY)
        try:
            await desk.until(is_delivered, PATIENCE_S, f"{faced.name}: the backlog is delivered")
        except DeskError as error:
            faced.wrong.append(f"{error}; waiting {desk.waiting}, {self.ear.beats[-1]}")
        self.speed(1)


def _cut(manner=rude_network.OPEN, target=lambda stand: None):
    return lambda stand: stand.cut(manner, target(stand))


def _meets(manner):
    return lambda stand: stand.meets(manner)


def _freeze(stand):
    stand.passage.manner = rude_network.FROZEN


def _names(manner):
    """The name server is like this from now on, and the broker is behind a name that must be asked for."""

    def begin(stand):
        stand.names.manner = manner
        stand.cut(rude_network.SHUT)

    return begin


TROUBLES = (
    Trouble("accepts and says nothing", _cut(rude_network.SILENT), (TLS, "overdue"), (TLS,)),
    Trouble("handshake byte by byte", _cut(rude_network.SLOW), None, (TLS,), 3.5),
    Trouble("certificate of another authority", _cut(target=lambda stand: stand.foreign.port),
            (TLS, "not correctly signed")),
    Trouble("TLS, then nothing", _meets(rude_broker.MUTE), (CONNACK, "overdue"), (CONNACK,), is_variant=True),
    Trouble("closes in a message", _meets(rude_broker.TORN), (UP, "closed")),
    Trouble("speaks no MQTT", _meets(rude_broker.BABBLE), (CONNACK, "Malformed"), is_variant=True),
    Trouble("acknowledges nothing", _meets(rude_broker.DEAF), (UP, "overdue"), (UP,)),
    Trouble("flood of messages", _meets(rude_broker.FLOOD), None, (UP,), 3.5),
    Trouble("message of 200 MB", _meets(rude_broker.MONSTER), None, (UP,), 3.0),
    Trouble("half-open", _freeze, (UP, "overdue")),
    Trouble("accepts and closes", _cut(rude_network.SHUT), is_variant=True),
    Trouble("name server dumb", _names(rude_network.DUMB), (CONNECTING, "no name server answers")),
    Trouble("no such name", _names(rude_network.UNKNOWING), (CONNECTING, "none such"), is_variant=True),
    Trouble("name server lies", _names(rude_network.LYING), (TLS, "not correctly signed")),
)  # fmt: skip


@contextlib.asynccontextmanager
async def stand_of(folder):
    """A provisioned desk whose pump runs, with an honest network that can be made rude."""
    async with contextlib.AsyncExitStack() as stack:
        names = await stack.enter_async_context(rude_network.NameServer(lie=LIAR))
        passage = await stack.enter_async_context(rude_network.Passage(0))
        link = {"host": TLS_NAME, "port": passage.port, "dns": names.at}
        desk = await stack.enter_async_context(Desk(folder, Plan(settings=SETTINGS, link=link)))
        foreign_tls = rude_broker.server_of(LinkAuthority("another"), TLS_NAME)
        await stack.enter_async_context(rude_broker.RudeBroker(foreign_tls, LIAR, passage.port))
        foreign = await stack.enter_async_context(rude_broker.RudeBroker(foreign_tls))
        own_tls = rude_broker.server_of(desk.authority, TLS_NAME)
        rude = await stack.enter_async_context(rude_broker.RudeBroker(own_tls))
        passage.target = desk.broker.port
        await desk.provision()
        stand = Stand(desk, passage, names, rude, foreign)
        await stand.play.grant(LITRES)
        await stand.play.start()
        await desk.until(lambda: desk.waiting == 0, PATIENCE_S, "the first records are delivered")
        yield stand
