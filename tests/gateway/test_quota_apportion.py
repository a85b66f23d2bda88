"""Sharing out by weights: to the last step, nobody above his cap, nobody worse off when there is more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota.apportion import Part, cumulated, split
from karez_gateway.errors import Refused

BOUNDED = st.tuples(st.integers(0, 1 << 40), st.integers(0, 500), st.none() | st.integers(0, 2000))


@st.composite
def parts(draw):
    """Parts with floors not above their caps."""
    found = draw(st.lists(BOUNDED, max_size=12))
    return [
        Part(f"p{at:02d}", weight, floor if cap is None else min(floor, cap), cap)
        for at, (weight, floor, cap) in enumerate(found)
    ]


def capacity(those, amount):
    return sum((amount if one.cap is None else one.cap) if one.weight else one.floor for one in those)


@settings(deadline=None)
@given(parts(), st.integers(0, 20_000), st.randoms(use_true_random=False))
def test_shares_add_up_within_their_bounds_whatever_the_order(those, more, chance):
    amount = sum(one.floor for one in those) + more
    shares = split(amount, those)
    assert sum(shares.values()) == min(amount, capacity(those, amount))
    for one in those:
        assert one.floor <= shares[one.name] <= (amount if one.cap is None else one.cap)
    mixed = list(those)
    chance.shuffle(mixed)
    assert split(amount, mixed) == shares


@settings(deadline=None)
@given(parts(), st.integers(0, 20_000), st.integers(1, 50))
def test_who_shares_more_gives_nobody_less(those, more, extra):
    amount = sum(one.floor for one in those) + more
    before, after = split(amount, those), split(amount + extra, those)
    assert all(before[name] <= after[name] for name in before)


@settings(deadline=None)
@given(st.lists(st.integers(1, 1 << 40), min_size=1, max_size=12), st.integers(0, 1 << 40))
def test_without_bounds_each_is_within_a_step_of_his_proportion_times_a_common_factor(weights, amount):
    those = [Part(f"p{at:02d}", weight) for at, weight in enumerate(weights)]
    shares = split(amount, those)
    # Webster: there is a λ with share − ½ ≤ weight × λ ≤ share + ½ for all of them.
    low = (
        max((2 * shares[one.name] - 1, one.weight) for one in those if shares[one.name]) if amount else (0, 1)
    )
    for up in those:
        for down in those:
            over = (2 * shares[down.name] - 1) * up.weight
            assert over <= (2 * shares[up.name] + 1) * down.weight, (up, down, low)


def naive(amount, those):
    """Step by step to whoever has the greatest weight ÷ (2 × share + 1): slow, and obviously so."""
    shares = {one.name: one.floor for one in those}
    for _ in range(amount - sum(shares.values())):
        open_ = [one for one in those if one.weight and (one.cap is None or shares[one.name] < one.cap)]
        if not open_:
            break
        # Highest quotient first; of equal ones the first by name.
        best = open_[0]
        for one in open_[1:]:
            if one.weight * (2 * shares[best.name] + 1) > best.weight * (2 * shares[one.name] + 1):
                best = one
        shares[best.name] += 1
    return shares


@settings(deadline=None)
@given(parts(), st.integers(0, 300))
def test_it_is_what_one_step_after_the_other_gives(those, more):
    # A floor above the proportion lets others catch up first: so does the naive way.
    amount = sum(one.floor for one in those) + more
    assert split(amount, those) == naive(amount, sorted(those))


@settings(deadline=None)
@given(parts(), st.integers(0, 2000), st.sampled_from([7, 100, 1000]))
def test_steps_are_whole_and_what_is_below_a_step_stays(those, more, step):
    whole = [
        one._replace(floor=one.floor * step, cap=None if one.cap is None else one.cap * step + step - 1)
        for one in those
    ]
    amount = sum(one.floor for one in whole) + more
    shares = split(amount, whole, step)
    assert all(share % step == 0 for share in shares.values())
    if any(one.cap is None and one.weight for one in whole):
        assert 0 <= amount - sum(shares.values()) < step


def test_nobody_gets_nothing():
    assert split(5, []) == {}


def test_what_a_capped_one_leaves_goes_to_the_others():
    assert split(100, [Part("a", 1, 0, 10), Part("b", 1), Part("c", 2)]) == {"a": 10, "b": 30, "c": 60}


def test_more_than_there_is_is_refused():
    with pytest.raises(Refused, match="need is 12 L, there are 11 L"):
        split(11, [Part("a", 1, 5), Part("b", 1, 7)])


def test_bounds_between_two_steps_are_refused():
    with pytest.raises(Refused, match="well-1: no multiple of 1000 L"):
        split(10_000, [Part("well-1", 1, 1200, 1800)], 1000)


def test_periods_sum_up_to_each_end():
    found = cumulated(1001, {"03": 333, "04": 333, "05": 334})
    assert found == {"03": 333, "04": 333, "05": 335}
    assert sum(found.values()) == 1001
