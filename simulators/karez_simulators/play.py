"""Plays scenarios on desks, act by act; every check decides.

Each scenario has a desk of its own, and several are played side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from karez_protocols.errors import ProtocolError
from karez_simulators import firmware_image, live_keys
from karez_simulators.acts import CHECKS, HANDS, Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import Desk
from karez_simulators.firmware_image import BuildError, VmMissingError
from karez_simulators.gateway_process import GatewayError
from karez_simulators.log_reader import Unreadable
from karez_simulators.mosquitto import MosquittoFailed, MosquittoMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from karez_simulators.desk import Plan
    from karez_simulators.lane import Lane
    from karez_simulators.scenario import Act, Scenario, Step
    from karez_simulators.stage import Stage

    Part = tuple[Scenario, Plan]  # a scenario, and what stands on its desk

# What may go wrong with a desk or a step that is no defect of the bench. ProtocolError: a well or a
# grant that does not fit its object.
EXPECTED = (
    DeskError,
    GatewayError,
    VmMissingError,
    BuildError,
    Unreadable,
    MosquittoMissing,
    MosquittoFailed,
    ProtocolError,
    OSError,
)

# Ctrl-C, kill, and a terminal that is closed: each ends the play with everything stopped.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REFRESH_S = 0.2


class Stopped(Exception):
    """One of SIGNALS came: everything has been stopped."""


async def play(parts: Sequence[Part], stage: Stage, keep: Path | None, *, is_staying: bool = False) -> bool:
    """Play all acts of all parts; return whether every check held.

    Raises one of EXPECTED if a desk does not come up. `keep`: a folder that stays afterwards, with a
    folder for each of several scenarios; None = a temporary one that goes.
    `is_staying`: each desk stays up until `stage.leave`.
    """
    folder = (keep or Path(tempfile.mkdtemp(prefix="karez-desk-"))).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        async with _refreshed(stage), live_keys.heard(stage):
            return await _side_by_side(parts, stage, folder, is_staying=is_staying)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _side_by_side(parts: Sequence[Part], stage: Stage, folder: Path, *, is_staying: bool) -> bool:
    """Play every part; the first that fails ends all."""
    # One desk is set up after the other: the firmware is compiled once, and this machine may be small.
    is_up = [asyncio.Event() for _ in parts]
    playing = []
    for number, (part, lane) in enumerate(zip(parts, stage.lanes, strict=True)):
        place = folder / part[0].name if len(parts) > 1 else folder
        before = is_up[number - 1] if number else None
        stay = stage.stay if is_staying else None
        turns = (before, is_up[number])
        playing.append(asyncio.create_task(_part(part, lane, place, turns, stay)))
    try:
        for ended in asyncio.as_completed(playing):
            if not await ended:
                return False
        return True
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)


def _desk(place: Path, plan: Plan, images: Path) -> Desk:
    place.mkdir(parents=True, exist_ok=True)
    return Desk(place, plan, images)


async def _part(
    part: Part,
    lane: Lane,
    place: Path,
    turns: tuple[asyncio.Event | None, asyncio.Event],
    stay: Callable[[Lane], Awaitable[None]] | None,
) -> bool:
    """Play one scenario; False when a check fails. `turns`: the desk before is up, this one is up."""
    scenario, plan = part
    before, is_up = turns
    lane.setting_up(plan.broker)
    if before is not None:
        await before.wait()
    began = time.monotonic()
    async with _desk(place, plan, firmware_image.cache()) as desk:
        lane.shows(desk)
        await desk.provision()
        is_up.set()
        lane.set_up(time.monotonic() - began)
        held = await _acts(Play(desk), scenario, lane)
        if stay is not None:
            await stay(lane)
        if held:
            lane.ends()
    return held


async def _acts(performance: Play, scenario: Scenario, lane: Lane) -> bool:
    """Play act after act up to the first that fails."""
    for act in scenario.acts:
        if not await _act(performance, act, lane):
            return False
    return True


@contextlib.asynccontextmanager
async def _refreshed(stage: Stage) -> AsyncIterator[None]:
    """Draw the live page again and again, in this thread: it looks at the well that the play moves."""

    async def draw() -> None:
        while True:
            stage.refresh()
            await asyncio.sleep(REFRESH_S)

    drawing = asyncio.create_task(draw())
    try:
        yield
    finally:
        drawing.cancel()
        await asyncio.gather(drawing, return_exceptions=True)


async def _act(performance: Play, act: Act, lane: Lane) -> bool:
    """Play one act; False when a check fails: what follows would only be noise."""
    lane.act(act)
    performance.act_begins()
    performance.desk.clock.speed = act.speed
    for step in act.steps:
        if not await _step(performance, step, lane):
            return False
    lane.act_ends()
    return True


async def _step(performance: Play, step: Step, lane: Lane) -> bool:
    line = lane.step(step)
    table = CHECKS if step.is_check else HANDS
    try:
        found = await table[step.name](performance, **step.values)
    except EXPECTED as error:
        lane.failed(line, str(error))
        return False
    held, figures = found if step.is_check else (True, None)
    lane.done(line, held, figures)
    return bool(held)


def run(parts: Sequence[Part], stage: Stage, keep: Path | None, *, is_staying: bool = False) -> bool:
    """Play in an event loop of its own. Raises Stopped once a signal has ended it; in a stay it ends that."""

    async def whole() -> bool:
        playing = asyncio.ensure_future(play(parts, stage, keep, is_staying=is_staying))
        heard: list[int] = []

        def stop(number: int) -> None:
            if stage.is_staying and not heard:
                heard.append(0)
                stage.leave()
            elif not heard:  # an impatient second Ctrl-C must not cut the tidying up short
                heard.append(number)
                playing.cancel()

        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's wish
                asyncio.get_running_loop().add_signal_handler(number, stop, number)
        try:
            return await playing
        except asyncio.CancelledError:
            if not heard:  # nobody reads our output any more: rich ends the program, and asyncio us
                raise
            raise Stopped from None

    return asyncio.run(whole())
