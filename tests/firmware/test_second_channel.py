"""C6: two channels of the same thing."""

from karez_firmware.core.second_channel import ENERGY, WATER, Channels, Pair


def test_a_pair_waits_for_enough_and_for_its_slack_to_be_small():
    pair = Pair(10)
    assert pair.feed(0, 0, 100, 1) is None
    assert pair.feed(99, 99, 100, 0) is None
    assert pair.feed(100, 100, 100, 2) is None  # slack of 2 % against a tolerance of 1 %
    assert pair.feed(100, 100, None, 0) is None
    assert pair.feed(100, 100, 100, 1) is False


def test_a_pair_differs_beyond_tolerance_and_slack_in_either_direction():
    for one, other, differs in (
        (1000, 1011, False),
        (1011, 1000, False),
        (1000, 1013, True),
        (1013, 1000, True),
        (0, 1000, True),
        (1000, 0, True),
    ):
        pair = Pair(10)
        pair.feed(50, 70, 100, 2)
        assert pair.feed(50 + one, 70 + other, 100, 2) is differs, (one, other)


def test_unknown_pauses_a_pair_and_a_fall_begins_it_anew():
    pair = Pair(10)
    pair.feed(0, 0, 100, 0)
    assert pair.feed(None, 500, 100, 0) is None and pair.feed(500, None, 100, 0) is None
    assert pair.feed(500, 499, 100, 0) is False
    for fallen in ((90, 700), (700, 90)):
        pair.feed(600, 600, 100, 0)
        assert pair.feed(*fallen, least=100, slack=0) is None
        assert pair.feed(fallen[0] + 200, fallen[1] + 200, 100, 0) is False


def test_a_pulse_line_that_was_cut_differs_after_its_hundred_pulses_and_agrees_again():
    found = Channels()
    began = [at for at in range(0, 3000, 10) if found.water(at, 0, 11, 10, 3600)]
    # 13 L of steps and skew are 1 % of 1300 L.
    assert began == [1300] and found.differing == WATER
    for at in range(3000, 6000, 10):
        assert not found.water(at, at - 3000, 11, 10, 3600)
    assert found.differing == 0


def drive(found, seconds, power_w, scale_permille=1000, from_wh=0, wh_power_w=None):
    """Let a register and a power reading go on; return (when it began to differ, the register)."""
    began = None
    wh = 0
    for second in range(1, seconds + 1):
        wh = (power_w if wh_power_w is None else wh_power_w) * second * scale_permille // 3_600_000
        if found.energy(from_wh + wh, 10, power_w, 1000):
            began = began or second
    return began, from_wh + wh


def test_an_energy_register_that_follows_its_power_agrees():
    found = Channels()
    assert drive(found, 8000, 20_000)[0] is None and found.differing == 0


def test_a_register_off_by_three_percent_differs_after_an_hour_and_five_kilowatt_hours():
    for power_w, least_s in ((20_000, 3600), (2_000, 9000)):
        for permille in (970, 1030):
            found = Channels()
            began, register_wh = drive(found, 12_000, power_w, permille)
            assert least_s - 300 <= began <= least_s + 300, (power_w, permille, began)
            assert found.differing == ENERGY
            drive(found, 12_000, power_w, 1000, register_wh)
            drive(found, 12_000, power_w, 1000, 2 * register_wh)
            assert found.differing == 0


def test_a_current_transformer_counted_in_the_register_only_differs():
    found = Channels()
    assert drive(found, 4000, 500, 40_000)[0] is not None
    found = Channels()
    # A reversed one: power is negative, the forward register stands. Neither has moved.
    assert drive(found, 8000, -20_000, wh_power_w=0)[0] is None
    assert found.differing == 0


def test_a_lost_answer_is_bridged_and_a_silence_begins_anew():
    found = Channels()
    assert not found.energy(0, 1, None, 1000)  # never read
    wh = 0
    for second in range(1, 8000):
        wh = 20_000 * second // 3600
        power_w = None if second % 300 < 4 else 20_000
        found.energy(wh, 1, power_w, 1000)
    assert found.differing == 0 and found._ms < 4_000_000
    for second in range(8000, 8006):
        assert not found.energy(20_000 * second // 3600, 1, None, 1000)
    assert found._ms == 0
    # What the register did meanwhile is nobody's difference.
    assert drive(found, 4000, 20_000, from_wh=wh + 9_000)[0] is None


def test_a_stall_of_the_controller_or_another_segment_begins_anew():
    found = Channels()
    drive(found, 3000, 20_000)
    assert not found.energy(17_000, 1, 20_000, 6000) and found._ms == 0
    drive(found, 3000, 20_000, from_wh=17_000)
    found.restart()
    assert drive(found, 3700, 20_000, from_wh=900_000)[0] is None and found.differing == 0


def test_a_register_that_is_not_read_is_not_compared():
    found = Channels()
    for _ in range(8000):
        assert not found.energy(None, 1, 20_000, 1000)
        assert not found.water(None, None, 2, 1, 0)
