"""A gateway in one thread, without a broker: real database, real log, the real stages."""

from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

import empty_store
from karez_gateway import config as configuration
from karez_gateway import data
from karez_gateway.controllers.enrolment import enrol
from karez_gateway.county.acts import Acts
from karez_gateway.downlink.stage import Downlinks
from karez_gateway.intake.heard import Heard
from karez_gateway.intake.ingest import Frame, Ingest
from karez_gateway.intake.verification import Verification
from karez_gateway.ledger.stage import Ledger
from karez_gateway.operation import setup
from karez_gateway.seam import unharmed
from karez_gateway.store import chains, controllers, entries, ledgers
from karez_gateway.store.schema import verdict
from synthetic import PROVISIONER, REGULATOR, public

RECEIVED_UTC_S = 1_790_100_000


def create(directory: Path, extra: str = "") -> Path:
    """Init a data directory; `extra` is appended to its gateway.toml."""
    setup.create(
        directory,
        name="test",
        origin="karez.test/county",
        broker_host="127.0.0.1",
        broker_port=1883,
        provisioner=public(PROVISIONER).hex(),
        regulators=[public(REGULATOR).hex()],
    )
    if extra:
        path = directory / configuration.FILE
        path.write_text(path.read_text() + extra)
    return directory


class County:
    """The open gateway; `at` may kill a stage at a phase."""

    def __init__(self, config, sequencer, at=unharmed):
        self.config = config
        self.sequencer = sequencer
        self.store = sequencer.database
        self.ingest = Ingest(sequencer)
        self.verification = Verification(self.store, at)
        self.ledger = Ledger(self.store, at)
        self.heard = Heard(self.store, at)
        self.downlinks = Downlinks(sequencer, at)
        self.acts = Acts(sequencer, at)

    def enrol(self, *boxes):
        for box in boxes:
            enrol(self.store, box.binding, public(PROVISIONER))

    def take(self, box, *payloads):
        """Ingest payloads of one controller as one batch; return the acknowledgements."""
        return self.ingest.take([Frame(box.name, payload, RECEIVED_UTC_S) for payload in payloads])

    def work(self):
        """Run every stage until nothing is left."""
        for stage in (self.verification, self.ledger, self.heard, self.downlinks):
            while stage.step():
                pass

    def reasons(self, box):
        """{seq: [reason]} in order of verification."""
        found = {}
        with self.store.reading() as connection:
            query = select(verdict.c.log_index, verdict.c.reason).order_by(verdict.c.position)
            for index, reason in connection.execute(query):
                slot = entries.body(connection, index)[entries.SLOT]
                found.setdefault(int.from_bytes(slot[4:8], "little"), []).append(reason)
        return found

    def marks(self, box):
        with self.store.reading() as connection:
            key = (controllers.find(connection, box.name).id, box.chain)
            return chains.verified(connection, key)

    def litres(self):
        """{(site, hour, method): litres}."""
        with self.store.reading() as connection:
            return {tuple(hour): cell.litres for hour, cell in ledgers.rows(connection)}


@contextmanager
def opened(directory: Path, at=unharmed):
    """Open a created directory as the service does."""
    config = configuration.load(directory)
    empty_store.put(config.store_url)
    with data.opened(config, at) as found:
        yield County(config, found.sequencer, at)
