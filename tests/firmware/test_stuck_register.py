"""A register that stands while its meter says flow: P begins where W last moved (design §5, field F6)."""

from karez_firmware.core.doubts import Doubts
from test_books_segments import WATER, Site, known

FLOW_LPH = 57_600  # 16 litres a second; its 6 Wh are 18 litres of P


def pumped(site, seconds, flow_l=0):
    """Run with the meter saying flow; `flow_l`: what its register counts of it each second."""
    site.flow_lph = FLOW_LPH
    return site.run(seconds, flow_l, 6)


def rested(site, seconds=3):
    site.flow_lph = 0
    return site.run(seconds)


def kept(site):
    """A new box after a minute, with what FRAM holds."""
    again = site.again(60)
    again.flow_lph = 0
    return again.run(3)


def test_the_minute_before_it_is_noticed_is_in_p():
    site = pumped(pumped(known(), 20, 16), 59)
    assert site.books.held_l == 0 and not site.books.is_stuck
    pumped(site, 1)
    assert site.books.is_stuck
    pumped(site, 5)
    assert (site.books.volume_l, site.books.held_l) == (320, 65 * 18)
    rested(site)
    assert site.books.charged_l == 320 + 65 * 18


def test_short_runs_add_up_to_the_minute():
    site = pumped(known(), 20, 16)
    for _ in range(3):
        rested(pumped(site, 19))
    assert site.books.held_l == 0
    pumped(site, 10)
    assert site.books.held_l == 67 * 18
    assert rested(site).books.charged_l == 320 + 67 * 18


def test_what_the_pump_uses_with_next_to_no_flow_is_no_water():
    site = pumped(pumped(known(), 20, 16), 30)
    site.flow_lph = 5_999
    site.run(40, 0, 6)
    assert pumped(site, 35).books.held_l == 65 * 18


def test_a_silence_of_the_meter_belongs_to_it():
    site = pumped(pumped(known(), 20, 16), 10)
    site.is_silent = True
    pumped(site, 40)
    assert site.books.held_l == 40 * 18
    site.is_silent = False
    assert pumped(site, 12).books.held_l == 62 * 18


def test_without_a_power_meter_it_is_rated_flow_and_time_closed():
    site = Site((WATER,)).run(3)
    pumped(pumped(site, 20, 16), 62)
    assert site.books.held_l == 62 * 60_000 // 3_600


def test_over_a_restart_it_goes_on():
    site = pumped(pumped(known(), 20, 16), 50)
    again = kept(site)
    assert (again.books.charged_l, again.books.held.still_l(again.books.water, None, 0)) == (320, 900)
    pumped(again, 62)
    assert again.books.held_l == 112 * 18
    # And a register that has moved meanwhile has counted it.
    site.water_l += 800
    again = kept(site)
    assert (again.books.volume_l, again.books.held_l) == (1_120, 0)
    assert pumped(again, 62).books.held_l == 62 * 18


def test_over_a_restart_of_a_stuck_register_p_stays():
    site = pumped(pumped(known(), 20, 16), 65)
    assert site.books.snapshot()["water_is_doubted"] == 1
    assert kept(site).books.charged_l == 320 + 65 * 18


def test_a_register_that_had_only_not_shown_it_has_counted_everything():
    for shown_l, held_l in ((70 * 16, 0), (70 * 14, 0), (600, 70 * 18 + 3 * 18 - 600 - 48)):
        site = pumped(pumped(known(), 20, 16), 70)
        site.water_l += shown_l
        pumped(site, 3, 16)
        assert site.books.charged_l == 320 + shown_l + 48 + held_l, shown_l


def test_a_power_meter_that_tells_late_tells_of_more_than_the_standing():
    site = pumped(known(), 5, 16)
    site.is_dark = True
    pumped(pumped(site, 200, 16), 10)
    site.is_dark = False
    pumped(site, 52)
    # No more than 1.25 x rated power in the time that it has stood.
    most_l = 62 * 22_000 * 5 // (4 * 3_600) * 3
    assert 62 * 18 <= site.books.held_l <= most_l + 3


def made_up(litres, owed_s=80, step=1):
    found = Doubts(6_000)
    for second in range(owed_s + 1):
        found.take(500, second * 1_000, step, False, None, 36_000, None)  # ten litres a second
    assert found.is_stuck
    found.take(500 + litres, (owed_s + 1) * 1_000, step, False, None, 36_000, None)
    assert not found.is_stuck
    return found.has_made_up


def test_seven_eighths_of_what_its_flow_says_and_a_step_are_made_up():
    assert made_up(699) and not made_up(698)
    assert made_up(690, step=10) and not made_up(689, step=10)


def test_stuck_it_stays_through_a_rest_and_is_held_as_soon_as_it_says_flow():
    site = rested(pumped(pumped(known(), 20, 16), 70), 100)
    charged_l = site.books.charged_l
    assert site.books.is_stuck and charged_l == 320 + 70 * 18
    assert pumped(site, 10).books.charged_l == charged_l + 10 * 18
    pumped(site, 3, 16)
    assert not site.books.is_stuck


STANDBY_S = 36  # 100 W: a watt-hour, which is 3 litres of P, so often


def stopped(seconds=5):
    """Stuck, found so, and at rest: 16 litres a second, then 70 seconds of P."""
    site = rested(pumped(pumped(known(), 20, 16), 70), seconds)
    assert site.books.is_stuck and site.books.charged_l == 320 + 70 * 18
    return site


def on_standby(site, seconds):
    """The contactor is open, and what stands behind the power meter besides the pump goes on."""
    site.flow_lph, site.is_closed = 0, False
    for second in range(seconds):
        site.second(0, second % STANDBY_S == 0)
    return site


def test_standby_energy_of_a_long_rest_is_no_water_though_the_register_still_stands():
    site = stopped()
    charged_l, segment = site.books.charged_l, site.books.segment
    on_standby(site, 3 * 3_600)
    assert site.books.is_stuck
    assert (site.books.charged_l, site.books.segment) == (charged_l, segment)


def test_a_shut_valve_lets_no_water_through_though_the_register_still_stands():
    site = pumped(pumped(known(), 20, 16), 70)
    site.flow_lph = 0
    site.run(60, 0, 6)
    # Three readings agree before one is believed again: so long P goes on.
    assert site.books.is_stuck and site.books.charged_l == 320 + (70 + 3) * 18
    # And the next flow is in P from its first second, at a register that is known to stand.
    assert pumped(site, 10).books.charged_l == 320 + (70 + 3 + 10) * 18


def test_silent_while_the_pump_runs_a_stuck_register_counts_nothing_either():
    for is_cut in (False, True):
        site = stopped()
        charged_l = site.books.charged_l
        site.is_silent = True
        pumped(site, 100)
        on_standby(site, 10)
        site.is_silent = False
        site = kept(site) if is_cut else rested(site, 4)
        assert charged_l + 100 * 18 <= site.books.charged_l <= charged_l + 100 * 18 + 3, is_cut


def test_standby_energy_of_a_silence_or_an_outage_at_rest_is_no_water():
    site = stopped()
    charged_l = site.books.charged_l
    site.is_silent = True
    on_standby(site, 3_600)
    site.is_silent = False
    assert rested(site, 4).books.charged_l == charged_l
    assert site.books.snapshot()["water_is_doubted"] == 0
    site.wh += 100
    assert kept(site).books.charged_l == charged_l
