"""A county's gateway without its process: real tables, real log, the real stages, called one by one.

    up(now, messages)      what came over the broker        -> acknowledgements
    work(now)              every stage until it rests       -> grants and orders that are due
    bring(now, kind, data) what a person brings in a file   -> "" or why it was refused
    reports, confirmed     what a platform gets, and its answers
    kill_at(phase)         the next time that phase is reached `Killed` is raised; then `start` again

`now` is UTC seconds, and no clock is read. The socket shells (FieldLink, Sender) stay outside.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from karez_gateway import config, data
from karez_gateway.controllers import enrolment
from karez_gateway.downlink import offering
from karez_gateway.downlink import stage as downlink
from karez_gateway.downlink.stage import Downlinks
from karez_gateway.errors import GatewayError
from karez_gateway.grants import delivery as grant_delivery
from karez_gateway.intake.heard import Heard
from karez_gateway.intake.ingest import Frame, Ingest
from karez_gateway.intake.verification import Verification
from karez_gateway.ledger.stage import Ledger
from karez_gateway.operation import backup
from karez_gateway.uploads.outbox import Outbox, place_in
from karez_gateway.world import books, folder, restoring
from karez_gateway.world.platform import Platform
from karez_protocols import link, link_gateway
from karez_protocols.errors import ProtocolError

Message = tuple[str, bytes]  # topic, payload

# Where a gateway may be killed: seam.py, and the name of each stage.
PHASES = ("inserted", "committed", "appended", "verify", "ledger", "heard", "downlink")


class Killed(BaseException):
    """The process is gone, in the middle of what it was at."""


class County:
    """One gateway over one folder. One thread."""

    Killed = Killed
    phases = PHASES

    def __init__(self, directory: Path) -> None:
        """Take a directory that `create` has made. Nothing runs yet."""
        self._directory = directory
        self._backup = directory.with_suffix(".tar.gz")
        self._stack = ExitStack()
        self._kill = ""
        self._online: dict[str, dict[str, Any]] = {}
        self._heard: dict[str, dict[str, Any]] = {}
        self._came: set[str] = set()

    @classmethod
    def create(
        cls, directory: Path, provisioner: bytes, regulator: bytes, platforms: Mapping[str, Mapping[str, str]]
    ) -> "County":
        """Make a new gateway. `platforms`: name -> {site: station code}. Raises GatewayError."""
        folder.create(directory, provisioner, regulator, platforms)
        return cls(directory)

    # -- the process --------------------------------------------------------------------

    def start(self) -> int:
        """Start from what the folder holds; return how many entries its log had to catch up with."""
        self._config = config.load(self._directory)
        with folder.on_a_machine_that_stays():
            opened = self._stack.enter_context(data.opened(self._config, self._at))
        sequencer = opened.sequencer
        self._sequencer, self._store = sequencer, sequencer.database
        self._ingest = Ingest(sequencer)
        self._downlinks = Downlinks(sequencer, self._at)
        outboxes = {
            one.name: Outbox(sequencer, one, self._at, place_in(self._config, sequencer))
            for one in self._config.destination
        }
        self._platforms = {name: Platform(outbox) for name, outbox in outboxes.items()}
        self._stages: list[Any] = [
            Verification(self._store, self._at),
            Ledger(self._store, self._at),
            Heard(self._store, self._at),
            self._downlinks,
            *outboxes.values(),
        ]
        self._online, self._heard, self._came = {}, {}, set()  # the session is clean: all say it again
        return opened.healed

    def stop(self) -> None:
        """Close everything; after Killed: let go of what the dead process held."""
        self._kill = ""
        self._stack.close()

    def back_up(self) -> int:
        """Take a backup beside the folder, in the place of the last one, as `karez gateway backup` does."""
        self._backup.unlink(missing_ok=True)
        return backup.write(self._config, self._backup)

    def put_back(self, reason: str) -> str:
        """Replace the folder of a gateway that has stopped by its backup, and begin a new origin.

        Return why the service would not start over what was put back; "" if it would have.
        """
        return restoring.put_back(self._backup, self._directory, reason)

    def kill_at(self, phase: str) -> None:
        """Die the next time that this phase is reached."""
        self._kill = phase

    def _at(self, phase: str) -> None:
        if phase == self._kill:
            raise Killed(phase)

    # -- the broker ---------------------------------------------------------------------

    def up(self, now_utc_s: int, messages: Sequence[Message]) -> list[Message]:
        """Take what came over the broker, as one batch; return the acknowledgements."""
        frames = []
        for topic, payload in messages:
            _, _, controller, leaf = topic.split("/")
            if leaf == "up":
                frames.append(Frame(controller, payload, now_utc_s))
            elif leaf == "state":
                self._hear(controller, payload)
        if not frames:
            return []
        return [
            (link.topic(ack.controller, "down"), link_gateway.encode_ack(ack.frame, ack.chain, ack.seq))
            for ack in self._ingest.take(frames)
        ]

    def _hear(self, controller: str, payload: bytes) -> None:
        """Keep the newest state for the next `work`, as the service does between two looks."""
        try:
            state = link_gateway.decode_state(payload)
        except ProtocolError:
            return
        before = self._online.get(controller)
        if state["online"] and not (before and before["online"]):
            self._came.add(controller)
        self._online[controller] = self._heard[controller] = state

    def work(self, now_utc_s: int) -> list[Message]:
        """Run every stage until nothing is left; return what is due to controllers."""
        heard, came = self._heard, sorted(self._came)
        self._heard, self._came = {}, set()
        if heard:
            self._downlinks.heard(heard, came, now_utc_s)
        self._downlinks.log_queued(now_utc_s)
        for stage in self._stages:
            while stage.step():
                pass
        due = self._downlinks.due(now_utc_s, self._online)
        if due:
            self._downlinks.sent(due, now_utc_s)
        return [(link.topic(one.controller, "down"), downlink.payload(one)) for one in due]

    # -- people -------------------------------------------------------------------------

    def bring(self, now_utc_s: int, kind: str, body: bytes) -> str:
        """A person brings a signed binding, grant, order or key list; return why not, "" if taken."""
        try:
            if kind == "binding":
                values = enrolment.checked(body, self._config.trust.provisioner_key)
                with self._store.writing() as connection:
                    enrolment.register(connection, values, body, now_utc_s, {})
            elif kind == "grant":
                grant_delivery.deliver(self._store, [("grant", body)], now_utc_s)
            elif kind == "order":
                offering.queue_order(self._store, body, now_utc_s, is_for_all=False)
            elif kind == "keys":
                offering.queue_keys(self._store, body, now_utc_s)
            else:
                return f"nobody brings a {kind}: binding, grant, order or keys"
        except GatewayError as error:
            return str(error)
        return ""

    # -- platforms, and who asks --------------------------------------------------------

    def reports(self, destination: str) -> list[tuple[str, bytes]]:
        """The documents that one platform is to get next, each under the name of its report."""
        return self._platforms[destination].reports()

    def confirmed(self, now_utc_s: int, destination: str, answers: Mapping[str, bytes]) -> int:
        """Take a platform's answers by the name of the report; return how many were believed."""
        return self._platforms[destination].confirmed(answers, now_utc_s)

    def spare(self, now_utc_s: int, site: str) -> dict[str, Any]:
        """What `karez gateway spare` says of the box that stood at a site, or {"refused": why}."""
        return books.spare_facts(self._store, self._config, site, now_utc_s)

    def facts(self) -> dict[str, Any]:
        """What the books say of each controller, as `karez gateway status` would: plain values only."""
        return books.facts(self._store)

    def digests(self, controller: str, chain: int) -> dict[int, list[str]]:
        """SHA-256 of every slot that is stored of a chain, by number; two of one number are a fork."""
        return books.digests(self._store, controller, chain)

    def bundle(self, controller: str) -> tuple[bytes, str]:
        """The evidence of a controller's newest chain, or b"" and why there is none."""
        return books.bundle(self._store, self._config, controller)

    def verify(self, bundle: bytes) -> dict[str, Any]:
        """What `karez verify --trust` says of a bundle: its report as JSON values."""
        return books.verify(bundle, self._directory / data.TRUST)
