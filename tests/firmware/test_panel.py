"""Four lines that a farmer reads: never longer than the display, never a number that is not known."""

from desk import ready
from karez_firmware import panel
from karez_protocols import causes


def test_it_shows_state_flow_used_and_left():
    desk = ready()
    assert panel.lines(desk.controller, None) == ("off 0.0 m3/h", "used 0.000 m3", "left 1.000 m3", "")
    desk.press()
    desk.run(10)
    shown = panel.lines(desk.controller, None)
    assert shown[0] == "running 60.0 m3/h" and shown[1] == "used 0.%03d m3" % desk.books.volume_l


def test_unknown_is_shown_as_such_and_an_overdrawn_right_below_zero():
    desk = ready()
    desk.controller.recorder.water.values = {}
    assert panel.lines(desk.controller, None)[0] == "off --"
    desk.rights.values = None
    assert panel.lines(desk.controller, None)[2] == "left --"
    assert panel._volume(-1) == "-0.001 m3" and panel._volume(-12_345) == "-12.345 m3"


def test_a_refusal_says_why_and_a_stop_its_code_and_cause():
    desk = ready()
    desk.press(card=b"stranger")
    desk.step()
    assert panel.lines(desk.controller, None)[3] == causes.name(causes.IDENTITY_UNKNOWN)
    desk.press()
    desk.run(5)
    desk.press("stop")
    desk.run(5)
    slot = bytes(112) + b"\x00\x44\x32\x14\xc7" + bytes(11)
    assert panel.lines(desk.controller, slot)[3] == "01234567 button"


def test_no_line_is_wider_than_its_display():
    desk = ready()
    slot = bytes(128)
    for cause, _ in causes.every():
        desk.controller.refused = cause
        desk.controller.recorder.water.values = {"flow_lph": 2_147_483_646}
        shown = panel.lines(desk.controller, slot)
        assert len(shown) == 4 and len(shown[0]) <= 20 and len(shown[3]) <= 40
