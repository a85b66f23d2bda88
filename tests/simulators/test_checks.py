"""Every check can fail: records that say something else than the well is no harmless thing.

The desk is a real one whose controller is not started: what it would write is given to its cable.
"""

import pytest

from karez_protocols import causes, event_details, grant, record
from karez_simulators.acts import Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import Desk, Plan
from karez_simulators.well import WellParameters
from slots import event, slot

STILL = WellParameters(rated_drawdown_mm=0)


class Answering:
    """A controller at the other end of the cable that answers a technician, and does nothing else."""

    is_running = True
    obituary = ""

    def __init__(self, desk, answer):
        self._desk, self._answer = desk, answer
        self.asked = []

    def send(self, line):
        self.asked.append(line)
        self._desk.hear(self._answer.split(" "))


@pytest.fixture
def play(tmp_path):
    """A play on a desk with both meters."""
    return begun(tmp_path)


@pytest.fixture
def converted(tmp_path):
    """A play on a desk without a flow meter."""
    return begun(tmp_path, {"water": "none"})


def begun(folder, meters=None):
    play = Play(Desk(folder, Plan(well=STILL, meters=meters or {})))
    play.desk.site.begin_counting()
    return play


def pass_time(play, seconds):
    """So many simulated seconds are over."""
    clock = play.desk.clock
    before = clock._monotonic_ns
    clock._monotonic_ns = lambda: before() + seconds * 1_000_000_000


def write(play, *slots):
    for one in slots:
        play.desk.hear(["record", one.hex()])


def pump(play, seconds=6):
    """Run the pump for so many simulated seconds and let every meter tell its last litre."""
    site = play.desk.site
    site.set_contactor(True)
    pass_time(play, seconds)
    site.set_contactor(False)
    pass_time(play, 2)
    site.settle()
    for meter in site.meters.values():
        meter.refresh(site.clock.utc())


async def refused(step, said):
    with pytest.raises(DeskError) as caught:
        await step
    assert said in str(caught.value) and "\n" not in str(caught.value)


# -- how the litres came about -----------------------------------------------------------------


async def test_converted_litres_are_those_of_the_energy_to_one_step(converted):
    pump(converted, 60)
    desk = converted.desk
    step_l = 10 * STILL.litres_per_kwh // 1000 + 1
    assert desk.owed_l == desk.site.counted("power") * STILL.litres_per_kwh // 1000 > 500
    for off_l, holds in (
        (0, True),
        (step_l, True),
        (-step_l, True),
        (step_l + 1, False),
        (-step_l - 1, False),
    ):
        write(converted, slot(record.STOP, 1, volume_l=desk.owed_l + off_l))
        held, figures = await converted.converted_exact()
        assert held is holds and figures["booked"] == desk.owed_l + off_l
    assert figures["lifted"] == desk.site.well.volume_l


async def test_a_well_has_one_way_to_its_litres(play, converted):
    await refused(play.converted_exact(), "a water meter hangs at this well")
    await refused(converted.litres_exact(), "no water meter hangs at this well")
    for step in (converted.fault("water", "bypass"), converted.mend("water", "bypass")):
        await refused(step, "no water meter hangs at this well")
    await refused(converted.swap_meter("water"), "no water meter hangs at this well")


@pytest.mark.parametrize(
    ("written", "asked", "holds"),
    [
        (record.METERED, "metered", True),
        (record.METERED, "converted", False),
        (record.CONVERTED, "converted", True),
        (record.CONVERTED_GROUP, "converted", False),
        (record.ESTIMATED, "metered", False),
        (None, "metered", False),
    ],
)
async def test_the_method_is_that_of_the_newest_stop(play, written, asked, holds):
    write(play, slot(record.STOP, 1, method=record.ESTIMATED), slot(record.STOP, 2, method=written))
    assert await play.method(asked) == (holds, {"method": written})


@pytest.mark.parametrize(
    ("meters", "bound_l"), [({}, 60_000 * 1_600 // 3_600_000 + 1), ({"water": "none"}, None)]
)
async def test_overshoot_is_bounded_by_flow_and_one_step_of_what_rules_the_well(tmp_path, meters, bound_l):
    play = begun(tmp_path, meters)
    if bound_l is None:
        bound_l = 60_000 * 1_300 // 3_600_000 + 10 * STILL.litres_per_kwh // 1000 + 1
    pump(play, 60)
    owed_l = play.desk.owed_l
    for over_l, off_l, holds in ((0, 0, True), (bound_l, 0, True), (bound_l + 1, 0, False), (0, 1, False)):
        write(play, slot(record.STOP, 1, volume_l=owed_l + off_l, ceiling_l=owed_l + off_l - over_l))
        held, figures = await play.overshoot()
        assert held is holds and figures["bound"] == bound_l and figures["over"] == over_l


# -- what the controller notices ---------------------------------------------------------------


async def test_an_event_counts_from_the_act_s_beginning_on(play):
    write(play, event(1, causes.SEGMENT_OPENED))
    held, figures = await play.event("segment opened")
    assert held and figures == {"cause": causes.SEGMENT_OPENED, "seq": 1}
    play.act_begins()
    with pytest.raises(DeskError, match="the desk is not up"):  # it would wait for the controller
        await play.event("segment opened")
    write(play, event(2, causes.DOOR_OPENED), event(3, causes.SEGMENT_OPENED))
    assert (await play.event("segment opened"))[1]["seq"] == 3
    await refused(play.event("a cause that is none"), "no cause is called")


@pytest.mark.parametrize(("after_s", "holds"), [(0, True), (100, True), (101, False)])
async def test_what_is_noticed_too_late_is_not_noticed(play, after_s, holds):
    await play.fault("water", "bypass")
    write(play, event(1, causes.ENERGY_WITHOUT_WATER, utc_s=play.fault_utc_s + after_s))
    held, figures = await play.noticed("energy without water", 100)
    assert held is holds
    assert figures == {"seconds": after_s, "within": 100, "cause": causes.ENERGY_WITHOUT_WATER}


@pytest.mark.parametrize(
    "earlier",
    [[], [(causes.ENERGY_WITHOUT_WATER, -1)], [(causes.WATER_WITHOUT_ENERGY, 0)]],
    ids=["nothing", "before the fault", "something else"],
)
async def test_what_is_never_noticed_does_not_hold_and_ends(play, earlier):
    play.desk.vm = Answering(play.desk, "")
    play.desk.clock.speed = 20
    await play.fault("water", "bypass")
    write(play, *(event(1, cause, utc_s=play.fault_utc_s + at_s) for cause, at_s in earlier))
    held, figures = await play.noticed("energy without water", 1)
    assert not held and figures["seconds"] > 1


async def test_without_a_fault_nothing_can_be_noticed(play):
    await refused(play.noticed("energy without water", 300), "nothing has been spoilt yet")


# -- another meter -----------------------------------------------------------------------------


async def test_a_technician_enters_what_both_dials_show(play):
    pump(play)
    play.desk.vm = Answering(play.desk, "done swap")
    await play.swap_meter("water")
    one = play.swap
    assert play.desk.vm.asked == [f"swap water TUF2000M-1 {one.closing} TUF2000M-1-2 4321234"]
    await play.swap_meter("power")
    assert play.desk.vm.asked[1].startswith("swap energy SDM630-2 ")
    assert play.counted_at_swap == play.desk.site.counted("power")


async def test_a_swap_that_is_refused_or_cannot_be_is_one_line(play, tmp_path):
    await refused(play.enter_swap(), "no meter has been swapped that could be entered")
    await refused(play.meter_changed(), "no meter has been swapped yet")
    await play.silent_swap("water")
    await refused(play.enter_swap(), "the desk is not up")
    play.desk.vm = Answering(play.desk, "refused swap stop the pump first")
    await refused(play.enter_swap(), "the controller refuses: stop the pump first")
    await refused(play.reset(), "the controller refuses: stop the pump first")
    numbered = begun(tmp_path, {"water": "cjt188@00000805000001"})
    await refused(numbered.swap_meter("water"), "is called by its number")


def swap_records(play, **wrong):
    """What a controller writes of the newest swap; `wrong`: fields of it that are not so."""
    quantity = grant.WATER if play.swapped == "water" else grant.ENERGY
    swap = play.swap
    closed = {"quantity": quantity, "serial": swap.old_serial, "register": swap.closing}
    opened = {"quantity": quantity, "serial": swap.new_serial, "register": swap.opening}
    segment = {
        "quantity": quantity, "method": 1, "reason": event_details.SWAP, "number": 3,
        "closing": swap.closing, "register_base": swap.opening, "base": play.counted_at_swap,
        "is_confirmed": 1,
    }  # fmt: skip
    for table, name in ((closed, "closed"), (opened, "opened"), (segment, "segment")):
        table.update(wrong.get(name, {}))
    cause = wrong.get("cause", causes.SEGMENT_OPENED)
    return (
        event(1, causes.METER_CLOSED, closed),
        event(2, causes.METER_OPENED, opened),
        event(3, cause, segment),
    )


@pytest.mark.parametrize("meter", ["water", "power"])
@pytest.mark.parametrize(
    ("wrong", "holds"),
    [
        ({}, True),
        ({"cause": causes.SEGMENT_CONFIRMED}, True),
        ({"closed": {"serial": "ANOTHER"}}, False),
        ({"closed": {"register": 1}}, False),
        ({"opened": {"serial": "ANOTHER"}}, False),
        ({"opened": {"register": 1}}, False),
        ({"segment": {"closing": 1}}, False),
        ({"segment": {"register_base": 1}}, False),
        ({"segment": {"base": 1}}, False),
        ({"segment": {"is_confirmed": 0}}, False),
    ],
)
async def test_a_swap_is_on_record_as_the_dials_were(play, meter, wrong, holds):
    pump(play, 20)
    await play.silent_swap(meter)
    unrelated = event(9, causes.SEGMENT_OPENED, {
        "quantity": grant.ENERGY if meter == "water" else grant.WATER, "method": 1, "reason": 2, "number": 9,
        "closing": 0, "register_base": 0, "base": 0, "is_confirmed": 0,
    })  # fmt: skip
    write(play, *swap_records(play, **wrong), unrelated)
    held, _ = await play.meter_changed()
    assert held is holds


@pytest.mark.parametrize(
    ("meter", "cause", "most"),
    [
        ("water", causes.SEGMENT_OPENED, 0),
        ("water", causes.SEGMENT_CONFIRMED, 10 * (STILL.litres_per_kwh * 115 // 100) // 1000),
        ("power", causes.SEGMENT_CONFIRMED, 0),
    ],
)
async def test_only_a_swap_entered_late_may_book_more_than_the_meter_and_only_one_energy_step(
    play, meter, cause, most
):
    pump(play, 20)
    await play.silent_swap(meter)
    for more, holds in ((most, True), (most + 1, False), (-1, False)):
        segment = {"base": play.counted_at_swap + more}
        write(play, *swap_records(play, cause=cause, segment=segment))
        assert (await play.meter_changed())[0] is holds


async def test_a_swap_of_an_earlier_act_is_not_this_one_s(play):
    await play.silent_swap("water")
    write(play, *swap_records(play))
    play.act_begins()
    await refused(play.meter_changed(), "the desk is not up")  # it would wait for the controller


async def test_a_gap_is_booked_to_the_litre_and_since_the_cut(play):
    pump(play)
    litres = play.desk.metered_l
    play.seq_at_kill = 1
    for seq, off_l, holds in ((2, 0, True), (2, 1, False), (1, 0, False)):
        write(play, slot(record.GAP, seq, volume_l=litres + off_l, volume_before_l=3, outage_s=7))
        held, figures = await play.gap_booked()
        assert held is holds and figures == {"outage": 7, "litres": litres + off_l - 3}
