"""A whole site on a wire: the meters tell the well's truth through the controller's port."""

import asyncio
import gc
import os
import struct

import pytest

from karez_simulators import meter_choice
from karez_simulators.clock import Clock
from karez_simulators.physical_site import NO_METER, MeterSwap, PhysicalSite
from karez_simulators.tuf2000m import DUMP_TOTAL_UL
from karez_simulators.well import WellParameters

STILL = WellParameters(rated_drawdown_mm=0)
SILENCE_MS = 5
FRACTION_STEP_UL = 60  # float32 between 0.5 and 1 m3 has steps of 2**-24 m3


@pytest.fixture
async def site():
    async with PhysicalSite(Clock(20), STILL) as one:
        yield one


class Reader:
    """Asks the site's meters and decodes; leaves the silence a master owes."""

    def __init__(self, site, port, read_request):
        self.site, self.port, self.request = site, port, read_request

    async def registers(self, address, function, start, count):
        await self.site.clock.sleep_ms(SILENCE_MS)
        reply = await self.port.ask(self.request(address, function, start, count), 5 + 2 * count)
        return struct.unpack(f">{count}H", reply[3:-2])

    async def is_silent(self, address, function):
        await self.site.clock.sleep_ms(SILENCE_MS)
        request = self.request(address, function, 0, 2)
        return await self.port.ask_in_vain(request, self.site.line) in (("silent", b""), ("unknown", b""))

    async def total_ul(self):
        words = await self.registers(1, 3, 8, 4)
        whole = words[1] << 16 | words[0]
        fraction = struct.unpack(">f", struct.pack(">HH", words[3], words[2]))[0]
        return whole * 1_000_000_000 + round(fraction * 1_000_000_000)

    async def power_w(self):
        return struct.unpack(">f", struct.pack(">HH", *await self.registers(2, 4, 0x34, 2)))[0]


@pytest.fixture
async def reader(site, master, read_request):
    return Reader(site, master(site.port_path), read_request)


async def test_the_meters_tell_what_the_well_has_done(site, reader):
    assert abs(await reader.total_ul() - DUMP_TOTAL_UL) <= FRACTION_STEP_UL
    site.set_contactor(True)
    await site.clock.sleep_ms(4_000)
    assert await reader.power_w() == pytest.approx(STILL.rated_power_w, rel=1e-5)
    site.set_contactor(False)
    await site.clock.sleep_ms(2_000)
    assert await reader.power_w() == 0
    truth_ul = site.settle().volume_ul
    assert truth_ul > 3_000 * 1_000_000 // 60  # four seconds less the spin-up
    assert abs(await reader.total_ul() - DUMP_TOTAL_UL - truth_ul) <= FRACTION_STEP_UL


async def test_a_site_answers_for_its_two_meters_and_for_nobody_else(site, reader):
    assert await reader.registers(1, 3, 0, 12)
    assert await reader.registers(2, 4, 0, 60)
    assert await reader.is_silent(3, 3)
    assert await reader.is_silent(0, 3)
    assert site.line.counters.unanswered_unknown == 2


async def test_a_silent_meter_leaves_the_other_one_talking(site, reader):
    site.fault("water", "silent")
    assert await reader.is_silent(1, 3)
    assert await reader.registers(2, 4, 0, 2)
    site.fault("water", "silent", on=False)
    assert await reader.registers(1, 3, 0, 2)


async def test_without_mains_the_pump_and_the_power_meter_are_gone_and_the_litres_stay(site, reader):
    site.set_contactor(True)
    await site.clock.sleep_ms(3_000)
    site.set_mains(False)
    await site.clock.sleep_ms(2_000)
    truth_ul = site.settle().volume_ul
    assert site.well.flow_lph == 0 < truth_ul
    assert await reader.is_silent(2, 4)
    assert abs(await reader.total_ul() - DUMP_TOTAL_UL - truth_ul) <= FRACTION_STEP_UL
    site.fault("power", "silent")
    site.set_mains(True)
    assert await reader.is_silent(2, 4)  # still silent for its own reason
    site.fault("power", "silent", on=False)
    assert await reader.registers(2, 4, 0, 2)


async def test_faults_show_on_the_wire_by_name(site, reader):
    site.fault("water", "no_signal")
    await site.clock.sleep_ms(600)
    assert await reader.registers(1, 3, 71, 1) == (1,)
    site.fault("water", "no_signal", on=False)
    site.fault("water", "reset")
    await site.clock.sleep_ms(600)
    assert await reader.total_ul() == 0 and await reader.registers(1, 3, 71, 1) == (0,)
    for meter, name in (("water", "on fire"), ("level", "silent"), ("level", "stuck")):
        with pytest.raises(KeyError):
            site.fault(meter, name)


async def test_a_bridged_contactor_pumps_with_the_contactor_open(site, reader):
    site.set_bridged(True)
    await site.clock.sleep_ms(2_000)
    assert await reader.power_w() > 0 and site.well.is_powered and not site.well.contactor


async def test_a_stopped_site_leaves_no_task_and_no_descriptor():
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        clock = Clock(20)
        site = PhysicalSite(clock)
        await site.start()
        assert site.port_path.startswith("/dev/")
        await site.stop()
        await site.stop()
        assert not clock._sleepers and not clock._watchers
    assert len(asyncio.all_tasks()) == 1
    assert sorted(os.listdir("/proc/self/fd")) == before


async def test_a_meter_that_breaks_inside_is_reported_at_the_stop():
    site = PhysicalSite(Clock(20))
    await site.start()
    site.meters["water"]._image = None
    await site.clock.sleep_ms(1_500)
    with pytest.raises(TypeError):
        await site.stop()


async def test_switching_the_contactor_disturbs_the_pair_for_as_long_as_it_is_told(site, master):
    port = master(site.port_path)
    site.set_contactor(True)
    assert await port.take(1, within_s=0.02) == b""  # by default it does not
    site.switching_noise_ms = 200
    site.set_contactor(True)  # already closed: nothing switches
    assert await port.take(1, within_s=0.02) == b""
    site.set_contactor(False)
    assert len(await port.take(192, within_s=0.1)) > 10


async def test_noisy_and_slow_are_faults_of_the_pair_and_can_be_taken_back(site, reader):
    site.fault("power", "slow")
    before_ms = site.clock.now_ms()
    assert await reader.power_w() == 0
    assert site.clock.now_ms() - before_ms > 1000
    site.fault("power", "slow", on=False)
    site.fault("water", "noisy")
    site.fault("water", "noisy", on=False)
    for _ in range(10):
        assert abs(await reader.total_ul() - DUMP_TOTAL_UL) <= FRACTION_STEP_UL


# -- what hangs there, what it has counted, and what a technician does to it ---------------------


async def converted(**meters):
    return PhysicalSite(Clock(20), STILL, meters={"water": NO_METER, **meters})


async def test_a_converted_well_has_no_water_meter_and_pumps_all_the_same():
    async with await converted() as site:
        assert list(site.meters) == ["power"]
        site.begin_counting()
        site.set_contactor(True)
        await site.clock.sleep_ms(20_000)
        site.set_contactor(False)
        await site.clock.sleep_ms(1_000)
        truth_wh = site.settle().energy_wh
        assert 0 < truth_wh - site.counted("power") <= site.step("power") and site.well.volume_l > 0
        for ask in (site.dial, site.counted, site.serial, site.swap_meter, site.step):
            with pytest.raises(KeyError):
                ask("water")
        with pytest.raises(KeyError):
            site.fault("water", "bypass")


@pytest.mark.parametrize(("meter", "step"), [("water", 1), ("power", 10)])
async def test_a_step_is_that_of_the_register_or_of_the_meter_if_it_is_coarser(site, meter, step):
    assert site.step(meter) == step


async def pumped(site, seconds=4):
    """Litres and Wh that the site's dials have counted in a run of the pump."""
    before = {meter: site.counted(meter) for meter in site.meters}
    site.set_contactor(True)
    await site.clock.sleep_ms(seconds * 1000)
    site.set_contactor(False)
    await site.clock.sleep_ms(2_000)
    return {meter: site.counted(meter) - before[meter] for meter in site.meters}


async def test_a_swap_has_both_readings_and_what_is_counted_goes_on(site):
    site.begin_counting()
    first = await pumped(site)
    swap = site.swap_meter("water")
    assert swap == MeterSwap("TUF2000M-1", 23_880 + first["water"], "TUF2000M-1-2", 4_321_234)
    assert site.dial("water") == swap.opening and site.counted("water") == first["water"]
    second = await pumped(site)
    assert second["water"] > 0 and site.counted("water") == first["water"] + second["water"]
    assert abs(site.counted("water") - site.settle().volume_l) <= 1
    again = site.swap_meter("water")
    assert (again.old_serial, again.new_serial) == ("TUF2000M-1-2", "TUF2000M-1-3")
    assert again.closing == swap.opening + second["water"]
    assert site.counted("water") == first["water"] + second["water"]
    assert site.serial("power") == "SDM630-2"


async def test_a_power_meter_is_swapped_too(site):
    site.begin_counting()
    first = await pumped(site, 20)
    swap = site.swap_meter("power")
    assert (swap.closing, swap.opening) == (12_345_670 + first["power"], 1_234_560)
    assert first["power"] > 0 and site.counted("power") == first["power"]


@pytest.mark.parametrize("name", ["bypass", "stuck", "silent"])
async def test_a_new_meter_has_none_of_the_old_one_s_faults(site, reader, name):
    site.fault("water", name)
    await pumped(site)
    site.swap_meter("water")
    assert site.meters["water"].active_faults == frozenset()
    assert (await pumped(site))["water"] > 0 and await reader.registers(1, 3, 0, 2)


@pytest.mark.parametrize("name", ["reset", "swapped", "rollover"])
async def test_what_a_dial_jumps_by_is_not_counted(site, name):
    site.begin_counting()
    first = await pumped(site)
    before = site.dial("water")
    site.fault("water", name)
    assert site.dial("water") != before and site.counted("water") == first["water"]
    site.fault("water", name, on=False)  # what has happened stays
    assert site.counted("water") == first["water"]


async def test_a_meter_that_is_called_by_its_number_is_not_swapped():
    meters = {"water": "cjt188@00000805000001", "power": "dlt645-2007@123456789012"}
    async with PhysicalSite(Clock(20), STILL, meters=meters) as site:
        assert (site.serial("water"), site.serial("power")) == ("00000805000001", "123456789012")
        for meter in meters:
            before = site.dial(meter)
            with pytest.raises(ValueError, match="is called by its number"):
                site.swap_meter(meter)
            assert site.dial(meter) == before


@pytest.mark.parametrize("name", meter_choice.names())
def test_no_serial_number_is_longer_than_a_binding_holds(name):
    is_modbus = meter_choice.load(name).get("protocol", "modbus") == "modbus"
    site = PhysicalSite(Clock(20), STILL, meters={"water": f"{name}@247" if is_modbus else name})
    site._taken_off["water"] = 8  # the ninth one
    assert len(site.serial("water").encode()) <= 16 and " " not in site.serial("water")


async def test_another_kind_of_meter_hangs_at_its_own_address_and_the_old_one_is_silent(site, reader):
    site.begin_counting()
    first = await pumped(site)
    swap = site.put_on("water", "xintai@5")
    assert (swap.old_serial, swap.closing) == ("TUF2000M-1", 23_880 + first["water"])
    assert swap.new_serial == "XINTAI-5-2" and swap.opening == site.dial("water") == 1_234_568
    assert await reader.port.ask(reader.request(1, 3, 0, 2), 9) == b""
    second = await pumped(site)
    assert second["water"] > 0 and site.counted("water") == first["water"] + second["water"]
    for wanted, error in (("none-such", meter_choice.Unusable), ("em1010@2", ValueError)):
        with pytest.raises(error):
            site.put_on("water", wanted)
        assert site.counted("water") == first["water"] + second["water"]
