"""SQL over `controller` and `stranger`: who may speak, and who tried."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select

from karez_gateway.store import revocations
from karez_gateway.store.asked import parts
from karez_gateway.store.schema import controller, stranger
from karez_protocols import binding, grant, site_class

# A thousand frames show who knocks; per name sixteen are as good as all. More would let
# whoever holds one certificate fill the disk.
STRANGERS_MAX = 1000
STRANGERS_PER_NAME_MAX = 16
REMEMBERED_MAX = 16_384  # above the prefecture that one gateway holds


@dataclass(frozen=True)
class Controller:
    """An enrolled box: its name, its site and the signed binding that h_0 follows from."""

    id: int
    name: str
    site: str
    signed_binding: bytes
    enrolled_utc_s: int = 0

    @cached_property
    def _opened(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        values, segments, _, _ = binding.open_signed(self.signed_binding)
        return values, segments

    @property
    def segments(self) -> list[dict[str, Any]]:
        """The binding's segments: by which meter each quantity was counted from then on."""
        return self._opened[1]

    @cached_property
    def key(self) -> Ed25519PublicKey:
        """The controller's own key: it signs checkpoints."""
        return Ed25519PublicKey.from_public_bytes(self._opened[0]["controller_key"])

    @cached_property
    def regulator_key(self) -> bytes:
        """The key that signs this site's grants."""
        return bytes(self._opened[0]["regulator_key"])

    @cached_property
    def rated_flow_lph(self) -> int:
        """Rated flow of the pump."""
        return int(self._opened[0]["rated_flow_lph"])

    @cached_property
    def issued_utc_s(self) -> int:
        """When the binding was signed: the newest one of a site speaks for it."""
        return int(self._opened[0]["issued_utc_s"])

    @cached_property
    def site_class(self) -> int:
        """Class of use, of karez_protocols.site_class."""
        return int(self._opened[0]["class"])

    @cached_property
    def is_protected(self) -> bool:
        """True for drinking water, as the firmware has it: domestic, and livestock that must not go dry."""
        values = self._opened[0]
        if values["class"] == site_class.DOMESTIC:
            return True
        return bool(values["class"] == site_class.LIVESTOCK and values["fail"] == binding.FAIL_RUNNING)

    @cached_property
    def base_volume_l(self) -> int:
        """W at commissioning: the base of the first water segment."""
        for segment in self._opened[1]:
            if segment["quantity"] == grant.WATER and segment["base"] is not None:
                return int(segment["base"])
        return 0


_NAMED = select(controller).where(controller.c.name == bindparam("of"))
_NUMBERED = select(controller).where(controller.c.id == bindparam("of"))


@lru_cache(maxsize=REMEMBERED_MAX)
def _same(number: int, name: str, site: str, signed_binding: bytes, enrolled_utc_s: int) -> Controller:
    """One object for the same row: five stages ask for it, and to read a binding takes half a millisecond."""
    return Controller(number, name, site, signed_binding, enrolled_utc_s)


def _made(row: Any) -> Controller:
    return _same(row[0], row[1], row[2], bytes(row[3]), row[4])


def _where(connection: Connection, column: ColumnElement[Any], wanted: Iterable[Any]) -> Iterator[Controller]:
    for part in parts(wanted):
        yield from map(_made, connection.execute(select(controller).where(column.in_(part))))


def find(connection: Connection, name: str) -> Controller | None:
    """The controller of a name."""
    row = connection.execute(_NAMED, {"of": name}).first()
    return None if row is None else _made(row)


def find_all(connection: Connection, names: Iterable[str]) -> dict[str, Controller]:
    """Those of some names that there are, by name."""
    return {one.name: one for one in _where(connection, controller.c.name, names)}


def by_ids(connection: Connection, numbers: Iterable[int]) -> dict[int, Controller]:
    """The controllers of row ids, by id."""
    return {one.id: one for one in _where(connection, controller.c.id, numbers)}


def by_id(connection: Connection, controller_id: int) -> Controller:
    """The controller of a row id, which a foreign key guarantees."""
    return _made(connection.execute(_NUMBERED, {"of": controller_id}).one())


def at_site(connection: Connection, site: str) -> list[Controller]:
    """Controllers bound to a site, the newest binding first."""
    return at_sites(connection, [site]).get(site, [])


def at_sites(connection: Connection, sites: Iterable[str]) -> dict[str, list[Controller]]:
    """The same for many sites, by site; none where nobody is bound to."""
    found: dict[str, list[Controller]] = {}
    for one in sorted(
        _where(connection, controller.c.site, sites), key=lambda one: one.issued_utc_s, reverse=True
    ):
        found.setdefault(one.site, []).append(one)
    return found


def at_site_believed(connection: Connection, site: str) -> list[Controller]:
    """Those bound to a site that are not revoked, the newest binding first."""
    revoked = revocations.revoked(connection)
    return [one for one in at_site(connection, site) if one.id not in revoked]


def everyone(connection: Connection) -> list[Controller]:
    """All enrolled controllers by name."""
    return [_made(row) for row in connection.execute(select(controller).order_by(controller.c.name))]


def enrol(connection: Connection, name: str, site: str, signed_binding: bytes, now_s: int) -> None:
    """Add a controller; its frames as a stranger are forgotten, for it will send them again."""
    connection.execute(
        insert(controller).values(name=name, site=site, binding=signed_binding, enrolled_utc_s=now_s)
    )
    connection.execute(delete(stranger).where(stranger.c.controller == name))


def strangers(connection: Connection) -> dict[str, int]:
    """Kept frames by the name they came under."""
    query = select(stranger.c.controller, func.count()).group_by(stranger.c.controller)
    return {row[0]: row[1] for row in connection.execute(query)}


def keep_stranger(connection: Connection, name: str, reason: str, payload: bytes, now_s: int) -> bool:
    """Keep a frame that we cannot place, within the bounds above; False = only counted."""
    total = connection.execute(select(func.count()).select_from(stranger)).scalar_one()
    mine = connection.execute(
        select(func.count()).select_from(stranger).where(stranger.c.controller == name)
    ).scalar_one()
    if total >= STRANGERS_MAX or mine >= STRANGERS_PER_NAME_MAX:
        return False
    connection.execute(
        insert(stranger).values(controller=name, reason=reason, payload=payload, received_utc_s=now_s)
    )
    return True


def since(connection: Connection) -> dict[str, int]:
    """Site -> when its first controller of those that stand there now was enrolled, UTC seconds."""
    query = select(controller.c.site, func.min(controller.c.enrolled_utc_s)).group_by(controller.c.site)
    return {site: int(utc_s) for site, utc_s in connection.execute(query)}
