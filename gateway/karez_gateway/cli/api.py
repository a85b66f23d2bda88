"""`karez gateway api` and `karez gateway token …`: what others may read, for an operator."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import By, Document, deed, not_blank
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.config.api import with_host
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_gateway.api.tokens import Token
    from karez_gateway.county.acts import Deed

API = "Example: karez gateway api --data /var/lib/karez --port 8080"
ADD = "Example: karez gateway token add --data /var/lib/karez town-office --sites well-12 --until 2027-12-31"
LIST = "Example: karez gateway token list --data /var/lib/karez"
END = "Example: karez gateway token end --data /var/lib/karez town-office"

Because = Annotated[
    str,
    typer.Option("--because", callback=not_blank, help="Why; the log holds it. Default: whose token it is."),
]
Changed = TypeVar("Changed")
Name = Annotated[str, typer.Argument(help="Name of the token: who holds it.")]


def api(
    data: Data,
    host: Annotated[str, typer.Option(help="Address to listen on; without it that of [api].")] = "",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; without it that of [api], 8080; 0: any.")
    ] = None,
) -> None:
    """Serve the read-only JSON API until SIGTERM.

    A process of its own beside the service; it can write nothing. Who asks needs a token
    (`karez gateway token add`). Prints a JSON line when it is ready.
    """
    with spoken():
        config = configuration.load(data)
        settings = config.api
        if host:
            settings = with_host(settings, host)
        from karez_gateway.api import server

        listening = server.Listening(
            settings.host, settings.port if port is None else port, settings.certificate, settings.key
        )
        server.run(config, listening)


def add(
    data: Data,
    name: Name,
    sites: Annotated[str, typer.Option(help="Sites that it opens, parted by commas.")] = "",
    every: Annotated[bool, typer.Option("--all", help="It opens all sites, also later ones.")] = False,
    until: Annotated[
        str, typer.Option(callback=not_blank, help="Last day on which it is taken, such as 2027-12-31.")
    ] = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Make a token and show it, once. Who made it for what is an act of the log; the token is not in it."""
    from karez_gateway.api import tokens
    from karez_gateway.calendars import DAY, Calendar
    from karez_gateway.store import acts

    with spoken():
        config = configuration.load(data)
        named = [one.strip() for one in sites.split(",") if one.strip()]
        if bool(named) == every:
            raise Refused("say which sites it opens: --sites a,b or --all")
        civil = Calendar(config.api.utc_offset_h)
        until_utc_s = civil.after(DAY, civil.start(DAY, civil.moment(until))) if until else None
        scope = tokens.Scope(None if every else frozenset(named))
        what = deed(by, because or f"token for {name}", document)
        opens = {"sites": None if every else sorted(scope.sites or ()), "until_utc_s": until_utc_s}
        text = _kept(
            config,
            acts.TOKEN_MADE,
            what,
            {"token": name, **opens},
            lambda: tokens.add(config.data, name, scope, what.now_s, until_utc_s),
        )
        typer.echo(text)
        typer.echo(
            "It is shown this once, and only its SHA-256 is kept. Send it as Authorization: Bearer", err=True
        )
        for site in _unknown(config, named):
            typer.echo(f"no controller stands at {site} yet: it opens once one does", err=True)


def _kept(
    config: configuration.Config,
    sort: str,
    what: "Deed",
    detail: dict[str, Any],
    change: "Callable[[], Changed]",
) -> "Changed":
    """Change the tokens and keep the act, or neither. A token whose act was not kept is shown to nobody."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import acts

    with data_directory.beside(config) as store, store.writing() as connection:
        acts.write(connection, sort, what, detail)
        return change()


def _unknown(config: configuration.Config, named: list[str]) -> list[str]:
    """Sites of which the store knows nothing; none where it cannot be asked."""
    from karez_gateway.errors import StoreError
    from karez_gateway.store import sites
    from karez_gateway.store.readonly import ReadOnlyDatabase

    if not named:
        return []
    try:
        store = ReadOnlyDatabase.open(config.store_url)
    except StoreError:
        return []
    try:
        with store.reading() as connection:
            return [one for one in named if not sites.exists(connection, one)]
    finally:
        store.close()


def show(data: Data, as_json: AsJson = False) -> None:
    """List the tokens that were given out: whose, for what, until when."""
    from karez_gateway.api import tokens

    with spoken():
        config = configuration.load(data)
        found = tokens.Tokens(config.data).every()
        now_s = time.time()
        if as_json:
            print_json([_facts(one, now_s) for one in found])
            return
        for one in found:
            facts = _facts(one, now_s)
            opens = "all sites" if facts["sites"] is None else ", ".join(facts["sites"])
            until = "" if one.until_utc_s is None else f", until {_day(one.until_utc_s - 1, config)}"
            typer.echo(
                f"{one.name:<20} {facts['state']:<6} made {_day(one.made_utc_s, config)}{until}: {opens}"
            )
        if not found:
            typer.echo("no token is given out, so nobody may ask the API: karez gateway token add")


def _facts(one: "Token", now_s: float) -> dict[str, Any]:
    state = "valid" if one.is_valid(now_s) else "ended" if one.ended_utc_s is not None else "over"
    return {
        "name": one.name,
        "state": state,
        "sites": None if one.scope.sites is None else sorted(one.scope.sites),
        "made_utc_s": one.made_utc_s,
        "until_utc_s": one.until_utc_s,
        "ended_utc_s": one.ended_utc_s,
        "sha256": one.digest.hex(),
    }


def _day(utc_s: int, config: configuration.Config) -> dt.date:
    from karez_gateway.calendars import Calendar

    return Calendar(config.api.utc_offset_h).local(utc_s).date()


def end(data: Data, name: Name, by: By = "", because: Because = "", document: Document = "") -> None:
    """End a token: a running API takes it no more from its next request on. It is an act of the log."""
    from karez_gateway.api import tokens
    from karez_gateway.store import acts

    with spoken():
        config = configuration.load(data)
        what = deed(by, because or f"token of {name}", document)
        _kept(
            config,
            acts.TOKEN_ENDED,
            what,
            {"token": name},
            lambda: tokens.end(config.data, name, what.now_s),
        )
        typer.echo(f"token {name} has ended")


token = typer.Typer(
    help="Tokens for the API: make, list and end them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
token.command(epilog=ADD)(add)
token.command("list", epilog=LIST)(show)
token.command(epilog=END)(end)
