"""What tests of uploads share: destinations, senders that run for a while, a county that was fed."""

import asyncio
import contextlib

from karez_gateway.config import Destination
from karez_gateway.store import outboxes, platforms
from karez_gateway.uploads.outbox import Outbox
from karez_gateway.uploads.sender import Sender
from karez_gateway.worker import Worker

ADDRESS = "4101050100"


def destination(platform, name="county", **settings):
    """One platform; its one well has ADDRESS unless the settings map several."""
    given = {"kind": "szy206", "address": ADDRESS} | settings
    if given["kind"] == "mqtt-json" or "stations" in settings:
        given["address"] = settings.get("address", "")
    return Destination(**{"name": name, "host": platform.host, "port": platform.port, "timeout_s": 5} | given)


class Senders(list):
    """Running senders; `queue` steps their outboxes, as the service's stages do."""

    def __init__(self, county, destinations):
        self.worker = Worker()
        super().__init__(Sender(Outbox(county.sequencer, one), self.worker) for one in destinations)

    async def queue(self):
        for one in self:
            while await self.worker.run(one.outbox.step):
                one.wake.set()

    async def poke(self):
        """What the service does when it sees an act of a person."""
        await self.queue()
        for one in self:
            one.poke()


@contextlib.asynccontextmanager
async def sending(county, *destinations):
    """Queue what there is, and run one sender per destination."""
    senders = Senders(county, destinations)
    await senders.queue()
    tasks = [asyncio.create_task(one.run()) for one in senders]
    try:
        yield senders
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        senders.worker.close()


async def until(condition):
    """Wait for something that another task brings about; the test's own timeout is the limit."""
    while not condition():  # noqa: ASYNC110 - the senders have no event for a test: a database row is the outcome
        await asyncio.sleep(0.01)


def counts(county, name="county"):
    """{state: reports}, counted row by row; the tally must say the same."""
    with county.store.reading() as connection:
        found, tally = outboxes.counts(connection, name), platforms.tally(connection, name)
    states = (outboxes.WAITING, outboxes.CONFIRMED, outboxes.REFUSED)
    assert {state: getattr(tally, state) for state in states if getattr(tally, state)} == found
    return found


def fed(county, *boxes):
    """Enrol boxes, take and verify all they have."""
    county.enrol(*boxes)
    for box in boxes:
        county.take(box, *box.payloads())
    county.work()
