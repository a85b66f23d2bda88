"""Frames and clocks that are not as they should be: everything is kept, nothing counted twice, each is shown.

What one wrong frame does is in test_ingest.py and test_verification.py; here all of it comes at once.
"""

import random
from collections import Counter

import pytest

from karez_gateway import hostclock
from karez_gateway.controllers import registry
from karez_gateway.controllers.enrolment import queue_grant
from karez_gateway.downlink.commands import Commands
from karez_gateway.downlink.timesignal import why_not
from karez_gateway.intake.ingest import Frame
from karez_gateway.intake.verify import FORK, LATE
from karez_gateway.operation.status import status
from karez_gateway.operation.statustext import lines
from karez_gateway.store import commands, controllers, entries
from karez_protocols import entry, link

from .county import RECEIVED_UTC_S, create, opened
from .synthetic import BASE_VOLUME_L, SyntheticController, make_grant, tampered

NOW_S = RECEIVED_UTC_S
YEAR_S = 365 * 86_400
SEEDS = range(12)
FORGED_MAX = 140  # no forged record but one far ahead has a higher number
STRANGER = SyntheticController("s", "well-s")
STRANGER.irrigate(2)


def litres_of(county):
    found = Counter()
    for (site, _, _), litres in county.litres().items():
        found[site] += litres
    return found


def hostile(chance, boxes):
    """One frame that no honest well has sent, as (name, payload)."""
    box, other = chance.sample(boxes, 2)
    seq = chance.randint(1, box.seq)
    slot = box.slots[seq]
    forger = SyntheticController("forger", box.site)
    forger.irrigate(3)
    kind = chance.choice(
        ["changed", "renumbered", "another well's", "another key's", "garbage", "stranger", "cut", "ahead"]
    )
    if kind == "changed":
        return box.name, box.carry([tampered(slot, chance.randrange(128), chance.randint(1, 255))])
    if kind == "renumbered":
        return box.name, box.carry([slot[:4] + chance.randrange(1, 99).to_bytes(4, "little") + slot[8:]])
    if kind == "another well's":
        return box.name, other.frame(chance.randint(1, other.seq))
    if kind == "another key's":
        return box.name, forger.frame(*range(1, forger.seq + 1))
    if kind == "garbage":
        return box.name, chance.randbytes(chance.randrange(400))
    if kind == "stranger":
        return STRANGER.name, STRANGER.frame(chance.randint(1, STRANGER.seq))
    if kind == "cut":
        return box.name, box.frame(seq)[: chance.randrange(140)]
    return box.name, box.carry([slot[:4] + (2**32 - 2).to_bytes(4, "little") + slot[8:]])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_of_frames_in_any_order_ends_in_true_books(tmp_path, seed):
    print(f"seed {seed}")
    chance = random.Random(seed)
    boxes = [SyntheticController(name, f"well-{name}") for name in "ab"]
    with opened(create(tmp_path / "g")) as county:
        county.enrol(*boxes)
        told = Counter()
        for _ in range(5):
            honest = []
            for box in boxes:
                first = box.seq + 1
                box.irrigate(chance.randint(1, 20))
                frames = [(box.name, payload) for payload in box.payloads(first)]
                honest += frames + chance.choices(frames, k=2)  # some twice
                honest += [(box.name, box.frame(chance.randint(1, box.seq)))]  # some from long ago
            storm = honest + [hostile(chance, boxes) for _ in range(chance.randint(0, 12))]
            chance.shuffle(storm)
            while storm:
                count = chance.randint(1, 6)
                batch, storm = storm[:count], storm[count:]
                for ack in county.ingest.take([Frame(*one, NOW_S) for one in batch]):
                    told[ack.controller] = max(told[ack.controller], ack.seq)
                if chance.random() < 0.5:
                    county.work()
        for box in boxes:
            first = box.seq + 1
            while box.seq < FORGED_MAX:  # a forged record that came first has the number; a later statement
                box.irrigate(9)  # of the box, signed and under a number that nobody had, takes the chain up
            box.irrigate(1)
            county.take(box, *box.payloads(first))
        county.work()
        check_books(county, boxes, told)


def check_books(county, boxes, told):
    with county.store.reading() as connection:
        bodies = entries.bodies(connection, 0, 100_000)
    assert {body[1] for body in bodies} == {entry.RECORD}
    kept = {(body[4:20].decode(), body[entries.SLOT]) for body in bodies}
    assert len(kept) == len(bodies), "the same bytes are stored twice"
    assert litres_of(county) == {box.site: box.volume_l - BASE_VOLUME_L for box in boxes}
    for box in boxes:
        assert all((box.name, slot) in kept for slot in box.slots.values()), "an honest record is not kept"
        assert told[box.name] <= box.seq
    with county.store.reading() as connection:
        assert set(controllers.strangers(connection)) <= {STRANGER.name, *(box.name for box in boxes)}
    shown = status(county.store, county.config)
    for box, facts in zip(boxes, sorted(shown["controllers"], key=lambda one: one["site"]), strict=True):
        (chain,) = facts["chains"]
        assert not chain["broken"] and chain["signed_seq"] == box.seq


def test_two_boxes_with_one_identity_are_both_kept_and_shown_and_counted_once(tmp_path):
    one = SyntheticController("a", "well-1")
    one.irrigate(3)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(one)
        county.take(one, *one.payloads())
        twin = SyntheticController("a", "well-1")  # the same key, and the records up to here
        twin.irrigate(3)
        fork = one.seq  # the start that follows is the same in both
        one.irrigate(4, litres=4000)
        twin.irrigate(2, litres=9000)
        for at in range(fork + 1, one.seq + 1):  # in turn
            county.take(one, one.frame(at))
            if at in twin.slots:
                county.take(twin, twin.frame(at))
            if at % 3 == 0:
                county.work()
        county.work()
        last = county.take(one, *one.payloads())[0]
        assert last.seq == one.seq
        with county.store.reading() as connection:
            found = [entry.decode(body) for body in entries.bodies(connection, 0, 1000)]
        kept = {record["slot"] for record in found}
        assert kept == set(one.slots.values()) | set(twin.slots.values())
        assert litres_of(county)["well-1"] == one.volume_l - BASE_VOLUME_L
        reasons = Counter(reason for each in county.reasons(one).values() for reason in each)
        assert reasons[None] == one.seq and set(reasons) <= {None, FORK, LATE}
        shown = status(county.store, county.config)
        assert shown["controllers"][0]["chains"][0]["forks"] == sum(
            twin.slots[seq] != one.slots[seq] for seq in twin.slots
        )
        assert any("FORKS" in line for line in lines(shown))


# -- this machine's clock ----------------------------------------------------------------------


@pytest.mark.parametrize("wrong_s", [0, -5, 1, NOW_S - 10 * YEAR_S, NOW_S + 30 * YEAR_S, 2**33])
def test_whatever_this_machine_s_clock_says_records_are_taken_and_booked_by_their_own_time(tmp_path, wrong_s):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    with opened(create(tmp_path / "right")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.work()
        right = county.litres()
    with opened(create(tmp_path / "wrong")) as county:
        county.enrol(box)
        for at, payload in enumerate([box.frame(seq) for seq in box.slots]):
            frame = Frame(box.name, payload, NOW_S if at % 2 else wrong_s)
            assert county.ingest.take([frame])[0].seq == at + 1
        county.work()
        assert county.litres() == right
        assert all(reasons == [None] for reasons in county.reasons(box).values())
        with county.store.reading() as connection:
            listed = registry.facts(connection, {})
        assert listed[0]["last_record_utc_s"] in (NOW_S, hostclock.within(wrong_s))


def test_what_was_put_off_by_a_clock_ahead_is_published_once_it_is_right_again(tmp_path):
    box = SyntheticController("a", "well-1")
    ahead_s = NOW_S + 20 * YEAR_S
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        queue_grant(county.store, make_grant("well-1", 1, 5000))
        county.downlinks.log_queued(ahead_s)
        county.downlinks.sent(county.downlinks.due(ahead_s), ahead_s)
        assert county.downlinks.due(ahead_s) == []
        (one,) = county.downlinks.due(NOW_S)
        county.downlinks.sent([one], NOW_S)
        assert county.downlinks.due(NOW_S) == []  # and from then on as always
        assert len(county.downlinks.due(NOW_S + 600)) == 1


def test_a_command_of_a_clock_ahead_is_dead_when_it_is_right_again(tmp_path):
    box = SyntheticController("a", "well-1")
    ahead_s = NOW_S + YEAR_S
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        with county.store.writing() as connection:
            owner = controllers.find(connection, box.name).id
            wish = {"verb": link.START, "account": 1, "boot": 1, "until_s": 99, "wished_by": "li"}
            times = {"queued_utc_s": ahead_s, "dies_utc_s": ahead_s + 180}
            commands.queue(connection, controller_id=owner, **wish, **times)
        stage = Commands(county.sequencer)
        stage.log_queued(ahead_s)
        assert len(stage.due(ahead_s)) == 1
        assert stage.due(NOW_S) == []
        with county.store.reading() as connection:
            assert commands.newest(connection, 1)[0].state == commands.DEAD
        assert stage.due(ahead_s + 10) == []  # for good


def test_a_memory_that_forgot_is_served_although_its_proof_came_by_a_clock_ahead(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 1, 5000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        queue_grant(county.store, grant)
        county.downlinks.log_queued(NOW_S)
        county.downlinks.sent(county.downlinks.due(NOW_S), NOW_S)
        box.accept_grant(grant)
        county.ingest.take([Frame(box.name, box.frame(1), NOW_S + 20 * YEAR_S)])
        county.work()
        forgot = {"online": 1, "grant_seq": 0, "order_seq": 0, "chain": 1, "last_seq": 0}
        assert county.downlinks.heard({box.name: forgot}, [], NOW_S) == [box.name]


def test_controllers_are_told_no_time_that_is_before_the_log_s_newest_entry(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(1)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.ingest.take([Frame(box.name, box.frame(1), NOW_S + 20 * YEAR_S)])
        with county.store.reading() as connection:
            assert "before the newest entry" in why_not(NOW_S, entries.newest_received_utc_s(connection))
        county.ingest.take([Frame(box.name, box.frame(2), NOW_S)])
        with county.store.reading() as connection:
            assert why_not(NOW_S, entries.newest_received_utc_s(connection)) == ""
