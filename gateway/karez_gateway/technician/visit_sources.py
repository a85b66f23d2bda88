"""Where a spare begins: by the old box's read-out, the gateway's file, or the office's folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from karez_protocols import binding, grant, signed
from karez_protocols.errors import ProtocolError

from . import document, rules, visit_carry, visit_old, visit_spare
from .errors import Faulty, WrongUse
from .office_folder import OfficeFolder
from .visit_old import QUANTITIES, Old

if TYPE_CHECKING:
    from pathlib import Path

_DIGEST = 24  # bytes of a configuration's SHA-256 that a statement holds
_USED_MAX = 0xFF_FFFF_FFFE  # litres (firmware: console/bringing.py)
_ACCOUNT_MAX = 0xFFFF_FFFE


@dataclass(frozen=True)
class Given:
    """What a person names. `readout` or `source`, not both; `accounts`: NUMBER=LITRES."""

    readout: Path | None = None
    source: Path | None = None
    config: Path | None = None
    grant: Path | None = None
    orders: list[Path] = field(default_factory=list)
    keys: list[Path] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)


def gather(given: Given, site_config: bytes | None) -> Old:
    """All that is known of the box that goes. `site_config`: what the site's file says. Raises WrongUse."""
    if (given.readout is None) == (given.source is None):
        raise WrongUse("old-needed")
    if given.readout is not None:
        old = visit_carry.load(given.readout, given.keys, given.orders)
        if given.config:
            configure(old, None, given.config, None)
    elif given.source is not None and given.source.is_dir():
        old = of_folder(given.source)
        _bring(old, given)
        if given.config:
            configure(old, None, given.config, None)
    elif given.source is not None:
        old, digest = visit_spare.load(given.source)
        _bring(old, given)
        configure(old, digest, given.config, site_config)
    if given.grant:
        old.grant = visit_old.papers([given.grant])[0]
    _require_grant(old)
    brought = {signed.digest(data) for _, data in old.papers}
    old.notes += [note for digest, note in old.unheld.items() if digest not in brought]
    _say_accounts(old, given.accounts)
    if old.own:
        old.notes.append(("from-unseen", {"quantities": ", ".join(sorted(old.own))}))
    return old


def _bring(old: Old, given: Given) -> None:
    """Lists and orders that a person has besides: they go behind those that are known."""
    old.papers += [("keys", data) for data in visit_old.papers(given.keys)]
    old.papers += [("order", data) for data in visit_old.papers(given.orders)]


def _require_grant(old: Old) -> None:
    """The grant that the old box's last record names is there, or a newer one. Raises WrongUse."""
    seq = 0
    if old.grant is not None:
        try:
            seq = grant.decode(signed.split(grant.LABEL, old.grant)[0])[0]["seq"]
        except ProtocolError as error:
            raise WrongUse("grant-none", why=error) from None
    if seq < old.grant_seq:
        raise WrongUse("old-grant-needed", seq=old.grant_seq)


def of_folder(path: Path) -> Old:
    """What `karez tech provision` left in the office: binding and configuration. Raises WrongUse.

    W since the binding is the meter's register less the one in the binding, as long as no meter was swapped:
    so the same meters must hang there.
    """
    found = OfficeFolder(path).papers()
    if found is None:
        raise WrongUse("office-folder", folder=path)
    values, segments = binding.open_signed(found.objects["binding"])[:2]
    bound = {one["quantity"]: one for one in segments}
    old = Old(
        controller=values["controller"], last_seq=None, volume_l=bound[grant.WATER]["base"],
        energy_wh=bound[grant.ENERGY]["base"] if grant.ENERGY in bound else None,
        registers={}, accounts=[], config=found.objects["config"], binding=found.objects["binding"],
        grant=None, units={},
    )  # fmt: skip
    visit_old.whole_config(found.objects["config"], path)
    visit_old.require_binding(old, path)
    if old.own:
        raise WrongUse("office-own", quantities=", ".join(sorted(old.own)), site=values["site"])
    for quantity, one in bound.items():
        name = old.counted if quantity == grant.WATER else QUANTITIES[quantity]
        old.registers[quantity], old.serials[name] = one["register_base"], one["serial"]
    old.notes.append(("from-office", {"folder": path.name, "utc": visit_spare.utc(values["issued_utc_s"])}))
    return old


def configure(old: Old, digest: bytes | None, given: Path | None, usual: bytes | None) -> None:
    """The configuration that the spare gets: a file that a person names, or the site's own. Raises WrongUse.

    A statement of the box names the one it ran. `usual`, the site file's, counts only if it is that one.
    """
    data = _checked(given) if given else usual
    if data is None:
        raise WrongUse("old-config", sha256="—" if digest is None else digest.hex())
    sha256 = hashlib.sha256(data).digest()
    is_same = digest is not None and sha256[:_DIGEST] == digest
    if not given and not is_same:
        raise WrongUse("old-config", sha256="—" if digest is None else digest.hex())
    old.config = data
    old.notes.append(("from-config" if is_same else "from-config-said", {"sha256": sha256.hex()[:16]}))


def _checked(path: Path) -> bytes:
    found = document.load(path)
    faults = rules.check(found.value)
    if faults:
        raise Faulty(path, faults)
    return found.data


def _say_accounts(old: Old, said: list[str]) -> None:
    """Registers that a person knows: never below what a record says. Raises WrongUse."""
    known = dict(old.accounts)
    for text in said:
        number, _, litres = text.partition("=")
        if not (number.isdigit() and litres.isdigit()):
            raise WrongUse("account-shape", text=text)
        account, used_l = int(number), int(litres)
        if not (0 < account <= _ACCOUNT_MAX and used_l <= _USED_MAX):
            raise WrongUse("account-shape", text=text)
        if used_l < known.get(account, 0):
            raise WrongUse("account-less", account=account, used_l=used_l, known_l=known[account])
        known[account] = used_l
        old.notes.append(("from-said", {"account": account, "used_l": used_l}))
    old.accounts = sorted(known.items())
