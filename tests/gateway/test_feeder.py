"""C7: the transformer's balance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.power.feeder import remainder

energies = st.integers(0, 10**12)
permilles = st.integers(0, 100)


def test_a_balance_that_closes_is_no_finding():
    found = remainder([(40_000, 10), (60_000, 10)], 103_000, 5, 30)
    assert (found.wells_wh, found.feeder_wh, found.unexplained_wh) == (100_000, 103_000, 0)
    assert not found.is_exceeded and not found.is_unmetered_load and not found.is_impossible


def test_an_unmetered_pump_is_what_neither_losses_nor_uncertainty_explain():
    found = remainder([(40_000, 10), (60_000, 10)], 120_000, 5, 30)
    assert found.unexplained_wh == 20_000 - 3_600
    # sqrt(400^2 + 600^2 + 600^2) = 938.08
    assert found.uncertainty_wh == 939
    assert found.is_unmetered_load and not found.is_impossible


def test_wells_that_claim_more_than_was_delivered_are_impossible_and_losses_excuse_nothing():
    found = remainder([(40_000, 10), (60_000, 10)], 98_000, 5, 1000)
    assert found.unexplained_wh == -2_000
    assert found.is_impossible and not found.is_unmetered_load


def test_the_uncertainty_itself_is_still_explained():
    # One class 2 well against an exact feeder: 20 Wh in 1000.
    for feeder_wh, is_exceeded in ((1020, False), (1021, True), (980, False), (979, True)):
        assert remainder([(1000, 20)], feeder_wh, 0, 0).is_exceeded is is_exceeded


def test_without_wells_all_of_it_is_unmetered_and_an_idle_feeder_is_nothing():
    assert remainder([], 50_000, 10, 0).is_unmetered_load
    idle = remainder([], 0, 10, 30)
    assert (idle.unexplained_wh, idle.uncertainty_wh, idle.is_exceeded) == (0, 0, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ([(-1, 10)], 5, 5, 5),
        ([(1, -10)], 5, 5, 5),
        ([], -5, 5, 5),
        ([], 5, -5, 5),
        ([], 5, 5, -1),
        ([], 5, 5, 1001),
    ],
)
def test_negative_numbers_and_losses_above_all_of_it_are_refused(wrong):
    with pytest.raises(ValueError, match=r"whole numbers from 0|not within"):
        remainder(*wrong)


@given(st.lists(st.tuples(energies, permilles), max_size=20), energies, permilles, st.integers(0, 1000))
def test_the_remainder_closes_the_balance_and_losses_only_shrink_it(wells, feeder_wh, permille, losses):
    found = remainder(iter(wells), feeder_wh, permille, losses)
    plain = remainder(wells, feeder_wh, permille, 0)
    assert plain.unexplained_wh == feeder_wh - sum(energy for energy, _ in wells)
    assert min(0, plain.unexplained_wh) <= found.unexplained_wh <= max(0, plain.unexplained_wh)
    assert (found.unexplained_wh < 0) == (plain.unexplained_wh < 0)
    most = sum(energy * each for energy, each in wells) + feeder_wh * permille
    assert found.uncertainty_wh * 1000 < most + 2000
    assert (found.uncertainty_wh * 1000) ** 2 >= sum((e * p) ** 2 for e, p in wells) + (
        feeder_wh * permille
    ) ** 2
