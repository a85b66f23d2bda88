"""The provisioning bench in memory: the office's files, and boxes that run the real firmware.

`RealBox` is a box at the end of a cable (technician_desk.py: Wire, PtyDesk). It begins without a site, and
when it has everything it starts anew as a well's controller, with meters that answer.
"""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import wellhouse
from karez_firmware import bring_up, commissioning
from karez_firmware.console.bare import Bare, Box
from karez_firmware.store import objects
from karez_gateway.technician import keys, link_authority
from karez_simulators.offices import Regulator, Technician
from terminal import Terminal

PASSPHRASE = "correct horse"
SITE = "410105-0001"
SITE_TOML = """
[site]
name = "410105-0001"
class = "irrigation"
fail = "stopped"
rated_flow_lph = 60000
rated_power_w = 22000
upper_ml_per_wh = 3000
riser_l = 0

[settings]
restart_delay_s = 0

[accounts]
636172642d303031 = 7

[link]
host = "127.0.0.1"
port = 8883
tls_name = "gw"

[[meters]]
quantity = "water"
profile = "tuf2000m"
address = 1
serial = "2190456"
register_l = 23879

[[meters]]
quantity = "energy"
profile = "sdm630"
address = 2
serial = "0077123"
register_wh = 1000
"""
QUIET_TURNS = 4  # of the app without anything to do for the console
TURNS_MAX = 4_000


class RealBox:
    """One box. `spoil(data) -> bytes` may do to what it says what a bad cable does."""

    def __init__(self, seed=1, restart_s=1.0):
        self.nor, self.fram = wellhouse.memories(provisioned=False)
        port = self._port()
        port._seed = seed
        self.name = commissioning.identity_of(port).name
        self.spoil = lambda data: data
        self.restart_s = restart_s
        self.down_until_s = 0.0
        self.starts = 0
        self.start()

    def _port(self):
        return wellhouse.port_for(self.nor, self.fram, wellhouse.Well())

    @property
    def is_bare(self):
        return bring_up.is_bare(self._port())

    def held(self, name):
        """The object that is there, None without one."""
        return objects.read_any(self.nor, commissioning.SORTS[name])

    def start(self):
        """Power on: of a session nothing is left."""
        self.starts += 1
        self.terminal = Terminal()
        self.house = self.session = None
        if self.is_bare:
            port = self._port()
            self.session = Bare(Box(port, commissioning.identity_of(port)), self.terminal)
        else:
            self.house = wellhouse.House(self.nor, self.fram, wellhouse.Well())
            self.house.app.terminal = self.terminal

    @staticmethod
    def wake():
        """The end of a restart: the firmware prints nothing then."""
        return b""

    def feed(self, data, now_s):
        """Take bytes; return what the box says to them."""
        if now_s < self.down_until_s:
            return b""
        if self.down_until_s:
            self.down_until_s = 0.0
            self.start()
        self.terminal.typed += data
        said = self._run_app() if self.house else self._run_bare(now_s)
        return self.spoil(said)

    def _run_bare(self, now_s):
        for _ in range(TURNS_MAX):
            is_more = self.session.run_slice()
            if not is_more and not self.terminal.typed and self.session.wait_ms() is None:
                break
            self.session.app.port.wait(self.session.app.port.now_us() + 1_000)
        if self.session.app.taken and not self.is_bare:
            self.down_until_s = now_s + self.restart_s  # bench_line.run ends, the next start is a well's
        return self._said()

    def _run_app(self):
        quiet = 0
        for _ in range(TURNS_MAX):
            self.house.turn()
            session = self.house.app.session
            is_idle = not self.terminal.typed and (session is None or session.wait_ms() is None)
            quiet = quiet + 1 if is_idle else 0
            if quiet > QUIET_TURNS:
                break
        return self._said()

    def _said(self):
        said, self.terminal.shown = self.terminal.shown, b""
        return said


class Office:
    """Keys, list and site's file in a folder, as the office has them."""

    def __init__(self, folder, site=SITE_TOML):
        self.folder = folder
        self.regulator = Regulator()
        self.site = self.write("site.toml", site.encode())
        self.authority = folder / "ca.pem"
        link_authority.make(self.authority, PASSPHRASE, now())
        self.provisioner = folder / "bench.pem"
        self.provisioner_key = keys.make(self.provisioner, PASSPHRASE)
        self.listed = self.write("county.technicians", self.a_list(1))
        self.regulator_file = self.write("county.pub", self.regulator.public.hex().encode() + b"\n")
        self.out = folder / "provisioned"

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def a_list(self, seq, regulator=None):
        row = Technician(7, b"t" * 32)
        return (regulator or self.regulator).technicians(seq, 1_790_000_000, row)

    def words(self, **changed):
        """The command line, as `karez tech` gets it; None leaves an option out."""
        options = {
            "site": self.site, "authority_key": self.authority, "provisioner_key": self.provisioner,
            "regulator_key": self.regulator_file, "technicians": self.listed, "out": self.out, **changed,
        }  # fmt: skip
        words = ["provision"]
        for name, value in options.items():
            if value is not None:
                words += ["--" + name.replace("_", "-"), str(value)]
        return words

    def state(self, name):
        """What the office's folder of a controller says of it."""
        return json.loads((self.out / name / "provisioning.json").read_text())


def now():
    import datetime as dt

    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def public_pem():
    """(PEM of a public key, the key)."""
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), key.public_bytes_raw()
