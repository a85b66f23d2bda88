"""The contactor is tried by a technician: a start like any other, for five seconds at most."""

from karez_firmware.core import pump
from karez_protocols import causes, record
from terminal import Tool
from test_console_acts import NUMBER, events
from wellhouse import House, ready

CLOSED_MS_MAX = 5_000


def a_technician(house=None):
    """A tool whose session knows a technician; how he proves it, test_console_acts.py shows."""
    tool = Tool(house or ready())
    tool.house.app.session.number = NUMBER
    return tool


class Coil:
    """Watches the coil of a house: [how long it was closed, ms]."""

    def __init__(self, house):
        self.closed_ms = []
        self._since_us = None
        self._coil = house.port.coil
        house.port.coil = self._switch

    def _switch(self, on, now_us):
        if on and self._since_us is None:
            self._since_us = now_us
        elif not on and self._since_us is not None:
            self.closed_ms.append((now_us - self._since_us) // 1000)
            self._since_us = None
        self._coil(on, now_us)


def irrigations(house):
    return [one for one in house.records() if one["kind"] in (record.START, record.STOP)]


def without_contact(house):
    """The auxiliary contact is not wired: nobody hears of it."""
    well = house.well

    def coil(on, now_us):
        well.go_on(now_us)
        well.closed = on

    house.port.coil = coil


def test_it_closes_until_the_contact_says_so_and_tells_how_long_that_took():
    tool = a_technician()
    coil = Coil(tool.house)
    found, _ = tool.ask("relay")
    assert found["ok"] and found["stop"] == "button" and found["rest_s"] == 0
    # The contact of this well follows after 60 ms; the console looks every 20 ms.
    assert 60 <= found["closed_ms"] <= 120 and 60 <= found["opened_ms"] <= 120
    assert len(coil.closed_ms) == 1 and coil.closed_ms[0] <= 500
    assert tool.house.state == pump.OFF and not tool.house.app.controller.recorder.alarms


def test_it_is_on_record_before_the_contactor_closes_and_its_litres_are_booked():
    tool = a_technician()
    house, at_close = tool.house, []
    coil = house.port.coil

    def look(on, now_us):
        if on:
            at_close.append(
                [one["kind"] for one in irrigations(house)] + events(house, causes.TECHNICIAN_ACTS)
            )
        coil(on, now_us)

    house.port.coil = look
    assert tool.ask("relay")[0]["ok"]
    act = (causes.TECHNICIAN_ACTS, {"number": NUMBER, "words": "relay"})
    assert at_close and at_close[0] == [record.START, act]
    assert [one["kind"] for one in irrigations(house)] == [record.START, record.STOP]
    house.run(20)
    assert house.app.books.volume_l == house.well.litres > 0
    house.check_chain()


def test_a_contact_that_says_nothing_ends_it_within_five_seconds():
    tool = a_technician()
    without_contact(tool.house)
    coil = Coil(tool.house)
    found, _ = tool.ask("relay")
    assert found["ok"] and found["closed_ms"] is None and found["opened_ms"] is None
    assert found["stop"] == causes.name(causes.RUN_TIME)
    assert len(coil.closed_ms) == 1 and 4_000 <= coil.closed_ms[0] <= CLOSED_MS_MAX


def test_the_limit_holds_when_the_console_is_gone_or_its_terminal_takes_nothing():
    for end in ("held", "cancelled", "dropped"):
        tool = a_technician()
        without_contact(tool.house)
        coil = Coil(tool.house)
        tool.terminal.typed += b"relay\r"
        while not tool.house.port.is_coil_on:
            tool.house.turn()
        if end == "held":
            tool.terminal.room = 0
        elif end == "cancelled":
            tool.terminal.typed += b"\x03"
        else:
            tool.house.app._drop_console()
        tool.house.run(20)
        assert len(coil.closed_ms) == 1 and coil.closed_ms[0] <= CLOSED_MS_MAX, end
        assert end == "held" or coil.closed_ms[0] <= 1_000, (end, coil.closed_ms)
        assert tool.house.state == pump.OFF


def test_what_refuses_a_start_refuses_it_and_nothing_closes():
    for prepare, why in (
        (
            lambda house: house.app.parts.protection.lockout.begin(causes.DRY_RUN, house.port.now_ms()),
            causes.name(causes.LOCKED_OUT),
        ),
        (lambda house: (house.press(), house.run(5)), causes.name(causes.ALREADY_RUNNING)),
        (lambda house: house.port.script("aux 1") or house.run(1), causes.name(causes.FOREIGN_CURRENT)),
    ):
        tool = a_technician()
        prepare(tool.house)
        coil = Coil(tool.house)
        found, _ = tool.ask("relay")
        assert found["error"] == "refused" and why in found["text"], found
        assert coil.closed_ms == []
    tool = a_technician(House())
    tool.house.run(4)
    assert tool.ask("relay")[0] == {"error": "refused", "text": causes.name(causes.GRANT_MISSING)}
    assert Tool(ready()).ask("relay")[0]["error"] == "role"


def test_a_contactor_that_does_not_open_is_told_and_tripped():
    tool = a_technician()
    tool.house.well.has_jammed = True
    found, _ = tool.ask("relay")
    assert found["error"] == "failed" and tool.house.state == pump.STUCK and tool.house.port.is_trip_on


def test_the_next_start_has_no_such_limit():
    tool = a_technician()
    assert tool.ask("relay")[0]["ok"]
    tool.house.press()
    tool.house.run(30)
    assert tool.house.state == pump.RUNNING


def test_a_start_record_that_does_not_stand_closes_nothing():
    tool = a_technician()
    coil = Coil(tool.house)
    tool.terminal.typed += b"relay\r"
    while tool.house.state == pump.OFF:
        tool.house.turn()
    tool.house.nor.is_dead = True
    tool.house.run(30)
    assert coil.closed_ms == [] and not tool.house.port.is_coil_on
    assert b'"error":"refused"' in tool.terminal.shown
