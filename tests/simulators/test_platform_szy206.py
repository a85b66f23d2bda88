"""The simulated platform as a station sees it: frames over TCP, byte for byte."""

import asyncio
import errno
from binascii import unhexlify

import pytest

from karez_protocols import szy206
from karez_protocols import szy206_messages as messages
from karez_protocols.szy206_time import TimeTag
from karez_simulators.platform_asks import Ask, BadAsk, NotHere
from karez_simulators.platform_manners import RUBBISH
from karez_simulators.platform_szy206 import Manners, PlatformSzy206
from platform_station import Station

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
        unknown = szy206.encode(szy206.Frame(True, REPORT[4:9], 0xC1, REPORT[10:-2], type_code=3))
        broken = szy206.encode(szy206.Frame(True, REPORT[4:9], 0xC0, b"\x01", type_code=3))
        assert await station.ask(unknown + broken + LOG_IN, 13) == LOG_IN_CONFIRM
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


async def test_a_station_that_never_reads_is_let_go():
    async with PlatformSzy206() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        platform.push(bytes(64 << 20))  # more than the system's buffers and ours take
        await platform.until(lambda: not platform._connections)


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


# -- more of what stations send -----------------------------------------------------------------

ALARM = unhexlify("681A68B3410105010081001014000000004523010000240000151012054A16")
ENERGY_427 = unhexlify("681668B84101050100C05634120000002000001510120724050816")


async def test_an_alarm_report_is_kept_beside_the_report_of_the_same_time():
    async with PlatformSzy206() as platform, Station(platform) as station:
        assert await station.ask(REPORT, 13) == CONFIRM
        raw = await station.ask(ALARM, 13)
        assert (szy206.decode(raw).afn, szy206.decode(raw).is_up) == (0x81, False)
        assert [(got.function, got.alarm) for got in platform.reports] == [("C0/3", 0), ("81/3", 0x1000)]


async def test_an_energy_report_is_kept_in_watt_hours():
    async with PlatformSzy206(szy206.SLT427_2021) as platform, Station(platform) as station:
        await station.ask(ENERGY_427, 20)
        (got,) = platform.reports
        assert got.quantities["energy_wh"] == 1234560 and got.volume_m3 is None


def report_of(address, minute=15, volume=b"\x45\x23\x01\x00\x00"):
    frame = szy206.decode(REPORT)
    frame.address = address
    frame.body = (
        frame.body[:5]
        + volume
        + frame.body[10:-5]
        + b"\x00"
        + bytes([int(str(minute), 16)])
        + frame.body[-3:]
    )
    return szy206.encode(frame)


async def test_a_divided_report_is_confirmed_piece_by_piece_and_kept_once():
    whole = szy206.decode(REPORT)
    pieces = [
        szy206.encode(szy206.Frame(True, whole.address, 0xC0, body, type_code=3, divs=divs))
        for divs, body in ((2, whole.body[:7]), (1, whole.body[7:]))
    ]
    async with PlatformSzy206() as platform, Station(platform) as station:
        for divs, piece in zip((2, 1), pieces):
            assert szy206.decode(await station.ask(piece, 14)).divs == divs
        assert szy206.decode(await station.ask(pieces[1], 14)).divs == 1  # its confirm was lost: again
        (got,) = platform.reports
        assert (got.volume_m3, got.copies, got.request_bytes) == (12345, 1, b"".join(pieces))


async def test_the_last_of_two_pieces_alone_is_counted_and_not_kept():
    whole = szy206.decode(REPORT)
    last = szy206.Frame(True, whole.address, 0xC0, whole.body[7:], type_code=3, divs=1)
    async with PlatformSzy206() as platform, Station(platform) as station:
        await station.ask(szy206.encode(last) + LOG_IN, 13)
        assert platform.counters.frames_not_understood == 1 and platform.reports == []


# -- every other manner -----------------------------------------------------------------------


def spoilt(manners):
    return PlatformSzy206(manners=manners)


@pytest.mark.parametrize(
    ("manners", "told"),
    [
        (Manners(is_station_wrong=True), {"address": REPORT[4:8] + b"\x01"}),
        (Manners(is_function_wrong=True), {"afn": 0x81}),
        (Manners(is_number_wrong=True), {"fcb": 2}),
    ],
    ids=["station", "function", "attempt"],
)
async def test_a_wrong_confirm_is_wrong_in_one_thing_and_the_log_in_is_not_spoilt(manners, told):
    async with spoilt(manners) as platform, Station(platform) as station:
        assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
        wrong, good = szy206.decode(await station.ask(REPORT, 13)), szy206.decode(CONFIRM)
        for name in ("address", "afn", "fcb", "type_code", "body", "is_up"):
            assert getattr(wrong, name) == told.get(name, getattr(good, name)), name
        assert len(platform.reports) == 1


async def test_it_closes_in_the_middle_of_a_confirm():
    async with spoilt(Manners(is_cut=True)) as platform, Station(platform) as station:
        assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
        station.writer.write(REPORT)
        assert await station.read_to_the_end() == CONFIRM[:6]
        assert len(platform.reports) == 1


async def test_it_hangs_up_after_so_many_confirms_of_each_connection():
    async with spoilt(Manners(hangs_up=True, hangs_up_after=2)) as platform:
        for minute in (1, 2):
            async with Station(platform) as station:
                for at in (0, 1):
                    await station.ask(report_of(REPORT[4:9], 10 * minute + at), 13)
                station.writer.write(report_of(REPORT[4:9], 10 * minute + 2))
                assert await station.read_to_the_end() == b""
        assert len(platform.reports) == 6


async def test_a_confirm_in_drips_comes_byte_by_byte_and_in_order():
    got = []
    async with spoilt(Manners(drip_bytes_s=500)) as platform, Station(platform) as station:
        station.writer.write(REPORT + again(REPORT))
        while sum(map(len, got)) < 26:
            got.append(await station.reader.read(100))
        assert b"".join(got) == CONFIRM + again(CONFIRM) and len(got) > 5


async def test_rubbish_stands_around_each_frame():
    async with spoilt(Manners(has_rubbish=True)) as platform, Station(platform) as station:
        size = 13 + 2 * len(RUBBISH)
        assert await station.ask(REPORT, size) == RUBBISH + CONFIRM + RUBBISH
        assert await station.ask(LOG_IN, size) == RUBBISH + LOG_IN_CONFIRM + RUBBISH


async def test_a_clock_that_is_off_shows_in_the_confirm_and_not_in_what_is_kept():
    platform = PlatformSzy206(szy206.SLT427_2021, Manners(clock_off_s=-3600), utc_s=lambda: 1720750530)
    async with platform, Station(platform) as station:
        raw = await station.ask(REPORT_427, 20)
        confirm = messages.decode_message(szy206.decode(raw), szy206.SLT427_2021)
        assert confirm.tag == TimeTag(2024, 7, 12, 9, 15, 30, 0)
        assert platform.reports[0].utc_s == 1720750500


async def test_it_confirms_and_forgets_each_second_report_and_its_repeats():
    written = []
    platform = PlatformSzy206(manners=Manners(forgets_each=2), journal=written.append)
    async with platform, Station(platform) as station:
        for minute in (0, 5, 5, 10, 15):
            await station.ask(report_of(REPORT[4:9], minute), 13)
        assert [got.message.tag.minute for got in platform.reports] == [0, 10]
        assert platform.counters.reports_forgotten == 3
        assert [one["utc_s"] for one in written if one["kind"] == "report"] == [
            got.utc_s for got in platform.reports
        ]


# -- what it asks ------------------------------------------------------------------------------

ADDRESS = REPORT[4:9]
CLOCK_ANSWER = szy206.Frame(True, ADDRESS, 0x51, unhexlify("301510126724"))


async def asked(platform, station, ask, size, answer, answer_s=60.0):
    """(what it sent, what came of it): the station gives `answer` to the first `size` bytes."""
    task = asyncio.create_task(platform.ask(ADDRESS, Ask.parse(ask), answer_s))
    sent = await station.reader.readexactly(size)
    station.writer.write(answer)
    return sent, await task


def platform_2012(**more):
    return PlatformSzy206(utc_s=lambda: 1342059330, **more)  # 2012-07-12 10:15:30 at UTC+8


async def test_it_asks_for_the_clock_and_keeps_the_answer():
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        sent, got = await asked(platform, station, "clock", 12, szy206.encode(CLOCK_ANSWER))
        assert (szy206.decode(sent).afn, szy206.decode(sent).is_up) == (0x51, False)
        assert (got.station, got.ask, got.attempts) == ("4101050100", "clock", 1)
        assert got.answer["clock"]["hour"] == 10 and got.raw == szy206.encode(CLOCK_ANSWER)
        assert platform.asked == [got]


async def test_a_top_up_is_the_worked_example_with_the_platforms_password_and_tag():
    # 15H of 500 m3, password 1234, tag 30 15 10 12: the example has 5 minutes of delay, we send 0
    example = unhexlify("681268304101050100150005000012343015101205B816")
    answer = unhexlify("680B68B0410105010015000500006616")
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        sent, got = await asked(platform, station, "top-up=500", 23, answer)
        assert sent[:20] == example[:20] and sent[20] == 0
        assert got.answer == {"added_l": 500000}


async def test_a_wrong_password_is_not_the_right_one():
    platform = platform_2012(manners=Manners(is_password_wrong=True))
    async with platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        sent, _ = await asked(platform, station, "stop=1", 20, unhexlify("680868B0410105010093A12716"))
        assert szy206.decode(sent).body[:1] == b"\x01" and szy206.decode(sent).body[1:3] == b"\x47\x61"


async def test_a_remote_stop_says_what_the_station_did():
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        _, got = await asked(platform, station, "stop=1", 20, unhexlify("680868B0410105010093A12716"))
        assert got.answer == {"outcome": 10, "number": 1}


async def test_each_question_is_sent_twice_where_the_manners_want_it():
    async with platform_2012(manners=Manners(asks_twice=True)) as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        answer = szy206.encode(CLOCK_ANSWER)
        sent, got = await asked(platform, station, "clock", 24, answer + answer)
        assert sent[:12] == sent[12:] and got.attempts == 1
        await platform.until(lambda: platform.counters.frames_not_understood == 1)  # the second answer


async def test_a_question_without_an_answer_is_asked_with_fcb_3_2_1_and_given_up():
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        got = await platform.ask(ADDRESS, Ask("clock"), 0.005)
        sent = await station.reader.readexactly(36)
        assert [szy206.decode(sent[at : at + 12]).fcb for at in (0, 12, 24)] == [3, 2, 1]
        assert (got.answer, got.attempts) == (None, 3)


async def test_an_answer_of_another_station_or_function_is_no_answer():
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        other = szy206.encode(szy206.Frame(True, ADDRESS[:4] + b"\x07", 0x51, CLOCK_ANSWER.body))
        mode = szy206.encode(szy206.Frame(True, ADDRESS, 0x52, b"\x01"))
        _, got = await asked(platform, station, "clock", 12, other + mode + szy206.encode(CLOCK_ANSWER))
        assert got.raw == szy206.encode(CLOCK_ANSWER)
        assert platform.counters.frames_not_understood == 2


async def test_stored_data_of_a_range_are_asked_for_and_read():
    values = b"\x21" + unhexlify("00120724") + unhexlify("01120724") + unhexlify("4523010000") * 2
    answer = szy206.encode(szy206.Frame(True, ADDRESS, 0xB1, b"\x20" + values[1:]))
    async with platform_2012() as platform, Station(platform) as station:
        await station.ask(LOG_IN, 13)
        sent, got = await asked(platform, station, "stored=2024-07-12T00..2024-07-12T01", 21, answer)
        assert szy206.decode(sent).body == b"\x20" + values[1:9]
        assert [one["volume_l"] for one in got.answer["values"]] == [12345000, 12345000]


async def test_the_script_is_asked_of_each_station_once_when_it_is_first_heard():
    async with PlatformSzy206(script=[Ask("clock"), Ask("status")]) as platform:
        async with Station(platform) as station:
            station.writer.write(LOG_IN)
            got = await station.reader.readexactly(25)
            assert got[:13] == LOG_IN_CONFIRM and szy206.decode(got[13:]).afn == 0x51
            sent = await station.ask(szy206.encode(CLOCK_ANSWER), 12)
            assert szy206.decode(sent).afn == 0x5E
            station.writer.write(szy206.encode(szy206.Frame(True, ADDRESS, 0x5E, b"\0\x10\x20\0")))
            await platform.until(lambda: len(platform.asked) == 2)
        async with Station(platform) as station:
            assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
            assert await station.ask(REPORT, 13) == CONFIRM
        assert [one.answer and list(one.answer) for one in platform.asked] == [["clock"], ["alarm", "state"]]


async def test_a_question_nobody_knows_and_a_station_nobody_heard_are_refused():
    with pytest.raises(BadAsk, match="known: clock"):
        PlatformSzy206(script=[Ask("weather")])
    for wrong in (
        "top-up",
        "top-up=-1",
        "clock=1",
        "stop=16",
        "stored=2024",
        "stored=2024-01-02..2024-01-01",
    ):
        with pytest.raises(BadAsk):
            PlatformSzy206(script=[Ask.parse(wrong)])
    async with PlatformSzy206() as platform:
        with pytest.raises(NotHere):
            await platform.ask(ADDRESS, Ask("clock"))


async def test_a_station_that_has_gone_gives_no_answer_and_one_that_came_back_elsewhere_is_asked_there():
    async with platform_2012() as platform:
        async with Station(platform) as station:
            await station.ask(LOG_IN, 13)
        await platform.until(lambda: not platform._connections)
        assert (await platform.ask(ADDRESS, Ask("clock"), 0.005)).answer is None
        async with Station(platform) as station:
            await station.ask(LOG_IN, 13)
            _, got = await asked(platform, station, "clock", 12, szy206.encode(CLOCK_ANSWER))
            assert got.answer is not None


async def test_stop_ends_an_open_question():
    async with PlatformSzy206(script=[Ask("clock")]) as platform, Station(platform) as station:
        await station.ask(LOG_IN, 25)
        await platform.stop()
        assert platform.asked == [] and platform._tasks == set()


# -- the journal -------------------------------------------------------------------------------


async def test_the_journal_has_every_arrival_with_its_bytes():
    written = []
    platform = PlatformSzy206(journal=written.append, utc_s=lambda: 1720750530)
    async with platform, Station(platform) as station:
        station.writer.write(b"noise")
        await station.ask(LOG_IN, 13)
        await station.ask(REPORT, 13)
        await station.ask(again(REPORT), 13)
        await station.ask(report_of(ADDRESS, 15, b"\x46\x23\x01\x00\x00"), 13)
    kinds = [one["kind"] for one in written]
    assert kinds == ["connected", "noise", "link", "report", "report", "report", "closed"]
    first, second, third = [one for one in written if one["kind"] == "report"]
    assert (first["raw"], second["raw"]) == (REPORT.hex(), again(REPORT).hex())
    assert first["quantities"] == {
        "flow_lph": 50400, "flow_unit": 0, "volume_l": 12345000, "alarm": 0, "state": 32,
    }  # fmt: skip
    assert [one["copy"] for one in (first, second, third)] == [1, 2, 3]
    assert [one["contradicts"] for one in (first, second, third)] == [False, False, True]
    assert first["content"] == second["content"] != third["content"]


async def test_what_cannot_be_written_is_not_confirmed():
    def full(entry):
        if entry["kind"] == "report":
            raise OSError(errno.ENOSPC, "No space left on device")

    async with PlatformSzy206(journal=full) as platform, Station(platform) as station:
        assert await station.ask(LOG_IN, 13) == LOG_IN_CONFIRM
        station.writer.write(REPORT)
        try:
            assert await station.read_to_the_end() == b""
        except ConnectionResetError:
            pass
        assert platform.failure.errno == errno.ENOSPC
