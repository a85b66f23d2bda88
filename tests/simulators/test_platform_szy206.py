"""The simulated platform as a station sees it: frames over TCP, byte for byte."""

import asyncio
from binascii import unhexlify

import pytest

from karez_protocols import szy206
from karez_protocols import szy206_messages as messages
from karez_protocols.szy206_time import TimeTag
from karez_simulators.platform_szy206 import Manners, PlatformSzy206

LOG_IN = unhexlify("680868B0410105010002F02416")
LOG_IN_CONFIRM = unhexlify("6808683041010501000200CD16")
REPORT = unhexlify("681A68B34101050100C0140000000045230100000000200000151012051516")
REPORT_427 = unhexlify("681C68B34101050100C01400000000452301000000002000001510120724057D16")
CONFIRM = unhexlify("680868334101050100C0000916")
CONFIRM_427 = unhexlify("680F68334101050100C000301510120724054316")


def again(request, fcb=2):
    frame = szy206.decode(request)
    frame.fcb = fcb
    return szy206.encode(frame)


class Station:
    """A bare connection: bytes out, bytes in."""

    def __init__(self, platform):
        self.platform = platform

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(self.platform.host, self.platform.port)
        return self

    async def __aexit__(self, *error):
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass  # the platform aborted first

    async def ask(self, data, size):
        self.writer.write(data)
        return await self.reader.readexactly(size)


async def test_log_in_and_report_are_confirmed_as_the_worked_examples():
    async with PlatformSzy206() as platform, Station(platform) as station:
        assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
        assert await station.ask(REPORT, 13) == CONFIRM
        (got,) = platform.reports
        assert (got.flow_lph, got.volume_m3, got.alarm, got.state) == (50400, 12345, 0, 0x20)
        assert got.request_bytes == REPORT and got.confirm_bytes == CONFIRM
        assert [(link.address, link.kind) for link in platform.links] == [(REPORT[4:9], messages.LOG_IN)]


async def test_a_427_confirm_carries_the_platforms_clock():
    # the worked example has 5 minutes of delay in its tag, the platform sends 0
    platform = PlatformSzy206(szy206.SLT427_2021, utc_s=lambda: 1720750530)
    async with platform, Station(platform) as station:
        raw = await station.ask(REPORT_427, 20)
        confirm = messages.decode_message(szy206.decode(raw), szy206.SLT427_2021)
        assert confirm.tag == TimeTag(2024, 7, 12, 10, 15, 30, 0)
        assert raw[:-3] == CONFIRM_427[:-3]


async def test_a_repeat_is_confirmed_with_its_own_fcb_and_counted_once():
    async with PlatformSzy206() as platform, Station(platform) as station:
        await station.ask(REPORT, 13)
        assert szy206.decode(await station.ask(again(REPORT), 13)).fcb == 2
        (got,) = platform.reports
        assert got.copies == 2 and not got.is_contradicted and got.request_bytes == REPORT


async def test_another_volume_under_the_same_key_is_a_contradiction():
    async with PlatformSzy206() as platform, Station(platform) as station:
        await station.ask(REPORT, 13)
        frame = szy206.decode(REPORT)
        frame.body = frame.body[:5] + b"\x46" + frame.body[6:]
        await station.ask(szy206.encode(frame), 13)
        (got,) = platform.reports
        assert got.is_contradicted and got.volume_m3 == 12345


async def test_the_same_day_of_the_next_month_is_another_report():
    clock = [1720750530]  # 2024-07-12 10:15:30 at UTC+8
    async with PlatformSzy206(utc_s=lambda: clock[0]) as platform, Station(platform) as station:
        await station.ask(REPORT, 13)
        clock[0] += 31 * 86400
        await station.ask(REPORT, 13)
        assert [got.utc_s for got in platform.reports] == [1720750500, 1720750500 + 31 * 86400]


async def test_frames_in_pieces_and_behind_rubbish_are_found():
    async with PlatformSzy206() as platform, Station(platform) as station:
        station.writer.write(b"GET / HTTP/1.1\r\n" + REPORT[:7])
        await station.writer.drain()
        assert await station.ask(REPORT[7:], 13) == CONFIRM
        assert platform.counters.noise_bytes == 16


async def test_a_frame_with_a_wrong_checksum_is_counted_and_not_confirmed():
    async with PlatformSzy206() as platform, Station(platform) as station:
        assert await station.ask(REPORT[:-2] + b"\x00\x16" + LOG_IN, 13) == LOG_IN_CONFIRM
        assert platform.counters.bad_checksums == 1 and platform.reports == []


async def test_functions_it_does_not_know_are_counted_and_not_confirmed():
    async with PlatformSzy206() as platform, Station(platform) as station:
        alarm = szy206.encode(szy206.Frame(True, REPORT[4:9], 0x81, REPORT[10:-2], type_code=3))
        broken = szy206.encode(szy206.Frame(True, REPORT[4:9], 0xC0, b"\x01", type_code=3))
        assert await station.ask(alarm + broken + LOG_IN, 13) == LOG_IN_CONFIRM
        assert platform.counters.frames_not_understood == 2 and platform.reports == []


async def test_a_silent_platform_answers_nothing_until_it_behaves_again():
    async with PlatformSzy206(manners=Manners(is_silent=True)) as platform, Station(platform) as station:
        station.writer.write(LOG_IN + REPORT)
        await platform.until(lambda: platform.counters.frames_ignored == 2)
        assert platform.links == platform.reports == []
        platform.behave(Manners())
        assert await station.ask(again(REPORT), 13) == again(CONFIRM)


@pytest.mark.parametrize("copies", [1, 2])
async def test_lost_confirms_are_lost_and_then_given(copies):
    async with (
        PlatformSzy206(manners=Manners(confirms_lost=copies)) as platform,
        Station(platform) as station,
    ):
        assert await station.ask(REPORT * copies + again(REPORT, 1), 13) == again(CONFIRM, 1)
        assert platform.reports[0].copies == copies + 1


async def test_a_wrong_checksum_is_wrong_and_a_doubled_confirm_is_double():
    async with (
        PlatformSzy206(manners=Manners(is_checksum_wrong=True)) as platform,
        Station(platform) as station,
    ):
        bad = await station.ask(REPORT, 13)
        assert bad != CONFIRM and bad[:-2] == CONFIRM[:-2]
        platform.behave(Manners(confirms_twice=True))
        assert await station.ask(REPORT, 26) == CONFIRM * 2


async def test_it_hangs_up_on_a_report_it_keeps():
    async with PlatformSzy206(manners=Manners(hangs_up=True)) as platform, Station(platform) as station:
        assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
        station.writer.write(REPORT)
        assert await station.reader.read() == b""
        assert len(platform.reports) == 1 and platform.reports[0].confirm_bytes == b""


async def test_a_delayed_confirm_comes_or_goes_with_the_connection():
    async with PlatformSzy206(manners=Manners(delay_s=0.01)) as platform, Station(platform) as station:
        assert await station.ask(REPORT, 13) == CONFIRM
        platform.behave(Manners(delay_s=3600))
        station.writer.write(REPORT)
        await platform.until(lambda: platform.reports[0].copies == 2)
        (connection,) = platform._connections
        (timer,) = [timer for timer in connection._delayed if not timer.cancelled()]
        await platform.stop()
        assert timer.cancelled()


async def test_stop_and_start_keep_port_and_reports():
    platform = PlatformSzy206()
    await platform.start()
    port = platform.port
    async with Station(platform) as station:
        await station.ask(REPORT, 13)
        await platform.stop()
        await platform.stop()
        assert await station.reader.read() == b""
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(platform.host, port)
    await platform.start()
    async with Station(platform) as station:
        assert await station.ask(again(REPORT), 13) == again(CONFIRM)
    assert platform.port == port and [got.copies for got in platform.reports] == [2]
    await platform.stop()


async def test_waiting_for_reports_ends_when_they_are_there():
    async with PlatformSzy206() as platform, Station(platform) as station:
        waiting = asyncio.create_task(platform.received(1))
        await station.ask(LOG_IN, 13)
        assert not waiting.done()
        await station.ask(REPORT, 13)
        await waiting
        await platform.received(1)
