"""A controller's end of the console, for a desk: the contract of decision 29, and lines that fail on demand.

`DeskController` is sans-I/O (bytes and time in, bytes out). `Wire` is a port in memory with a clock of its
own; `PtyDesk` hangs the same controller on a pty, for tests that start the tool as a person does.
"""

import contextlib
import hashlib
import json
import os
import select
import termios
import threading
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from karez_gateway.technician.errors import LineTrouble
from karez_protocols import console, technicians
from karez_protocols.errors import BadChecksum, ProtocolError

NAME = "0123456789abcdef"
SITE = "410105-0001"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NUMBER = 12
RESTART_S = 3.0
BOOT_TEXT = b"\r\nboot: karez\r\n"
CONFIG = {
    "settings": {"restart_delay_s": 900},
    "accounts": {"04a1b2c3d4e5f601": 7},
    "link": {"host": "192.0.2.10", "port": 8883},
    "meters": [
        {"quantity": "water", "profile": "tuf2000m", "address": 1},
        {"quantity": "energy", "profile": "sdm630", "address": 2},
    ],
}


def written(document):
    """A configuration as a person writes it."""
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


class Refused(Exception):
    """`word` and text of a refusal."""

    def __init__(self, word, text):
        super().__init__(text)
        self.word = word


class DeskController:
    """One box. `spoil(line) -> bytes` may do to each outgoing line what a bad cable does."""

    def __init__(self, config=None, bundle=b"", identity=None):
        self.config = written(CONFIG) if config is None else config
        self.bundle = bundle
        self.identity = {"controller": NAME, "site": SITE, "chain": 1, "seq": 40, **(identity or {})}
        self.boot = 3
        self.regulator, self.roster = bytes(32), b""
        self.keys = {NUMBER: KEY.public_key().public_bytes_raw()}
        self.requests = []  # words of every request that was believed
        self.spoil = lambda line: line
        self.is_deaf = self.is_pumping = False
        self.down_until_s = 0.0
        self.restart_s = RESTART_S
        self.config_refusal = ""
        self._begin()

    def _begin(self):
        self.is_json = False
        self.number = None
        self.challenge = None
        self.wrong = 0
        self.spare = None
        self._lines = console.Lines(console.REQUEST_MAX)

    def feed(self, data, now_s):
        """Take bytes; return what the box says."""
        if self.is_deaf or now_s < self.down_until_s:
            return b""
        out = b""
        if not self.is_json:
            out += data  # the echo
        for line in self._lines.feed(data):
            out += b"".join(self.spoil(one) for one in self._answers(line, now_s))
            if now_s < self.down_until_s:
                break
        return out

    def _answers(self, line, now_s):
        try:
            tag, words = console.parse(line or b"\x00")
        except BadChecksum as error:
            return [self._error(None, "garbled", str(error))]
        except ProtocolError as error:
            return [self._error(None, "malformed", str(error))]
        if not words:
            return [b"" if self.is_json else b"karez> "]
        self.requests.append(words)
        try:
            rows = list(self._do(words, now_s))
        except Refused as error:
            return [self._error(tag, error.word, str(error))]
        head = {} if tag is None else {"tag": tag}
        parts = [self._line({**head, "more": True, **row}) for row in rows[:-1]]
        return [*parts, self._line({**head, "ok": True, **rows[-1]})]

    def _error(self, tag, word, text):
        return self._line({**({} if tag is None else {"tag": tag}), "error": word, "text": text})

    def _line(self, row):
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        return console.sealed(text) if self.is_json else (text.strip("{}") + "\r\nkarez> ").encode()

    def _do(self, words, now_s):
        verb = getattr(self, "_" + words[0], None)
        if verb is None:
            raise Refused("unknown", f"{words[0]} is no verb: ask for help")
        return verb(words[1:], now_s)

    def _json(self, words, now_s):
        self.is_json = True
        return [{"role": "reader", "number": None}]

    def _text(self, words, now_s):
        self.is_json = False
        return [{"role": "reader", "number": None}]

    def _logout(self, words, now_s):
        self.number = None
        return [{"role": "reader", "number": None}]

    def _identify(self, words, now_s):
        digest = hashlib.sha256(self.config).hexdigest()[:48]
        return [{**self.identity, "config_digest": digest, "boot": self.boot, "utc_s": 1_790_000_000}]

    def _status(self, words, now_s):
        return [
            {"status": ["time trusted"], "alarms": []},
            {"pump": "off", "refused_by": [], "volume_l": 12_345},
        ]

    def _live(self, words, now_s):
        values = {"volume_l": 12_345, "flow_lph": 0}
        water = {"quantity": "water", "state": "good", "age_ds": 3, "raw": "00003039", "values": values}
        return [water, {"pump": "off", "contactor": self.is_pumping, "volume_l": 12_345, "left_l": None}]

    def _raw(self, words, now_s):
        if words != ["water"]:
            raise Refused("usage", "expected a quantity whose meter is read in bytes: help raw")
        return [
            {"request": "010300080002"},
            {"answer": "01030400003039"},
            {"quantity": "water", "state": "good"},
        ]

    def _bus(self, words, now_s):
        return [{"quantity": "water", "address": 1, "baud": 9600, "readings": {"good": 9}}, {}]

    def _health(self, words, now_s):
        return [{"free": 40_000, "late_ms": 3, "failures": 0}]

    def _accounts(self, words, now_s):
        return [{"account": 7, "used_l": 12_345, "left_l": None}, {"volume_l": 12_345, "nobody_l": 0}]

    def _grant(self, words, now_s):
        return [{"seq": 3, "policy": "stop", "in_force": True}]

    def _orders(self, words, now_s):
        return [{"orders": 0, "cause": 0, "text": "none"}]

    def _events(self, words, now_s):
        count = int(words[0]) if words else 10
        rows = [{"seq": 40 - at, "kind": "event", "text": "door open"} for at in range(min(count, 5))]
        return [*rows, {"newest": 40}]

    def _records(self, words, now_s):
        first, count = int(words[0]), int(words[1])
        rows = [{"seq": first + at, "slot": "00" * 128} for at in range(count)]
        return [*rows, {"next": first + count, "oldest": 1, "newest": 40}]

    def _bundle(self, words, now_s):
        if not self.bundle:
            raise Refused("nothing", "no signature over these records yet: ask again after the next stop")
        return self._document(self.bundle, 128)

    @staticmethod
    def _document(data, piece):
        rows = [{"offset": at, "data": data[at : at + piece].hex()} for at in range(0, len(data), piece)]
        return [*rows, {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}]

    def _login(self, words, now_s):
        self.challenge = (int(words[0]), os.urandom(16))
        return [{"challenge": self.challenge[1].hex(), "seconds": 120}]

    def _prove(self, words, now_s):
        if self.wrong >= 3:
            raise Refused("locked", "60 s to go")
        if self.challenge is None:
            raise Refused("expired", "ask for a challenge with login NUMBER")
        number, nonce = self.challenge
        self.challenge = None
        try:
            key = Ed25519PublicKey.from_public_bytes(self.keys[number])
            key.verify(bytes.fromhex(words[0]), technicians.challenge_message(NAME, number, nonce))
        except (KeyError, InvalidSignature):
            self.wrong += 1
            raise Refused("refused", f"not the signature of technician {number}")
        self.number, self.wrong = number, 0
        return [{"role": "technician", "number": number}]

    def _technicians(self, words, now_s):
        values, rows, message, signature = (
            technicians.open_signed(self.roster) if self.roster else (None,) * 4
        )
        if not words:
            rows = [{"number": row["number"], "until_utc_s": row["until_utc_s"]} for row in rows or ()]
            return [*rows, {"seq": values and values["seq"]}]
        if words[0] != "apply":
            return getattr(self, "_config_" + words[0])(words[1:], now_s)
        data = self._whole()
        new, _, message, signature = technicians.open_signed(data)
        if values is not None and new["seq"] <= values["seq"]:
            raise Refused("refused", f"list {new['seq']} is not newer than {values['seq']}")
        try:
            Ed25519PublicKey.from_public_bytes(self.regulator).verify(signature, message)
        except InvalidSignature:
            raise Refused("refused", "not signed by the key of this well's binding")
        self.roster = data
        self.keys = {row["number"]: row["key"] for row in technicians.open_signed(data)[1]}
        return [{"seq": new["seq"]}]

    def _config(self, words, now_s):
        if not words:
            return self._document(self.config, console.PIECE_MAX)
        if self.number is None:
            raise Refused("role", "config put is for a technician: login NUMBER")
        return getattr(self, "_config_" + words[0])(words[1:], now_s)

    def _config_put(self, words, now_s):
        self.spare = {"size": int(words[0]), "sha256": words[1], "pieces": {}}
        return [{"size": self.spare["size"]}]

    def _config_piece(self, words, now_s):
        if self.spare is None:
            raise Refused("usage", "config put comes first")
        self.spare["pieces"][int(words[0])] = bytes.fromhex(words[1])
        return [{"offset": int(words[0])}]

    def _whole(self):
        pieces = self.spare["pieces"] if self.spare else {}
        data = b"".join(pieces[at] for at in sorted(pieces))
        if not self.spare or hashlib.sha256(data).hexdigest() != self.spare["sha256"]:
            raise Refused("incomplete", "the document is not whole")
        return data

    def _config_check(self, words, now_s):
        self._whole()
        if self.config_refusal:
            raise Refused("configuration", self.config_refusal)
        return [{}]

    def _config_apply(self, words, now_s):
        data = self._whole()
        if words != [hashlib.sha256(data).hexdigest()]:
            raise Refused("digest", "another document")
        self.config = data
        self.restart(now_s)
        return [{}]

    def restart(self, now_s):
        """As after a power cut: nothing of the session is left."""
        was_json = self.is_json
        self._begin()
        self.is_json = was_json  # until the answer is out; `wake` is called by the shells
        self.boot += 1
        self.down_until_s = now_s + self.restart_s

    def wake(self):
        """The first moment after a restart; return what the box prints then."""
        self.is_json = False
        return BOOT_TEXT


class Wire:
    """A port in memory between the tool and a DeskController; its clock runs while nobody speaks.

    `cut_after`: so many bytes of the tool's arrive, then the cable is out.
    """

    name = "wire"

    def __init__(self, box):
        self.box = box
        self.now = 1000.0
        self.late_s = 0.0
        self.cut_after = None
        self.sent = 0
        self._coming = []  # (when, bytes)
        self._was_down = False

    def clock(self):
        """Seconds."""
        return self.now

    def write(self, data):
        """The tool's bytes, as far as the cable is in."""
        if self.cut_after is not None:
            data, rest = (
                data[: max(self.cut_after - self.sent, 0)],
                data[max(self.cut_after - self.sent, 0) :],
            )
        else:
            rest = b""
        self.sent += len(data)
        answer = self.box.feed(data, self.now)
        self._was_down |= self.now < self.box.down_until_s
        if answer:
            self._coming.append((self.now + self.late_s, answer))
        if rest:
            self._coming.clear()
            raise LineTrouble("cable-gone", port=self.name, why="Input/output error")

    def read(self):
        """What has come by now; else the clock goes on."""
        if self._was_down and self.now >= self.box.down_until_s:
            self._was_down = False
            self._coming.append((self.now, self.box.wake()))
        if self._coming and self._coming[0][0] <= self.now:
            return self._coming.pop(0)[1]
        self.now += 0.05
        return b""

    def reopen(self):
        """A cable that is out stays out."""
        self.now += 0.05

    def plug_in(self):
        """The cable is in again; what was half said is lost already."""
        self.cut_after = None


class Pulled(Exception):
    """Raised by a box's `feed`: the cable goes out at this byte."""


class PtyDesk:
    """The same box on a pty, served by a thread; `path` is the port's name."""

    def __init__(self, box):
        self.box = box
        self._master, self._slave = os.openpty()
        mode = termios.tcgetattr(self._slave)
        mode[0] = mode[1] = mode[3] = 0  # raw: no echo, no line editing
        termios.tcsetattr(self._slave, termios.TCSANOW, mode)
        self.path = os.ttyname(self._slave)
        self._wake_r, self._wake_w = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.write(self._wake_w, b"x")
        self._thread.join(10)
        for fd in (self._master, self._slave, self._wake_r, self._wake_w):
            with contextlib.suppress(OSError):
                os.close(fd)

    def _serve(self):
        was_down = False
        while True:
            ready = select.select([self._master, self._wake_r], [], [], 0.05)[0]
            if self._wake_r in ready:
                return
            if was_down and time.monotonic() >= self.box.down_until_s:
                was_down = False
                os.write(self._master, self.box.wake())
            if self._master in ready:
                try:
                    os.write(self._master, self.box.feed(os.read(self._master, 4096), time.monotonic()))
                except Pulled:
                    os.close(self._master)
                    self._master = -1
                    return
                was_down |= time.monotonic() < self.box.down_until_s
