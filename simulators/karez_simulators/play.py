"""Plays a scenario on a desk, act by act; every check decides."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from karez_simulators.acts import CHECKS, HANDS, Play
from karez_simulators.desk import Desk, DeskError, Plan
from karez_simulators.gateway_process import GatewayError
from karez_simulators.mosquitto import MosquittoFailed, MosquittoMissing

if TYPE_CHECKING:
    from karez_simulators.scenario import Act, Scenario, Step
    from karez_simulators.stage import Stage

EXPECTED = (DeskError, GatewayError, MosquittoMissing, MosquittoFailed, OSError)


class Stopped(Exception):  # noqa: N818 - named for what happened
    """SIGTERM came: everything has been stopped."""


async def play(scenario: Scenario, stage: Stage, plan: Plan, keep: Path | None) -> bool:
    """Play all acts; return whether every check held. Raises DeskError and its like.

    `keep`: a folder that stays afterwards; None = a temporary one that goes.
    """
    folder = (keep or Path(tempfile.mkdtemp(prefix="karez-desk-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        async with Desk(folder, plan) as desk:
            stage.shows(desk)
            await desk.provision()
            performance = Play(desk)
            for act in scenario.acts:
                if not await _act(performance, act, stage):
                    return False
        return stage.verdict[0]
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _act(performance: Play, act: Act, stage: Stage) -> bool:
    """Play one act; False when a check fails: what follows would only be noise."""
    stage.act(stage.title_of(act), act.speed)
    performance.desk.clock.speed = act.speed
    for step in act.steps:
        if not await _step(performance, step, stage):
            return False
    return True


async def _step(performance: Play, step: Step, stage: Stage) -> bool:
    table = CHECKS if step.is_check else HANDS
    values = " ".join(f"{key}={value}" for key, value in step.values.items())
    line = stage.step(f"{step.name.replace('_', ' ')} {values}".strip(), is_check=step.is_check)
    try:
        found = await table[step.name](performance, **step.values)
    except EXPECTED as error:
        stage.done(line, held=False, text=f"{line.text}: {error}")
        return False
    if not step.is_check:
        stage.done(line, held=True)
        return True
    held, text = found
    stage.done(line, held=held, text=text)
    return bool(held)


def run(scenario: Scenario, stage: Stage, plan: Plan, keep: Path | None) -> bool:
    """Play in an event loop of its own. SIGTERM ends it as Ctrl-C does: with everything stopped."""

    async def whole() -> bool:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await play(scenario, stage, plan, keep)

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        raise Stopped from None
