"""Masters that we did not write read every profile over the port that `karez bench meters` prints."""

import asyncio
import contextlib
import shutil
import subprocess

import minimalmodbus
import pytest
from dlt645 import MeterClientService
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient

from bench_process import Bench
from karez_protocols.profile import Profile
from karez_simulators import meter_choice

BAUD = 9600  # for all, so that one port serves them all
WAIT_S = 5
MODBUS = [name for name in meter_choice.names() if meter_choice.load(name)["protocol"] == "modbus"]
PLACES = {name: at for at, name in enumerate(MODBUS, 1)}
PROFILES = {name: Profile(meter_choice.load(name)) for name in MODBUS}


@contextlib.asynccontextmanager
async def serving(folder, *wanted):
    """The path of the port these meters are served on."""
    words = [word for one in wanted for word in ("--profile", one)]
    async with Bench(folder, "bench", "meters", "--quiet", "--baud", str(BAUD), *words) as bench:
        path = (await bench.line("port ")).split()[1]
        await bench.line("Ctrl-C")
        yield path


def all_modbus():
    return [f"{name}@{at}" for name, at in PLACES.items()]


async def test_pymodbus_and_minimalmodbus_read_every_modbus_profile(tmp_path):
    def read(path):
        client = ModbusSerialClient(path, framer=FramerType.RTU, baudrate=BAUD, timeout=WAIT_S)
        assert client.connect()
        got = {}
        for name, at in PLACES.items():
            profile = PROFILES[name]
            ask = client.read_holding_registers if profile.function == 3 else client.read_input_registers
            got[name] = [
                len(ask(start, count=count, device_id=at).registers) for start, count in profile.requests
            ]
        client.close()
        for name, at in PLACES.items():
            other = minimalmodbus.Instrument(path, at)
            other.serial.baudrate, other.serial.timeout = BAUD, WAIT_S
            function = PROFILES[name].function
            counts = [len(other.read_registers(*one, function)) for one in PROFILES[name].requests]
            assert counts == [count for _, count in PROFILES[name].requests] == got[name], name
            other.serial.timeout = 0.3  # it waits that long for the rest of a short answer
            with pytest.raises(minimalmodbus.IllegalRequestError):
                other.read_registers(0x7000, 1, function)
            other.serial.close()

    async with serving(tmp_path, *all_modbus()) as path:
        await asyncio.to_thread(read, path)


async def test_mbpoll_reads_every_modbus_profile(tmp_path):
    mbpoll = shutil.which("mbpoll")
    if mbpoll is None:
        pytest.skip("mbpoll is not installed: apt-get install mbpoll")

    def read(path, name):
        start, count = PROFILES[name].requests[0]
        kind = "4" if PROFILES[name].function == 3 else "3"
        words = ("-m", "rtu", "-a", str(PLACES[name]), "-b", str(BAUD), "-P", "none", "-t", kind, "-0")
        words += ("-r", str(start), "-c", str(count), "-1", "-o", "1", path)
        done = subprocess.run([mbpoll, *words], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        return sum(line.startswith("[") for line in done.stdout.splitlines())

    async with serving(tmp_path, *all_modbus()) as path:
        for name in MODBUS:
            assert await asyncio.to_thread(read, path, name) == PROFILES[name].requests[0][1]


@pytest.mark.parametrize("name", ["dlt645-2007", "dtsu666-dlt645"])
async def test_the_dlt645_package_reads_a_meter(tmp_path, name):
    def read(path):
        client = MeterClientService.new_rtu_client(path, BAUD, 8, 1, "N", float(WAIT_S))
        assert client.connect() and client.read_address() is not None  # and asks this one from now on
        items = [client.read_00(0x00010000), client.read_02(0x02010100), client.read_02(0x02030000)]
        client.disconnect()
        return [(item.unit, item.value) for item in items]

    async with serving(tmp_path, f"{name}@123456789012") as path:
        (kwh, energy), (volt, voltage), (kw, power) = await asyncio.to_thread(read, path)
    assert (kwh, volt, kw) == ("kWh", "V", "kW")
    assert 12_345.6 < energy < 12_347 and 229 < voltage < 232 and power > 0
