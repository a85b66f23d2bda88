"""`karez tech build` and `karez tech flash`: the firmware of a board, from sources to flash."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .speech import AsJson, Lang, PortName, spoken

BUILD = "Example: karez tech build --board esp32s3 --out build/esp32s3 --vendor-key vendor.pub"
FLASH = "Example: karez tech flash build/esp32s3 --port /dev/ttyACM0"

Board = Annotated[str, typer.Option("--board", metavar="BOARD", help="esp32s3 or rp2350.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the image and its papers go.")]
VendorKey = Annotated[
    str,
    typer.Option(metavar="KEY|FILE", help="Public key of who signs later images; without it none is taken."),
]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `karez tech build` wrote.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Also when the board holds another image; records and keys stay.")
]


def build(
    board: Board, out: Out, vendor_key: VendorKey = "", force: Force = False, as_json: AsJson = False,
    lang: Lang = "",
) -> None:  # fmt: skip
    """Make a board's image from the sources that are installed here, and papers that say what it is.

    The same sources, the same Python and the same compiler give the same bytes on every machine. Building
    takes up to a minute; what was built before is taken from the cache.
    """
    from . import firmware_folder, firmware_making, keys  # noqa: PLC0415 - start-up time

    with spoken(lang, as_json=as_json) as speech:
        vendor = keys.public(vendor_key) if vendor_key else b""
        files = firmware_making.made(board, vendor)
        firmware_folder.keep(out, files, is_replaced=force)
        image = firmware_folder.load(out)
        papers = image.papers
        if as_json:
            speech.tell({"ok": True, "folder": str(out), **papers})
        speech.say(
            "firmware-built", folder=out, board=papers["board"], version=papers["version"],
            number=papers["number"], size=len(image.rom), most=papers["rom_bytes_max"],
            sha256=papers["files"][firmware_folder.ROM],
        )  # fmt: skip
        if not vendor:
            speech.say("firmware-no-vendor")


def flash(
    folder: Folder, replace: Replace = False, port: PortName = "", as_json: AsJson = False, lang: Lang = "",
) -> None:  # fmt: skip
    """Bring an image to a new board for the first time, and read every file of it back.

    The board runs a MicroPython with our boot (docs/ports.md) and no program yet. A box that has one takes
    an update instead, which keeps counting meanwhile.
    """
    from . import firmware_flash, firmware_folder  # noqa: PLC0415 - start-up time

    with spoken(lang, as_json=as_json) as speech:
        image = firmware_folder.load(folder)
        name = port or firmware_flash.only_port()
        is_new = firmware_flash.flash(
            image, name, lambda: speech.progress("firmware-writing"), is_replaced=replace
        )
        if as_json:
            speech.tell(
                {"ok": True, "port": name, "changed": is_new, "core_digest": image.papers["core_digest"]}
            )
        speech.say("firmware-flashed" if is_new else "firmware-there", port=name, board=image.papers["board"])
