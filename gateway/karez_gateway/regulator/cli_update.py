"""`karez regulator sign-update`: the second signature under new firmware."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import Trouble
from .speech import HERE, AsJson, By, Digest, Folder, Key, Lang, Speech, signer, spoken

if TYPE_CHECKING:
    from .firmware import Half
    from .office import Office

EPILOG = (
    "Example: karez regulator sign-update build/esp32s3 --vendor-key vendor.pub --key root.pem "
    "--office /srv/office"
)
Build = Annotated[
    Path, typer.Argument(metavar="DIR", help="The image, and what the vendor has signed beside it.")
]
VendorKey = Annotated[
    str, typer.Option(metavar="KEY|FILE", help="The vendor's public key, as you know it from him.")
]


def sign_update(
    folder: Build, vendor_key: VendorKey, key: Key, office: Folder = HERE, digest: Digest = "", by: By = "",
    as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Show what the new firmware is, and sign it behind the vendor with the root's key.

    The image is compared with what he signed, chunk by chunk. Writes update.signed beside it: what
    controllers take, by cable (`karez tech update`) or from the gateway.
    """
    from . import firmware, keys
    from .office import opened

    with spoken(lang, as_json=as_json) as speech:
        who = signer(by)
        with opened(office) as here:
            if here.was_mended:
                speech.say("mended")
            out = folder / firmware.SIGNED
            if out.exists():
                raise Trouble("file-exists", file=out)
            vendor = keys.public(vendor_key)
            half = firmware.read(folder, vendor)
            firmware.check_number(here.state, half.values)
            private = keys.load(key, speech)
            firmware.check_keys(vendor, private.public_key().public_bytes_raw(), here.trust().regulators)
            known = here.state.updates.get(half.values["board"], 0)
            shown = list(firmware.words(half, vendor, known, speech))
            speech.show(shown)
            named = _digest(half)
            speech.confirm(named, digest, {"says": shown, **firmware.facts(half)})
            data = half.body + half.signature + private.sign(firmware.message(half.body))
            _keep(here, half, data, out, who, speech)


def _digest(half: Half) -> str:
    import hashlib

    return hashlib.sha256(b"KZ shown update 1\n" + half.body).hexdigest()


def _keep(here: Office, half: Half, data: bytes, out: Path, by: str, speech: Speech) -> None:
    from . import firmware, outfile, state

    values = half.values
    entry = {"utc_s": int(time.time()), "sort": state.UPDATE, "by": by, "object": data.hex()}
    line = here.keep(entry | {name: values[name] for name in ("board", "number", "release")})
    outfile.write(out, data)
    here.remember()
    speech.tell({"ok": True, "file": str(out), "line": line, **firmware.facts(half)})
    speech.say("written", file=out, count=1, line=line)
