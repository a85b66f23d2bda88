"""The planner: no set of requests is cheaper than the one it finds, within each meter's limits."""

from karez_protocols import errors, read_plan


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def partitions(items):
    """All ways to give items to requests, in any order: set partitions, not only runs."""
    if not items:
        return [[]]
    found = []
    for rest in partitions(items[1:]):
        found.append([[items[0]]] + rest)  # noqa: RUF005 - MicroPython knows no star in a list
        for at, group in enumerate(rest):
            found.append(rest[:at] + [[items[0]] + group] + rest[at + 1 :])  # noqa: RUF005 - the same
    return found


def cheapest(items, allowed, block_max, request_cost, register_cost):
    """The least cost by trying everything; None if nothing is allowed."""
    best = None
    for groups in partitions(items):
        cost = 0
        for group in groups:
            start, end = min(item[0] for item in group), max(item[1] for item in group)
            open_to_us = allowed is None or all(
                any(first <= at < last for first, last in allowed) for at in range(start, end)
            )
            if end - start > block_max or not open_to_us:
                break
            cost += request_cost + (end - start) * register_cost
        else:
            best = cost if best is None else min(best, cost)
    return best


def cost_of(plan, request_cost, register_cost):
    return sum(request_cost + count * register_cost for _, count in plan)


def drawn(state, count, reach):
    """Ranges from a linear congruential generator, the same in both interpreters."""
    ranges = []
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        start = (state >> 8) % reach
        ranges.append((start, start + 1 + (state >> 20) % 4))
    return state, ranges


def test_no_choice_of_requests_is_cheaper_than_the_plan():
    state = 7
    for turn in range(40):
        state, items = drawn(state, 5, 60)
        state, holes = drawn(state, 6, 60)
        allowed = None if turn % 2 else items + [(start, end + 6) for start, end in holes]
        plan = read_plan.requests(items, allowed, 20, 27000, 2084)
        assert cost_of(plan, 27000, 2084) == cheapest(items, allowed, 20, 27000, 2084), items
        for start, end in items:
            assert any(first <= start and end <= first + count for first, count in plan), items


def test_overlapping_items_may_be_read_twice_where_one_block_is_too_long():
    assert read_plan.requests([(0, 4), (2, 6), (4, 8)], None, 6, 100, 1) == [(0, 4), (2, 6)]
    assert read_plan.requests([(0, 4), (2, 6), (4, 8)], None, 8, 100, 1) == [(0, 8)]


def test_an_item_inside_another_comes_for_nothing():
    assert read_plan.requests([(3, 4), (0, 10), (0, 2), (9, 10)], None, 10, 100, 1) == [(0, 10)]


def test_ranges_are_widened_to_the_alignment():
    assert read_plan.aligned([(3, 5), (8, 9), (2, 4)], 2) == [(2, 6), (8, 10), (2, 4)]
    assert read_plan.aligned([(3, 5)], 1) == [(3, 5)]


def test_what_does_not_fit_is_refused():
    assert refused(errors.NotAllowed, read_plan.requests, [(0, 31)], None, 30, 1, 1)
    assert refused(errors.NotAllowed, read_plan.requests, [(0, 4)], [(0, 3)], 30, 1, 1)
    assert read_plan.requests([(0, 31)], [(0, 16), (16, 40)], 31, 1, 1) == [(0, 31)]


def test_registers_are_covered_across_adjoining_ranges_only():
    assert read_plan.merged([(5, 9), (0, 5), (2, 3), (10, 12)]) == [(0, 9), (10, 12)]
    assert read_plan.is_covered(2, 9, [(0, 9)]) and not read_plan.is_covered(2, 9, [(0, 4), (5, 9)])
    assert not read_plan.is_covered(2, 9, [(2, 8)]) and not read_plan.is_covered(2, 9, [])


def test_a_hole_is_worth_a_request_up_to_its_cost():
    for hole in range(1, 30):
        plan = read_plan.requests([(0, 2), (2 + hole, 4 + hole)], None, 125, 20, 1)
        assert len(plan) == (1 if hole <= 20 else 2), hole


def test_the_longest_profile_is_planned_at_once():
    # 64 fields and 64 groups, none inside another.
    items = [(3 * at, 3 * at + 2) for at in range(64)] + [(3 * at + 1, 3 * at + 4) for at in range(64)]
    plan = read_plan.requests(items, None, 125, 20, 1)
    assert plan[0][0] == 0 and sum(count for _, count in plan) >= 193
