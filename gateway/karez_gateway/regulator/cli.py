"""`karez regulator …`: the office that signs (docs/county-regulator.md).

Exit code 0 = done, 1 = refused and nothing signed, 2 = wrong use, 3 = shown, and nobody confirmed it.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from . import cli_grant, cli_journal, cli_limits, cli_lists, cli_order, cli_update
from .speech import AsJson, Lang, spoken

app = typer.Typer(
    help="The office that signs rights, orders and lists of keys. It trusts no gateway and needs no network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_lists.keylist, name="keylist")
app.add_typer(cli_lists.technicians, name="technicians")
app.add_typer(cli_limits.app, name="limits")
app.add_typer(cli_journal.app, name="journal")
app.command(epilog=cli_grant.EPILOG)(cli_grant.grant)
app.command(epilog=cli_order.EPILOG)(cli_order.order)
app.command("sign-update", epilog=cli_update.EPILOG)(cli_update.sign_update)


@app.command(epilog="Example: karez regulator keygen root.pem")
def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; never replaced.")],
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Make a key, kept encrypted, and show its public half: for bindings, trust files and lists.

    The passphrase is asked for, or taken from KAREZ_KEY_PASSPHRASE.
    """
    from . import keys  # noqa: PLC0415 - each verb imports what it needs: start-up time

    with spoken(lang, as_json=as_json) as speech:
        public = keys.make(file, speech)
        speech.tell({"ok": True, "file": str(file), "public": public.hex()})
        speech.say("key-made", file=file, public=public.hex())
