"""A world for tests: the entry point where this checkout is not installed, and the bugs that are planted."""

import sys
from importlib import metadata

from karez_firmware.core.register import Register
from karez_firmware.core.rights import Rights
from karez_firmware.journal import Journal
from karez_firmware.store.twins import Twins
from karez_gateway.intake.ingest import Ingest
from karez_gateway.store import chains, verdicts
from karez_gateway.world.county import County
from karez_simulators.world import gateway_host, site

SHORT_DAYS = 0.25


def offer_the_gateway(monkeypatch):
    """Stand in for the installed entry point: an older installation of the checkout lacks it."""
    if not any(one.name == gateway_host.NAME for one in metadata.entry_points(group=gateway_host.GROUP)):
        monkeypatch.setattr(gateway_host, "county_class", lambda: County)


def forget_a_record(monkeypatch):
    """A journal that forgets one record at a cut: the older copy of the head, and no roll-forward."""
    load = Twins.load

    def older(self):
        newest = load(self)
        if newest is None:
            return None
        at = self._at + (newest["generation"] & 1 ^ 1) * self._size
        twins = sys.modules[Twins.__module__]
        data = self._fram.read(at, self._size)
        return twins.unpack(self.layout, self._magic, data) or newest

    monkeypatch.setattr(Twins, "load", older)
    monkeypatch.setattr(Journal, "_roll_forward", lambda _self: None)


def add_grants(monkeypatch):
    """A grant that is added to the one before instead of set."""
    install = Rights.install

    def add(self, values, rows):
        before = max((row["ceiling"] for row in self._rows), default=0)
        install(self, values, [row | {"ceiling": row["ceiling"] + before} for row in rows])

    monkeypatch.setattr(Rights, "install", add)


def book_held_readings(monkeypatch):
    """A held reading that is booked: every step upwards is plausible."""
    monkeypatch.setattr(Register, "_is_step", lambda _self, step, _elapsed_ms: step >= 0)


def meters_that_show_too_little(monkeypatch):
    """Meters of which each shows 95 of 100 litres, where two of a hundred are their error."""
    made = site.MeterPlace
    monkeypatch.setattr(site, "MeterPlace", lambda well, gain_ppm: made(well, gain_ppm * 95 // 100))


def block_at_quarantine(monkeypatch):
    """A quarantine that blocks the acknowledgement: nothing behind a bad record is acknowledged."""
    take = Ingest.take

    def blocked(self, frames):
        acks = take(self, frames)
        with self._sequencer.database.reading() as connection:
            return [
                one for one in acks if not _has_bad(connection, self._controllers[one.controller].id, one)
            ]

    def _has_bad(connection, controller_id, ack):
        marks = chains.verified(connection, (controller_id, ack.chain))
        return marks is not None and bool(verdicts.quarantined(connection, controller_id, ack.chain))

    monkeypatch.setattr(Ingest, "take", blocked)
