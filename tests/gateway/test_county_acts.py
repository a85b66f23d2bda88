"""Acts and versions of the registry: one transaction, one entry of the log, nothing by halves."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from karez_gateway.county import acts, counting
from karez_gateway.county.acts import Deed
from karez_gateway.county.registry import changing
from karez_gateway.errors import Refused
from karez_gateway.proofs import actscheck
from karez_gateway.store import acts as store_acts
from karez_gateway.store import entries, objects
from karez_gateway.store.schema import ACTS, act, registry_object
from karez_protocols import entry

from .county import create, opened

DEED = Deed("li", "first import", 1_790_000_000, document="水政 1 号")
NORTH = {"code": "650402", "name_zh": "高昌区", "tree": "admin"}


@pytest.fixture
def county(tmp_path, database_kind):
    with opened(create(tmp_path / "gateway")) as found:
        yield found


def fine(_before, _after):
    pass


def put(county, values, deed=DEED, check=fine, name="650402"):
    with county.store.writing() as connection:
        return changing.change(connection, [("region", name, values)], deed, check=check)


def rows(county, table):
    with county.store.reading() as connection:
        return connection.execute(select(table)).all()


def test_acts_are_found_among_millions_of_entries_by_an_index_of_their_own(county):
    with county.store.reading() as connection:
        if (
            connection.dialect.name == "sqlite"
        ):  # PostgreSQL reads a table as small as this one from end to end
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {actscheck.LOGGED}").all()
            assert "ix_entry_act" in str(plan), plan
    assert str(ACTS) == f"kind = {entry.ACT}"


def test_one_is_said_without_an_s():
    said = [counting.counted(number, "site") for number in (0, 1, 2)]
    assert said == ["0 sites", "1 site", "2 sites"]
    assert counting.counted(1, "entry is", "entries are") == "1 entry is"
    assert counting.counted(21, "entry is", "entries are") == "21 entries are"


def test_a_change_is_a_version_with_its_act_and_the_log_holds_the_digest(county):
    put(county, NORTH)
    put(county, NORTH | {"level": "county"}, DEED._replace(by="wang", because="level added"))
    assert county.acts.log_queued(DEED.now_s) == 2
    with county.store.reading() as connection:
        first, second = objects.history(connection, "region", "650402")
        assert (first.version, second.version) == (1, 2)
        assert objects.registry(connection)["region", "650402"]["level"] == "county"
        kept = store_acts.get(connection, second.act_id)
        said = entry.decode(entries.body(connection, kept.log_index))
        assert (said["by"], said["sort"], said["reason"]) == ("wang", "registry", "level added [水政 1 号]")
        assert said["digest"] == hashlib.sha256(kept.detail).digest() == kept.digest
        detail = json.loads(kept.detail)
        assert detail["sha256"] == changing.digest(objects.of_act(connection, kept.id))
    assert county.acts.log_queued(DEED.now_s) == 0


def test_what_is_the_same_already_leaves_no_trace(county):
    put(county, NORTH)
    assert put(county, dict(reversed(NORTH.items()))) == []
    assert len(rows(county, act)) == 1


def test_an_end_is_a_version_and_the_past_still_answers(county):
    put(county, NORTH)
    put(county, None, DEED._replace(because="merged", now_s=DEED.now_s + 100))
    with county.store.reading() as connection:
        assert objects.registry(connection).get("region", "650402") is None
        assert objects.registry(connection, DEED.now_s + 99)["region", "650402"] == NORTH
    put(county, NORTH, DEED._replace(because="split again", now_s=DEED.now_s + 200))
    with county.store.reading() as connection:
        assert [one.version for one in objects.history(connection, "region", "650402")] == [1, 2, 3]


def test_what_a_check_refuses_changes_nothing(county):
    def refuses(_before, after):
        raise Refused(f"no: {after['region', '650402']['name_zh']}")

    with pytest.raises(Refused, match="no: 高昌区"):
        put(county, NORTH, check=refuses)
    assert (rows(county, act), rows(county, registry_object)) == ([], [])


@pytest.mark.parametrize(
    "change",
    [{"by": ""}, {"because": " "}, {"because": "two\nlines"}, {"by": "x" * 65}, {"document": "d" * 65}],
)
def test_an_act_says_who_and_why_in_one_line(county, change):
    with pytest.raises(Refused, match="--" + next(iter(change))):
        put(county, NORTH, DEED._replace(**change))
    assert rows(county, act) == []


def test_a_service_that_dies_while_logging_logs_once(county):
    put(county, NORTH)

    class Died(Exception):
        pass

    def dies(stage):
        if stage == acts.STAGE:
            raise Died

    with pytest.raises(Died):
        acts.Acts(county.sequencer, dies).log_queued(DEED.now_s)
    assert county.acts.log_queued(DEED.now_s) == 1
    with county.store.reading() as connection:
        kinds = [entry.decode(body)["entry"] for body in entries.bodies(connection, 0, 10)]
    assert kinds == [entry.ACT]


def test_an_object_named_twice_is_refused_by_name(county):
    twice = [("region", "650402", NORTH), ("region", "650402", NORTH | {"level": "county"})]
    with county.store.writing() as connection, pytest.raises(Refused, match="region 650402 is named twice"):
        changing.change(connection, twice, DEED, check=fine)
    assert not rows(county, act) and not rows(county, registry_object)


def test_what_is_to_hold_later_is_refused_for_the_newest_version_is_in_force(county):
    with pytest.raises(Refused, match="it cannot wait"):
        put(county, NORTH, DEED._replace(effective_utc_s=DEED.now_s + 1))
    assert not rows(county, act)
    assert put(county, NORTH, DEED._replace(effective_utc_s=DEED.now_s))


def test_two_who_change_one_object_at_once_come_one_after_the_other(county):
    both = threading.Barrier(2)

    def change(level):
        both.wait()
        return put(county, NORTH | {"level": level})[0].version

    with ThreadPoolExecutor(2) as hands:
        assert sorted(hands.map(change, ("county", "town"))) == [1, 2]
    assert len(rows(county, act)) == 2
