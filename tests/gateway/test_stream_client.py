"""What holds of an upload client whichever standard its session speaks; real TCP on loopback."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from karez_gateway.uploads import LinkDown, NoConfirm, Receipt
from karez_gateway.uploads.sl651_client import Sl651Client
from karez_gateway.uploads.stream_client import REQUESTS_WAITING_MAX
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import SessionSettings
from karez_protocols.errors import NotAllowed
from karez_simulators.platform_manners import Manners
from karez_simulators.platform_sl651 import PlatformSl651
from karez_simulators.platform_szy206 import PlatformSzy206

from . import sl651_desk, szy206_desk

UTC_S = 1_720_750_507


@dataclass(frozen=True)
class Standard:
    """One standard's client and the platform it talks to. `report` takes a number that tells it apart."""

    client: Callable[..., Any]
    platform: Callable[..., Any]
    station: bytes
    settings: Callable[..., Any]
    report: Callable[[int], Any]
    too_much: Any  # a report that the standard cannot carry
    question: bytes

    def connected_to(self, platform, answer_ms=30_000, keep_alive_ms=60_000, **options):
        """A client; it repeats nothing in a test that wants no repeat."""
        settings = self.settings(answer_ms=answer_ms, keep_alive_ms=keep_alive_ms)
        return self.client(platform.host, platform.port, self.station, settings, **options)


STANDARDS = {
    "szy206": Standard(
        Szy206Client,
        PlatformSzy206,
        szy206_desk.A,
        SessionSettings,
        lambda at: szy206_desk.report(at, szy206_desk.UTC_S + at),
        szy206_desk.report(10**10),
        szy206_desk.QUESTION,
    ),
    "sl651": Standard(
        Sl651Client,
        PlatformSl651,
        sl651_desk.A,
        sl651_desk.settings,
        lambda at: sl651_desk.report(at, sl651_desk.UTC_S + 60 * at),
        sl651_desk.report(10**11),
        sl651_desk.question(),
    ),
}


@pytest.fixture(params=STANDARDS)
def standard(request):
    return STANDARDS[request.param]


async def test_a_receipt_holds_both_frames_as_the_platform_has_them(standard):
    async with standard.platform() as platform:
        async with standard.connected_to(platform, utc_s=lambda: UTC_S) as client:
            receipt = await client.send(standard.report(1))
        (got,) = platform.reports
        assert receipt == Receipt(got.request_bytes, got.confirm_bytes, UTC_S) and got.copies == 1


async def test_reports_given_at_once_go_one_after_another(standard):
    async with standard.platform() as platform, standard.connected_to(platform) as client:
        receipts = await asyncio.gather(*(client.send(standard.report(at)) for at in range(20)))
        assert len({receipt.request_bytes for receipt in receipts}) == 20
        assert [got.request_bytes for got in platform.reports] == [one.request_bytes for one in receipts]


async def test_a_lost_confirm_is_repeated_and_the_platform_counts_the_report_once(standard):
    async with standard.platform() as platform, standard.connected_to(platform, 300) as client:
        platform.behave(Manners(confirms_lost=1))
        await client.send(standard.report(1))
        (got,) = platform.reports
        assert got.copies >= 2 and not got.is_contradicted


@pytest.mark.parametrize(
    "manners", [Manners(is_silent=True), Manners(is_checksum_wrong=True)], ids=["silent", "checksum"]
)
async def test_a_report_without_a_good_confirm_is_an_error_after_three_tries(standard, manners):
    async with standard.platform() as platform, standard.connected_to(platform, 20) as client:
        platform.behave(manners)
        with pytest.raises(NoConfirm):
            await client.send(standard.report(1))
        assert client.session.counters.repeats == 2 and client.is_over
        with pytest.raises(LinkDown):
            await client.send(standard.report(1))


async def test_a_platform_that_hangs_up_is_an_error_and_the_report_may_be_there(standard):
    async with standard.platform(manners=Manners(hangs_up=True)) as platform:
        async with standard.connected_to(platform) as client:
            for _ in range(2):
                with pytest.raises(LinkDown):
                    await client.send(standard.report(1))
        assert [one.confirm_bytes for one in platform.reports] == [b""]


async def test_a_platform_down_for_a_while_gets_the_report_on_a_new_connection(standard):
    async with standard.platform() as platform:
        async with standard.connected_to(platform) as client:
            await client.send(standard.report(1))
            await platform.stop()
            with pytest.raises(LinkDown):
                await client.send(standard.report(2))
        with pytest.raises(LinkDown):
            async with standard.connected_to(platform):
                pass
        await platform.start()
        async with standard.connected_to(platform) as client:
            await client.send(standard.report(2))
        assert len(platform.reports) == 2


async def test_a_port_where_nobody_listens_is_an_error(standard):
    with socket.socket() as taken:  # bound, not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LinkDown):
            async with standard.client("127.0.0.1", taken.getsockname()[1], standard.station):
                pass


async def test_values_the_standard_cannot_carry_are_refused_before_anything_is_sent(standard):
    async with standard.platform() as platform, standard.connected_to(platform) as client:
        with pytest.raises(NotAllowed):
            await client.send(standard.too_much)
        await client.send(standard.report(1))
        assert len(platform.reports) == 1


async def test_a_cancelled_report_ends_the_connection(standard):
    async with standard.platform() as platform, standard.connected_to(platform) as client:
        platform.behave(Manners(confirms_lost=1))
        task = asyncio.create_task(client.send(standard.report(1)))
        await platform.received(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(LinkDown):
            await client.send(standard.report(1))


async def test_what_the_platform_asks_is_handed_over_and_silence_is_no_answer(standard):
    told = asyncio.get_running_loop().create_future()

    async def hear(asked):
        told.set_result(asked.frame_bytes)

    async with standard.platform() as platform, standard.connected_to(platform, on_request=hear) as client:
        await platform.until(lambda: platform.links)  # it has heard whom it asks
        platform.push(b"rubbish" + standard.question)
        assert await told == standard.question
        await client.send(standard.report(1))
        assert platform.counters.frames_not_understood == 0  # an answer would have been counted


async def test_a_flood_of_requests_is_dropped_and_counted_not_queued_without_end(standard):
    held = asyncio.Event()

    async def slow(asked):
        await held.wait()

    async with standard.platform() as platform, standard.connected_to(platform, on_request=slow) as client:
        await platform.until(lambda: platform.links)  # it has heard whom it asks
        platform.push(standard.question * 100)
        await client.send(standard.report(1))  # its confirm comes behind the flood
        assert client.requests_dropped >= 100 - REQUESTS_WAITING_MAX - 1
        held.set()


async def test_requests_that_nobody_answers_are_counted(standard):
    async with standard.platform() as platform, standard.connected_to(platform) as client:
        await platform.until(lambda: platform.links)  # it has heard whom it asks
        platform.push(standard.question)
        await client.send(standard.report(1))
        assert client.requests_dropped == 1 and client.session.counters.requests == 1


async def test_an_error_of_ours_while_answering_ends_the_connection_and_is_not_hidden(standard):
    async def fail(asked):
        raise ZeroDivisionError

    async with standard.platform() as platform:
        client = await standard.connected_to(platform, on_request=fail).__aenter__()
        await platform.until(lambda: platform.links)  # it has heard whom it asks
        platform.push(standard.question)
        await client._link.lost
        with pytest.raises(LinkDown):
            await client.send(standard.report(1))
        with pytest.raises(ZeroDivisionError):
            await client.__aexit__(None, None, None)


async def test_a_confirmed_report_leaves_no_timer_but_the_keep_alives(standard):
    async with standard.platform() as platform, standard.connected_to(platform) as client:
        for at in range(20):
            await client.send(standard.report(at))
        timers = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]
        assert timers == [client._link._timer]
