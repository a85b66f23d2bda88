"""Orders and key lists on their way: who may sign, who gets them, in which order, and what is proof."""

from itertools import pairwise

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from karez_gateway.controllers import enrolment
from karez_gateway.downlink import offering, stage
from karez_gateway.downlink.stage import payload
from karez_gateway.errors import Refused
from karez_gateway.operation.status import status
from karez_gateway.operation.statustext import lines
from karez_gateway.store import downlinks, engines
from karez_gateway.store.database import MIGRATIONS, Database
from karez_protocols import causes, entry, link, order, record

from .county import create, opened
from .papers import COUNTY, COUNTY_KEY, TOWN, TOWN_KEY, accept, make_keys, make_lift, make_order, state_of
from .synthetic import SyntheticController, key_of, make_grant

NOW_S = 1_790_200_000


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


@pytest.fixture
def county(tmp_path, box):
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        yield found


def give(county, data, **who):
    return offering.queue_order(county.store, data, NOW_S, **who)


def give_keys(county, data, **who):
    return offering.queue_keys(county.store, data, NOW_S, **who)


def shown(county):
    """{(site, office, seq): (state, cause)} of orders and lists; a list's office is None."""
    with county.store.reading() as connection:
        return {
            (one.site, one.office, one.object_seq): (one.state, one.cause)
            for one in downlinks.everything(connection)
            if one.sort != record.GRANT
        }


def publish(county, now_s=NOW_S, states=None):
    """What the service does each half second; return what was handed to the broker."""
    county.downlinks.log_queued(now_s)
    due = county.downlinks.due(now_s, states or {})
    county.downlinks.sent(due, now_s)
    return [one.body for one in due]


def report(county, box, first=None):
    """The controller's records since `first` (all that were not sent) arrive and are verified."""
    first = first or getattr(box, "reported", 0) + 1
    county.take(box, *box.payloads(first))
    box.reported = box.seq
    county.work()


def refuse(county, box, cause, paper):
    box.refuse(cause, paper)
    report(county, box)


def delivered(county, box, *papers):
    """Papers that went all the way."""
    for data in papers:
        assert publish(county, NOW_S) == [data]
        accept(box, data)
        report(county, box)


# -- from the desk into the log ------------------------------------------------------------


def test_an_order_is_in_the_log_before_it_is_published(county):
    stop = make_order("well-1", 1)
    assert give(county, stop).targets[0].site == "well-1"
    assert county.downlinks.due(NOW_S) == []
    assert publish(county) == [stop]
    values = entry.decode(county.sequencer.log.entry(0))
    assert (values["entry"], values["sort"], values["object"]) == (entry.OBJECT, record.ORDER, stop)


def test_each_sort_travels_in_its_own_envelope(county):
    stop, keys, grant = (
        make_order("well-1", 1),
        make_keys(1, (COUNTY, COUNTY_KEY)),
        make_grant("well-1", 1, 5),
    )
    give(county, stop)
    give_keys(county, keys)
    enrolment.queue_grant(county.store, grant)
    county.downlinks.log_queued(NOW_S)
    with county.store.reading() as connection:
        found = [link.decode_down(payload(one)) for one in downlinks.everything(connection)]
    assert found == [(link.ORDER, stop), (link.KEYS, keys), (link.GRANT, grant)]


def test_an_order_for_an_area_is_one_entry_and_goes_to_every_well_asked_for(county):
    county.enrol(SyntheticController("b", "well-2"), SyntheticController("c", "well-3"))
    stop = make_order("area:N", 1)
    assert [one.site for one in give(county, stop, wells=["well-1", "well-3"]).targets] == [
        "well-1",
        "well-3",
    ]
    assert publish(county) == [stop, stop]
    assert county.sequencer.log.size == 1
    later = give(county, stop, is_for_all=True)
    assert [one.site for one in later.targets] == ["well-2"]
    assert len(later.left_out) == 2 and "taken before" in later.left_out[0]
    assert publish(county) == [stop] and county.sequencer.log.size == 1


def test_status_counts_the_wells_of_an_area_and_names_the_open_cases(county, box):
    others = [SyntheticController(f"n{number}", f"well-n{number}") for number in range(11)]
    county.enrol(*others)
    give(county, make_order("area:N", 1), is_for_all=True)
    publish(county)
    accept(box, make_order("area:N", 1))
    report(county, box)
    for _ in range(2):
        refuse(county, others[0], causes.ORDER_REFUSED_SITE, make_order("area:N", 1))
        publish(county, NOW_S + 5)
    told = [one for one in lines(status(county.store, county.config)) if one.startswith("order 1")]
    assert told[0] == "order 1 of the root (stop for area N) for 12 wells: accepted 1, refused 1, sent 10"
    assert len(told) == 9 and all(": sent after 2 sendings" in one for one in told[1:])
    assert "  and 2 more wells; --json names them all" in lines(status(county.store, county.config))


def test_the_controllers_record_of_its_digest_is_the_proof(county, box):
    give(county, make_order("well-1", 1))
    publish(county)
    accept(box, make_order("well-1", 1, kind=order.SEAL))  # another paper of that number
    report(county, box)
    assert shown(county) == {("well-1", 0, 1): ("sent", None)}
    accept(box, make_order("well-1", 1))
    report(county, box)
    assert shown(county) == {("well-1", 0, 1): ("accepted", None)}
    (well,) = status(county.store, county.config)["controllers"]
    assert well["holds"]["orders"] == [{"office": 0, "seq": 1}] and well["holds"]["on_the_way"] == 0


def test_without_an_answer_it_is_published_ever_less_often(county):
    give(county, make_order("well-1", 1))
    times = [now_s for now_s in range(NOW_S, NOW_S + 1500) if publish(county, now_s)]
    assert [b - a for a, b in pairwise(times)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


# -- what we would refuse is not carried ---------------------------------------------------

FORGER = key_of("forger")


@pytest.mark.parametrize(
    ("data", "who", "why"),
    [
        (make_order("well-1", 1, key=FORGER), {}, "the root .* did not sign order 1 of the root"),
        (make_order("well-9", 1), {}, "no controller is enrolled there: enrol its binding first"),
        (make_order("well-1", 1), {"wells": ["well-2"]}, "for site well-1, not for well-2"),
        (make_order("area:N", 1), {}, "name them with --well, or say --all"),
        (make_order("area:N", 1), {"wells": ["well-1"], "is_for_all": True}, "not both"),
        (make_order("area:N", 1), {"wells": ["well-9"]}, "no well is called well-9"),
        (
            make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY),
            {},
            "office 1: that office is in no key list",
        ),
        (make_grant("well-1", 1, 5), {}, "this is no order"),
        (b"", {}, "this is no order"),
    ],
)
def test_an_order_we_would_refuse_is_not_carried_and_the_sentence_says_why(county, data, who, why):
    county.enrol(SyntheticController("b", "well-2"))
    with pytest.raises(Refused, match=why):
        give(county, data, **who)
    assert shown(county) == {}


@pytest.mark.parametrize("cut", range(0, 132, 11))
def test_half_an_order_is_none(county, cut):
    with pytest.raises(Refused, match="this is no order"):
        give(county, make_order("well-1", 1)[:cut])


def test_an_older_number_of_the_office_is_not_carried_and_one_taken_before_neither(county):
    give(county, make_order("well-1", 5))
    with pytest.raises(Refused, match=r"not newer than order 5 .* has to give it a new number"):
        give(county, make_order("well-1", 4))
    with pytest.raises(Refused, match=r"taken before for .*; it is queued"):
        give(county, make_order("well-1", 5))
    give(county, make_order("well-1", 6))


def test_what_the_controller_refused_has_not_moved_its_numbers(county, box):
    forged = make_order("well-1", 9, key=FORGER)
    offering.queue_unchecked(county.store, forged, record.ORDER, NOW_S, wells=["well-1"])
    publish(county)
    refuse(county, box, causes.ORDER_REFUSED_SIGNATURE, forged)
    assert shown(county)["well-1", 0, 9] == ("refused", causes.ORDER_REFUSED_SIGNATURE)
    give(county, make_order("well-1", 1))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (make_keys(1, (COUNTY, COUNTY_KEY), key=COUNTY_KEY), "the root .* did not sign key list 1"),
        (make_order("well-1", 1), "this is no key list"),
        (b"x" * 70, "this is no key list"),
    ],
)
def test_a_list_we_would_refuse_is_not_carried(county, data, why):
    with pytest.raises(Refused, match=why):
        give_keys(county, data)
    assert shown(county) == {}


def test_an_older_list_is_not_carried(county):
    give_keys(county, make_keys(2, (COUNTY, COUNTY_KEY)))
    for seq in (1, 2):
        with pytest.raises(Refused, match="not newer than list 2"):
            give_keys(county, make_keys(seq, (TOWN, TOWN_KEY)))


def test_without_a_controller_nobody_gets_a_list(tmp_path):
    with opened(create(tmp_path / "g")) as empty, pytest.raises(Refused, match="enrol bindings first"):
        give_keys(empty, make_keys(1))


def test_unchecked_bytes_need_wells_and_fit_a_frame(county):
    with pytest.raises(Refused, match="--well"):
        offering.queue_unchecked(county.store, b"nonsense", record.ORDER, NOW_S, wells=[])
    for size in (0, 600):
        with pytest.raises(Refused, match="cannot be carried"):
            offering.queue_unchecked(county.store, bytes(size), record.KEYS, NOW_S, wells=["well-1"])


def test_unchecked_nonsense_is_refused_by_its_form(county, box):
    offering.queue_unchecked(county.store, b"nonsense", record.ORDER, NOW_S, wells=["well-1"])
    assert publish(county) == [b"nonsense"]
    refuse(county, box, causes.ORDER_REFUSED_FORM, b"nonsense")
    assert shown(county) == {("well-1", None, None): ("refused", causes.ORDER_REFUSED_FORM)}


# -- one at a time, in their order ---------------------------------------------------------


def test_an_offices_order_is_taken_once_its_key_is_in_a_list_and_goes_after_it(county, box):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    stop = make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY)
    give_keys(county, keys)
    give(county, stop)
    with pytest.raises(Refused, match=r"office 1 .* did not sign"):
        give(county, make_order("well-1", 2, office=COUNTY, key=TOWN_KEY))
    delivered(county, box, keys, stop)
    assert {one[0] for one in shown(county).values()} == {"accepted"}


def test_one_without_any_answer_holds_up_the_next_for_a_minute_only(county):
    first, second = make_order("well-1", 1), make_order("well-1", 2)
    give(county, first)
    give(county, second)
    went = {now_s - NOW_S: publish(county, now_s) for now_s in range(NOW_S, NOW_S + 80)}
    assert [at for at, what in went.items() if first in what] == [0, 5, 15, 35, 75]
    assert next(at for at, what in went.items() if second in what) == 36


def test_the_roots_lift_never_overtakes_an_order_of_another_office_that_nobody_has_answered(county, box):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    stop = make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY)
    lift = make_lift("well-1", 1, order.EVERY, lift_office=COUNTY)
    give_keys(county, keys)
    give(county, stop)
    give(county, lift)
    publish(county)
    accept(box, keys)
    report(county, box)
    went = [what for now_s in range(NOW_S, NOW_S + 400, 5) for what in publish(county, now_s)]
    assert went.count(stop) > downlinks.PATIENCE and lift not in went
    accept(box, stop)
    report(county, box)
    assert lift in publish(county, NOW_S + 430)


def test_the_roots_lift_of_one_order_waits_for_that_order_alone(county, box):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    first, second = (make_order("well-1", seq, office=COUNTY, key=COUNTY_KEY) for seq in (1, 2))
    own = make_lift("well-1", 3, order.EVERY, office=COUNTY, key=COUNTY_KEY, lift_office=COUNTY)
    give_keys(county, keys)
    give(county, first)
    delivered(county, box, keys, first)
    for data in (second, own, make_lift("well-1", 1, 1, lift_office=COUNTY)):
        give(county, data)
    went = [what for now_s in range(NOW_S, NOW_S + 400, 5) for what in publish(county, now_s)]
    assert make_lift("well-1", 1, 1, lift_office=COUNTY) in went
    everything = make_lift("well-1", 2, order.EVERY, lift_office=COUNTY)
    give(county, everything)
    assert not any(everything in publish(county, NOW_S + at) for at in range(400, 800, 5))


@pytest.mark.parametrize("number", [order.EVERY, 2])
def test_what_was_refused_for_now_is_not_tried_again_once_the_root_has_lifted_it(county, box, number):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    first, second = (make_order("well-1", seq, office=COUNTY, key=COUNTY_KEY) for seq in (1, 2))
    give_keys(county, keys)
    give(county, first)
    delivered(county, box, keys, first)
    give(county, second)
    assert publish(county) == [second]
    refuse(county, box, causes.ORDER_REFUSED_FULL, second)
    lift = make_lift("well-1", 1, number, lift_office=COUNTY)
    give(county, lift)
    went = [what for now_s in range(NOW_S, NOW_S + 400, 5) for what in publish(county, now_s)]
    assert lift in went and second not in went
    if number == order.EVERY:
        accept(box, lift)
        report(county, box)
    else:
        refuse(county, box, causes.ORDER_REFUSED_SEQ, lift)  # it has never been there
    assert shown(county)["well-1", COUNTY, 2][0] == "over"
    assert all(publish(county, NOW_S + at) == [] for at in range(400, 800, 5))


def test_an_order_by_a_successors_key_waits_for_the_list_that_names_it(county, box):
    keys, later = make_keys(1, (COUNTY, COUNTY_KEY)), make_keys(2, (COUNTY, TOWN_KEY))
    give_keys(county, keys)
    delivered(county, box, keys)
    give_keys(county, later)
    by_successor = make_order("well-1", 1, office=COUNTY, key=TOWN_KEY)
    give(county, by_successor)
    went = [what for now_s in range(NOW_S, NOW_S + 400, 5) for what in publish(county, now_s)]
    assert went.count(later) > downlinks.PATIENCE and by_successor not in went
    accept(box, later)
    report(county, box)
    assert by_successor in publish(county, NOW_S + 430)


def test_an_order_waits_for_no_answer_to_the_first_list_that_names_its_office(county):
    """At worst it is refused for now; a restored memory's answers are believed late."""
    keys, stop = make_keys(1, (COUNTY, COUNTY_KEY)), make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY)
    give_keys(county, keys)
    give(county, stop)
    assert any(stop in publish(county, NOW_S + at) for at in range(0, 400, 5))


def test_an_order_waits_for_its_list_behind_an_unanswered_older_one(county):
    for seq, key in ((1, COUNTY_KEY), (2, TOWN_KEY)):
        give_keys(county, make_keys(seq, (COUNTY, key)))
    by_successor = make_order("well-1", 1, office=COUNTY, key=TOWN_KEY)
    give(county, by_successor)
    assert not any(by_successor in publish(county, NOW_S + at) for at in range(0, 600, 5))


def test_an_order_by_a_key_that_is_there_waits_for_no_list(county, box):
    keys, later = make_keys(1, (COUNTY, COUNTY_KEY)), make_keys(2, (COUNTY, COUNTY_KEY), (TOWN, TOWN_KEY))
    give_keys(county, keys)
    delivered(county, box, keys)
    give_keys(county, later)
    stop = make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY)
    give(county, stop)
    assert any(stop in publish(county, NOW_S + at) for at in range(0, 100, 5))


def test_lifts_that_may_not_overtake_do_not_stand_in_the_way_of_others(county, box, monkeypatch):
    monkeypatch.setattr(stage, "DUE_MAX", 1)
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    give_keys(county, keys)
    give(county, make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY))
    give(county, make_lift("well-1", 1, order.EVERY, lift_office=COUNTY))
    publish(county)
    accept(box, keys)
    report(county, box)
    for now_s in range(NOW_S, NOW_S + 400, 5):
        publish(county, now_s)
    grant = make_grant("well-1", 1, 5)
    enrolment.queue_grant(county.store, grant)
    went = [what for now_s in range(NOW_S + 400, NOW_S + 460, 5) for what in publish(county, now_s)]
    assert any(grant in what for what in went)


def test_grants_do_not_wait_for_orders(county):
    give(county, make_order("well-1", 1))
    enrolment.queue_grant(county.store, make_grant("well-1", 1, 5))
    assert len(publish(county)) == 2


def test_a_refusal_counts_for_the_object_it_names_though_another_has_its_number(county, box):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    first, second = make_order("well-1", 1), make_order("well-1", 1, office=COUNTY, key=COUNTY_KEY)
    for hand, data in ((give_keys, keys), (give, first), (give, second)):
        hand(county, data)
    delivered(county, box, keys)
    delivered(county, box, first)
    assert publish(county) == [second]
    refuse(county, box, causes.ORDER_REFUSED_SEQ, first)  # which was sent twice
    assert shown(county)["well-1", COUNTY, 1] == ("sent", None)
    refuse(county, box, causes.ORDER_REFUSED_SITE, second)
    assert shown(county)["well-1", COUNTY, 1] == ("refused", causes.ORDER_REFUSED_SITE)
    assert publish(county, NOW_S + 9999) == []


def test_a_duplicates_refusal_does_not_end_the_next(county, box):
    first, second = make_order("well-1", 1), make_order("well-1", 2)
    give(county, first)
    give(county, second)
    delivered(county, box, first)
    assert publish(county) == [second]
    refuse(county, box, causes.ORDER_REFUSED_SEQ, first)  # which was sent twice
    assert shown(county)["well-1", 0, 2] == ("sent", None)
    accept(box, second)
    report(county, box)
    assert shown(county)["well-1", 0, 2] == ("accepted", None)


def test_a_full_controller_is_asked_again_and_the_lift_that_makes_room_goes_before(county, box):
    seal, lift = (
        make_order("well-1", 8, kind=order.SEAL),
        make_lift("well-1", 1, 0, office=COUNTY, key=COUNTY_KEY),
    )
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    for hand, data in ((give_keys, keys), (give, seal), (give, lift)):
        hand(county, data)
    delivered(county, box, keys)
    assert publish(county) == [seal]
    refuse(county, box, causes.ORDER_REFUSED_FULL, seal)
    assert publish(county) == [lift]
    accept(box, lift)
    report(county, box)
    assert publish(county, NOW_S + 5) == [seal]
    refuse(county, box, causes.ORDER_REFUSED_FULL, seal)
    assert shown(county)["well-1", 0, 8] == ("sent", causes.ORDER_REFUSED_FULL)
    assert publish(county, NOW_S + 15) == [seal]
    accept(box, seal)
    report(county, box)
    assert shown(county)["well-1", 0, 8] == ("accepted", None)


def test_an_accepted_order_ends_the_older_ones_of_its_office_that_will_never_be_taken(county, box):
    first, second = make_order("well-1", 1), make_order("well-1", 2)
    give(county, first)
    give(county, second)
    publish(county)
    refuse(county, box, causes.ORDER_REFUSED_FULL, first)
    publish(county)
    accept(box, second)
    report(county, box)
    assert shown(county) == {
        ("well-1", 0, 1): ("refused", causes.ORDER_REFUSED_SEQ),
        ("well-1", 0, 2): ("accepted", None),
    }


def test_an_order_that_came_by_card_first_is_found_in_the_records_and_not_called_refused(county, box):
    stop = make_order("well-1", 1)
    accept(box, stop)
    report(county, box)
    give(county, stop)
    assert publish(county) == [stop]
    refuse(county, box, causes.ORDER_REFUSED_SEQ, stop)
    assert shown(county) == {("well-1", 0, 1): ("accepted", None)}


def test_whoever_is_offline_waits_and_is_served_at_once_when_it_comes(county, box):
    stop = make_order("well-1", 1)
    give(county, stop)
    assert publish(county, NOW_S, {box.name: {"online": 0}}) == []
    assert publish(county, NOW_S + 299) == []
    county.downlinks.heard({box.name: state_of(box)}, [box.name], NOW_S + 9)
    assert publish(county, NOW_S + 9, {box.name: state_of(box)}) == [stop]


def test_a_state_of_somebody_unknown_is_nobodys(county, box):
    stranger = SyntheticController("x", "well-9")
    assert county.downlinks.heard({stranger.name: state_of(stranger)}, [stranger.name], NOW_S) == []


# -- a store of before ---------------------------------------------------------------------

ROW_OF_BEFORE = """
INSERT INTO downlink (controller_id, grant_seq, digest, body, checked, state, queued_utc_s, log_index,
attempts, next_try_utc_s) VALUES (1, 7, x'00', x'01', 1, 'sent', 5, 0, 2, 9)
"""


def test_grants_on_their_way_in_a_store_of_before_go_on(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'karez.sqlite3'}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO controller VALUES (1, 'a', 'well-1', x'00', 1)")
        connection.exec_driver_sql("INSERT INTO entry VALUES (0, 2, NULL, NULL, NULL, x'00', 1, x'00')")
        connection.exec_driver_sql(ROW_OF_BEFORE)
    engine.dispose()
    store = Database.open(engines.in_file(tmp_path / "karez.sqlite3"))
    with store.reading() as connection:
        (one,) = downlinks.everything(connection)
        assert downlinks.due(connection, 9) == [one]
    store.close()
    assert (one.sort, one.object_seq, one.grant_seq, one.office) == (record.GRANT, 7, 7, None)
    assert (one.since_index, one.times_again, one.for_all) == (0, 0, False)
