"""The simulated SL 651 platform as a station sees it: real frames over TCP, byte for byte."""

import asyncio
import json
from pathlib import Path

import pytest

from karez_protocols import sl651, sl651_modes, sl651_packets
from karez_protocols.errors import BadChecksum
from karez_protocols.sl651_frames import ACK, EOT, ESC, ETB, ETX, NAK, Frame
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_times import Time, time_at
from karez_simulators.platform_asks import Ask, BadAsk
from karez_simulators.platform_manners import POLITE, RUBBISH
from karez_simulators.platform_sl651 import Manners, PlatformSl651
from platform_station import Station

VECTORS = {
    one["name"]: bytes.fromhex(one["hex"])
    for one in json.loads((Path(__file__).parents[1] / "vectors" / "sl651.json").read_text(encoding="utf-8"))
}
REPORT = VECTORS["up_32_regular_report"]  # a real one: serial 12, observed 2020-07-24 17:23
KEEP_ALIVE = VECTORS["up_2F_keepalive"]
ANSWERED = VECTORS["down_32_ack_ACK_nonstandard_end"]  # by a real centre, at 2020-07-24 17:23:49
STATION = bytes.fromhex("0010100001")
ASCII = bytes.fromhex("01") + b"010010100001A00032003E" + b"\x02"
ASCII += b"1234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 " + b"\x038279"
# The station's clock of the reference's examples: 2024-07-12 10:15:30.
NOW_S = 1720750530
SIZE = 25  # of a confirm in HEX
ASCII_SIZE = 45


def at(utc_s):
    return lambda: utc_s


def platform_of(manners=POLITE, **more):
    return PlatformSl651(manners=manners, utc_s=at(more.pop("utc_s", NOW_S)), **more)


def frame_of(raw):
    return sl651.decode(raw)


def changed(raw, **fields):
    return sl651.encode(frame_of(raw)._replace(**fields))


def body_with(raw, old, new):
    body = frame_of(raw).body
    assert old in body and len(old) == len(new)
    return changed(raw, body=body.replace(old, new))


async def test_a_real_report_is_confirmed_as_its_real_centre_did():
    platform = platform_of(utc_s=1595582629, end=ACK)  # 2020-07-24 17:23:49 at UTC+8
    async with platform, Station(platform) as station:
        assert await station.ask(REPORT, SIZE) == ANSWERED
        (got,) = platform.reports
        assert (got.station, got.function, got.utc_s) == ("0010100001", "32", 1595582580)
        assert got.quantities == {
            "rain_um": 13000, "rain_5min_um": 4000, "level_mm": 550, "battery_mv": 12680,
        }  # fmt: skip
        assert (got.request_bytes, got.confirm_bytes, got.copies) == (REPORT, ANSWERED, 1)


async def test_a_confirm_ends_with_eot_and_carries_serial_and_the_platforms_time():
    async with platform_of() as platform, Station(platform) as station:
        frame = frame_of(await station.ask(REPORT, SIZE))
        assert (frame.end, frame.is_up, frame.station, frame.centre) == (EOT, False, STATION, 1)
        message = decode_message(frame)
        assert (message.serial, message.sent) == (12, Time(2024, 7, 12, 10, 15, 30))


async def test_ascii_is_answered_in_ascii_beside_hex_on_the_same_connection():
    async with platform_of() as platform, Station(platform) as station:
        raw = await station.ask(ASCII, ASCII_SIZE)
        assert raw[:1] == b"\x01" and frame_of(raw).is_ascii and frame_of(raw).end == EOT
        assert decode_message(frame_of(raw)).serial == 0x1234
        assert not frame_of(await station.ask(REPORT, SIZE)).is_ascii
        assert [got.quantities.get("rain_um") for got in platform.reports] == [3500, 13000]


async def test_a_keep_alive_is_kept_and_never_answered():
    async with platform_of() as platform, Station(platform) as station:
        assert await station.ask(KEEP_ALIVE + REPORT, SIZE) == platform.reports[0].confirm_bytes
        assert [(link.address, link.kind) for link in platform.links] == [(KEEP_ALIVE[3:8], 0x2F)]


async def test_a_repeat_is_confirmed_and_counted_once_also_with_another_serial():
    later = body_with(REPORT, b"\x00\x0c\x20\x07\x24\x17\x23\x49", b"\x00\x0d\x20\x07\x24\x17\x30\x00")
    async with platform_of() as platform, Station(platform) as station:
        for raw, serial in ((REPORT, 12), (REPORT, 12), (later, 13)):
            assert decode_message(frame_of(await station.ask(raw, SIZE))).serial == serial
        (got,) = platform.reports
        assert got.copies == 3 and not got.is_contradicted and got.request_bytes == REPORT


async def test_another_value_at_the_same_time_is_a_contradiction():
    other = body_with(REPORT, bytes.fromhex("20190001 30".replace(" ", "")), bytes.fromhex("2019000131"))
    async with platform_of() as platform, Station(platform) as station:
        await station.ask(REPORT, SIZE)
        await station.ask(other, SIZE)
        (got,) = platform.reports
        assert got.is_contradicted and got.quantities["rain_um"] == 13000


async def test_a_frame_with_two_times_is_two_reports_with_one_confirm():
    async with platform_of() as platform, Station(platform) as station:
        await station.ask(VECTORS["up_34_hourly_two_time_groups"], SIZE)
        first, second = platform.reports
        assert second.utc_s - first.utc_s == 55 * 60
        assert "rain_series_um" in first.quantities and second.quantities["battery_mv"] == 12150
        assert first.confirm_bytes == second.confirm_bytes


async def test_wrong_checksums_are_counted_and_not_answered():
    async with platform_of() as platform, Station(platform) as station:
        wrong = VECTORS["bad_crc_up_30"]
        assert frame_of(await station.ask(wrong + REPORT, SIZE)).station == STATION
        assert platform.counters.bad_checksums == 1 and len(platform.reports) == 1


@pytest.mark.parametrize("name", ["up_51_clock", "up_45_version", "up_37_realtime", "up_40_fujian_password"])
async def test_answers_that_nobody_asked_for_are_counted_and_not_confirmed(name):
    async with platform_of() as platform, Station(platform) as station:
        assert frame_of(await station.ask(VECTORS[name] + REPORT, SIZE)).station == STATION
        assert platform.counters.frames_not_understood == 1


async def test_in_mode_m1_nothing_is_confirmed():
    async with platform_of(mode=sl651_modes.M1) as platform, Station(platform) as station:
        station.writer.write(REPORT)
        await platform.received(1)
        await platform.stop()
        assert await station.read_to_the_end() == b""


async def test_a_frame_after_which_more_follow_is_confirmed_with_ack():
    async with platform_of() as platform, Station(platform) as station:
        assert frame_of(await station.ask(changed(REPORT, end=ETB), SIZE)).end == ACK


# -- messages of several packets ---------------------------------------------------------------


def packets_of(raw, size=20):
    return [sl651.encode(one) for one in sl651_packets.divided(frame_of(raw), size)]


async def test_packets_are_put_together_and_confirmed_once():
    packets = packets_of(REPORT)
    async with platform_of() as platform, Station(platform) as station:
        frame = frame_of(await station.ask(b"".join(packets), SIZE + 3))
        assert (frame.end, frame.packet) == (EOT, (3, 3))
        assert decode_message(frame).serial == 12
        (got,) = platform.reports
        assert got.request_bytes == b"".join(packets) and got.quantities["rain_um"] == 13000


async def test_a_missing_packet_is_asked_for_and_no_more_than_twice():
    first, second, third = packets_of(REPORT)
    async with platform_of() as platform, Station(platform) as station:
        frame = frame_of(await station.ask(first + third, SIZE + 3))
        assert (frame.end, frame.packet) == (NAK, (3, 2))
        assert frame_of(await station.ask(third, SIZE + 3)).end == NAK
        resent = sl651.encode(sl651_packets.resent(frame_of(second)))
        frame = frame_of(await station.ask(third + resent, SIZE + 3))  # asked twice already: no third NAK
        assert frame.end == EOT and len(platform.reports) == 1


async def test_a_repeat_of_all_packets_is_confirmed_once_more():
    packets = b"".join(packets_of(REPORT))
    async with platform_of() as platform, Station(platform) as station:
        await station.ask(packets, SIZE + 3)
        assert frame_of(await station.ask(packets + REPORT, SIZE + 3)).end == EOT
        assert frame_of(await station.reader.readexactly(SIZE)).packet is None
        assert [got.copies for got in platform.reports] == [3]


async def test_the_packets_of_the_next_message_replace_those_of_one_given_up():
    later = body_with(REPORT, b"\x20\x07\x24\x17\x23\x20", b"\x20\x07\x24\x17\x28\x20")
    later = body_with(later, b"\x00\x0c", b"\x00\x0d")
    async with platform_of() as platform, Station(platform) as station:
        frame = frame_of(await station.ask(packets_of(REPORT)[0] + b"".join(packets_of(later)), SIZE + 3))
        assert decode_message(frame).serial == 13
        assert [got.utc_s for got in platform.reports] == [1595582880]


# -- manners ------------------------------------------------------------------------------------


async def confirm_under(manners, raw=REPORT, size=SIZE):
    async with platform_of(manners) as platform, Station(platform) as station:
        got = await station.ask(raw, size)
        return got, platform


@pytest.mark.parametrize(
    ("manners", "station", "function", "serial", "end"),
    [
        (Manners(), STATION, 0x32, 12, EOT),
        (Manners(is_station_wrong=True), STATION[:4] + b"\0", 0x32, 12, EOT),
        (Manners(is_function_wrong=True), STATION, 0x33, 12, EOT),
        (Manners(is_number_wrong=True), STATION, 0x32, 13, EOT),
        (Manners(refuses=True), STATION, 0x32, 12, NAK),
    ],
    ids=["polite", "station", "function", "serial", "refuse"],
)
async def test_a_wrong_confirm_is_wrong_in_one_thing(manners, station, function, serial, end):
    raw, platform = await confirm_under(manners)
    frame = frame_of(raw)
    assert (frame.station, frame.function, frame.end) == (station, function, end)
    assert decode_message(frame).serial == serial and len(platform.reports) == 1


@pytest.mark.parametrize(("raw", "size"), [(REPORT, SIZE), (ASCII, ASCII_SIZE)], ids=["hex", "ascii"])
async def test_a_wrong_checksum_is_the_only_thing_wrong(raw, size):
    wrong, _ = await confirm_under(Manners(is_checksum_wrong=True), raw, size)
    good, _ = await confirm_under(Manners(), raw, size)
    assert wrong[:-1] == good[:-1]
    with pytest.raises(BadChecksum):
        sl651.decode(wrong)


async def test_twice_is_the_same_confirm_twice():
    raw, _ = await confirm_under(Manners(confirms_twice=True), size=2 * SIZE)
    assert raw[:SIZE] == raw[SIZE:] and frame_of(raw[:SIZE]).end == EOT


async def test_rubbish_stands_around_the_confirm():
    raw, _ = await confirm_under(Manners(has_rubbish=True), size=SIZE + 2 * len(RUBBISH))
    assert raw[: len(RUBBISH)] == raw[-len(RUBBISH) :] == RUBBISH
    assert frame_of(raw[len(RUBBISH) : -len(RUBBISH)]).end == EOT


async def test_it_closes_in_the_middle_of_a_confirm():
    async with platform_of(Manners(is_cut=True)) as platform, Station(platform) as station:
        station.writer.write(REPORT)
        got = await station.read_to_the_end()
        assert len(got) == SIZE // 2 and got[:2] == b"\x7e\x7e" and len(platform.reports) == 1


async def test_a_silent_platform_keeps_nothing_and_a_lost_confirm_comes_with_the_repeat():
    async with platform_of(Manners(is_silent=True)) as platform, Station(platform) as station:
        station.writer.write(REPORT)
        await platform.until(lambda: platform.counters.frames_ignored == 1)
        platform.behave(Manners(confirms_lost=1))
        assert frame_of(await station.ask(REPORT + REPORT, SIZE)).end == EOT
        assert platform.reports[0].copies == 2


async def test_a_clock_that_is_off_shows_in_its_send_time():
    raw, _ = await confirm_under(Manners(clock_off_s=86400))
    assert decode_message(frame_of(raw)).sent == time_at(NOW_S + 86400, 28800)


# -- questions -----------------------------------------------------------------------------------

LINE = bytes.fromhex("41010500 01".replace(" ", ""))
# From the reference: the command, the station's answer. Pump 1 on, quota on.
PUMP_ON = bytes.fromhex("7E7E4101050001011234 4C800A02 0000240712101530 0101 05 720F".replace(" ", ""))
PUMP_ANSWER = bytes.fromhex(
    "7E7E014101050001 1234 4C001102 0005240712101532 F1F14101050001 0101 03 2092".replace(" ", "")
)
QUOTA_IN = bytes.fromhex("7E7E4101050001011234 4F800902 0000240712101530 FF 05 ABFB".replace(" ", ""))
QUOTA_ANSWER = bytes.fromhex(
    "7E7E014101050001 1234 4F001002 0006240712101532 F1F14101050001 FF 03 8DF2".replace(" ", "")
)
HELLO = sl651.encode(
    Frame(True, 1, LINE, 0x1234, 0x2F, b"\0\1" + bytes.fromhex("240712101500"), ETX, None, False)
)


async def exchange(platform, station, ask, size, answer):
    """What it sent, the last frame it sent, and what it keeps of the answer."""
    station.writer.write(HELLO)
    await platform.until(lambda: len(platform.links) == 1)
    task = asyncio.create_task(platform.ask(LINE, Ask.parse(ask), 60))
    sent = await station.reader.readexactly(size)
    last = await station.ask(answer, SIZE)
    return sent, last, await task


@pytest.mark.parametrize(
    ("ask", "command", "answer", "said"),
    [
        ("start", PUMP_ON, PUMP_ANSWER, ("states", [True] + [False] * 7)),
        ("quota-on", QUOTA_IN, QUOTA_ANSWER, ("is_on", True)),
    ],
)
async def test_a_command_is_the_worked_example_and_ends_with_a_last_frame(ask, command, answer, said):
    async with platform_of() as platform, Station(platform) as station:
        sent, last, got = await exchange(platform, station, ask, len(command), answer)
        assert sent == command and got.raw == answer and got.answer[said[0]] == said[1]
        frame = frame_of(last)
        assert (frame.end, frame.function) == (EOT, command[10])
        assert decode_message(frame).serial == decode_message(frame_of(answer)).serial


async def test_a_wrong_password_is_not_the_right_one():
    async with platform_of(Manners(is_password_wrong=True)) as platform, Station(platform) as station:
        sent, _, _ = await exchange(platform, station, "quota-on", len(QUOTA_IN), QUOTA_ANSWER)
        assert frame_of(sent).password == 0x1234 ^ 0x5555
        assert changed(sent, password=0x1234) == QUOTA_IN


async def test_each_question_is_sent_twice_where_the_manners_want_it():
    async with platform_of(Manners(asks_twice=True)) as platform, Station(platform) as station:
        sent, _, got = await exchange(platform, station, "quota-on", 2 * len(QUOTA_IN), QUOTA_ANSWER)
        assert sent == QUOTA_IN * 2 and got.attempts == 1


async def test_a_question_without_an_answer_is_sent_three_times_and_given_up():
    async with platform_of() as platform, Station(platform) as station:
        station.writer.write(HELLO)
        await platform.until(lambda: len(platform.links) == 1)
        got = await platform.ask(LINE, Ask("quota-on"), 0.005)
        assert await station.reader.readexactly(3 * len(QUOTA_IN)) == QUOTA_IN * 3
        assert (got.answer, got.attempts) == (None, 3)


async def test_stored_data_of_a_range_are_asked_for_as_the_running_total_of_each_hour():
    async with platform_of() as platform:
        question = platform.question
        async with Station(platform) as station:
            station.writer.write(HELLO)
            await platform.until(lambda: len(platform.links) == 1)
            raw = question(LINE, Ask("stored", "2024-07-11T00..2024-07-12T00")).attempts[0]
        message = decode_message(frame_of(raw), platform.dialect)
        assert (message.start, message.end) == (Time(2024, 7, 11, 0, 0, 0), Time(2024, 7, 12, 0, 0, 0))
        assert [word.ident for word in message.words] == [0xFF01] and message.step == (0, 1, 0)


async def test_the_script_is_asked_and_confirms_end_with_esc_until_it_is_through():
    async with platform_of(script=[Ask("clock"), Ask("quota-on")]) as platform, Station(platform) as station:
        first = changed(REPORT, station=LINE)
        got = await station.ask(first, SIZE * 2)
        assert frame_of(got[:SIZE]).end == ESC and frame_of(got[SIZE:]).function == 0x51
        answer = changed(VECTORS["up_51_clock"], station=LINE, centre=1)
        got = await station.ask(answer, SIZE + 26)
        assert frame_of(got[:SIZE]).end == ESC and frame_of(got[SIZE:]).function == 0x4F
        quota = changed(QUOTA_ANSWER, password=0xA000)
        assert frame_of(await station.ask(quota, SIZE)).end == EOT
        await platform.until(lambda: len(platform.asked) == 2)
        assert frame_of(await station.ask(first, SIZE)).end == EOT
        assert platform.asked[0].answer["sent"]["hour"] == 8


@pytest.mark.parametrize(
    "wrong", ["weather", "top-up", "top-up=1.5", "clock=1", "start=9", "stored=now..then"]
)
async def test_a_question_that_makes_no_sense_is_refused_before_it_starts(wrong):
    with pytest.raises(BadAsk):
        platform_of(script=[Ask.parse(wrong)])


async def test_every_question_it_knows_is_a_frame_of_its_standard():
    from karez_simulators.platform_sl651_asks import KNOWN

    values = {"=M3": "=12", "=FROM..TO": "=2024-07-11T00..2024-07-12T00"}
    asks = [Ask.parse(name + values.get(usage, "")) for name, (usage, _) in KNOWN.items()]
    async with platform_of() as platform, Station(platform) as station:
        station.writer.write(HELLO)
        await platform.until(lambda: len(platform.links) == 1)
        for ask in asks:
            (raw,) = set(platform.question(LINE, ask).attempts)
            assert not frame_of(raw).is_up and frame_of(raw).end == 0x05
            decode_message(frame_of(raw), platform.dialect)
