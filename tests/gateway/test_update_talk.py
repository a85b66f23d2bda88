"""The gateway's side of an update against the real firmware: in-process broker, resumed, refused, hostile."""

import hashlib

import pytest

from karez_firmware.update import marks
from karez_gateway.updates import recall, talk
from karez_gateway.updates.package import of
from karez_gateway.updates.recall import Recall
from karez_gateway.updates.talk import Talk
from karez_protocols import fields, link, update_link
from karez_protocols.errors import Malformed
from update_carriers import TOPIC, Gateway
from updates import again, content, image_of, manifest_of, ready

IMAGE = image_of(chunks=3)


def package(image=IMAGE, **changed):
    return of(manifest_of(image, **changed), image, "test")


class Link:
    """Both ends: what the box publishes is heard, the records that come up are acknowledged."""

    def __init__(self, house=None):
        self.hang(house or ready(broker=True))

    def hang(self, house):
        self.house, self.gateway, self.taken = house, Gateway(house), 0
        self.is_restarting = False
        self.gateway.run(5)

    def carry(self, one, most=400, is_heard=True):
        """Steps and statuses until the talk is over; return how many steps were sent."""
        steps = 0
        while one.end == talk.TALKING and steps < most:
            data = one.step(self.house.port.us / 1_000_000)
            if data is not None:
                self.house.port.broker.send(data)
                steps += 1
            try:
                self.gateway.run(0.1)
            except SystemExit:  # the pump stands and all is stored: it restarts, and answers no more
                self.is_restarting = True
                return steps
            published = self.house.port.broker.published
            for topic, payload in published[self.taken :]:
                if topic == TOPIC and is_heard:
                    one.heard(payload)
            self.taken = len(published)
        return steps


def test_a_box_takes_it_over_the_link_restarts_and_keeps_it():
    found, one = Link(), Talk(package())
    found.carry(one)
    assert found.is_restarting
    house = again(found.house)
    assert content(house, len(IMAGE)) == IMAGE
    Gateway(house).run(75)
    assert marks.Slots(house.port.flash).newest().kept == 1
    other = Talk(package())
    Link(house).carry(other)
    assert other.end == talk.NEWER and "runs 6" in other.reason


def test_a_service_that_was_killed_goes_on_where_the_box_is():
    found, one = Link(), Talk(package())
    steps = found.carry(one, most=12)
    assert one.end == talk.TALKING and one.index >= 0
    later = Talk(package())
    more = found.carry(later)
    assert found.is_restarting and steps + more < 40


def test_what_came_is_taken_back_and_another_update_is_left_alone():
    found = Link()
    found.carry(Talk(package()), most=9)
    box = found.house.app.update.intake()[0]
    assert box.values
    other = Recall(package(image_of(seed=3)).sha256)
    assert found.carry(other) == 1 and other.end == recall.GONE and box.values
    mine = Recall(package().sha256)
    assert found.carry(mine) == 1 and mine.end == recall.GONE and not box.values


def test_a_recall_is_over_when_the_box_says_so_and_not_before():
    one = Recall(package().sha256)
    kind, body = link.decode_down(one.step(0.0))
    assert kind == link.UPDATE and update_link.decode(body)[0]["step"] == update_link.DROP
    assert one.step(1.0) is None
    one.heard(status(one, state=3, is_wanted=1))  # an answer to what was sent before it
    assert one.end == talk.TALKING and one.step(2.0)
    one.heard(status(one, state=3, is_wanted=1, reason="busy: the pump runs"))  # of an older firmware
    assert one.end == talk.LATER
    silent = Recall(package().sha256)
    sent = sum(silent.step(30.0 * at) is not None for at in range(9))
    assert (silent.end, sent) == (talk.LATER, talk.SILENCES)


def test_another_update_that_comes_by_cable_is_left_alone_until_nobody_goes_on_with_it():
    theirs = {"update": b"cablecab", "index": 7, "offset": 256}
    one = Talk(package())
    one.heard(status(one, **theirs))
    assert one.end == talk.OCCUPIED and one.index == 0 and "left alone" in one.reason
    left = one.seen
    moved = Talk(package(), left=left)
    moved.heard(status(moved, **theirs | {"index": 8}))
    assert moved.end == talk.OCCUPIED
    free = Talk(package(), left=left)
    free.heard(status(free, **theirs))
    assert free.end == talk.TALKING
    assert update_link.decode(link.decode_down(free.step(1.0))[1])[0]["step"] == update_link.PUT
    # It restarts into it when the pump stands: that is waited for, however long it takes.
    wanted = Talk(package(), left=left)
    wanted.heard(status(wanted, **theirs, state=3, is_wanted=1))
    assert wanted.end == talk.OCCUPIED
    # An older one of this gateway is no technician's.
    own = Talk(package(), own={b"cablecab"})
    own.heard(status(own, **theirs))
    assert own.end == talk.TALKING


def test_a_box_that_a_technician_brings_another_one_is_left_alone():
    found = Link()
    found.house.app.update.intake()[0].put(2_000, b"c" * 32)
    one = Talk(package())
    assert found.carry(one) == 1 and one.end == talk.OCCUPIED
    assert found.house.app.update.intake()[0].sha256 == b"c" * 32


def test_chunks_that_did_not_hold_once_in_a_while_fail_no_update():
    one = Talk(package(image_of(chunks=40)))
    digest = package(image_of(chunks=40)).sha256[:8]
    for index in range(39):  # one word of "send it again" at every chunk
        one.heard(status(one, index=index, update=digest, reason="refused: chunk 1 is not what was named"))
        one.heard(status(one, index=index + 1, update=digest))
        assert one.end == talk.TALKING


def test_what_a_box_says_of_itself_is_printable():
    one = Talk(package())
    one.heard(status(one, reason="refused: \x1b[2J\nx"))
    assert one.reason == "refused: ?[2J?x" and one.end == talk.REFUSED


def test_a_box_that_does_not_answer_gives_its_place_to_another():
    found, one = Link(), Talk(package())
    steps = found.carry(one, is_heard=False)
    assert (one.end, one.reason, steps) == (talk.LATER, "no answer", talk.SILENCES)


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ({"board": "other"}, talk.OTHER_BOARD),
        ({"number": 5}, talk.NEWER),
        ({"number": 9, "least": 8}, talk.REFUSED),
        ({"vendor": None}, talk.REFUSED),
    ],
)
def test_what_a_box_refuses_ends_the_talk(changed, end):
    if "vendor" in changed:
        from updates import REGULATOR

        changed = {"vendor": REGULATOR}
    one = Talk(package(**changed))
    Link().carry(one)
    assert one.end == end and one.reason.startswith("refused")


def status(one, **changed):
    values = {
        "version": 1, "state": talk.COMING, "is_wanted": 0, "number": 6, "index": 0, "offset": 0,
        "update": hashlib.sha256(package().manifest).digest()[:8], "reason": "",
    } | changed  # fmt: skip
    return fields.pack(update_link.STATUS, values)


def test_a_hostile_box_ends_its_own_talk_and_nothing_else():
    one = Talk(package())
    for junk in (b"", b"\xff" * 68, b"\x00" * 500):
        with pytest.raises(Malformed):
            one.heard(junk)
    for values in ({"index": 60_000}, {"offset": 5_000}, {"index": 2, "offset": 4_095}):
        one = Talk(package())
        one.heard(status(one, **values))
        assert one.end == talk.FAILED and "which there is not" in one.reason
    one = Talk(package())
    for _ in range(talk.TRIES + 1):  # it says for ever that the chunk does not hold
        assert one.end == talk.TALKING
        one.heard(status(one, reason="refused: chunk 0 is not what the manifest names"))
    assert one.end == talk.FAILED
    one = Talk(package())
    one.heard(status(one, state=3, index=3, is_wanted=1))
    assert (one.end, one.index) == (talk.WANTED, package().values["chunks"])
    one = Talk(package())
    one.heard(status(one, reason="busy: the pump runs; an update waits until it"))
    assert one.end == talk.LATER


def test_steps_are_what_the_link_carries():
    one = Talk(package())
    kind, body = link.decode_down(one.step(0.0))
    assert kind == link.UPDATE and update_link.decode(body)[0]["step"] == update_link.ASK
    assert one.step(1.0) is None
