"""Plays a scenario on a desk, act by act; every check decides."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from amqtt.errors import BrokerError

from karez_protocols.errors import ProtocolError
from karez_simulators.acts import CHECKS, HANDS, Play
from karez_simulators.desk import Desk, DeskError, Plan
from karez_simulators.firmware_image import BuildError, VmMissingError
from karez_simulators.gateway_process import GatewayError
from karez_simulators.log_reader import Unreadable
from karez_simulators.mosquitto import MosquittoFailed, MosquittoMissing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from karez_simulators.scenario import Act, Scenario, Step
    from karez_simulators.stage import Stage

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
    BrokerError,
    ProtocolError,
    OSError,
)

# Ctrl-C, kill, and a terminal that is closed: each ends the play with everything stopped.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REFRESH_S = 0.2


class Stopped(Exception):
    """One of SIGNALS came: everything has been stopped."""


async def play(scenario: Scenario, stage: Stage, plan: Plan, keep: Path | None) -> bool:
    """Play all acts; return whether every check held. Raises one of EXPECTED if the desk does not come up.

    `keep`: a folder that stays afterwards; None = a temporary one that goes.
    """
    folder = (keep or Path(tempfile.mkdtemp(prefix="karez-desk-"))).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage.setting_up(plan.broker)
        async with Desk(folder, plan) as desk, _refreshed(stage):
            stage.shows(desk)
            await desk.provision()
            stage.set_up()
            performance = Play(desk)
            for act in scenario.acts:
                if not await _act(performance, act, stage):
                    return False
        return True
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


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


async def _act(performance: Play, act: Act, stage: Stage) -> bool:
    """Play one act; False when a check fails: what follows would only be noise."""
    stage.act(act)
    performance.desk.clock.speed = act.speed
    for step in act.steps:
        if not await _step(performance, step, stage):
            return False
    stage.act_ends()
    return True


async def _step(performance: Play, step: Step, stage: Stage) -> bool:
    line = stage.step(step)
    table = CHECKS if step.is_check else HANDS
    try:
        found = await table[step.name](performance, **step.values)
    except EXPECTED as error:
        stage.failed(line, str(error))
        return False
    held, figures = found if step.is_check else (True, None)
    stage.done(line, held, figures)
    return bool(held)


def run(scenario: Scenario, stage: Stage, plan: Plan, keep: Path | None) -> bool:
    """Play in an event loop of its own. Raises Stopped once a signal has ended it."""

    async def whole() -> bool:
        playing = asyncio.ensure_future(play(scenario, stage, plan, keep))
        heard: list[int] = []

        def stop(number: int) -> None:
            if not heard:  # an impatient second Ctrl-C must not cut the tidying up short
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
