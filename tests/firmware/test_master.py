"""The bus master and the meter reader on a line of virtual time, good and bad."""

import json

from karez_firmware.drivers import master as master_module
from karez_firmware.drivers.master import CRC, EXCEPTION, INVALID, NOISE, OK, SILENT, Master
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols import errors, modbus, modbus_frames, wire_time
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request
from karez_protocols.profile import Profile

BAUD = 9600
BITS = 10
CHARACTER_US = wire_time.wire_us(1, BAUD, BITS)
SILENCE_US = wire_time.silent_us(BAUD, BITS)
TIMEOUT_US = 300_000
GAP_US = 20_000
OPTIONS = (TIMEOUT_US, GAP_US, 0, 3)
ASKED = Request(1, 3, 8, 4)
ANSWER = Reply(1, 3, b"\x00\x17\x00\x00\x36\x93\x3f\x61")
GOOD = modbus_frames.encode_reply(ANSWER)


def profile(name):
    with open("protocols/karez_protocols/profiles/" + name + ".json") as file:
        return Profile(json.load(file))


class Line:
    """A wire in virtual time: `talk(frame, number)` says what comes back, [(delay, bytes)].

    Delays count from the end of the request; bytes arrive a character apart. It offers
    what a UART port does: read() and write().
    """

    def __init__(self, talk, echo=False):
        self._talk = talk
        self._echo = echo
        self.now_us = 5_000_000
        self.sent = []  # (when, frame)
        self._coming = []  # (when, byte)

    def write(self, data):
        self.sent.append((self.now_us, bytes(data)))
        if self._echo:
            self.deliver(self.now_us, data)
        end_us = self.now_us + len(data) * CHARACTER_US
        for delay_us, answer in self._talk(bytes(data), len(self.sent)):
            self.deliver(end_us + delay_us, answer)

    def deliver(self, start_us, data):
        """Put bytes on the wire; each is here when its character has ended."""
        for at in range(len(data)):
            self._coming.append((start_us + (at + 1) * CHARACTER_US, data[at]))

    def read(self):
        here = [item for item in self._coming if item[0] <= self.now_us]
        self._coming = [item for item in self._coming if item[0] > self.now_us]
        return bytes([byte for _, byte in sorted(here)])

    def run(self, master, until_us=10_000_000, turn_us=500):
        """Serve the master until its exchange has ended; return how long it took."""
        began_us = self.now_us
        while not master.serve(self, self.now_us):
            self.now_us += turn_us
            assert self.now_us < began_us + until_us, "the exchange never ends"
        return self.now_us - began_us


def answering(*answers):
    """A station that sends answers[n] to the n-th request (the last one for all later)."""
    return lambda frame, number: answers[min(number, len(answers)) - 1]


def exchange(talk, request=ASKED, options=OPTIONS, echo=False):
    """Return (master, line) after one exchange."""
    line = Line(talk, echo)
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    assert master.start(request, line.now_us, options)
    line.run(master)
    return master, line


def damaged(frame, at):
    return frame[:at] + bytes((frame[at] ^ 0x10,)) + frame[at + 1 :]


# -- the state table --------------------------------------------------------------------


def test_every_pair_of_state_and_event():
    idle, sending, waiting, done = range(4)
    start, sent, answered, failed, gave_up, cancel = range(6)
    moves = {
        (idle, start): sending,
        (sending, sent): waiting,
        (sending, cancel): idle,
        (waiting, answered): done,
        (waiting, failed): sending,
        (waiting, gave_up): done,
        (waiting, cancel): idle,
        (done, start): sending,
        (done, cancel): idle,
    }
    for state in range(4):
        for event in range(6):
            master = Master(modbus.ReplyReader(), BAUD, BITS)
            master.state = state
            assert master._fire(event) == ((state, event) in moves)
            assert master.state == moves.get((state, event), state), (state, event)


# -- timing -----------------------------------------------------------------------------


def test_a_request_waits_for_the_silence_and_no_longer():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.receive(b"\x55", 1_000_000)
    master.start(ASKED, 1_001_000, OPTIONS)
    due_us = 1_000_000 + SILENCE_US
    assert master.next_deadline_us() == due_us
    assert master.data_to_send(due_us - 1) == b"" and not master.is_waiting()
    assert master.data_to_send(due_us) == modbus.encode_request(ASKED) and master.is_waiting()
    assert master.data_to_send(due_us) == b""


def test_on_a_line_never_heard_the_silence_is_counted_from_the_start():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, 1_000_000, OPTIONS)
    assert master.next_deadline_us() == 1_000_000 + SILENCE_US


def test_above_19200_baud_the_silence_is_fixed():
    master = Master(modbus.ReplyReader(), 115200, BITS)
    master.start(ASKED, 0, OPTIONS)
    assert master.data_to_send(1749) == b"" and master.data_to_send(1750) != b""


def test_a_meter_may_ask_for_more_silence():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, 0, (TIMEOUT_US, GAP_US, 60_000, 3))
    assert master.next_deadline_us() == 60_000


def test_bytes_during_the_silence_begin_it_anew():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, 0, OPTIONS)
    master.receive(b"\x00", 3_000)
    assert master.next_deadline_us() == 3_000 + SILENCE_US and master.stray_bytes == 1


def test_the_timeout_begins_when_the_request_has_left():
    for baud in (1200, 9600, 38400):
        master = Master(modbus.ReplyReader(), baud, BITS)
        master.start(ASKED, 0, OPTIONS)
        began_us = master.next_deadline_us()
        master.data_to_send(began_us)
        end_us = began_us + wire_time.wire_us(8, baud, BITS)
        assert master.next_deadline_us() == end_us + TIMEOUT_US, baud
        assert not master.poll(end_us + TIMEOUT_US - 1) and master.is_waiting()
        master.poll(end_us + TIMEOUT_US)
        assert master.counts[SILENT] == 1


def test_an_answer_that_begins_just_before_the_timeout_is_taken():
    master, line = exchange(answering([(TIMEOUT_US - 2 * CHARACTER_US, GOOD)]))
    assert master.status == OK and master.tries == 1 and len(line.sent) == 1


def test_bytes_that_waited_in_the_uart_are_not_late():
    # The loop was held up for a second: the answer is read first, the clock looked at after.
    line = Line(answering([(10_000, GOOD)]))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, line.now_us, OPTIONS)
    while not line.sent:
        line.now_us += 500
        master.serve(line, line.now_us)
    line.now_us += 1_000_000
    assert master.serve(line, line.now_us) and master.status == OK


def test_exchanges_cost_what_the_wire_costs():
    line = Line(answering([(10_000, GOOD)]))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    took_us = []
    for _ in range(20):
        master.start(ASKED, line.now_us, OPTIONS)
        took_us.append(line.run(master, turn_us=50))
    wire_us = SILENCE_US + (8 + len(GOOD)) * CHARACTER_US + 10_000
    for took in took_us[1:]:
        assert wire_us <= took <= wire_us + 100, took  # 50 us a turn, twice


# -- outcomes ---------------------------------------------------------------------------


def test_a_good_answer_ends_the_exchange():
    master, line = exchange(answering([(10_000, GOOD)]))
    assert master.is_done() and not master.is_waiting() and master.status == OK
    assert master.data == ANSWER.data and master.tries == 1 and master.counts == [1, 0, 0, 0, 0, 0]
    arrived_us = line.sent[0][0] + 10_000 + (8 + len(GOOD)) * CHARACTER_US
    assert arrived_us <= master.answered_us < arrived_us + 500
    assert master.next_deadline_us() is None


def test_silence_is_tried_again_and_then_reported():
    master, line = exchange(answering([]))
    assert master.status == SILENT and master.tries == 3 and len(line.sent) == 3
    assert master.counts[SILENT] == 3 and master.data == b""
    for first, second in ((0, 1), (1, 2)):
        assert line.sent[second][0] - line.sent[first][0] >= TIMEOUT_US + 8 * CHARACTER_US


def test_an_answer_at_the_second_try_counts_both():
    master, _ = exchange(answering([], [(5_000, GOOD)]))
    assert master.status == OK and master.tries == 2
    assert master.counts[SILENT] == 1 and master.counts[OK] == 1


def test_a_damaged_answer_is_tried_again_soon():
    master, line = exchange(answering([(5_000, damaged(GOOD, 7))], [(5_000, GOOD)]))
    assert master.status == OK and master.counts[CRC] == 1 and master.reader.crc_errors == 1
    length_us = 8 * CHARACTER_US + 5_000 + len(GOOD) * CHARACTER_US + GAP_US
    assert line.sent[1][0] - line.sent[0][0] < length_us + 2 * SILENCE_US  # not a whole timeout


def test_every_damaged_byte_is_an_error_and_never_an_answer():
    for at in range(len(GOOD)):
        master, _ = exchange(answering([(5_000, damaged(GOOD, at))]))
        assert master.status == (CRC if at > 2 else NOISE), at
        assert master.counts[OK] == 0 and master.data == b""


def test_an_answer_cut_short_is_damaged():
    master, _ = exchange(answering([(5_000, GOOD[:-1])]))
    assert master.status == CRC and master.counts[CRC] == 3


def test_noise_like_the_header_of_our_answer_does_not_end_the_try():
    # Asked anew the meter would answer twice, and the second answer would pass for that to the next question.
    master, line = exchange(answering([(2_000, GOOD[:3]), (100_000, GOOD)]))
    assert master.status == OK and master.tries == 1 and len(line.sent) == 1


def test_bytes_that_are_not_ours_are_noise():
    master, _ = exchange(answering([(5_000, b"\x55\xaa\x12")]))
    assert master.status == NOISE and master.counts[NOISE] == 3 and master.reader.noise_bytes == 9


def test_the_answer_of_another_meter_is_noise():
    master, _ = exchange(answering([(5_000, modbus_frames.encode_reply(Reply(2, 3, ANSWER.data)))]))
    assert master.status == NOISE


def test_a_floating_line_without_a_meter_is_silent():
    master, _ = exchange(answering([(2_000, b"\x00\x00")]))
    assert master.status == SILENT and master.reader.zero_bytes == 6 and master.reader.noise_bytes == 0


def test_an_echo_without_an_answer_is_silence():
    master, _ = exchange(answering([]), echo=True)
    assert master.status == SILENT and master.reader.echoes == 3


def test_an_echo_and_zeros_before_the_answer_are_dropped():
    master, _ = exchange(answering([(1_500, b"\x00"), (9_000, GOOD)]), echo=True)
    assert master.status == OK and master.tries == 1
    assert master.reader.echoes == 1 and master.reader.zero_bytes == 1


def test_noise_long_before_the_answer_does_not_end_the_try():
    for noise in (b"\x01", b"\x77", b"\x01\x03"):
        master, _ = exchange(answering([(2_000, noise), (100_000, GOOD)]))
        assert master.status == OK and master.tries == 1, noise


def test_an_exception_is_an_answer_and_not_tried_again():
    for code in (1, 2, 3, 4, 11):
        master, line = exchange(answering([(5_000, modbus_frames.encode_failure(Failure(1, 3, code)))]))
        assert master.status == EXCEPTION and master.code == code and len(line.sent) == 1
        assert master.counts[EXCEPTION] == 1


def test_a_busy_meter_is_given_time_and_asked_again():
    busy = modbus_frames.encode_failure(Failure(1, 3, modbus.ReplyReader.busy_code))
    master, line = exchange(answering([(5_000, busy)], [(5_000, GOOD)]))
    assert master.status == OK and master.code == 0 and master.counts[EXCEPTION] == 1
    assert line.sent[1][0] - line.sent[0][0] >= TIMEOUT_US
    master, line = exchange(answering([(5_000, busy)]))
    assert master.status == EXCEPTION and master.code == modbus.ReplyReader.busy_code and len(line.sent) == 3


def test_a_line_that_never_falls_silent_is_noise_within_bounds():
    line = Line(answering([]))
    babble = bytes((0x01, 0x03, 0x08, 0x5A, 0x00, 0xC3))
    for at in range(320):
        line.deliver(line.now_us + at * 6 * CHARACTER_US, babble)
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, line.now_us, OPTIONS)
    took_us = line.run(master)
    per_try_us = wire_time.wire_us(256 + 8 + 13, BAUD, BITS) + SILENCE_US + TIMEOUT_US + GAP_US
    per_try_us += 2 * 500  # two turns
    assert master.status in (CRC, NOISE) and took_us <= 3 * per_try_us
    assert len(line.sent) == 3


def test_the_number_of_tries_is_a_limit():
    for tries in (1, 2, 5):
        _, line = exchange(answering([]), options=(TIMEOUT_US, GAP_US, 0, tries))
        assert len(line.sent) == tries


def test_a_second_start_changes_nothing():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    assert master.start(ASKED, 0, OPTIONS)
    assert not master.start(Request(2, 3, 0, 1), 0, OPTIONS)
    assert master.data_to_send(SILENCE_US)[0] == 1
    assert not master.start(Request(2, 3, 0, 1), SILENCE_US, OPTIONS)


def test_a_request_outside_its_ranges_is_refused_at_the_start():
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    try:
        master.start(Request(1, 3, 0, 126), 0, OPTIONS)
    except errors.NotAllowed:
        assert master.state == master_module.IDLE
        return
    raise AssertionError("not refused")


# -- late answers and cancelling --------------------------------------------------------


def test_a_late_answer_is_not_taken_for_the_next_ones():
    # The meter takes 1.5 timeouts; two requests ask for as many registers each.
    late_us = TIMEOUT_US * 3 // 2
    first, second = Request(1, 3, 0, 4), Request(1, 3, 100, 4)
    data = {0: b"\x11" * 8, 100: b"\x22" * 8}

    def talk(frame, number):
        return [(late_us, modbus_frames.encode_reply(Reply(1, 3, data[frame[3]])))]

    line = Line(talk)
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    for request in (first, second, first, second):
        master.start(request, line.now_us, OPTIONS)
        line.run(master)
        assert master.status == OK and master.data == data[request.start], request


def test_a_late_meter_does_not_hold_up_its_neighbour():
    line = Line(answering([]))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, line.now_us, OPTIONS)
    line.run(master)
    master.start(Request(2, 3, 0, 1), line.now_us, OPTIONS)
    assert master.next_deadline_us() == line.now_us
    master.cancel()
    master.start(ASKED, line.now_us, OPTIONS)
    assert master.next_deadline_us() > line.now_us + TIMEOUT_US // 2


def test_a_stop_cancels_and_the_answer_is_dropped():
    other = Request(1, 3, 100, 4)
    wanted = Reply(1, 3, b"\x22" * 8)

    def talk(frame, number):
        return [(50_000, GOOD if number == 1 else modbus_frames.encode_reply(wanted))]

    line = Line(talk)
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, line.now_us, OPTIONS)
    while not master.is_waiting():
        master.serve(line, line.now_us)
        line.now_us += 500
    master.cancel()
    assert not master.is_waiting() and not master.is_done() and master.next_deadline_us() is None
    master.start(other, line.now_us, OPTIONS)
    line.run(master)
    assert master.status == OK and master.data == wanted.data
    assert master.stray_bytes == len(GOOD) and sum(master.counts) == 1


def test_cancelling_before_the_request_sends_nothing():
    line = Line(answering([(5_000, GOOD)]))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    master.start(ASKED, line.now_us, OPTIONS)
    master.cancel()
    for _ in range(100):
        line.now_us += 500
        assert not master.serve(line, line.now_us)
    assert not line.sent
    master.start(ASKED, line.now_us, OPTIONS)
    line.run(master)
    assert master.status == OK


# -- whole readings ---------------------------------------------------------------------

TUF_WORDS = {
    0: 63647, 1: 15846, 8: 23, 9: 0, 10: 13971, 11: 16225, 71: 0, 91: 829, 1437: 0, 1438: 3,
}  # fmt: skip
TUF_RAW = b"\x00\x17\x00\x00\x36\x93\x3f\x61"
TUF_VALUES = {
    "flow_lph": 113,
    "volume_l": 23880,
    "volume_rev_l": 0,
    "status_bits": 0,
    "signal_quality": 61,
}


class Meter:
    """Registers behind an address; `before(meter, request)` may change them or refuse."""

    def __init__(self, address, words, before=None):
        self.address = address
        self.words = dict(words)
        self._before = before
        self.asked = 0

    def talk(self, frame, number):
        request = modbus_frames.decode_request(frame)
        if request.address != self.address:
            return []
        self.asked += 1
        answer = self._before(self, request) if self._before else None
        if answer is not None:
            return answer
        data = b""
        for at in range(request.start, request.start + request.count):
            data += bytes((self.words.get(at, 0) >> 8, self.words.get(at, 0) & 0xFF))
        return [(10_000, modbus_frames.encode_reply(Reply(request.address, request.function, data)))]


def read(reader, master, line, turn_us=500):
    """Return the next reading."""
    assert reader.begin(master, line.now_us)
    for _ in range(200_000):
        line.now_us += turn_us
        master.serve(line, line.now_us)
        reading = reader.step(master, line.now_us)
        if reading is not None:
            return reading
    raise AssertionError("the reading never ends")


def bench(name, address, words, before=None):
    meter = Meter(address, words, before)
    return (
        MeterReader(profile(name), address),
        Master(modbus.ReplyReader(), BAUD, BITS),
        Line(meter.talk),
        meter,
    )


def test_a_reading_brings_values_raw_registers_and_the_moment_of_the_total():
    reader, master, line, meter = bench("tuf2000m", 1, TUF_WORDS)
    began_us = line.now_us
    reading = read(reader, master, line)
    assert reading["status"] == OK and reading["values"] == TUF_VALUES and reading["code"] == 0
    assert reading["raw"] == TUF_RAW and reading["measuring"] is True
    assert reading["modulus"] == (1 << 31) * 1000
    # The total is in the first of three requests: 16 registers, 8 + 37 characters.
    answered_us = line.sent[0][0] + 45 * CHARACTER_US + 10_000
    assert answered_us // 1000 <= reading["at_ms"] <= (answered_us + 500) // 1000
    assert reading["at_ms"] * 1000 < line.sent[1][0] and began_us < line.sent[0][0]
    assert meter.asked == 3 and reader.counts[OK] == 1


def test_the_power_meter_is_read_by_its_own_profile():
    words = {0: 0x4366, 1: 0x3334, 52: 0x469C, 53: 0x4000, 72: 0x4640, 73: 0xE6AE}
    reader, master, line, _ = bench("sdm630", 7, words)
    reading = read(reader, master, line)
    assert reading["status"] == OK and reading["measuring"] is None and reading["modulus"] is None
    assert reading["raw"] == b"\x46\x40\xe6\xae" + bytes(4)
    values = reading["values"]
    assert (values["voltage_a_dv"], values["power_w"], values["energy_wh"]) == (2302, 20000, 12345670)


def test_whole_part_and_fraction_are_of_one_moment():
    # The meter counts on with every request: 23.9, 24.1, 24.3 ... m3.
    fractions = (0x3F666666, 0x3DCCCCCD, 0x3E99999A)

    def count(meter, request):
        step = meter.asked - 1
        meter.words[8] = 23 + (step + 1) // 2 if step < 3 else 25
        bits = fractions[step % 3]
        meter.words[10], meter.words[11] = bits & 0xFFFF, bits >> 16

    reader, master, line, _ = bench("tuf2000m", 1, TUF_WORDS, count)
    reading = read(reader, master, line)
    assert reading["values"]["volume_l"] == 23900
    assert reading["raw"] == b"\x00\x17\x00\x00\x66\x66\x3f\x66"


def test_a_silent_meter_is_unknown_and_repeats_nothing():
    silent = []
    reader, master, line, _ = bench("tuf2000m", 1, TUF_WORDS, lambda meter, request: silent[0])
    silent.append(None)
    assert read(reader, master, line)["values"] == TUF_VALUES
    silent[0] = []
    reading = read(reader, master, line)
    assert reading["status"] == SILENT and reading["at_ms"] is None and reading["raw"] == bytes(8)
    assert sorted(reading["values"]) == sorted(TUF_VALUES)
    assert all(value is None for value in reading["values"].values())
    assert reading["measuring"] is None and reading["modulus"] is None
    silent[0] = None
    assert read(reader, master, line)["values"] == TUF_VALUES
    assert reader.counts == [2, 1, 0, 0, 0, 0] and master.counts[SILENT] == 3


def test_a_request_that_fails_in_the_middle_leaves_no_half_reading():
    refusal = modbus_frames.encode_failure(Failure(1, 3, 2))
    for answer, status, code in (
        ([], SILENT, 0),
        ([(5_000, b"\x01\x03\x2a\x00")], CRC, 0),
        ([(5_000, b"\x77\x66")], NOISE, 0),
        ([(5_000, refusal)], EXCEPTION, 2),
    ):
        refused = 0 if status == EXCEPTION else 71
        reader, master, line, _ = bench(
            "tuf2000m",
            1,
            TUF_WORDS,
            lambda meter, request, a=answer, r=refused: a if request.start == r else None,
        )
        reading = read(reader, master, line)
        assert reading["status"] == status and reading["code"] == code
        assert all(value is None for value in reading["values"].values())
        assert reading["raw"] == bytes(8) and reading["at_ms"] is None and reader.counts[status] == 1


def test_a_refusal_of_what_is_asked_beside_the_total_leaves_the_rest_standing():
    refusal = [(5_000, modbus_frames.encode_failure(Failure(1, 3, 2)))]
    reader, master, line, _ = bench(
        "tuf2000m", 1, TUF_WORDS, lambda meter, request: refusal if request.start == 71 else None
    )
    reading = read(reader, master, line)
    assert reading["status"] == OK and reading["values"]["volume_l"] == 23880
    # What would say whether it measures is unknown: then the flow is, too.
    assert reading["values"]["status_bits"] is None and reading["values"]["flow_lph"] is None
    assert reading["measuring"] is False


def test_a_total_in_a_unit_we_refuse_is_an_invalid_reading():
    reader, master, line, meter = bench("tuf2000m", 1, TUF_WORDS)
    meter.words[1437] = 2  # gallons
    reading = read(reader, master, line)
    assert reading["status"] == INVALID and reading["values"]["volume_l"] is None
    assert reading["raw"] == TUF_RAW and reading["at_ms"] is not None
    assert reading["values"]["flow_lph"] == 113


def test_an_empty_pipe_is_a_good_reading_of_an_unknown_flow():
    reader, master, line, meter = bench("tuf2000m", 1, TUF_WORDS)
    meter.words[71] = 8
    reading = read(reader, master, line)
    assert reading["status"] == OK and reading["measuring"] is False
    assert reading["values"]["flow_lph"] is None and reading["values"]["volume_l"] == 23880


def test_two_meters_share_a_line():
    water, energy = Meter(1, TUF_WORDS), Meter(2, {72: 0x4640, 73: 0xE6AE})
    line = Line(lambda frame, number: water.talk(frame, number) + energy.talk(frame, number))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    readers = (MeterReader(profile("tuf2000m"), 1), MeterReader(profile("sdm630"), 2))
    for _ in range(2):
        assert read(readers[0], master, line)["values"]["volume_l"] == 23880
        assert read(readers[1], master, line)["values"]["energy_wh"] == 12345670
    assert not readers[0].begin(master, line.now_us) or not readers[1].begin(master, line.now_us)


def test_a_cancelled_reading_leaves_no_trace():
    reader, master, line, _ = bench("tuf2000m", 1, TUF_WORDS)
    reader.begin(master, line.now_us)
    while not master.is_waiting():
        line.now_us += 500
        master.serve(line, line.now_us)
    reader.cancel(master)
    assert not master.is_waiting() and reader.step(master, line.now_us) is None
    assert reader.counts == [0] * 6
    assert read(reader, master, line)["values"] == TUF_VALUES


def test_a_reading_cancelled_over_its_head_takes_no_other_meters_answer():
    water, energy = Meter(1, TUF_WORDS), Meter(2, {72: 0x4640, 73: 0xE6AE})
    line = Line(lambda frame, number: water.talk(frame, number) + energy.talk(frame, number))
    master = Master(modbus.ReplyReader(), BAUD, BITS)
    dropped, other = MeterReader(profile("tuf2000m"), 1), MeterReader(profile("sdm630"), 2)
    dropped.begin(master, line.now_us)
    master.cancel()
    assert other.begin(master, line.now_us)
    reading = None
    while reading is None:
        line.now_us += 500
        master.serve(line, line.now_us)
        assert dropped.step(master, line.now_us) is None
        reading = other.step(master, line.now_us)
    assert reading["values"]["energy_wh"] == 12345670
