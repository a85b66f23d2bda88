"""How far a controller may be let sleep: every step near anything that happens, none where nothing does.

near a start, a stop, a ceiling, a fault     every 250 ms, as on a board (fine_until_ms)
pumping, all quiet, or stuck                 every 5 s: the cross-check's clock counts no longer steps
off, all quiet                               to the next interval record; the polls between are passed over

A poll that is passed over would have shown what the one before it has shown: registers that stand still,
of a pump that is off. It would have moved nothing but the time of the last good reading, and that is
moved here. tests/simulators/test_world_pace.py runs the same days with every poll and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_firmware import supervisor
from karez_firmware.core import pump

if TYPE_CHECKING:
    from karez_firmware.app import App
    from karez_simulators.world.box import Box

STEP_MS = 250  # the app's own
PUMPING_MS = 5_000  # crosscheck._STALL_MS: longer steps are not counted
ENERGY_US = 15_000_000  # the power meter is asked every third step
WHOLE_MS = 300_000  # while it pumps, link, panel and memory are looked after so often
NEAR_S = 20  # before the litres or the hours of a right end
ASKING_MS = 300_000  # what is not acknowledged is sent again
LINK_MS = 2  # an answer is under way


def next_ms(box: Box, now_ms: int, utc_s: int) -> int:
    """Milliseconds until this controller's next turn."""
    app = box.app
    if app is None:
        return box.quiet_ms
    energy = box.lines[1]
    energy.least_us = 0
    box.is_glancing = False
    box.is_talking = _is_busy(app)
    if box.is_talking:
        return LINK_MS
    is_fine = now_ms < box.fine_until_ms
    to_boundary_ms = box.quiet_ms - (utc_s * 1000 + now_ms % 1000) % box.quiet_ms
    if not _is_steady(app):
        if is_fine:
            return min(STEP_MS, _until_poll_ms(box))
        if _is_stuck(app):
            energy.least_us = ENERGY_US
            box.is_glancing = True
            return min(PUMPING_MS, to_boundary_ms)
        return _until_poll_ms(box)
    is_running = app.controller.pump.state == pump.RUNNING
    if is_running and _is_near_its_end(app):
        return STEP_MS
    if is_fine:
        return min(_until_poll_ms(box), to_boundary_ms)
    if is_running:
        energy.least_us = ENERGY_US
        box.is_glancing = True
        return min(PUMPING_MS, to_boundary_ms)  # an interval of a run ends within a step of its time
    if not box.passes_over or box.site.is_flowing:
        return min(_until_poll_ms(box), to_boundary_ms)
    if app.uplink.is_up and app.uplink.courier.waiting:
        to_boundary_ms = min(to_boundary_ms, ASKING_MS)
    box.asleep_since_ms = now_ms
    return to_boundary_ms


def glance(app: App) -> None:
    """Meters and decisions only, of a turn in which nothing else has anything to do; records are written."""
    now_us, poll_us = app.port.now_us(), app.controller.poll_ms() * 1000
    for line in app.buses:
        finished = line.turn(now_us, poll_us)
        if finished:
            setattr(app._inputs, *finished)  # noqa: SLF001 - as App._poll does it
            app._step_ms = 0  # noqa: SLF001 - the same
    app.control_if_due()


def may_only_talk(app: App) -> bool:
    """True if the link alone has something to do: no step, no reading, no record and no signature is due."""
    now_us = app.port.now_us()
    return not (
        app.background.is_busy
        or app.records.pending
        or app._checkpoint  # noqa: SLF001 - what App.turn would look after
        or app._orders_ended  # noqa: SLF001
        or now_us // 1000 - app._step_ms >= STEP_MS  # noqa: SLF001
        or any(line.next_deadline_us() <= now_us for line in app.buses)
    )


def talk(app: App) -> None:
    """The link's part of a turn."""
    app.supervisor.run(supervisor.UPLINK, app._link)  # noqa: SLF001 - as App.turn does it


def _until_poll_ms(box: Box) -> int:
    due_us = min(line.next_deadline_us() for line in box.lines) - box.port.us
    return max(due_us // 1000, 1)


def _is_busy(app: App) -> bool:
    """True while bytes, records or signatures are under way: the next turn is at once."""
    is_talking = app.uplink.client.next_deadline_ms() == app.port.now_ms()
    return bool(app.background.is_busy or app.records.pending or is_talking)


def _is_steady(app: App) -> bool:
    """True if nothing is waited for: books known, nothing held, pump off or running, meters answering."""
    books, controller = app.books, app.controller
    state = controller.pump.state
    if state not in (pump.OFF, pump.RUNNING) or controller.resume.is_armed:
        return False
    if state == pump.OFF and controller.contactor.runs:
        return False
    recorder = controller.recorder
    if recorder.water.state or recorder.energy.state:
        return False
    return bool(books.is_known and not books.held_l and not books.is_uncertain)


def _is_stuck(app: App) -> bool:
    """True while a pump runs on that was told to stop: the alarm is out, and its litres are counted."""
    recorder = app.controller.recorder
    if app.controller.pump.state != pump.STUCK or recorder.water.state or recorder.energy.state:
        return False
    return bool(app.books.is_known and not app.books.held_l and not app.books.is_uncertain)


def _is_near_its_end(app: App) -> bool:
    """True if litres or hours may run out within a few polls, whatever this well can give."""
    permission = app.controller.permission
    left_l, ends_s = app.controller.left_l(), permission.ends_in_s()
    rated_lph = permission._rated_flow_lph  # noqa: SLF001
    return (left_l is not None and left_l * 3600 <= rated_lph * 2 * NEAR_S) or (
        ends_s is not None and ends_s <= NEAR_S
    )


def pass_over(app: App, skipped_ms: int) -> None:
    """What the polls of a quiet well would have moved: when each register was read last."""
    recorder = app.controller.recorder
    for register in (app.books.water, app.books.energy):
        if register is not None and register.last_ms is not None:
            register.last_ms += skipped_ms
    for meter in (recorder.water, recorder.energy):
        if meter.at_ms is not None:
            meter.at_ms += skipped_ms
