"""A data plan that runs out, and a second trip with and without a breaker."""

import asyncio
import contextlib

from karez_simulators.clock import Clock
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.rude_network import LOOPBACK, Passage


async def echo(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_a_data_plan_counts_both_ways_and_what_no_longer_fits_is_lost():
    server = await asyncio.start_server(echo, LOOPBACK, 0)
    async with server, Passage(server.sockets[0].getsockname()[1]) as passage:
        passage.left_bytes = 25
        reader, writer = await asyncio.open_connection(LOOPBACK, passage.port)
        writer.write(b"x" * 10)
        async with asyncio.timeout(10):
            assert await reader.readexactly(10) == b"x" * 10
        assert passage.left_bytes == 5
        writer.write(b"y" * 10)
        async with asyncio.timeout(10):
            while passage.left_bytes:  # noqa: ASYNC110 - the passage tells nobody
                await asyncio.sleep(0)
        passage.left_bytes = None  # what was lost stays lost, what comes now passes
        writer.write(b"z" * 10)
        async with asyncio.timeout(10):
            assert await reader.readexactly(10) == b"z" * 10
        writer.close()


def test_a_second_trip_stops_the_pump_only_where_a_breaker_is_fitted():
    site = PhysicalSite(Clock(utc_start_s=0))
    site.set_contactor(True)
    site.part_fault("contactor", "welded")
    site.set_contactor(False)
    site.set_trip(True)
    assert site.well.is_powered
    site.has_shunt_release = True
    site.set_trip(False)
    assert site.well.is_powered
    site.set_trip(True)
    assert not site.well.is_powered and site.well.contactor and site.well.mains
    site.set_trip(False)  # a breaker does not close by itself
    assert not site.well.is_powered
    site.part_fault("breaker", "tripped", on=False)
    assert site.well.is_powered
