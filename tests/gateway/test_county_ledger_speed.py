"""Roll-ups keep their pace: processor time, for wall time is that of the machine's other programs, too.

The whole year of 200 wells is in tests/benchmarks/rollup.py.
"""

import time
from pathlib import Path

from karez_gateway.county.ledger import books
from karez_gateway.county.ledger.rollup import roll
from karez_gateway.county.years.wateryear import Span
from karez_gateway.intake.heard import Heard
from karez_gateway.ledger.stage import Ledger

from .ledger_desk import CIVIL, DAY_S, office

BENCHMARKS = str(Path(__file__).parents[1] / "benchmarks")
WELLS, ROUNDS = 100, 100


def test_ten_thousand_records_are_rolled_up_in_a_second(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import rollup

    with office(tmp_path / "g") as desk:
        wells = rollup.Wells(desk.store, WELLS)
        wells.put(ROUNDS)
        stages = Ledger(desk.store), Heard(desk.store)
        began_s = time.process_time()
        rollup.run_stages(stages)
        span = Span(rollup.BEGIN_UTC_S, rollup.BEGIN_UTC_S + 2 * DAY_S)
        with desk.store.reading() as connection:
            found = books.read(connection, span, CIVIL, span.to_utc_s)
        total_l = roll(found.lines, lambda line: [line.at])[0].total_l
        took_s = time.process_time() - began_s
        assert total_l == WELLS * ROUNDS * rollup.LITRES
        assert {one.heard for one in found.rates.values()} == {26}  # 25 hours, the last one begun
        assert took_s <= 1.0, took_s
