"""An update over the field link: every step answered with what is wanted next, the restart at its moment."""

import hashlib

from karez_firmware.update import intake
from karez_protocols import causes, errors, link, record, update_link
from update_carriers import IMAGE, UPDATE, Gateway
from updates import again, content, manifest_of, ready


def linked(**named):
    """A house whose link stands, and the gateway."""
    house = ready(broker=True, **named)
    gateway = Gateway(house)
    gateway.run(10)
    assert house.app.uplink.is_up
    return gateway


def restarted(gateway, seconds=30):
    """The house after the restart that the update asks for."""
    try:
        gateway.run(seconds)
    except SystemExit:
        return again(gateway.house)
    raise AssertionError("the box did not restart")


def test_an_update_comes_over_the_link_and_is_kept():
    gateway = linked()
    assert gateway.bring()["state"] == intake.WHOLE
    gateway.send(update_link.APPLY)
    house = restarted(gateway)
    assert house.port.slot == 1 and content(house, len(IMAGE)) == IMAGE
    after = Gateway(house)
    after.run(80)
    kinds = [one["cause"] for one in house.records() if one["kind"] == record.EVENT]
    assert causes.UPDATE_ARMED in kinds and causes.UPDATE_KEPT in kinds
    assert gateway.house.app.journal.head["seq"] < house.app.journal.head["seq"]
    house.check_chain()


def test_what_is_refused_is_told_and_why():
    gateway = linked()
    found = gateway.bring(manifest_of(IMAGE, number=5))
    assert found["state"] == intake.TAKING and found["reason"].startswith("refused: old: its number is 5")
    found = gateway.ask(update_link.CHUNK, 0, 0, b"x")
    assert found["reason"].startswith("refused: another update")
    assert (
        gateway.ask(update_link.DROP, update=hashlib.sha256(manifest_of(IMAGE, number=5)).digest())["state"]
        == 0
    )


def test_a_box_that_was_cut_off_says_where_to_go_on():
    gateway = linked()
    gateway.bring(until=12)
    wanted = gateway.status["index"], gateway.status["offset"]
    assert wanted[0] == 1 and wanted[1]
    after = Gateway(again(gateway.house))
    after.run(10)
    found = after.ask(update_link.ASK)
    assert (found["state"], found["index"], found["offset"]) == (intake.COMING, 1, 0)
    assert found["update"] == UPDATE[:8] and after.bring()["state"] == intake.WHOLE
    assert after.steps < 13  # the first chunk is not sent again


def test_the_restart_waits_until_the_pump_stands_and_the_log_is_stored():
    gateway = linked()
    gateway.bring()
    house = gateway.house
    house.press()
    gateway.run(20)
    assert house.well.closed
    found = gateway.ask(update_link.APPLY)
    assert found["is_wanted"] == 1
    gateway.run(60)
    assert house.well.closed  # nobody's water is stopped for it
    house.port.script("stop")
    after = restarted(gateway, 60)
    stop = [one for one in after.records() if one["kind"] == record.STOP][-1]
    assert stop["volume_l"] == after.well.litres and after.port.slot == 1


def test_a_drop_ends_the_wish_while_the_pump_runs():
    """A roll-out that is stopped must not go on at a well because it irrigates just now."""
    gateway = linked()
    gateway.bring()
    house = gateway.house
    house.press()
    gateway.run(20)
    assert gateway.ask(update_link.APPLY)["is_wanted"] == 1 and house.well.closed
    found = gateway.ask(update_link.DROP)
    assert (found["state"], found["is_wanted"]) == (intake.EMPTY, 0)
    assert found["reason"].startswith("busy: the pump runs")  # the flash is written when it stands
    house.port.script("stop")
    gateway.run(60)  # no SystemExit
    assert not house.well.closed and house.app.update.slots.newest() is None
    assert gateway.bring()["state"] == intake.WHOLE


def test_without_the_gateways_word_for_every_record_there_is_no_restart():
    gateway = linked()
    gateway.bring()
    gateway.send(update_link.APPLY)
    house = gateway.house
    house.app.records.event(causes.DOOR_OPENED)
    for _ in range(100):
        house.turn()  # nobody acknowledges
    assert house.app.update.is_wanted and house.app.uplink.courier.waiting
    assert restarted(gateway).port.slot == 1


def test_steps_that_are_none_change_nothing():
    good = update_link.encode({"step": 4, "index": 0, "offset": 0, "update": bytes(8)}, b"x")
    spoilt = [
        good[:at] + byte + good[at + 1 :] for at, byte in ((0, b"\2"), (1, b"\0"), (1, b"\x08"), (6, b"\1"))
    ]
    spoilt += [
        b"",
        good[:15],
        good[:16],
        good + bytes(512),
        good[:2] + b"\xff\xff" + good[4:],
        good[:1] + b"\1" + good[2:],
    ]
    for payload in spoilt:
        try:
            update_link.decode(payload)
        except errors.Malformed:
            continue
        raise AssertionError(payload)
    gateway = linked()
    gateway.broker.send(bytes((link.UPDATE,)) + good[:9])
    gateway.run(5)
    assert gateway.status["reason"] and gateway.status["state"] == intake.EMPTY


def test_a_box_without_slots_does_not_hear_of_updates():
    gateway = linked()
    gateway.house.app.uplink.on_update = None
    gateway.send(update_link.ASK)
    gateway.run(5)
    assert gateway.status is None and gateway.house.app.uplink.malformed == 1
