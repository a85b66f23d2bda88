"""`karez tech sign-update` and `karez tech update`: the vendor's signature, and firmware brought by cable."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .speech import BAUD, AsJson, Baud, Lang, PortName, Speech, spoken

if TYPE_CHECKING:
    from .firmware_folder import Image

SIGN = "Example: karez tech sign-update build/esp32s3 --key vendor.pem --least 5"
UPDATE = "Example: karez tech update build/esp32s3 --key li.pem --number 12 --port /dev/ttyUSB0"

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `karez tech build` wrote.")]
VendorKey = Annotated[Path, typer.Option("--key", metavar="FILE", help="The vendor's private key.")]
Least = Annotated[
    int, typer.Option(metavar="N", help="Lowest number of a release that this one may follow; 0: any.")
]
Former = Annotated[
    Path | None,
    typer.Option("--former", metavar="FILE", help="Manifest signed before; its number must be lower."),
]
Digest = Annotated[
    str, typer.Option("--digest", metavar="HEX", help="Sign without asking, if this is what was shown.")
]


def sign_update(
    folder: Folder, key: VendorKey, least: Least = 0, former: Former = None, digest: Digest = "",
    as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Show what an image is, and sign its manifest as the vendor; the regulator signs behind it.

    Every file of the folder is held against its digest first. Writes update.vendor beside the image, which
    goes to `karez regulator sign-update`; no controller takes it before.
    """
    from . import document, firmware_folder, keys, passphrase, update_signing  # noqa: PLC0415 - start-up

    with spoken(lang, as_json=as_json) as speech:
        out = folder / update_signing.HALF
        document.check_writable(out)
        image = firmware_folder.load(folder)
        body = update_signing.body(image, least, int(time.time()), folder)
        if former is not None:
            update_signing.check_follows(image.papers, firmware_folder.read(former), former)
        given = passphrase.of(key, speech) if keys.is_encrypted(key) else None
        private = keys.load(key, given)
        public = private.public_key().public_bytes_raw().hex()
        facts = _shown(image, body, public, speech)
        _confirm(update_signing.shown_digest(body), digest, facts, speech)
        data = update_signing.half(body, private)
        document.write(out, data)
        if as_json:
            speech.tell({"ok": True, "file": str(out), **facts})
        speech.say("update-half", file=out, folder=folder)


def _shown(image: Image, body: bytes, public: str, speech: Speech) -> dict[str, Any]:
    """Show a body in words; return the same for a program. Raises WrongUse for an image of no vendor."""
    from karez_protocols import update_manifest  # noqa: PLC0415

    from .errors import WrongUse  # noqa: PLC0415

    values = update_manifest.decode(body)
    inside = image.papers.get("vendor_key")
    if not isinstance(inside, str):
        raise WrongUse("update-no-vendor")
    names = ("board", "release", "number", "least", "size", "chunks")
    facts = {name: values[name] for name in names}
    facts |= {"sha256": values["sha256"].hex(), "core_digest": values["core_digest"].hex(), "key": public}
    speech.say("update-shown", **facts)
    if inside != public:
        speech.say("update-next-key", key=inside)
    return {**facts, "next_key": inside}


def _confirm(digest: str, given: str, facts: dict[str, Any], speech: Speech) -> None:
    """Let a person say yes to what was shown, or a script by its digest. Raises WrongUse."""
    from .errors import Unconfirmed, WrongUse  # noqa: PLC0415

    if given:
        if given.lower() != digest:
            raise WrongUse("update-digest", digest=digest)
        return
    if speech.as_json:
        raise Unconfirmed(digest, facts)
    speech.say("update-named", digest=digest)
    try:
        is_sure = sys.stdin.isatty() and typer.confirm(speech.text("update-sign"), err=True)
    except typer.Abort:
        is_sure = False
    if not is_sure:
        raise Unconfirmed(digest, facts)


Technician = Annotated[
    Path | None,
    typer.Option("--key", metavar="KEY", help="Your private key: without it the firmware is brought only."),
]
Number = Annotated[
    int | None, typer.Option("--number", min=1, help="Your number in the list of technicians.")
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Stay until the box has kept it or given it back, up to 40 minutes.")
]


def update(
    folder: Folder, key: Technician = None, number: Number = None, wait: Wait = False,
    port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Bring signed firmware to the box at the cable; with a technician's key it restarts into it.

    The box counts on meanwhile and checks every chunk itself. After a pulled cable begin again: it goes on
    where it was broken off. Anybody may bring it; the restart needs --key and --number.
    """
    from . import connection, firmware_folder, update_signing, updating  # noqa: PLC0415 - start-up
    from .errors import WrongUse  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        image = firmware_folder.load(folder)
        path = folder / update_signing.SIGNED
        found = updating.loaded(firmware_folder.read(path), image.rom, path)
        who = connection.who_is(key, number, speech)
        if wait and who is None:
            raise WrongUse("update-wait-key")
        with connection.connected(port, baud, who) as (controller, identity):
            bringing = updating.Bringing(
                controller, found, lambda done, size: speech.progress("update-sending", done=done, size=size)
            )
            sent = bringing.bring()
            ended = None
            if who is not None:
                bringing.apply()
            if wait:
                ended = bringing.wait(identity, speech.progress)
        _tell_update(speech, found, sent, ended, is_applied=who is not None)
    if ended == updating.RETURNED:
        raise typer.Exit(1)


def _tell_update(speech: Speech, found: Any, sent: int, ended: str | None, *, is_applied: bool) -> None:
    values = {"number": found.values["number"], "release": found.values["release"], "size": len(found.rom)}
    if speech.as_json:
        speech.tell(
            {"ok": ended != "given back", **values, "sent": sent, "sha256": found.sha256,
             "restart": is_applied, "ended": ended}
        )  # fmt: skip
    name = {"kept": "update-kept", "given back": "update-returned", None: "update-brought"}[ended]
    if ended is None and is_applied:
        name = "update-applied"
    speech.say(name, **values, sent=sent)
