"""What the bench makes of a controller's words, whatever they are."""

import pytest

from karez_protocols import causes, record
from karez_simulators.cable import Cable, DeskError
from slots import event, slot


def heard(*lines):
    cable = Cable()
    for line in lines:
        cable.hear(line.split(" "))
    return cable


@pytest.mark.parametrize("line", ["record", "record xyz", "identity who", "beat", "beat often"])
def test_what_is_no_word_of_a_controller_is_kept_for_the_message(line):
    cable = heard(line)
    assert cable.not_understood == f"the controller said what the bench does not understand: {line}"
    assert cable.changed.is_set()


@pytest.mark.parametrize("line", ["", "trip 1", "coil 0", "hello", "panel"])
def test_what_is_for_somebody_else_is_let_pass(line):
    assert heard(line).not_understood == ""


def test_a_long_line_is_cut_in_the_message():
    assert len(heard("beat " + "x" * 5000).not_understood) < 130


@pytest.mark.parametrize(
    ("panel", "is_ready"),
    [
        ("panel PUMP OFF|used 0.000 m3|left --|", True),
        ("panel PUMP OFF|used --|left --|", False),
        ("panel |left|used 5 L|", False),
    ],
)
def test_the_books_are_known_once_the_panel_shows_litres(panel, is_ready):
    cable = heard(panel)
    assert cable.is_ready is is_ready
    cable.forget_panel()
    assert not cable.is_ready


def test_answers_are_kept_in_order_and_commissioning_is_none():
    cable = heard("done swap", "commissioned", "refused swap stop the pump first")
    assert cable.is_commissioned
    assert [words[:2] for words in cable.answers] == [["done", "swap"], ["refused", "swap"]]


def spoken(*slots):
    return heard(*(f"record {one.hex()}" for one in slots))


def test_the_newest_known_volume_is_w():
    assert spoken().volume_l == 0
    started = slot(record.START, 1, volume_l=5)
    assert spoken(started, slot(record.STOP, 2, volume_l=9)).volume_l == 9
    assert spoken(started, slot(record.INTERVAL, 2, volume_l=None)).volume_l == 5
    assert spoken(started, slot(record.GRANT, 2)).volume_l == 5


def test_an_irrigation_lasts_from_its_start_to_its_stop():
    start, stop = slot(record.START, 1), slot(record.STOP, 2)
    assert [spoken(*some).is_irrigating for some in ((), (start,), (start, stop), (stop, start))] == [
        False, True, False, True,
    ]  # fmt: skip


def test_events_after_a_record_leave_out_those_before():
    door, swap = (event(seq, cause) for seq, cause in ((1, causes.DOOR_OPENED), (2, causes.SEGMENT_OPENED)))
    cable = spoken(door, swap, event(3, causes.DOOR_OPENED))
    assert [one["seq"] for one in cable.events(causes.DOOR_OPENED)] == [1, 3]
    assert [one["seq"] for one in cable.events(causes.DOOR_OPENED, after=1)] == [3]
    assert cable.events(causes.DOOR_OPENED, after=3) == []
    assert [one["seq"] for one in cable.records(record.EVENT, after=1)] == [2, 3]


def test_refusals_are_those_of_grants():
    refused = range(causes.GRANT_REFUSED_SIGNATURE, causes.GRANT_REFUSED_HEAD + 1)
    others = (causes.START_REFUSED, causes.GRANT_HEAD_UNKNOWN, causes.ORDER_REFUSED_SEQ)
    slots = [event(seq, cause) for seq, cause in enumerate((*refused, *others), 1)]
    assert spoken(*slots).refusals() == len(refused) == 5


def test_what_has_not_been_written_or_is_not_known_is_one_line():
    with pytest.raises(DeskError, match="has written no stop record yet"):
        heard().newest(record.STOP)
    cable = spoken(slot(record.STOP, 1, volume_l=None))
    assert cable.newest(record.STOP)["seq"] == 1
    with pytest.raises(DeskError, match="the newest stop record does not know its volume_l"):
        cable.newest(record.STOP, "cause", "volume_l")
    assert heard().stop_code == "" != cable.stop_code
