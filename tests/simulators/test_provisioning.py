"""What the bench hands a box: the binding and the configuration fit what hangs at its well."""

import json

import pytest

from karez_firmware import configuration
from karez_protocols import binding, grant, record
from karez_simulators import provisioning
from karez_simulators.clock import Clock
from karez_simulators.offices import Bench, Regulator
from karez_simulators.physical_site import NO_METER, PhysicalSite

IDENTITY = provisioning.Identity("KZ000001", bytes(range(32)), bytes(65))
LINK = {"host": "127.0.0.1", "port": 8883, "tls_name": "broker.karez.test"}
MIXED = {"water": "cjt188@00000805000001", "power": "dlt645-2007@123456789012"}


def bound(meters):
    site = PhysicalSite(Clock(), meters=meters)
    data = provisioning.bind(Bench(), Regulator(), IDENTITY, "410105-0001", site, 1_780_000_000)
    return site, *binding.open_signed(data)[:2]


def configured(meters):
    site = PhysicalSite(Clock(), meters=meters)
    return provisioning.configuration({}, {b"card-001": 7}, LINK, site)


@pytest.mark.parametrize("meters", [{}, MIXED])
def test_a_metered_well_is_bound_to_both_dials(meters):
    site, _, segments = bound(meters)
    assert [(one["quantity"], one["method"]) for one in segments] == [
        (grant.WATER, record.METERED),
        (grant.ENERGY, record.METERED),
    ]
    for one, name in zip(segments, ("water", "power"), strict=True):
        assert (one["serial"], one["register_base"]) == (site.serial(name), site.dial(name))
    assert provisioning.coefficient(site) is None


def test_a_well_without_a_flow_meter_is_bound_to_its_energy_by_the_step_test_s_coefficient():
    site, values, segments = bound({"water": NO_METER})
    tested = site.well.parameters.litres_per_kwh
    assert values["reference_ml_per_wh"] == tested < values["upper_ml_per_wh"]
    assert [(one["quantity"], one["method"], one["multiplier_ppm"]) for one in segments] == [
        (grant.WATER, record.CONVERTED, tested * 1000),
        (grant.ENERGY, record.METERED, 1_000_000),
    ]
    assert {one["register_base"] for one in segments} == {site.dial("power")}
    assert provisioning.coefficient(site).multiplier_ppm == tested * 1000


@pytest.mark.parametrize(
    ("meters", "quantities"),
    [({}, ["water", "energy"]), (MIXED, ["water", "energy"]), ({"water": NO_METER}, ["energy"])],
)
def test_the_box_takes_the_configuration_of_what_hangs_there(meters, quantities):
    data = configured(meters)
    assert [one["quantity"] for one in json.loads(data)["meters"]] == quantities
    found = configuration.read(data)
    assert [one["quantity"] for one in found.meters] == quantities
