"""What the two offices of a desk sign is what anyone can verify, with cryptography and not with our code."""

import dataclasses

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import binding, grant, record, signed
from karez_protocols.errors import NotAllowed
from karez_simulators.offices import Bench, Coefficient, MeterReading, Regulator, Right

RIGHT = Right("410105-0001", 3, 5_000, 1_780_000_000, 1_790_000_000, "DESK-2026-0003")
WATER = MeterReading("tuf2000m", 1, 1, "TUF-1", 12_345)
ENERGY = MeterReading("sdm630", 1, 2, "SDM-1", 678)
RATED = (60_000, 20_000, 3_000)


def verify(office, label, data):
    """Raise InvalidSignature unless the office signed label and body: the last 64 bytes are the signature."""
    key = Ed25519PublicKey.from_public_bytes(office.public)
    key.verify(data[-64:], signed.message(label, data[:-64]))


def test_a_grant_says_what_the_right_says_under_the_regulator_s_signature():
    regulator = Regulator()
    data = regulator.grant(RIGHT)
    verify(regulator, grant.LABEL, data)
    values, rows = grant.decode(data[:-64])
    assert (values["site"], values["seq"], values["document"]) == (RIGHT.site, 3, "DESK-2026-0003")
    assert values["issuer"] == signed.key_id(regulator.public)
    assert [(row["quantity"], row["from_utc_s"], row["to_utc_s"], row["ceiling"]) for row in rows] == [
        (grant.WATER, RIGHT.from_utc_s, RIGHT.to_utc_s, 5_000)
    ]
    assert len(data) <= grant.SIZE_MAX


def test_every_byte_of_a_grant_is_signed():
    regulator = Regulator()
    data = regulator.grant(RIGHT)
    for index in range(len(data)):
        wrong = bytearray(data)
        wrong[index] ^= 1
        with pytest.raises(InvalidSignature):
            verify(regulator, grant.LABEL, bytes(wrong))


def test_another_regulator_s_grant_is_not_this_one_s():
    with pytest.raises(InvalidSignature):
        verify(Regulator(), grant.LABEL, Regulator().grant(RIGHT))


def test_a_signature_holds_under_its_own_label_only():
    regulator = Regulator()
    with pytest.raises(InvalidSignature):
        verify(regulator, binding.LABEL, regulator.grant(RIGHT))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ceiling_l": 1 << 40},
        {"ceiling_l": -1},
        {"seq": 1 << 32},
        {"to_utc_s": RIGHT.from_utc_s},
        {"site": "X" * 17},
        {"document": "X" * 25},
    ],
)
def test_a_right_that_fits_no_grant_is_refused(wrong):
    with pytest.raises(NotAllowed):
        Regulator().grant(dataclasses.replace(RIGHT, **wrong))


def test_a_binding_names_box_site_keys_and_what_both_dials_showed():
    bench, regulator = Bench(), Regulator()
    key = bytes(range(32))
    data = bench.binding(
        "KZ000001", key, "410105-0001", regulator.public, WATER, ENERGY, RATED, 1_780_000_000
    )
    verify(bench, binding.LABEL, data)
    values, segments = binding.decode(data[:-64])
    assert (values["controller"], values["site"]) == ("KZ000001", "410105-0001")
    assert (values["controller_key"], values["regulator_key"]) == (key, regulator.public)
    assert (values["rated_flow_lph"], values["rated_power_w"], values["upper_ml_per_wh"]) == RATED
    shown = [(one["quantity"], one["profile"], one["serial"], one["register_base"]) for one in segments]
    assert shown == [(0, "tuf2000m", "TUF-1", 12_345), (1, "sdm630", "SDM-1", 678)]
    assert {one["method"] for one in segments} == {record.METERED}
    assert [(one["multiplier_ppm"], one["coefficient_version"]) for one in segments] == [(1_000_000, 0)] * 2


def test_a_converted_binding_reads_the_power_meter_twice_and_names_the_coefficient():
    bench, regulator = Bench(), Regulator()
    coefficient = Coefficient(2_884_000, 3)
    data = bench.binding(
        "KZ000001", bytes(32), "410105-0001", regulator.public, coefficient, ENERGY, RATED, 1_780_000_000,
        (2_884, None, 0),
    )  # fmt: skip
    verify(bench, binding.LABEL, data)
    values, (water, energy) = binding.decode(data[:-64])
    assert values["reference_ml_per_wh"] == 2_884
    for one in (water, energy):
        shown = (one["profile"], one["serial"], one["address"], one["base"], one["register_base"])
        assert shown == ("sdm630", "SDM-1", 2, 0, 678)
    assert (water["quantity"], water["method"]) == (grant.WATER, record.CONVERTED)
    assert (water["multiplier_ppm"], water["coefficient_version"]) == (2_884_000, 3)
    assert (energy["quantity"], energy["method"]) == (grant.ENERGY, record.METERED)
    assert (energy["multiplier_ppm"], energy["coefficient_version"]) == (1_000_000, 0)
