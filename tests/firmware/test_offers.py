"""Grants, orders and key lists from outside: what is taken, why it is not, and what a cut leaves of it."""

from cuts import at_every_cut
from karez_firmware.core import pump
from karez_firmware.store import objects
from karez_firmware.store.devices import StoreFailed
from karez_protocols import causes, event_details, flags, grant, key_list, link, order, record, signed
from offices import COUNTY, SUCCESSOR, a_lift, a_list, an_order
from wellhouse import BENCH, NAME, REGULATOR, UTC, House, a_config, a_grant, memories, ready

RING = (objects.SECTORS * 4096, (objects.SECTORS + 4) * 4096)


def settle(house):
    """Wait until everything offered is judged and its records are written."""
    while house.app.background.is_busy:
        house.turn()
    house.run(1)


def a_house(**named):
    house = House(**named)
    house.run(4)
    return house


def offer(house, *objects_, sort="order"):
    for data in objects_:
        getattr(house.app.offers, sort)(data)
    settle(house)


def noted(house):
    """Causes of refusals on record, in order."""
    wanted = range(causes.GRANT_REFUSED_SIGNATURE, causes.GRANT_HEAD_UNKNOWN + 1)
    orders = range(causes.ORDER_REFUSED_SIGNATURE, causes.ORDER_REFUSED_FULL + 1)
    return [
        values["cause"]
        for values in house.records()
        if values["kind"] == record.EVENT and (values["cause"] in wanted or values["cause"] in orders)
    ]


def running(house):
    house.press()
    house.run(4)
    assert house.state == pump.RUNNING and house.well.closed
    return house


# -- who may grant --------------------------------------------------------------------------


def issuer(secret):
    return signed.key_id(secret[64:])


def test_a_grant_of_the_root_and_of_an_office_of_the_list_are_taken():
    house = a_house()
    offer(house, a_grant(100), sort="grant")
    offer(house, a_list(), sort="keys")
    offer(house, a_grant(200, 2, COUNTY, issuer=issuer(COUNTY)), sort="grant")
    assert house.app.rights.seq == 2 and noted(house) == []
    offer(house, a_grant(300, 3, issuer=issuer(REGULATOR)), sort="grant")
    assert house.app.rights.seq == 3
    again = house.again()
    assert again.app.rights.seq == 3 and again.app.parts.keys.seq == 1
    offer(again, a_grant(400, 4, COUNTY, issuer=issuer(COUNTY)), sort="grant")
    assert again.app.rights.seq == 4 and again.app.rights.row(grant.WATER, UTC)["ceiling"] == 400


def test_a_grant_of_an_office_that_may_only_order_is_refused():
    house = a_house()
    offer(house, a_list(offices=((1, key_list.ORDERS, COUNTY),)), sort="keys")
    offer(house, a_grant(200, 2, COUNTY, issuer=issuer(COUNTY)), sort="grant")
    assert house.app.rights.seq == 0 and noted(house) == [causes.GRANT_REFUSED_SIGNATURE]


def test_every_refused_grant_says_why():
    for data, cause in (
        (b"", causes.GRANT_REFUSED_FORM),
        (a_grant(1)[:-1], causes.GRANT_REFUSED_FORM),
        (a_grant(1, secret=BENCH, seq=5), causes.GRANT_REFUSED_SIGNATURE),
        (a_grant(1, seq=5, site="site-2"), causes.GRANT_REFUSED_SITE),
        (a_grant(1, seq=1), causes.GRANT_REFUSED_SEQ),
        (a_grant(1, seq=5, flags=grant.FLAG_STRICT, head_chain=9, head_seq=9), causes.GRANT_REFUSED_HEAD),
    ):
        house = ready(100)
        offer(house, data, sort="grant")
        assert noted(house) == [cause] and house.app.rights.seq == 1
        assert house.last(record.EVENT)["subject"] == (0 if cause == causes.GRANT_REFUSED_FORM else data[4])


def test_a_grant_that_names_a_head_this_chain_does_not_hold_is_taken_and_raised():
    house = ready(100)
    offer(house, a_grant(200, 2, head_chain=1, head_seq=2, head_h=b"x" * 32), sort="grant")
    assert house.app.rights.seq == 2 and noted(house) == [causes.GRANT_HEAD_UNKNOWN]


# -- key lists ---------------------------------------------------------------------------------


def test_every_refused_key_list_says_why():
    for data, cause in (
        (b"x", causes.ORDER_REFUSED_FORM),
        (a_list(1), causes.ORDER_REFUSED_SEQ),
        (a_list(3, COUNTY), causes.ORDER_REFUSED_SIGNATURE),
    ):
        house = a_house()
        offer(house, a_list(2), sort="keys")
        offer(house, data, sort="keys")
        assert noted(house) == [cause] and house.app.parts.keys.seq == 2


def test_two_lists_in_flight_leave_the_newer_one_and_say_so():
    house = a_house()
    offer(house, a_list(3), a_list(2), sort="keys")
    assert house.app.parts.keys.seq == 3 and noted(house) == [causes.ORDER_REFUSED_SEQ]


def test_a_key_that_a_list_in_flight_ends_signs_nothing_that_came_behind_it():
    house = a_house()
    offer(house, a_list(1), sort="keys")
    house.app.offers.keys(a_list(2, offices=((1, 3, SUCCESSOR),)))
    house.app.offers.order(an_order(order.SEAL, 1, 1, COUNTY))
    house.app.offers.grant(a_grant(900, 2, COUNTY, issuer=issuer(COUNTY)))
    settle(house)
    assert house.app.parts.keys.seq == 2 and house.app.parts.orders.count == house.app.rights.seq == 0
    assert noted(house) == [causes.ORDER_REFUSED_SIGNATURE, causes.GRANT_REFUSED_SIGNATURE]


def test_a_list_whose_object_is_lost_leaves_the_root_and_no_older_list_returns():
    house = a_house()
    offer(house, a_list(2), sort="keys")
    for place in (0, 1):
        house.nor.erase(objects.KEY_LIST + place)
    again = a_house(nor=house.nor.copy(), fram=house.fram.copy(), utc_s=UTC + 100)
    assert again.app.parts.keys.seq == 0
    offer(again, a_list(1), sort="keys")
    assert again.app.parts.keys.seq == 0 and noted(again) == [causes.ORDER_REFUSED_SEQ]
    offer(again, a_list(2), sort="keys")
    assert again.app.parts.keys.seq == 2


# -- orders ------------------------------------------------------------------------------------


def test_a_stop_and_a_seal_stop_what_runs_and_a_lift_lets_a_person_start_again():
    for kind, cause in ((order.STOP, causes.ORDER_STOP), (order.SEAL, causes.SEALED)):
        house = running(ready(10_000))
        offer(house, an_order(kind))
        house.run(6)
        assert not house.well.closed and house.last(record.STOP)["cause"] == cause
        assert house.app.controller.recorder.status & flags.ORDERED
        house.press()
        house.run(3)
        assert house.port.said[-1] == "coil 0" and house.last(record.EVENT)["subject"] == cause
        offer(house, a_lift(1, 2))
        assert house.app.parts.orders.count == 0
        running(house)
        house.check_chain()


def test_every_refused_order_says_why_and_which():
    for data, cause, seq in (
        (b"", causes.ORDER_REFUSED_FORM, 0),
        (a_grant(1), causes.ORDER_REFUSED_FORM, 0),
        (an_order(target="site-2", seq=5), causes.ORDER_REFUSED_SITE, 5),
        (an_order(scope=order.AREA, target="410105-S", seq=5), causes.ORDER_REFUSED_SITE, 5),
        (an_order(office=9, secret=COUNTY, seq=5), causes.ORDER_REFUSED_OFFICE, 5),
        (an_order(seq=1), causes.ORDER_REFUSED_SEQ, 1),
        (an_order(seq=5, secret=BENCH), causes.ORDER_REFUSED_SIGNATURE, 5),
        (a_lift(7, 5, lift_office=1), causes.ORDER_REFUSED_SEQ, 5),
    ):
        house = a_house()
        offer(house, an_order())
        offer(house, data)
        assert noted(house) == [cause] and house.app.parts.orders.last_seq == 1
        event = house.last(record.EVENT)
        assert event["subject"] == seq
        assert event_details.decode(cause, event["detail"]) == {"digest": signed.digest(data)[:24]}
        assert house.last(record.ORDER)["object_seq"] == 1


def test_the_order_of_an_area_reaches_the_sites_in_it():
    nor, fram = memories(config=a_config(areas=["410105-N"]))
    house = a_house(nor=nor, fram=fram)
    offer(house, an_order(scope=order.AREA, target="410105-N", basis=order.AREA_LEVEL))
    assert house.app.parts.orders.count == 1


def test_no_more_orders_than_fit_and_the_next_is_told_so():
    house = a_house()
    for seq in range(1, 10):
        offer(house, an_order(seq=seq))
    assert house.app.parts.orders.count == 8 and noted(house) == [causes.ORDER_REFUSED_FULL]
    again = house.again()
    assert again.app.parts.orders.count == 8 and again.app.parts.orders.last_seq == 8


def test_the_same_order_twice_in_flight_is_taken_once():
    house = a_house()
    offer(house, an_order(), an_order())
    assert house.app.parts.orders.count == 1 and noted(house) == [causes.ORDER_REFUSED_SEQ]
    assert [values["kind"] for values in house.records()].count(record.ORDER) == 1


def test_what_was_taken_before_a_restart_is_refused_after_it():
    house = a_house()
    offer(house, a_list(), sort="keys")
    offer(house, an_order(), an_order(order.SEAL, 1, 1, COUNTY))
    offer(house, a_lift(1, 2))
    again = house.again()
    assert again.app.parts.orders.count == 1 and again.app.parts.orders.last_seq == 2
    again.run(4)
    for data in (an_order(), an_order(order.SEAL, 1, 1, COUNTY), a_lift(1, 2)):
        offer(again, data)
    assert noted(again) == 3 * [causes.ORDER_REFUSED_SEQ] and again.app.parts.orders.count == 1
    assert again.last(record.BOOT)["order_seq"] == 2


def test_an_order_that_ends_is_gone_after_a_restart_too_and_its_number_stays():
    house = a_house()
    offer(house, an_order(until_utc_s=UTC + 60), an_order(order.SEAL, 2))
    house.run(80)
    assert house.app.parts.orders.count == 1
    again = house.again()
    assert again.app.parts.orders.count == 1 and again.app.parts.orders.last_seq == 2
    again.run(10)
    ended = [values["cause"] for values in house.records() + again.records()].count(causes.ORDER_ENDED)
    assert ended == 2  # once, and seen in both lists


# -- floods -------------------------------------------------------------------------------------


def test_a_flood_is_a_few_notes_and_then_one_a_minute():
    house = a_house()
    for _ in range(300):
        house.app.offers.grant(b"x")
        house.app.offers.order(b"x")
        house.turn()
    house.run(1)
    assert 8 <= len(noted(house)) <= 9
    house.run(61)
    house.app.offers.keys(b"x")
    house.run(1)
    assert 9 <= len(noted(house)) <= 11


def test_forged_objects_fill_the_queue_and_nothing_else():
    house = running(ready(10_000))
    for seq in range(2, 60):
        house.app.offers.grant(a_grant(5, seq, secret=BENCH))
    assert house.app.background.refused == 50
    settle(house)
    assert house.state == pump.RUNNING and house.app.rights.seq == 1
    offer(house, an_order())
    house.run(2)
    assert not house.well.closed


def test_orders_and_lists_come_down_the_link_as_grants_do():
    house = a_house(broker=True)
    house.run(8)
    for kind, data in ((link.KEYS, a_list()), (link.ORDER, an_order(order.SEAL, 1, 1, COUNTY))):
        house.port.broker.send(bytes((kind,)) + data)
        house.run(2)
    assert house.app.parts.keys.seq == 1 and house.app.parts.orders.is_sealed
    states = [payload for topic, payload in house.port.broker.published if topic == link.topic(NAME, "state")]
    assert states


# -- memories that fail ---------------------------------------------------------------------------


def test_with_a_dead_store_a_stop_holds_until_power_loss_and_nothing_else_is_taken():
    house = running(ready(10_000))
    offer(house, an_order(order.HOURS, 1, from_min=0, to_min=1439))
    house.nor.bad = RING
    offer(house, an_order(order.STOP, 2))
    offer(house, a_lift(1, 3))
    offer(house, a_grant(9, 2), sort="grant")
    offer(house, a_list(), sort="keys")
    house.run(5)
    assert not house.well.closed and house.app.parts.orders.count == 2
    assert house.app.rights.seq == 1 and house.app.parts.keys.seq == 0
    head = house.app.journal.head
    assert (head["order_seq"], head["grant_seq"], head["key_list_seq"]) == (1, 1, 0)
    house.nor.bad = (0, 0)
    again = house.again()
    assert again.app.parts.orders.count == 1 and again.app.parts.orders.last_seq == 1
    again.run(5)
    again.check_chain()


def test_a_stop_that_the_memory_did_not_take_is_written_when_the_gateway_offers_it_again():
    house = ready(10_000)
    house.nor.bad = RING
    offer(house, an_order())
    writes = house.nor.mains.writes
    offer(house, an_order())
    assert house.nor.mains.writes == writes  # no sector is worn for a memory that takes nothing
    house.nor.bad = (0, 0)
    house.press()  # refused, and that is a record
    house.run(2)
    offer(house, an_order())
    assert house.last(record.ORDER)["object_seq"] == 1 and noted(house) == []
    assert house.again().app.parts.orders.count == 1


def test_a_store_that_fails_at_any_write_of_an_object_leaves_the_old_one_whole():
    for sort, first, second in (
        ("grant", a_grant(100), a_grant(200, 2)),
        ("keys", a_list(), a_list(2)),
        ("order", an_order(), a_lift(1, 2)),
    ):
        at = 0
        while True:
            house = a_house()
            offer(house, first, sort=sort)
            calls = [0]
            for name in ("erase", "program"):
                _fail_at(house.nor, name, calls, at)
            offer(house, second, sort=sort)
            for name in ("erase", "program"):
                delattr(house.nor, name)
            seqs = house.app.rights.seq, house.app.parts.keys.seq, house.app.parts.orders.last_seq
            again = house.again()
            found = again.app.rights.seq, again.app.parts.keys.seq, again.app.parts.orders.last_seq
            assert found == seqs, (sort, at, seqs, found)
            assert again.app.parts.orders.count == (sort == "order" and max(seqs) == 1)
            again.run(3)
            again.check_chain()
            if calls[0] <= at:
                assert max(seqs) == 2
                break
            at += 1
        assert at >= 2


def _fail_at(memory, name, calls, at):
    function = getattr(memory, name)

    def counted(*arguments):
        calls[0] += 1
        if calls[0] - 1 == at:
            raise OSError(5)
        return function(*arguments)

    setattr(memory, name, counted)


def test_no_room_for_the_record_of_an_object_leaves_the_head_as_it_was():
    for sort, data in (("grant", a_grant(200, 2)), ("keys", a_list(2)), ("order", an_order(seq=2))):
        house = ready(100)
        before = dict(house.app.journal.head)
        commit = house.app.offers._commit
        house.app.offers._commit = _raise(MemoryError)
        offer(house, data, sort=sort)
        house.app.offers._commit = commit
        head = house.app.journal.head
        for name in ("grant", "key_list", "order"):
            assert (head[name + "_seq"], head[name + "_place"]) == (
                before[name + "_seq"], before[name + "_place"],
            )  # fmt: skip
        offer(house, data, sort=sort)
        seqs = {"grant": house.app.rights.seq, "keys": house.app.parts.keys.seq}
        seqs["order"] = house.app.parts.orders.last_seq
        assert seqs[sort] == 2 and house.again().app.journal.head["seq"] >= head["seq"]


def test_an_error_behind_the_commit_of_an_object_leaves_it_in_force():
    house = ready(100)
    commit = house.app.offers._commit

    def late(values):
        commit(values)
        raise MemoryError

    house.app.offers._commit = late
    offer(house, a_grant(200, 2), sort="grant")
    assert house.app.rights.seq == house.app.journal.head["grant_seq"] == 2
    assert house.again().app.rights.seq == 2


def _raise(error):
    def failing(*arguments):
        raise error

    return failing


# -- power cuts ------------------------------------------------------------------------------------


def test_a_cut_at_every_write_of_every_sort_leaves_what_the_chain_says():
    def act(house):
        for sort, data in (
            ("keys", a_list()),
            ("order", an_order(seq=1)),
            ("order", an_order(order.SEAL, 1, 1, COUNTY)),
            ("order", a_lift(1, 2)),
            ("grant", a_grant(100)),
            ("keys", a_list(2)),
            ("order", an_order(order.HOURS, 2, 1, COUNTY, from_min=0, to_min=5)),
        ):
            offer(house, data, sort=sort)

    house = a_house()

    def look(nor, fram):
        _check_chain_rules(House(nor, fram, house.well.copy(), UTC + 100))

    assert at_every_cut(house.nor, house.fram, lambda: act(house), look, (0, 60, 100)) > 30


def _check_chain_rules(house):
    """What is in force is exactly what the records name."""
    records = house.records()
    named: dict = {record.GRANT: [], record.KEYS: [], record.ORDER: []}
    for values in records:
        if values["kind"] in named:
            named[values["kind"]].append(values)
    parts = house.app.parts
    for kind, seq in ((record.GRANT, parts.rights.seq), (record.KEYS, parts.keys.seq)):
        assert seq == (named[kind][-1]["object_seq"] if named[kind] else 0)
    # The story's orders: stop 1 of the root, seal 1 of the county, lift 2 of the root, hours 2 of the county.
    expected = (0, 1, 2, 1, 2)[len(named[record.ORDER])]
    assert parts.orders.count == expected, (parts.orders.count, len(named[record.ORDER]))


def rebuilt(house):
    """The same house behind a lost head."""
    house.fram.write(0, bytes(4096))
    found = House(house.nor.copy(), house.fram.copy(), house.well.copy(), UTC + 1000)
    assert found.app.journal.is_rebuilt
    return found


def test_a_lost_head_finds_grant_orders_and_list_again_each_at_the_place_its_record_names():
    for orders in range(1, 4):
        for unrecorded in (False, True):
            house = a_house()
            offer(house, a_list(), sort="keys")
            offer(house, a_list(2), sort="keys")
            offer(house, a_grant(100), sort="grant")
            offer(house, a_grant(200, 2), sort="grant")
            for seq in range(1, orders + 1):
                offer(house, an_order(seq=seq))
            if unrecorded:
                house.app.offers._commit = _raise(StoreFailed)
                offer(house, a_lift(order.EVERY, 9))  # written beside, never recorded
                offer(house, a_grant(300, 3), sort="grant")
                offer(house, a_list(3), sort="keys")
            found = rebuilt(house)
            assert found.app.parts.orders.count == found.app.parts.orders.last_seq == orders
            assert found.app.rights.seq == 2 and found.app.parts.keys.seq == 2
            found.run(5)
            offer(found, an_order(seq=orders + 1))
            assert found.again().app.parts.orders.count == orders + 1
            found.check_chain()


def test_with_head_and_record_out_of_reach_the_higher_number_counts():
    house = a_house()
    offer(house, a_list(), sort="keys")
    offer(house, an_order(seq=1), an_order(seq=2))
    offer(house, a_grant(100), sort="grant")
    for _ in range(160):  # the ring holds 124
        house.app.records.event(causes.WARNING_LINE)
        house.turn()
    house.run(1)
    found = rebuilt(house)
    assert found.app.parts.orders.count == 2 and found.app.parts.keys.seq == 1 and found.app.rights.seq == 1


def test_head_and_ring_lost_the_grant_comes_back_with_its_signature_and_a_record_of_its_own():
    house = a_house()
    offer(house, a_grant(100), sort="grant")
    offer(house, a_grant(200, 2), sort="grant")
    offer(house, an_order(order.SEAL))
    house.fram.write(0, bytes(4096))
    for sector in range(objects.SECTORS, objects.SECTORS + 4):
        house.nor.erase(sector)
    found = House(house.nor.copy(), house.fram.copy(), house.well.copy(), UTC + 1000)
    assert found.app.rights.seq == 0 and found.app.parts.orders.is_sealed
    settle(found)
    assert found.app.rights.seq == 2 and found.last(record.GRANT)["object_seq"] == 2
    # And one that nobody signed is not.
    objects.write(house.nor, objects.GRANT, 0, a_grant(9_999, 7, secret=BENCH))
    found = House(house.nor.copy(), house.fram.copy(), house.well.copy(), UTC + 1000)
    settle(found)
    assert found.app.rights.seq == 0 and noted(found) == [causes.GRANT_REFUSED_SIGNATURE]


def test_a_damaged_blob_of_orders_leaves_the_one_before_it():
    house = a_house()
    offer(house, an_order(order.SEAL, 1), an_order(seq=2))
    place = house.app.journal.head["order_place"]
    house.nor.erase(objects.ORDER + place)
    again = house.again()
    assert again.app.parts.orders.is_sealed and again.app.parts.orders.last_seq == 1
    again.run(4)
    assert again.last(record.BOOT)["order_seq"] == 1  # so the gateway sends again what is newer
    offer(again, an_order(seq=2))
    assert again.again().app.parts.orders.count == 2


def test_an_object_of_another_firmware_stops_no_start():
    house = a_house()
    offer(house, a_list(), sort="keys")
    offer(house, an_order())
    offer(house, a_grant(100), sort="grant")
    for sort in (objects.KEY_LIST, objects.ORDER, objects.GRANT):
        for place in (0, 1):
            objects.write(house.nor, sort, place, b"\xff" * 100)
    again = house.again()
    again.run(4)
    assert again.app.parts.keys.seq == again.app.rights.seq == again.app.parts.orders.count == 0
