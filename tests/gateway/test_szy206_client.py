"""The upload client against the simulated platform, over real TCP on loopback."""

import asyncio
import socket

import pytest

from karez_gateway.uploads import LinkDown, NoConfirm, Receipt
from karez_gateway.uploads.stream_client import REQUESTS_WAITING_MAX
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import FlowReport, SessionSettings
from karez_protocols import szy206
from karez_protocols.errors import NotAllowed
from karez_protocols.szy206_messages import KEEP_ALIVE, LOG_IN, LOG_OUT, confirm_of
from karez_simulators.platform_szy206 import Manners, PlatformSzy206

A = szy206.address_of("410105", 1)
B = szy206.address_of("410105", 2)
PATIENT = SessionSettings(answer_ms=30_000)  # no repeat in a test that wants none
HASTY = SessionSettings(answer_ms=20)


def report(volume_m3=12345, utc_s=1720750500, address=A):
    return FlowReport(address, 50400, volume_m3, alarm=0, state=0x20, utc_s=utc_s)


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


async def test_reports_given_at_once_go_one_after_another():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        receipts = await asyncio.gather(*(client.send(report(at, 1720750500 + at)) for at in range(20)))
        assert len({receipt.request_bytes for receipt in receipts}) == 20
        assert [got.volume_m3 for got in platform.reports] == list(range(20))


async def test_a_lost_confirm_is_repeated_and_the_platform_counts_the_report_once():
    settings = SessionSettings(answer_ms=300)
    async with PlatformSzy206() as platform, client_of(platform, settings) as client:
        platform.behave(Manners(confirms_lost=1))
        receipt = await client.send(report())
        (got,) = platform.reports
        assert got.copies >= 2 and not got.is_contradicted
        assert szy206.decode(receipt.request_bytes).fcb == szy206.decode(receipt.confirm_bytes).fcb < 3


@pytest.mark.parametrize("manners", [Manners(is_silent=True), Manners(is_checksum_wrong=True)], ids=str)
async def test_a_report_without_a_good_confirm_is_an_error_after_three_tries(manners):
    async with PlatformSzy206() as platform, client_of(platform, HASTY) as client:
        platform.behave(manners)
        with pytest.raises(NoConfirm):
            await client.send(report())
        assert client.session.counters.repeats == 2
        with pytest.raises(LinkDown):
            await client.send(report())


async def test_a_platform_that_does_not_confirm_the_log_in_is_an_error():
    async with PlatformSzy206(manners=Manners(is_silent=True)) as platform:
        with pytest.raises(NoConfirm):
            async with client_of(platform, HASTY):
                pass


async def test_a_platform_that_hangs_up_is_an_error_and_the_report_may_be_there():
    async with PlatformSzy206(manners=Manners(hangs_up=True)) as platform, client_of(platform) as client:
        with pytest.raises(LinkDown):
            await client.send(report())
        assert platform.reports[0].volume_m3 == 12345 and platform.reports[0].confirm_bytes == b""
        with pytest.raises(LinkDown):
            await client.send(report())


async def test_a_platform_down_for_a_while_gets_the_report_on_a_new_connection():
    async with PlatformSzy206() as platform:
        async with client_of(platform) as client:
            await client.send(report(1, 1720750500))
            await platform.stop()
            with pytest.raises(LinkDown):
                await client.send(report(2, 1720750800))
        with pytest.raises(LinkDown):
            async with client_of(platform):
                pass
        await platform.start()
        async with client_of(platform) as client:
            await client.send(report(2, 1720750800))
        assert [got.volume_m3 for got in platform.reports] == [1, 2]


async def test_a_port_where_nobody_listens_is_an_error():
    with socket.socket() as taken:  # bound, not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LinkDown):
            async with Szy206Client("127.0.0.1", taken.getsockname()[1], A):
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


async def test_commands_of_the_platform_are_handed_over_and_silence_is_no_answer():
    told = asyncio.get_running_loop().create_future()

    async def hear(asked):
        told.set_result(asked.frame_bytes)

    async with PlatformSzy206() as platform, client_of(platform, on_request=hear) as client:
        platform.push(b"\x68rubbish" + STOP)
        assert await told == STOP
        await client.send(report())
        assert platform.counters.frames_not_understood == 0  # an answer would have been counted


async def test_an_answer_goes_to_the_platform_while_reports_go_on():
    reply = szy206.encode(szy206.Frame(True, A, 0x93, b"\x01"))

    async def answer(asked):
        return reply

    async with PlatformSzy206() as platform, client_of(platform, on_request=answer) as client:
        platform.push(STOP)
        await platform.until(lambda: platform.counters.frames_not_understood == 1)  # it knows reports only
        await client.send(report())
        assert client.session.counters.replies == 1


async def test_a_flood_of_requests_is_dropped_and_counted_not_queued_without_end():
    held = asyncio.Event()

    async def slow(asked):
        await held.wait()

    async with PlatformSzy206() as platform, client_of(platform, on_request=slow) as client:
        platform.push(STOP * 100)
        await client.send(report())  # its confirm comes behind the flood
        assert client.requests_dropped >= 100 - REQUESTS_WAITING_MAX - 1
        held.set()


async def test_requests_that_nobody_answers_are_counted():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        platform.push(STOP)
        await client.send(report())
        assert client.requests_dropped == 1 and client.session.counters.requests == 1


async def test_an_error_of_ours_while_answering_ends_the_connection_and_is_not_hidden():
    async def fail(asked):
        raise ZeroDivisionError

    async with PlatformSzy206() as platform:
        client = await client_of(platform, on_request=fail).__aenter__()
        platform.push(STOP)
        await client._link.lost
        with pytest.raises(LinkDown):
            await client.send(report())
        with pytest.raises(ZeroDivisionError):
            await client.__aexit__(None, None, None)


async def test_an_idle_connection_is_kept_alive():
    settings = SessionSettings(answer_ms=30_000, keep_alive_ms=20, keep_alive_is_confirmed=True)
    async with PlatformSzy206() as platform, client_of(platform, settings) as client:
        await platform.until(lambda: KEEP_ALIVE in [link.kind for link in platform.links])
        await client.send(report())  # the answered keep-alive left the session usable


async def test_values_the_standard_cannot_carry_are_refused_before_anything_is_sent():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        with pytest.raises(NotAllowed):
            await client.send(report(volume_m3=10**10))
        await client.send(report())
        assert len(platform.reports) == 1


async def test_a_cancelled_report_ends_the_connection():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        platform.behave(Manners(confirms_lost=1))
        task = asyncio.create_task(client.send(report()))
        await platform.received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(LinkDown):
            await client.send(report())


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


async def test_a_confirmed_report_leaves_no_timer_but_the_keep_alives():
    async with PlatformSzy206() as platform, client_of(platform) as client:
        for at in range(20):
            await client.send(report(at, 1720750500 + at))
        timers = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]
        assert timers == [client._link._timer]
