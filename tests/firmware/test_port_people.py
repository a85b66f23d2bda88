"""Contacts, buttons, cards, pulses and the display of a board."""

from board_machine import I2c, Loader, Unit, World
from karez_firmware.ports import card, contacts, pulse_inputs


class Line:
    """A pin with a pull-up; `level` is what stands there."""

    def __init__(self, level=1):
        self.level = level

    def value(self):
        return self.level


def told(thing, line, levels):
    """What a contact says of a level a millisecond."""
    found = []
    for now_ms, level in enumerate(levels):
        line.level = level
        words = thing.words(now_ms)
        if words:
            found.append((now_ms, words))
    return found


# -- contacts -------------------------------------------------------------------------------


def test_a_contact_says_how_it_stands_at_the_start_and_when_it_has_changed():
    line = Line()
    aux = contacts.State("aux", line)
    assert told(aux, line, [1] * 100 + [0] * 100 + [1] * 100) == [
        (20, ["aux", "0"]), (120, ["aux", "1"]), (220, ["aux", "0"]),
    ]  # fmt: skip


def test_a_bounce_and_a_spike_are_no_change():
    line = Line()
    aux = contacts.State("aux", line)
    levels = [1] * 30 + [0] * 19 + [1] * 5 + [0, 1] * 20 + [0] * 30
    assert told(aux, line, levels) == [(20, ["aux", "0"]), (114, ["aux", "1"])]


def test_a_door_s_contact_is_closed_with_the_door_so_a_cut_wire_is_an_open_one():
    line = Line(0)
    door = contacts.State("door", line, closed=0)
    assert told(door, line, [0] * 30 + [1] * 30) == [(20, ["door", "0"]), (50, ["door", "1"])]


def test_a_button_speaks_once_a_press():
    line = Line()
    button = contacts.Button("start", line, lambda: "00000000000000aa")
    assert told(button, line, [1] * 50 + [0] * 500 + [1] * 50 + [0] * 50) == [
        (70, ["start", "00000000000000aa"]),
        (620, ["start", "00000000000000aa"]),
    ]


def test_a_button_that_is_stuck_at_the_start_presses_nothing():
    line = Line(0)
    button = contacts.Button("start", line, lambda: card.NOBODY)
    assert told(button, line, [0] * 200) == []
    assert len(told(button, line, [1] * 40 + [0] * 40)) == 1


# -- cards ----------------------------------------------------------------------------------

# Facility 0x12, card 0x3456: even parity over the first 13 bits, odd over the last 13.
FRAME_26 = "0" + "00010010" + "0011010001010110" + "0"


def reader():
    world = World()

    def now_ms():
        return world.us // 1000

    return card.Card(now_ms), world


def show(one, world, frame, gap_us=2_000):
    for bit in frame:
        one.bit(int(bit))
        one.look()
        world.us += gap_us
    for _ in range(10):
        one.look()
        world.us += 5_000


def test_a_frame_of_26_bits_is_a_card():
    assert card.number_of(FRAME_26) == 0x123456
    one, world = reader()
    show(one, world, FRAME_26)
    assert one.credential() == "0000000000123456"
    assert one.credential() == card.NOBODY  # it counts once


def test_a_frame_of_34_bits_is_a_card():
    number = "{:032b}".format(0x04A1B2C3)
    first, second = number[:16], number[16:]
    frame = str(first.count("1") % 2) + number + str(1 - second.count("1") % 2)
    assert card.number_of(frame) == 0x04A1B2C3
    one, world = reader()
    show(one, world, frame)
    assert one.credential() == "0000000004a1b2c3"


def test_any_flipped_bit_and_any_other_length_is_no_card():
    for at in range(26):
        flipped = FRAME_26[:at] + str(1 - int(FRAME_26[at])) + FRAME_26[at + 1 :]
        assert card.number_of(flipped) is None, at
    for size in range(40):
        assert size in (26, 34) or card.number_of("0" * size) is None


def test_noise_before_a_card_ends_with_the_gap():
    one, world = reader()
    show(one, world, "1011")
    show(one, world, FRAME_26)
    assert one.credential() == "0000000000123456"
    show(one, world, "1" * 100)  # a wire that hums
    show(one, world, FRAME_26)
    assert one.credential() == "0000000000123456"


def test_a_card_is_forgotten_after_15_seconds():
    one, world = reader()
    show(one, world, FRAME_26)
    world.us += 14_900_000
    assert one.credential() != card.NOBODY
    show(one, world, FRAME_26)
    world.us += 15_100_000
    assert one.credential() == card.NOBODY


# -- pulses ---------------------------------------------------------------------------------


def difference(later, earlier):
    return later - earlier


class Ms:
    now = 0

    def __call__(self):
        return self.now


def test_interrupts_count_what_is_no_bounce():
    now = Ms()
    counter = pulse_inputs.IrqCounter(now, difference)
    for now.now in (10, 11, 13, 17, 50, 100, 104):
        counter.pulse(None)
    assert counter.take() == 3 and counter.take() == 0
    now.now = 200
    counter.pulse(None)
    assert counter.take() == 1


def test_the_count_of_interrupts_may_wrap():
    now = Ms()
    counter = pulse_inputs.IrqCounter(now, difference)
    counter._count = counter._taken = 0xFFFFFE
    for now.now in (10, 20, 30):
        counter.pulse(None)
    assert counter.take() == 3


def test_a_unit_counts_round_its_limit():
    class Pin:
        number = 3

    unit = Unit(0, Pin, Unit.INCREMENT, 1023, 32_767)
    counter = pulse_inputs.UnitCounter(unit)
    assert unit.is_running
    total = 0
    for pulses in (5, 30_000, 2_762, 1, 32_766, 0):
        unit.pulse(pulses)
        assert counter.take() == pulses
        total += pulses
    assert total == 65_534 and unit.value() == 0


class Adc:
    def __init__(self, value):
        self.value = value

    def read_u16(self):
        return self.value


class Counter:
    def take(self):
        return 7


def test_a_whole_loop_shows_one_of_two_voltages():
    for value, is_sound in (
        (0, False),
        (16_000, False),
        (32_800, True),
        (49_700, True),
        (58_000, False),
        (65_535, False),
    ):
        assert pulse_inputs.PulseInput(Counter(), Adc(value)).take() == (7, is_sound), value
    assert pulse_inputs.PulseInput(Counter(), None).take() == (7, True)


# -- display --------------------------------------------------------------------------------


def display():
    world = World()
    with Loader(world):
        from karez_firmware.ports.display import Display

        return Display(I2c(world)), world


def test_the_first_line_begins_with_the_display_s_own_start():
    one, world = display()
    one.show("idle 0.0 m3/h|used 23.879 m3|left 1.000 m3|")
    assert world.lcd.commands == [0x30, 0x30, 0x30, 0x20, 0x28, 0x0C, 0x01, 0x06, 0x80]
    assert world.lcd.is_on and world.lcd.is_lit
    assert world.lcd.lines() == ["idle 0.0 m3/h       ", " " * 20, " " * 20, " " * 20]


def test_one_line_a_call_and_only_what_has_changed():
    one, world = display()
    for _ in range(4):
        one.show("a|bb|ccc|" + "d" * 40)
    assert world.lcd.lines() == ["a" + " " * 19, "bb" + " " * 18, "ccc" + " " * 17, "d" * 20]
    messages = world.lcd.messages
    one.show("a|bb|ccc|" + "d" * 40)
    assert world.lcd.messages == messages
    one.show("a|b|ccc|" + "d" * 40)
    assert world.lcd.lines()[1] == "b" + " " * 19 and world.lcd.messages == messages + 1
    assert world.lcd.commands[-1] == 0x80 | 0x40


def test_a_letter_that_the_display_has_not_is_a_question_mark():
    one, world = display()
    one.show("坎")
    assert world.lcd.lines()[0].rstrip() == "???"


def test_a_display_that_is_plugged_in_later_is_begun_anew():
    one, world = display()
    lcd = world.i2c.pop(0x27)
    one.show("a")
    world.i2c[0x27] = lcd
    one.show("a")
    assert world.lcd.lines()[0].rstrip() == "a"
    del world.i2c[0x27]
    one.show("b")
    world.i2c[0x27] = lcd
    one.show("b")
    assert world.lcd.lines()[0].rstrip() == "b" and world.lcd.commands.count(0x01) == 2
