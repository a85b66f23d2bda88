"""C1, C2, C5 and the whole cross-check of a well, step by step; unknown is never zero."""

from karez_firmware.core import crosscheck, ratio, second_channel
from karez_firmware.core.crosscheck import CrossCheck, Lasting, Seen, both
from karez_firmware.core.frozen import Frozen
from karez_protocols import causes, fields, flags

FLOW = 60_000
POWER = 24_000  # 2500 mL/Wh
SITE = {
    "rated_flow_lph": FLOW,
    "rated_power_w": POWER,
    "reference_ml_per_wh": 2500,
    "physical_ml_per_wh": 4000,
}
SETTINGS = {"no_water_stop_s": 300, "artesian": 0, "poll_idle_ms": 10_000}
STEP_MS = 500


def changed(values, **changes):
    """A copy of a dict with other values."""
    values = dict(values)
    values.update(changes)
    return values


class Well:
    """A well on a desk: says what the meters say, and keeps the books of what was pumped."""

    def __init__(self, site=SITE, settings=SETTINGS, **start):
        self.check = CrossCheck(site, settings)
        self.seen = Seen()
        self.seen.is_water_good = True
        self.seen.volume_l = self.seen.energy_wh = 0
        self.now_ms = 0
        self.ml_ms = self.mwh_ms = 0  # flow x time, power x time
        self.first = {}  # cause -> seconds after `mark` at which its first event came
        self.events = []
        self.stopped_s = None
        for name, value in start.items():
            setattr(self.seen, name, value)

    def run(self, seconds, flow=FLOW, power=POWER, closed=True, **seen):
        """Let time pass; `flow` and `power` may be None (unknown) and move the books unless given."""
        begin_ms = self.now_ms
        self.first = {}
        self.stopped_s = None
        for name, value in seen.items():
            setattr(self.seen, name, value)
        for _ in range(seconds * 1000 // STEP_MS):
            self.now_ms += STEP_MS
            self.ml_ms += (flow or 0) * STEP_MS
            self.mwh_ms += (power or 0) * STEP_MS
            found = self.seen
            found.is_closed = found.aux = closed
            found.flow_lph, found.power_w = flow, power
            found.flow_at_ms = found.power_at_ms = self.now_ms
            if "volume_l" not in seen:
                found.volume_l = max(self.ml_ms, 0) // 3_600_000
            if "energy_wh" not in seen:
                found.energy_wh = max(self.mwh_ms, 0) // 3_600_000
            self.check.step(self.now_ms, found)
            at_s = (self.now_ms - begin_ms) / 1000
            for cause, subject, _ in self.check.events:
                self.first.setdefault(cause, at_s)
                self.events.append((cause, subject))
            self.check.events = []
            if self.check.stop_cause and self.stopped_s is None:
                self.stopped_s = at_s
        return self

    @property
    def alarms(self):
        return self.check.alarms


def test_and_of_what_may_be_unknown():
    table = (
        (True, True, True),
        (True, False, False),
        (False, None, False),
        (None, False, False),
        (True, None, None),
        (None, True, None),
        (None, None, None),
    )
    for one, other, result in table:
        assert both(one, other) is result, (one, other)


def test_unknown_pauses_what_lasts_and_its_contrary_ends_it():
    lasting = Lasting()
    assert [lasting.feed(is_so, 10) for is_so in (True, None, True, False, True)] == [10, 10, 20, 0, 10]


def test_an_honest_day_raises_nothing():
    well = Well(day=100)
    well.run(600, 0, 0, closed=False)
    well.run(2, 0, POWER).run(10_000).run(2, FLOW // 2, 0, closed=False).run(600, 0, 0, closed=False, day=101)
    assert (well.events, well.alarms, well.check.stop_cause) == ([], 0, causes.NONE)


# -- C1 ---------------------------------------------------------------------------------


def test_a_total_loss_while_pumping_is_found_after_three_minutes_and_stops_after_five():
    well = Well().run(600)
    well.run(400, 0)
    assert 180 < well.first[causes.ENERGY_WITHOUT_WATER] <= 181
    assert well.stopped_s == 300
    assert well.alarms & flags.NO_WATER


def test_a_run_that_never_sees_water_is_found_within_five_minutes():
    well = Well().run(60, 0, 0, closed=False).run(299, 0)
    assert 289 <= well.first[causes.ENERGY_WITHOUT_WATER] <= 291
    assert well.stopped_s is None
    well.run(2, 0)
    assert well.check.stop_cause == causes.NO_WATER


def test_three_minutes_of_priming_are_no_loss():
    well = Well().run(200, 0).run(100)
    assert well.events == []


def test_water_that_was_there_for_a_moment_ends_the_priming():
    well = Well().run(20, 0).run(5).run(182, 0)
    assert 180 < well.first[causes.ENERGY_WITHOUT_WATER] <= 181


def test_the_alarm_stands_past_the_stop_until_water_flows_with_power():
    well = Well().run(320, 0).run(600, 0, 0, closed=False)
    assert well.alarms & flags.NO_WATER and well.check.stop_cause == causes.NONE
    well.run(30, 0)
    # The next run has its own minutes, though the alarm stands already.
    assert well.alarms & flags.NO_WATER and well.stopped_s is None
    well.run(5)
    assert not well.alarms & flags.NO_WATER
    assert [cause for cause, _ in well.events] == [causes.ENERGY_WITHOUT_WATER]


def test_a_setting_of_zero_never_stops_and_a_short_one_waits_for_the_alarm():
    well = Well(settings=changed(SETTINGS, no_water_stop_s=0)).run(900, 0)
    assert well.alarms & flags.NO_WATER and well.stopped_s is None
    well = Well(settings=changed(SETTINGS, no_water_stop_s=10)).run(60).run(200, 0)
    assert 180 < well.stopped_s <= 181


def test_a_silent_water_meter_is_not_a_dry_well_and_lost_answers_hide_nothing():
    well = Well().run(60).run(3000, None)
    assert causes.ENERGY_WITHOUT_WATER not in well.first and not well.alarms & flags.NO_WATER
    well = Well().run(60)
    for _ in range(20):
        well.run(9, 0).run(1, None)
    assert not well.alarms & flags.NO_WATER
    well.run(9, 0)
    assert well.alarms & flags.NO_WATER


def test_a_stale_reading_is_unknown():
    well = Well().run(60, 0)
    found = well.seen
    for _ in range(2000):
        well.now_ms += STEP_MS
        found.power_at_ms = well.now_ms
        well.check.step(well.now_ms, found)
    assert not well.alarms & flags.NO_WATER


def test_little_power_is_no_pump_that_runs_dry():
    well = Well().run(3000, 0, POWER * 30 // 100)
    assert well.events == []


def test_a_trickle_below_two_percent_is_no_water():
    assert Well().run(60).run(200, FLOW * 2 // 100 - 1).alarms & flags.NO_WATER
    assert not Well().run(60).run(200, FLOW * 2 // 100).alarms & flags.NO_WATER
    assert Well().run(60).run(200, -5).alarms & flags.NO_WATER


# -- C2 ---------------------------------------------------------------------------------


def test_water_without_energy_is_found_after_two_minutes():
    for power in (0, POWER * 5 // 100, -POWER):  # shunted, nearly, reversed
        well = Well().run(60).run(130, FLOW, power, closed=False)
        assert 120 < well.first[causes.WATER_WITHOUT_ENERGY] <= 121, power
        assert well.alarms & flags.NO_ENERGY
        well.run(60, 0, 0, closed=False)
        assert well.alarms & flags.NO_ENERGY  # it stands until water comes with energy
        well.run(5)
        assert not well.alarms & flags.NO_ENERGY


def test_water_without_energy_that_pauses_each_two_minutes_is_found_all_the_same():
    for flow_s, pause_s in ((110, 10), (60, 60), (20, 300)):
        well = Well().run(60)
        cycles = 0
        while not well.events:
            well.run(flow_s, FLOW, 0, closed=False).run(pause_s, 0, 0, closed=False)
            cycles += 1
            assert cycles < 20, (flow_s, pause_s)
        assert well.events == [(causes.WATER_WITHOUT_ENERGY, 0)]
        assert 120 <= cycles * flow_s <= 120 + flow_s + cycles * pause_s // 30


def test_what_runs_out_after_each_stop_is_no_water_without_energy():
    well = Well()
    for _ in range(5):
        well.run(20).run(90, FLOW, 0, closed=False).run(5, 0, 0, closed=False)
    for _ in range(30):  # an empty pipe that now and then says flow
        well.run(20, FLOW, 0, closed=False).run(640, 0, 0, closed=False)
    assert not well.check.alarms & flags.NO_ENERGY and not well.events


def test_unknown_energy_is_not_zero_and_a_trickle_is_no_water():
    assert Well().run(900, FLOW, None, energy_wh=None).events == []
    # A register that is read and stands is no unknown one.
    assert Well().run(900, FLOW, None).events == [(causes.IMPOSSIBLE, crosscheck.RATIO)]
    assert Well().run(900, FLOW // 10, 0, closed=False).events == []
    assert Well().run(900, FLOW, POWER * 6 // 100, closed=False).events == []


def test_an_artesian_well_flows_without_energy():
    well = Well(settings=changed(SETTINGS, artesian=1)).run(4000, FLOW, 0, closed=True)
    assert well.events == []


# -- C5 ---------------------------------------------------------------------------------


def test_a_flow_beyond_the_pump_is_impossible_after_a_minute():
    fast = FLOW * 5 // 4 + 1
    well = Well().run(60).run(60, fast)
    assert well.events == []
    well.run(2, fast)
    assert well.events == [(causes.IMPOSSIBLE, crosscheck.FLOW)] and well.alarms & flags.IMPOSSIBLE
    well.run(60, 0, 0, closed=False)
    assert well.alarms & flags.IMPOSSIBLE
    well.run(60, fast - 1)
    assert not well.alarms & flags.IMPOSSIBLE and len(well.events) == 1


def test_a_flow_around_its_line_is_told_once_and_stands_until_it_is_clearly_below():
    fast = FLOW * 5 // 4 + 1
    well = Well().run(60)
    for _ in range(60):
        well.run(8, fast).run(2, FLOW)  # above it most of the time
    assert well.events == [(causes.IMPOSSIBLE, crosscheck.FLOW)] and well.alarms & flags.IMPOSSIBLE
    well.run(27)
    assert well.alarms & flags.IMPOSSIBLE
    well.run(2)
    assert not well.alarms & flags.IMPOSSIBLE
    for _ in range(60):
        well.run(4, fast).run(6, FLOW)  # and below it: nothing
    assert len(well.events) == 1


def test_more_water_than_the_energy_lifts_is_told_once_at_its_line():
    site = changed(SITE, physical_ml_per_wh=2450, reference_ml_per_wh=None)
    well = Well(site).run(650)
    assert well.alarms & flags.IMPOSSIBLE
    for _ in range(3):  # 2,425 and 2,500 mL/Wh: the line lies between
        well.run(900, FLOW * 97 // 100)
        assert well.alarms & flags.IMPOSSIBLE
        well.run(900)
    assert well.events == [(causes.IMPOSSIBLE, crosscheck.RATIO)]


def test_more_water_than_the_energy_lifts_is_impossible_within_ten_minutes():
    site = changed(SITE, physical_ml_per_wh=2400, reference_ml_per_wh=None)
    well = Well(site).run(590)
    assert well.events == []
    well.run(15)
    assert well.events == [(causes.IMPOSSIBLE, crosscheck.RATIO)]
    well.run(620, FLOW * 9 // 10)
    assert not well.alarms & flags.IMPOSSIBLE


def test_both_kinds_of_impossible_stand_until_both_are_over():
    site = changed(SITE, physical_ml_per_wh=2400, reference_ml_per_wh=None)
    well = Well(site).run(620, FLOW * 5 // 4 + 1)
    assert len(well.events) == 2
    well.run(60)
    assert well.alarms & flags.IMPOSSIBLE
    well.run(1200, FLOW * 9 // 10)
    assert not well.alarms & flags.IMPOSSIBLE


def test_the_steps_of_coarse_registers_speak_for_the_well_and_without_a_bound_nothing_is_said():
    site = changed(SITE, physical_ml_per_wh=2400, reference_ml_per_wh=None)
    assert Well(site, energy_step_wh=1000).run(3500).events == []
    site = changed(SITE, physical_ml_per_wh=None, reference_ml_per_wh=None)
    assert Well(site).run(1300, FLOW, POWER // 3).events == []


def test_a_coarse_register_is_judged_by_its_hour():
    site = changed(SITE, physical_ml_per_wh=2000, reference_ml_per_wh=None)
    well = Well(site, energy_step_wh=1000).run(1300)
    assert well.events == []
    well.run(2400)
    assert (causes.IMPOSSIBLE, crosscheck.RATIO) in well.events


def test_a_meter_that_repeats_itself_for_half_an_hour_while_power_moves_is_frozen():
    well = Well()
    for at in range(31):
        well.run(60, FLOW - 7, POWER * (100 + at % 4) // 100)
    assert well.events == [(causes.METER_FROZEN, 0)] and well.alarms & flags.FROZEN
    well.run(30, 0, 0, closed=False)
    assert not well.alarms & flags.FROZEN


def test_frozen_needs_pumping_and_power_that_moves():
    well = Well().run(4000, FLOW - 7)
    assert well.events == []
    frozen = Frozen()
    assert frozen.feed(None, 100, True, 10) is None
    assert frozen.feed(500, 100, True, 10) is False
    for flow, power, is_running in ((500, 100, False), (500, None, True), (None, 100, True)):
        assert frozen.feed(flow, power, is_running, 1_800_000) is None and frozen.ms == 0
    assert frozen.feed(500, 100, True, 1_799_999) is None
    assert frozen.feed(500, 101, True, 1) is None
    assert frozen.feed(500, 103, True, 1) is True
    assert frozen.feed(0, 103, True, 1) is False
    assert frozen.feed(0, 200, True, 9_999_999) is None  # still water is not frozen


# -- C4 and C6 in the well --------------------------------------------------------------


def test_a_bypass_of_thirty_percent_is_suspected_within_a_pumping_hour():
    well = Well().run(3600).run(3600, FLOW * 7 // 10)
    assert well.events == [(causes.RATIO_OFF, ratio.LESS)] and well.alarms & flags.RATIO
    assert well.first[causes.RATIO_OFF] <= 3600
    well.run(3700)
    assert not well.alarms & flags.RATIO


def test_a_power_meter_scaled_by_a_forgotten_current_transformer_is_told_in_two_ways():
    well = Well().run(3700, FLOW, POWER // 40)
    assert sorted(well.events) == [
        (causes.WATER_WITHOUT_ENERGY, 0),
        (causes.RATIO_OFF, ratio.MORE),
        (causes.IMPOSSIBLE, crosscheck.RATIO),
    ]
    well = Well().run(3700, FLOW, POWER * 40)
    assert well.events == [(causes.RATIO_OFF, ratio.LESS)]


def test_a_current_transformer_in_the_register_only_is_two_channels_that_differ():
    well = Well()
    wh = 0
    for _ in range(400):
        wh += POWER * 40 * 10 // 3600
        well.run(10, energy_wh=wh)
    assert (causes.CHANNELS_DIFFER, second_channel.ENERGY) in well.events
    assert well.alarms & flags.CHANNELS


def test_a_second_water_channel_that_was_cut_differs():
    well = Well(second_l=0, second_step_l=10).run(300)
    assert well.events == [(causes.CHANNELS_DIFFER, second_channel.WATER)]
    assert well.alarms & flags.CHANNELS
    well = Well(second_l=0).run(400, None)  # flow unknown: rated flow is the skew
    assert well.events == []


def test_what_a_bad_spell_held_back_is_counted_in_one_piece_when_the_meter_is_believed_again():
    well = Well().run(1200).run(1200, None, POWER, is_water_good=False)
    well.ml_ms += FLOW * 1_200_000
    well.run(3600, is_water_good=True)
    assert well.events == [] and not well.alarms & flags.RATIO


def test_another_segment_in_the_middle_of_an_hour_begins_it_anew():
    well = Well().run(3400, FLOW * 7 // 10)
    well.run(3400, FLOW * 7 // 10, segment=1)
    assert well.events == [] and well.check.snapshot()["ratio_seconds"] == 3399
    well.run(300, FLOW * 7 // 10)
    assert well.events == [(causes.RATIO_OFF, ratio.LESS)]


def test_water_and_energy_that_fall_are_not_counted_and_break_nothing():
    well = Well().run(600)
    before = well.check.snapshot()["ratio_volume_l"]
    well.run(1, volume_l=5).run(1, energy_wh=3)
    assert well.check.snapshot()["ratio_volume_l"] - before <= 20_000
    well.run(600)
    assert well.alarms == 0


def test_what_moves_while_nothing_runs_is_not_in_the_ratio_but_the_last_litres_are():
    well = Well().run(1200)
    counted = well.check.snapshot()["ratio_volume_l"]
    well.run(2, FLOW, 0, closed=False)
    tail_l = well.check.snapshot()["ratio_volume_l"] - counted
    assert tail_l == 33
    well.run(60, 0, 0, closed=False).run(100, FLOW // 20, 0, closed=False)
    assert well.check.snapshot()["ratio_volume_l"] == counted + tail_l
    # Nor is anything before the first run.
    well = Well().run(100, FLOW // 20, 0, closed=False)
    assert well.check.snapshot()["ratio_volume_l"] == 0


def test_a_silent_power_meter_leaves_the_closed_contactor_to_say_that_it_runs():
    assert Well().run(100, FLOW, None).check.snapshot()["ratio_seconds"] == 99
    assert Well().run(100, FLOW, None, closed=False).check.snapshot()["ratio_seconds"] == 0
    assert Well().run(100, None, 0).check.snapshot()["ratio_seconds"] == 0


def test_no_rated_power_is_learned_from_ten_minutes_of_pumping():
    site = changed(SITE, rated_power_w=None)
    well = Well(site).run(590, 0)
    assert well.events == [] and well.stopped_s is None
    well.run(400, 0)
    assert well.alarms & flags.NO_WATER
    # Power that is plainly zero needs no learning.
    assert Well(site).run(130, FLOW, 0).alarms & flags.NO_ENERGY


def test_unknown_everywhere_is_nothing_at_all():
    site = changed(SITE, rated_power_w=None, reference_ml_per_wh=None, physical_ml_per_wh=None)
    well = Well(site)
    well.check.step(0, Seen())
    for closed in (False, True):
        well.run(4000, None, None, closed, volume_l=None, energy_wh=None, is_water_good=False, day=None)
    assert (well.events, well.alarms) == ([], 0)


def test_a_restart_in_the_middle_of_a_day_keeps_its_sums_and_a_stall_counts_five_seconds():
    well = Well(day=9).run(1000)
    values = fields.unpack(ratio.LAYOUT, fields.pack(ratio.LAYOUT, well.check.snapshot()))
    again = Well(day=None)
    again.check.restore(values)
    again.run(2000)
    assert again.check.snapshot()["ratio_seconds"] == values["ratio_seconds"] + 1999
    again.now_ms += 600_000
    again.run(1)
    # Of the first step nothing is known, of the stalled one five seconds.
    assert again.check.snapshot()["ratio_seconds"] == values["ratio_seconds"] + 2000 + 5
    again.run(1, day=10)
    assert again.check.snapshot()["ratio_seconds"] == 0


def test_a_step_test_is_compared_with_at_once():
    well = Well().run(3700, FLOW * 6 // 10)
    assert well.alarms & flags.RATIO
    well.check.take_reference(1500)
    well.run(3700, FLOW * 6 // 10)
    assert not well.alarms & flags.RATIO
    assert well.check.ratio.is_provisional
