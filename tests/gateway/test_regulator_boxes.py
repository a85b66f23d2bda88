"""A box that dies over New Year and the one in its place: what the office reckons, and what is a lie."""

import pytest

from karez_gateway.regulator import draft, request, showing, state
from karez_gateway.regulator.errors import Refused
from karez_gateway.regulator.journal import Head
from karez_gateway.regulator.request import DOUBLE, Correction, WishRow
from karez_gateway.regulator.speech import Speech
from karez_protocols import grant

from .regulator_desk import (
    DAY_S,
    FROM_UTC_S,
    NOW_S,
    TO_UTC_S,
    Well,
    asked,
    dead_box,
    folder,
    judge,
    next_box,
)
from .synthetic import REGULATOR, key_of

RIGHT_L = 500_000


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("office"))


def planned(office, wish, known=None):
    return draft.make(judge(office, known), [asked(wish)], "")


def one(office, wish, known=None):
    return planned(office, wish, known).planned[0]


def refused(office, wish, known=None):
    with pytest.raises(Refused) as caught:
        planned(office, wish, known)
    for each in caught.value.faults:
        assert each.text("en") and each.text("zh")
    return [each.name for each in caught.value.faults]


def remembered(office, wish, known=None, n=1):
    plan = planned(office, wish, known)
    found = known or state.State()
    found.apply(Head(n, "00"), {"n": n, **draft.entry(plan, draft.sign(plan, REGULATOR, NOW_S), "li", NOW_S)})
    return state.decode(state.encode(found))


def doubled(litres, energy_wh=0, act=7):
    return (Correction(-litres, "li", "the old box ran on", "D-1", act, DOUBLE, -energy_wh),)


def test_a_box_that_died_before_the_year_proves_its_last_w_and_the_gap_counts_in_the_year(office):
    old = dead_box()
    new = next_box(old, old.start_l + 3_000)
    found = one(office, new.wish(ledger_l=23_000, year_start=old.proof()))
    assert found.rows[0]["ceiling"] == old.start_l + RIGHT_L
    assert (found.ledger_l, found.gap_l, found.twice_l) == (23_000, 3_000, 0)
    assert found.notes == ("note-base", "note-year-end")
    lines = list(
        showing.lines(planned(office, new.wish(ledger_l=23_000, year_start=old.proof())), Speech("en", False))
    )
    assert any("3 m³ lie between its last signed W" in line for line in lines)


def test_what_the_old_box_never_signed_is_not_believed(office):
    old = dead_box(tail_l=2_000)
    new = next_box(old, old.start_l + 3_000)
    assert refused(office, new.wish(ledger_l=21_000, year_start=old.proof(1, 3))) == ["ledger-differs"]
    assert one(office, new.wish(ledger_l=23_000, year_start=old.proof(1, 3))).ledger_l == 23_000


def test_a_box_bound_before_the_year_that_counted_nothing_in_it_begins_at_its_base(office):
    old = dead_box()
    new = next_box(old, 0, bound_utc_s=FROM_UTC_S - DAY_S)
    assert (
        one(office, new.wish(ledger_l=20_000, year_start=new.proof(), former=())).rows[0]["ceiling"]
        == RIGHT_L
    )
    assert refused(office, new.wish(ledger_l=20_000, year_start=b"")) == ["year-start-missing"]


def test_a_w_that_was_set_back_counts_as_used_until_a_person_says_that_it_is_the_same_water(office):
    old = dead_box()
    new = next_box(old, old.start_l - 10_000)
    wish = new.wish(ledger_l=20_000, year_start=old.proof())
    found = one(office, wish)
    assert (found.twice_l, found.healed_l, found.counted_l) == (10_000, 0, RIGHT_L)
    assert found.rows[0]["ceiling"] == new.box.volume_l + RIGHT_L - 20_000
    assert "note-twice" in found.notes
    healed = new.wish(ledger_l=10_000, year_start=old.proof(), corrections=doubled(10_000))
    found = one(office, healed)
    assert found.rows[0]["ceiling"] == old.start_l + RIGHT_L and found.counted_l == RIGHT_L + 10_000


def test_what_was_healed_without_one_register_needs_room_in_the_limits(office):
    old = dead_box("w3")
    new = next_box(old, old.start_l - 10_000)
    wish = new.wish(900_500, ledger_l=10_000, year_start=old.proof(), corrections=doubled(10_000))
    assert refused(office, wish) == ["sum-lifted"]
    assert one(office, new.wish(890_500, **rest(wish))).counted_l == 900_500


def rest(wish):
    return {name: getattr(wish, name) for name in ("ledger_l", "year_start", "corrections")}


def test_one_register_for_two_boxes_is_the_same_water_and_its_healing_needs_no_room(office):
    """The spare was bound by an older reading of the same meter, as when a dead box is read out later."""
    old = Well("w3", used_l=100_000)
    end_l = old.box.volume_l
    new = next_box(old, end_l - 10_000, litres=30_000, serial="W1", register_base=end_l - 1_010_000)
    used_l = new.box.volume_l - old.start_l
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    found = one(office, new.wish(900_500, ledger_l=used_l, corrections=doubled(10_000), **brought))
    assert (found.twice_l, found.counted_l) == (0, 900_500)
    assert found.rows[0]["ceiling"] == old.start_l + 900_500
    other = next_box(old, end_l - 10_000, litres=30_000, serial="W1", register_base=end_l - 1_011_000)
    assert one(office, other.wish(ledger_l=used_l + 10_000, **brought)).twice_l == 10_000


def test_no_register_excuses_a_year_that_begins_above_the_next_box_s_base(office):
    """The old box went on counting in a drawer, and signs for the new year what the well never gave."""
    drawer = Well("w3", used_l=0)
    new = next_box(
        drawer, drawer.start_l - 10_000, litres=30_000, serial="W1", register_base=drawer.start_l - 1_010_000
    )
    assert refused(office, new.wish(ledger_l=20_000, year_start=drawer.proof())) == ["year-start-above"]
    assert one(office, new.wish(ledger_l=30_000, year_start=drawer.proof())).twice_l == 10_000


def test_two_boxes_that_both_counted_are_recomputed_from_both(office):
    """The old box lived into the year and ran on after the swap; its last records came late."""
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l - 30_000)
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    used_l = new.box.volume_l - old.start_l
    found = one(office, new.wish(ledger_l=used_l + 30_000, **brought))
    assert found.twice_l == 30_000 and found.rows[0]["ceiling"] == old.start_l + RIGHT_L - 30_000
    healed = new.wish(ledger_l=used_l, corrections=doubled(30_000), **brought)
    assert one(office, healed).rows[0]["ceiling"] == old.start_l + RIGHT_L


def test_the_office_remembers_both_boxes_when_the_gateway_shows_one(office):
    old = dead_box()
    new = next_box(old, old.start_l - 10_000)
    known = remembered(office, new.wish(ledger_l=20_000, year_start=old.proof()))
    new.read(1_000)
    new.box.checkpoint()
    assert refused(office, new.wish(ledger_l=11_000, year_start=b""), known) == ["ledger-differs"]
    assert one(office, new.wish(ledger_l=21_000, year_start=b""), known).twice_l == 10_000


def test_a_later_record_of_the_old_box_may_prove_more_of_the_year_before(office):
    old = dead_box(tail_l=3_000)
    new = next_box(old, old.start_l + 3_000)
    known = remembered(office, new.wish(ledger_l=23_000, year_start=old.proof(1, 3)))
    old.box.utc_s += 60
    old.box.checkpoint()
    later = new.wish(600_000, ledger_l=20_000, year_start=old.proof())
    assert one(office, later, known).rows[0]["ceiling"] == old.start_l + 3_000 + 600_000


def with_energy(well, right_wh, **changes):
    rows = (*well.wish().rows, WishRow("energy", FROM_UTC_S, TO_UTC_S, right_wh))
    return well.wish(rows=rows, interim_wh=right_wh // 20, **changes)


def energy_ceiling(found):
    return next(row["ceiling"] for row in found.rows if row["quantity"] == grant.ENERGY)


def both_counted_energy():
    """The old box ran on for 30 m³ and 15 kWh that the new one counted, too: 55 kWh were used in truth."""
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l - 30_000, litres=40_000, base_wh=old.energy_wh - 15_000)
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    return old, new, new.box.volume_l - old.start_l, brought


def test_energy_that_two_boxes_counted_counts_as_used_until_the_litres_are_taken_off(office):
    old, new, used_l, brought = both_counted_energy()
    assert new.energy_wh - old.start_wh == 55_000
    found = one(office, with_energy(new, 200_000, ledger_l=used_l + 30_000, **brought))
    assert (found.twice_wh, found.healed_wh) == (15_000, 0) and "note-twice-energy" in found.notes
    assert energy_ceiling(found) == new.energy_wh + 200_000 - 55_000 - 15_000
    half = with_energy(new, 200_000, ledger_l=used_l + 20_000, corrections=doubled(10_000, 5_000), **brought)
    assert one(office, half).healed_wh == 5_000
    healed = with_energy(new, 200_000, ledger_l=used_l, corrections=doubled(30_000, 15_000), **brought)
    found = one(office, healed)
    assert energy_ceiling(found) == new.energy_wh + 200_000 - 55_000
    told = list(showing.lines(planned(office, healed), Speech("en", False)))
    assert any("15 kWh were counted by two boxes" in line and "took 15 kWh" in line for line in told)


def test_energy_is_not_shown_where_it_is_not_limited(office):
    _old, new, used_l, brought = both_counted_energy()
    found = one(office, new.wish(ledger_l=used_l + 30_000, **brought))
    assert (found.twice_wh, found.healed_wh) == (0, 0) and "note-twice-energy" not in found.notes


def test_the_office_remembers_the_energy_of_a_box_that_is_not_shown_any_more(office):
    _old, new, used_l, brought = both_counted_energy()
    wish = with_energy(new, 200_000, ledger_l=used_l + 30_000, **brought)
    known = remembered(office, wish)
    found = one(office, with_energy(new, 300_000, ledger_l=used_l + 30_000, year_start=b""), known)
    assert found.twice_wh == 15_000
    known.sites["w1"].boxes = [row[:5] for row in known.sites["w1"].boxes]  # of before it kept E
    bare = one(office, with_energy(new, 300_000, ledger_l=used_l + 30_000, year_start=b""), known)
    assert bare.twice_wh == 0


def test_a_box_that_began_at_no_energy_gets_its_right_and_its_old_one_s_use_stays_used(office):
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=0)
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    ledger_l = new.box.volume_l - old.start_l
    found = one(office, with_energy(new, 200_000, ledger_l=ledger_l, **brought))
    assert new.energy_wh == 20_000 and energy_ceiling(found) == 20_000 + 200_000 - 50_000 - 20_000
    lie = with_energy(new, 200_000, ledger_l=ledger_l, corrections=doubled(0, old.energy_wh), **brought)
    assert refused(office, lie) == ["energy-below"]  # what was never counted twice is not taken off


def test_a_correction_without_litres_takes_off_energy_alone(office):
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=old.energy_wh - 15_000)
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    ledger_l = new.box.volume_l - old.start_l
    assert one(office, with_energy(new, 200_000, ledger_l=ledger_l, **brought)).healed_wh == 0
    found = one(
        office, with_energy(new, 200_000, ledger_l=ledger_l, corrections=doubled(0, 15_000), **brought)
    )
    assert (found.healed_wh, found.ledger_l) == (15_000, ledger_l)


def energy_alone():
    """The next box began 15 kWh below E of the one before; no litre stands twice."""
    old = Well("w1", used_l=100_000)
    new = next_box(old, old.box.volume_l, litres=40_000, base_wh=old.energy_wh - 15_000)
    return new, {
        "ledger_l": new.box.volume_l - old.start_l,
        "year_start": old.proof(),
        "former": (old.proof(),),
    }


@pytest.mark.parametrize(
    ("acts", "healed_wh"),
    [
        ([(0, 100)], 100),  # what was counted twice after the act, is not taken off by it
        ([(0, 0)], 0),
        ([(0, 100), (0, 14_000)], 14_100),
        ([(0, 15_000), (0, -5_000)], 10_000),  # a person thinks better of it
        ([(0, -5_000)], 0),
        ([(0, 99_000)], 15_000),  # never more than two boxes counted
    ],
)
def test_an_act_takes_off_the_energy_that_it_names_and_none_that_comes_later(office, acts, healed_wh):
    new, brought = energy_alone()
    those = tuple(each for act, said in enumerate(acts) for each in doubled(*said, act=act))
    assert one(office, with_energy(new, 200_000, corrections=those, **brought)).healed_wh == healed_wh


def test_the_energy_of_an_act_that_the_office_has_seen_stays_what_it_was(office):
    new, brought = energy_alone()
    seen = with_energy(new, 200_000, corrections=doubled(0, 100), **brought)
    known = remembered(office, seen)
    more = with_energy(new, 300_000, corrections=doubled(0, 15_000), **brought)
    assert refused(office, more, known) == ["correction-gone"]
    known.sites["w1"].corrections_wh.clear()  # of before it was kept
    assert one(office, more, known).healed_wh == 15_000


@pytest.mark.parametrize("changes", [{"energy_wh": True}, {"energy_wh": 1 << 41}, {"kind": "error"}])
def test_energy_of_a_correction_is_a_number_and_of_what_two_boxes_counted(changes):
    new, brought = energy_alone()
    (correction,) = doubled(0, 100)
    bad = with_energy(new, 200_000, corrections=(correction._replace(**changes),), **brought)
    with pytest.raises(Refused) as caught:
        asked(bad)
    assert [(each.name, each.values) for each in caught.value.faults] == [
        ("request-value", {"name": "corrections"})
    ]


def test_a_correction_without_energy_is_written_as_it_was_before_there_was_any():
    new, brought = energy_alone()
    wish = with_energy(new, 200_000, corrections=doubled(0), **brought)
    assert b"energy_wh" not in request.encode({}, [wish]) and asked(wish).wishes == (wish,)


def test_a_gateway_that_is_more_wary_than_the_office_is_believed(office):
    """The office saw the old box in its place when the year began; a gateway cannot know that it did."""
    old = Well("w3", used_l=0)
    known = remembered(office, old.wish(ledger_l=0))
    new = next_box(
        old, old.start_l - 10_000, litres=30_000, serial="W1", register_base=old.start_l - 1_010_000
    )
    brought = {"year_start": old.proof(), "former": (old.proof(),)}
    assert one(office, new.wish(ledger_l=20_000, **brought), known).twice_l == 0
    wary = one(office, new.wish(ledger_l=30_000, **brought), known)
    assert (wary.twice_l, wary.rows[0]["ceiling"]) == (10_000, old.start_l - 10_000 + RIGHT_L)
    healed = new.wish(ledger_l=20_000, corrections=doubled(10_000), **brought)
    assert one(office, healed, known).rows[0]["ceiling"] == old.start_l + RIGHT_L
    assert refused(office, new.wish(ledger_l=29_999, **brought), known) == ["ledger-differs"]


def base_invented(old):
    new = next_box(old, old.start_l + 9_000)
    forged = next_box(old, old.start_l)
    forged.box.bind(signer=key_of("not the provisioner"))
    return new.wish(newest=forged.proof(), ledger_l=20_000, year_start=old.proof())


def tail_that_begins_the_year_later(old):
    """Water of this year is said to be the old box's of last year: nothing signed says so."""
    new = next_box(old, old.start_l + 9_000)
    return new.wish(ledger_l=20_000, year_start=old.proof())


def own_end_as_the_year_s_start(old):
    """The box of now lived through the new year: its reading after it is held back."""
    alive = Well("w1")
    return alive.wish(ledger_l=alive.used_l + 10_000, year_start=alive.proof(1, 3))


def the_new_box_s_beginning(old):
    """What the well gave this year before its box was replaced would be forgiven."""
    new = next_box(old, old.start_l + 9_000)
    return new.wish(ledger_l=20_000, year_start=new.proof())


def end_of_this_year(old):
    new = next_box(old, old.start_l)
    late = dead_box(utc_s=FROM_UTC_S + DAY_S)
    late.read(1_000)
    late.box.checkpoint()
    return new.wish(ledger_l=20_000, year_start=late.proof(4))


def newer_box_withheld(old):
    """What is said to be a former box is bound later than the one that is said to be there now."""
    newer = next_box(old, old.start_l)
    alive = Well("w1")
    return alive.wish(former=(newer.proof(),))


def newer_box_for_the_year_s_start(old):
    newer = next_box(old, old.start_l)
    alive = Well("w1")
    return alive.wish(year_start=newer.proof())


def double_where_nothing_is(old):
    new = next_box(old, old.start_l)
    return new.wish(ledger_l=15_000, year_start=old.proof(), corrections=doubled(5_000))


def more_healed_than_counted_twice(old):
    new = next_box(old, old.start_l - 10_000)
    return new.wish(ledger_l=9_000, year_start=old.proof(), corrections=doubled(11_000))


def double_that_adds(old):
    new = next_box(old, old.start_l)
    return new.wish(ledger_l=25_000, year_start=old.proof(), corrections=doubled(-5_000))


def set_back_and_forgotten(old):
    new = next_box(old, old.start_l - 10_000)
    return new.wish(ledger_l=10_000, year_start=old.proof())


def former_of_another_site(old):
    new = next_box(old, old.start_l)
    return new.wish(ledger_l=20_000, year_start=old.proof(), former=(Well("w2").proof(),))


def former_that_nobody_signed(old):
    new = next_box(old, old.start_l)
    return new.wish(ledger_l=20_000, year_start=old.proof(), former=(old.proof(1, 1),))


LIES = {
    "a base that is invented": (base_invented, "binding-signature"),
    "a gap booked into last year": (tail_that_begins_the_year_later, "ledger-differs"),
    "the living box's own end": (own_end_as_the_year_s_start, "year-start-elsewhere"),
    "the new box's beginning": (the_new_box_s_beginning, "year-start-elsewhere"),
    "an end that lies in the year": (end_of_this_year, "year-start-elsewhere"),
    "a newer box called a former one": (newer_box_withheld, "box-older"),
    "a newer box for the year's start": (newer_box_for_the_year_s_start, "box-older"),
    "litres counted twice where none were": (double_where_nothing_is, "ledger-differs"),
    "more taken off than was counted twice": (more_healed_than_counted_twice, "ledger-differs"),
    "a taking off that adds": (double_that_adds, "correction-double"),
    "a set-back W that the ledger forgets": (set_back_and_forgotten, "year-start-above"),
    "another site's box": (former_of_another_site, "binding-site"),
    "a former box without a signature": (former_that_nobody_signed, "evidence-finding"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_boxes_is_told_by_its_name(office, lie):
    tell, name = LIES[lie]
    assert refused(office, tell(dead_box())) == [name]


def test_an_old_box_s_tail_that_the_office_has_seen_is_not_hidden(office):
    """A right of last year was signed on a later reading than the one that is brought now."""
    old = dead_box()
    early = old.proof()
    old.box.utc_s += DAY_S
    old.read(5_000)
    old.box.checkpoint()
    reading = judge(office)._evidence(old.wish())[0].newest.readings[-1]
    known = state.State()
    known.sites["w1"] = state.SiteState(
        controller=old.box.name,
        bound_utc_s=FROM_UTC_S - 30 * DAY_S,
        chain=1,
        seq=reading.seq,
        h=reading.h.hex(),
        utc_s=reading.utc_s,
        volume_l=reading.volume_l,
    )
    new = next_box(old, old.box.volume_l)
    assert refused(office, new.wish(ledger_l=25_000, year_start=early), known) == ["year-start-hidden"]
    assert refused(office, new.wish(ledger_l=20_000, year_start=b""), known) == ["year-start-missing"]
    assert one(office, new.wish(ledger_l=20_000, year_start=old.proof()), known).ledger_l == 20_000


def test_a_tail_that_nobody_has_seen_gains_nothing_by_being_hidden(office):
    """To begin the year at an older W is to have used more in it."""
    old = dead_box()
    early = old.proof()
    old.read(5_000)
    old.box.checkpoint()
    new = next_box(old, old.box.volume_l)
    hidden = one(office, new.wish(ledger_l=25_000, year_start=early))
    honest = one(office, new.wish(ledger_l=20_000, year_start=old.proof()))
    assert hidden.rows[0]["ceiling"] == honest.rows[0]["ceiling"] - 5_000 and hidden.gap_l == 5_000
