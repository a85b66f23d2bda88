"""The flow of a meter that has none: what its total did over the last ten seconds."""

from karez_firmware.drivers.flow_of_totals import FlowOfTotals

SECOND_US = 1_000_000


def flows(totals, flow=None):
    """Feed one total a second; return what came out."""
    flow = flow or FlowOfTotals()
    return [flow.take(total, 7 + at * SECOND_US) for at, total in enumerate(totals)]


def test_it_is_unknown_until_ten_seconds_have_passed_and_then_stays_until_the_next_ten():
    found = flows([1000 + 10 * (at * 5 // 3) for at in range(25)])  # 60 m3/h in steps of 10 L
    assert found[:10] == [None] * 10
    assert found[10:20] == [57_600] * 10 and found[20] == 61_200


def test_still_water_is_zero_and_not_unknown():
    assert flows([500] * 11)[10] == 0


def test_a_total_that_is_unknown_or_falls_makes_the_flow_unknown_for_a_window():
    for break_l, back in ((None, 22), (400, 21)):
        found = flows([500] * 11 + [break_l] + [500] * 12)
        assert found[10] == 0 and found[11:back] == [None] * (back - 11)
        assert found[back] is not None
