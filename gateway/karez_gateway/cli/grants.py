"""`karez gateway grants …`: ask the regulator for rights, take the signed ones in, see how they fare."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Bringer, Brought, bringing
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import GatewayError

if TYPE_CHECKING:
    from karez_gateway.config import Config
    from karez_gateway.county.acts import Deed
    from karez_gateway.grants.request import Asked, Made
    from karez_gateway.store.database import Database

app = typer.Typer(
    help="Rights to pump: prepared here, signed by the regulator, carried to the wells.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Year = Annotated[int, typer.Option("--year", help="Water year.")]
_SHOWN_MAX = 40
_ALLOWANCE_MAX_L = 6_553_500


@app.command(
    epilog="Example: karez gateway grants prepare --data /var/lib/karez --year 2027 --out north.request "
    '--document W-2027-3 --because "plans of 2027"'
)
def prepare(
    data: Data,
    year: Year,
    out: Annotated[Path, typer.Option(help="Request file to write; never replaced.")],
    because: Annotated[str, typer.Option(help="Why; it is kept with the act.")],
    document: Annotated[str, typer.Option(help="Document that the grants will name, at most 24 bytes.")],
    site: Annotated[list[str] | None, typer.Option(help="Only this site; repeatable.")] = None,
    finish_m3: Annotated[str, typer.Option(help="Above the ceiling, to finish an irrigation.")] = "0",
    emergency_m3: Annotated[str, typer.Option(help="Above the ceiling, in an emergency.")] = "0",
    interim_percent: Annotated[int, typer.Option(min=1, max=100, help="Of the right, after the year.")] = 10,
    interim_days: Annotated[int, typer.Option(min=1, max=366, help="How long after the year.")] = 92,
    later: Annotated[
        bool, typer.Option("--later", help="The office has W at the year's start: leave its proof out.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who asks; default: this machine's user.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write the request for a year's grants: each site's plan, and what its controller has signed.

    The regulator checks it with `karez regulator grant` and trusts none of it but the signatures. That it
    was asked, for how much and why, is an act, and the log holds it. What was cut counts until a signed
    record shows that the cut is held: the villages where that is pending are told.
    """
    from karez_gateway.cli.deeds import user
    from karez_gateway.county.acts import Deed
    from karez_gateway.county.quota.grants import Terms
    from karez_gateway.grants.request import Asked

    with spoken():
        config = configuration.load(data)
        terms = Terms(_litres(finish_m3), _litres(emergency_m3), interim_percent, interim_days)
        asked = Asked(config.gateway.name, year, terms, tuple(site or ()), not later)
        deed = Deed(by or user(), because, int(time.time()), document).checked()
        made, act_id = _prepare(config, asked, deed, out)
    facts = {
        "file": str(out),
        "act": act_id,
        "sites": len(made.rights),
        "right_l": sum(right_l for right_l, _ in made.rights.values()),
        "without_evidence": made.without_evidence,
        "left_out": made.left_out,
        "partly": made.partly,
        "still": made.still,
        "pending": [one._asdict() for one in made.pending],
    }
    if as_json:
        print_json(facts)
        return
    sites = counted(len(made.rights), "site")
    typer.echo(f"{out}: {sites}, {facts['right_l']:,} L, act {act_id}; next: the regulator")
    for each in made.pending:
        typer.echo(
            f"{each.region} {each.name}: cuts of {each.litres:,} L are pending at "
            f"{counted(each.sites, 'site')}: they count until a signed record shows that the cut is held"
        )
    lines = [
        f"{one} has signed nothing in this water year yet: the regulator has to name it"
        for one in made.without_evidence
    ]
    said = [*made.still, *made.partly, *lines, *made.left_out]
    for line in said[:_SHOWN_MAX]:
        typer.echo(line, err=True)
    if len(said) > _SHOWN_MAX:
        typer.echo(f"and {len(said) - _SHOWN_MAX} more: --json has all of them", err=True)


def _prepare(config: configuration.Config, asked: "Asked", deed: "Deed", out: Path) -> tuple["Made", int]:
    """Keep the act and write the file, which bears its name only once the act is kept."""
    import hashlib

    from karez_gateway import data as data_directory
    from karez_gateway.grants import request as grant_request

    if out.exists():
        raise GatewayError(f"{out} is there already and is not replaced")
    with data_directory.beside(config) as store:
        with store.reading() as connection:
            made = grant_request.make(connection, config.county.years, asked, deed)
        sha256 = hashlib.sha256(made.data).hexdigest()
        part = out.with_name(out.name + ".part")
        try:
            part.write_bytes(made.data)
            with store.writing() as connection:
                act_id = grant_request.keep(connection, made, sha256, asked, deed)
            part.replace(out)
        except BaseException as error:
            part.unlink(missing_ok=True)  # also half a file, on a full disk
            if isinstance(error, OSError):
                raise GatewayError(f"{out} cannot be written: {error.strerror}") from None
            raise
    return made, act_id


@app.command(epilog="Example: karez gateway grants deliver --data /var/lib/karez north.grants")
def deliver(
    data: Data,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Signed grants, many or one a file.")],
    by: Bringer = "",
    because: Brought = "",
    as_json: AsJson = False,
) -> None:
    """Take signed grants in: all are checked, then all are queued, or none.

    The running service logs each, publishes it and repeats that until the controller's records show what
    became of it. The same file brought again changes nothing.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.grants import delivery as grant_delivery

    with spoken():
        grants = [(path.name, one) for path in files for one in grant_delivery.read(read(path), path.name)]
        with data_directory.beside(configuration.load(data)) as store:
            done = grant_delivery.deliver(store, grants, int(time.time()), bringing(by, because, *files))
    if as_json:
        print_json({"queued": done.queued, "known": done.known})
        return
    queued = counted(len(done.queued), "grant is", "grants are")
    typer.echo(f"{queued} queued, {counted(done.known, 'was', 'were')} taken before")


@app.command(epilog="Example: karez gateway grants state --data /var/lib/karez --year 2027 --overdue")
def state(
    data: Data,
    year: Year,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only wells that wait too long.")] = False,
    days: Annotated[int, typer.Option(min=0, help="So many days are too long.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show of each well: prepared, queued, logged, sent, accepted or refused and why, and what is in force.

    In force is what the controller's own state says; where it says nothing, what its records proved.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.service import servicestate

    with spoken():
        config = configuration.load(data)
        presence = servicestate.read(config.data / data_directory.SERVICE).get("presence", {})
        with data_directory.beside(config) as store:
            found = _states(store, config, year, presence, days)
    if overdue:
        found = [one for one in found if one["overdue"]]
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(_line(one))
    late = sum(bool(one["overdue"]) for one in found)
    in_force = sum(one["is_in_force"] for one in found)
    typer.echo(f"{counted(len(found), 'well')}, {in_force} with their right in force, {late} overdue")


def _states(
    store: "Database", config: "Config", year: int, presence: dict[str, Any], days: int
) -> list[dict[str, Any]]:
    from karez_gateway.grants import delivery as grant_delivery

    until_utc_s = config.county.years.span(year).to_utc_s
    with store.reading() as connection:
        found = grant_delivery.states(connection, year, presence, int(time.time()), days, until_utc_s)
    return [one._asdict() for one in found]


def _line(one: dict[str, Any]) -> str:
    said = [f"{one['site']:<16}", f"{one['state']:<10}"]
    if one["grant_seq"] is not None:
        said.append(f"grant {one['grant_seq']} ({one['document']})")
    if one["right_l"] is not None:
        said.append(f"{one['right_l']:,} L")
    if one["cause"]:
        said.append(str(one["cause"]))
    said.append("in force" if one["is_in_force"] else f"holds {one['held_seq'] or 'none'}")
    if one["overdue"]:
        said.append(f"OVERDUE: {one['overdue']}")
    return "  ".join(said)


def _litres(text: str) -> int:
    """Litres of an allowance in m³; the wire counts them in 0.1 m³, with 16 bits. Raises GatewayError."""
    from karez_gateway.county.registry import fields

    try:
        litres = int(fields.CUBIC_METRES.read(text))
    except GatewayError:
        litres = -1
    if not 0 <= litres <= _ALLOWANCE_MAX_L or litres % 100:
        raise GatewayError(f"{text[:40]!r} is no volume of 0 to 6553.5 m³ with at most one decimal")
    return litres
