"""What the network may wish of a controller: time and unsigned commands (design §6)."""

from karez_firmware.core import pump
from karez_protocols import causes, link_gateway, record, site_class
from wellhouse import UTC, a_binding, a_config, memories, ready


def online(**binding):
    """A house with a right, whose link stands."""
    nor, fram = memories(
        config=a_config(settings={"restart_delay_s": 0}), signed_binding=a_binding(**binding)
    )
    house = ready(100_000, broker=True, nor=nor, fram=fram)
    house.run(10)
    assert house.app.uplink.is_up
    return house


def send(house, payload, seconds=6):
    """The gateway publishes one message."""
    house.port.broker.send(payload)
    house.run(seconds)


def started(house):
    """Start by a command that quotes the last state."""
    head = house.app.journal.head
    send(house, link_gateway.encode_start(7, head["boot"], house.port.now_ms() // 1000 + 60))
    return house.state == pump.RUNNING


def test_a_start_that_quotes_this_boot_and_a_near_deadline_starts_for_its_account():
    house = online()
    assert started(house)
    start = house.last(record.START)
    assert (start["cause"], start["account"], start["credential"]) == (causes.REMOTE, 7, bytes(8))
    send(house, link_gateway.encode_stop())
    assert house.state == pump.OFF and house.last(record.STOP)["cause"] == causes.REMOTE


def test_a_start_of_another_boot_or_too_late_or_for_a_stranger_is_refused_and_recorded():
    house = online()
    boot, uptime_s = house.app.journal.head["boot"], house.port.now_ms() // 1000
    for account, number, until_s, why in (
        (7, boot + 1, uptime_s + 60, causes.COMMAND_STALE),
        (7, boot, uptime_s - 1, causes.COMMAND_STALE),
        (7, boot, uptime_s + 600, causes.COMMAND_STALE),
        (99, boot, house.port.now_ms() // 1000 + 90, causes.IDENTITY_UNKNOWN),
    ):
        send(house, link_gateway.encode_start(account, number, until_s))
        assert house.state == pump.OFF and house.app.controller.refused == why
    assert (record.EVENT, causes.START_REFUSED) in house.kinds()


def test_a_stop_of_the_network_reaches_no_drinking_water():
    house = online(**{"class": site_class.DOMESTIC})
    house.press()
    house.run(5)
    send(house, link_gateway.encode_stop())
    assert house.state == pump.RUNNING


def test_a_flood_of_commands_leaves_a_persons_stop_heard_and_the_list_short():
    house = online()
    assert started(house)
    for _ in range(200):
        house.port.broker.send(link_gateway.encode_start(7, 1, 1))
    house.press("stop")
    house.run(8)
    assert house.state == pump.OFF and house.last(record.STOP)["cause"] == causes.BUTTON
    assert len(house.app.uplink.commands) <= 4


def test_the_gateways_time_moves_a_trusted_clock_ten_minutes_a_day_and_no_further():
    house = online()
    for _ in range(3):
        send(house, link_gateway.encode_time(UTC + 86_400))
    ahead_s = house.port.utc()[0] - (UTC + house.port.us // 1_000_000)
    assert 595 <= ahead_s <= 600 and house.port.utc()[1] == record.TIME_SYNCHRONISED
    assert (record.EVENT, causes.CLOCK_STEPPED) in house.kinds()


def test_the_gateway_sets_a_clock_that_nobody_trusts_and_it_only_informs():
    house = online()
    house.port.set_utc(UTC, record.TIME_UNKNOWN)
    send(house, link_gateway.encode_time(UTC + 86_400))
    utc_s, state = house.port.utc()
    assert abs(utc_s - UTC - 86_400) < 20 and state == record.TIME_INFORMATIVE
    assert not house.app.parts.clock.is_trusted


def test_a_time_of_no_value_and_a_broken_command_change_nothing():
    house = online()
    before_s = house.port.utc()[0] - house.port.us // 1_000_000
    send(house, link_gateway.encode_time(None))
    send(house, link_gateway.encode_stop()[:-1])
    assert house.port.utc()[0] - house.port.us // 1_000_000 == before_s
    assert house.app.uplink.malformed == 1 and house.app.uplink.is_up
