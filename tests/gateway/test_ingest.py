"""Frames in, acknowledgements out: what is stored, under which number, and what is answered."""

from sqlalchemy import func, select

from karez_gateway.intake.ingest import Frame
from karez_gateway.store import controllers
from karez_gateway.store.schema import entry as entries_table
from karez_gateway.store.schema import fork
from karez_protocols import entry, record

from .county import County, create, opened
from .synthetic import SyntheticController, tampered


def count(county, table):
    with county.store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_frame_is_acknowledged_with_the_highest_contiguous_number(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(20):
        box.interval(100)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        acks = county.take(box, *box.payloads())
        assert [(ack.controller, ack.frame, ack.chain, ack.seq) for ack in acks] == [(box.name, 2, 1, 20)]
        assert county.sequencer.log.size == 20


def test_every_logged_entry_is_the_slot_as_it_came(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        for index, slot in enumerate(box.slots.values()):
            values = entry.decode(county.sequencer.log.entry(index))
            assert (values["controller"], values["chain"], values["slot"]) == (box.name, 1, slot)


def test_a_gap_holds_the_acknowledgement_back_until_it_closes(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(9):
        box.interval()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        assert county.take(box, box.frame(1, 2, 3))[0].seq == 3
        assert county.take(box, box.frame(8, 9))[0].seq == 3
        assert county.take(box, box.frame(5, 6))[0].seq == 3
        assert county.take(box, box.frame(7))[0].seq == 3
        assert county.take(box, box.frame(4))[0].seq == 9


def test_frames_in_any_order_end_at_the_same_acknowledgement(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(12):
        box.interval()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        acks = [county.take(box, box.frame(seq))[0].seq for seq in (2, 12, 4, 1, 3, 11, 6, 8, 10, 9, 7, 5)]
        assert acks == [0, 0, 0, 2, 4, 4, 4, 4, 4, 4, 4, 12]


def test_the_same_bytes_again_are_a_duplicate_and_acknowledged_again(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(5):
        box.interval()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, box.frame(1, 2, 3))
        ack = county.take(box, box.frame(2, 3, 4, 4, 5))[0]
        assert ack.seq == 5
        assert county.ingest.counters.duplicates == 3
        assert count(county, entries_table) == 5


def test_other_bytes_under_one_number_are_a_fork_and_both_are_kept(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(3):
        box.interval(10)
    other = tampered(box.slots[2], 60)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, box.frame(1, 2, 3))
        county.take(box, box.carry([other]))
        county.take(box, box.carry([other]))
        assert count(county, entries_table) == 4
        with county.store.reading() as connection:
            assert connection.execute(select(fork.c.log_index, fork.c.first_index)).all() == [(3, 1)]


def test_a_fork_inside_one_batch_is_found(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(10)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, box.carry([box.slots[1], tampered(box.slots[1], 60)]))
        assert count(county, fork) == 1


def test_numbers_declared_lost_count_as_passed(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(10):
        box.interval(10)
    box.lose(3, 6)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        assert county.take(box, box.frame(1, 2, 7, 8, 9, 10))[0].seq == 2
        assert county.take(box, box.frame(11))[0].seq == 11


def test_a_loss_record_cannot_pass_its_own_future(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval()
    box.lose(3, 900)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        assert county.take(box, box.frame(1, 2))[0].seq == 2


def test_passed_numbers_survive_a_restart(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(6):
        box.interval(10)
    box.lose(2, 3)
    box.interval()
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, box.frame(5), box.frame(7))
    with opened(directory) as county:
        assert county.take(box, box.frame(1))[0].seq == 3
        assert county.take(box, box.frame(4))[0].seq == 5
        assert county.take(box, box.frame(6, 8))[0].seq == 8


def test_the_next_chain_begins_with_the_number_after_the_lost_ring(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(4):
        box.interval(10)
    after = box.next_chain()
    after.measure(record.BOOT, chain=2, last_seq=4)
    after.interval(10)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        acks = county.take(after, *after.payloads())
        assert [(ack.chain, ack.seq) for ack in acks] == [(2, 6)]


def test_a_stranger_is_kept_but_not_acknowledged_and_is_served_once_enrolled(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval()
    with opened(create(tmp_path / "g")) as county:
        assert county.take(box, box.frame(1)) == []
        with county.store.reading() as connection:
            assert controllers.strangers(connection) == {box.name: 1}
        county.enrol(box)
        assert county.take(box, box.frame(1))[0].seq == 1
        with county.store.reading() as connection:
            assert controllers.strangers(connection) == {}


def test_strangers_cannot_fill_the_disk(tmp_path):
    with opened(create(tmp_path / "g")) as county:
        for name in range(80):
            frames = [Frame(f"{name:016x}", b"anything", 1) for _ in range(40)]
            county.ingest.take(frames)
        with county.store.reading() as connection:
            kept = controllers.strangers(connection)
        assert max(kept.values()) == controllers.STRANGERS_PER_NAME_MAX
        assert sum(kept.values()) == controllers.STRANGERS_MAX
        assert county.ingest.counters.frames_of_strangers == 3200


def test_a_malformed_frame_stops_nothing_else_in_its_batch(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval()
    good = box.frame(1)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        for cut in range(len(good)):
            assert county.take(box, good[:cut]) == []
        assert county.take(box, b"", good, good + b"x")[0].seq == 1
        assert county.ingest.counters.frames_malformed == len(good) + 2


def test_a_slot_of_another_version_is_left_unacknowledged_and_the_others_are_stored(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(3):
        box.interval()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        slots = [box.slots[1], tampered(box.slots[2], 0, 3), box.slots[3]]
        assert county.take(box, box.carry(slots))[0].seq == 1
        assert county.ingest.counters.slots_malformed == 1
        assert county.take(box, box.frame(2))[0].seq == 3


def test_two_controllers_in_one_batch_get_their_own_answers(tmp_path):
    one, two = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    for box in (one, two):
        for _ in range(3):
            box.interval()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(one, two)
        frames = [
            Frame(one.name, one.frame(1, 2), 1),
            Frame(two.name, two.frame(1), 1),
            Frame(one.name, one.frame(3), 1),
        ]
        acks = county.ingest.take(frames)
        assert {(ack.controller, ack.frame, ack.seq) for ack in acks} == {(one.name, 2, 3), (two.name, 1, 1)}


def test_table_and_log_hold_the_same_entries(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(30)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        for payload in box.payloads():
            county.take(box, payload)
        assert isinstance(county, County)
        with county.store.reading() as connection:
            query = select(entries_table.c.log_index, entries_table.c.body)
            for index, body in connection.execute(query.order_by(entries_table.c.log_index)):
                assert county.sequencer.log.entry(index) == body
