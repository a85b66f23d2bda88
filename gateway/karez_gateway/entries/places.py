"""Where an entry of the store stands in the gateway's logs: what a figure quotes as its evidence."""

from typing import NamedTuple

from karez_gateway.config import Config
from karez_gateway.entries import origins


class Place(NamedTuple):
    """A log and a place in it."""

    log_origin: str
    log_index: int


class Places:
    """The logs of one moment: looked up once, for a restore is rare and a ledger has many figures."""

    def __init__(self, config: Config) -> None:
        """Read how each log numbers the store's entries. Raises StoreError."""
        self._logs = [(one.name, one.numbering()) for one in reversed(origins.every(config))]

    def of(self, number: int) -> Place:
        """The place of an entry of the store."""
        for name, numbers in self._logs:
            if number >= numbers.first:
                return Place(name, numbers.index_of(number))
        raise LookupError(f"no log holds entry {number}")  # the first one begins with entry 0
