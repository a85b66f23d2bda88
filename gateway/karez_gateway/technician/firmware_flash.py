"""A first image onto a board, by mpremote: the right board, the whole image, and read back from it.

What a board is asked runs in its MicroPython; the writing itself is mpremote's own `romfs deploy`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import connection
from . import port as ports
from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .firmware_folder import Image

_PROMPT_S = 5
_DEPLOY_S = 600  # twenty times what 300 kB take at 115,200 baud
_BAUD = 115_200  # mpremote knows no other
_VERSION = (1, 29)  # what the image is compiled and tested for (docs/ports.md)

# Runs on the board: what it is, and every file of the image that it holds.
_ASK = """
import sys, os, hashlib, binascii
import vfs
try:
    os.stat("/rom")
except OSError:
    try:
        vfs.mount(vfs.VfsRom(vfs.rom_ioctl(2, 0)), "/rom")
    except (AttributeError, OSError, TypeError, ValueError):
        pass
files = {}
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while True:
                    part = file.read(512)
                    if not part:
                        break
                    digest.update(part)
            files[path[5:]] = binascii.hexlify(digest.digest()).decode()
try:
    walk("/rom")
except OSError:
    pass
print((sys.platform, getattr(sys.implementation, "_machine", ""), tuple(sys.implementation.version[:2]),
       hasattr(vfs, "rom_ioctl"), files))
"""


def only_port() -> str:
    """Return the one serial port of this machine. Raises LineTrouble, WrongUse."""
    names = [name for name, _ in ports.names()]
    if not names:
        raise LineTrouble("no-port")
    if len(names) > 1:
        raise WrongUse("firmware-many-ports", ports=", ".join(names))
    return names[0]


@contextmanager
def _prompt(name: str) -> Iterator[Any]:
    """Give MicroPython's prompt on a port. Raises WrongUse, LineTrouble."""
    from mpremote.transport import TransportError  # noqa: PLC0415 - only this verb needs it
    from mpremote.transport_serial import SerialTransport  # noqa: PLC0415

    try:
        transport = SerialTransport(name, baudrate=_BAUD, timeout=_PROMPT_S)
    except (TransportError, OSError, ValueError) as error:
        raise WrongUse("port-closed", port=name, why=error) from None
    try:
        try:
            transport.enter_raw_repl(soft_reset=False, timeout_overall=_PROMPT_S)
        except (TransportError, OSError):
            raise LineTrouble("firmware-no-prompt", port=name) from None
        yield transport
        transport.exit_raw_repl()
    except (TransportError, OSError) as error:
        raise LineTrouble("cable-gone", port=name, why=error) from None
    finally:
        transport.close()


def look(name: str) -> dict[str, Any]:
    """Return what stands on a port: platform, machine, version, has_romfs, files {path: SHA-256}."""
    with _prompt(name) as transport:
        said = transport.exec(_ASK)
    try:
        platform, machine, version, has_romfs, files = ast.literal_eval(said.decode().strip())
    except (ValueError, SyntaxError, TypeError):
        raise LineTrouble("firmware-no-prompt", port=name) from None
    return {
        "platform": platform, "machine": machine, "version": version, "has_romfs": has_romfs, "files": files,
    }  # fmt: skip


def check(found: dict[str, Any], image: Image, name: str) -> None:
    """Refuse another board than the image is for, and one that cannot hold it. Raises WrongUse."""
    papers = image.papers
    if found["platform"] != papers["platform"] or papers["chip"] not in found["machine"]:
        raise WrongUse(
            "firmware-wrong-board", port=name, found=found["machine"] or found["platform"],
            board=papers["board"], chip=papers["chip"],
        )  # fmt: skip
    if not found["has_romfs"]:
        raise WrongUse("firmware-no-romfs", port=name)
    if found["version"] < _VERSION:
        raise WrongUse(
            "firmware-old-vm", port=name, found=".".join(map(str, found["version"])),
            least=".".join(map(str, _VERSION)),
        )  # fmt: skip


def _deploy(image: Image, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="karez-flash-") as folder:
        path = Path(folder, "image.romfs")
        path.write_bytes(image.rom)
        words = [sys.executable, "-m", "mpremote", "connect", f"port:{name}", "resume"]
        words += ["romfs", "deploy", str(path)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_DEPLOY_S, check=False)
        except subprocess.TimeoutExpired:
            raise LineTrouble("firmware-not-written", port=name, why=f"no end after {_DEPLOY_S} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-1:] or [f"code {done.returncode}"]
        raise LineTrouble("firmware-not-written", port=name, why=said[0])


def _require_no_controller(name: str) -> None:
    """Refuse a box that works: a prompt ends its program, and with it whatever pump runs. Raises Trouble."""
    found = connection.find(_BAUD, name)[0]
    if "controller" in found:
        raise WrongUse("firmware-controller", port=name, name=found["controller"])
    if isinstance(found["trouble"], WrongUse):
        raise found["trouble"]


def flash(image: Image, name: str, tell: Callable[[], None], *, is_replaced: bool) -> bool:
    """Bring an image to a board; False when it held it already. Raises Trouble."""
    _require_no_controller(name)
    found = look(name)
    check(found, image, name)
    wanted = image.papers["inside"]
    if found["files"] == wanted:
        return False
    if found["files"] and not is_replaced:
        raise WrongUse("firmware-other-image", port=name)
    tell()
    _deploy(image, name)
    if look(name)["files"] != wanted:
        raise LineTrouble("firmware-differs", port=name)
    return True
