"""Scratch."""

import sys
import tempfile
import time
from pathlib import Path

from karez_gateway import config as configuration
from karez_gateway import data, enrolment, setup
from karez_gateway.ledger import Ledger
from karez_gateway.store import controllers, entries, verdicts
from karez_gateway.store.entries import NewEntry
from karez_gateway.store.verdicts import Verdict
from karez_gateway.verifier.slots import HEADER, PLACES
from karez_protocols import entry as wire
from karez_protocols import record

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))
from synthetic import BASE_VOLUME_L, PROVISIONER, START_UTC_S, SyntheticController, public

_VOLUME = PLACES[record.INTERVAL]["volume_l"][0]
LITRES = 2500


class Wells:
    def __init__(self, store, count):
        self.boxes = [SyntheticController(f"roll {n}", f"well-{n:03}") for n in range(count)]
        for box in self.boxes:
            enrolment.enrol(store, box.binding, public(PROVISIONER))
        with store.reading() as c:
            self.ids = [controllers.find(c, box.name).id for box in self.boxes]
        self.store = store
        self.template = bytearray(SyntheticController("t", "t").interval(1))
        self.index = 0
        self.seq = 0

    def fill(self, rounds):
        """Records of all wells, quarter hour by quarter hour."""
        done = 0
        while done < rounds:
            part = min(200, rounds - done)
            rows, said = [], []
            for _ in range(part):
                self.seq += 1
                utc = START_UTC_S + 900 * self.seq
                slot = bytearray(self.template)
                head = list(HEADER.unpack_from(slot))
                head[4:6] = self.seq, utc
                HEADER.pack_into(slot, 0, *head)
                w = BASE_VOLUME_L + LITRES * self.seq
                slot[_VOLUME : _VOLUME + 6] = w.to_bytes(6, "little")
                for box, id_ in zip(self.boxes, self.ids):
                    body = wire.encode_record(box.name, 1, utc, bytes(slot))
                    rows.append(NewEntry(self.index, 1, id_, 1, self.seq, self.index.to_bytes(32, "big"), utc, body))
                    said.append(Verdict(self.index, self.index, record.INTERVAL, None))
                    self.index += 1
            with self.store.writing() as c:
                entries.add(c, rows)
                verdicts.add(c, said)
            done += part


def main(wells, rounds):
    with tempfile.TemporaryDirectory(dir="/tmp/w/rollb") as folder:
        d = Path(folder) / "g"
        setup.create(d, name="bench", origin="karez.test/bench", provisioner=public(PROVISIONER).hex(), broker_host="127.0.0.1", broker_port=1, regulators=[])
        from karez_gateway.store.database import Database
        config = configuration.load(d)
        store = Database.open(config.store_url)
        w = Wells(store, wells)
        t = time.perf_counter()
        w.fill(rounds)
        print("fill", time.perf_counter() - t)
        led = Ledger(store)
        t = time.perf_counter(); c = time.process_time()
        n = 0
        while k := led.step():
            n += k
        s = time.perf_counter() - t
        print("ledger", n, s, n / s, "cpu us/rec", (time.process_time() - c) / n * 1e6)
        t = time.perf_counter()
        w.fill(10_000 // wells)
        led2 = Ledger(store)
        t = time.perf_counter()
        n = 0
        while k := led2.step():
            n += k
        print("incr", n, time.perf_counter() - t)
        from sqlalchemy import text
        with store.reading() as cc:
            for q in ("select site, method, sum(litres) from ledger group by site, method",
                      "select site, method, (hour_utc+8)/24, sum(litres) from ledger group by 1,2,3",
                      "select site, method, sum(litres) from ledger where hour_utc >= 497300 and hour_utc < 498000 group by site, method"):
                t = time.perf_counter()
                r = cc.execute(text(q)).all()
                print(q, len(r), time.perf_counter() - t)
            print(cc.execute(text("select count(*) from ledger")).scalar())
        store.close()

main(int(sys.argv[1]), int(sys.argv[2]))
