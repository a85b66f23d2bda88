"""Simulated meter against profile engine, which share no arithmetic: every profile, all three protocols."""

from fractions import Fraction

import pytest

from karez_protocols.profile import Profile
from karez_simulators import meter_choice
from karez_simulators.meter_choice import BenchMeter
from karez_simulators.steady_well import SteadyWell
from test_meters_profiles import phases_of, truth

UNITS = ("l", "lph", "wh", "w", "dv", "ca", "chz", "mm", "mms", "pa", "cdeg", "permille")
NUMBERS = {"dlt645": "123456789012", "cjt188": "78330011223344"}
TWO_BYTES = ("dlt645-1997", "cjt188", "cjt188-1f90")  # length of their identifiers
# What the exact value may be cut to on its way through a register and a scaled integer, per unit.
COARSEST = {
    "volume": 200,
    "energy": 31_000,
    "level": 2,
    "flow": 2,
    "power": 200,
    "current": 10,
    "frequency": 2,
}


def asked(meter, profile, at):
    """The data of request `at`, as the bus would bring it: identifier and check stripped."""
    start, count = profile.requests[at]
    if profile.protocol == "modbus":
        return b"".join(word.to_bytes(2, "big") for word in meter.read(profile.function, start, count))
    di = start.to_bytes(2 if profile.name in TWO_BYTES else 4, "big")
    if profile.protocol == "cjt188":
        return answer(meter, 0x10, bytes((0x68, 0x10)), 0x01, di + b"\0")[3:]
    control = 0x01 if len(di) == 2 else 0x11
    return answer(meter, 0x33, b"\x68", control, di[::-1])[len(di) :]


def answer(meter, offset, head, control, data):
    replies = []
    is_dlt = offset == 0x33
    shift = offset if is_dlt else 0
    tail = b"\x68" if is_dlt else b""
    body = head + bytes.fromhex(meter.number)[::-1] + tail + bytes((control, len(data)))
    body += bytes((byte + shift) % 256 for byte in data)
    meter.receive(body + bytes((sum(body) % 256, 0x16)), replies.append)
    reply = replies[0].lstrip(b"\xfe")
    first = 10 if is_dlt else 11
    return bytes((byte - shift) % 256 for byte in reply[first:-2])


@pytest.mark.parametrize("name", meter_choice.names())
@pytest.mark.parametrize("is_made_from_profile", [True, False])
def test_the_engine_reads_the_wells_truth_out_of_the_simulated_meter(name, is_made_from_profile, monkeypatch):
    if is_made_from_profile:
        monkeypatch.setattr(meter_choice, "HAND_WRITTEN", {})
    elif name not in meter_choice.HAND_WRITTEN:
        return
    document = meter_choice.load(name)
    well = SteadyWell(67_000)
    well.set_contactor(True, 0)
    address = NUMBERS.get(document["protocol"], 1)
    meter = BenchMeter(document, address, well).meter
    well.advance(3_600_000)
    meter.refresh(1_790_000_000)
    profile = Profile(document)
    values = profile.decode([asked(meter, profile, at) for at in range(len(profile.requests))])
    compared = 0
    for quantity, value in values.items():
        if quantity.rsplit("_", 1)[-1] not in UNITS:
            continue
        wanted, tolerance = truth(quantity, well, phases_of(document))
        if not is_made_from_profile and quantity in ("volume_l", "energy_wh"):
            continue  # the hand-written meters count on from a real dump
        coarse = COARSEST.get(quantity.split("_")[0], 1)
        assert value is not None, quantity
        assert abs(value - Fraction(wanted)) <= coarse + abs(Fraction(wanted)) * Fraction(tolerance), (
            quantity,
            value,
            float(wanted),
        )
        compared += 1
    assert compared >= 1
