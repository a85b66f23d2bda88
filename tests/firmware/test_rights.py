"""The right to pump: ceilings, allowances, dates without a clock, energy unknown, warning lines."""

from karez_firmware.core.rights import Rights, Warnings
from karez_protocols import causes, grant

NEW_YEAR = 1_798_761_600  # 2027-01-01 00:00 UTC
YEAR = 31_536_000
W, E = grant.WATER, grant.ENERGY


def a_row(ceiling, from_utc_s, to_utc_s, quantity=W, finish_100l=0, emergency_100l=0):
    """One row of a grant."""
    return {
        "quantity": quantity, "from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "ceiling": ceiling,
        "finish_100l": finish_100l, "emergency_100l": emergency_100l,
    }  # fmt: skip


def values_of(seq=1, policy=grant.STOP, flags=0, site="site-1", head_volume_l=0, head_ledger_l=0):
    """The values of a grant as far as the core reads them."""
    return {
        "seq": seq, "site": site, "policy": policy, "flags": flags,
        "head_volume_l": head_volume_l, "head_ledger_l": head_ledger_l,
    }  # fmt: skip


def rights(rows, policy=grant.STOP):
    """Rights with one grant in force."""
    found = Rights("site-1")
    found.install(values_of(policy=policy), rows)
    return found


# This year 1000 m3; the interim rule gives 100 m3 more until April.
SEASONS = [
    a_row(1_000_000, NEW_YEAR - YEAR, NEW_YEAR, finish_100l=20, emergency_100l=50),
    a_row(1_100_000, NEW_YEAR, NEW_YEAR + 90 * 86_400),
]


# -- what is accepted ---------------------------------------------------------------------


def test_no_grant_is_no_right_and_says_so():
    found = Rights("site-1")
    assert found.seq == 0 and found.policy == grant.STOP and found.row(W, 5) is None
    assert found.ceiling(W, 5, False) == (None, causes.GRANT_MISSING)
    assert found.exceeded(0, 0, 5, False) == causes.GRANT_MISSING
    assert found.changes_at(5) is None


def test_a_grant_of_another_site_an_older_one_and_a_strict_one_of_a_strange_head_are_refused():
    found = rights(SEASONS)
    assert found.judge(values_of(2, site="site-2"), True) == causes.GRANT_REFUSED_SITE
    assert found.judge(values_of(1), True) == causes.GRANT_REFUSED_SEQ
    assert found.judge(values_of(2, flags=grant.FLAG_STRICT), False) == causes.GRANT_REFUSED_HEAD
    for holds_head in (True, None):
        assert found.judge(values_of(2, flags=grant.FLAG_STRICT), holds_head) == causes.NONE
    assert found.judge(values_of(2), False) == causes.NONE


# -- ceilings -----------------------------------------------------------------------------


def test_at_new_year_the_interim_row_takes_over_and_w_goes_on():
    found = rights(SEASONS)
    for utc_s, ceiling_l in ((NEW_YEAR - 1, 1_000_000), (NEW_YEAR, 1_100_000)):
        assert found.ceiling(W, utc_s, False) == (ceiling_l, causes.NONE)
    assert found.exceeded(1_000_000, None, NEW_YEAR - 1, False) == causes.WATER_CEILING
    assert found.exceeded(1_000_000, None, NEW_YEAR, False) == causes.NONE
    end = NEW_YEAR + 90 * 86_400
    assert found.exceeded(1_000_000, None, end - 1, False) == causes.NONE
    assert found.exceeded(0, None, end, False) == causes.GRANT_EXPIRED


def test_before_the_first_row_and_in_a_gap_there_is_no_right():
    found = rights([a_row(10, 100, 200), a_row(20, 300, 400)])
    for utc_s in (99, 200, 299, 400):
        assert found.ceiling(W, utc_s, False) == (None, causes.GRANT_EXPIRED), utc_s
    assert found.ceiling(W, 100, False)[0] == 10 and found.ceiling(W, 399, False)[0] == 20


def test_the_finish_allowance_serves_what_runs_under_the_policy_finish_only():
    for policy in (grant.STOP, grant.FINISH, grant.WARN):
        found = rights(SEASONS, policy)
        assert found.policy == policy
        assert found.ceiling(W, NEW_YEAR - 1, False)[0] == 1_000_000
        more_l = 2_000 if policy == grant.FINISH else 0
        assert found.ceiling(W, NEW_YEAR - 1, True)[0] == 1_000_000 + more_l


def test_a_right_that_only_warns_binds_by_its_dates_alone():
    found = rights([a_row(10, 100, 300), a_row(5, 100, 200, quantity=E)], grant.WARN)
    for energy_wh in (0, 999, None):
        assert found.exceeded(999, energy_wh, 199, False) == causes.NONE
        assert found.exceeded(999, energy_wh, 200, True) == causes.GRANT_EXPIRED
    assert found.exceeded(None, 0, 199, True) == causes.BOOKS_UNKNOWN


def test_the_emergency_ceiling_opens_also_a_start_and_replaces_the_finish():
    found = rights(SEASONS, grant.FINISH)
    for in_progress in (False, True):
        assert found.ceiling(W, NEW_YEAR - 1, in_progress, True)[0] == 1_005_000
    assert found.exceeded(1_004_999, None, NEW_YEAR - 1, False, True) == causes.NONE
    assert found.exceeded(1_005_000, None, NEW_YEAR - 1, False, True) == causes.WATER_CEILING


def test_opening_an_emergency_of_nothing_takes_no_finish_away():
    found = rights([a_row(1000, 0, 10, finish_100l=3)], grant.FINISH)
    assert found.ceiling(W, 5, True, True)[0] == 1300
    assert found.ceiling(W, 5, False, True)[0] == 1000


def test_unread_books_give_no_right():
    found = rights(SEASONS)
    assert found.exceeded(None, 0, NEW_YEAR, False) == causes.BOOKS_UNKNOWN
    assert found.exceeded(None, 0, NEW_YEAR, True) == causes.BOOKS_UNKNOWN


# -- without a trusted clock --------------------------------------------------------------


def test_without_trusted_time_the_greatest_ceiling_not_over_at_the_floor_binds():
    found = rights(SEASONS)
    for floor, ceiling_l in ((0, 1_100_000), (NEW_YEAR - 1, 1_100_000), (NEW_YEAR, 1_100_000)):
        assert found.ceiling(W, floor, False, is_trusted=False) == (ceiling_l, causes.NONE)
    end = NEW_YEAR + 90 * 86_400
    assert found.ceiling(W, end, False, is_trusted=False) == (None, causes.GRANT_EXPIRED)
    assert found.exceeded(1_099_999, None, 0, False, is_trusted=False) == causes.NONE
    assert found.exceeded(1_100_000, None, 0, False, is_trusted=False) == causes.WATER_CEILING


def test_a_row_that_ended_before_the_floor_gives_nothing_back():
    found = rights([a_row(9_000, 0, 100), a_row(5_000, 100, 200)])
    assert found.ceiling(W, 99, False, is_trusted=False)[0] == 9_000
    assert found.ceiling(W, 100, False, is_trusted=False)[0] == 5_000


def test_allowances_hold_without_a_clock_too():
    found = rights(SEASONS, grant.FINISH)
    # This year's row with its emergency is still below the interim row: the greatest of both.
    assert found.ceiling(W, 0, True, True, False)[0] == 1_100_000
    only = rights(SEASONS[:1], grant.FINISH)
    assert only.ceiling(W, 0, True, False, False)[0] == 1_002_000
    assert only.ceiling(W, 0, True, True, False)[0] == 1_005_000


def test_a_ceiling_of_zero_is_a_ceiling():
    found = rights([a_row(0, 0, 100)])
    for is_trusted in (True, False):
        assert found.ceiling(W, 5, False, is_trusted=is_trusted) == (0, causes.NONE)
        assert found.exceeded(0, None, 5, False, is_trusted=is_trusted) == causes.WATER_CEILING


# -- energy -------------------------------------------------------------------------------


def test_both_ceilings_bind_and_each_has_its_cause():
    found = rights([a_row(1000, 0, 100), a_row(500, 0, 100, E)])
    assert found.exceeded(999, 499, 5, False) == causes.NONE
    assert found.exceeded(999, 500, 5, False) == causes.ENERGY_CEILING
    assert found.exceeded(1000, 499, 5, False) == causes.WATER_CEILING
    assert found.exceeded(1000, 500, 5, False) == causes.WATER_CEILING


def test_without_an_energy_row_energy_may_be_unknown():
    assert rights([a_row(1000, 0, 100)]).exceeded(999, None, 5, False) == causes.NONE


def test_unknown_energy_gives_no_right_to_start():
    found = rights([a_row(1000, 0, 100), a_row(500, 0, 100, E)])
    assert found.exceeded(0, None, 5, False) == causes.BOOKS_UNKNOWN
    assert found.exceeded(0, None, 5, False, energy_bound_wh=1) == causes.BOOKS_UNKNOWN


def test_what_runs_with_unknown_energy_is_held_to_its_upper_bound():
    found = rights([a_row(1000, 0, 100), a_row(500, 0, 100, E)])
    assert found.exceeded(0, None, 5, True, energy_bound_wh=499) == causes.NONE
    assert found.exceeded(0, None, 5, True, energy_bound_wh=500) == causes.ENERGY_CEILING
    assert found.exceeded(0, None, 5, True) == causes.BOOKS_UNKNOWN
    assert found.exceeded(0, 499, 5, True, energy_bound_wh=900) == causes.NONE  # what is known counts


def test_an_energy_row_that_is_over_ends_the_right():
    found = rights([a_row(1000, 0, 100), a_row(500, 0, 50, E)])
    assert found.exceeded(0, 0, 60, False) == causes.GRANT_EXPIRED
    assert found.exceeded(0, 0, 60, False, is_trusted=False) == causes.GRANT_EXPIRED


def test_a_grant_of_energy_alone_is_no_right_to_water():
    assert rights([a_row(500, 0, 100, E)]).exceeded(0, 0, 5, False) == causes.GRANT_EXPIRED


# -- offline ------------------------------------------------------------------------------


def test_the_offline_ceiling_is_off_until_it_is_set():
    found = rights(SEASONS)
    assert found.offline_ceiling_l(None, 0) is None
    assert found.offline_exceeded(10**9, None, 0) == causes.NONE
    assert found.offline_exceeded(None, None, 0) == causes.NONE


def test_the_offline_ceiling_counts_from_what_was_last_acknowledged():
    found = rights(SEASONS)
    assert found.offline_ceiling_l(70_000, 5_000) == 75_000
    assert found.offline_ceiling_l(0, 5_000) == 5_000  # W 0 is known, not missing
    assert found.offline_exceeded(74_999, 70_000, 5_000) == causes.NONE
    assert found.offline_exceeded(75_000, 70_000, 5_000) == causes.OFFLINE_CEILING
    assert found.offline_exceeded(None, 70_000, 5_000) == causes.BOOKS_UNKNOWN


def test_the_head_a_grant_names_is_acknowledged_too():
    found = Rights("site-1")
    assert found.offline_ceiling_l(None, 5_000) == 0  # nothing was ever acknowledged
    assert found.offline_exceeded(0, None, 5_000) == causes.OFFLINE_CEILING
    found.install(values_of(head_volume_l=80_000), SEASONS)
    assert found.offline_ceiling_l(None, 5_000) == 85_000
    assert found.offline_ceiling_l(70_000, 5_000) == 85_000
    assert found.offline_ceiling_l(90_000, 5_000) == 95_000
    found.install(values_of(seq=2, head_volume_l=None), SEASONS)
    assert found.offline_ceiling_l(None, 5_000) == 0
    assert found.offline_ceiling_l(90_000, 5_000) == 95_000


# -- when it changes ----------------------------------------------------------------------


def test_the_next_change_is_the_end_of_a_row_or_the_beginning_of_one():
    found = rights([a_row(10, 100, 200), a_row(20, 300, 400), a_row(7, 150, 400, E)])
    changes = [found.changes_at(utc_s) for utc_s in (0, 99, 100, 150, 200, 300, 399)]
    assert changes == [100, 100, 150, 200, 300, 400, 400]
    assert found.changes_at(400) is None


# -- warning lines ------------------------------------------------------------------------


def lines(warnings, values, ceiling_l, volumes_l):
    """What is told at each of these W."""
    return [warnings.passed(values, ceiling_l, volume_l) for volume_l in volumes_l]


def test_each_line_is_told_once_and_a_new_grant_clears_them():
    warnings = Warnings(80, 90)
    told = lines(warnings, values_of(1), 1000, (0, 799, 800, 801, 950, 999, 1000, 1001))
    assert told == [[], [], [80], [], [90], [], [100], []]
    assert lines(warnings, values_of(2), 2000, (1001, 1600, 2000)) == [[], [80], [90, 100]]


def test_a_new_grant_of_the_same_ceiling_has_its_lines_anew():
    warnings = Warnings(80, 90)
    assert lines(warnings, values_of(1), 1000, (950, 951)) == [[80, 90], []]
    assert lines(warnings, values_of(2), 1000, (951, 952)) == [[80, 90], []]


def test_the_lines_are_of_the_right_not_of_w():
    # Ceiling = W_a + right - ledger(a): right 1000 from W 50,000, of which 300 were used at a.
    values = values_of(head_volume_l=50_300, head_ledger_l=300)
    assert lines(Warnings(80, 90), values, 51_000, (50_300, 50_799, 50_800)) == [[], [], [80]]
    values = values_of(head_volume_l=None, head_ledger_l=None)
    assert lines(Warnings(80, 90), values, 1004, (803, 804)) == [[], [80]]


def test_a_right_that_a_cut_left_nothing_of_passes_every_line_at_once():
    values = values_of(head_volume_l=5_000)
    assert lines(Warnings(80, 90), values, 4_000, (5_000, 5_000)) == [[80, 90, 100], []]


def test_lines_that_fall_together_are_one():
    assert Warnings(100, 90).passed(values_of(), 1000, 1000) == [90, 100]
    assert Warnings(90, 90).passed(values_of(), 1000, 1000) == [90, 100]


def test_a_row_that_follows_has_its_lines_and_a_clock_in_doubt_repeats_none():
    warnings = Warnings(80, 90)
    assert lines(warnings, values_of(), 1000, (950,)) == [[80, 90]]
    assert lines(warnings, values_of(), 1100, (950, 990)) == [[80], [90]]
    for ceiling_l in (1000, 1100) * 20:
        assert warnings.passed(values_of(), ceiling_l, 995) == []


def test_what_is_not_known_warns_nobody():
    warnings = Warnings(80, 90)
    assert warnings.passed(None, 1000, 999) == []
    assert warnings.passed(values_of(), None, 999) == []
    assert warnings.passed(values_of(), 1000, None) == []
    assert warnings.passed(values_of(), 1000, 999) == [80, 90]
