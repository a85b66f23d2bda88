"""`karez tech commission`, `swap-meter` and `swap-box`: guided visits to a well (docs/technician.md)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import cli_provision  # noqa: TC001 - typer reads the annotations
from .speech import BAUD, AsJson, Baud, Lang, PortName, Speech, spoken

if TYPE_CHECKING:
    from .connection import Who
    from .visit_old import Old
    from .visit_sources import Given

COMMISSION = "Example: karez tech commission well-12.visit --key li.pem --number 12 --answers well-12.toml"
SWAP_METER = "Example: karez tech swap-meter well-12-meter.visit --key li.pem --number 12"
SWAP_BOX = (
    "Example: karez tech swap-box well-12-box.visit --old old.json --key li.pem --number 12; if the box is "
    "dead, --from well-12.spare instead of --old"
)

Work = Annotated[Path, typer.Argument(metavar="WORKFILE", help="What was done so far; the report beside it.")]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="KEY", help="Your key, as `karez tech keygen` made it.")
]
Number = Annotated[
    int | None, typer.Option("--number", min=1, help="Your number in the list of technicians.")
]
AnswersFile = Annotated[
    Path | None, typer.Option("--answers", metavar="FILE", help="Answers in TOML; what it lacks is asked.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where the working file stands.")]
OldFile = Annotated[
    Path | None, typer.Option("--old", metavar="FILE", help="Read-out of the old box, its bundle beside it.")
]
Source = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="FILE|FOLDER", help="Without a read-out: of `karez gateway spare`, or the office's."
    ),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration that the old box ran.")
]
GrantFile = Annotated[Path | None, typer.Option("--grant", metavar="FILE", help="The grant to be in force.")]
Account = Annotated[
    list[str] | None, typer.Option("--account", metavar="NUMBER=LITRES", help="An account's register.")
]
Orders = Annotated[list[Path] | None, typer.Option("--order", metavar="FILE", help="An order in force.")]
Keys = Annotated[list[Path] | None, typer.Option("--keys", metavar="FILE", help="The signed list of keys.")]


def commission(
    work: Work, key: Key = None, number: Number = None, answers: AnswersFile = None, resume: Resume = False,
    port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Set a well to work, step by step, with every check; ends with a signed file and its report.

    Each step is written into WORKFILE when it is done: a pulled cable or an empty battery loses one step, and
    --resume goes on. A check may be left out with a reason, which the report shows.
    """
    with spoken(lang, as_json=as_json) as speech:
        _visit("commissioning", work, (key, number), answers, (port, baud), speech, resume=resume)


def swap_meter(
    work: Work, key: Key = None, number: Number = None, answers: AnswersFile = None, resume: Resume = False,
    port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Put on another meter: closing and opening reading into the books, the dial compared, a signed file.

    Answer the old meter's questions before it is taken off, the new one's when it hangs there.
    """
    with spoken(lang, as_json=as_json) as speech:
        _visit("meter-swap", work, (key, number), answers, (port, baud), speech, resume=resume)


def swap_box(
    work: Work, old: OldFile = None, source: Source = None, config: Config = None, grant: GrantFile = None,
    account: Account = None, order: Orders = None, keys: Keys = None,
    key: Key = None, number: Number = None, answers: AnswersFile = None, resume: Resume = False,
    site: cli_provision.SiteFile = None, authority_key: cli_provision.AuthorityKey = None,
    authority_certificate: cli_provision.AuthorityCertificate = None,
    provisioner_key: cli_provision.ProvisionerKey = None, regulator_key: cli_provision.RegulatorKey = "",
    technicians: cli_provision.Technicians = None, out: cli_provision.Out = Path("provisioned"),
    port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Put a spare in a box's place: its site, configuration, litres, grant, orders and accounts.

    First `karez tech readout FILE` at the old box. If it is dead, `karez gateway spare` writes what the
    gateway has of it. A bare spare is provisioned here, with the options of `karez tech provision`; its
    litres are proved against the meters.
    """
    from .visit_sources import Given  # noqa: PLC0415 - each verb imports what it needs

    with spoken(lang, as_json=as_json) as speech:
        given = Given(old, source, config, grant, order or [], keys or [], account or [])
        gone = _gone(given, site)
        needed = (site, (authority_key, authority_certificate), provisioner_key, regulator_key, technicians)
        _provide(gone, needed, out, (port, baud), speech)
        _visit("box-swap", work, (key, number), answers, (port, baud), speech, resume=resume, old=gone)


def _gone(given: Given, site: Path | None) -> Old:
    """What is known of the box that goes. Raises Trouble."""
    from . import site_file, visit_sources  # noqa: PLC0415

    config = site_file.config(site_file.load(site), site) if site and given.source else None
    return visit_sources.gather(given, config)


def _provide(gone: Old, given: Any, out: Path, where: tuple[str, int], speech: Speech) -> None:
    """Provision the spare, if it is bare, so that it goes on from the old box. Raises Trouble."""
    from . import connection, provision_run, provisioning, site_binding  # noqa: PLC0415
    from .errors import WrongUse  # noqa: PLC0415

    with connection.connected(*where) as (_, identity):
        if not provisioning.is_bare(identity):
            if identity["controller"] == gone.controller:
                raise WrongUse("old-same", name=gone.controller)
            return
    site, authority, provisioner, regulator, listed = given
    needed = {"--site": site, "--authority-key": authority[0], "--provisioner-key": provisioner}
    missing = [name for name, value in {**needed, "--regulator-key": regulator}.items() if not value]
    if missing:
        raise WrongUse("options-needed", options=", ".join(missing))
    office = provision_run.given(site, authority, provisioner, regulator, listed, speech)
    gone.require_site(office.site_name)
    gone.require_units(list(site_binding.segments(office.site)))
    carried = site_binding.Carried(gone.seq, gone.bases)
    office = replace(office, config=gone.config or office.config, carried=carried)
    with connection.connected(*where) as (controller, identity):
        found = provision_run.provision(controller, identity, office, out, speech, dry_run=False, anew=False)
    if speech.as_json:
        speech.tell({"do": "provisioned", "controller": found["controller"]}, is_one_line=True)


def _visit(
    kind: str, work: Path, who: tuple[Path | None, int | None], given: Path | None, where: tuple[str, int],
    speech: Speech, *, resume: bool, old: Old | None = None,
) -> None:  # fmt: skip
    from . import connection, document, judgement, visit_answers, visit_file, visit_run  # noqa: PLC0415
    from .commissioning import QUANTITIES  # noqa: PLC0415
    from .errors import WrongUse  # noqa: PLC0415
    from .visit_box import Box  # noqa: PLC0415

    if work.exists() and not resume:
        raise WrongUse("visit-exists", file=work)
    document.check_writable(work, is_replaced=resume)
    said = visit_answers.load(given, kind, QUANTITIES) if given else {}
    visit = (
        visit_file.load(work, kind)
        if resume and work.exists()
        else visit_file.Visit(kind, visit_run.now_utc_s())
    )
    technician = _technician(*who, speech)
    with connection.connected(*where, technician) as (controller, identity):
        box = Box(controller, identity, technician)
        box.old = old
        known = visit_answers.Answers(speech, {**(old.said if old else {}), **said})
        steps = visit_run.run(visit, work, box, known, speech)
        data = visit_run.signed(visit, box)
        found = visit_run.document(visit, box)
    files = visit_run.write(data, work.with_suffix(".commissioning.json"), speech)
    result = judgement.result(found)
    if speech.as_json:
        speech.tell({"ok": True, "steps": steps, "result": result, "files": files}, is_one_line=True)
    speech.say("visit-done", steps=steps, result=speech.text("result-" + result))


def _technician(key: Path | None, number: int | None, speech: Speech) -> Who:
    from . import connection  # noqa: PLC0415
    from .errors import WrongUse  # noqa: PLC0415

    who = connection.who_is(key, number, speech)
    if who is None:
        raise WrongUse("key-needed")
    return who
