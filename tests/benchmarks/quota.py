"""A prefecture's limits to every well: Turpan's preset, 6,922 wells and 32 intakes, decomposed and checked.

Contains: demands, permits and caps of every site, both sources shared out down the tree, the sum proofs made
and added up again from their rows, and every check of the year. Leaves out: reading the registry from its
store and keeping the plans. Beside it stands the same limit divided flat, by one weight, nothing else.
"""

import time

from entry import entry
from karez_gateway.county.quota import checking, preset, proof, proof_check, weights
from karez_gateway.county.quota.cells import Cell
from karez_gateway.county.quota.decomposition import Wish, decompose

NAMES = ("quota_turpan_s",)
YEAR, ROOT = 2025, "650400"
TARGET_S = 10
TRIES, QUICK_TRIES = 5, 1


def shared(registry):
    """Decompose and check; raises ValueError when a proof does not add up."""
    known = weights.facts(registry, YEAR, 1, {})
    keys = [one.key for one in proof.COLUMNS]
    for source in ("ground", "surface"):
        found = decompose(
            registry, Wish(ROOT, YEAR, Cell("all", source), "allowed", ("permit", "allowed")), known
        )
        wrong = proof_check.check(dict(zip(keys, row, strict=True)) for row in proof.rows(found))
        if wrong:
            raise ValueError(wrong[0])
    checking.check(registry, YEAR, 1)


def divided(registry):
    """What is left when nothing has to hold: each site's proportion, rounded down."""
    sites = {name: int(values["allowed_l"]) for name, values in registry.of_kind("site")}
    total, limit_l = sum(sites.values()), 112_000 * 10_000_000
    return {name: limit_l * weight // total for name, weight in sites.items()}


def best_s(call, registry, tries):
    """The shortest of some tries."""
    took = []
    for _ in range(tries):
        began_s = time.perf_counter()
        call(registry)
        took.append(time.perf_counter() - began_s)
    return min(took)


def measure(quick, say):
    registry = preset.registry(preset.rows("turpan"))
    tries = QUICK_TRIES if quick else TRIES
    ours_s = best_s(shared, registry, tries)
    say(f"  6,954 sites decomposed and checked in {ours_s:.2f} s")
    flat_s = best_s(divided, registry, tries)
    return [entry("quota_turpan_s", ours_s, "s", "a flat division", flat_s, at_most=TARGET_S)]
