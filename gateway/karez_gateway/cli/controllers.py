"""`karez gateway controllers`, `import`, `rebind` and `revoke`: the register of controllers."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken

if TYPE_CHECKING:
    from karez_gateway.store.database import Database

LIST = "Example: karez gateway controllers --data /var/lib/karez --site well-12"
IMPORT = "Example: karez gateway import --data /var/lib/karez bindings.csv"
REBIND = (
    "Example: karez gateway rebind --data /var/lib/karez new.binding --by li "
    '--because "well-12 is closed, the box goes to well-40"'
)
REVOKE = (
    "Example: karez gateway revoke --data /var/lib/karez 0123456789abcdef --by li "
    '--because "the box was stolen"'
)

EXIT_BAD_ROWS = 1
# The service looks twice a second; a machine under load may take a while.
LOGGED_WITHIN_S = 5.0
LOOK_EVERY_S = 0.1

By = Annotated[str, typer.Option(help="Who decides it.")]
Because = Annotated[str, typer.Option(help="Why; it is kept, and shown to everybody.")]


def controllers(
    data: Data,
    site: Annotated[str, typer.Option(help="Only those that stand, or stood, at this site.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the controllers: name, site, class, key, since when, last seen, and who was revoked and why."""
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import registry
    from karez_gateway.service import servicestate

    with spoken():
        config = configuration.load(data)
        presence = servicestate.read(config.data / data_directory.SERVICE).get("presence", {})
        with data_directory.beside(config) as store, store.reading() as connection:
            found = registry.facts(connection, presence)
    if site:
        found = [one for one in found if site in (one["site"], *(old["site"] for old in one["former_sites"]))]
    if as_json:
        print_json(found)
        return
    for one in found:
        for line in _lines(one):
            typer.echo(line)
    if not found:
        typer.echo("no controller is enrolled" + (f" at {site}" if site else ""))


def _lines(one: dict[str, Any]) -> Iterator[str]:
    seen = "never seen" if one["last_seen_utc_s"] is None else f"last seen {_utc(one['last_seen_utc_s'])}"
    online = ", online" if one["online"] else ""
    yield (
        f"{one['name']}  {one['site']:<16}  {one['state']:<9}  {one['class']:<10}  "
        f"key {one['key_sha256'][:16]}  since {_utc(one['enrolled_utc_s'])}, {seen}{online}"
    )
    for old in one["former_sites"]:
        yield (
            f"  stood at {old['site']} up to chain {old['last_chain']}, until {_utc(old['until_utc_s'])}; "
            f"bound anew by {old['by']}: {old['because']}"
        )
    revoked = one["revoked"]
    if revoked is not None:
        place = "" if revoked["log_index"] is None else f", entry {revoked['log_index']} of the log"
        yield f"  revoked {_utc(revoked['utc_s'])} by {revoked['by']}: {revoked['because']}{place}"


def _utc(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def import_bindings(
    data: Data,
    file: Annotated[Path, typer.Argument(help="CSV with a column binding; controller, site are checked.")],
    as_json: AsJson = False,
) -> None:
    """Enrol the controllers of many bindings: all of them, or none and a line for each bad row.

    The file is CSV in UTF-8; its first line names the columns: binding (hex or base64) and, if you
    like, controller and site, which must be what the binding says. Ends with code 1 if a row is bad.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import registry_import

    with spoken():
        config = configuration.load(data)
        provisioner = config.trust.provisioner_key
        with data_directory.beside(config) as store:
            found = registry_import.bring_in(store, read(file), provisioner)
    if as_json:
        errors = [{"line": number, "error": text} for number, text in found.errors]
        print_json({"enrolled": found.enrolled, "known": found.known, "errors": errors})
    else:
        for number, text in found.errors:
            typer.echo(f"line {number}: {text}", err=True)
        if found.errors:
            typer.echo(f"{len(found.errors)} rows are bad: nothing was enrolled", err=True)
        else:
            known = f", {len(found.known)} were enrolled already" if found.known else ""
            typer.echo(f"{len(found.enrolled)} controllers are enrolled{known}")
    if found.errors:
        raise typer.Exit(EXIT_BAD_ROWS)


def rebind(
    data: Data,
    binding_file: Annotated[Path, typer.Argument(help="The controller's new signed binding.")],
    by: By,
    because: Because,
) -> None:
    """Put a newer binding of an enrolled controller in force: another site, another meter.

    The box begins a new chain with it. What it has recorded stays with its old site.
    Bring the binding in before the box speaks at its new place.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import enrolment

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            old, new = enrolment.rebind(
                store, read(binding_file), config.trust.provisioner_key, by=by, because=because
            )
        typer.echo(f"controller {new.name} is bound to site {new.site}; it stood at {old.site}")


def revoke(
    data: Data,
    controller: Annotated[str, typer.Argument(help="Controller, or the site whose newest one is meant.")],
    by: By,
    because: Because,
) -> None:
    """Believe a controller no more, from an entry of the log on. It cannot be taken back.

    What it sent before counts. What comes after is stored, acknowledged and quarantined; no grant, order
    or command goes to it. A spare that is enrolled for its site takes over.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import revocation
    from karez_gateway.service import servicestate

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = revocation.queue(store, controller, by=by, because=because, now_s=int(time.time()))
            service = servicestate.read(config.data / data_directory.SERVICE)
            index = _logged_index(store, found.controller_id) if servicestate.is_running(service) else None
        name = f"controller {found.controller} at {found.site}"
        if index is None:
            typer.echo(f"{name} gets nothing any more; it is revoked as soon as the service has logged it")
        else:
            typer.echo(f"{name} is revoked: entry {index} of the log")


def _logged_index(store: "Database", controller_id: int) -> int | None:
    """Entry of the log, once the running service has written it; None if it takes its time."""
    from karez_gateway.store import revocations

    until_s = time.monotonic() + LOGGED_WITHIN_S
    while time.monotonic() < until_s:
        with store.reading() as connection:
            found = revocations.of_controller(connection, controller_id)
        if found is not None and found.log_index is not None:
            return found.log_index
        time.sleep(LOOK_EVERY_S)
    return None
