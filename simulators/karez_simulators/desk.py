"""One well on a desk: real firmware in the real VM, real meters on a line, broker, gateway, platforms.

    async with Desk(folder, plan) as desk:
        await desk.provision()
        ...

Everything a user would have for real is real here: the box makes its keys, the bench signs
its binding, records travel over TLS and MQTT, the gateway is its own process.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_protocols import grant, record, site_class
from karez_simulators import bench_gateway, cards, firmware_image, provisioning
from karez_simulators.bench_gateway import ComesUp
from karez_simulators.broker import LinkBroker
from karez_simulators.cable import Cable, DeskError
from karez_simulators.clock import NS_PER_S, Clock
from karez_simulators.controller_vm import ControllerVm
from karez_simulators.desk_parts import beside, check_ports
from karez_simulators.gateway_process import GatewayProcess
from karez_simulators.mosquitto import Mosquitto
from karez_simulators.offices import Bench, Coefficient, Regulator, Right
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.pki import LinkAuthority
from karez_simulators.platform_levels import Platforms
from karez_simulators.rude_network import Passage
from karez_simulators.well import WellParameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

TLS_NAME = "broker.karez.test"
SITE = "410105-0001"
ORIGIN = "karez.test/desk"
BROKERS = ("in-process", "mosquitto")
CARD = cards.CARDS[cards.FARMER]
YEAR_S = 365 * 86_400
SET_UP_SPEED = 4  # three readings must agree, a second apart


@dataclass
class Plan:
    """What stands on the desk."""

    well: WellParameters = field(default_factory=WellParameters)
    settings: dict[str, int] = field(default_factory=dict)
    meters: dict[str, str] = field(default_factory=dict)  # as PhysicalSite takes them
    broker: str = "in-process"
    broker_port: int = 0
    platform_port: int = 0
    seed: int = 0
    link: dict[str, object] = field(default_factory=dict)  # what a controller is told else of its broker
    use: int = site_class.IRRIGATION  # of the well's water, as its binding says


class Desk(ComesUp, Cable):
    """One site with all that belongs to it, as an asynchronous context manager.

    Everything it writes lies in `folder`; `images`: where compiled firmware is kept, if not in the cache.
    """

    def __init__(self, folder: Path, plan: Plan, images: Path | None = None) -> None:
        super().__init__()
        self.folder = folder
        self._images = images or firmware_image.cache()
        self.plan = plan
        self.clock = Clock()
        self.authority = LinkAuthority()
        self.bench = Bench()
        self.bench.use = plan.use
        self.regulator = Regulator()
        self.site = PhysicalSite(self.clock, plan.well, meters=plan.meters, seed=plan.seed)
        self.broker: LinkBroker | Mosquitto = self._broker()
        self.antenna = Passage(0)  # the controller's own way to the broker
        self.platforms = Platforms(plan.platform_port)
        self.gateway = GatewayProcess(folder / "gateway")
        self.vm: ControllerVm | None = None
        self.site_code = SITE
        self.image: Path = Path()  # of the firmware, once it is built
        self.grant_seq = 0
        self.grants: list[bytes] = []

    def _broker(self) -> LinkBroker | Mosquitto:
        if self.plan.broker == "mosquitto":
            return Mosquitto(self.authority, TLS_NAME, self.plan.broker_port)
        return LinkBroker(self.authority, TLS_NAME, self.plan.broker_port)

    # -- coming up and going down ---------------------------------------------------------

    async def _come_up(self) -> None:
        firmware_image.micropython()  # without one nothing else need be tried
        check_ports(self.plan)
        # One after the other, so that whatever is up is taken down again if the next fails.
        await self._stack.enter_async_context(self.broker)
        self.antenna.target = self.broker.port
        await self._stack.enter_async_context(self.antenna)
        await self._stack.enter_async_context(self.platforms)
        await self._stack.enter_async_context(self.site)
        self._stack.push_async_callback(self.gateway.stop)
        async with beside(self._init_gateway()):
            # In a thread: a signal that comes meanwhile is heard.
            self.image = await asyncio.to_thread(firmware_image.build, self._images)
        self.put_up("controller")

    async def provision(self) -> None:
        """Start the box, bind it to the site, enrol it at the gateway, start the gateway."""
        speed, self.clock.speed = self.clock.speed, SET_UP_SPEED
        identity = await self.shown_keys()
        self.site.begin_counting()
        binding = provisioning.bind(
            self.bench, self.regulator, identity, self.site_code, self.site, self.clock.utc()
        )  # fmt: skip
        await self.bind(identity, binding)
        self.clock.speed = speed

    async def shown_keys(self) -> provisioning.Identity:
        """Start a bare box; return the keys it made."""
        await self.controller().start()
        await self.until(lambda: self.identity is not None, 20, "the controller shows its keys")
        return self._identity()

    async def bind(self, identity: provisioning.Identity, binding: bytes) -> None:
        """Enrol the box with its binding, give it all that the bench has for it, wait for its first day."""
        vm = self.controller()
        link = {"host": self.broker.host, "port": self.antenna.port, "tls_name": TLS_NAME}
        link |= self.plan.link
        config = provisioning.configuration(self.plan.settings, cards.known(), link, self.site)
        path = self.folder / f"{identity.name}.binding"
        path.write_bytes(binding)
        await self.gateway.verb("enrol", str(path))
        async with beside(self._start_gateway()):
            provisioning.hand_over(vm, identity, binding, self.authority, config)
            await self._commissioned(vm)
            # Commissioning has a run of its own; what follows is the box's first day at the well.
            await vm.stop()
            await vm.start()
            await self.until(lambda: self.is_ready, 30, "the meters answer and the books are known")

    async def _start_gateway(self) -> None:
        if not self.gateway.pid:  # for a second box it runs already
            await self.gateway.start()

    def destinations(self) -> str:
        """The platforms' part of gateway.toml."""
        return self.platforms.toml()

    async def _commissioned(self, vm: ControllerVm) -> None:
        """Wait until the box has taken what the bench gave it, and has ended by itself."""
        await self.until(
            lambda: self.is_commissioned or bool(self.answers), 20, "the box takes what the bench gives it"
        )
        if not self.is_commissioned:
            raise DeskError(f"the controller refused its provisioning: {' '.join(self.answers[-1][1:])}")
        await self.until(lambda: not vm.is_running, 20, "the box has written down what it was given")

    async def _init_gateway(self) -> None:
        link, offices = (self.authority, self.broker, TLS_NAME), (self.bench, self.regulator)
        await bench_gateway.found(self.gateway, self.folder, link, offices, ORIGIN, self.destinations())

    async def until(self, is_so: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until something holds that the cable, the well or the platform tells.

        `seconds` are real ones, without those in which time stood still for want of a processor. Raises
        DeskError naming what did not happen; at once when a process of the desk has ended that nobody ended.
        """
        deadline_ns = self.clock.ran_ns() + int(seconds * NS_PER_S)
        while not is_so():
            left = (deadline_ns - self.clock.ran_ns()) / NS_PER_S
            for why in (self.not_understood, self.controller().obituary, self.gateway.obituary):
                if why:
                    raise DeskError(f"{what}: did not happen; {why}")
            if left <= 0:
                raise DeskError(f"{what}: did not happen within {seconds:g} s")
            self.changed.clear()
            try:
                async with asyncio.timeout(min(left, 0.1)):
                    await self.changed.wait()
            except TimeoutError:
                continue  # the well and the platforms tell no one: look again

    def put_up(self, folder: str) -> None:
        """Put a box without any memory at the well's wires; it is the desk's from now on."""
        self.vm = self.box(self.folder / folder, self.site, self.hear)

    def box(self, folder: Path, site: PhysicalSite, hear: Callable[[list[str]], None]) -> ControllerVm:
        """Return a box at a site's wires, to be started; it ends with the desk."""
        vm = ControllerVm(folder, self.image, site, self.clock, hear)
        self._stack.push_async_callback(vm.stop)
        return vm

    async def also(self, other: AbstractAsyncContextManager[object]) -> None:
        """Start what stands beside the desk, as another well or a phone; it ends with the desk."""
        await self._stack.enter_async_context(other)

    def controller(self) -> ControllerVm:
        """Return the controller. Raises DeskError before the desk is up."""
        if self.vm is None:
            raise DeskError("the desk is not up")
        return self.vm

    def _identity(self) -> provisioning.Identity:
        if self.identity is None:
            raise DeskError("the controller has not shown its keys")
        return self.identity

    # -- what the meters say ----------------------------------------------------------------

    @property
    def metered_l(self) -> int:
        """Litres that the water meter, and those before it, have counted since the binding.

        Rounded as the profile reads them. Raises DeskError at a well without one.
        """
        if "water" not in self.site.meters:
            raise DeskError("no water meter hangs at this well: its litres are converted from energy")
        return self.site.counted("water")

    @property
    def owed_l(self) -> int:
        """What W must be: the litres metered, or those that the energy used stands for."""
        coefficient = provisioning.coefficient(self.site)
        if coefficient is None:
            return self.metered_l
        return self.site.counted("power") * coefficient.multiplier_ppm // 1_000_000

    def coefficient(self) -> Coefficient:
        """What the step test of this well found. Raises DeskError where a water meter hangs."""
        found = provisioning.coefficient(self.site)
        if found is None:
            raise DeskError("a water meter hangs at this well: nothing is converted")
        return found

    # -- hands ----------------------------------------------------------------------------

    def press(self, button: str, card: bytes = CARD) -> None:
        """A person presses start, stop or emergency, card at the reader."""
        if not self.controller().is_running:
            raise DeskError("the controller does not run: nobody hears the button")
        self.controller().press(button, card)

    async def ask(self, line: str) -> None:
        """A technician at the cable asks for a change. Raises DeskError if the controller refuses it."""
        if not self.controller().is_running:
            raise DeskError("the controller does not run: nobody answers at the cable")
        known, name = len(self.answers), line.partition(" ")[0]
        self.controller().send(line)
        await self.until(lambda: len(self.answers) > known, 20, f"the controller answers to {name}")
        told, _, *why = self.answers[-1]
        if told == "refused":
            raise DeskError(f"the controller refuses: {' '.join(why)}")

    def right(self, ceiling_l: int, seq: int, policy: int = grant.STOP) -> Right:
        """Return a right up to an absolute ceiling, valid for a year around now."""
        utc_s = self.clock.utc()
        return Right(
            self.site_code, seq, ceiling_l, utc_s - 3600, utc_s + YEAR_S, f"DESK-2026-{seq:04d}", policy,
        )  # fmt: skip

    async def carry(self, signed_grant: bytes, *, unchecked: bool = False) -> None:
        """Let the gateway carry a grant to the box."""
        path = self.folder / f"grant-{len(list(self.folder.glob('grant-*')))}.bin"
        path.write_bytes(signed_grant)
        words = ("--unchecked",) if unchecked else ()
        await self.gateway.verb("grant", str(path), *words)

    async def give_right(self, litres: int, **more: Any) -> None:
        """Sign and deliver a grant of `litres` above what is booked, and wait until it is in force.

        `more`: what a Right may say besides; `seconds` from now it ends, instead of in a year.
        """
        self.grant_seq += 1
        seconds = more.pop("seconds", YEAR_S)
        right = self.right(self.volume_l + litres, self.grant_seq)
        right = replace(right, to_utc_s=self.clock.utc() + seconds, **more)
        data = self.regulator.grant(right)
        self.grants.append(data)
        known = len(self.records(record.GRANT))
        await self.carry(data)
        await self.until(
            lambda: len(self.records(record.GRANT)) > known, 20, "the grant comes into force at the well"
        )
