"""The tool's end of the line: noise, halves, doubles, silence and cables that are pulled at every byte."""

import json
import random

import pytest

from karez_gateway.technician import applying, connection, document, line, pieces
from karez_gateway.technician.controller import Controller, may_repeat
from karez_gateway.technician.errors import LineTrouble, Refused
from karez_protocols import console

from .technician_desk import CONFIG, KEY, NUMBER, DeskController, Wire, written
from .technician_desk import Refused as DeskRefusal

WHO = connection.Who(NUMBER, KEY)
NEW = written({**CONFIG, "settings": {"restart_delay_s": 600}})


def met(box=None):
    """(box, wire, controller) that have greeted."""
    box = box or DeskController()
    wire = Wire(box)
    controller = Controller(wire, wire.clock)
    controller.greet()
    return box, wire, controller


def one_of(count, spoiled, seed=1):
    """A `spoil` that does it to one line of so many, by chance."""
    chance = random.Random(seed)
    return lambda data: spoiled(data) if not chance.randrange(count) else data


def flipped(data):
    """One bit of the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


def test_an_answer_is_its_parts_and_its_end():
    box, _, controller = met()
    outcome = controller.ask("events", "3")
    assert [part["seq"] for part in outcome.parts] == [40, 39, 38] and outcome.answer["newest"] == 40
    assert box.requests[-1] == ["events", "3"] and box.is_json


@pytest.mark.parametrize(
    "spoiled",
    [
        flipped,
        lambda data: data[: len(data) // 2],  # the half that has no end
        lambda data: data[: len(data) // 2] + b"\r\n",
        lambda data: data[len(data) // 2 :],
        lambda data: data.rstrip(b"\r\n"),  # two lines run together
        lambda data: b"\xff\x00{noise" + data,
        lambda data: b'{"ok":true}\r\n' + data,
    ],
)
def test_what_comes_spoilt_is_asked_for_again_until_it_is_whole(spoiled):
    box, _, controller = met()
    box.spoil = one_of(5, spoiled)
    for _ in range(20):
        outcome = controller.ask("status")
        assert outcome.answer["pump"] == "off" and outcome.answer["volume_l"] == 12_345
        assert len(outcome.parts) == 1


def test_a_line_that_does_not_come_is_waited_for_and_asked_for_again():
    box, _, controller = met()
    box.spoil = one_of(5, lambda data: b"")
    for _ in range(20):
        assert controller.ask("health").answer["late_ms"] == 3
    assert controller.line.repeats


def test_a_line_that_comes_twice_is_one_answer():
    box, _, controller = met()
    box.spoil = lambda data: data + data
    for _ in range(4):
        assert controller.ask("identify").answer["controller"] == box.identity["controller"]
        outcome = controller.ask("config")
        assert outcome.answer["size"] == len(box.config)
    assert pieces.receive(controller, "config") == box.config


def test_a_late_answer_is_the_answer_of_its_own_request_only():
    _, wire, controller = met()
    wire.late_s = line.ANSWER_S + 1
    with pytest.raises(LineTrouble) as caught:
        controller.ask("identify", attempts=1)
    assert caught.value.name == "silent"
    wire.late_s = 0.0
    assert "pump" in controller.ask("status").answer  # not the identity that comes now


def test_a_box_that_restarts_amid_a_question_is_asked_again_in_json():
    box, wire, controller = met()
    box.restart(wire.now)
    box.wake()
    assert controller.ask("status").answer["pump"] == "off"


def test_noise_before_the_first_word_and_half_a_line_of_somebody_else_harm_nothing():
    box = DeskController()
    wire = Wire(box)
    box.feed(b"status of som", 0.0)
    controller = Controller(wire, wire.clock)
    controller.greet()
    assert controller.ask("status").answer["pump"] == "off"
    assert ["status"] in box.requests and ["status", "of"] not in box.requests


def test_silence_and_noise_are_told_apart():
    box = DeskController()
    wire = Wire(box)
    controller = Controller(wire, wire.clock)
    box.is_deaf = True
    with pytest.raises(LineTrouble) as caught:
        controller.greet()
    assert caught.value.name == "silent" and "karez tech find" in caught.value.text("en")
    box.is_deaf = False
    box.feed = lambda data, now_s: b"\x7e\x00\xf0garbage" * 20
    with pytest.raises(LineTrouble) as caught:
        controller.greet()
    assert caught.value.name == "garbled" and "--baud" in caught.value.text("en")


def test_nothing_that_acts_is_ever_sent_twice():
    box, wire, controller = met()
    for words in (
        ["technicians", "apply", "00" * 32],
        ["swap", "water", "A", "1", "B", "0"],
        ["config", "apply", "00" * 32],
        ["prove", "00" * 64],
    ):
        assert not may_repeat(words)
        box.is_deaf, before = True, wire.sent
        with pytest.raises(LineTrouble) as caught:
            controller.ask(*words)
        assert caught.value.name == "unknown-outcome" and words[0] in caught.value.text("en")
        assert wire.sent - before < 2 * len(" ".join(words)) + 30
        box.is_deaf = False
    for words in (
        ["status"],
        ["config"],
        ["config", "piece", "0", "00"],
        ["config", "check"],
        ["login", "1"],
    ):
        assert may_repeat(words)


def test_tags_go_round_and_an_answer_without_ours_is_not_ours():
    told = line.Line(console.TAG_MAX)
    told.ask(["status"], 0.0, may_repeat=True)
    assert b"@0 status *" in told.to_send()
    told.receive(console.sealed('{"tag":5,"ok":true}') + console.sealed('{"ok":true}'), 0.1)
    assert told.outcome is None
    told.receive(console.sealed('{"tag":0,"ok":true}'), 0.2)
    assert told.outcome is not None and told.outcome.state == "done"


@pytest.mark.parametrize(
    "text", ["[1]", '"x"', "{", '{"tag":[],"ok":true}', '{"tag":1,"ok":1}', '{"tag":1}', "[" * 500]
)
def test_json_that_is_no_answer_is_passed_over(text):
    told = line.Line(0)
    told.ask(["status"], 0.0, may_repeat=True)
    crc = console.sealed('{"a":1}')[-6:]
    told.receive(text.encode() + b',"crc":"' + crc + b"\r\n", 0.1)
    if text.startswith('{"') and text.endswith("}"):
        told.receive(console.sealed(text), 0.2)
    assert told.outcome is None


def test_a_document_that_lost_a_whole_line_is_seen_by_its_digest():
    box, _, controller = met()
    box.spoil = one_of(4, lambda data: b"")
    box.config = written({**CONFIG, "areas": [f"area-{at}" for at in range(40)]})
    assert pieces.receive(controller, "config") == box.config


def apply(box, wire, data):
    """Greet, log in, apply."""
    controller = Controller(wire, wire.clock)
    controller.greet()
    connection.login(controller, connection.identify(controller), WHO)
    return applying.apply(controller, document.parse(data, "new"), lambda done: None)


def test_a_document_is_applied_and_read_back():
    box = DeskController()
    assert apply(box, Wire(box), NEW) is True
    assert box.config == NEW and box.boot == 4
    assert apply(box, Wire(box), NEW) is False and box.boot == 4


def test_a_document_is_applied_through_a_bad_line():
    box = DeskController()
    box.spoil = one_of(5, flipped)
    assert apply(box, Wire(box), NEW) is True
    assert box.config == NEW and box.requests.count(["config", "apply", document.parse(NEW, "").sha256]) == 1


def test_a_cable_pulled_at_any_byte_of_an_apply_leaves_the_old_or_the_new_document_whole():
    whole = Wire(DeskController())
    apply(whole.box, whole, NEW)
    old = DeskController().config
    endings = set()
    for cut in range(whole.sent):
        box = DeskController()
        wire = Wire(box)
        wire.cut_after = cut
        try:
            apply(box, wire, NEW)
            raise AssertionError(cut)
        except LineTrouble as error:
            endings.add((error.name, box.config == NEW))
        assert box.config in (old, NEW), cut
        is_heard = any(words[:2] == ["config", "apply"] for words in box.requests)
        assert (box.config == NEW) == is_heard, cut
        if cut % 97 == 0:
            wire.plug_in()
            wire.now += 60
            assert apply(box, wire, NEW) is not is_heard and box.config == NEW, cut
    assert endings == {("cable-gone", False), ("cable-gone", True)}


def test_an_apply_whose_answer_is_lost_is_looked_after():
    for is_heard in (True, False):
        box = DeskController()
        wire = Wire(box)
        feed = box.feed

        def lossy(data, now_s, feed=feed, box=box, is_heard=is_heard):
            if b"config apply" not in data:
                return feed(data, now_s)
            if is_heard:
                feed(data, now_s)
            return b""

        box.feed = lossy
        if is_heard:
            assert apply(box, wire, NEW) is True and box.config == NEW
        else:
            with pytest.raises(LineTrouble) as caught:
                apply(box, wire, NEW)
            assert caught.value.name == "apply-undone"
            assert document.parse(box.config, "").sha256 in caught.value.text("en")


def test_a_firmware_that_shows_its_document_instead_of_taking_one_is_not_believed():
    box = DeskController()
    box._config_put = lambda words, now_s: box._config([], now_s)
    with pytest.raises(LineTrouble) as caught:
        apply(box, Wire(box), NEW)
    assert caught.value.name == "answer-shape" and "config put" in caught.value.text("en")
    assert not any("piece" in words for words in box.requests)


def test_a_put_whose_answer_is_lost_was_taken_and_is_not_asked_for_again_in_vain():
    box = DeskController()
    put, lost = box._config_put, []

    def once_a_minute(words, now_s):
        if box.spare:
            raise DeskRefusal("locked", "wait 60 s")
        lost.append(words)
        return put(words, now_s)

    box._config_put = once_a_minute
    box.spoil = lambda data: b"" if lost and lost.pop() else data
    assert apply(box, Wire(box), NEW) is True and box.config == NEW
    box.spare = {"sha256": "", "pieces": {}}  # another's document is on its way
    with pytest.raises(Refused) as caught:
        apply(box, Wire(box), DeskController().config)
    assert caught.value.word == "locked"


def test_a_document_that_the_controller_refuses_is_not_applied():
    box = DeskController()
    box.config_refusal = "configuration: this controller has no meter line 1"
    with pytest.raises(Refused) as caught:
        apply(box, Wire(box), NEW)
    assert "no meter line 1" in caught.value.text("en")
    assert ["config", "apply"] not in [words[:2] for words in box.requests] and box.config != NEW


def test_a_key_that_is_not_in_the_list_is_refused_and_a_challenge_is_good_once():
    box, _, controller = met()
    box.keys = {NUMBER: bytes(32)}
    identity = connection.identify(controller)
    for word in ("signature", "signature", "signature", "locked"):
        with pytest.raises(Refused) as caught:
            connection.login(controller, identity, WHO)
        assert caught.value.word == word
    assert box.number is None


def test_a_replayed_proof_is_refused():
    box, _, controller = met()
    connection.login(controller, connection.identify(controller), WHO)
    proof = next(words for words in box.requests if words[0] == "prove")
    controller.ask("logout")
    for again in (False, True):
        if again:
            controller.ask("login", str(NUMBER))
        with pytest.raises(Refused):
            controller.ask(*proof)
    assert box.number is None


def test_another_version_of_the_console_is_not_spoken_to():
    _, _, controller = met(DeskController(identity={"console": 2}))
    with pytest.raises(LineTrouble) as caught:
        connection.identify(controller)
    assert caught.value.name == "version" and "version 2" in caught.value.text("en")


def test_what_identifies_nobody_is_not_believed():
    _, _, controller = met(DeskController(identity={"controller": None}))
    with pytest.raises(LineTrouble) as caught:
        connection.identify(controller)
    assert caught.value.name == "answer-shape"


def test_a_document_of_other_bytes_than_its_digest_is_refused():
    box, _, controller = met()
    rows = box._document(box.config, console.PIECE_MAX)
    box._document = lambda data, piece: [*rows[:-1], {**rows[-1], "sha256": "00" * 32}]
    with pytest.raises(LineTrouble) as caught:
        pieces.receive(controller, "config")
    assert caught.value.name == "digest-differs"
    for part in (
        {"offset": -1, "data": "00"},
        {"offset": "0", "data": "00"},
        {"offset": 0, "data": "0g"},
        {},
    ):
        received = pieces.Received()
        received.take(part)
        assert received.whole({"size": 0, "sha256": "00"}) is None
    assert json.loads(box.config) == CONFIG
