"""Who has lost what it had accepted gets it again: restored memories, new chains, swapped boxes."""

from itertools import pairwise

import pytest

from karez_gateway.controllers import enrolment
from karez_gateway.downlink import offering, redelivery
from karez_gateway.intake.ingest import Frame
from karez_gateway.operation.status import status
from karez_gateway.store import downlinks
from karez_protocols import causes, order, record

from .county import RECEIVED_UTC_S, create, opened
from .papers import COUNTY, COUNTY_KEY, TOWN, TOWN_KEY, accept, make_keys, make_lift, make_order, state_of
from .synthetic import SyntheticController, make_grant
from .test_orders import delivered, give, give_keys, publish, refuse, report, shown

NOW_S = 1_790_200_000

KEYS = make_keys(1, (COUNTY, COUNTY_KEY), (TOWN, TOWN_KEY))
COUNTY_STOP = make_order("well-1", 20, office=COUNTY, key=COUNTY_KEY)
TOWN_STOP = make_order("well-1", 9, office=TOWN, key=TOWN_KEY)


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


@pytest.fixture
def county(tmp_path, box):
    """A gateway whose well has taken a list and an order of each office."""
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        give_keys(found, KEYS)
        give(found, COUNTY_STOP)
        give(found, TOWN_STOP)
        delivered(found, box, KEYS, COUNTY_STOP, TOWN_STOP)
        box.interval(5)
        report(found, box)
        yield found


def look(county, box, now_s=NOW_S, **state):
    """The controller's state arrives; True if it had lost something."""
    said = state_of(box, order_seq=20) | state
    return county.downlinks.heard({box.name: said}, [], now_s) == [box.name]


def test_a_state_that_is_as_it_should_be_costs_nothing(county, box):
    assert not look(county, box)
    assert publish(county) == []


@pytest.mark.parametrize(
    "state",
    [{"order_seq": 0}, {"last_seq": 1}, {"chain": 2}, {"last_seq": 2, "order_seq": 20}],
    ids=["numbers gone", "memory of before the orders", "new chain", "hidden by the highest number"],
)
def test_a_controller_restored_from_an_old_memory_gets_all_again_in_order(county, box, state):
    assert look(county, box, **state)
    assert {one[0] for one in shown(county).values()} == {"logged"}
    delivered(county, box, KEYS, COUNTY_STOP, TOWN_STOP)
    assert {one[0] for one in shown(county).values()} == {"accepted"}
    facts = status(county.store, county.config)
    assert [one["times_again"] for one in facts["downlinks"]] == [1, 1, 1]
    assert not look(county, box)


def test_the_highest_number_of_all_offices_hides_what_the_chain_shows(county, box):
    """The memory of before the town's order: the county's number is higher, and stands in the state."""
    assert look(county, box, order_seq=20, last_seq=2)
    assert publish(county) == [KEYS]


def test_another_branch_of_the_chain_voids_the_proof_though_it_is_longer_by_now(county, box):
    twin = SyntheticController("a", "well-1")
    for _ in range(9):
        twin.interval(3)  # begins where the restored memory began
    county.take(twin, *twin.payloads())
    county.work()
    assert look(county, box, last_seq=9)
    assert publish(county) == [KEYS]


def test_a_state_that_overtook_the_record_is_no_loss(county, box):
    assert not look(county, box, now_s=RECEIVED_UTC_S + 9, last_seq=1)
    assert look(county, box, now_s=RECEIVED_UTC_S + 10, last_seq=1)


def test_what_is_there_after_all_says_so_by_refusing_and_counts_as_taken(county, box):
    assert look(county, box, chain=2)
    box = box.next_chain()
    box.interval(1)
    box.reported = box.seq - 1
    for paper in (KEYS, COUNTY_STOP, TOWN_STOP):
        assert publish(county) == [paper]
        refuse(county, box, causes.ORDER_REFUSED_SEQ, paper)
    assert set(shown(county).values()) == {("accepted", None)}
    assert not look(county, box)


def test_a_memory_that_forgets_at_once_is_served_ever_less_often(county, box):
    served = []
    for now_s in range(NOW_S, NOW_S + 700, 10):
        if not look(county, box, now_s=now_s, order_seq=0):
            continue
        served.append(now_s)
        for paper in (KEYS, COUNTY_STOP, TOWN_STOP):
            assert publish(county, now_s) == [paper]
            accept(box, paper)
            county.ingest.take([Frame(box.name, box.frame(box.seq), now_s)])
            county.work()
    assert [b - a for a, b in pairwise(served)] == [20, 40, 80, 160, 320]


def test_what_is_given_again_is_published_ever_less_often_up_to_an_hour(county, box):
    look(county, box, order_seq=0)
    times = [now_s for now_s in range(NOW_S, NOW_S + 9_000, 5) if KEYS in publish(county, now_s)]
    assert [b - a for a, b in pairwise(times)][-5:] == [320, 640, 1280, 2560, 3600]


def test_a_lost_grant_is_given_again_and_nothing_else(county, box):
    grants = [make_grant("well-1", seq, 5_000) for seq in (1, 2)]
    for one in grants:
        enrolment.queue_grant(county.store, one)
        publish(county)
        box.accept_grant(one)
        report(county, box)
    assert not look(county, box, grant_seq=2)
    assert look(county, box, grant_seq=1)
    assert publish(county) == [grants[1]]
    assert not look(county, box, grant_seq=1)
    box.refuse(causes.GRANT_REFUSED_SEQ, grants[1], 2)
    report(county, box)
    with county.store.reading() as connection:
        assert downlinks.grants_of(connection, 1)[1].state == "accepted"


def test_a_grant_that_came_by_card_first_is_not_called_refused_and_another_of_its_number_is(county, box):
    card, other = make_grant("well-1", 1, 5_000), make_grant("well-1", 1, 6_000)
    box.accept_grant(card)
    report(county, box)
    for grant in (card, other):
        enrolment.queue_grant(county.store, grant)
        assert publish(county, NOW_S, {box.name: state_of(box, grant_seq=1)}) == [grant]
        box.refuse(causes.GRANT_REFUSED_SEQ, grant, 1)
        report(county, box)
    with county.store.reading() as connection:
        states = [one.state for one in downlinks.grants_of(connection, 1)]
    assert states == ["accepted", "refused"]


def test_a_grant_whose_number_the_state_shows_is_not_published_again(county, box):
    grant = make_grant("well-1", 1, 5_000)
    enrolment.queue_grant(county.store, grant)
    assert publish(county, NOW_S, {box.name: state_of(box)}) == [grant]
    assert publish(county, NOW_S + 5, {box.name: state_of(box, grant_seq=1)}) == []


def needed(county):
    with county.store.reading() as connection:
        held = downlinks.of_controller(connection, 1, record.ORDER, record.KEYS)
        return [one.body for one in redelivery.needed(held, NOW_S)]


def test_what_its_own_office_lifted_is_not_given_again_but_the_lift_is(county, box):
    lift = make_lift("well-1", 21, 20, office=COUNTY, key=COUNTY_KEY)
    give(county, lift)
    delivered(county, box, lift)
    assert needed(county) == [KEYS, TOWN_STOP, lift]
    assert look(county, box, order_seq=0)
    assert shown(county)["well-1", COUNTY, 20] == ("over", None)
    delivered(county, box, KEYS, TOWN_STOP, lift)
    assert not look(county, box, order_seq=21)


def test_what_the_root_lifted_is_given_with_its_lift(county, box):
    lift = make_lift("well-1", 1, 9, lift_office=TOWN)
    give(county, lift)
    assert needed(county) == [KEYS, COUNTY_STOP, TOWN_STOP, lift]


def test_an_order_that_is_over_is_not_given_again_nor_the_roots_lift_of_it(county, box):
    over = make_order("well-1", 10, office=TOWN, key=TOWN_KEY, until_utc_s=NOW_S)
    on = make_order("well-1", 11, office=TOWN, key=TOWN_KEY, until_utc_s=NOW_S + 1)
    give(county, over)
    give(county, on)
    give(county, make_lift("well-1", 1, 10, lift_office=TOWN))
    assert needed(county) == [KEYS, COUNTY_STOP, TOWN_STOP, on]


def test_a_list_that_an_order_was_signed_under_is_given_before_it(county, box):
    newer = make_keys(2, (COUNTY, TOWN_KEY))
    give_keys(county, newer)
    lift = make_lift("well-1", 21, order.EVERY, office=COUNTY, key=TOWN_KEY)
    give(county, lift)
    assert needed(county) == [KEYS, TOWN_STOP, newer, lift]
    give(county, make_lift("well-1", 1, order.EVERY, lift_office=TOWN))
    assert needed(county)[:2] == [KEYS, TOWN_STOP]


# -- another box ---------------------------------------------------------------------------


def queued_for(county, name):
    with county.store.reading() as connection:
        return [one.body for one in downlinks.everything(connection) if one.controller == name]


def test_a_spare_at_the_site_gets_its_last_grant_its_orders_and_their_list(county, box):
    for seq in (1, 2):
        enrolment.queue_grant(county.store, make_grant("well-1", seq, 5_000))
    spare = SyntheticController("spare", "well-1")
    county.enrol(spare)
    assert queued_for(county, spare.name) == [make_grant("well-1", 2, 5_000), KEYS, COUNTY_STOP, TOWN_STOP]
    county.downlinks.log_queued(NOW_S)
    here = [one for one in county.downlinks.due(NOW_S) if one.controller == spare.name]
    assert [one.body for one in here] == [make_grant("well-1", 2, 5_000), KEYS]


def test_a_new_well_gets_what_was_brought_in_for_all_and_no_more(county):
    county.enrol(SyntheticController("b", "well-2"))
    offering.queue_order(county.store, make_order("area:N", 3), NOW_S, is_for_all=True)
    new = SyntheticController("n", "well-new")
    county.enrol(new)
    assert queued_for(county, new.name) == [KEYS, make_order("area:N", 3)]


def test_who_is_enrolled_twice_inherits_once(county, box):
    before = len(queued_for(county, box.name))
    county.enrol(box)
    assert len(queued_for(county, box.name)) == before


def test_a_newer_list_taken_ends_an_older_one_on_its_way(county, box):
    newer, newest = make_keys(2, (COUNTY, COUNTY_KEY)), make_keys(3, (COUNTY, COUNTY_KEY))
    give_keys(county, newer)
    give_keys(county, newest)
    publish(county)
    accept(box, newest)
    report(county, box)
    assert shown(county)["well-1", None, 2] == ("superseded", None)
    assert shown(county)["well-1", None, 3] == ("accepted", None)
