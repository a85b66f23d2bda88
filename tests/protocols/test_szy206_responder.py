"""Which commands a station carries out, and that no repeat is carried out twice."""

from karez_protocols import errors, szy206
from karez_protocols import szy206_commands as commands
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_responder as responders
from karez_protocols import szy206_time as times

OLD, NEW = szy206.SZY206_2016, szy206.SLT427_2021
STATION = szy206.address_of("410105", 1)
PW = b"\x12\x34"
NOW = 1720750530  # 2024-07-12 10:15:30 at UTC+8
DAY = 86400


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def command(afn=functions.TOP_UP, values=None, sent_utc_s=NOW, delay_min=5, fcb=3, dialect=OLD, **changed):
    values = {"added_l": 500000} if values is None else values
    tag = times.tag_at(sent_utc_s, 28800, delay_min)
    message = commands.Command(STATION, afn, values, PW, tag, fcb=fcb)
    for name, value in changed.items():
        setattr(message, name, value)
    return szy206.decode(message.encode(dialect))


class Well:
    """A station that adds what it is told to add, and keeps its memory over a power cut."""

    def __init__(self, dialect=OLD):
        self.dialect = dialect
        self.remaining_l = 0
        self.stored = b""
        self.responder = responders.Responder(STATION, PW, dialect)

    def receive(self, frame, now=NOW):
        verdict = self.responder.judge(frame, now)
        if verdict == responders.EXECUTE:
            values = messages.decode_message(frame, self.dialect).values
            self.remaining_l += values.get("added_l", 0)
            raw = self.responder.answered(frame, values, now)
            self.stored = self.responder.memory()
            return raw
        return self.responder.again(frame, now) if verdict == responders.REPEAT else b""

    def power_cut(self):
        self.responder = responders.Responder(STATION, PW, self.dialect, self.stored)


def test_a_top_up_adds_once_however_often_it_is_repeated():
    for dialect in (OLD, NEW):
        well = Well(dialect)
        for fcb in (3, 2, 1, 3, 2):
            raw = well.receive(command(fcb=fcb, dialect=dialect))
            told = messages.decode_message(szy206.decode(raw), dialect)
            assert told.values == {"added_l": 500000} and told.fcb == fcb
        assert well.remaining_l == 500000


def test_a_repeat_after_a_power_cut_adds_nothing():
    well = Well()
    well.receive(command(fcb=3))
    well.power_cut()
    assert szy206.decode(well.receive(command(fcb=2))).fcb == 2 and well.remaining_l == 500000
    well.stored = b""  # what happens to an owner who does not store it
    well.power_cut()
    well.receive(command(fcb=1))
    assert well.remaining_l == 1000000


def test_another_top_up_is_added_even_if_it_looks_alike():
    well = Well()
    well.receive(command())
    well.receive(command(sent_utc_s=NOW + 1), NOW + 1)  # another second
    well.receive(command(values={"added_l": 501000}))  # another amount in the same second
    assert well.remaining_l == 1501000


def test_a_late_repeat_is_answered_though_its_tag_is_stale():
    well = Well()
    well.receive(command())
    assert well.receive(command(fcb=1), NOW + 3600) != b"" and well.remaining_l == 500000


def test_next_months_top_up_of_the_same_second_is_another():
    month = 31 * DAY
    for dialect, sent, expected in ((OLD, NOW + month, 1000000), (NEW, NOW + month, 1000000)):
        well = Well(dialect)
        well.receive(command(dialect=dialect, delay_min=0))
        well.receive(command(dialect=dialect, delay_min=0, sent_utc_s=sent), sent)
        assert well.remaining_l == expected
    well = Well(NEW)  # a full date names its command for ever
    well.receive(command(dialect=NEW, delay_min=0))
    well.receive(command(dialect=NEW, delay_min=0, fcb=2), NOW + month)
    assert well.remaining_l == 500000


def test_a_station_whose_clock_runs_behind_adds_once_too():
    well = Well()  # a 5-byte tag ahead of the clock may be taken for last month's: the bytes decide
    for now in (NOW - 3601, NOW - 3600, NOW - 3599, NOW):
        well.receive(command(delay_min=0), now)
    assert well.remaining_l == 500000


def test_a_wrong_password_changes_nothing_and_is_counted():
    well = Well()
    for password in (b"\x12\x35", b"\x34\x12", b"\x00\x00", b"\xff\xff"):
        frame = command(password=password)
        assert well.responder.judge(frame, NOW) == responders.DROP_PASSWORD
        assert well.receive(frame) == b""
    assert well.remaining_l == 0 and well.responder.password_errors == 8
    well.receive(command())
    assert well.receive(command(password=b"\x12\x35", fcb=2)) == b""  # nor is a repeat answered


def test_a_stale_tag_is_dropped_and_a_delay_of_zero_is_never_stale():
    for dialect in (OLD, NEW):
        responder = responders.Responder(STATION, PW, dialect)
        for late_s, delay_min, verdict in (
            (0, 5, responders.EXECUTE),
            (300, 5, responders.EXECUTE),
            (301, 5, responders.DROP_STALE),
            (-301, 5, responders.DROP_STALE),
            (10 * DAY, 0, responders.EXECUTE),
        ):
            frame = command(delay_min=delay_min, dialect=dialect)
            assert responder.judge(frame, NOW + late_s) == verdict, (late_s, delay_min)


def test_frames_that_are_no_commands_of_ours_are_dropped():
    responder = responders.Responder(STATION, PW, OLD)
    good = command()
    for change, verdict in (
        ({"is_up": True}, responders.DROP_DIRECTION),
        ({"afn": 0xC0}, responders.DROP_DIRECTION),
        ({"address": szy206.address_of("410105", 2)}, responders.DROP_ADDRESS),
        ({"address": szy206.address_of("410106", 65535)}, responders.DROP_ADDRESS),
        ({"fcb": 0}, responders.DROP_FCB),
        ({"afn": 0xFF07}, responders.DROP_FUNCTION),
        ({"afn": 0x5B}, responders.DROP_FUNCTION),
        ({"afn": 0xD5}, responders.DROP_FUNCTION),
        ({"divs": 2}, responders.DROP_DIVIDED),
        ({"body": b"\x00"}, responders.DROP_MALFORMED),
        ({"body": b"\x00\x05\x00\x00\x12\x34\x99\x15\x10\x12\x05"}, responders.DROP_MALFORMED),
    ):
        frame = szy206.Frame(good.is_up, good.address, good.afn, good.body)
        for name in change:
            setattr(frame, name, change[name])
        assert responder.judge(frame, NOW) == verdict, change


def test_queries_are_always_answered_and_never_remembered():
    well = Well()
    frame = szy206.Frame(False, STATION, functions.QUERY_TOP_UP)
    for _ in range(20):
        assert well.responder.judge(frame, NOW) == responders.EXECUTE
        raw = well.responder.answered(frame, {"last_top_up_l": None, "remaining_l": -5000}, NOW)
        told = messages.decode_message(szy206.decode(raw), OLD)
        assert told.values == {"last_top_up_l": None, "remaining_l": -5000}
    assert well.responder.memory() == b""
    assert refused(errors.NotAllowed, well.responder.again, command(), NOW)


def test_every_query_of_the_standards_is_answered_without_a_password():
    responder = responders.Responder(STATION, PW, OLD)
    for afn in [afn for afn in range(0x50, 0x66) if afn != 0x5B] + [0x98, 0xB0, 0xB1, 0xB2]:
        assert responder.judge(szy206.Frame(False, STATION, afn), NOW) == responders.EXECUTE, hex(afn)
    for afn in (
        list(range(0x10, 0x21)) + list(range(0x30, 0x35)) + list(range(0x90, 0x98)) + [0xA0, 0xA1, 0xA2]
    ):
        if afn not in (0x13, 0x14):
            assert responder.judge(szy206.Frame(False, STATION, afn), NOW) == responders.DROP_MALFORMED, hex(
                afn
            )


def test_a_broadcast_is_carried_out_once_and_not_answered():
    well = Well()
    for fcb in (3, 2):
        frame = command(fcb=fcb, address=szy206.address_of("410105", 65535))
        assert well.receive(frame) == b""
    assert well.remaining_l == 500000


def test_top_ups_are_remembered_longest_and_the_memory_stays_small():
    well = Well()
    well.receive(command())
    for at in range(40):
        frame = command(functions.SET_MODE, {"mode": at % 4}, NOW + at)
        assert well.receive(frame, NOW + at) != b""
        assert well.receive(frame, NOW + at) != b""
    well.receive(command(fcb=2))
    assert well.remaining_l == 500000
    assert len(well.stored) <= responders.REMEMBERED_MAX * (24 + 4)
    for at in range(20):
        well.receive(command(sent_utc_s=NOW + 100 + at), NOW + 100 + at)
    assert well.remaining_l == 500000 * 21


def test_a_refused_start_is_remembered_as_refused():
    responder = responders.Responder(STATION, PW, OLD)
    frame = command(functions.START_DEVICE, {"device": 0, "number": 1})
    assert responder.judge(frame, NOW) == responders.EXECUTE
    first = responder.answered(frame, {"outcome": 5, "number": 1}, NOW)
    again = command(functions.START_DEVICE, {"device": 0, "number": 1}, fcb=2)
    assert responder.judge(again, NOW) == responders.REPEAT
    assert szy206.decode(responder.again(again, NOW)).body == szy206.decode(first).body == b"\x51"


def test_a_damaged_memory_is_refused_at_every_cut():
    well = Well()
    well.receive(command())
    well.receive(command(functions.SET_MODE, {"mode": 1}))
    whole = well.stored
    edge = len(whole) - 25  # the second entry has an answer of one byte
    for size in range(1, len(whole)):
        if size != edge:
            assert refused(errors.Malformed, responders.Responder, STATION, PW, OLD, whole[:size]), size
    assert responders.Responder(STATION, PW, OLD, whole).memory() == whole
    assert refused(errors.Malformed, responders.Responder, STATION, PW, OLD, whole * 5)
    unknown = b"\xff" * 24
    assert refused(errors.Malformed, responders.Responder, STATION, PW, OLD, unknown)


def test_an_answer_that_cannot_be_sent_is_not_remembered():
    responder = responders.Responder(STATION, PW, OLD)
    assert refused(errors.NotAllowed, responder.answered, command(), {"added_l": 1}, NOW)
    assert responder.memory() == b"" and responder.judge(command(), NOW) == responders.EXECUTE


def test_a_turned_password_is_compared_as_configured():
    low = szy206.Dialect(5, False, pw_order=szy206.LOW_FIRST)
    responder = responders.Responder(STATION, PW, low)
    assert responder.judge(command(dialect=low), NOW) == responders.EXECUTE
    assert responder.judge(command(dialect=OLD), NOW) == responders.DROP_PASSWORD


def test_passwords_are_equal_only_if_all_bytes_are():
    for one, other, expected in (
        (b"\x12\x34", b"\x12\x34", True),
        (b"\x12\x34", b"\x12\x35", False),
        (b"\x12\x34", b"\x12", False),
        (b"", b"", True),
        (b"", b"\x00", False),
    ):
        assert responders.is_equal(one, other) is expected
