"""Which well has which address at one platform: what `[[destination]]` says, held against who is enrolled."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from karez_gateway.config import Destination
from karez_gateway.store import bindings, outboxes, revocations
from karez_gateway.store.outboxes import Well
from karez_gateway.store.platforms import Chain

# Controller -> (last chain, site) of the bindings it had before, oldest first.
Formers = Mapping[int, Sequence[tuple[int, str]]]


class Stations:
    """The mapping of one destination over the wells enrolled now.

    A site names the well, whichever controller stands there; a controller's own name goes before it.
    A record belongs to the site at which its chain began.
    """

    def __init__(
        self,
        destination: Destination,
        wells: Sequence[Well],
        formers: Formers | None = None,
        revoked: Collection[int] = (),
    ) -> None:
        """Take every controller, and which of them are believed no more."""
        self._destination = destination
        self._wells = {one.id: one for one in wells}
        self._formers = formers or {}
        self._revoked = revoked
        # Without a mapping there may be one well.
        self._sites = {one.site for one in wells if one.id not in revoked}

    def site_of(self, chain: Chain) -> str:
        """Where a chain began."""
        for last_chain, site in self._formers.get(chain[0], ()):
            if chain[1] <= last_chain:
                return site
        return self._wells[chain[0]].site

    def address_of(self, chain: Chain) -> str | None:
        """The address under which a chain's records are reported."""
        return self._address(self._wells[chain[0]].name, self.site_of(chain))

    def _address(self, name: str, site: str) -> str | None:
        settings = self._destination
        if settings.stations:
            found = settings.stations.get(name, settings.stations.get(site))
        elif not settings.address:  # a platform that takes our own names
            found = site
        elif settings.controller:
            found = settings.address if settings.controller == name else None
        else:
            found = settings.address if self._sites == {site} else None
        return found.upper() if found is not None and settings.facts.has_addresses else found

    @property
    def addresses(self) -> dict[int, str]:
        """Controller -> address of the well where it stands now."""
        found = {one.id: self._address(one.name, one.site) for one in self._wells.values()}
        return {number: address for number, address in found.items() if address is not None}

    @property
    def without(self) -> list[Well]:
        """Enrolled wells that have no address there."""
        addresses = self.addresses
        wells = self._wells.values()
        return [one for one in wells if one.id not in addresses and one.id not in self._revoked]

    @property
    def link_address(self) -> str:
        """The station that logs in, where the standard has that; "" while no well has an address."""
        first = next(iter(self.addresses.values()), "")
        return first and (self._destination.address or first)

    @property
    def held(self) -> str:
        """Why nothing at all is reported, empty if something may be."""
        settings = self._destination
        if settings.stations or not settings.address or settings.controller or len(self._sites) < 2:
            return ""
        return (
            f"{len(self._sites)} wells would report under one address: name one as "
            f"[[destination]] controller, or each with its own under [destination.stations]"
        )

    @property
    def unknown(self) -> list[str]:
        """Names in the mapping that no enrolled controller bears: not enrolled yet, or misspelt."""
        borne = {name for one in self._wells.values() for name in (one.name, one.site)}
        borne |= {site for rows in self._formers.values() for _, site in rows}
        named = [*self._destination.stations]
        if self._destination.controller:
            named.append(self._destination.controller)
        return [name for name in named if name not in borne]


class Enrolled:
    """Who is enrolled, read once for every destination."""

    def __init__(self, connection: Connection) -> None:
        """Read it."""
        self.wells = outboxes.wells(connection)
        self.formers = {
            number: [(one.last_chain, one.site) for one in found]
            for number, found in bindings.every(connection).items()
        }
        self.revoked = revocations.revoked(connection)

    def at(self, destination: Destination) -> Stations:
        """Its stations."""
        return Stations(destination, self.wells, self.formers, self.revoked)
