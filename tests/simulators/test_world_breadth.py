"""Memories, accounts, keys, new boxes, restored gateways: a bug is found, and without it all holds."""

import pytest

import world_desk as desk
import world_plants as plants
from karez_simulators.world import run


@pytest.fixture(autouse=True)
def _gateway(monkeypatch):
    desk.offer_the_gateway(monkeypatch)


PLANTS = [
    (plants.keep_a_dead_fram_secret, 1, "fram_dies", "a_dead_memory_is_told"),
    (plants.keep_a_lost_head_secret, 1, "fram_forgets", "a_lost_head_is_told"),
    (plants.forget_rights_with_the_head, 1, "fram_forgets", "no_right_is_forgotten"),
    (plants.let_an_empty_account_pump, 5, "open_the_door", "an_accounts_ceiling_holds"),
    (plants.charge_an_account_from_nothing, 4, "open_the_door", "accounts_divide_what_was_taken"),
    (plants.keep_the_key_that_has_ended, 1, "steal_key", "no_stranger_orders"),
    (plants.go_on_with_a_restored_log, 1, "gateway_restored", "a_restored_log_is_not_continued"),
    (plants.let_a_spare_inherit_nothing, 1, "box_dies", "rights_have_arrived"),
]


@pytest.mark.parametrize(("plant", "seed", "trouble", "invariant"), PLANTS)
def test_a_bug_in_the_further_parts_is_found_and_without_it_the_same_seed_is_clean(
    monkeypatch, plant, seed, trouble, invariant
):
    assert not run.play(seed, desk.SHORT_DAYS, 1, (trouble,)).violations
    plant(monkeypatch)
    found = run.play(seed, desk.SHORT_DAYS, 1, (trouble,)).violations
    assert invariant in {one.invariant for one in found}, found
