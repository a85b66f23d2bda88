"""No bit of a bundle may be changed unseen, with or without a digest made again; and where is named."""

import os
import random

import pytest

from karez_gateway.verifier import bundle_check
from karez_protocols import bundle

from . import second_verifier
from .bundles import TRUST, compact, flip, season_with_log, without_digest


def second(data):
    """The other verifier's verdict: why it refuses, None if it does not."""
    logs = [str(key) for key in TRUST.logs]
    return second_verifier.verify(data, TRUST.provisioner, TRUST.regulators, logs)[0]


def small():
    well = compact()
    data = well.bundle(entries=[well.record_entry(well.seq)])
    assert len(data) <= 2048
    return data


def place_of(data, bit, report):
    """The seq that a flipped bit of a slot lies in must be the first one named."""
    parts = bundle.decode(data)
    index = (bit // 8 - parts["slots_at"]) // 128
    if 0 <= index < len(parts["slots"]):
        first = report.rejections[0]
        assert first.seq == index + 1 and first.span[0] <= bit // 8 < first.span[1], bit
        assert all(last <= index or low > index + 1 or first.field == "h" for low, last in report.proved)


@pytest.mark.parametrize("part", range(8))
def test_every_flipped_bit_of_a_small_bundle_is_refused_and_placed(part):
    data = small()
    assert bundle_check.check(data, TRUST).is_proved
    for bit in range(part, 8 * len(data), 8):
        report = bundle_check.check(flip(data, bit), TRUST)
        assert not report.is_proved and report.rejections[0].span is not None, bit
        place_of(data, bit, report)


# Every byte, another bit of each; all bits take a minute and found nothing more: KAREZ_ALL_BITS=1.
STEP = 1 if os.environ.get("KAREZ_ALL_BITS") else 9


@pytest.mark.parametrize("part", range(2))
def test_every_changed_byte_is_refused_by_both_when_the_forger_makes_the_digest_again(part):
    data = small()
    assert second(data) is None
    for bit in range(part * STEP, 8 * (len(data) - 32), 2 * STEP):
        forged = without_digest(flip(data, bit))
        report = bundle_check.check(forged, TRUST)
        assert not report.is_proved, bit
        assert second(forged) is not None, bit


def test_a_thousand_random_bits_of_a_larger_bundle_are_refused_and_placed():
    well, entries = season_with_log(between=20)
    data = well.bundle(entries=entries)
    rng = random.Random(17)
    for bit in rng.sample(range(8 * len(data)), 1000):
        report = bundle_check.check(flip(data, bit), TRUST)
        assert not report.is_proved and report.rejections[0].span is not None, bit
        place_of(data, bit, report)


def test_random_bytes_and_random_cuts_never_raise():
    data = small()
    rng = random.Random(18)
    for _ in range(300):
        cut = data[: rng.randrange(len(data))] + rng.randbytes(rng.randrange(3))
        assert not bundle_check.check(cut, TRUST).is_proved
        at = rng.randrange(len(data) - 40)
        noise = data[:at] + rng.randbytes(rng.randrange(1, 40)) + data[at:]
        assert not bundle_check.check(without_digest(noise), TRUST).is_proved
