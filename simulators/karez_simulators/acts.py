"""What a scenario is made of: HANDS (`do = …`) act, CHECKS (`check = …`) look.

Both are tables of Play's methods by name; `wording` has a sentence for each, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_simulators.checks import Checks
from karez_simulators.checks_boxes import BoxChecks
from karez_simulators.checks_county import CountyChecks
from karez_simulators.checks_office import OfficeChecks
from karez_simulators.checks_well import WellChecks
from karez_simulators.hands_boxes import Boxes
from karez_simulators.hands_mishaps import Mishaps
from karez_simulators.hands_office import Office
from karez_simulators.season_checks import SeasonChecks
from karez_simulators.second_well import SecondWellChecks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Play(
    Boxes, Mishaps, Office, BoxChecks, OfficeChecks, CountyChecks, SecondWellChecks, SeasonChecks, Checks,
    WellChecks,
):  # fmt: skip
    """A desk in the middle of a scenario, with everything that can be done and looked at there."""


def _table(names: str) -> dict[str, Callable[..., Awaitable[Any]]]:
    return {name: getattr(Play, name) for name in names.split()}


HANDS = _table(
    "grant forged_grant replayed_grant start start_in_vain pump wait stop run_out delivered "
    "broker_away broker_back platform_away platform_back kill restart mains_cut mains_back fault mend "
    "reset swap_meter silent_swap enter_swap export flip_a_bit "
    "start_with start_in_vain_with stop_with stop_in_vain comes_on step_test emergency door_open door_shut "
    "grant_finish grant_emergency grant_warning grant_until convert remote acknowledge resend bridge "
    "unbridge water_table antenna_off antenna_on clock_lost clock_found second_pump "
    "data_plan plan_used_up plan_renewed fit_breaker lightning swap_box old_box_back old_box_pumps "
    "lay_up lay_up_ends appeal decide_appeal "
    "second_well grant_there start_there stop_there both_run_out feeder_cut feeder_back on_duty"
)
CHECKS = _table(
    "pump_runs pump_is_off litres_exact converted_exact stopped_by method overshoot refused event noticed "
    "grant_in_force records_wait log_complete receipt no_receipt ledger_adds_up gap_booked meter_changed "
    "bundle_proved bundle_rejected booked_to not_on_record no_start signed left_falls time_is "
    "coefficient_on_record nothing_lost alarm receipts_complete resent feeder_finds "
    "site_goes_on both_seen latest_wins counted_twice resting rule_says rule_is_quiet appeal_decided "
    "card_at_both ceilings_kept come_back_apart told_in_season quiet_years escalated"
)
