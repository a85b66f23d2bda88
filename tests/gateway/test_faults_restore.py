"""Put back from an old backup: others know more than the gateway, and nothing is lost or doubled.

What stops a restored log, and what a new origin is: test_neworigin.py, test_witnessing.py, test_backup.py.
"""

from collections import Counter
from contextlib import contextmanager

import pytest

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.controllers import registry
from karez_gateway.entries import neworigin
from karez_gateway.entries.origins import current
from karez_gateway.entries.restored import ControllerClaims, halted
from karez_gateway.errors import StoreError
from karez_gateway.operation import backup
from karez_gateway.store import entries
from karez_protocols import entry

from .county import create
from .fault_run import Open, World, revoke, take, upload, work
from .synthetic import BASE_VOLUME_L


@contextmanager
def started(world, directory):
    """The gateway's parts over a directory as the service opens it."""
    config = configuration.load(directory)
    with data_directory.opened(config) as found:
        yield Open(world, config, found.sequencer)


def records_of(parts):
    with parts.county.store.reading() as connection:
        found = [entry.decode(body) for body in entries.bodies(connection, 0, 100_000)]
    return Counter(
        (one["controller"], one["slot"][4:8]) for one in found if one["entry"] == entry.RECORD
    ), Counter((one["controller"], one["seq"]) for one in found if one["entry"] == entry.UPLOAD)


def test_after_a_restore_everything_comes_again_and_is_counted_once(tmp_path):
    world, old, new = World(), create(tmp_path / "g"), tmp_path / "again"
    box, thief = world.box, world.thief
    payloads = [box.frame(at, at + 1) for at in range(1, box.seq, 2)] + [box.frame(box.seq)]
    with started(world, old) as parts:
        parts.county.enrol(box, thief)
        take(world, parts, box, *payloads[:3])
        work(parts)
        upload(world, parts, 1)
    backup.write(configuration.load(old), tmp_path / "b.tar.gz")
    with started(world, old) as parts:  # what came after the backup was promised as well
        take(world, parts, box, *payloads[3:])
        take(world, parts, thief, *thief.payloads())
        work(parts)
        while upload(world, parts, 9):
            pass
        revoke(world, parts)
        litres = sum(litres for (site, _, _), litres in parts.county.litres().items() if site == box.site)
        assert litres == world.litres
    backup.unpack(tmp_path / "b.tar.gz", new)
    assert "restored from the backup" in halted(new)
    with pytest.raises(StoreError, match="this log is not continued"), started(world, new):
        pass
    neworigin.open_new(configuration.load(new), "the disk failed")
    assert current(configuration.load(new)).name == "karez.test/county.2"
    with started(world, new) as parts:
        county = parts.county
        claims = ControllerClaims(county.store)
        claims.take({box.name: {"chain": 1, "acknowledged_seq": box.seq}})
        assert claims.is_believed  # a person has answered it by the new origin
        (told,) = county.take(box, payloads[0])
        assert told.seq == 6 < world.acknowledged[box.name, 1]  # lower than before: the box sends again
        take(world, parts, box, *box.payloads(told.seq + 1))
        take(world, parts, thief, *thief.payloads())
        work(parts)
        while upload(world, parts, 9):
            pass
        stored, receipts = records_of(parts)
        assert set(stored.values()) == {1} and len(stored) == box.seq + thief.seq
        assert set(receipts.values()) == {1}
        assert {(name, seq) for name, _, seq in world.receipts} == set(receipts)
        by_site = Counter()
        for (site, _, _), each in county.litres().items():
            by_site[site] += each
        assert by_site[box.site] == box.volume_l - BASE_VOLUME_L
        with county.store.reading() as connection:
            states = {one["name"]: one["state"] for one in registry.facts(connection, {})}
        # What people did since the backup is gone with it: docs/operations.md says to do it again.
        assert states[thief.name] == registry.ACTIVE
