"""A thousand stations: on one connection, as behind a gateway, and each on one of its own."""

import asyncio
import contextlib
import resource
from binascii import unhexlify

import pytest

from karez_protocols import sl651, szy206
from karez_simulators.platform_asks import Ask
from karez_simulators.platform_sl651 import PlatformSl651
from karez_simulators.platform_szy206 import Manners, PlatformSzy206

STATIONS = 1000
SZY206 = szy206.decode(unhexlify("681A68B34101050100C0140000000045230100000000200000151012051516"))
SL651 = sl651.decode(
    unhexlify(
        "7E7E010010100001A00032002B02000C200724172349F1F1001010000148F0F020072417232019000130221900004039230000"
        "055038121268038397"
    )
)


def szy206_report(number):
    SZY206.address = b"\x41\x01\x05" + number.to_bytes(2, "little")
    return szy206.encode(SZY206)


def sl651_report(number):
    own = b"\x41\x01\x05" + number.to_bytes(2, "big")
    return sl651.encode(SL651._replace(station=own, body=SL651.body.replace(SL651.station, own)))


KINDS = [(PlatformSzy206, szy206_report, 13), (PlatformSl651, sl651_report, 25)]
IDS = ["szy206", "sl651"]


@pytest.mark.parametrize(("platform_of", "report", "size"), KINDS, ids=IDS)
async def test_a_thousand_stations_on_one_connection(platform_of, report, size):
    async with platform_of() as platform:
        reader, writer = await asyncio.open_connection(platform.host, platform.port)
        writer.write(b"".join(report(number) for number in range(1, STATIONS + 1)))
        confirms = await reader.readexactly(size * STATIONS)
        assert len({confirms[at : at + size] for at in range(0, len(confirms), size)}) == STATIONS
        assert len({one.station for one in platform.reports}) == STATIONS
        assert all(one.confirm_bytes in confirms for one in platform.reports[::100])
        writer.close()
        await writer.wait_closed()


async def test_a_thousand_late_confirms_on_one_connection_are_all_given():
    async with PlatformSzy206(manners=Manners(delay_s=0.05)) as platform:
        reader, writer = await asyncio.open_connection(platform.host, platform.port)
        writer.write(b"".join(szy206_report(number) for number in range(1, STATIONS + 1)))
        assert len(await reader.readexactly(13 * STATIONS)) == 13 * STATIONS
        (link,) = platform._connections
        assert link._delayed == set()
        writer.close()
        await writer.wait_closed()


async def test_a_thousand_stations_are_each_asked_and_each_answers():
    async with PlatformSzy206(script=[Ask("mode")]) as platform:
        reader, writer = await asyncio.open_connection(platform.host, platform.port)
        writer.write(b"".join(szy206_report(number) for number in range(1, STATIONS + 1)))
        left = STATIONS
        found = szy206_frames()
        while left:
            for frame in found(await reader.read(65536)):
                if frame.afn == 0x52:
                    writer.write(szy206.encode(szy206.Frame(True, frame.address, 0x52, b"\x01")))
                    left -= 1
        await platform.until(lambda: len(platform.asked) == STATIONS)
        assert all(one.answer == {"mode": 1} and one.attempts == 1 for one in platform.asked)
        writer.close()
        await writer.wait_closed()


def szy206_frames():
    from karez_protocols.szy206_stream import StreamReader

    return StreamReader().feed


@pytest.fixture
def many_files():
    """Two ends of a thousand connections are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * STATIONS + 200
    if hard < needed:
        pytest.skip(f"this system allows {hard} open files, a thousand connections need {needed}: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(("platform_of", "report", "size"), KINDS, ids=IDS)
async def test_a_thousand_connections(platform_of, report, size):
    async with platform_of() as platform:
        pairs = await asyncio.gather(
            *(asyncio.open_connection(platform.host, platform.port) for _ in range(STATIONS))
        )
        for number, (_, writer) in enumerate(pairs, 1):
            writer.write(report(number))
        confirms = await asyncio.gather(*(reader.readexactly(size) for reader, _ in pairs))
        assert len(set(confirms)) == STATIONS and platform.counters.connections == STATIONS
        for _, writer in pairs:
            writer.close()
        for _, writer in pairs:
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        await platform.until(lambda: not platform._connections)
