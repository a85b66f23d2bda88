"""How fast litres become roll-ups: a year of 15-minute records of 200 wells, from nothing and by and by.

The records are put into the store as ingest and verification leave them, every one of them with litres; that
is not timed. Timed from nothing: the ledger stage and the stage of heard hours over all of them, then the
year's roll-up by month, site, method, class, source and region. Timed by and by: both stages over 10,000
records more, on top of that year, and the roll-up of the month that they are of.

The roll-up is compared with the registers of the wells, to the litre: another sum ends the benchmark.
"""

import sys
import tempfile
import time
from pathlib import Path

from entry import entry
from karez_gateway import config as configuration
from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.controllers import enrolment
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import books
from karez_gateway.county.ledger.rollup import roll
from karez_gateway.county.registry.changing import change
from karez_gateway.county.years.wateryear import Span
from karez_gateway.intake.heard import Heard
from karez_gateway.ledger.stage import Ledger
from karez_gateway.operation import setup
from karez_gateway.store import controllers, entries, verdicts
from karez_gateway.store.database import Database
from karez_gateway.store.entries import SLOT, NewEntry
from karez_gateway.store.verdicts import Verdict
from karez_gateway.verifier.slots import HEADER, PLACES
from karez_protocols import entry as wire
from karez_protocols import record

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from synthetic import BASE_VOLUME_L, PROVISIONER, SyntheticController, public

NAMES = ("rollup_year_s", "rollup_10000_records_s", "rollup_year_query_s")
WELLS, YEAR, MORE = 200, 365 * 96, 10_000
QUICK_WELLS, QUICK_YEAR = 10, 3 * 96
PERIOD_S = 900
LITRES = 2_500  # of each record
CIVIL = Calendar(8)
BEGIN_UTC_S = CIVIL.moment("2025-01-01")
_PLACE = PLACES[record.INTERVAL]["volume_l"]
_VOLUME = slice(_PLACE[0], _PLACE[1])


class Wells:
    """Wells whose records go straight into the store, quarter hour by quarter hour."""

    def __init__(self, store, count):
        self._store = store
        self._template = SyntheticController("rollup", "template").interval(1)
        self._number = self.rounds = 0
        boxes = [SyntheticController(f"rollup {at}", f"well-{at:03}") for at in range(count)]
        for box in boxes:
            enrolment.enrol(store, box.binding, public(PROVISIONER))
        with store.reading() as connection:
            heads = [wire.encode_record(box.name, 1, 0, self._template)[: SLOT.start - 4] for box in boxes]
            numbers = [controllers.find(connection, box.name).id for box in boxes]
        self._boxes = list(zip(heads, numbers, strict=True))
        self.sites = [box.site for box in boxes]

    def fill(self, rounds):
        """Records of so many quarter hours more."""
        for _ in range(rounds):
            self.rounds += 1
            utc_s = BEGIN_UTC_S + PERIOD_S * self.rounds
            end = utc_s.to_bytes(4, "little") + bytes(self._slot(utc_s))  # behind the name: when, and what
            rows = [
                NewEntry(at, 1, number, 1, self.rounds, at.to_bytes(32, "big"), utc_s, head + end)
                for at, (head, number) in enumerate(self._boxes, self._number)
            ]
            said = [Verdict(one.log_index, one.log_index, record.INTERVAL, None) for one in rows]
            self._number += len(rows)
            yield rows, said

    def _slot(self, utc_s):
        slot = bytearray(self._template)
        head = list(HEADER.unpack_from(slot))
        head[4:6] = self.rounds, utc_s
        HEADER.pack_into(slot, 0, *head)
        slot[_VOLUME] = (BASE_VOLUME_L + LITRES * self.rounds).to_bytes(
            _VOLUME.stop - _VOLUME.start, "little"
        )
        return slot

    def put(self, rounds):
        """Write them, some thousand in a transaction."""
        made = self.fill(rounds)
        while True:
            part = [one for one, _ in zip(made, range(100), strict=False)]
            if not part:
                return
            with self._store.writing() as connection:
                for rows, said in part:
                    entries.add(connection, rows)
                    verdicts.add(connection, said)


def registry(store, sites):
    """Three villages in a county, half of the wells of another class."""
    regions = [{"code": "county", "name_zh": "县", "tree": "admin"}]
    regions += [{"code": f"v{at}", "name_zh": "村", "tree": "admin", "parent": "county"} for at in range(3)]
    wells = [
        {
            "site": site, "sort": "well", "region": f"v{at % 3}", "class": ("farming", "industry")[at % 2],
            "source": "ground", "point": "wellhead", "status": "licensed",
        }
        for at, site in enumerate(sites)
    ]  # fmt: skip
    wanted = [("region", one["code"], one) for one in regions] + [("site", one["site"], one) for one in wells]
    with store.writing() as connection:
        change(connection, wanted, Deed("bench", "bench", BEGIN_UTC_S), check=lambda _before, _after: None)


def run_stages(stages):
    for stage in stages:
        while stage.step():
            pass


def rolled(store, span, expected_l):
    """Roll a span up by everything; the sum of each must be that of the registers."""
    with store.reading() as connection:
        found = books.read(connection, span, CIVIL, span.to_utc_s)
    place = found.placing.of
    for key in (
        lambda line: [(line.at, line.site, line.method)],
        lambda line: [(line.at, place(line.site, line.at)[:3])],
        lambda line: [place(line.site, line.at).admin[-1]],
    ):
        if sum(one.total_l for one in roll(found.lines, key).values()) != expected_l:
            raise RuntimeError("a roll-up is not the sum of its registers")
    for line in found.lines:
        place(line.site, line.at)


def timed(run):
    began_s = time.perf_counter()
    run()
    return time.perf_counter() - began_s


def measure(quick, say):
    """Return the entries of this subject."""
    count, rounds = (QUICK_WELLS, QUICK_YEAR) if quick else (WELLS, YEAR)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "g"
        setup.create(
            directory, name="bench", origin="karez.test/bench", provisioner=public(PROVISIONER).hex(),
            broker_host="127.0.0.1", broker_port=1883, regulators=[],
        )  # fmt: skip
        store = Database.open(configuration.load(directory).store_url)
        try:
            return _measured(store, count, rounds, say)
        finally:
            store.close()


def _measured(store, count, rounds, say):
    wells = Wells(store, count)
    wells.put(rounds)
    registry(store, wells.sites)
    say(f"  {count * rounds:,} records of {count} wells")
    stages = Ledger(store), Heard(store)
    stages_s = timed(lambda: run_stages(stages))
    year = Span(BEGIN_UTC_S, CIVIL.after(MONTH, CIVIL.start(MONTH, BEGIN_UTC_S + PERIOD_S * rounds)))
    query_s = timed(lambda: rolled(store, year, count * rounds * LITRES))
    say(f"  stages {stages_s:.1f} s, roll-up of the year {query_s:.1f} s")
    more = max(1, MORE // count)
    wells.put(more)
    month = CIVIL.start(MONTH, BEGIN_UTC_S + PERIOD_S * wells.rounds)
    before = (month - BEGIN_UTC_S + PERIOD_S - 1) // PERIOD_S - 1  # quarter hours of earlier months
    span = Span(month, CIVIL.after(MONTH, month))
    expected_l = count * (wells.rounds - max(before, 0)) * LITRES
    step_s = timed(lambda: run_stages(stages))
    month_s = timed(lambda: rolled(store, span, expected_l))
    say(f"  {more * count:,} records more: stages {step_s:.2f} s, roll-up of their month {month_s:.2f} s")
    return [
        entry(NAMES[0], round(stages_s + query_s, 4), "s", at_most=300),
        entry(NAMES[1], round(step_s + month_s, 4), "s", at_most=1.0),
        entry(NAMES[2], round(query_s, 4), "s"),
    ]
