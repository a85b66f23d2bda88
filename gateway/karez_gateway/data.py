"""The data directory: what lies where, and opening it as the one service or beside it.

gateway.toml     settings                    log.key        the log's private key
log.vkey         its public half, to hand out
trust.json       keys for `karez verify`     karez.sqlite3  the database, unless [store] names another
log/             the transparency log        service.json   what the running service says
                                             stopped.json   why it ended the last time, unless it was told to
log.2/ ...       the log after a restore, with log.2.key and log.2.vkey: see origins.py
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from karez_gateway.config import Config
from karez_gateway.entries import origins, restored
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.errors import StoreError
from karez_gateway.log.errors import LogError
from karez_gateway.log.keys import load_key
from karez_gateway.log.tlog import Tlog
from karez_gateway.seam import Seam, unharmed
from karez_gateway.service import failure
from karez_gateway.store.database import Database

LOG = "log"
LOG_KEY = "log.key"
LOG_VERIFIER_KEY = "log.vkey"
TRUST = "trust.json"
SERVICE = "service.json"


@dataclass(frozen=True, slots=True)
class OpenData:
    """Database and log of a running service, brought together; `healed` entries were missing in the log."""

    sequencer: Sequencer
    healed: int


@contextmanager
def opened(config: Config, at: Seam = unharmed) -> Iterator[OpenData]:
    """Open everything for the service; the log's lock keeps a second one out. Raises StoreError.

    Of several logs the last one; none after a restore that has not begun its own yet.
    """
    restored.refuse_if_halted(config.data)
    origin = origins.current(config)
    try:
        log = Tlog.open(origin.directory, origin.name, load_key(origin.key, origin.name))
    except LogError as error:
        raise StoreError(str(error)) from error
    try:
        store = Database.open(config.store_url)
        try:
            sequencer = Sequencer(store, log, at, origin.numbering())
            yield OpenData(sequencer, _healed(sequencer))
        finally:
            store.close()
    finally:
        log.close()


def _healed(sequencer: Sequencer) -> int:
    try:
        return sequencer.heal()
    except (LogError, OSError, DBAPIError) as error:
        raise StoreError(failure.explained(error)) from error


@contextmanager
def beside(config: Config) -> Iterator[Database]:
    """Open the database for a command, with or without a running service. Raises StoreError.

    Also for what the database does not do later: another holds it, the disk is full.
    """
    store = Database.open(config.store_url)
    try:
        yield store
    except (DBAPIError, PoolTimeout) as error:
        raise StoreError(failure.explained(error)) from error
    finally:
        store.close()
