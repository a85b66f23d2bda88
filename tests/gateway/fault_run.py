"""A scripted run of the whole gateway, and what must hold whenever and however it was interrupted.

`World` is what lies outside and survives: the controller, which keeps its records and sends them
again; the platform, which has what it has confirmed; and what each was told. `run` takes it through
frames, log and table, acknowledgement, verdicts, ledger, outbox, receipts, a grant down and an
order of revocation; `check_kept` is the promise, `finish` the end that every interrupted run must
reach.
"""

from collections import Counter
from contextlib import contextmanager

from sqlalchemy import func, select

from karez_gateway.config import Destination
from karez_gateway.controllers import revocation
from karez_gateway.controllers.enrolment import queue_grant
from karez_gateway.controllers.revocation import Revocations
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.errors import Refused
from karez_gateway.intake.verify import REVOKED
from karez_gateway.log.keys import load_key
from karez_gateway.log.tlog import Tlog
from karez_gateway.store import chains, controllers, downlinks, entries
from karez_gateway.store.schema import entry as entry_table
from karez_gateway.store.schema import outbox as outbox_table
from karez_gateway.store.schema import verdict as verdict_table
from karez_gateway.uploads import Receipt
from karez_gateway.uploads.outbox import Outbox
from karez_protocols import entry

from .county import RECEIVED_UTC_S, County
from .synthetic import BASE_VOLUME_L, SyntheticController, make_grant

NOW_S = RECEIVED_UTC_S
LITRES = 4000
ROUNDS = 3
COUNTY = Destination(
    name="county", kind="szy206", host="127.0.0.1", port=9, address="4101050100", controller=""
)


class World:
    """What is outside the gateway."""

    def __init__(self):
        self.box, self.thief = SyntheticController("a", "well-1"), SyntheticController("t", "well-2")
        self.grant = make_grant("well-1", 1, 900_000_000)
        self.box.irrigate(1)
        self.box.accept_grant(self.grant)  # it came by card, too: the script needs no answer to go on
        for _ in range(ROUNDS):
            self.box.irrigate(2)
        self.thief.irrigate(2)
        self.destination = COUNTY.model_copy(update={"controller": self.box.name})
        self.acknowledged = {}  # (name, chain) -> seq
        self.receipts = []  # (controller, chain, seq) that the gateway said it kept
        self.published = []  # bodies of objects handed to the broker
        self.is_revoked = False  # the gateway said so

    @property
    def litres(self):
        return self.box.volume_l - BASE_VOLUME_L


class Open:
    """The gateway's parts over one database and one log."""

    def __init__(self, world, config, sequencer):
        self.sequencer = sequencer
        self.county = County(config, self.sequencer)
        self.outbox = Outbox(self.sequencer, world.destination)
        self.revocations = Revocations(self.sequencer)


@contextmanager
def opened(world, config, database, files):
    """Open over an open database and the files of a log."""
    origin = config.log.origin
    with Tlog.open(files, origin, load_key(config.data / "log.key", origin)) as log:
        sequencer = Sequencer(database, log)
        sequencer.heal()
        yield Open(world, config, sequencer)


def take(world, parts, box, *payloads):
    """Frames in; what comes back is heard by the controller."""
    for ack in parts.county.take(box, *payloads):
        key = ack.controller, ack.chain
        world.acknowledged[key] = max(world.acknowledged.get(key, 0), ack.seq)


def work(parts):
    parts.county.work()
    while parts.outbox.step():
        pass


def upload(world, parts, most):
    """The platform confirms some reports; a receipt counts when the gateway has said that it is kept."""
    turn = parts.outbox.following().reports[:most]
    if not turn:
        return 0
    receipts = [
        (one, Receipt(b"report %d" % subject.seq, b"confirm %d" % subject.seq, NOW_S))
        for one, subject in turn
    ]
    parts.outbox.confirmed(receipts)
    world.receipts += [(subject.controller, subject.chain, subject.seq) for _, subject in turn]
    return len(turn)


def carry(world, parts):
    """Grants down, as the carrier does it: into the log, to the broker, and only then noted as sent."""
    parts.county.downlinks.log_queued(NOW_S)
    due = parts.county.downlinks.due(NOW_S)
    world.published += [one.body for one in due]
    if due:
        parts.county.downlinks.sent(due, NOW_S)


def revoke(world, parts):
    """The thief's box is believed no more."""
    try:
        revocation.queue(parts.county.store, world.thief.name, by="li", because="stolen", now_s=NOW_S)
    except Refused:
        pass  # wished before the interruption
    if parts.revocations.log_queued(NOW_S):
        world.is_revoked = True


def bring_grant(world, parts):
    try:
        queue_grant(parts.county.store, world.grant)
    except Refused:
        pass  # brought in before the interruption


def script(world, parts):
    """The run, as steps that may each be repeated."""
    box, thief = world.box, world.thief
    payloads = [box.frame(*range(at, min(at + 6, box.seq + 1))) for at in range(1, box.seq + 1, 4)]
    half = len(payloads) // 2
    yield lambda: parts.county.enrol(box, thief)
    yield lambda: take(world, parts, box, *payloads[:2])
    yield lambda: bring_grant(world, parts)
    yield lambda: carry(world, parts)
    yield lambda: work(parts)
    yield lambda: take(world, parts, thief, thief.frame(1, 2))
    yield lambda: upload(world, parts, 2)
    yield lambda: take(world, parts, box, *payloads[half:])  # behind a gap
    yield lambda: revoke(world, parts)
    yield lambda: work(parts)
    yield lambda: take(world, parts, thief, *thief.payloads())
    yield lambda: take(world, parts, box, *payloads[1:half])
    yield lambda: work(parts)
    yield lambda: upload(world, parts, 9)


def run(world, parts):
    """All steps; an interruption comes out of one of them."""
    for step in script(world, parts):
        step()


def finish(world, parts):
    """Everything is sent again until nothing is left; return nothing, raise AssertionError."""
    run(world, parts)
    for box in (world.box, world.thief):
        take(world, parts, box, *box.payloads())
    work(parts)
    while upload(world, parts, 9):
        pass


def check_kept(world, parts):
    """Whatever was acknowledged, kept or published before is there: in the table and in the log."""
    log, store = parts.sequencer.log, parts.county.store
    with store.reading() as connection:
        bodies = entries.bodies(connection, 0, 100_000)
        assert [log.entry(at) for at in range(log.size)] == bodies, "table and log differ"
        kinds = [entry.decode(body) for body in bodies]
        records = {
            (one["controller"], one["chain"], int.from_bytes(one["slot"][4:8], "little"))
            for one in kinds
            if one["entry"] == entry.RECORD
        }
        for (name, chain), seq in world.acknowledged.items():
            lost = [n for n in range(1, seq + 1) if (name, chain, n) not in records]
            assert not lost, f"acknowledged and lost: {lost}"
            known = controllers.find(connection, name)
            marks = chains.stored(connection, (known.id, chain))
            assert marks.stored_seq >= seq, "the next acknowledgement would go back"
        kept = Counter(
            (one["controller"], one["chain"], one["seq"]) for one in kinds if one["entry"] == entry.UPLOAD
        )
        assert not [one for one in world.receipts if one not in kept], "a receipt is lost"
        objects = {one["object"] for one in kinds if one["entry"] == entry.OBJECT}
        assert set(world.published) <= objects, "published and not in the log"
        if world.is_revoked:
            assert entry.REVOCATION in [one["entry"] for one in kinds]


def check_finished(world, parts):
    """Ledger and registers agree, each record once, each report once, nothing waits."""
    check_kept(world, parts)
    county = parts.county
    with county.store.reading() as connection:
        counted = connection.execute(
            select(entry_table.c.controller_id, entry_table.c.chain, entry_table.c.seq, func.count())
            .where(entry_table.c.kind == entry.RECORD)
            .group_by(entry_table.c.controller_id, entry_table.c.chain, entry_table.c.seq)
        ).all()
        assert {row[3] for row in counted} == {1}, "a record is stored twice"
        assert len(counted) == world.box.seq + world.thief.seq
        verdicts = dict(
            connection.execute(
                select(verdict_table.c.reason, func.count()).group_by(verdict_table.c.reason)
            ).all()
        )
        states = Counter(connection.execute(select(outbox_table.c.state)).scalars())
        papers = {one.body: one.state for one in downlinks.everything(connection)}
        uploads = [
            (one["controller"], one["chain"], one["seq"])
            for one in map(entry.decode, entries.bodies(connection, 0, 100_000))
            if one["entry"] == entry.UPLOAD
        ]
    assert set(verdicts) <= {None, REVOKED} and sum(verdicts.values()) == len(counted)
    assert world.box.seq <= verdicts[None] <= world.box.seq + world.thief.seq
    litres = Counter()
    for (site, _, _), each in county.litres().items():
        litres[site] += each
    assert litres["well-1"] == world.litres, "ledger and register differ"
    assert litres["well-2"] <= world.thief.volume_l - BASE_VOLUME_L
    assert set(states) == {"confirmed"} and states["confirmed"] == len(uploads)
    assert len(set(uploads)) == len(uploads), "a report has two receipts"
    assert world.grant in papers
    assert county.marks(world.box).signed_seq == world.box.seq
