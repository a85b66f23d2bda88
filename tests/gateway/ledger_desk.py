"""A county with a registry, wells that say their meter's own bytes, and whoever keeps its books."""

from contextlib import contextmanager

from karez_gateway import config as configuration
from karez_gateway.calendars import Calendar
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import books, closing, correcting, correction_file
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.objects import name_of
from karez_gateway.county.years import periods
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.entries.places import Places
from karez_protocols import record

from .county import create, opened
from .synthetic import BASE_VOLUME_L, SyntheticController, raw_register

CIVIL = Calendar(8)
YEARS = WaterYears(CIVIL)
NOVEMBER = CIVIL.moment("2026-11-02")  # September and October are over
DAY_S = 86_400


class Well(SyntheticController):
    """A box whose records hold the register that W is made of: it stood at 0 when W was the base."""

    def measure(self, kind, litres=0, after_s=300, **values):
        raw = raw_register(self.volume_l + litres - BASE_VOLUME_L)
        return super().measure(kind, litres, after_s, **({"water_raw": raw} | values))

    def days(self, count, litres=24_000, **values):
        """An hour's record after the other, with the same litres each, and a checkpoint."""
        for _ in range(count * 24):
            self.interval(litres // 24, after_s=3600, **values)
        self.checkpoint()


class Office:
    """Whoever keeps the books of an open county."""

    def __init__(self, county, directory):
        self.county = county
        self.directory = directory
        self.store = county.store
        self.config = configuration.load(directory)
        self.places = Places(self.config)

    def deed(self, now_s=NOVEMBER, because="test", **said):
        return Deed("li", because, now_s, **said)

    def hear(self, *boxes):
        self.county.enrol(*boxes)
        for box in boxes:
            self.county.take(box, *box.payloads())
        self.county.work()

    def register(self, *objects, now_s=NOVEMBER):
        """Put (kind, values) into the registry."""
        wanted = [(kind, name_of(kind, values), values) for kind, values in objects]
        with self.store.writing() as connection:
            changing.change(connection, wanted, self.deed(now_s), check=lambda _before, _after: None)
        self.log()

    def log(self, now_s=NOVEMBER):
        """What the service does with acts."""
        while self.county.acts.log_queued(now_s):
            pass

    def correct(self, *rows, may_fall=False, log=True, now_s=NOVEMBER):
        """Correct by lines as a file has them; return (act, below zero)."""
        those = [
            one
            for row in rows
            for one in correction_file.corrections(correction_file.Row(*row), YEARS, now_s)
        ]
        with self.store.writing() as connection:
            found = correcting.correct(connection, those, self.deed(now_s), CIVIL, may_fall=may_fall)
        if log:
            self.log(now_s)
        return found

    def close(self, month, *, despite=True, log=True, now_s=NOVEMBER):
        period = self.period(month)
        with self.store.reading() as connection:
            missing = closing.look(connection, period, now_s, CIVIL, despite=despite)
        with self.store.writing() as connection:
            done = closing.close(connection, period, self.deed(now_s), CIVIL, missing)
        if log:
            self.log(now_s)
        return done

    def period(self, name):
        return periods.named(name, YEARS)

    def books(self, name, now_s=NOVEMBER):
        with self.store.reading() as connection:
            return books.read(connection, self.period(name).span, CIVIL, now_s)


@contextmanager
def office(directory, extra=""):
    """An office over a new county."""
    with opened(create(directory, extra)) as county:
        yield Office(county, directory)


def site(name, **changed):
    """A well of the registry."""
    return "site", {
        "site": name,
        "sort": "well",
        "region": "6504",
        "class": "farming",
        "source": "ground",
        "point": "wellhead",
        "status": "licensed",
    } | changed


def region(code, parent=None, tree="admin", **changed):
    """A region of the registry."""
    above = {} if parent is None else {"parent": parent}
    return "region", {"code": code, "name_zh": f"区{code}", "tree": tree} | above | changed


METERED, CONVERTED = record.METERED, record.CONVERTED
