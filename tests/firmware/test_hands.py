"""Lines of the cable: what becomes an input, and what is nothing."""

import binascii

from karez_firmware import hands
from karez_firmware.core.step_io import Inputs
from wellhouse import CARD

HEX = binascii.hexlify(CARD).decode()


def taken(line, inputs=None):
    """(is control due at once, inputs) of a line."""
    inputs = inputs or Inputs()
    return hands.take(line.split(" "), inputs), inputs


def test_contacts_are_one_or_nought():
    for name in ("aux", "door"):
        for digit, value in (("0", False), ("1", True)):
            is_due, inputs = taken("%s %s" % (name, digit))
            assert is_due and getattr(inputs, name) is value
        for bad in ("", " 2", " x", " 1 1", " 01", " -1"):
            is_due, inputs = taken(name + bad)
            assert not is_due and (inputs.aux, inputs.door) == (False, None), bad


def test_buttons_name_their_card_and_a_stop_needs_none():
    for kind in ("start", "emergency", "stop"):
        is_due, inputs = taken("%s %s" % (kind, HEX))
        assert is_due and inputs.buttons == [(kind, CARD)]
        is_due, inputs = taken(kind)
        assert is_due == (kind == "stop") and inputs.buttons == ([("stop", b"")] if is_due else [])
        is_due, inputs = taken(kind + " z")
        assert is_due == (kind == "stop")


def test_several_buttons_of_one_step_keep_their_order():
    _, inputs = taken("start " + HEX)
    _, inputs = taken("stop", inputs)
    assert [kind for kind, _ in inputs.buttons] == ["start", "stop"]


def test_changes_go_to_the_controller_whole_and_nothing_else_does():
    for name in hands.CHANGES:
        is_due, inputs = taken(name + " a b")
        assert is_due and inputs.changes == [[name, "a", "b"]]
    for line in ("", "bundle", "object config 00", "clock 1 2", "START " + HEX, "stopp", "aux\t1"):
        is_due, inputs = taken(line)
        assert not is_due and not inputs.changes and not inputs.buttons, line
