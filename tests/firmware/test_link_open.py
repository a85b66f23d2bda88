"""What a connection is opened with is read anew each time, and without an authority there is none."""

from karez_firmware.store import objects
from wellhouse import AUTHORITY, CERTIFICATE, ready


def reopened(house):
    """Lose the connection, and give the client the time to come back."""
    house.port.broker.drop()
    before = house.port.broker.connections
    house.run(20)
    return house.port.broker.connections - before


def test_a_new_connection_shows_what_the_flash_holds_then():
    house = ready(1000, broker=True)
    house.run(10)
    shown = []
    connect = house.port.connect

    def watched(config, certificate, key, authority):
        shown.append((certificate, authority, bool(key)))
        return connect(config, certificate, key, authority)

    house.port.connect = watched
    assert reopened(house) and set(shown) == {(CERTIFICATE, AUTHORITY, True)}


def test_without_an_authority_nothing_is_opened_and_with_it_back_the_link_comes_back():
    house = ready(1000, broker=True)
    house.run(10)
    nor = house.app.port.nor
    for place in (0, 1):
        nor.erase(objects.LINK_AUTHORITY + place)
    assert reopened(house) == 0
    assert house.app.supervisor.health()["failures"] == 0  # refused as a network would, and tried again
    objects.write_once(nor, objects.LINK_AUTHORITY, AUTHORITY)
    house.run(60)
    assert house.app.uplink.is_up
