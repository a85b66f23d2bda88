"""`karez gateway import-commissioning`, `commissionings` and `technicians`: what technicians bring in."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import datetime as dt
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.errors import GatewayError

IMPORT = "Example: karez gateway import-commissioning --data /var/lib/karez well-12.commissioning.json"
LIST = "Example: karez gateway commissionings --data /var/lib/karez --site well-12"
TECHNICIANS = "Example: karez gateway technicians --data /var/lib/karez county.technicians"

RESULTS = {
    "passed": "all checks passed",
    "skipped": "no check failed, some were not done",
    "failed": "a check has FAILED",
}


def import_commissioning(
    data: Data,
    file: Annotated[Path, typer.Argument(help="Commissioning file, signed by the technician.")],
    as_json: AsJson = False,
) -> None:
    """Take in the file of a commissioning or a swap.

    It must be signed by a technician of the list in force, and agree with the enrolled controller: name,
    key, site, class and fail direction. The same file again changes nothing; another one of the site is
    its next version. What cannot be taken is refused whole.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import commissionings

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = commissionings.take_in(store, read(file), file, int(time.time()))
        if as_json:
            print_json(found._asdict())
            return
        typer.echo(
            f"{found.kind} of site {found.site}, controller {found.controller}, by technician "
            f"{found.technician}: {RESULTS[found.result]}; "
            + (f"kept as version {found.version}" if found.is_new else f"is version {found.version} already")
        )


def commissionings(
    data: Data,
    site: Annotated[str, typer.Option(help="Only those of this site.")] = "",
    version: Annotated[int | None, typer.Option(min=1, help="With --out: which; default: newest.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the file itself again, for karez tech report.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the commissionings and swaps that came in: site, version, who, result, permit, place, photos."""
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import commissionings as kept

    with spoken():
        if out is not None and not site:
            raise GatewayError("say whose file to write: --site NAME")
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            body = None if out is None else kept.file_at(connection, site, version)
            found = kept.facts(connection, site)
        if out is not None and body is not None:
            _write(out, body)
            return
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo("\n".join(_lines(one)))
    if not found:
        typer.echo("no commissioning came in" + (f" of {site}" if site else ""))


def _write(path: Path, body: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(body)
    except FileExistsError:
        raise GatewayError(f"{path} is there already: name another file") from None
    except OSError as error:
        raise GatewayError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(f"{path}: {len(body)} bytes")


def _lines(one: dict[str, Any]) -> list[str]:
    from karez_gateway.technician.report_figures import coordinates

    head = (
        f"{one['site']:<16}  version {one['version']}  {one['kind']}  {_utc(one['finished_utc_s'])}  "
        f"controller {one['controller']}  technician {one['technician']} (list {one['list_seq']})"
    )
    place = coordinates(one["latitude_udeg"], one["longitude_udeg"]) or "unknown"
    facts = (
        f"  {RESULTS[one['result']]}; permit {one['permit'] or 'unknown'}; coordinates {place}; "
        f"{len(one['seals'])} seals, {len(one['photos'])} photos"
    )
    others = [check for check in one["checks"] if check["outcome"] != "passed"]
    return [head, facts, *(_check_line(check) for check in others)]


def _check_line(check: dict[str, Any]) -> str:
    what = " ".join(filter(None, (check["check"], check["quantity"])))
    return f"  {what} {check['outcome']}: {check['why']}"


def _utc(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def technicians(
    data: Data,
    file: Annotated[Path, typer.Argument(help="The signed list, from the regulator.")],
) -> None:
    """Put a newer list of technicians in force: who may sign commissionings.

    The regulator of an enrolled controller must have signed it. Controllers get theirs by cable:
    karez tech technicians bring.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import commissionings as kept

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            seq, count, is_new = kept.take_list(store, read(file), int(time.time()))
        typer.echo(f"list {seq} of {count} technicians is in force" + ("" if is_new else " already"))
