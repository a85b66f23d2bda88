"""A county that comes online at once: what the gateway asks its tables grows with batches, not boxes."""

import pytest
from sqlalchemy import event

from karez_gateway.alarms.records import AlarmRecords
from karez_gateway.intake.ingest import Frame
from karez_gateway.store import controllers

from .county import RECEIVED_UTC_S, create, opened
from .synthetic import SyntheticController

FEW, MANY = 2, 20
STATE = {"online": True, "chain": 1, "last_seq": 2, "grant_seq": 0, "order_seq": 0}


def boxes_of(count):
    found = []
    for number in range(count):
        box = SyntheticController(f"b{number}", f"well-{number}")
        box.start()
        box.interval(1000)
        box.checkpoint()
        found.append(box)
    return found


def statements(directory, count):
    """How many statements each stage needs for the first frames of so many boxes, in one batch."""
    found = {}
    with opened(create(directory)) as county:
        boxes = boxes_of(count)
        county.enrol(*boxes)
        alarms = AlarmRecords(county.config, county.store)
        frames = [Frame(box.name, box.payloads()[0], RECEIVED_UTC_S) for box in boxes]
        states = {box.name: STATE for box in boxes}
        asked = []
        event.listen(county.store._writer, "before_cursor_execute", lambda *_: asked.append(1))
        deeds = {
            "ingest": lambda: county.ingest.take(frames),
            "verify": county.verification.step,
            "ledger": county.ledger.step,
            "heard": county.heard.step,
            "alarms": alarms.step,
            "states": lambda: county.downlinks.heard(states, list(states), RECEIVED_UTC_S),
        }
        for name, deed in deeds.items():
            asked.clear()
            deed()
            found[name] = len(asked)
        reasons = {reason for one in boxes for of_seq in county.reasons(one).values() for reason in of_seq}
        assert len(county.litres()) == count and reasons == {None}
    return found


def test_many_controllers_at_once_ask_no_more_than_few(tmp_path):
    few, many = statements(tmp_path / "few", FEW), statements(tmp_path / "many", MANY)
    assert few == many and 0 < max(few.values()) < FEW * MANY


@pytest.mark.parametrize("chain", [2, 0xFFFF_FFF0])
def test_a_chain_of_any_number_goes_on_from_the_last_one_at_once(tmp_path, chain):
    """Only its own key keeps a controller from beginning chain 4,294,967,280: nobody counts up to it."""
    box = SyntheticController("a", "well-1")
    box.interval(1000)
    later = SyntheticController("a", "well-1", chain=chain, first_seq=box.seq + 1)
    later.volume_l = box.volume_l
    later.interval(500)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        for one in (box, later):
            county.take(one, *one.payloads(one.first_seq))
            county.work()
        assert sum(county.litres().values()) == 1500


def test_one_row_is_one_controller_and_another_row_another(tmp_path):
    box = SyntheticController("a", "well-1")
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        with county.store.reading() as connection:
            first, again = (controllers.find(connection, box.name) for _ in range(2))
            assert first is again and controllers.by_ids(connection, [first.id, 99]) == {first.id: first}
            assert controllers.at_sites(connection, ["well-1", "well-2"]) == {"well-1": [first]}
