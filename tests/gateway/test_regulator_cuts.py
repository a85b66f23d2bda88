"""A cut frees no water before its controller has shown that it holds it."""

import pytest

from karez_gateway.regulator import draft, showing, state
from karez_gateway.regulator.errors import Refused
from karez_gateway.regulator.journal import Head
from karez_gateway.regulator.speech import Speech

from .regulator_desk import LIMITS, NOW_S, Well, asked, folder, judge, next_box
from .synthetic import REGULATOR

M3 = 1000
CUTS = "Deliver the cuts first"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("office"))


class Desk:
    """An office that signs, and boxes that take what it signed when they are told to."""

    def __init__(self, path):
        self.path, self.known, self.lines = path, state.State(), 0
        self.wells = {name: Well(name) for name in ("w1", "w2", "w3")}
        self.signed = {}

    def plan(self, **m3):
        wishes = [self.wells[name].wish(right * M3, **self.start(name)) for name, right in m3.items()]
        return draft.make(judge(self.path, self.known), [asked(*wishes, made_utc_s=NOW_S + self.lines)], "")

    def start(self, name):
        well = self.wells[name]
        proof = {} if name not in self.known.sites else {"year_start": b""}  # the office remembers it
        return {"ledger_l": well.box.volume_l - well.start_l} | proof

    def sign(self, **m3):
        plan = self.plan(**m3)
        grants = draft.sign(plan, REGULATOR, NOW_S)
        self.lines += 1
        self.known.apply(Head(self.lines, "00"), {"n": self.lines, **draft.entry(plan, grants, "li", NOW_S)})
        self.known = state.decode(state.encode(self.known))
        self.signed |= {one.site: data for one, data in zip(plan.planned, grants)}
        return plan

    def take(self, name):
        """A box takes its newest grant, and signs a reading under it."""
        well = self.wells[name]
        well.box.accept_grant(self.signed[name])
        well.read(0)
        well.box.checkpoint()

    def refused(self, **m3):
        with pytest.raises(Refused) as caught:
            self.plan(**m3)
        return caught.value.faults


@pytest.fixture
def desk(office):
    found = Desk(office)
    found.sign(w1=900, w2=600)  # all that 亚尔镇 has
    found.take("w1")
    found.take("w2")
    return found


def test_a_cut_and_a_rise_in_one_request_are_refused_and_said_what_to_do(desk):
    (one,) = desk.refused(w1=400, w2=1_100)
    assert (one.name, one.place) == ("sum-pending", "650401 亚尔镇")
    said = one.text("en")
    assert "500 m³ more may still be taken" in said and "(w1)" in said and CUTS in said
    assert "500" in one.text("zh") and "w1" in one.text("zh")


def test_a_cut_alone_is_signed_and_its_village_says_what_is_pending(desk):
    plan = desk.sign(w1=400)
    assert plan.villages["650401"].pending_l == 500 * M3
    assert plan.planned[0].held_l == 900 * M3
    lines = list(showing.lines(plan, Speech("en", False)))
    assert any("pending cuts: 1 well may take 500 m³ more" in line for line in lines)
    assert any("500 m³ more may be taken under grants" in line for line in lines)
    assert plan.facts()["limits"][0][-1] == 500 * M3


def test_the_room_of_a_cut_is_not_given_away_until_a_record_shows_it(desk):
    desk.sign(w1=400)
    assert desk.refused(w2=1_100)[0].name == "sum-pending"
    assert desk.refused(w1=400, w2=1_100)[0].name == "sum-pending"
    desk.take("w1")
    assert desk.refused(w2=1_100)[0].name == "sum-pending"  # its record has to come along
    plan = desk.plan(w1=400, w2=1_100)
    assert {one.limit.words: one.left_l for one in plan.sums}["2027 all/ground"] == 0
    assert not any(one.pending_l for one in plan.sums)


def test_a_cut_that_was_followed_by_another_is_pending_until_the_last_is_held(desk):
    desk.sign(w1=700)
    desk.sign(w1=400)
    assert desk.plan(w1=400).planned[0].pending_l == 500 * M3
    first = desk.signed["w1"]
    desk.sign(w1=300)
    desk.signed["w1"] = first
    desk.take("w1")  # the third is on its way
    assert desk.plan(w1=300).planned[0].pending_l == 100 * M3


def test_a_raise_that_was_taken_back_before_it_arrived_may_still_arrive(desk):
    desk.sign(w3=100)
    desk.sign(w3=400)
    desk.sign(w3=100)
    desk.take("w3")
    assert desk.plan(w3=100).planned[0].pending_l == 0
    fresh = Desk(desk.path)
    fresh.sign(w3=100)
    fresh.take("w3")
    fresh.sign(w3=800)
    fresh.sign(w3=100)
    assert fresh.plan(w3=100).planned[0].pending_l == 700 * M3


def test_a_new_box_that_holds_no_grant_may_be_brought_any_of_the_year(desk):
    desk.sign(w1=400)
    desk.take("w1")
    assert desk.plan(w1=400).planned[0].pending_l == 0
    old = desk.wells["w1"]
    desk.wells["w1"] = next_box(
        old, old.box.volume_l, serial="W1", register_base=old.box.volume_l - 1_000_000
    )
    assert desk.plan(w1=400).planned[0].pending_l == 500 * M3


def test_a_box_that_begins_below_may_take_more_under_the_old_ceiling(desk):
    old = desk.wells["w1"]
    desk.wells["w1"] = next_box(old, old.box.volume_l - 100_000)
    well = desk.wells["w1"]
    wish = well.wish(900 * M3, ledger_l=well.box.volume_l - well.start_l + 100_000, year_start=b"")
    found = draft.make(judge(desk.path, desk.known), [asked(wish)], "").planned[0]
    assert found.held_l == 1_000 * M3  # 900 of its right, and 100 that it is to count once more


def test_what_only_lowers_is_signed_although_more_is_held_than_a_lowered_limit_has(desk, tmp_path):
    lower = LIMITS.replace("650401,2027,all,ground,1500", "650401,2027,all,ground,1000")
    desk.path = folder(tmp_path / "lower", limits=lower)
    assert desk.plan(w1=500, w2=500).sums[1].left_l == 0
    assert [one.name for one in desk.refused(w1=300, w2=650)] == ["sum-pending"]


def test_a_year_s_held_grants_say_nothing_of_the_next_year(desk):
    known = desk.known.sites["w1"]
    assert known.grants and {row[0] for row in known.grants.values()} == {2027}
    from karez_gateway.regulator import held

    assert held.litres(known, 2028) == 0 and held.litres(known, 2027) == 900 * M3
