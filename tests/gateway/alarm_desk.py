"""Alarms over a real store and log: the stage over records, the rules, and a clock that a test moves."""

from sqlalchemy import select

from karez_gateway.alarms.records import AlarmRecords
from karez_gateway.alarms.rules import AlarmRules
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import engine
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.objects import name_of
from karez_gateway.seam import unharmed
from karez_gateway.store import alarms
from karez_gateway.store.schema import notice

from .synthetic import START_UTC_S


class Desk:
    """An open county with its alarms; `now_s` is the time that everything is told."""

    def __init__(self, county, at=unharmed, now_s=START_UTC_S + 3600):
        self.county = county
        self.now_s = now_s
        self.live = None
        self.records = AlarmRecords(county.config, county.store, at, lambda: self.now_s)
        self.rules = AlarmRules(county.config, county.store, lambda: self.live, at, lambda: self.now_s)

    def put(self, *objects):
        """Objects of the registry, as (kind, values)."""
        wanted = [(kind, name_of(kind, values), values) for kind, values in objects]
        with self.county.store.writing() as connection:
            deed = Deed("li", "test", self.now_s)
            changing.change(connection, wanted, deed, check=lambda _before, _after: None)

    def take(self, *boxes):
        """Enrol boxes, bring their records, run every stage."""
        self.county.enrol(*boxes)
        for box in boxes:
            self.county.take(box, *box.payloads())
        self.work()

    def work(self):
        self.county.work()
        while self.records.step():
            pass

    def look(self, *names):
        return self.rules.look(names or tuple(engine.LOOKS), self.now_s)

    def open(self):
        """{(rule, subject, line): (state, times)} of alarms that are not cleared."""
        with self.county.store.reading() as connection:
            found = alarms.listed(connection)
        return {(one.rule, one.subject, one.line): (one.state, one.times) for one in found}

    def all(self):
        with self.county.store.reading() as connection:
            return alarms.listed(connection, is_open=False)

    def told(self):
        """(receiver, address, word, state) of every notice, oldest first."""
        query = select(notice.c.receiver, notice.c.address, notice.c.word, notice.c.state).order_by(
            notice.c.id
        )
        with self.county.store.reading() as connection:
            return [tuple(row) for row in connection.execute(query)]
