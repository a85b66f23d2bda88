"""A backup is taken, and hours later put back: the gateway forgets what it was told since, others do not.

docs/operations.md has what must follow: the old log is not continued but followed by a new origin, what
people brought since is brought again, controllers are asked for their records again, platforms for nothing.
Nothing that was acknowledged is lost, and what was proved before stays proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.world.people import HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

REPAIR_MS = (10 * MINUTE_MS, HOUR_MS)  # so long the county has no gateway


class Restoring:
    """What is known of this run's backups."""

    def __init__(self) -> None:
        """None yet."""
        self.is_under_way = False
        self.went_on = False  # a restored log was continued
        self.kept: dict[str, list[bytes]] = {}  # site -> bundles that somebody has from before


def gateway_restored(world: World, _: Farm, chance: Chance) -> None:
    """The gateway's disk fails: hours of it are lost, and the backup from before is put back."""
    since_ms = world.agenda.now_ms
    if world.restoring.is_under_way or world.host.ask(world.host.county.back_up) is None:
        return
    world.restoring.is_under_way = True
    at_most_h = max(2, min(30, int(world.days * 24) // 3))
    hours = chance.randrange(1, at_most_h)

    def put_back() -> None:
        world.restoring.is_under_way = False
        if not world.is_ending and world.host.is_up:
            _put_back(world, since_ms, hours, chance.choice(REPAIR_MS))

    world.agenda.after(hours * HOUR_MS, put_back)


def _put_back(world: World, since_ms: int, hours: int, repair_ms: int) -> None:
    for farm in world.farms:
        data, _ = world.host.county.bundle(farm.box.name)
        if data:
            world.restoring.kept.setdefault(farm.name, []).append(data)
    world.host.stop()
    refusal = world.host.county.put_back(f"the disk failed after {hours} hours")
    world.restoring.went_on = world.restoring.went_on or not refusal
    world.story.tell("county", "gateway_restored", hours=hours)

    def start() -> None:
        world.host.start()
        world.errands.again(since_ms)

    world.agenda.after(repair_ms, start)


# -- what must hold ---------------------------------------------------------------------


def a_restored_log_is_not_continued(world: World, _: Farm) -> str:
    """Design section 10: a restore always opens a new origin, for the log would contradict itself."""
    return "the service began over a restored log" if world.restoring.went_on else ""


def what_was_proved_stays_proved(world: World, farm: Farm) -> str:
    """Design section 10: bundles from before a restore are proved by the trust file after it."""
    for data in world.restoring.kept.get(farm.name, ()):
        report = world.host.county.verify(data)
        if report["verdict"] != "proved" and not (farm.ring_lost or farm.history.rolled_back):
            codes = [one["code"] for one in report["findings"]]
            return f"a bundle from before the restore is {report['verdict']} now: {codes[:4]}"
    return ""
