"""The upload client against the simulated platform, over real TCP on loopback."""

import asyncio

import pytest

from karez_gateway.uploads import NoConfirm, Receipt
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import SessionSettings
from karez_protocols import szy206
from karez_protocols.szy206_messages import KEEP_ALIVE, LOG_IN, LOG_OUT, confirm_of
from karez_simulators.platform_szy206 import Manners, PlatformSzy206

from .szy206_desk import A, B, report

PATIENT = SessionSettings(answer_ms=30_000)  # no repeat in a test that wants none
HASTY = SessionSettings(answer_ms=20)


def client_of(platform, settings=PATIENT, **options):
    return Szy206Client(platform.host, platform.port, A, settings, **options)


@pytest.mark.parametrize("dialect", [szy206.SZY206_2016, szy206.SLT427_2021], ids=["206", "427"])
async def test_a_report_arrives_and_its_receipt_holds_both_frames(dialect):
    settings = SessionSettings(dialect=dialect, answer_ms=30_000)
    async with PlatformSzy206(dialect) as platform:
        async with client_of(platform, settings, utc_s=lambda: 1720750507) as client:
            receipt = await client.send(report())
        (got,) = platform.reports
        assert (got.address, got.flow_lph, got.volume_m3) == (A, 50400, 12345)
        assert (got.alarm, got.state, got.copies) == (0, 0x20, 1)
        assert receipt == Receipt(got.request_bytes, got.confirm_bytes, 1720750507)


async def test_the_platform_sees_log_in_reports_and_log_out():
    async with PlatformSzy206() as platform:
        async with client_of(platform) as client:
            for at in range(5):
                await client.send(report(at, 1720750500 + 300 * at))
        async with client_of(platform) as client:
            await client.send(report(5, 1720752000))  # one connection's end was read before the next's
        await platform.stop()
        assert [got.volume_m3 for got in platform.reports] == [0, 1, 2, 3, 4, 5]
        assert [link.kind for link in platform.links][:3] == [LOG_IN, LOG_OUT, LOG_IN]


async def test_a_lost_confirm_is_repeated_and_the_platform_counts_the_report_once():
    settings = SessionSettings(answer_ms=300)
    async with PlatformSzy206() as platform, client_of(platform, settings) as client:
        platform.behave(Manners(confirms_lost=1))
        receipt = await client.send(report())
        (got,) = platform.reports
        assert got.copies >= 2 and not got.is_contradicted
        assert szy206.decode(receipt.request_bytes).fcb == szy206.decode(receipt.confirm_bytes).fcb < 3


async def test_a_platform_that_does_not_confirm_the_log_in_is_an_error():
    async with PlatformSzy206(manners=Manners(is_silent=True)) as platform:
        with pytest.raises(NoConfirm):
            async with client_of(platform, HASTY):
                pass


async def test_a_slow_platform_is_waited_for():
    async with PlatformSzy206(manners=Manners(delay_s=0.03)) as platform, client_of(platform) as client:
        receipt = await client.send(report())
        assert receipt.confirm_bytes == platform.reports[0].confirm_bytes
        assert client.session.counters.repeats == 0


async def test_late_confirms_of_a_slow_platform_never_count_for_a_later_report():
    hasty = SessionSettings(answer_ms=60)
    async with PlatformSzy206() as platform, client_of(platform, hasty) as client:
        platform.behave(Manners(delay_s=0.09))  # each report is repeated before its confirm comes
        for at in range(4):
            request = report(at, 1720750500 + at)
            receipt = await client.send(request)
            assert any(
                got.volume_m3 == at and got.request_bytes[4:-2] == receipt.request_bytes[4:-2]
                for got in platform.reports
            )
        assert client.session.counters.repeats > 0


async def test_several_stations_share_a_connection():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        await client.send(report(1))
        await client.send(report(2, address=B))
        assert [(got.address, got.volume_m3) for got in platform.reports] == [(A, 1), (B, 2)]
        assert [(link.address, link.kind) for link in platform.links] == [(A, LOG_IN), (B, LOG_IN)]


STOP = szy206.encode(szy206.Frame(False, A, 0x93, b"\x01\x12\x34\x30\x15\x10\x12\x05"))


async def test_an_answer_goes_to_the_platform_while_reports_go_on():
    reply = szy206.encode(szy206.Frame(True, A, 0x93, b"\x01"))

    async def answer(asked):
        return reply

    async with PlatformSzy206() as platform, client_of(platform, on_request=answer) as client:
        platform.push(STOP)
        await platform.until(lambda: platform.counters.frames_not_understood == 1)  # it knows reports only
        await client.send(report())
        assert client.session.counters.replies == 1


async def test_an_idle_connection_is_kept_alive():
    settings = SessionSettings(answer_ms=30_000, keep_alive_ms=20, keep_alive_is_confirmed=True)
    async with PlatformSzy206() as platform, client_of(platform, settings) as client:
        await platform.until(lambda: KEEP_ALIVE in [link.kind for link in platform.links])
        await client.send(report())  # the answered keep-alive left the session usable


async def test_a_platform_that_stops_reading_does_not_hold_up_the_end():
    done = asyncio.Event()

    async def confirm_the_log_in_and_read_no_more(reader, writer):
        frame = szy206.decode(await reader.readexactly(13))
        writer.write(confirm_of(frame).encode(szy206.SZY206_2016))
        await done.wait()
        writer.close()

    server = await asyncio.start_server(confirm_the_log_in_and_read_no_more, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        async with Szy206Client("127.0.0.1", port, A, PATIENT, close_s=0.01) as client:
            client._link.transport.write(bytes(32 << 20))  # more than both kernels' buffers take
        assert client._link.lost.done()
        done.set()
