"""One run of `karez tech provision`: files first, then the box, then the folder for the office."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from karez_protocols import binding, technicians

from . import (
    keys,
    labels,
    link_authority,
    passphrase,
    provisioning,
    roster,
    site_binding,
    site_file,
)
from .errors import WrongUse
from .office_folder import OfficeFolder
from .provisioning import Papers

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .controller import Controller
    from .speech import Speech

AUTHORITY_VARIABLE = "KAREZ_AUTHORITY_PASSPHRASE"
PROVISIONER_VARIABLE = "KAREZ_PROVISIONER_PASSPHRASE"


@dataclass(frozen=True)
class Given:
    """What the office gives, all of it read and checked before the first line goes to a box."""

    site: dict[str, Any]
    config: bytes
    authority: link_authority.LinkAuthority
    provisioner: Ed25519PrivateKey
    regulator: bytes
    technicians: bytes | None
    now: dt.datetime
    carried: site_binding.Carried | None = None  # a spare goes on from another box

    @property
    def site_name(self) -> str:
        """The site's own name."""
        return str(self.site["site"]["name"])


def given(
    site: Path, authority: tuple[Path, Path | None], provisioner: Path, regulator: str, listed: Path | None,
    speech: Speech,
) -> Given:  # fmt: skip
    """Read every file; the passphrases last, when all else is found good. Raises WrongUse."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    found = site_file.load(site)
    regulator_key = keys.public(regulator)
    data = None
    if listed is not None:
        data, _ = roster.load(listed)
        if not site_binding.is_signed(data, technicians.LABEL, regulator_key):
            raise WrongUse("list-other", file=listed, key=regulator_key.hex())
    for path in (authority[0], provisioner):
        if not keys.is_encrypted(path):
            speech.say("key-plain", file=path)
    return Given(
        found,
        site_file.config(found, site),
        link_authority.load(*authority, _passphrase(authority[0], speech, AUTHORITY_VARIABLE), now),
        keys.load(provisioner, _passphrase(provisioner, speech, PROVISIONER_VARIABLE)),
        regulator_key,
        data,
        now,
    )


def _passphrase(path: Path, speech: Speech, variable: str) -> str | None:
    return passphrase.of(path, speech, variable) if keys.is_encrypted(path) else None


def papers_for(office: Given, box: site_binding.Box) -> Papers:
    """Make everything that one box gets. Raises Trouble."""
    certificate = office.authority.certify(box.name, box.link_point, office.now)
    found = {
        "authority": office.authority.der,
        "certificate": certificate.public_bytes(serialization.Encoding.DER),
        "config": office.config,
        "binding": site_binding.make(
            office.site,
            box,
            office.regulator,
            int(office.now.timestamp()),
            office.provisioner,
            office.carried,
        ),
    }
    if office.technicians is not None:
        found["technicians"] = office.technicians
    return Papers(found)


def adopt(
    controller: Controller, office: Given, box: site_binding.Box, papers: Papers, *, anew: bool
) -> None:
    """Take what an earlier try has left in a bare box, where it is what would be sent. Raises Trouble.

    What is not ours, or says something else, is let go with `anew`; without it nothing is changed.
    """
    other = []
    for name, sha256 in provisioning.held(controller).items():
        if name in papers.objects and sha256 == papers.sha256(name):
            continue
        data = provisioning.read(controller, name)
        if (name == "certificate" and office.authority.has_certified(data, box.name, box.link_point)) or (
            name == "binding" and _is_ours(data, office, papers)
        ):
            papers.objects[name] = data
        else:
            other.append(name)
    if other and not anew:
        raise WrongUse("held-other", names=", ".join(other))
    provisioning.let_go(controller, other)


def _is_ours(data: bytes, office: Given, papers: Papers) -> bool:
    key = office.provisioner.public_key().public_bytes_raw()
    same = site_binding.says_the_same(data, papers.objects["binding"])
    return same and site_binding.is_signed(data, binding.LABEL, key)


def earlier(folder: OfficeFolder, office: Given, identity: dict[str, Any]) -> Papers:
    """What a box in operation was given, if this folder says so. Raises WrongUse: it has a site for good."""
    found = folder.papers()
    name, site = identity["controller"], identity.get("site")
    if found is not None:
        values = binding.open_signed(found.objects["binding"])[0]
        key = office.provisioner.public_key().public_bytes_raw()
        if (
            values["controller"] == name
            and values["site"] == site == office.site_name
            and site_binding.is_signed(found.objects["binding"], binding.LABEL, key)
        ):
            found.objects["authority"] = office.authority.der
            return found
    raise WrongUse("provisioned-already", name=name, site=site)


def facts(office: Given, papers: Papers, identity: dict[str, Any]) -> dict[str, Any]:
    """Who is bound to what, for the folder and for programs."""
    values = binding.open_signed(papers.objects["binding"])[0]
    return {
        "controller": values["controller"],
        "site": values["site"],
        "key": values["controller_key"].hex(),
        "fingerprint": labels.fingerprint(values["controller_key"]),
        "regulator_key": values["regulator_key"].hex(),
        "provisioner_key": office.provisioner.public_key().public_bytes_raw().hex(),
        "issued_utc_s": values["issued_utc_s"],
        "core_digest": identity.get("core_digest"),
        "tier": identity.get("tier"),
    }


def provision(
    controller: Controller, identity: dict[str, Any], office: Given, out: Path, speech: Speech,
    *, dry_run: bool, anew: bool,
) -> dict[str, Any]:  # fmt: skip
    """Give a box its site, and prove it; return what was done, for a program. Raises Trouble."""
    folder = OfficeFolder(out / str(identity["controller"]))
    if not provisioning.is_bare(identity):
        return _completed(controller, identity, office, folder)
    box = site_binding.Box.of(identity)
    papers = papers_for(office, box)
    if dry_run:
        there = provisioning.held(controller)
        return {
            "dry_run": True,
            **facts(office, papers, identity),
            "there": sorted(there),
            "objects": papers.facts(),
        }
    adopt(controller, office, box, papers, anew=anew)
    said = facts(office, papers, identity)
    folder.begin(papers, said)
    provisioning.bring(
        controller,
        papers,
        lambda name, done, size: speech.progress("bringing", name=name, done=done, size=size),
    )
    speech.progress("starting")
    found = provisioning.come_up(controller, box.name)
    provisioning.prove(controller, found, papers)
    files = folder.finish(papers, said)
    return {"dry_run": False, **said, "folder": str(folder.path), "files": files, "objects": papers.facts()}


def _completed(
    controller: Controller, identity: dict[str, Any], office: Given, folder: OfficeFolder
) -> dict[str, Any]:
    """A run that was cut off when the box had everything: its folder is completed, nothing is sent."""
    papers = earlier(folder, office, identity)
    provisioning.prove(controller, identity, papers)
    said = facts(office, papers, identity)
    files = folder.finish(papers, said)
    return {"dry_run": False, **said, "folder": str(folder.path), "files": files, "objects": papers.facts()}
