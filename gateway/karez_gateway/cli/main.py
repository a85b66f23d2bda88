"""`karez gateway …`: the county side, for its operator."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import alarms as cli_alarms
from karez_gateway.cli import api as cli_api
from karez_gateway.cli import appeals as cli_appeals
from karez_gateway.cli import balances as cli_balances
from karez_gateway.cli import commissionings as cli_commissionings
from karez_gateway.cli import controllers as cli_registry
from karez_gateway.cli import emergency as cli_emergency
from karez_gateway.cli import feeder as cli_feeder
from karez_gateway.cli import grants as cli_grants
from karez_gateway.cli import layup as cli_layup
from karez_gateway.cli import ledger as cli_ledger
from karez_gateway.cli import orders as cli_orders
from karez_gateway.cli import origin as cli_origin
from karez_gateway.cli import power as cli_power
from karez_gateway.cli import quota as cli_quota
from karez_gateway.cli import registry as cli_county_registry
from karez_gateway.cli import reports as cli_reports
from karez_gateway.cli import spare as cli_spare
from karez_gateway.cli import table as cli_table
from karez_gateway.cli import update as cli_update
from karez_gateway.cli import uploads as cli_uploads
from karez_gateway.cli import violations as cli_violations
from karez_gateway.cli.deeds import Bringer, Brought, bringing
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.errors import GatewayError

app = typer.Typer(
    help="The gateway: takes records from controllers, keeps and proves them, reports to platforms.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

EXIT_UNSOUND = 1


@app.command(
    epilog="Example: karez gateway init /var/lib/karez --name changji-1 --origin karez.example/changji-1"
)
def init(
    directory: Annotated[Path, typer.Argument(help="Where to create it; existing files are never replaced.")],
    name: Annotated[str, typer.Option(help="Name of this gateway, at most 16 bytes.")] = "gateway",
    origin: Annotated[
        str, typer.Option(help="Name of its log: a host name and a path.")
    ] = "karez.local/gateway",
    provisioner: Annotated[str, typer.Option(help="Public key that signs bindings, 64 hex digits.")] = "",
    regulator: Annotated[
        list[str] | None, typer.Option(help="Public key that signs grants; repeatable; for trust.json.")
    ] = None,
    broker_host: Annotated[str, typer.Option(help="Address of the MQTT broker.")] = "127.0.0.1",
    broker_port: Annotated[int, typer.Option(help="Port of the MQTT broker.")] = 1883,
) -> None:
    """Create a gateway's data directory.

    Makes gateway.toml, the log with its key and, given both keys, trust.json for `karez verify`.
    """
    from karez_gateway.operation import setup

    with spoken():
        setup.create(
            directory,
            name=name,
            origin=origin,
            broker_host=broker_host,
            broker_port=broker_port,
            provisioner=provisioner,
            regulators=regulator or [],
        )
        typer.echo(f"created {directory / configuration.FILE}; next: karez gateway run --data {directory}")


@app.command(epilog="Example: karez gateway run --data /var/lib/karez")
def run(data: Data) -> None:
    """Run the service until SIGTERM.

    Prints JSON lines on stdout (ready, connected, disconnected, stopped); logs are JSON on stderr.
    """
    from karez_gateway.service import run as service

    with spoken():
        service.run(configuration.load(data))


@app.command(epilog="Example: karez gateway status --data /var/lib/karez --json")
def status(data: Data, as_json: AsJson = False) -> None:
    """Show what is stored, verified, uploaded."""
    from karez_gateway import data as data_directory
    from karez_gateway.operation import statustext
    from karez_gateway.operation.status import status as facts_of

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            facts = facts_of(store, config)
        if as_json:
            print_json(facts)
        else:
            typer.echo("\n".join(statustext.lines(facts)))


@app.command(epilog="Example: karez gateway doctor --data /var/lib/karez")
def doctor(data: Data, as_json: AsJson = False) -> None:
    """Look at disk, store, log, clock, broker, certificates and platforms, and say what to do.

    Changes nothing. Ends with code 1 when something has failed.
    """
    from dataclasses import asdict

    from karez_gateway.operation import doctor as doctors

    with spoken():
        findings = doctors.examine(configuration.load(data))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            typer.echo(f"{one.state:<8} {one.part:<12} {one.text}")
    if not doctors.is_sound(findings):
        raise typer.Exit(EXIT_UNSOUND)


@app.command(epilog="Example: karez gateway backup --data /var/lib/karez /srv/backup/karez-2026-11-22.tar.gz")
def backup(data: Data, out: Annotated[Path, typer.Argument(help="File to write; never replaced.")]) -> None:
    """Write one file with settings, keys, logs and store, also while the service runs.

    It holds private keys: keep it where the keys may be kept.
    """
    from karez_gateway.operation import backup as backups

    with spoken():
        size = backups.write(configuration.load(data), out)
        typer.echo(f"{out}: {size / 1e6:.1f} MB; restore it with karez gateway restore")


@app.command(epilog="Example: karez gateway restore /srv/backup/karez-2026-11-22.tar.gz /var/lib/karez-new")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `karez gateway backup` wrote.")],
    directory: Annotated[Path, typer.Argument(help="Where to put it; must not exist.")],
) -> None:
    """Put a backup back into a new directory.

    Its log does not go on: records signed since the backup are missing in it. `karez gateway
    new-origin` begins the next one; controllers send again what is missing.
    """
    from karez_gateway.operation import backup as backups

    with spoken():
        backups.unpack(file, directory)
        typer.echo(
            f"restored into {directory}; next: karez gateway new-origin --data {directory} --because TEXT"
        )


@app.command(epilog="Example: karez gateway enrol --data /var/lib/karez well-12.binding")
def enrol(
    data: Data,
    binding_file: Annotated[Path, typer.Argument(help="Signed binding of a controller.")],
    by: Bringer = "",
    because: Brought = "",
) -> None:
    """Make a controller known by its binding.

    The binding must be signed by the provisioner named in gateway.toml.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import enrolment

    with spoken():
        config = configuration.load(data)
        deed = bringing(by, because, binding_file)
        with data_directory.beside(config) as store:
            key = config.trust.provisioner_key
            found, is_new = enrolment.enrol(store, read(binding_file), key, deed)
        typer.echo(
            f"controller {found.name} at site {found.site} is enrolled" + ("" if is_new else " already")
        )


@app.command(epilog="Example: karez gateway grant --data /var/lib/karez well-12.grant")
def grant(
    data: Data,
    grant_file: Annotated[Path, typer.Argument(help="Signed grant.")],
    controller: Annotated[str, typer.Option(help="Carry it to this controller, not the site's newest.")] = "",
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Carry it even if we would refuse it: the controller decides.")
    ] = False,
    by: Bringer = "",
    because: Brought = "",
) -> None:
    """Carry a grant to its site's controller.

    The running service logs it, publishes it and repeats that until the controller's records show
    what became of it; `karez gateway status` says so.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import enrolment

    with spoken():
        config = configuration.load(data)
        carry = enrolment.queue_unchecked if unchecked else enrolment.queue_grant
        with data_directory.beside(config) as store:
            target, seq = carry(store, read(grant_file), controller, bringing(by, because, grant_file))
        typer.echo(
            f"grant {'?' if seq is None else seq} is queued for controller {target.name} at {target.site}"
        )


# What else is carried to wells.
app.command(epilog=cli_orders.ORDER)(cli_orders.order)
app.command(epilog=cli_orders.KEYS)(cli_orders.keys)
app.command(epilog=cli_orders.COMMAND)(cli_orders.command)
app.command(epilog=cli_registry.LIST)(cli_registry.controllers)
app.command("import", epilog=cli_registry.IMPORT)(cli_registry.import_bindings)
app.command(epilog=cli_registry.REBIND)(cli_registry.rebind)
app.command(epilog=cli_registry.REVOKE)(cli_registry.revoke)
app.command(epilog=cli_commissionings.IMPORT)(cli_commissionings.import_commissioning)
app.command(epilog=cli_commissionings.LIST)(cli_commissionings.commissionings)
app.command(epilog=cli_commissionings.TECHNICIANS)(cli_commissionings.technicians)
app.command(epilog=cli_spare.SPARE)(cli_spare.spare)
app.command(epilog=cli_uploads.UPLOADS)(cli_uploads.uploads)
app.command(epilog=cli_uploads.PAUSE)(cli_uploads.pause)
app.command(epilog=cli_uploads.RESUME)(cli_uploads.resume)
app.command(epilog=cli_uploads.RESEND)(cli_uploads.resend)
app.command(epilog=cli_feeder.FEEDER)(cli_feeder.feeder)
app.command(epilog=cli_balances.BALANCES)(cli_balances.balances)
app.command(epilog=cli_origin.NEW)(cli_origin.new_origin)
app.command(epilog=cli_origin.KEEP)(cli_origin.keep_origin)
app.command(epilog=cli_table.TABLE)(cli_table.table)
app.command(epilog=cli_api.API)(cli_api.api)
app.add_typer(cli_api.token, name="token")
app.add_typer(cli_county_registry.registry, name="registry")
app.add_typer(cli_quota.app, name="quota")
app.add_typer(cli_grants.app, name="grants")
app.add_typer(cli_ledger.ledger, name="ledger")
app.command(epilog=cli_reports.REPORT)(cli_reports.report)
app.command(epilog=cli_reports.TRACE)(cli_reports.trace)
app.add_typer(cli_alarms.app, name="alarms")
app.add_typer(cli_emergency.app, name="emergency")
app.add_typer(cli_power.app, name="power")
app.add_typer(cli_layup.app, name="layup")
app.add_typer(cli_update.app, name="update")
app.add_typer(cli_appeals.app, name="appeals")
app.add_typer(cli_violations.app, name="violations")
app.add_typer(cli_violations.acts, name="acts")


@app.command(epilog="Example: karez gateway export --data /var/lib/karez --site well-12 well-12.karez")
def export(
    data: Data,
    out: Annotated[Path, typer.Argument(help="File to write.")],
    site: Annotated[str, typer.Option(help="Site whose newest controller's records are proved.")] = "",
    controller: Annotated[str, typer.Option(help="Controller whose records are proved.")] = "",
    from_seq: Annotated[
        int | None,
        typer.Option(help="First record; default: behind the last gap or break."),
    ] = None,
    to_seq: Annotated[
        int | None, typer.Option(help="Last record that must be covered; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an evidence bundle.

    `karez verify` proves it offline, without this gateway.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.proofs import evidence

    with spoken():
        if not site and not controller:
            raise GatewayError("say whose records: --site NAME or --controller NAME")
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = evidence.export(
                store, config, site=site, controller=controller, from_seq=from_seq, to_seq=to_seq
            )
        try:
            out.write_bytes(found.data)
        except OSError as error:
            raise GatewayError(f"{out} cannot be written: {error.strerror}") from None
        if as_json:
            print_json(found.facts() | {"file": str(out)})
            return
        typer.echo(f"{out}: {found.summary()}")
        if found.left_out:
            first, last = found.left_out
            typer.echo(
                f"records {first}..{last} are not in it: the chain is broken behind them. --to-seq with the "
                f"number of one of them proves what an earlier signature covers",
                err=True,
            )
        for seq in found.grants_missing:
            typer.echo(f"grant {seq} is named by the records but was not carried by this gateway", err=True)
