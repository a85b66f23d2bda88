"""One well on a desk: real firmware in the real VM, real meters on a line, broker, gateway, platform.

    async with Desk(folder, plan) as desk:
        await desk.provision()
        ...

Everything a user would have for real is real here: the box makes its keys, the bench signs
its binding, records travel over TLS and MQTT, the gateway is its own process.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from karez_protocols import causes, chain, grant, record
from karez_protocols.szy206 import address_of
from karez_simulators import firmware_image, provisioning
from karez_simulators.broker import LinkBroker
from karez_simulators.clock import Clock
from karez_simulators.controller_vm import ControllerVm
from karez_simulators.gateway_process import GatewayProcess
from karez_simulators.mosquitto import Mosquitto
from karez_simulators.offices import Bench, Regulator, Right
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.pki import LinkAuthority
from karez_simulators.platform_szy206 import PlatformSzy206
from karez_simulators.well import WellParameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

TLS_NAME = "broker.karez.test"
SITE = "410105-0001"
DESTINATION = "county"
BROKERS = ("in-process", "mosquitto")
LOOPBACK = "127.0.0.1"
CARD = b"card-001"
ACCOUNT = 7
YEAR_S = 365 * 86_400


class DeskError(RuntimeError):
    """Something on the desk did not come up or did not happen; the text says what and what to do."""


@dataclass
class Plan:
    """What stands on the desk."""

    well: WellParameters = field(default_factory=WellParameters)
    settings: dict[str, int] = field(default_factory=dict)
    meters: dict[str, str] = field(default_factory=dict)  # "water" and "power", each PROFILE@ADDRESS
    broker: str = "in-process"
    broker_port: int = 0
    platform_port: int = 0
    seed: int = 0


def _check_ports(plan: Plan) -> None:
    """Raise DeskError, naming port and option, if a port that was asked for cannot be had."""
    asked = (
        ("broker", "--broker-port", plan.broker_port),
        ("platform", "--platform-port", plan.platform_port),
    )
    with ExitStack() as held:  # both at once: they may be the same
        for what, option, port in asked:
            try:
                if port:
                    held.enter_context(socket.create_server((LOOPBACK, port)))
            except OSError as error:
                raise DeskError(
                    f"port {port} of the {what} cannot be used ({error.strerror}): "
                    f"name another with {option}, or leave it out for a free one"
                ) from None


class Desk:
    """One site with all that belongs to it, as an asynchronous context manager."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.clock = Clock()
        self.authority = LinkAuthority()
        self.bench = Bench()
        self.regulator = Regulator()
        self.site = PhysicalSite(self.clock, plan.well, meters=plan.meters, seed=plan.seed)
        self.broker: LinkBroker | Mosquitto = self._broker()
        self.platform = PlatformSzy206(port=plan.platform_port)
        self.gateway = GatewayProcess(folder / "gateway")
        self.vm: ControllerVm | None = None
        self.identity: provisioning.Identity | None = None
        self.slots: list[bytes] = []  # every record the box showed on its cable, in order
        self.panel = ["", "", "", ""]
        self.waiting = 0  # records the box has not been acknowledged
        self.grant_seq = 0
        self.grants: list[bytes] = []
        self.register_at_binding_l = 0
        self._refused = ""
        self._is_commissioned = False
        self._not_understood = ""
        self._changed = asyncio.Event()
        self._stack = AsyncExitStack()

    def _broker(self) -> LinkBroker | Mosquitto:
        if self.plan.broker == "mosquitto":
            return Mosquitto(self.authority, TLS_NAME, self.plan.broker_port)
        return LinkBroker(self.authority, TLS_NAME, self.plan.broker_port)

    # -- coming up and going down ---------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            await self._come_up()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _come_up(self) -> None:
        firmware_image.micropython()  # without one nothing else need be tried
        _check_ports(self.plan)
        # One after the other, so that whatever is up is taken down again if the next fails.
        await self._stack.enter_async_context(self.broker)
        await self._stack.enter_async_context(self.platform)
        await self._stack.enter_async_context(self.site)
        self._stack.push_async_callback(self.gateway.stop)
        # In a thread: a signal that comes meanwhile is heard.
        image = await asyncio.to_thread(firmware_image.build, self.folder / "firmware")
        self.vm = ControllerVm(self.folder / "controller", image, self.site, self.clock, self._hear)
        self._stack.push_async_callback(self.vm.stop)

    async def provision(self) -> None:
        """Start the box, bind it to the site, enrol it at the gateway, start the gateway."""
        vm = self.controller()
        await vm.start()
        await self.until(lambda: self.identity is not None, 20, "the controller shows its keys")
        identity = self._identity()
        self.site.settle()
        self.register_at_binding_l = self.site.dial("water")
        utc_s = self.clock.utc()
        binding = provisioning.bind(self.bench, self.regulator, identity, SITE, self.site, utc_s)
        link = {"host": self.broker.host, "port": self.broker.port, "tls_name": TLS_NAME}
        config = provisioning.configuration(self.plan.settings, {CARD: ACCOUNT}, link, self.site)
        await self._prepare_gateway(binding)
        provisioning.hand_over(vm, identity, binding, self.authority, config)
        await self.until(
            lambda: self._is_commissioned or bool(self._refused), 20, "the box takes what the bench gives it"
        )
        if self._refused:
            raise DeskError(f"the controller refused its provisioning: {self._refused}")
        await self.until(lambda: not vm.is_running, 20, "the box has written down what it was given")
        # Commissioning has a run of its own; what follows is the box's first day at the well.
        await vm.stop()
        await vm.start()
        await self.until(lambda: self.is_ready, 30, "the meters answer and the books are known")

    async def _prepare_gateway(self, binding: bytes) -> None:
        keys = self.folder / "link"
        keys.mkdir()
        (keys / "ca.crt").write_bytes(self.authority.certificate_pem)
        certificate, key = self.authority.gateway().write(keys, "gateway")
        await self.gateway.init(
            self._gateway_toml(keys / "ca.crt", certificate, key),
            "--origin", "karez.test/desk",
            "--provisioner", self.bench.public.hex(), "--regulator", self.regulator.public.hex(),
        )  # fmt: skip
        path = self.folder / "site.binding"
        path.write_bytes(binding)
        await self.gateway.verb("enrol", str(path))
        await self.gateway.start()

    def _gateway_toml(self, ca: Path, certificate: Path, key: Path) -> str:
        def q(value: object) -> str:
            return json.dumps(str(value), ensure_ascii=False)  # TOML takes no surrogate pairs

        return f"""\
[gateway]
name = "desk"

[broker]
host = {q(self.broker.host)}
port = {self.broker.port}
tls_name = {q(TLS_NAME)}
ca = {q(ca)}
certificate = {q(certificate)}
key = {q(key)}

[log]
origin = "karez.test/desk"

[trust]
provisioner = {q(self.bench.public.hex())}

[[destination]]
name = {q(DESTINATION)}
kind = "szy206"
host = {q(self.platform.host)}
port = {self.platform.port}
address = {q(address_of("410105", 1).hex())}
timeout_s = 3
"""

    # -- the box's cable ------------------------------------------------------------------

    def _hear(self, words: list[str]) -> None:
        try:
            self._take(words)
        except (ValueError, IndexError):  # a firmware in the making may say anything
            self._not_understood = (
                f"the controller said what the bench does not understand: {' '.join(words)[:60]}"
            )
        self._changed.set()

    def _take(self, words: list[str]) -> None:
        if words[0] == "identity":
            self.identity = provisioning.Identity.parse(words)
        elif words[0] == "record":
            self.slots.append(bytes.fromhex(words[1]))
        elif words[0] == "panel":
            self.panel = " ".join(words[1:]).split("|")
        elif words[0] == "beat":
            self.waiting = int(words[1])
        elif words[0] == "commissioned":
            self._is_commissioned = True
        elif words[0] == "refused":
            self._refused = " ".join(words[1:])

    async def until(self, is_so: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something holds that the cable, the well or the platform tells.

        `seconds` are real ones. Raises DeskError naming what did not happen; at once when a
        process of the desk has ended that nobody ended.
        """
        deadline = time.monotonic() + seconds
        while not is_so():
            left = deadline - time.monotonic()
            for why in (self._not_understood, self.controller().obituary, self.gateway.obituary):
                if why:
                    raise DeskError(f"{what}: did not happen; {why}")
            if left <= 0:
                raise DeskError(f"{what}: did not happen within {seconds:g} s")
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.1))
            except TimeoutError:
                continue  # the well and the platform tell no one: look again

    def controller(self) -> ControllerVm:
        """Return the controller. Raises DeskError before the desk is up."""
        if self.vm is None:
            raise DeskError("the desk is not up")
        return self.vm

    def _identity(self) -> provisioning.Identity:
        if self.identity is None:
            raise DeskError("the controller has not shown its keys")
        return self.identity

    @property
    def is_ready(self) -> bool:
        """True once the panel shows litres: three readings have agreed."""
        return self.panel[1].startswith("used ") and "--" not in self.panel[1]

    def forget_panel(self) -> None:
        """Take what the panel showed for old: the controller is about to start."""
        self.panel = ["", "", "", ""]

    # -- what has happened ----------------------------------------------------------------

    @property
    def is_irrigating(self) -> bool:
        """True while the newest start has no stop."""
        kinds = [slot[1] for slot in self.slots if slot[1] in (record.START, record.STOP)]
        return bool(kinds) and kinds[-1] == record.START

    def newest(self, kind: int, *known: str) -> dict[str, Any]:
        """Return the newest record of a kind.

        Raises DeskError when there is none yet, or when it does not know one of the fields `known`.
        """
        found = self.records(kind)
        name = record.KIND_NAMES[kind]
        if not found:
            raise DeskError(f"the controller has written no {name} record yet")
        unknown = [field for field in known if found[-1][field] is None]
        if unknown:
            raise DeskError(f"the newest {name} record does not know its {', '.join(unknown)}")
        return found[-1]

    def records(self, kind: int) -> list[dict[str, Any]]:
        """Return every record of a kind that the box committed, decoded, oldest first."""
        return [record.decode(slot) for slot in self.slots if slot[1] == kind]

    def last_slot(self, kind: int) -> bytes | None:
        """Return the newest slot of a kind."""
        return next((slot for slot in reversed(self.slots) if slot[1] == kind), None)

    @property
    def volume_l(self) -> int:
        """W as the newest measuring record says it."""
        for slot in reversed(self.slots):
            if record.is_measuring(slot[1]):
                volume_l = record.decode(slot)["volume_l"]
                if volume_l is not None:
                    return int(volume_l)
        return 0

    @property
    def metered_l(self) -> int:
        """Litres the water meter has counted since the binding, rounded as its profile reads them."""
        self.site.settle()
        return self.site.dial("water") - self.register_at_binding_l

    @property
    def stop_code(self) -> str:
        """The 8-character code of the newest stop."""
        slot = self.last_slot(record.STOP)
        return chain.code(slot) if slot else ""

    def events(self, cause: int) -> int:
        """How many events of a cause the box recorded."""
        return sum(1 for values in self.records(record.EVENT) if values["cause"] == cause)

    # -- hands ----------------------------------------------------------------------------

    def press(self, button: str) -> None:
        """A person presses start or stop, card at the reader."""
        if not self.controller().is_running:
            raise DeskError("the controller does not run: nobody hears the button")
        self.controller().press(button, CARD)

    def right(self, ceiling_l: int, seq: int, policy: int = grant.STOP) -> Right:
        """Return a right up to an absolute ceiling, valid for a year around now."""
        utc_s = self.clock.utc()
        return Right(
            SITE, seq, ceiling_l, utc_s - 3600, utc_s + YEAR_S, f"DESK-2026-{seq:04d}", policy,
        )  # fmt: skip

    async def carry(self, signed_grant: bytes, *, unchecked: bool = False) -> None:
        """Let the gateway carry a grant to the box."""
        path = self.folder / f"grant-{len(list(self.folder.glob('grant-*')))}.bin"
        path.write_bytes(signed_grant)
        words = ("--unchecked",) if unchecked else ()
        await self.gateway.verb("grant", str(path), *words)

    async def give_right(self, litres: int) -> None:
        """Sign and deliver a grant of `litres` above what is booked, and wait until it is in force."""
        self.grant_seq += 1
        data = self.regulator.grant(self.right(self.volume_l + litres, self.grant_seq))
        self.grants.append(data)
        known = len(self.records(record.GRANT))
        await self.carry(data)
        await self.until(
            lambda: len(self.records(record.GRANT)) > known, 20, "the grant comes into force at the well"
        )

    def refusals(self) -> int:
        """How many grants the box refused, for whatever cause."""
        first, last = causes.GRANT_REFUSED_SIGNATURE, causes.GRANT_REFUSED_HEAD
        return sum(self.events(cause) for cause in range(first, last + 1))
