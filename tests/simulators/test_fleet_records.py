"""A fleet's records are the codec's, byte for byte, and stand in a chain that holds."""

import hashlib
import random
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_protocols import binding, chain, fields, record
from karez_simulators.fleet import records, roster
from karez_simulators.fleet.records import Scribe
from karez_simulators.fleet.well_life import WELL_FLOW_LPH, WellLife
from karez_simulators.offices import Office

UTC_S = 1_790_000_000
KINDS = range(record.INTERVAL, record.KEYS + 1)


def any_values(kind, rng):
    """A record of this kind with any values that are known."""
    found = {"version": record.VERSION}
    for layout in record.layouts(kind):
        for name, letter, _, size in fields.each(layout):
            if letter == "b":
                found[name] = rng.randbytes(size)
            elif letter == "u":
                found[name] = rng.randrange(256**size - 1)
            elif letter == "s":
                found[name] = rng.randrange(256**size - 1) - (256**size // 2 - 1)
    return found | {"kind": kind, "version": record.VERSION}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_packed_as_the_codec_does(kind):
    rng = random.Random(kind)
    for _ in range(50):
        values = any_values(kind, rng)
        assert records.content(kind, values) == record.encode(values)


def test_what_does_not_fit_is_refused():
    values = any_values(record.INTERVAL, random.Random(1))
    for name, value in (("volume_l", 1 << 48), ("segment", 1 << 16), ("flow_lph", 1 << 31), ("seq", -1)):
        with pytest.raises(struct.error):
            records.content(record.INTERVAL, values | {name: value})


@pytest.mark.parametrize("litres", [0, 1, 999, 1000, 70_000_123, 0xFFFF_FFFF])
def test_the_register_shows_the_litres(litres):
    words = struct.unpack(">HHHH", records.register(litres))
    whole = words[1] << 16 | words[0]
    part = struct.unpack(">f", struct.pack(">HH", words[3], words[2]))[0]
    assert whole * 1000 + round(part * 1000) == litres


class Kept:
    """A scribe with its key, and every slot that it wrote."""

    def __init__(self, *, intake=False):
        self.key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"scribe").digest())
        self.slots = []
        self.name = chain.controller_name(self.key.public_key().public_bytes_raw())
        self.scribe = Scribe(self.name, self.key, b"a binding", self.slots.append)
        self.life = WellLife(self.scribe, intake=intake, checkpoint_phase_s=0)

    def kinds(self):
        return [record.KIND_NAMES[slot[1]] for slot in self.slots]

    def walk(self):
        """The chain as an auditor walks it, with every statement and signature checked; return the fields."""
        h, before, statements = chain.genesis(1, b"a binding"), b"", {}
        found = []
        for number, slot in enumerate(self.slots, 1):
            values = record.decode(slot)
            assert values["seq"] == number
            if values["kind"] == record.STATEMENT:
                assert (values["covered_seq"], values["covered_h"]) == (number - 1, h)
                statements[number] = slot[: record.CONTENT_SIZE]
            if values["kind"] == record.SIGNATURE:
                message = chain.checkpoint_message(self.name, statements[values["statement_seq"]])
                self.key.public_key().verify(values["signature"], message)
            h, before = chain.check(h, slot), slot
            found.append(values)
        assert h == self.scribe.h and before
        return found


def test_a_day_is_one_chain_with_checkpoints_at_a_controllers_cadence():
    kept = Kept()
    kept.life.boot(UTC_S)
    kept.life.live_through(24 * 60, UTC_S + 86_400, phase=0)
    found = kept.walk()
    kinds = kept.kinds()
    assert kinds[:3] == ["boot", "statement", "signature"] and kinds.count("interval") == 1440
    assert kinds.count("start") == 1  # noon: half a day off, half a day on
    # 12 hours of pumping with one an hour; 12 idle hours with one every six; one at boot.
    assert 12 + 2 <= kinds.count("signature") <= 12 + 2 + 2
    assert kept.scribe.volume_l == found[-1].get("volume_l", kept.scribe.volume_l)


def test_w_is_what_flowed_and_what_the_register_shows():
    kept = Kept()
    kept.life.boot(UTC_S)
    kept.life.start(UTC_S + 1)
    for minute in range(1, 91):
        kept.life.interval(UTC_S + 60 * minute, 60)
    kept.life.stop(UTC_S + 90 * 60 + 5)
    found = [one for one in kept.walk() if "volume_l" in one and one["kind"] == record.INTERVAL]
    assert [one["volume_l"] for one in found] == [WELL_FLOW_LPH // 60 * n for n in range(1, 91)]
    assert all(one["water_raw"] == records.register(one["volume_l"]) for one in found)
    assert kept.kinds()[-3:] == ["stop", "statement", "signature"]


def test_an_intake_has_water_and_no_pump():
    kept = Kept(intake=True)
    kept.life.boot(UTC_S)
    kept.life.start(UTC_S + 1)
    kept.life.interval(UTC_S + 60, 60)
    kept.life.stop(UTC_S + 61)
    assert kept.kinds() == ["boot", "statement", "signature", "interval"]
    assert record.decode(kept.slots[-1])["volume_l"] == 12_000


def test_turpan_has_its_wells_and_intakes_and_a_part_of_it_their_share():
    assert roster.intakes(6954) == 32 and roster.intakes(1) == 0 and roster.intakes(10_000) == 46
    sites = [roster.site_of(number, 6954) for number in range(6954)]
    assert sum(intake for _, intake in sites) == 32 and len({code for code, _ in sites}) == 6954
    assert all(len(code.encode()) <= 16 for code, _ in sites)


@pytest.mark.parametrize("intake", [False, True])
def test_a_binding_is_one_that_the_protocol_takes(intake):
    bench, regulator, key = Office(), Office(), roster.key_of("one")
    signed = roster.bind(bench, regulator.public, key, "650402-00001", intake=intake, utc_s=UTC_S)
    values, segments, message, signature = binding.open_signed(signed)
    assert values["controller"] == chain.controller_name(key.public_key().public_bytes_raw())
    assert [one["profile"] for one in segments] == (["channel"] if intake else ["tuf2000m", "sdm630"])
    assert len(message) and len(signature) == 64
