"""`karez tech provision`: a box without a site becomes a well's controller (docs/provisioning.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .speech import BAUD, AsJson, Baud, Lang, PortName, Speech, spoken

if TYPE_CHECKING:
    from .provision_run import Given

EPILOG = (
    "Example: karez tech provision --site well-12.toml --authority-key ca.pem --provisioner-key bench.pem "
    "--regulator-key county.pub --technicians county.technicians"
)

_File = Path | None
SiteFile = Annotated[_File, typer.Option("--site", metavar="FILE", help="Site and meters, TOML or JSON.")]
AuthorityKey = Annotated[
    _File, typer.Option(metavar="FILE", help="The link authority's key; `keygen --authority` makes one.")
]
AuthorityCertificate = Annotated[
    _File, typer.Option(metavar="FILE", help="Its certificate; without it the key's file with .crt.")
]
ProvisionerKey = Annotated[_File, typer.Option(metavar="FILE", help="Your own key, which signs the binding.")]
RegulatorKey = Annotated[
    str, typer.Option(metavar="KEY|FILE", help="The regulator's public key: 64 digits, or a file of it.")
]
Technicians = Annotated[
    _File, typer.Option(metavar="LIST", help="The signed list of technicians; without it nobody can log in.")
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the office's folder of this box goes.")]
ControllerName = Annotated[str, typer.Option("--controller", metavar="NAME", help="Only this box, no other.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Make and check everything, send nothing.")]
Anew = Annotated[bool, typer.Option("--anew", help="Let go of what an earlier try has left in the box.")]
Example = Annotated[bool, typer.Option("--example", help="Print a site's file to begin with, and end.")]


def provision(
    site: SiteFile = None, authority_key: AuthorityKey = None,
    authority_certificate: AuthorityCertificate = None, provisioner_key: ProvisionerKey = None,
    regulator_key: RegulatorKey = "", technicians: Technicians = None, out: Out = Path("provisioned"),
    controller: ControllerName = "", dry_run: DryRun = False, anew: Anew = False, example: Example = False,
    port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Give a box its site: certificate, regulator's key, technicians, meters; then prove that it took them.

    The box has made its own keys; their secret halves never leave it. Everything is checked before the first
    line is sent, each object is taken whole or not at all, and a run that was cut off is simply repeated.
    Writes a folder for the office: binding, certificate, registry.csv for `karez gateway import`, and labels.
    Passphrases are asked for, or taken from KAREZ_AUTHORITY_PASSPHRASE and KAREZ_PROVISIONER_PASSPHRASE.
    """
    from . import connection, provision_run, provisioning, site_file  # noqa: PLC0415 - start-up time
    from .errors import WrongUse  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        if example:
            typer.echo(site_file.example(), nl=False)
            return
        needed = {
            "--site": site, "--authority-key": authority_key, "--provisioner-key": provisioner_key,
            "--regulator-key": regulator_key,
        }  # fmt: skip
        missing = [option for option, value in needed.items() if not value]
        if missing or site is None or authority_key is None or provisioner_key is None:
            raise WrongUse("options-needed", options=", ".join(missing))
        authority = authority_key, authority_certificate
        office = provision_run.given(site, authority, provisioner_key, regulator_key, technicians, speech)
        with connection.connected(port, baud) as (box, identity):
            provisioning.require_box(identity, controller)
            found = provision_run.provision(box, identity, office, out, speech, dry_run=dry_run, anew=anew)
        _tell(speech, office, found)


def _tell(speech: Speech, office: Given, found: dict[str, Any]) -> None:
    if speech.as_json:
        speech.tell({"ok": True, **found})
        return
    speech.say(
        "provision-box", name=found["controller"], site=found["site"], fingerprint=found["fingerprint"]
    )
    sending = "object-make" if found["dry_run"] else "object-sent"
    for name, one in found["objects"].items():
        is_there = name in found["there"] if found["dry_run"] else not one["sent"]
        state = speech.text("object-there" if is_there else sending)
        speech.say("object", name=name, size=one["size"], sha256=one["sha256"], state=state)
    if office.technicians is None:
        speech.say("provision-nobody")
    if found["dry_run"]:
        speech.say("provision-dry")
    else:
        speech.say("provisioned", folder=found["folder"], files=", ".join(found["files"]))
