"""A county from a seed: short runs in which everything holds, and planted bugs that are found."""

from functools import cache

import pytest

import world_desk as desk
from karez_simulators.world import run, seeds

# 200 short seeds (issue 8), in parts that the workers share.
PARTS, PER_PART = 20, 10


@pytest.fixture(autouse=True)
def _gateway(monkeypatch):
    desk.offer_the_gateway(monkeypatch)


@pytest.mark.timeout(600)  # a part takes some 15 s of one core
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_in_a_short_run_everything_holds(part):
    for seed in range(part * PER_PART + 1, (part + 1) * PER_PART + 1):
        wells = 1 + seed % 2  # the second one is drinking water
        seen = seeds.look(seed, desk.SHORT_DAYS, wells)
        again = seeds.replay(seed, desk.SHORT_DAYS, wells)
        assert not seen.violations, f"{again}\n{seen.violations[0]}\n" + "\n".join(seen.last_events)
        assert seen.records > 20


PLANTS = [
    (desk.forget_a_record, 1, "cut_in_a_write", "numbers_without_a_gap"),
    (desk.add_grants, 1, "cut_in_a_write", "right_is_the_signed_one"),
    (desk.book_held_readings, 1, "meter_wild", "books_equal_the_meter"),
    (desk.block_at_quarantine, 1, "rot", "the_backlog_drains"),
    (desk.meters_that_show_too_little, 1, "open_the_door", "books_equal_the_well"),
]


@cache  # two bugs are planted into one run
def unplanted(seed, trouble):
    return run.play(seed, desk.SHORT_DAYS, 1, (trouble,)).violations


@pytest.mark.parametrize(("plant", "seed", "trouble", "invariant"), PLANTS)
def test_a_planted_bug_is_found_and_without_it_the_same_seed_is_clean(
    monkeypatch, plant, seed, trouble, invariant
):
    assert not unplanted(seed, trouble)
    plant(monkeypatch)
    found = run.play(seed, desk.SHORT_DAYS, 1, (trouble,)).violations
    assert invariant in {one.invariant for one in found}, found


def test_one_seed_is_one_run():
    first, second = (seeds.look(3, desk.SHORT_DAYS, 1) for _ in range(2))
    assert first == second and first.digest != seeds.look(4, desk.SHORT_DAYS, 1).digest
