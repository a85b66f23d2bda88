"""The technician's screen: what it shows comes from the controller, and a pulled cable is said."""

import asyncio

import pytest
from textual.widgets import DataTable, RichLog, Static

from karez_gateway.technician import connection
from karez_gateway.technician.controller import Controller
from karez_gateway.technician.screen import TechnicianScreen
from karez_gateway.technician.speech import Speech

from .technician_desk import NAME, SITE, DeskController, Wire


def screen_of(box, language="en"):
    """(screen, wire) of a controller in memory."""
    wire = Wire(box)
    controller = Controller(wire, wire.clock)
    controller.greet()
    return TechnicianScreen(controller, connection.identify(controller), Speech(language, False), 0.02), wire


async def until(pilot, condition):
    """Wait for what the line's thread brings."""
    async with asyncio.timeout(20):
        while not condition():
            await pilot.pause(0.01)


def text_of(screen, name):
    return str(screen.query_one(f"#{name}", Static).content)


def log_of(screen):
    return "\n".join(line.text for line in screen.query_one(RichLog).lines)


async def test_it_shows_meters_status_and_health_of_this_controller():
    screen, _ = screen_of(DeskController())
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks >= 2)
        assert screen.title == f"{NAME} · {SITE}"
        row = screen.query_one(DataTable).get_row_at(0)
        assert row[0] == "water" and row[1] == "good" and row[4] == "00003039"
        assert "pump: off" in text_of(screen, "status") and "12345" in text_of(screen, "status")
        assert "free: 40000" in text_of(screen, "health")
        assert not screen.query_one("#trouble").display


async def test_raw_answers_come_byte_by_byte_and_events_on_a_key():
    screen, _ = screen_of(DeskController())
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        await pilot.press("r")
        await until(pilot, lambda: "answer 01 03 04 00 00 30 39" in log_of(screen))
        assert "request 01 03 00 08 00 02" in log_of(screen)
        await pilot.press("e")
        await until(pilot, lambda: "door open" in log_of(screen))


async def test_a_pulled_cable_is_said_and_forgotten_when_it_is_back():
    screen, wire = screen_of(DeskController())
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        wire.cut_after = 0
        await until(pilot, lambda: "the cable is gone" in text_of(screen, "trouble"))
        assert screen.query_one("#trouble").display
        wire.plug_in()
        before = screen.looks
        await until(pilot, lambda: screen.looks > before and not screen.query_one("#trouble").display)


async def test_a_refusal_is_shown_and_ends_nothing():
    box = DeskController()
    live = box._live([], 0.0)
    box._live = lambda words, now_s: [{**live[0], "quantity": "level"}, live[1]]
    screen, _ = screen_of(box)
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        await pilot.press("r")
        await until(pilot, lambda: "the controller refuses" in log_of(screen))
        before = screen.looks
        await until(pilot, lambda: screen.looks > before)


async def test_pause_stops_the_looks_and_quit_ends_it():
    box = DeskController()
    screen, _ = screen_of(box)
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        await pilot.press("p")
        assert screen.is_paused
        await pilot.pause(0.1)
        asked = len(box.requests)
        await pilot.pause(0.1)
        assert len(box.requests) == asked
        await pilot.press("p")
        await until(pilot, lambda: len(box.requests) > asked)
        await pilot.press("q")
    assert screen.return_code == 0


@pytest.mark.parametrize("width", [80, 120])
async def test_all_that_a_meter_says_stands_on_the_screen_and_nothing_is_cut_off_at_its_edge(width):
    box = DeskController()
    live = box._live([], 0.0)
    values = {f"voltage_{phase}_dv": 2200 for phase in "abcdefghij"}
    box._live = lambda words, now_s: [{**live[0], "values": values}, live[1]]
    screen, _ = screen_of(box)
    async with screen.run_test(size=(width, 40)) as pilot:
        table, lines = screen.query_one(DataTable), len(", ".join(values)) // width + 1
        await until(pilot, lambda: screen.looks and table.rows and table.rows["water"].height >= lines)
        assert table.virtual_size.width <= table.size.width == width
        await pilot.resize_terminal(100, 40)
        assert table.virtual_size.width <= table.size.width == 100


async def test_alarms_come_before_what_may_have_to_be_scrolled_for():
    screen, _ = screen_of(DeskController())
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        assert text_of(screen, "status").index("alarms") < text_of(screen, "status").index("pump")


async def test_it_speaks_chinese():
    screen, _ = screen_of(DeskController(), "zh")
    async with screen.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: screen.looks)
        assert "累计水量" in text_of(screen, "status")
        assert screen.query_one("#health-box").border_title == "运行状况"
        await pilot.press("r")
        await until(pilot, lambda: "等待 水量 的下一次读数" in log_of(screen))
