"""The app on a port that has what every port must have, and nothing else (ports/contract.py)."""

from karez_firmware.app import App
from karez_firmware.board_main import settle
from karez_firmware.ports import contract
from karez_firmware.uplink.mqtt_client import DOWN
from karez_protocols import record
from wellhouse import House, Well, memories, port_for, site_of
from wellhouse import a_grant as grant_of


class Bare:
    """A port with the names of MUST alone."""

    def __init__(self, port):
        for name in contract.MUST:
            setattr(self, name, getattr(port, name))


class BareHouse(House):
    """A house whose app sees no more than that of its port."""

    def __init__(self):
        nor, fram = memories()
        self.nor, self.fram, self.well = nor, fram, Well()
        self.port = port_for(nor, fram, self.well)
        self.app = App(Bare(self.port), site_of(self.port))
        settle(self.app)


def test_an_irrigation_needs_no_more_than_what_every_port_has():
    house = BareHouse()
    house.run(4)
    house.offer(grant_of(1000))
    house.press()
    house.run(30)
    assert house.well.closed
    house.press("stop")
    house.run(10)
    kinds = [kind for kind, _ in house.kinds()]
    assert kinds.count(record.START) == kinds.count(record.STOP) == 1
    assert house.last(record.STOP)["volume_l"] == house.well.litres > 300
    house.check_chain()


def test_without_a_network_no_uplink_is_started_and_none_is_after_a_failure():
    house = BareHouse()
    house.run(120)
    client = house.app.uplink.client
    assert client.phase == DOWN and client.stream is None
    house.app.supervisor.run(3, no_memory)  # the uplink's task
    house.run(10)
    assert client.phase == DOWN
    assert record.EVENT not in [kind for kind, _ in house.kinds()[10:]]
    house.port.script("bundle")  # the cable does the work
    house.run(20)
    assert [line for line in house.port.said if line.startswith("bundle end ")]


def no_memory():
    raise MemoryError


def test_a_port_that_has_a_network_keeps_its_uplink():
    house = House(broker=True)
    settle(house.app)
    house.run(10)
    assert house.app.uplink.is_up


def test_a_port_without_a_clock_irrigates_by_litres():
    house = BareHouse()
    house.port.utc_s = None
    house.run(4)
    house.offer(grant_of(1000))
    house.press()
    house.run(10)
    assert house.well.closed


def test_what_a_port_may_lack_has_who_asks_how_and_what_happens_then():
    assert not set(contract.MUST) & set(contract.MAY)
    for name, row in contract.MAY.items():
        assert len(row) == 3 and all(row), name
