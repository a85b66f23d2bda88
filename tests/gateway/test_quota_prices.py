"""Stepped prices: each step shown, plan and norm apart, whole fen that add up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota import prices
from karez_gateway.errors import Refused

from .quota_desk import M3, YEAR, registry


def price(basis, step, from_permille, fen, year=2024, of_class="farming"):
    values = {"class": of_class, "basis": basis, "year": year, "step": step}
    return "price", {**values, "from_permille": from_permille, "fen_per_m3": fen}


PLAN = (price("plan", 1, 0, 20), price("plan", 2, 1000, 40), price("plan", 3, 1200, 60))
NORM = (price("norm", 1, 1000, 15), price("norm", 2, 1500, 30))


def bill(used_l, plan_l, norm_l, *rows, year=YEAR):
    return prices.bill(registry(*rows), "farming", year, used_l, {"plan": plan_l, "norm": norm_l})


def test_each_step_prices_what_lies_in_it_and_norm_comes_on_top():
    found = bill(130 * M3, 100 * M3, 80 * M3, *PLAN, *NORM)
    assert [(one.basis, one.step, one.volume_l, one.amount_fen) for one in found.lines] == [
        ("plan", 1, 100 * M3, 2000),
        ("plan", 2, 20 * M3, 800),
        ("plan", 3, 10 * M3, 600),
        ("norm", 1, 40 * M3, 600),
        ("norm", 2, 10 * M3, 300),
    ]
    assert found.amount_fen == 4300 and (found.lines[1].from_l, found.lines[1].to_l) == (100 * M3, 120 * M3)
    assert found.lines[2].to_l is None


def test_over_plan_is_not_over_norm():
    over_norm = bill(90 * M3, 100 * M3, 80 * M3, *PLAN, *NORM)
    over_plan = bill(90 * M3, 80 * M3, 100 * M3, *PLAN, *NORM)
    assert [one.amount_fen for one in over_norm.lines] == [1800, 0, 0, 150, 0]
    assert [one.amount_fen for one in over_plan.lines] == [1600, 400, 0, 0, 0]


def test_a_site_without_a_norm_pays_by_plan_alone():
    assert [one.basis for one in bill(90 * M3, 80 * M3, None, *PLAN, *NORM).lines] == ["plan"] * 3


def test_one_flat_price_needs_no_plan():
    assert bill(1500, None, None, PLAN[0]).amount_fen == 30


def test_the_newest_prices_that_are_not_later_hold():
    rows = [PLAN[0], price("plan", 1, 0, 25, 2025), price("plan", 1, 0, 99, 2026)]
    assert [bill(1000, None, None, *rows, year=one).amount_fen for one in (2024, 2025, 2027)] == [20, 25, 99]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((), "no price from the first litre in 2025"),
        ((NORM[0],), "no price from the first litre"),
        ((PLAN[0], price("norm", 1, 0, 5)), "first litre on both bases"),
        ((price("plan", 1, 0, 5, 2026),), "no price"),
        ((PLAN[0], price("plan", 2, 0, 5)), "each step must begin above the last"),
        ((PLAN[0], price("plan", 2, 1200, 5), price("plan", 3, 1100, 5)), "each step must begin above"),
    ],
)
def test_prices_that_do_not_make_sense_are_refused(rows, says):
    with pytest.raises(Refused, match=says):
        bill(10, 10, 10, *rows)


def test_steps_of_a_plan_need_a_plan():
    with pytest.raises(Refused, match="priced by plan, and this site has none for 2025"):
        bill(10, None, None, *PLAN)


@settings(deadline=None)
@given(
    st.integers(0, 10**7), st.integers(0, 10**7), st.lists(st.integers(0, 999), min_size=1, max_size=5),
    st.lists(st.integers(1, 3000), max_size=4, unique=True),
)  # fmt: skip
def test_steps_add_up_to_the_bill_and_to_the_water(used_l, plan_l, fens, starts):
    steps = [0, *sorted(starts)][: len(fens)]
    rows = [
        price("plan", at, start, fen) for at, (start, fen) in enumerate(zip(steps, fens, strict=False), 1)
    ]
    found = bill(used_l, plan_l, None, *rows)
    assert sum(one.volume_l for one in found.lines) == used_l
    exact = sum(one.volume_l * one.fen_per_m3 for one in found.lines)  # thousandths of a fen
    assert abs(found.amount_fen * 1000 - exact) <= 500
    assert all(abs(one.amount_fen * 1000 - one.volume_l * one.fen_per_m3) <= 1000 for one in found.lines)
