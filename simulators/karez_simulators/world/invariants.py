"""What holds at any moment of any run, whatever happens: one table of named functions.

I1 to I10 are those of integrity.md section 6 as design section 5 to 9 have them now. Each function
returns what is wrong, or nothing. `when`: at each record that a controller commits (with its values),
at each turn of a controller, each hour, and when all was put right at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from karez_firmware.core import pump
from karez_protocols import causes, grant, record
from karez_simulators.world import ending, households, memories, order_book, restoring, spare, stops
from karez_simulators.world.offices import upper_ml_per_wh
from karez_simulators.world.site import WATER_ERROR_PPM

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

RECORD, TURN, HOUR, END = "record", "turn", "hour", "end"

# Design section 13: flow x (meter refresh + 1.1 s) + one register step; the meters here refresh in a second.
OVERSHOOT_MS = 2_100
ENERGY_STEP_WH = 10  # of the energy meter's register
ROUNDING_L = 2  # registers are read in whole litres, at two moments
KNOWN_MS = 120_000  # after a start with meters that answer
DRAINED_MS = 7_200_000
RING_LOOKED_AT = 31  # one sector: no older one may have gone


def w_never_falls(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """I1, I10: no record says less than one before it; no outage takes a litre back."""
    volume_l = values.get("volume_l")
    if volume_l is None or farm.history.rolled_back or volume_l >= farm.history.volume_l:
        return ""
    return f"W fell from {farm.history.volume_l} to {volume_l} L"


def numbers_without_a_gap(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """I2: per controller and chain."""
    seq, last = values["seq"], farm.history.last_seq
    if farm.history.chain_of(values) > farm.history.chain:
        last = 0  # whether it may begin is no_chain_begins_without_a_loss()
    return "" if seq == last + 1 or farm.history.rolled_back else f"record {seq} came after record {last}"


def one_record_per_number(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """I3: no two different records under one number."""
    known = farm.history.slots.get((farm.history.chain_of(values), values["seq"]))
    return f"record {values['seq']} was written twice" if known and not farm.history.rolled_back else ""


def no_wrong_stop(world: World, farm: Farm, values: dict[str, Any]) -> str:
    """A stop has a cause that was there: a wrong stop costs a crop (design section 1)."""
    if values["kind"] != record.STOP:
        return ""
    if stops.is_right(world, farm, values):
        return ""
    return f"it stopped for {causes.name(values['cause'])}, and nothing was so"


def drinking_water_never_cut(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 6: no missing, expired or used-up right, unread books or dead store stops it."""
    if not farm.is_drinking:
        return ""
    cause = values["cause"]
    if values["kind"] == record.EVENT and cause == causes.START_REFUSED:
        cause = values["subject"]
    elif values["kind"] != record.STOP:
        return ""
    return f"drinking water was cut for {causes.name(cause)}" if cause in stops.OF_RIGHT else ""


def no_stranger_grants(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """A grant in force was signed by the office, for this site."""
    if values["kind"] != record.GRANT or bytes(values["digest"]) in farm.history.signed:
        return ""
    return f"grant {values['object_seq']} is in force, and no office has signed it"


def grants_only_rise(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """I6: the right in force is the replay of accepted grants: each has a higher number."""
    if values["kind"] != record.GRANT or farm.history.right is None or farm.history.rolled_back:
        return ""
    before = farm.history.right.seq
    seq = values["object_seq"]
    return f"grant {seq} replaced grant {before}" if seq <= before else ""


def ceiling_holds(world: World, farm: Farm) -> str:
    """I4: litres the meter has seen never pass the signed ceiling by more than the stated overshoot."""
    right, app = farm.history.right, farm.box.app
    if app is None or not farm.site.coil or farm.is_drinking or right is None:
        return ""
    if app.controller.pump.state not in (pump.RUNNING, pump.STARTING):
        return ""
    metered_l = farm.site.metered_l
    rated_lph = farm.site.well.parameters.greatest_flow_lph
    # A lower grant may find more than its ceiling used: then what was there when it came counts.
    above_l = max(right.ceiling_l, farm.metered_at_grant_l)
    bound_l = above_l + rated_lph * OVERSHOOT_MS // 3_600_000 + ROUNDING_L
    if farm.felt(world.agenda.now_ms, "meter_silent"):  # then P tells of litres, and moves with the energy
        bound_l += ENERGY_STEP_WH * upper_ml_per_wh(farm.site.well.parameters) // 1000
    if metered_l <= bound_l:
        return ""
    return f"{metered_l} L of {right.ceiling_l} L (grant {right.seq}), and it runs"


def right_is_the_signed_one(_: World, farm: Farm) -> str:
    """I6: what the controller holds is, to the litre, what the office signed under that number."""
    app, right = farm.box.app, farm.history.right
    if app is None or right is None or app.rights.seq != right.seq or not app.parts.clock.is_trusted:
        return ""
    held_l = app.rights.ceiling(grant.WATER, app.parts.clock.date_utc_s, False, False, True)[0]
    return (
        "" if held_l in (None, right.ceiling_l) else f"it holds {held_l} L, signed were {right.ceiling_l} L"
    )


def off_unless_started(_: World, farm: Farm) -> str:
    """I7: no coil is on without a start on record since this power-on."""
    app = farm.box.app
    if app is None or not farm.box.port.is_coil_on or farm.history.has_started:
        return ""
    return "the coil is on, and no start is on record since this power-on"


def _rests(world: World, farm: Farm) -> bool:
    """True while nothing flows, nothing is wrong, and the box has read the meter since."""
    app = farm.box.app
    if app is None or not farm.is_exact or farm.history.rolled_back or farm.stands() or farm.site.aux:
        return False
    if app.controller.pump.state != pump.OFF or not app.books.is_known or app.books.held_l:
        return False
    return world.agenda.now_ms >= farm.box.fine_until_ms and not app.controller.recorder.water.state


def books_equal_the_meter(world: World, farm: Farm) -> str:
    """Books and truth: at rest W is what the water meters have counted, to the litre."""
    app = farm.box.app
    if app is None or not _rests(world, farm):
        return ""
    booked_l, metered_l = app.books.volume_l, farm.site.metered_l
    return (
        ""
        if abs(booked_l - metered_l) <= ROUNDING_L
        else f"W is {booked_l} L, its meters counted {metered_l} L"
    )


def books_equal_the_well(world: World, farm: Farm) -> str:
    """Within the meter's own error W is the water that was lifted, unless somebody led it around.

    Never more; and at rest no less, but for what stands in the riser and has not come to the meter yet.
    """
    app = farm.box.app
    if app is None or not farm.is_exact or farm.was_cheated or farm.history.rolled_back:
        return ""
    lifted_l, booked_l = farm.site.lifted_l, farm.history.volume_l
    bound_l = lifted_l + lifted_l * WATER_ERROR_PPM // 1_000_000 + ROUNDING_L
    if booked_l > bound_l:
        return f"W is {booked_l} L, {lifted_l} L were lifted"
    least_l = lifted_l - lifted_l * WATER_ERROR_PPM // 1_000_000 - ROUNDING_L
    if _rests(world, farm) and app.books.volume_l < least_l:
        return f"W is {app.books.volume_l} L only, {lifted_l} L were lifted"
    return ""


def a_start_is_bounded(world: World, farm: Farm) -> str:
    """I8: with meters that answer the books are known again within two minutes, and nothing was given up."""
    app = farm.box.app
    if app is None or farm.felt(world.agenda.now_ms) or not farm.is_exact:
        return ""
    if world.agenda.now_ms - farm.booted_ms < KNOWN_MS or app.books.is_known:
        return ""
    return "the books are not known two minutes after the start"


def the_ring_keeps_records(_: World, farm: Farm) -> str:
    """I5: what was committed lies in the ring, bit by bit, cuts or not."""
    app, history = farm.box.app, farm.history
    if app is None or history.rolled_back or farm.ring_lost or app.journal.head["chain"] != history.chain:
        return ""
    head_seq = app.journal.head["seq"]
    if head_seq < history.last_seq:
        return f"record {history.last_seq} was committed, the journal ends with {head_seq}"
    for seq in range(max(1, history.last_seq - RING_LOOKED_AT + 1), history.last_seq + 1):
        slot = app.journal.slot(seq)
        if slot is not None and slot != history.slots.get((history.chain, seq), slot):
            return f"record {seq} lies in the ring otherwise than it was committed"
        if slot is None and seq >= app.journal.oldest():
            return f"record {seq} is gone from the ring"
    return ""


def the_backlog_drains(world: World, farm: Farm) -> str:
    """Design section 9: with network and gateway there, what is stored is acknowledged; nothing blocks it."""
    app, now_ms = farm.box.app, world.agenda.now_ms
    if app is None or farm.history.rolled_back or not farm.radio.is_well or not world.host.is_up:
        farm.drained_ms = now_ms
        return ""
    head = app.journal.head
    if head["acknowledged_seq"] != farm.acknowledged_seq or head["acknowledged_seq"] >= head["seq"]:
        farm.acknowledged_seq = head["acknowledged_seq"]
        farm.drained_ms = now_ms
    if (
        now_ms - max(farm.drained_ms, world.host.up_since_ms, farm.booted_ms, farm.radio_back_ms)
        <= DRAINED_MS
    ):
        return ""
    return f"{head['seq'] - head['acknowledged_seq']} records wait for two hours, and nothing is in their way"


class Invariant(NamedTuple):
    """One row of the table; its name is the function's, its clause the docstring."""

    when: str
    check: Callable[..., str]

    @property
    def name(self) -> str:
        """What a violation is called."""
        return self.check.__name__


TABLE = (
    Invariant(RECORD, w_never_falls),
    Invariant(RECORD, numbers_without_a_gap),
    Invariant(RECORD, one_record_per_number),
    Invariant(RECORD, no_wrong_stop),
    Invariant(RECORD, drinking_water_never_cut),
    Invariant(RECORD, no_stranger_grants),
    Invariant(RECORD, grants_only_rise),
    Invariant(RECORD, memories.no_chain_begins_without_a_loss),
    Invariant(RECORD, memories.a_dead_memory_is_told),
    Invariant(RECORD, order_book.no_stranger_orders),
    Invariant(TURN, order_book.a_stop_holds),
    Invariant(HOUR, order_book.orders_are_the_signed_ones),
    Invariant(END, order_book.orders_have_arrived),
    Invariant(HOUR, restoring.a_restored_log_is_not_continued),
    Invariant(END, spare.old_boxes_are_kept),
    Invariant(END, spare.rights_have_arrived),
    Invariant(END, restoring.what_was_proved_stays_proved),
    Invariant(RECORD, households.accounts_divide_what_was_taken),
    Invariant(RECORD, households.who_starts_is_charged),
    Invariant(RECORD, households.no_wrong_refusal),
    Invariant(TURN, households.an_accounts_ceiling_holds),
    Invariant(TURN, memories.no_right_is_forgotten),
    Invariant(TURN, ceiling_holds),
    Invariant(TURN, right_is_the_signed_one),
    Invariant(TURN, off_unless_started),
    Invariant(TURN, books_equal_the_meter),
    Invariant(HOUR, memories.a_lost_head_is_told),
    Invariant(HOUR, books_equal_the_well),
    Invariant(HOUR, a_start_is_bounded),
    Invariant(HOUR, the_ring_keeps_records),
    Invariant(HOUR, the_backlog_drains),
    Invariant(END, ending.acknowledged_is_kept),
    Invariant(END, ending.ledger_equals_registers),
    Invariant(END, ending.platforms_equal_the_ledger),
    Invariant(END, ending.everything_arrived),
    Invariant(END, ending.forks_are_where_they_were_made),
    Invariant(END, ending.verifier_accepts),
    Invariant(END, ending.verifier_rejects),
)

# What a moment asks, ready to be asked: (name, function).
AT = {
    when: tuple((one.name, one.check) for one in TABLE if one.when == when)
    for when in (RECORD, TURN, HOUR, END)
}
