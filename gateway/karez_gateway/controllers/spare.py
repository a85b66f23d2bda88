"""What this gateway knows of a box that is dead, as one file for the spare in its place.

The file holds records and signed objects, no figures: `karez tech swap-box --from` reads them there
(technician/visit_spare.py), and each has its place in the log. Only records that were judged good are given.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from karez_gateway.config import Config
from karez_gateway.downlink import inheriting
from karez_gateway.entries import origins
from karez_gateway.errors import Refused
from karez_gateway.store import bindings, commissionings, downlinks, sites, spares
from karez_gateway.store.controllers import Controller
from karez_gateway.store.sites import Chain
from karez_gateway.store.spares import Good
from karez_gateway.technician import commissioning_file, guide, visit_spare, wording_swap
from karez_gateway.technician.commissioning import BOX_SWAP
from karez_gateway.technician.errors import Trouble
from karez_gateway.technician.spare_file import PAPERS, Kept, Paper, SpareFile
from karez_gateway.technician.visit_old import QUANTITIES
from karez_gateway.verifier import slots
from karez_protocols import causes, record

_MEASURING = tuple(kind for kind in slots.PLACES if record.is_measuring(kind))
_OF_SEGMENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED, causes.ROLLOVER)
_SORTS = {record.GRANT: PAPERS[0], record.KEYS: PAPERS[1], record.ORDER: PAPERS[2]}


class _Places:
    """Names the place of an entry: the log that holds it, and its index there."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def of(self, number: int) -> tuple[str, int]:
        """(name of the log, index)."""
        origin, numbering, _ = origins.holding(self._config, number)
        return origin.name, numbering.index_of(number)

    def kept(self, chain: Chain, one: Good) -> Kept:
        """A record at its place."""
        log, index = self.of(one.log_index)
        return Kept(log, index, chain.controller, chain.chain, one.seq <= chain.covered_seq, one.slot)


def of_site(connection: Connection, config: Config, site: str, controller: str, now_s: int) -> SpareFile:
    """All that a spare needs of the box that stood at a site. Raises Refused.

    `controller`: whose; empty: the one with the newest binding that has told its litres.
    """
    chains = sites.chains(connection, site)
    places = _Places(config)
    for box in _boxes(connection, site, controller):
        mine = [one for one in chains if one.controller_id == box.id and _is_bound(connection, box, one)]
        volume = _newest(connection, mine, lambda values: values["volume_l"] is not None)
        if volume is not None:
            return _file(connection, places, site, box, chains, mine, volume, now_s)
    raise Refused(
        f"no verified record of {controller or site} says its litres: use a read-out of the old box, or the "
        f"office's folder (karez tech swap-box --from FOLDER)"
    )


def _boxes(connection: Connection, site: str, controller: str) -> list[Controller]:
    found = sites.boxes(connection, site)
    named = [one for one in found if controller in ("", one.name)]
    if not named:
        who = f"controller {controller}" if found else "no controller"
        raise Refused(f"{who} has {'not ' if found else ''}stood at {site}: see karez gateway controllers")
    return named


def _is_bound(connection: Connection, box: Controller, chain: Chain) -> bool:
    """True if a chain began under this very binding: another one has another basis."""
    return bindings.of_chain(connection, chain.key).signed_binding == box.signed_binding


def _newest(
    connection: Connection,
    chains: Iterable[Chain],
    is_wanted: Callable[[dict[str, Any]], bool],
    kinds: tuple[int, ...] = _MEASURING,
) -> tuple[Chain, Good] | None:
    """The newest good record of some kinds that says what is wanted."""
    for chain in sorted(chains, key=lambda one: one.chain, reverse=True):
        for one in spares.good(connection, chain.key, kinds, newest_first=True):
            if is_wanted(record.decode(one.slot)):
                return chain, one
    return None


def _file(
    connection: Connection, places: _Places, site: str, box: Controller, chains: list[Chain],
    mine: list[Chain], volume: tuple[Chain, Good], now_s: int,
) -> SpareFile:  # fmt: skip
    energy = _newest(connection, mine, lambda values: values["energy_wh"] is not None)
    statement = _newest(connection, mine, lambda _: True, (record.STATEMENT,))
    return SpareFile(
        site=site,
        controller=box.name,
        made_utc_s=now_s,
        binding=box.signed_binding,
        volume=places.kept(*volume),
        energy=None if energy is None else places.kept(*energy),
        segments=tuple(_segments(connection, places, mine)),
        statement=None if statement is None else places.kept(*statement),
        accounts=tuple(one for chain in chains for one in _accounts(connection, places, chain)),
        unheld=tuple(_unheld(connection, places, box, mine)),
        papers=tuple(_papers(connection, places, box, now_s)),
        site_facts=_site_facts(connection, site),
    )


def _segments(connection: Connection, places: _Places, chains: list[Chain]) -> Iterable[Kept]:
    for chain in sorted(chains, key=lambda one: one.chain):
        for one in spares.good(connection, chain.key, (record.EVENT,)):
            if slots.head(one.slot).cause in _OF_SEGMENTS:
                yield places.kept(chain, one)


def _accounts(connection: Connection, places: _Places, chain: Chain) -> Iterable[Kept]:
    """Of each account the newest record of a chain that says its register: a stop, a start, an act."""
    newest: dict[int, Good] = {}
    for one in spares.good(connection, chain.key, (record.START, record.STOP, record.EVENT)):
        values = record.decode(one.slot)
        account = visit_spare.inherited(values)[0] if values["kind"] == record.EVENT else values["account"]
        if account:
            newest[account] = one
    return [places.kept(chain, newest[account]) for account in sorted(newest)]


def _unheld(connection: Connection, places: _Places, box: Controller, chains: list[Chain]) -> Iterable[Kept]:
    """Orders that the box took over the cable: their records name them, their papers never came here."""
    held = {one.digest for one in downlinks.of_controller(connection, box.id, record.ORDER)}
    for chain in sorted(chains, key=lambda one: one.chain):
        for one in spares.good(connection, chain.key, (record.ORDER,)):
            if record.decode(one.slot)["digest"] not in held:
                yield places.kept(chain, one)


def _papers(connection: Connection, places: _Places, box: Controller, now_s: int) -> Iterable[Paper]:
    """What a box that is enrolled here now would inherit (offering.py)."""
    for one in inheriting.held_at(connection, box, now_s):
        log, index = ("", None) if one.log_index is None else places.of(one.log_index)
        yield Paper(_SORTS[one.sort], one.body, one.state, log, index)


def _site_facts(connection: Connection, site: str) -> dict[str, Any]:
    """What the newest commissioning says of the site, as the guide asks for it."""
    files = commissionings.every(connection, site)
    if not files:
        return {}
    says = commissioning_file.decode(commissionings.file_of(connection, files[-1].id), site).says.site
    asked = next(one for one in guide.STEPS[BOX_SWAP] if one.name == "site").asks
    facts = {one.name: getattr(says, one.name) for one in asked}
    return {name: value for name, value in facts.items() if value is not None}


def facts(found: SpareFile, file: Path) -> dict[str, Any]:
    """What a spare will take from this, as the tool at the well reads it. Raises Refused."""
    try:
        old, digest = visit_spare.of(found, file)
    except Trouble as error:
        raise Refused(error.text("en")) from None
    return {
        "file": str(file),
        "controller": old.controller,
        "last_seq": old.last_seq,
        "volume_l": old.volume_l,
        "energy_wh": old.energy_wh,
        "registers": {QUANTITIES[one]: register for one, register in old.registers.items()},
        "accounts": [{"account": account, "used_l": used_l} for account, used_l in old.accounts],
        "config_digest": None if digest is None else digest.hex(),
        "papers": [sort for sort, _ in old.papers] + (["grant"] if old.grant else []),
        "figures": [wording_swap.PAGE["en"][name].format(**values).strip() for name, values in old.notes],
    }
