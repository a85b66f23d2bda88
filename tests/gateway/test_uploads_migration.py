"""A store of before platforms had many wells: what waited goes out, what was confirmed stays confirmed."""

import os

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from karez_gateway.config import STORE_VARIABLE
from karez_gateway.store import engines, outboxes, platforms
from karez_gateway.store.database import FILE, MIGRATIONS
from karez_protocols import entry, record
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import RECEIVED_UTC_S, create, opened
from .synthetic import SyntheticController
from .uploading import counts, destination, sending, until

OLD = "0002"


def old_store(directory):
    """The directory's database as the release before left it, empty."""
    named = os.environ.get(STORE_VARIABLE)
    reader, writer = engines.engines(engines.parse(named) if named else engines.in_file(directory / FILE))
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with writer.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, OLD)
    return reader, writer


def rows_of(box):
    """entry rows: every record of the box, then the receipt of its first report."""
    found = [
        (entry.RECORD, 1, box.chain, seq, entry.encode_record(box.name, box.chain, RECEIVED_UTC_S, slot))
        for seq, slot in sorted(box.slots.items())
    ]
    request, confirm = b"\x68request", b"\x68confirm"
    receipt = entry.encode_upload("county", box.name, box.chain, 2, RECEIVED_UTC_S, request, confirm)
    return [*found, (entry.UPLOAD, None, None, None, receipt)]


def fill(connection, box):
    connection.execute(
        text("INSERT INTO controller VALUES (1, :name, :site, :binding, 0)"),
        {"name": box.name, "site": box.site, "binding": box.binding},
    )
    for index, (kind, owner, chain, seq, body) in enumerate(rows_of(box)):
        values = {"i": index, "k": kind, "o": owner, "c": chain, "s": seq, "r": RECEIVED_UTC_S}
        connection.execute(
            text("INSERT INTO entry VALUES (:i, :k, :o, :c, :s, :d, :r, :b)"),
            values | {"d": bytes(32), "b": bytes(body)},
        )
    receipt = len(box.slots)
    kinds = (record.INTERVAL, record.STOP)
    reported = [(seq - 1, seq - 1) for seq, slot in sorted(box.slots.items()) if slot[1] in kinds]
    for position, index in enumerate(sorted(seq - 1 for seq in box.slots)):
        connection.execute(
            text("INSERT INTO verdict VALUES (:p, :i, :k, NULL)"),
            {"p": position, "i": index, "k": box.slots[index + 1][1]},
        )
    states = ["confirmed", "waiting", "waiting", "refused"]
    for (position, index), state in zip(reported, states, strict=True):
        done = state == "confirmed"
        connection.execute(
            text("INSERT INTO outbox VALUES ('county', :p, :i, :b, :s, 1, 0, :why, :b, :b, :utc, :receipt)"),
            {
                "p": position,
                "i": index,
                "b": b"a body of the release before",
                "s": state,
                "why": None if done else "no connection",
                "utc": RECEIVED_UTC_S if done else None,
                "receipt": receipt if done else None,
            },
        )
    connection.execute(text("INSERT INTO cursor VALUES ('upload:county', :p)"), {"p": receipt - 1})


async def test_waiting_reports_of_an_old_store_are_sent_and_its_receipts_stay(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    directory = create(tmp_path / "g")
    (directory / FILE).unlink(missing_ok=True)
    reader, writer = old_store(directory)
    with writer.begin() as connection:
        fill(connection, box)
    reader.dispose()
    writer.dispose()
    async with PlatformSzy206() as platform:
        with opened(directory) as county:
            assert counts(county) == {"confirmed": 1, "waiting": 2, "refused": 1}
            with county.store.reading() as connection:
                tally = platforms.tally(connection, "county")
                assert (tally.confirmed_utc_s, tally.upload_index) == (RECEIVED_UTC_S, len(box.slots))
                assert [one.seq for one in platforms.last_confirmed(connection, "county")] == [2]
            async with sending(county, destination(platform)):
                await until(lambda: counts(county) == {"confirmed": 3, "refused": 1})
            with county.store.reading() as connection:
                found = outboxes.receipts(connection, 0, len(box.slots))
            assert {index: len(receipts) for index, receipts in found.items()} == {1: 1, 2: 1, 3: 1}
        assert [one.volume_m3 for one in platform.reports] == [1008, 1012]
