"""Grants from any carrier, and checkpoints: commit, then act; refuse with the cause; prove it."""

from karez_firmware.store import objects
from karez_protocols import causes, chain, ed25519, flags, grant, link, record, signed
from karez_protocols.slices import finish
from wellhouse import BENCH, NAME, PUBLIC, UTC, House, a_grant, memories

RING = (objects.SECTORS * 4096, (objects.SECTORS + 4) * 4096)


def a_house():
    """A house with known books and a first grant of 1000 litres, seq 5."""
    house = House()
    house.run(4)
    house.offer(a_grant(1000, seq=5))
    return house


def events(house):
    """(cause, subject) of the events so far."""
    return [(v["cause"], v["subject"]) for v in house.records() if v["kind"] == record.EVENT]


def state(house):
    """Everything of a grant that a refused one must not touch."""
    head = house.app.journal.head
    rights = house.app.rights
    return rights.seq, dict(rights.values), list(rights._rows), head["grant_seq"], head["grant_place"]


def refused(house, data, cause, subject):
    before = state(house)
    nor = [house.nor.read((objects.GRANT + place) * 4096, 700) for place in (0, 1)]
    house.offer(data)
    house.run(1)
    assert events(house)[-1] == (cause, subject), events(house)
    assert state(house) == before
    assert nor == [house.nor.read((objects.GRANT + place) * 4096, 700) for place in (0, 1)]
    house.check_chain()


def test_an_accepted_grant_is_stored_recorded_and_then_in_force():
    house = a_house()
    data = a_grant(2000, seq=6)
    order = []
    app = house.app
    put, commit, install = app.journal.put_object, app.offers._commit, app.rights.install

    def note(name, call):
        def noted(*arguments):
            order.append((name, app.rights.seq))
            return call(*arguments)

        return noted

    app.journal.put_object = note("object", put)
    app.offers._commit = note("record", commit)
    app.rights.install = note("force", install)
    house.offer(data)
    assert order[:3] == [("object", 5), ("record", 5), ("force", 5)] and app.rights.seq == 6
    values = house.last(record.GRANT)
    assert (values["object_seq"], values["digest"], values["length"]) == (6, signed.digest(data), len(data))
    assert values["grant_seq"] == 6
    assert app.journal.object(objects.GRANT, "grant_place") == data
    assert (
        app.controller.permission.ceiling_l(False) == 2000
        and UTC - 100 <= app.controller.clock.floor_utc_s < UTC
    )


def test_grants_refused_each_with_its_own_cause_and_nothing_changed():
    house = a_house()
    refused(house, a_grant(9000, seq=6, secret=BENCH), causes.GRANT_REFUSED_SIGNATURE, 6)
    refused(house, a_grant(9000, seq=7, site="site-2"), causes.GRANT_REFUSED_SITE, 7)
    refused(house, a_grant(9000, seq=5), causes.GRANT_REFUSED_SEQ, 5)
    refused(house, a_grant(9000, seq=4), causes.GRANT_REFUSED_SEQ, 4)
    refused(house, a_grant(9000, seq=6)[:-1], causes.GRANT_REFUSED_FORM, 0)
    unknown = {"head_chain": 1, "head_seq": 3, "head_h": b"?" * 32}
    refused(house, a_grant(9000, seq=8, flags=grant.FLAG_STRICT, **unknown), causes.GRANT_REFUSED_HEAD, 8)


def test_what_is_no_grant_is_refused_as_malformed_and_raises_nothing():
    good = a_grant(9000, seq=6)
    for data in (b"", b"\0", bytes(64), bytes(200), good[:100], good + b"\0", b"\x02" + good[1:], bytes(600)):
        house = a_house()
        refused(house, data, causes.GRANT_REFUSED_FORM, 0)


def test_every_bit_of_a_grant_that_changes_refuses_it():
    data = a_grant(9000, seq=6)
    house = a_house()
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1 << at % 8
        house.offer(bytes(broken))
        assert house.app.rights.seq == 5, at
    house.offer(data)
    assert house.app.rights.seq == 6


def test_a_head_the_chain_does_not_hold_is_raised_and_not_punished():
    house = a_house()
    house.offer(a_grant(700, seq=6, head_chain=1, head_seq=3, head_h=b"?" * 32))
    house.run(1)
    assert house.app.rights.seq == 6 and events(house)[-1] == (causes.GRANT_HEAD_UNKNOWN, 6)
    house.offer(a_grant(700, seq=7, head_chain=2, head_seq=1, head_h=bytes(32)))
    house.run(1)
    assert house.app.rights.seq == 7 and events(house)[-1] == (causes.GRANT_HEAD_UNKNOWN, 7)
    house.offer(a_grant(700, seq=8, head_chain=1, head_seq=9_999, head_h=bytes(32)))
    house.run(1)
    assert events(house)[-1] == (causes.GRANT_HEAD_UNKNOWN, 8)


def test_a_head_the_chain_holds_is_accepted_in_silence_and_strict_too():
    house = a_house()
    slot = house.app.journal.slot(3)
    known = {"head_chain": 1, "head_seq": 3, "head_h": slot[112:] + bytes(16)}
    house.offer(a_grant(700, seq=6, flags=grant.FLAG_STRICT, **known))
    house.run(1)
    assert house.app.rights.seq == 6 and events(house) == []


def test_a_flood_of_old_grants_costs_no_signature_check_and_few_records():
    house = a_house()
    before = house.app.journal.head["seq"]
    data = a_grant(9000, seq=5)
    for _ in range(500):
        house.app.offers.grant(data)
        assert not house.app.background.is_busy
    house.run(1)
    assert house.app.journal.head["seq"] - before <= 8
    # And one a minute: a gateway that sends a grant again learns what became of it.
    house.run(61)
    house.offer(a_grant(9000, seq=2))
    house.run(1)
    assert events(house)[-1] == (causes.GRANT_REFUSED_SEQ, 2)


def test_a_flood_of_forged_grants_is_bounded_in_work_and_a_true_one_comes_through_after_it():
    house = a_house()
    forged = a_grant(9000, seq=6, secret=BENCH)
    for _ in range(100):
        house.app.offers.grant(forged)
    assert house.app.background.refused > 80
    house.run(5)
    house.offer(a_grant(700, seq=7))
    assert house.app.rights.seq == 7


def test_two_grants_at_once_leave_the_newer_one_in_force_whatever_their_order():
    for order in ((6, 7), (7, 6)):
        house = a_house()
        for seq in order:
            house.app.offers.grant(a_grant(100 * seq, seq=seq))
        house.run(3)
        assert house.app.rights.seq == 7 and house.app.controller.permission.ceiling_l(False) == 700
        house.check_chain()


def test_a_store_that_fails_while_accepting_leaves_the_old_grant_in_force():
    for part in ("object", "record"):
        house = a_house()
        before = state(house)
        floor = house.app.journal.head["seq"]
        if part == "object":
            house.nor.is_dead = True
        else:
            house.nor.bad = RING
        house.offer(a_grant(9000, seq=6))
        house.run(2)
        assert state(house) == before, part
        assert house.app.journal.head["seq"] == floor
        assert (house.app.controller.recorder.alarms & flags.STORE_FAILED) == (
            flags.STORE_FAILED if part == "record" else 0
        )
        house.nor.is_dead = False
        house.nor.bad = (0, 0)
        house.run(2)
        house.offer(a_grant(9000, seq=6))
        assert house.app.rights.seq == 6, part
        house.check_chain()


def test_a_grant_survives_a_restart_and_the_next_takes_the_other_place():
    house = a_house()
    for seq in (6, 7, 8):
        house.offer(a_grant(100 * seq, seq=seq))
        house = house.again()
        assert house.app.rights.seq == seq and house.app.controller.permission.ceiling_l(False) == 100 * seq
        assert house.app.journal.head["grant_seq"] == seq
    house.run(4)
    house.check_chain()


def checkpoints(house):
    """(statement slot, its values, signature values) of every signed statement."""
    found, open_ = [], {}
    for slot, values in zip(house.slots(), house.records()):
        if values["kind"] == record.STATEMENT:
            open_[values["seq"]] = slot, values
        elif values["kind"] == record.SIGNATURE:
            statement = open_.pop(values["statement_seq"])
            found.append((statement[0], statement[1], values))
    return found, open_


def check_signatures(house):
    found, open_ = checkpoints(house)
    for slot, _, signature in found:
        message = chain.checkpoint_message(NAME, slot[: record.CONTENT_SIZE])
        assert finish(ed25519.verify_slices(PUBLIC, message, signature["signature"]))
        assert not finish(ed25519.verify_slices(PUBLIC, message[:-1] + b"?", signature["signature"]))
    return len(found), len(open_)


def test_a_checkpoint_covers_the_record_before_it_and_its_signature_holds():
    house = a_house()
    house.press()
    house.run(4)
    house.press("stop")
    house.run(5)
    house.check_chain()  # also: every statement covers the record before it
    assert check_signatures(house) == (2, 0)
    _, statement, _ = checkpoints(house)[0][-1]
    assert statement["chain"] == 1 and statement["config_digest"] == house.app.evidence.config_digest
    assert house.app.evidence.config_digest != bytes(24)


def test_one_checkpoint_at_a_time():
    house = a_house()
    for _ in range(3):
        house.app.evidence.checkpoint()
    before = len(checkpoints(house)[1])
    assert before == 1
    house.run(1)
    assert check_signatures(house) == (2, 0)
    house.app.evidence.checkpoint()
    house.run(1)
    assert check_signatures(house) == (3, 0)


def test_a_queue_full_of_what_came_from_outside_does_not_hold_up_a_signature():
    house = a_house()
    done = []

    def nothing():
        yield from range(200)

    while house.app.background.add(nothing(), done.append):
        pass
    assert house.app.evidence.checkpoint()
    while house.app.evidence.is_signing:
        house.turn()
    assert len(done) == 1 and check_signatures(house) == (2, 0)


def test_a_statement_whose_commit_writes_a_loss_record_behind_it_is_signed_as_itself():
    nor, fram = memories(3)
    house = House(nor, fram)
    house.run(4)
    app = house.app
    while (app.journal.head["seq"]) < 3 * 31:
        app._commit(app.controller.recorder.event(causes.WARNING_LINE, house.port.now_ms()))
    app.evidence.checkpoint()
    assert record.decode(app.journal.slot(94))["kind"] == record.STATEMENT
    assert record.decode(app.journal.slot(95))["kind"] == record.LOSS
    house.run(2)
    signature = record.decode(app.journal.slot(96))
    assert (signature["kind"], signature["statement_seq"]) == (record.SIGNATURE, 94)
    message = chain.checkpoint_message(NAME, app.journal.slot(94)[: record.CONTENT_SIZE])
    assert finish(ed25519.verify_slices(PUBLIC, message, signature["signature"]))


def test_a_store_that_fails_at_a_checkpoint_or_its_signature_stops_nothing():
    house = a_house()
    house.nor.bad = RING
    house.app.evidence.checkpoint()
    house.run(1)
    assert house.app.controller.recorder.alarms & flags.STORE_FAILED
    house.nor.bad = (0, 0)
    house.app.evidence.checkpoint()
    house.nor.bad = RING
    house.run(1)
    house.nor.bad = (0, 0)
    house.app.evidence.checkpoint()
    house.run(1)
    house.check_chain()
    assert check_signatures(house) == (2, 1)


def test_a_grant_that_came_over_the_link_is_judged_and_the_link_lives_on():
    house = House(broker=True)
    house.run(8)
    broker = house.port.broker
    for payload in (
        b"\x02" + a_grant(1000, seq=3),
        b"\x02",
        b"\x02garbage",
        b"",
        b"\x07what",
        b"\x01\x01\0\0" + b"\xff" * 12,
        b"\x01\x02\0\0" + bytes(12),
        b"\x01" + bytes(20),
    ):
        broker.send(payload)
        house.run(1)
    assert house.app.rights.seq == 3 and house.app.uplink.malformed == 4
    assert house.app.uplink.is_up and house.app.uplink.client.losses == 0
    assert [cause for cause, _ in events(house)] == [causes.GRANT_REFUSED_FORM] * 2
    up = [payload for topic, payload in broker.published if topic == link.topic(NAME, "up")]
    assert len(up) >= 2
