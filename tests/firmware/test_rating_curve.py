"""Rating curves: level to flow in integers, exact to the litre, unknown where nobody gauged."""

from karez_firmware.core.rating_curve import TABLE, V_NOTCH, WEIR, Curve, square_root
from karez_protocols.errors import NotAllowed

ROWS = [(20, 0), (100, 36_000), (150, 90_000), (400, 90_000)]


def refused(**named):
    """True if these make no curve."""
    try:
        Curve(**named)
    except NotAllowed:
        return True
    return False


def test_a_square_root_is_the_greatest_integer_below_it():
    for at in range(2004):
        number = at if at < 2000 else ((1 << 127) - 1, 1 << 126, 10**30, 10**30 - 1)[at - 2000]
        root = square_root(number)
        assert root * root <= number < (root + 1) * (root + 1), number


def test_a_table_is_linear_between_its_rows():
    curve = Curve(TABLE, 3, rows=ROWS)
    for level_mm, flow_lph in (
        (20, 0), (60, 18_000), (61, 18_450), (100, 36_000), (101, 37_080), (149, 88_920),
        (150, 90_000), (151, 90_000), (399, 90_000), (400, 90_000),
    ):  # fmt: skip
        assert curve.flow_lph(level_mm) == flow_lph, level_mm
    assert curve.version == 3 and curve.flow_max_lph == 90_000


def test_nothing_flows_below_the_first_row_and_above_the_last_nobody_knows():
    curve = Curve(TABLE, 1, rows=ROWS)
    assert [curve.flow_lph(level) for level in (-5, 0, 1, 19)] == [0, 0, 0, 0]
    assert curve.flow_lph(401) is None and curve.flow_lph(None) is None
    steep = Curve(TABLE, 1, rows=[(20, 500), (40, 900)])
    assert steep.flow_lph(19) == 0 and steep.flow_lph(20) == 500


def test_the_gauges_zero_is_taken_off():
    curve = Curve(TABLE, 1, zero_mm=35, rows=ROWS)
    assert curve.flow_lph(135) == 36_000 and curve.flow_lph(35) == 0 and curve.flow_lph(436) is None
    below = Curve(TABLE, 1, zero_mm=-35, rows=ROWS)
    assert below.flow_lph(65) == 36_000


def test_a_rectangular_weir_follows_the_power_of_three_halves():
    # 1 m wide, Q = 1.84 b h^1.5 m3/s: 209,467,000 in 0.000001 L/h per mm^1.5.
    curve = Curve(WEIR, 1, coefficient=209_467_000, level_max_mm=500)
    for level_mm, flow_lph in ((0, 0), (1, 209), (100, 209_467), (400, 1_675_736), (500, 2_341_912)):
        assert curve.flow_lph(level_mm) == flow_lph, level_mm
    assert curve.flow_lph(501) is None and curve.flow_lph(-1) == 0


def test_a_v_notch_follows_the_power_of_five_halves():
    # 90 degrees, Q = 1.38 h^2.5 m3/s at h in m: 157,104 in 0.000001 L/h per mm^2.5.
    curve = Curve(V_NOTCH, 1, zero_mm=10, coefficient=157_104, level_max_mm=400)
    for level_mm, flow_lph in ((10, 0), (20, 49), (110, 15_710), (210, 88_871), (410, 502_732)):
        assert curve.flow_lph(level_mm) == flow_lph, level_mm


def test_every_level_gives_no_less_than_the_one_below():
    for curve in (
        Curve(TABLE, 1, rows=ROWS),
        Curve(WEIR, 1, coefficient=209_467_000, level_max_mm=400),
        Curve(V_NOTCH, 1, coefficient=157_104, level_max_mm=400),
    ):
        before = 0
        for level_mm in range(401):
            flow_lph = curve.flow_lph(level_mm)
            assert flow_lph >= before
            before = flow_lph


def test_what_is_no_curve_is_refused():
    assert refused(kind=9, version=1)
    for rows in (
        [], [(0, 0)], [(10, 5), (10, 6)], [(10, 5), (9, 6)], [(10, 5), (20, 4)], [(10, -1), (20, 4)],
        [(-1, 0), (20, 4)], [(0, 0), (70_000, 4)], [(0, 0), (5, 1 << 32)],
        [(at, at) for at in range(65)],
    ):  # fmt: skip
        assert refused(kind=TABLE, version=1, rows=rows), rows
    for coefficient, level_max_mm in ((0, 100), (-1, 100), (5, 0), (5, 70_000), (1 << 50, 60_000)):
        assert refused(kind=WEIR, version=1, coefficient=coefficient, level_max_mm=level_max_mm)
