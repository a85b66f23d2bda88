"""The courier: oldest first, live ones between, and again from wherever the gateway says."""

from karez_firmware.journal import Journal
from karez_firmware.ports import fake_memory
from karez_firmware.store import devices, objects
from karez_firmware.store.ring import SLOTS, Ring
from karez_firmware.uplink.courier import Courier
from karez_protocols import causes, link, record

ACK_MS = 15_000


class Client:
    """A client with the contract's window: 4 publishes, one large payload at a time."""

    def __init__(self):
        self.frames = []  # lists of seqs, as they went out
        self.window = 4
        self.chains = []

    def can_publish(self):
        return self.window > 0

    def publish(self, topic, payload, retain=False):
        if not self.window:
            return None
        assert topic == "karez/1/box/up"
        self.window -= 1
        assert payload[0] == link.VERSION and len(payload) == 12 + 128 * payload[1]
        slots = [payload[12 + 128 * i : 140 + 128 * i] for i in range(payload[1])]
        self.frames.append([record.header(slot)["seq"] for slot in slots])
        return len(self.frames)


class Round:
    """A journal with so many records, and a courier on a client."""

    def __init__(self, count, sectors=8):
        nor = fake_memory.RamNor((objects.SECTORS + sectors) * devices.SECTOR)
        self.journal = Journal(nor, fake_memory.RamFram(1024), Ring(nor, objects.SECTORS, sectors))
        self.journal.start(b"binding")
        self.fill(count)
        self.client = Client()
        self.courier = Courier(self.journal, self.client, "box")
        self.now_ms = 0

    def fill(self, count):
        values = {"kind": record.SIGNATURE, "cause": causes.NONE, "statement_seq": 1, "signature": bytes(64)}
        for _ in range(count):
            self.journal.append(dict(values), 1, 1, 2)

    def pump(self, until=200):
        """Pump until nothing goes out; return the frames of it."""
        before = len(self.client.frames)
        while self.courier.pump(self.now_ms) and until:
            until -= 1
        return self.client.frames[before:]

    def pump_answered(self):
        """Pump with a gateway that answers each frame, and lacks the first record; return the frames."""
        before = len(self.client.frames)
        while self.pump():
            values = {"chain": 1, "seq": 0, "frame": len(self.client.frames)}
            self.courier.acknowledged(values, self.now_ms)
        return self.client.frames[before:]

    def ack(self, seq, chain=1):
        return self.courier.acknowledged({"chain": chain, "seq": seq, "frame": 0}, self.now_ms)


def span(first, last):
    return list(range(first, last + 1))


def seqs(frames):
    """Every seq of some frames, once and in order."""
    return sorted({seq for frame in frames for seq in frame})


def test_a_few_records_go_in_one_frame_and_nothing_goes_twice():
    found = Round(5)
    assert found.courier.has_unsent and found.pump() == [span(1, 5)]
    assert not found.courier.has_unsent and found.pump() == []
    assert found.courier.waiting == 5
    found.fill(1)
    assert found.pump() == [[6]]
    assert found.ack(6) and found.courier.waiting == 0


def test_a_backlog_goes_oldest_first_and_what_is_new_goes_between():
    found = Round(60)
    frames = found.pump()
    assert frames == [span(45, 60), span(1, 16), span(17, 32), span(33, 44)]  # 45 to 60 went before
    found.client.window = 1
    found.fill(17)
    assert found.pump() == [span(62, 77)]  # an alarm is not stuck behind what is old
    found.client.window = 9
    assert found.pump() == [[61]]


def test_live_and_backlog_take_turns():
    found = Round(100)
    found.client.window = 1
    turns = []
    for _ in range(6):
        found.fill(1)
        turns += found.pump()
        found.client.window = 1
    assert turns == [span(86, 101), span(1, 16), [102, 103], span(17, 32), [104, 105], span(33, 48)]


def test_a_full_window_loses_nothing():
    found = Round(100)
    found.client.window = 0
    assert found.pump() == []
    sent = []
    while found.courier.has_unsent:
        found.client.window = 1
        for frame in found.pump():
            sent += frame
    assert sorted(set(sent)) == span(1, 100)


def test_a_client_that_takes_nothing_after_all_loses_nothing():
    class Refusing(Client):
        def publish(self, topic, payload, retain=False):
            return None

    found = Round(40)
    real, found.courier._client = found.client, Refusing()
    for _ in range(5):
        assert not found.courier.pump(0)
    found.courier._client = real
    assert found.pump() == [span(25, 40), span(1, 16), span(17, 24)]


def test_an_acknowledgement_that_falls_makes_it_send_again_from_there():
    found = Round(20)
    found.pump()
    assert found.ack(20)
    assert found.ack(7) and found.journal.head["acknowledged_seq"] == 7
    assert found.pump() == [span(8, 20)]
    assert found.ack(0)
    found.client.window = 4
    assert seqs(found.pump()) == span(1, 20)


def test_what_a_gateway_asks_for_again_and_the_ring_has_overwritten_is_declared_lost_once():
    found = Round(2 * SLOTS, sectors=3)
    assert found.ack(2 * SLOTS)
    found.fill(SLOTS + 3)
    oldest, newest = found.journal.oldest(), found.journal.head["seq"]
    assert oldest == SLOTS + 1  # confirmed, and so it went without a word
    assert found.ack(newest) and found.ack(10)  # the gateway was put back
    for _ in range(3):
        found.fill(1)
    losses = [record.decode(slot) for slot in found.journal.backwards(99) if slot[1] == record.LOSS]
    assert [(one["first_seq"], one["last_seq"]) for one in losses] == [(11, oldest - 1)]
    found.client.window = 99
    assert seqs(found.pump()) == span(oldest, newest + 4)
    assert found.ack(newest + 4) and found.ack(newest)  # all of this is there
    found.fill(2)
    assert [slot[1] for slot in found.journal.backwards(2)].count(record.LOSS) == 0


def test_an_acknowledgement_ahead_of_what_was_sent_is_believed():
    found = Round(20)
    assert found.ack(12) and found.pump() == [span(13, 20)]


def test_acknowledgements_that_cannot_be_ours_change_nothing():
    found = Round(20)
    found.pump()
    assert found.ack(9)
    for seq, chain in ((12, 2), (21, 1), (None, 1), (12, None), (4_000_000_000, 1)):
        assert not found.ack(seq, chain), (seq, chain)
    assert found.journal.head["acknowledged_seq"] == 9
    assert not found.ack(9)


def test_without_progress_it_sends_again_after_15_s():
    found = Round(10)
    found.pump()
    found.now_ms = ACK_MS - 1
    assert found.pump() == [] and found.courier.resent == 0
    found.now_ms = ACK_MS
    assert found.pump() == [span(1, 10)] and found.courier.resent == 1
    found.client.window = 4
    found.now_ms = 2 * ACK_MS - 1
    assert found.pump() == []
    found.now_ms = 2 * ACK_MS
    assert found.pump() == [span(1, 10)]
    found.ack(10)
    found.now_ms = 9 * ACK_MS
    assert found.pump() == [] and found.courier.resent == 2


def test_progress_gives_the_rest_its_15_s_again():
    found = Round(30)
    found.pump()
    found.now_ms = ACK_MS - 1
    assert found.ack(16)
    found.client.window = 4
    found.now_ms = 2 * ACK_MS - 2
    assert found.pump() == []
    found.now_ms = 2 * ACK_MS - 1
    assert found.pump() == [span(17, 30)]


def test_a_repeated_acknowledgement_is_no_progress():
    found = Round(30)
    found.pump()
    found.ack(16)
    found.client.window = 4
    for _ in range(5):
        found.now_ms += ACK_MS // 5
        assert not found.ack(16)
    assert found.pump() == [span(17, 30)]


def test_a_new_connection_begins_from_the_last_acknowledgement():
    found = Round(40)
    found.pump()
    found.ack(16)
    found.client.window = 4
    found.courier.connected()
    assert found.pump() == [span(25, 40), span(17, 24)]


def test_overwritten_records_are_skipped_without_a_search_for_each():
    found = Round(24 * SLOTS + 90, sectors=24)
    oldest = found.journal.oldest()
    assert oldest > 3 * SLOTS and found.journal.slot(oldest - 1) is None
    reads = [0]
    ring = found.journal._ring
    nor, read = ring._nor, ring._nor.read

    def counted(at, size):
        reads[0] += 1
        return read(at, size)

    nor.read = counted
    found.client.window = 99
    frames = found.pump_answered()
    newest = found.journal.head["seq"]
    assert seqs(frames) == span(oldest, newest)
    # A frame of 16 costs 16 slots and their headers, not 16 searches through the ring.
    assert reads[0] < 60 * len(frames), (reads[0], len(frames))


def test_a_hole_in_the_middle_does_not_stop_the_rest():
    found = Round(40)
    slot = found.journal.slot
    found.journal.slot = lambda seq: None if 5 <= seq <= 9 else slot(seq)
    found.client.window = 9
    assert seqs(found.pump()) == span(1, 4) + span(10, 40)
    found.courier.acknowledged({"chain": 1, "seq": 4}, 0)
    found.courier.connected()
    assert seqs(found.pump()) == span(10, 40)


def with_alarms(found, *seqs, cause=causes.DID_NOT_STOP, kind=record.EVENT):
    """These records of a round are events of this cause; look until all were looked at."""
    slot = found.journal.slot

    def changed(seq):
        data = slot(seq)
        return data[:1] + bytes((kind, cause)) + data[3:] if data and seq in seqs else data

    found.journal.slot = changed
    looked(found)
    return found


def looked(found):
    for _ in range(found.journal.head["seq"]):
        found.courier.look()


def test_alarms_go_before_everything_and_no_record_goes_twice():
    found = with_alarms(Round(100), 7, 20, 43, 90)
    found.client.window = 99
    assert found.pump() == [
        [7, 20, 43, 90], [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16], span(85, 100),
        span(17, 19) + span(21, 32), span(33, 42) + span(44, 48), span(49, 64), span(65, 80), span(81, 84),
    ]  # fmt: skip


def test_a_box_that_gave_its_update_back_says_so_before_all_else():
    found = with_alarms(Round(100), 20, cause=causes.UPDATE_RETURNED)
    found.client.window = 99
    assert found.pump()[0] == [20]
    for cause in (causes.UPDATE_ARMED, causes.UPDATE_KEPT):  # as it should be: it waits in line
        found = with_alarms(Round(100), 20, cause=cause)
        found.client.window = 99
        assert found.pump()[0] != [20]


def test_an_alarm_raised_in_a_drain_goes_with_the_next_frame_but_one():
    found = with_alarms(Round(100), 120)
    found.client.window = 2
    assert found.pump() == [span(85, 100), span(1, 16)]
    found.fill(40)
    looked(found)
    found.client.window = 3
    assert found.pump() == [[120], span(17, 32), span(125, 140)]


def test_alarms_of_a_lost_connection_are_told_again():
    found = with_alarms(Round(100), 30)
    found.client.window = 1
    assert found.pump() == [[30]]
    found.courier.connected()
    found.client.window = 2
    assert found.pump() == [[30], span(1, 16)]


def test_a_storm_of_alarms_goes_before_the_rest_in_frames_of_16():
    found = with_alarms(Round(300, sectors=16), *span(101, 180))
    sent = []
    for _ in range(40):
        found.client.window = 1
        sent += found.pump_answered()
        looked(found)
    alarms = [frame for frame in sent if 101 <= frame[0] <= 180 and frame[-1] <= 180]
    assert alarms[:5] == [span(101 + 16 * i, 116 + 16 * i) for i in range(5)]
    assert sent.index(alarms[4]) <= 2 * 5  # with the backlog's own frames between
    assert seqs(sent) == span(1, 300)


def test_what_is_no_alarm_waits_its_turn():
    for kind, cause in (
        (record.EVENT, causes.WARNING_LINE),
        (record.EVENT, causes.QUIET),
        (record.START, causes.DID_NOT_STOP),
    ):
        found = with_alarms(Round(100), 7, cause=cause, kind=kind)
        assert found.pump()[0] == span(85, 100)


def test_few_records_need_no_frame_of_alarms():
    found = with_alarms(Round(16), 3)
    assert found.pump() == [span(1, 16)]


def test_what_the_ring_has_overwritten_is_not_looked_for_slot_by_slot():
    found = Round(24 * SLOTS + 90, sectors=24)
    oldest = found.journal.oldest()
    asked = []
    slot = found.journal.slot
    found.journal.slot = lambda seq: asked.append(seq) or slot(seq)
    looked(found)
    assert asked[0] == 1 and asked[1:] == span(oldest, found.journal.head["seq"])
    found.courier.look()
    assert len(asked) == 1 + found.journal.head["seq"] - oldest + 1


def test_a_look_is_short():
    found = Round(100)
    asked = []
    slot = found.journal.slot
    found.journal.slot = lambda seq: asked.append(seq) or slot(seq)
    found.courier.look()
    assert asked == span(1, 8)


def test_alarms_behind_a_falling_acknowledgement_are_found_again():
    found = with_alarms(Round(100), 7)
    found.client.window = 99
    found.pump()
    found.ack(100)
    looked(found)
    found.ack(0)
    looked(found)
    assert found.pump()[0] == [7]


def test_an_acknowledgement_that_was_overtaken_changes_nothing():
    found = Round(60)
    found.client.window = 9
    found.pump()

    def ack(frame, seq):
        return found.courier.acknowledged({"chain": 1, "frame": frame, "seq": seq}, 0)

    assert ack(2, 16) and ack(4, 60)
    assert not ack(3, 32) and found.journal.head["acknowledged_seq"] == 60
    assert ack(4, 20) and ack(900, 10)  # of the same frame, or of a run before: a gateway restored
    assert not ack(3, 9) and ack(3, 44)  # more than it had said is always good


def test_while_no_gateway_answers_one_frame_asks_ever_more_rarely_and_live_ones_go_on():
    found = Round(100)
    found.client.window = 99
    assert seqs(found.pump()) == span(1, 100)
    found.now_ms = ACK_MS
    assert found.pump() == [span(1, 16)]  # one asks
    found.fill(1)
    assert found.pump() == [[101]]  # what is new goes all the same
    asked_s = []
    for second in range(16, 6_000):
        found.now_ms = 1000 * second
        frames = found.pump()
        if frames:
            assert frames == [span(1, 16)], second
            asked_s.append(second)
    waits = [asked_s[at + 1] - asked_s[at] for at in range(len(asked_s) - 1)]
    assert asked_s[0] == 30 and waits == [30, 60, 120, 240, 480] + [960] * 5
    assert found.ack(101)  # it was stored all the same
    assert found.pump() == [] and not found.courier.has_unsent
    found.fill(1)
    assert found.pump() == [[102]]
    found.now_ms += ACK_MS
    assert found.pump() == [[102]]  # the first doubt comes soon again


def test_a_gateway_that_comes_back_with_nothing_gets_all_of_it_alarms_first():
    found = with_alarms(Round(100), 50)
    found.client.window = 99
    found.pump()
    found.now_ms = ACK_MS
    found.pump()
    assert found.ack(16)
    assert found.pump()[0] == [50]
    found.now_ms += 1
    assert seqs(found.client.frames[-8:]) == span(17, 100)


def long_away(found, at_reconnect=lambda second: False):
    """Nobody answers for 6,000 s, then a gateway does, with its end without a gap; return the last one."""
    found.client.window = 9_999
    stored, end = set(), 0
    for second in range(0, 13_200, 10):
        found.now_ms = 1000 * second
        if second % 900 == 0:
            found.fill(1)
            found.courier.look()
        if at_reconnect(second):
            found.courier.connected()
        frames = found.pump()
        if second < 6_000 or not frames:
            continue
        stored.update(seqs(frames))
        while end + 1 in stored:
            end += 1
        found.ack(end)
    return end


def test_a_gateway_that_was_away_for_long_gets_everything_though_alarms_wait_and_new_records_come():
    found = with_alarms(Round(100), 50)
    assert long_away(found) == found.journal.head["seq"] and not found.courier.has_unsent


def test_a_connection_that_breaks_between_two_questions_does_not_put_the_oldest_off():
    found = with_alarms(Round(100), 50)
    assert long_away(found, lambda second: second % 300 == 0) == found.journal.head["seq"]


WINDOW = 16  # frames without an answer, 256 records


def answered(found, frame, seq):
    return found.courier.acknowledged({"chain": 1, "frame": frame, "seq": seq}, found.now_ms)


def full_window():
    """A backlog on a client that takes everything: so many frames are out, and none is answered."""
    found = Round(WINDOW * 16 + 200, sectors=50)
    assert found.journal.oldest() == 1
    found.client.window = 9_999
    assert len(found.pump()) == WINDOW and found.courier.has_unsent
    assert found.pump() == []
    return found


def test_a_backlog_waits_for_answers_when_a_window_of_frames_is_out():
    found = full_window()
    sent = seqs(found.client.frames)
    answered(found, 2, 16)  # the first went ahead, the second brought 1 to 16
    assert found.pump() == [span(241, 256), span(257, 272)]  # as many as were answered
    assert answered(found, 18, 272) and len(seqs(found.client.frames)) == len(sent) + 32
    found.pump()
    assert seqs(found.client.frames) == span(1, found.journal.head["seq"])


def test_an_answer_that_does_not_move_the_end_makes_room_all_the_same():
    found = full_window()
    assert not answered(found, 10, 0)  # stored, but the oldest is missing
    assert len(found.pump()) == 10


def brought(found, end):
    """A gateway that has all up to `end` answers each frame from now on; return its end after a minute."""
    stored = set()
    for _ in range(60):
        found.now_ms += 1000
        frames = found.pump()
        stored.update(seqs(frames))
        while end + 1 in stored:
            end += 1
        if frames:
            answered(found, len(found.client.frames), end)
    return end


def test_an_answer_to_an_earlier_run_leaves_no_window_shut_though_all_of_it_is_lost():
    for frame in (99_999, None):
        found = full_window()
        assert answered(found, frame, 240)  # what this run has sent again, but for the newest 16
        assert brought(found, 240) == found.journal.head["seq"], frame


def test_a_falling_answer_to_an_earlier_run_leaves_no_window_shut():
    for frame in (99_999, None):
        found = Round(WINDOW * 16 + 200, sectors=50)
        assert found.ack(16)
        found.client.window = 9_999
        assert len(found.pump()) == WINDOW
        assert answered(found, frame, 5)
        assert brought(found, 5) == found.journal.head["seq"], frame


def test_after_silence_or_a_new_connection_nothing_counts_as_under_way():
    found = full_window()
    found.now_ms = ACK_MS
    assert found.pump() == [span(1, 16)]  # one asks
    found.courier.connected()
    assert found.pump()[0] == span(1, 16) and len(found.client.frames) > WINDOW + 1
    assert answered(found, len(found.client.frames), 32)


def test_what_closes_a_gap_may_lie_behind_the_frame_that_asks():
    """A ring that went round: the gateway waits for a loss record that lies in the middle."""
    here = Round(100, sectors=3)
    oldest = here.journal.oldest()
    assert oldest > 17  # so much is lost
    here.courier.acknowledged({"chain": 1, "seq": 15, "frame": 0}, 0)
    here.client.window = 0
    here.pump()
    for _ in range(3):  # nobody answers: it asks, ever more rarely
        here.now_ms += 20 * ACK_MS
        here.client.window = 1
        here.pump()
    sent = set()
    for _ in range(20):  # now somebody does, and the gap stays
        here.client.window = 1
        sent |= {seq for frame in here.pump() for seq in frame}
        here.courier.acknowledged({"chain": 1, "seq": 15, "frame": here.courier._frame}, here.now_ms)
        here.now_ms += 1_000
    assert sent >= set(span(oldest + 16, 100 - 16))


DAY_S = 86_400


def rotten(found, at):
    """A slot in the backlog cannot be read any more, and no record declares it lost: a gap that stays."""
    slot = found.journal.slot
    found.journal.slot = lambda seq: None if seq == at else slot(seq)
    found.client.window = 99_999
    return found


def a_day(found, end, unheard=()):
    """A gateway that waits for what comes after `end` answers each frame that it hears; return the frames."""
    before = len(found.client.frames)
    for _ in range(DAY_S // 5):
        found.now_ms += 5_000
        while found.courier.pump(found.now_ms):
            if len(found.client.frames) not in unheard:
                answered(found, len(found.client.frames), end)
    return found.client.frames[before:]


def test_a_gap_that_stays_costs_the_backlog_twice_and_then_one_frame_a_pause():
    found = rotten(Round(600, sectors=50), 17)
    frames = a_day(found, 16)
    assert seqs(frames) == span(18, 600)
    # Pauses of 15 s to 8 min are less than one of 16 min; the backlog is 37 frames, both times.
    asked = [frame for frame in frames if frame[0] == 18]
    assert len(asked) <= DAY_S // 960 + 8 and len(frames) <= len(asked) + 2 * 37
    found.fill(3)
    later = a_day(found, 16)
    assert [frame for frame in later if frame[0] != 18] == [span(601, 603)]
    assert len(later) <= DAY_S // 960 + 2


def test_what_went_unheard_while_a_gap_stays_is_brought_again():
    found = rotten(Round(600, sectors=50), 17)
    found.pump()  # the first time nobody hears: a window of frames
    first = len(found.client.frames)
    frames = a_day(found, 16, unheard=(first + 1, first + 2, first + 20))
    heard = [frame for at, frame in enumerate(frames, 1) if at not in (1, 2, 20)]
    assert seqs(heard) == span(1, 16) + span(18, 600)  # 1 to 16 is what it asked with
    assert len(frames) <= 2 * 37 + DAY_S // 960 + 8


def test_a_gap_that_is_closed_after_a_day_lets_everything_go_on():
    found = rotten(Round(300, sectors=30), 17)
    a_day(found, 16)
    found.fill(20)
    found.now_ms += 960_000
    assert brought(found, 17) == 320  # a loss record is as good as the slot
    assert not found.courier.has_unsent and found.courier.waiting == 0
