"""Whose chains are: a stage's memory of the controllers under whose bindings chains began."""

from collections.abc import Collection

from sqlalchemy import Connection

from karez_gateway.store import bindings
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller


class Owners:
    """Holds as long as no binding is replaced. One thread at a time."""

    def __init__(self) -> None:
        """Know nobody."""
        self._known: dict[Key, Controller] = {}
        self._bindings = 0  # how many had been replaced when they were asked for

    def begin(self, connection: Connection, keys: Collection[Key] = ()) -> None:
        """A slice begins: whoever was bound anew meanwhile is asked for again, and all new `keys` at once."""
        if self._bindings != (count := bindings.count(connection)):
            self._bindings = count
            self._known.clear()
        self.add(connection, keys)

    def add(self, connection: Connection, keys: Collection[Key]) -> None:
        """Ask for those of `keys` that are not known."""
        new = set(keys) - self._known.keys()
        if new:
            self._known |= bindings.of_chains(connection, new)

    def of(self, connection: Connection, key: Key) -> Controller:
        """The controller as the binding says under which a chain began."""
        if key not in self._known:
            self._known[key] = bindings.of_chain(connection, key)
        return self._known[key]
