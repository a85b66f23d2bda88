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
    frames = found.pump()
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
