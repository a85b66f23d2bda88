"""Honest evidence bundles for the verifier's tests: a well that keeps its books, and a log around it.

Deterministic: the keys come from fixed seeds, time from a counter.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_gateway.verifier import merkle
from karez_gateway.verifier.checkpoint import Checkpoint
from karez_gateway.verifier.note import Signer, sign_note
from karez_gateway.verifier.trust import Trust
from karez_protocols import (
    binding,
    bundle,
    causes,
    chain,
    entry,
    grant,
    record,
    signed,
    site_class,
    szy206,
    szy206_messages,
    szy206_time,
    szy206_words,
)

ORIGIN = "county.example/1"
T0 = 1_790_000_000


def key(name):
    """A private key that is the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public(private):
    return private.public_key().public_bytes_raw()


PROVISIONER = key("provisioner")
REGULATOR = key("regulator")
LOG = Signer(ORIGIN, hashlib.sha256(b"log").digest())
TRUST = Trust(public(PROVISIONER), (public(REGULATOR),), (LOG.verifier_key,))

MEASURING = {
    "segment": 1, "method": record.METERED, "pump": 0, "water_raw": bytes(8), "energy_raw": bytes(8),
    "water_age_ds": 3, "energy_age_ds": 4, "held_l": 0, "energy_wh": 1000, "flow_lph": 0, "power_w": 0,
    "status": 0, "meters": 0, "alarms": 0,
}  # fmt: skip
TAILS = {
    record.INTERVAL: {
        "voltage_a_dv": 2302, "voltage_b_dv": 2310, "voltage_c_dv": 2300, "current_a_ca": 0,
        "current_b_ca": 0, "current_c_ca": 0, "level_mm": -12_000, "pressure_pa": None,
    },
    record.START: {"account": 7, "credential": bytes(8), "account_l": 0, "ceiling_l": None, "actor": 0},
    record.STOP: {"account": 7, "credential": bytes(8), "account_l": 0, "ceiling_l": None, "actor": 0},
    record.EVENT: {"subject": 0, "detail": bytes(24)},
    record.BOOT: {"chain": 1, "order_seq": 0, "last_seq": 0, "outage_s": None, "tier": 2},
    record.GAP: {"outage_s": 60, "from_utc_s": T0, "volume_before_l": 0, "energy_before_wh": 0},
}  # fmt: skip


def signed_object(private, label, body):
    """Body ‖ signature."""
    return body + private.sign(signed.message(label, body))


def grant_object(seq=1, ceiling=100_000, regulator=REGULATOR, **changed):
    """A signed grant with one water row (from T0 - 1 day, for a year)."""
    values = {
        "flags": 0, "policy": grant.STOP, "seq": seq, "site": "W-0001",
        "issuer": signed.key_id(public(regulator)), "issued_utc_s": T0 - 500,
        "document": "2026-17", "head_chain": 1, "head_seq": 0, "head_h": bytes(32),
        "head_volume_l": 0, "head_ledger_l": 0,
    }  # fmt: skip
    row = {
        "quantity": grant.WATER, "from_utc_s": T0 - 86_400, "to_utc_s": T0 + 31_536_000, "ceiling": ceiling,
        "finish_100l": 0, "emergency_100l": 0,
    }  # fmt: skip
    rows = changed.pop("rows", [row])
    return signed_object(regulator, grant.LABEL, grant.encode(values | changed, rows))


class Well:
    """One controller and its chain; every method appends records and returns the slot."""

    def __init__(self, name="controller", number=1, provisioner=PROVISIONER, regulator=REGULATOR, **bound):
        self.private = key(name)
        self.controller = chain.controller_name(public(self.private))
        segment = {
            "quantity": binding.WATER, "method": record.METERED, "address": 1, "profile_version": 1,
            "coefficient_version": 0, "from_seq": 1, "profile": "tuf2000m", "serial": "A17", "base": 0,
            "register_base": 0, "multiplier_ppm": 1_000_000,
        }  # fmt: skip
        values = {
            "class": site_class.IRRIGATION, "fail": binding.FAIL_STOPPED, "seq": 1,
            "controller": self.controller, "site": "W-0001", "gateway": "county",
            "controller_key": public(self.private),
            "regulator_key": public(regulator), "issued_utc_s": T0 - 1000, "rated_flow_lph": 400_000,
            "rated_power_w": 15_000, "upper_ml_per_wh": 5000, "reference_ml_per_wh": None,
            "physical_ml_per_wh": None, "riser_l": 0,
        }  # fmt: skip
        segments = bound.pop("segments", [segment])
        body = binding.encode(values | bound, segments)
        self.binding = signed_object(provisioner, binding.LABEL, body)
        self.number = number
        self.h = chain.genesis(number, self.binding)
        self.heads = [self.h]  # heads[n] = h after record n
        self.slots = []
        self.grants = []
        self.grant_seq = 0
        self.volume_l = 5000
        self.utc_s = T0
        self.boot_count = 1
        self.segment = 1
        self.booted_utc_s = T0
        self.pump = 0

    @property
    def seq(self):
        """The seq of the last record."""
        return len(self.slots)

    def add(self, kind, seconds=300, **values):
        """Append a record of a kind; `values` over the defaults."""
        self.utc_s += seconds
        content = {
            "kind": kind, "cause": 0, "time_state": record.TIME_SYNCHRONISED, "seq": self.seq + 1,
            "utc_s": self.utc_s, "boot": self.boot_count, "uptime_s": self.utc_s - self.booted_utc_s,
            "grant_seq": self.grant_seq,
            **MEASURING, **TAILS.get(kind, {}), "volume_l": self.volume_l, "pump": self.pump,
            "segment": self.segment,
        }  # fmt: skip
        slot, self.h = chain.seal(self.h, record.encode(content | values))
        self.slots.append(slot)
        self.heads.append(self.h)
        return slot

    def boot(self, **values):
        self.booted_utc_s = self.utc_s
        return self.add(record.BOOT, chain=self.number, last_seq=self.seq, **values)

    def interval(self, litres=0, **values):
        self.volume_l += litres
        return self.add(record.INTERVAL, **values)

    def start(self, cause=causes.BUTTON, **values):
        slot = self.add(record.START, cause=cause, **values)
        self.pump = 3
        return slot

    def stop(self, litres=0, cause=causes.BUTTON, **values):
        self.volume_l += litres
        self.pump = 0
        return self.add(record.STOP, cause=cause, **values)

    def take_grant(self, data):
        self.grants.append(data)
        self.grant_seq = grant.decode(data[: -signed.SIGNATURE_SIZE])[0]["seq"]
        return self.add(
            record.GRANT, 0, object_seq=self.grant_seq, digest=signed.digest(data), length=len(data)
        )

    def checkpoint(self, between=0, covered=None, h=None, private=None):
        """A statement over the head, `between` intervals, and the signature."""
        covered = self.seq if covered is None else covered
        self.add(
            record.STATEMENT, 0, covered_seq=covered, covered_h=h or self.heads[covered],
            core_digest=bytes(24), config_digest=bytes(24), chain=self.number,
        )  # fmt: skip
        named = self.seq
        message = chain.checkpoint_message(self.controller, self.slots[-1][:112])
        for _ in range(between):
            self.interval()
        signature = (private or self.private).sign(message)
        return self.add(record.SIGNATURE, 2, statement_seq=named, signature=signature)

    def bundle(self, first=1, last=None, slots=None, entries=(), **changed):
        """The bundle of records first..last; `entries` go into a log that the county signs."""
        last = self.seq if last is None else last
        parts = {
            "binding": self.binding, "grants": self.grants, "chain": self.number,
            "h_before": self.heads[first - 1],
            "slots": self.slots[first - 1 : last] if slots is None else slots,
        }  # fmt: skip
        if entries:
            parts["note"], parts["proofs"] = log_of(entries)
        return bundle.encode(**(parts | changed))

    def record_entry(self, seq):
        return entry.encode_record(self.controller, self.number, self.utc_s, self.slots[seq - 1])

    def upload_entry(self, seq, volume_m3=None, dialect=szy206.SZY206_2016, fcb=3):
        """The entry of a report made from a record, and the centre's answer."""
        if volume_m3 is None:
            volume_m3 = record.decode(self.slots[seq - 1])["volume_l"] // 1000
        address = szy206.address_of("652123", 17)
        state = szy206_words.state_word(
            work_mode=0, is_card_on=False, is_quota_on=True, is_pump_running=False, is_door_open=False,
            is_on_battery=False,
        )  # fmt: skip
        tag = szy206_time.tag_at(self.utc_s, 28_800)
        channel = {"flow_lph": 0, "volume_l": volume_m3 * 1000}
        request = szy206_messages.SelfReport(address, 3, [channel], 0, state, tag).encode(dialect)
        confirm = szy206_messages.Confirm(address, 0xC0, fcb, 3, tag=tag).encode(dialect)
        return entry.encode_upload(
            "county", self.controller, self.number, seq, self.utc_s + 5, request, confirm
        )


def log_of(entries, before=5):
    """(signed note, proofs) of a log that holds some other entries and then these."""
    leaves = [merkle.leaf_hash(b"other %d" % number) for number in range(before)]
    leaves += [merkle.leaf_hash(data) for data in entries]
    size = len(leaves)

    def root(start, end):
        if end - start == 1:
            return leaves[start]
        middle = start + merkle.split(end - start)
        return merkle.node_hash(root(start, middle), root(middle, end))

    note = sign_note(Checkpoint(ORIGIN, size, root(0, size)).format(), LOG)
    proofs = []
    for number, data in enumerate(entries):
        hashes = [root(*part) for part in merkle.inclusion_ranges(before + number, size)]
        proofs.append((before + number, data, hashes))
    return note, proofs


def season(between=0):
    """A well with two irrigations, the second stopped by its quota, a power cut and a second grant."""
    well = Well()
    well.boot()
    well.take_grant(grant_object(1, ceiling=40_000))
    well.interval()
    well.start(ceiling_l=40_000)
    well.interval(5000)
    well.stop(3250, ceiling_l=40_000)
    well.checkpoint(between)
    well.start(causes.CARD, ceiling_l=40_000)
    well.interval(20_000)
    well.stop(6_790, causes.WATER_CEILING, ceiling_l=40_000)
    well.checkpoint()
    well.boot_count += 1
    well.boot(outage_s=3600)
    well.add(record.GAP, 0, outage_s=3600, from_utc_s=well.utc_s - 3600, volume_before_l=well.volume_l)
    well.take_grant(grant_object(2, ceiling=90_000))
    well.interval()
    well.checkpoint()
    return well


def season_with_log(between=0):
    """The season, its closing signature and two uploads in the log."""
    well = season(between)
    uploads = [well.upload_entry(6), well.upload_entry(well.seq - 2, dialect=szy206.SLT427_2021)]
    return well, [well.record_entry(well.seq), *uploads]


def compact():
    """The smallest bundle that proves an irrigation, with a log: under 2 kB."""
    well = Well()
    well.take_grant(grant_object(1))
    well.start(ceiling_l=100_000)
    well.stop(1234, ceiling_l=100_000)
    well.checkpoint()
    return well


def without_digest(data):
    """The file with a digest that fits again: what a forger would do after a change."""
    body = data[:-32]
    return body + hashlib.sha256(body).digest()


def flip(data, bit):
    """The file with one bit changed."""
    changed = bytearray(data)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)
