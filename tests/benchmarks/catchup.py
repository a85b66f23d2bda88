"""How fast a gateway takes in a backlog: stored and logged durably, and verified, with SQLite.

Frames of honest controllers, one record a minute with an hourly signed checkpoint (design §13's outage),
go through ingest and verification exactly as in the service: a transaction of at most 256 frames,
fsync of table and log, then what would be the acknowledgements, then the verdicts. Left out: the
broker, and what only waits behind (ledger, uploads). Making the records is the controllers' work and
is not timed.

Beside it, in the same run and on the same disk: the same rows put into a table of the same shape
in the same transactions, by sqlite3 alone.

Flat: what a record costs at the full size over what it costs at a tenth of it, in processor time of
this process, the best of five stretches each: other programs disturb that least. BENCHMARK_ROWS=10000000
makes the table that large.
"""

import os
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

from entry import entry
from karez_gateway import config as configuration
from karez_gateway import data
from karez_gateway.controllers import enrolment
from karez_gateway.intake.fieldlink import BATCH_FRAMES_MAX
from karez_gateway.intake.ingest import Frame, Ingest
from karez_gateway.intake.verification import Verification
from karez_gateway.operation import setup
from karez_gateway.store import chains, controllers, engines
from karez_gateway.store.entries import NewEntry
from karez_gateway.verifier.slots import HEADER, PLACES
from karez_protocols import chain, record
from karez_protocols.record import CONTENT_SIZE

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from synthetic import PROVISIONER, SyntheticController, public

RECEIVED_UTC_S = 1_790_100_000
NAMES = ("gateway_catchup_records_per_s", "gateway_catchup_vs_bare_insert", "gateway_catchup_flat")
ROWS, QUICK_ROWS = 1_000_000, 20_000
STRETCH = 40_000  # records measured at once: ten transactions
BOXES = 20
MINUTES = 60  # records between two checkpoints
_VOLUME = PLACES[record.INTERVAL]["volume_l"][0]

_PLAIN = """
CREATE TABLE entry (log_index INTEGER PRIMARY KEY, kind SMALLINT NOT NULL, controller_id INTEGER,
chain BIGINT, seq BIGINT, digest BLOB NOT NULL, received_utc_s BIGINT NOT NULL, body BLOB NOT NULL,
UNIQUE (controller_id, chain, seq, digest))
"""


class Box:
    """A controller whose minutes are made quickly: one interval record, patched and chained."""

    def __init__(self, number):
        self.controller = one = SyntheticController(f"bench {number}", f"well-{number}")
        one.start()
        self._template = one.interval(1)[:CONTENT_SIZE]

    def frames(self, records):
        """Frames of the next records, at least so many, with their checkpoints."""
        one = self.controller
        one.slots.clear()
        while len(one.slots) < records:
            for _ in range(MINUTES):
                self._minute()
            one.checkpoint()
        return one.payloads(min(one.slots))

    def _minute(self):
        one = self.controller
        one.seq, one.utc_s, one.volume_l = one.seq + 1, one.utc_s + 60, one.volume_l + 1
        content = bytearray(self._template)
        head = list(HEADER.unpack_from(content))
        head[4:6] = one.seq, one.utc_s
        HEADER.pack_into(content, 0, *head)
        struct.pack_into("<I", content, _VOLUME, one.volume_l)  # the upper bytes of W stay 0
        content = bytes(content)
        one.h = chain.following(one.h, content)
        one.slots[one.seq] = content + one.h[:16]


class Gateway:
    """The stages that are measured, over one data directory."""

    def __init__(self, sequencer):
        self.sequencer = sequencer
        self.ingest, self.verification = Ingest(sequencer), Verification(sequencer.database)

    def take(self, frames):
        """Store, log and verify frames as the service does."""
        for batch in batches(frames):
            self.ingest.take(batch)
            while self.verification.step():
                pass

    def signed_seq(self, controller):
        """The last number that a verified signature closes."""
        with self.sequencer.database.reading() as connection:
            return chains.verified(
                connection, (controllers.find(connection, controller.name).id, 1)
            ).signed_seq


@contextmanager
def opened(directory):
    """A new gateway."""
    where = {"broker_host": "127.0.0.1", "broker_port": 1883, "regulators": []}
    setup.create(
        directory, name="bench", origin="karez.test/bench", provisioner=public(PROVISIONER).hex(), **where
    )
    with data.opened(configuration.load(directory)) as found:
        yield Gateway(found.sequencer)


def frames_of(boxes, records):
    """Frames of all boxes as they come when everybody drains at once: in turn."""
    mine = [box.frames(records // len(boxes)) for box in boxes]
    return [
        Frame(box.controller.name, payloads[at], RECEIVED_UTC_S)
        for at in range(max(map(len, mine)))
        for box, payloads in zip(boxes, mine, strict=True)
        if at < len(payloads)
    ]


def batches(frames):
    return [frames[at : at + BATCH_FRAMES_MAX] for at in range(0, len(frames), BATCH_FRAMES_MAX)]


def timed(run):
    """Return (seconds of the clock, seconds of this process)."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - began_s, time.process_time() - began_cpu_s


def rows_of(number, frames):
    """The rows of `entry` that these frames become: what a program that only inserts would be given."""
    rows, body = [], bytes(156 - record.SLOT_SIZE)
    for batch in batches(frames):
        part = []
        for frame in batch:
            slots = frame.payload[-(len(frame.payload) // record.SLOT_SIZE) * record.SLOT_SIZE :]
            for at in range(0, len(slots), record.SLOT_SIZE):
                slot = slots[at : at + record.SLOT_SIZE]
                seq = int.from_bytes(slot[4:8], "little")
                who = int(frame.controller[:8], 16)
                part.append(NewEntry(number, 1, who, 1, seq, slot[-32:], RECEIVED_UTC_S, body + slot))
                number += 1
        rows.append(part)
    return rows


def insert(plain, rows):
    for part in rows:
        plain.execute("BEGIN IMMEDIATE")
        plain.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", part)
        plain.execute("COMMIT")


def run(folder, total, say):
    """Fill a gateway up to `total` records; return [(records before, count, ours, bare)], both timed."""
    found = []
    boxes = [Box(number) for number in range(BOXES)]
    with opened(folder / "g") as gateway, closing(sqlite3.connect(folder / "plain")) as plain:
        plain.isolation_level = None
        for pragma in engines._PRAGMAS:
            plain.execute(pragma)
        plain.execute(_PLAIN)

        for box in boxes:  # with what was made before the first stretch
            one = box.controller
            enrolment.enrol(gateway.sequencer.database, one.binding, public(PROVISIONER))
            gateway.take([Frame(one.name, payload, RECEIVED_UTC_S) for payload in one.payloads()])
        while (size := gateway.sequencer.log.size) < total:
            frames = frames_of(boxes, STRETCH)
            rows = rows_of(size, frames)
            ours = timed(lambda frames=frames: gateway.take(frames))
            bare = timed(lambda rows=rows: insert(plain, rows))
            count = gateway.sequencer.log.size - size
            if sum(map(len, rows)) != count or gateway.ingest.counters.duplicates:
                raise RuntimeError(f"{count} of {sum(map(len, rows))} records were stored")
            found.append((size, count, ours, bare))
            if len(found) % 5 == 1:
                rates = f"{count / ours[0]:,.0f} a second, bare {count / bare[0]:,.0f}"
                say(f"  {size + count:,} records: {rates}")
        for box in boxes:
            if gateway.signed_seq(box.controller) != box.controller.seq:
                raise RuntimeError("what was measured was not all verified")
    return found


def cost_us(found, near):
    """Processor time a record at about so many rows: the best of the five stretches around."""
    nearest = sorted(found, key=lambda one: abs(one[0] + one[1] / 2 - near))[:5]
    return min(ours[1] / count * 1e6 for _, count, ours, _ in nearest)


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    total = QUICK_ROWS if quick else int(os.environ.get("BENCHMARK_ROWS", ROWS))
    folder = Path(tempfile.mkdtemp(prefix="karez-benchmark-"))
    try:
        found = run(folder, total, say)
    finally:
        shutil.rmtree(folder)
    # The median stretch: of two cores that are shared, one may be slow for a while.
    rates = sorted(count / ours[0] for _, count, ours, _ in found)
    bare = sorted(count / plain[0] for _, count, _, plain in found)
    rate, plain_rate = rates[len(rates) // 2], bare[len(bare) // 2]
    unit = f"records/s ({rates[0]:,.0f} to {rates[-1]:,.0f})"
    flat = cost_us(found, total) / cost_us(found, total / 10)
    beside = "the same rows by sqlite3 alone"
    return [
        entry(NAMES[0], round(rate), unit, beside, round(plain_rate), at_least=20_000),
        entry(NAMES[1], round(rate / plain_rate, 3), "of a bare insert", at_least=0.1),
        entry(NAMES[2], round(flat, 3), f"cost at {total:,} rows over that at a tenth", at_most=1.1),
    ]
