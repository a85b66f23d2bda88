"""`karez tech …`: at the well, over one serial line, offline (docs/technician.md).

Exit code 0 = done, 1 = refused by the controller, 2 = wrong use, 3 = line trouble.
"""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any

import typer

from . import (
    cli_config,
    cli_firmware,
    cli_provision,
    cli_report,
    cli_repository,
    cli_technicians,
    cli_update,
    cli_visit,
)
from .speech import BAUD, AsJson, Baud, Lang, PortName, Speech, members, spoken

app = typer.Typer(
    help="The technician's and the inspector's side of the console at the well. Works without a network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_config.app, name="config")
app.add_typer(cli_technicians.app, name="technicians")
app.add_typer(cli_repository.app, name="repository")
app.command(epilog=cli_provision.EPILOG)(cli_provision.provision)

_LOOKS = {
    "identify": "Which box this is: name, site, key, code and configuration, records, time.",
    "health": "How the box itself does: heap, lateness, failures, link, memories.",
    "bus": "Each meter's readings, counted by how they ended: silent, garbled, good.",
    "accounts": "What each account has used and has left.",
    "grant": "The right in force.",
    "orders": "The orders in force.",
}


def _look(verb: str) -> Any:
    def look(
        port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = ""
    ) -> None:  # every one the same: one question, one answer
        _ask([verb], port, baud, as_json=as_json, lang=lang)

    look.__doc__ = _LOOKS[verb]
    return look


def _ask(words: list[str], port: str, baud: int, *, as_json: bool, lang: str) -> None:
    from . import connection  # noqa: PLC0415 - each verb imports what it needs: start-up time

    with spoken(lang, as_json=as_json) as speech, connection.connected(port, baud) as (controller, _):
        outcome = controller.ask(*words)
        speech.answer(outcome.answer, outcome.parts)


@app.command(epilog="Example: karez tech find")
def find(port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "") -> None:
    """Look through the serial ports and say which controller answers where.

    Sends a line to every port of this machine, whatever hangs there; name one with --port instead.
    """
    from . import connection  # noqa: PLC0415
    from .errors import LineTrouble  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        found = connection.find(baud, port)
        if not found:
            raise LineTrouble("no-port")
        if not any("controller" in one for one in found):
            raise LineTrouble("no-controller", ports=", ".join(one["port"] for one in found))
        if as_json:
            speech.tell([members(one) for one in found])
        for one in found:
            if "controller" in one and one["site"] is None:
                speech.say("found-bare", port=one["port"], name=one["controller"])
            elif "controller" in one:
                speech.say("found", port=one["port"], name=one["controller"], site=one["site"])
            else:
                speech.say("unanswered", port=one["port"], why=speech.text("no-answer"))


for _verb in _LOOKS:
    app.command(_verb, epilog=f"Example: karez tech {_verb}")(_look(_verb))


@app.command(epilog="Example: karez tech status --account 7")
def status(
    account: Annotated[int, typer.Option(min=0, help="Would a start by this account be refused?")] = 0,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Pump, books, alarms, and every reason that would refuse a start now."""
    _ask(["status", str(account)] if account else ["status"], port, baud, as_json=as_json, lang=lang)


@app.command(epilog="Example: karez tech live --every 2")
def live(
    every: Annotated[float, typer.Option(min=0, help="Seconds between; 0: once.")] = 0,
    count: Annotated[int, typer.Option(min=0, help="So many times; 0: until Ctrl-C.")] = 0,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """What each meter said last, with its register bytes and age; with --json one object a line."""
    from . import connection  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech, connection.connected(port, baud) as (controller, _):
        asked = 0
        try:
            while True:
                outcome = controller.ask("live")
                speech.answer(outcome.answer, outcome.parts, is_one_line=True)
                asked += 1
                if not every or asked == count:
                    break
                time.sleep(every)
        except KeyboardInterrupt:
            pass


@app.command(epilog="Example: karez tech screen --every 1")
def screen(
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2,
    port: PortName = "",
    baud: Baud = BAUD,
    lang: Lang = "",
) -> None:
    """Watch live values, raw answers and health on one screen, until q."""
    from . import connection  # noqa: PLC0415

    with spoken(lang) as speech, connection.connected(port, baud) as (controller, identity):
        from .screen import TechnicianScreen  # noqa: PLC0415 - Textual takes 0.6 s

        TechnicianScreen(controller, identity, speech, every).run()


@app.command(epilog="Example: karez tech raw water")
def raw(
    quantity: Annotated[str, typer.Argument(metavar="QUANTITY", help="water, energy, level or witness.")],
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """The next reading of a meter, byte by byte: what was asked and what came back.

    Waits for the meter's turn: up to 15 s. `karez decode` says what the bytes mean.
    """
    _ask(["raw", quantity], port, baud, as_json=as_json, lang=lang)


@app.command(epilog="Example: karez tech events 20")
def events(
    count: Annotated[int, typer.Argument(metavar="[N]", min=1, max=1000, help="So many of the newest.")] = 10,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """The newest events, starts and stops."""
    _ask(["events", str(count)], port, baud, as_json=as_json, lang=lang)


@app.command(epilog="Example: karez tech records 1200 50 --json")
def records(
    first: Annotated[int, typer.Argument(metavar="FROM", min=1, help="Number of the first record.")],
    count: Annotated[int, typer.Argument(metavar="[N]", min=1, max=10_000, help="So many.")] = 1,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Records as they stand in the controller's memory, in hexadecimal; `karez decode record` reads them."""
    _ask(["records", str(first), str(count)], port, baud, as_json=as_json, lang=lang)


@app.command(epilog="Example: karez tech bundle well-12.kzb")
def bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write.")],
    first: Annotated[int, typer.Option("--from", min=1, help="Number of the first record wanted.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Take the well's evidence along in one file, size and digest checked; `karez verify` proves it.

    Anyone at the well may. A year's records take about 20 minutes; --from takes only the newer ones.
    """
    from . import connection, document, readout  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        document.check_writable(file, is_replaced=force)
        with connection.connected(port, baud) as (controller, _):
            data = readout.bundle(controller, first, lambda done: speech.progress("received", done=done))
        document.write(file, data, is_replaced=force)
        speech.file("bundle", file, data)


@app.command("readout", epilog="Example: karez tech readout well-12.json")
def read_out(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; the bundle goes beside it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the files.")] = False,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """For an inspector: everything that can be read, in one JSON file, and the evidence bundle beside it.

    Changes nothing and leaves no record. What cannot be read is named in the file, with the reason.
    """
    from . import connection, document, readout  # noqa: PLC0415

    evidence = file.with_suffix(".kzb")
    with spoken(lang, as_json=as_json) as speech:
        for path in (file, evidence):
            document.check_writable(path, is_replaced=force)
        with connection.connected(port, baud) as (controller, identity):
            found, data = readout.everything(controller, identity, int(time.time()))
        if data is not None:
            document.write(evidence, data, is_replaced=force)
            found["bundle"]["file"] = evidence.name
        text = readout.as_text(found)
        document.write(file, text, is_replaced=force)
        if data is None:
            speech.say("no-bundle", why=found["bundle"]["error"])
        speech.file("readout", file, text)


@app.command(epilog="Example: karez tech keygen li.pem")
def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; never replaced.")],
    authority: Annotated[
        bool, typer.Option("--authority", help="Of a link authority, with its certificate (.crt) beside it.")
    ] = False,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Make your own key, kept encrypted, and show its public half for the regulator's list.

    The passphrase is asked for, or taken from KAREZ_KEY_PASSPHRASE.
    """
    from . import keys, passphrase  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        if authority:
            _make_authority(file, speech)
            return
        public = keys.make(file, passphrase.new(speech))
        if as_json:
            speech.tell({"ok": True, "file": str(file), "public": public.hex()})
        speech.say("key-made", file=file, public=public.hex())


def _make_authority(file: Path, speech: Speech) -> None:
    import datetime as dt  # noqa: PLC0415

    from . import link_authority, passphrase  # noqa: PLC0415

    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    certificate = link_authority.make(file, passphrase.new(speech), now)
    if speech.as_json:
        speech.tell({"ok": True, "file": str(file), "certificate": str(certificate)})
    speech.say("authority-made", file=file, certificate=certificate)


app.command(epilog=cli_report.REPORT)(cli_report.report)
app.command(epilog=cli_visit.COMMISSION)(cli_visit.commission)
app.command("swap-meter", epilog=cli_visit.SWAP_METER)(cli_visit.swap_meter)
app.command("swap-box", epilog=cli_visit.SWAP_BOX)(cli_visit.swap_box)
app.command(epilog=cli_firmware.BUILD)(cli_firmware.build)
app.command(epilog=cli_firmware.FLASH)(cli_firmware.flash)
app.command("sign-update", epilog=cli_update.SIGN)(cli_update.sign_update)
app.command(epilog=cli_update.UPDATE)(cli_update.update)
