"""An update's way: a build's folder, both signatures by the real verbs, a box at a cable in memory."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

import updates
from karez_firmware.store import objects
from karez_gateway.regulator.cli import app as regulator_app
from karez_gateway.technician import keys
from karez_gateway.technician.cli import app as tech_app
from karez_gateway.technician.errors import LineTrouble
from terminal import Terminal
from test_console_acts import NUMBER, a_list

PASSPHRASE = "ten thousand wells"
VENDOR = Ed25519PrivateKey.from_private_bytes(b"v" * 32)
ROOT = Ed25519PrivateKey.from_private_bytes(b"r" * 32)
TECHNICIAN = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
LANGUAGE = {"LC_ALL": "", "LANG": "C", "KAREZ_KEY_PASSPHRASE": PASSPHRASE}


def public(key):
    return key.public_key().public_bytes_raw()


def tech(*words):
    """(exit code, stdout, stderr) of `karez tech`."""
    return _run(tech_app, words)


def regulator(*words):
    """The same of `karez regulator`."""
    return _run(regulator_app, words)


def _run(app, words):
    done = CliRunner(env=LANGUAGE).invoke(app, [str(word) for word in words], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def build(path, rom=None, vendor=VENDOR, **changed):
    """A folder as `karez tech build` leaves it, of a board that tests have."""
    rom = updates.image_of() if rom is None else rom
    path.mkdir(parents=True)
    (path / "image.romfs").write_bytes(rom)
    papers = {
        "format": "karez firmware 1", "board": "fake", "platform": "fake", "chip": "FAKE",
        "version": "0.2.0", "number": 6, "core_digest": "5" * 48, "rom_bytes": len(rom),
        "rom_bytes_max": 300_000, "vendor_key": public(vendor).hex() if vendor else None,
        "files": {"image.romfs": hashlib.sha256(rom).hexdigest()}, "inside": {},
    }  # fmt: skip
    (path / "manifest.json").write_text(json.dumps(papers | changed))
    return path


def desk(path):
    """Keys of vendor, root and technician, and an office's folder that knows the root."""
    office = path / "office"
    office.mkdir()
    trust = {"provisioner": "00" * 32, "regulator": [public(ROOT).hex()]}
    (office / "trust.json").write_text(json.dumps(trust))
    for name, key in (("vendor", VENDOR), ("root", ROOT), ("li", TECHNICIAN)):
        keys.keep(path / f"{name}.pem", key, PASSPHRASE)
    return office


def confirmed(run, *words):
    """Run a signing verb: see what it shows, then sign exactly that; return its JSON."""
    code, shown, _ = run(*words, "--json")
    assert code in (2, 3), shown
    code, said, err = run(*words, "--json", "--digest", json.loads(shown)["digest"])
    assert code == 0, (said, err)
    return json.loads(said)


def sign_vendor(path, folder, *words):
    return confirmed(tech, "sign-update", folder, "--key", path / "vendor.pem", *words)


def sign_regulator(path, folder, *words):
    return confirmed(
        regulator, "sign-update", folder, "--vendor-key", public(VENDOR).hex(), "--key", path / "root.pem",
        "--office", path / "office", *words,
    )  # fmt: skip


def signed_folder(path, **changed):
    """A folder that both have signed."""
    folder = build(path / f"build-{changed.get('number', 6)}", **changed)
    sign_vendor(path, folder)
    sign_regulator(path, folder)
    return folder


class Cable:
    """A port in memory to a box on memories; its clock is the box's, which restarts when it wants to.

    `pull_after`: the cable goes out when the box has heard so many bytes. `on_dark(flash)`: before a start.
    """

    name = "wire"

    def __init__(self, house=None):
        self.house = house or updates.ready()
        objects.write(self.house.nor, objects.TECHNICIANS, 0, a_list())
        self.starts, self.heard, self.pull_after = 1, 0, None
        self.on_dark = lambda flash: None
        self._before_s = 0.0
        self._hang()

    def _hang(self):
        self.terminal = self.house.app.terminal = Terminal()

    def clock(self):
        """Seconds, over all starts."""
        return self._before_s + self.house.port.us / 1_000_000

    def write(self, data):
        """The tool's bytes."""
        self.heard += len(data)
        if self.pull_after is not None and self.heard > self.pull_after:
            raise LineTrouble("cable-gone", port=self.name, why="Input/output error")
        self.terminal.typed += data

    def read(self):
        """What the box has said by now; it runs meanwhile, and starts anew."""
        try:
            self.house.turn()
        except SystemExit:
            self._before_s = self.clock() + 5
            self.on_dark(self.house.port.flash)
            self.house = updates.again(self.house)
            self.starts += 1
            self._hang()
        said, self.terminal.shown = self.terminal.shown, b""
        return said

    def reopen(self):
        """The cable stays where it is."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def plug_into(self, monkeypatch):
        """`karez tech` opens this port, whatever name it asks for."""
        from karez_gateway.technician import connection
        from karez_gateway.technician.controller import Controller

        monkeypatch.setattr(connection.ports, "Port", lambda name, baud: self)
        monkeypatch.setattr(connection, "Controller", lambda port: Controller(port, port.clock))


WHO = NUMBER
