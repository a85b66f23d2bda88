"""A controller without a well: it makes honest chains with the real codecs and real keys.

What it says is free to the test (litres, times, causes), how it says it is not: every record
is sealed into its chain, every checkpoint signed with its own Ed25519 key.
"""

import hashlib
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_protocols import binding, chain, fields, grant, link, link_gateway, record, signed, site_class

START_UTC_S = 1_789_999_200  # 2026-09-21 14:00:00 UTC, the beginning of an hour
INTERVAL_S = 300
BASE_VOLUME_L = 1_000_000


def key_of(seed: str) -> Ed25519PrivateKey:
    """The same key for the same text."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def sign(key: Ed25519PrivateKey, label: bytes, body: bytes) -> bytes:
    return body + key.sign(signed.message(label, body))


PROVISIONER = key_of("provisioner")
REGULATOR = key_of("regulator")


def raw_register(litres):
    """Litres as a TUF-2000M has them: whole m³ as a LONG, the rest as a REAL4, low words first."""
    whole, part = divmod(litres, 1000)
    real = struct.unpack(">I", struct.pack(">f", part / 1000))[0]
    words = (whole & 0xFFFF, whole >> 16, real & 0xFFFF, real >> 16)
    return struct.pack(">HHHH", *words)


def zeros(layout: str) -> dict:
    """Every field of a layout with nothing in it."""
    nothing = {"u": 0, "s": 0, "t": ""}
    return {
        name: bytes(size) if kind == "b" else nothing[kind]
        for name, kind, _, size in fields.each(layout)
        if kind != "x"
    }


def make_grant(
    site: str,
    seq: int,
    ceiling_l: int,
    *,
    key: Ed25519PrivateKey = REGULATOR,
    from_utc_s: int = START_UTC_S - 86400,
    to_utc_s: int = START_UTC_S + 400 * 86400,
    finish_100l: int = 0,
) -> bytes:
    values = zeros(grant.HEADER) | {
        "policy": grant.STOP,
        "seq": seq,
        "site": site,
        "issuer": signed.key_id(public(key)),
        "issued_utc_s": START_UTC_S,
        "document": f"test {seq}",
    }
    row = {
        "quantity": grant.WATER,
        "from_utc_s": from_utc_s,
        "to_utc_s": to_utc_s,
        "ceiling": ceiling_l,
        "finish_100l": finish_100l,
        "emergency_100l": 0,
    }
    return sign(key, grant.LABEL, grant.encode(values, [row]))


def make_binding(
    key: Ed25519PrivateKey, site: str, *, base_l: int = BASE_VOLUME_L, signer=PROVISIONER
) -> bytes:
    values = zeros(binding.HEADER) | {
        "class": site_class.IRRIGATION,
        "fail": binding.FAIL_STOPPED,
        "seq": 1,
        "controller": chain.controller_name(public(key)),
        "site": site,
        "gateway": "test",
        "controller_key": public(key),
        "regulator_key": public(REGULATOR),
        "issued_utc_s": START_UTC_S - 86400,
        "rated_flow_lph": 50_000,
        "rated_power_w": 15_000,
        "upper_ml_per_wh": 4000,
        "reference_ml_per_wh": None,
        "physical_ml_per_wh": None,
    }
    segment = zeros(binding.SEGMENT) | {
        "quantity": binding.WATER,
        "method": record.METERED,
        "profile": "tuf2000m",
        "serial": "W1",
        "base": base_l,
        "multiplier_ppm": 1_000_000,
    }
    return sign(signer, binding.LABEL, binding.encode(values, [segment]))


@dataclass
class SyntheticController:
    """One box. Its methods append a record and return the slot; `slots` holds them all by number."""

    seed: str
    site: str
    chain: int = 1
    slots: dict[int, bytes] = field(default_factory=dict)
    first_seq: int = 1

    def __post_init__(self):
        self.key = key_of(self.seed)
        self.name = chain.controller_name(public(self.key))
        self.binding = make_binding(self.key, self.site)
        self.h = chain.genesis(self.chain, self.binding)
        self.seq = self.first_seq - 1
        self.utc_s = self.began_utc_s = START_UTC_S
        self.volume_l = BASE_VOLUME_L
        self.grant_seq = 0
        self.frames = 0
        self.pump = 0

    def append(self, kind: int, **values) -> bytes:
        """Seal one record of any kind; fields not given are zero."""
        content = {}
        for layout in record.layouts(kind):
            content |= zeros(layout)
        self.seq += 1
        content |= {
            "kind": kind,
            "time_state": record.TIME_SYNCHRONISED,
            "seq": self.seq,
            "utc_s": self.utc_s,
            "boot": 1,
            "uptime_s": self.utc_s - self.began_utc_s,
            "grant_seq": self.grant_seq,
        }
        slot, self.h = chain.seal(self.h, record.encode(content | values))
        self.slots[self.seq] = slot
        return slot

    def measure(self, kind: int, litres: int = 0, after_s: int = INTERVAL_S, **values) -> bytes:
        """A measuring record, some litres and seconds after the one before."""
        self.utc_s += after_s
        self.volume_l += litres
        shared = {
            "segment": 1,
            "method": record.METERED,
            "pump": self.pump,
            "volume_l": self.volume_l,
            "flow_lph": litres * 3600 // after_s if after_s else 0,
        }
        return self.append(kind, **(shared | values))

    def interval(self, litres: int = 0, **values) -> bytes:
        return self.measure(record.INTERVAL, litres, **values)

    def start(self, **values) -> bytes:
        self.pump = 3
        return self.measure(record.START, 0, 10, **values)

    def stop(self, litres: int = 0, **values) -> bytes:
        self.pump = 0
        return self.measure(record.STOP, litres, **values)

    def event(self, cause: int, subject: int = 0, **values) -> bytes:
        return self.measure(record.EVENT, 0, 1, cause=cause, subject=subject, **values)

    def refuse(self, cause: int, data: bytes, seq: int = 0) -> bytes:
        """The event about an object that is not taken; `seq`: its number, if it can be read."""
        return self.event(cause, seq, detail=signed.digest(data)[:24])

    def accept_grant(self, data: bytes) -> bytes:
        seq = grant.decode(signed.split(grant.LABEL, data)[0])[0]["seq"]
        slot = self.append(record.GRANT, object_seq=seq, digest=signed.digest(data), length=len(data))
        self.grant_seq = seq
        return slot

    def lose(self, first: int, last: int) -> bytes:
        return self.append(record.LOSS, first_seq=first, last_seq=last)

    def statement(self) -> bytes:
        return self.append(record.STATEMENT, covered_seq=self.seq, covered_h=self.h, chain=self.chain)

    def sign_statement(self, slot: bytes, key: Ed25519PrivateKey | None = None) -> bytes:
        message = chain.checkpoint_message(self.name, slot[: record.CONTENT_SIZE])
        seq = record.header(slot)["seq"]
        return self.append(record.SIGNATURE, statement_seq=seq, signature=(key or self.key).sign(message))

    def checkpoint(self) -> bytes:
        return self.sign_statement(self.statement())

    def irrigate(self, intervals: int, litres: int = 4000) -> None:
        """Start, some intervals, stop, checkpoint."""
        self.start()
        for _ in range(intervals):
            self.interval(litres)
        self.stop(litres)
        self.checkpoint()

    def frame(self, *seqs: int) -> bytes:
        """One `up` payload of these records."""
        return self.carry([self.slots[seq] for seq in seqs])

    def carry(self, slots: list[bytes]) -> bytes:
        self.frames += 1
        return link_gateway.encode_up(self.frames, self.chain, slots)

    def payloads(self, first: int = 1, last: int | None = None) -> list[bytes]:
        """All records of a range as full frames, in order."""
        seqs = [seq for seq in sorted(self.slots) if first <= seq <= (last or self.seq)]
        return [self.frame(*seqs[at : at + link.SLOTS_MAX]) for at in range(0, len(seqs), link.SLOTS_MAX)]

    def next_chain(self) -> "SyntheticController":
        """The same box after it lost its ring: chain n + 1, numbers and W go on."""
        after = SyntheticController(self.seed, self.site, self.chain + 1, first_seq=self.seq + 1)
        after.volume_l, after.utc_s = self.volume_l, self.utc_s
        return after


def tampered(slot: bytes, at: int, by: int = 1) -> bytes:
    """The slot with one byte changed."""
    return slot[:at] + bytes([slot[at] ^ by]) + slot[at + 1 :]
