"""`karez tech screen`: what the meters say, byte by byte if wanted, and how the box does, while one watches.

Imports Textual, which takes its time: nothing but the verb imports this module. The line belongs to one
thread, which asks; the screen only shows. A cable that goes out is said, and looked for until it is back.
"""

from __future__ import annotations

import contextlib
import queue
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual import work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import DataTable, Footer, Header, RichLog, Static
from textual.worker import get_current_worker

from .errors import LineTrouble, Refused
from .speech import Speech, members, printable
from .wording import SCREEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Resize

    from .controller import Controller
    from .line import Outcome

COLUMNS = ("quantity", "state", "age_ds", "values", "raw")
# Of the columns, in characters. What the values get is the rest, in as many lines as they need.
_WIDTHS = {"quantity": 10, "state": 9, "age_ds": 6, "raw": 16}
_VALUES_LEAST = 20
_BLANKS = 2 * len(COLUMNS) + 2  # beside the cells, and the scroll bar
_BACK_S = 1.0  # how long one look for a lost controller may take
_FRAMES = ("request", "answer")  # rows of `raw`: the bytes that went out and came in


class TechnicianScreen(App[None]):
    """Live values, raw answers and health of one controller. `every_s`: seconds between two looks."""

    ENABLE_COMMAND_PALETTE = False  # nothing in it is a technician's, and its words are English
    CSS = """
    #trouble { background: $error; color: $text; display: none; padding: 0 1; }
    #meters { height: auto; max-height: 40%; }
    #middle { height: 1fr; }
    #middle > VerticalScroll { width: 1fr; border: round $primary; }
    #log { height: 30%; border: round $primary; }
    """

    def __init__(
        self, controller: Controller, identity: dict[str, Any], speech: Speech, every_s: float
    ) -> None:
        super().__init__()
        self._controller = controller
        self._speech = speech
        self._every_s = every_s
        self._wanted: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self.is_paused = False
        self.looks = 0  # rounds that came whole
        self._words = SCREEN[speech.language]
        self.title = f"{printable(str(identity['controller']))} · {printable(str(identity.get('site', '')))}"
        for action in ("raw", "events", "pause", "quit"):
            self.bind(action[0], action, description=self._words[action])

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Header(icon="")
        yield Static(id="trouble", markup=False)
        yield DataTable(id="meters", cursor_type="row")
        with Horizontal(id="middle"):
            with VerticalScroll(id="status-box"):
                yield Static(id="status", markup=False)
            with VerticalScroll(id="health-box"):
                yield Static(id="health", markup=False)
        yield RichLog(id="log", wrap=True, markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Name the parts and begin to ask."""
        table = self.query_one(DataTable)
        for name in COLUMNS:
            label = self._speech.label(name)
            table.add_column(label, key=name, width=max(_WIDTHS.get(name, _VALUES_LEAST), cell_len(label)))
        self._fit(self.size.width)
        self.query_one("#status-box").border_title = self._words["status"]
        self.query_one("#health-box").border_title = self._words["health"]
        self.query_one("#log").border_title = self._words["log"]
        self.ask_on()

    def on_resize(self, event: Resize) -> None:
        """Give the values what is left of the line."""
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        table = self.query_one(DataTable)
        columns = {str(key.value): column for key, column in table.columns.items()}
        if columns:
            others = sum(column.width for name, column in columns.items() if name != "values")
            columns["values"].width = max(_VALUES_LEAST, width - others - _BLANKS)
            table.refresh(layout=True)

    # -- the line's thread --------------------------------------------------------------

    @work(thread=True)
    def ask_on(self) -> None:
        """Ask what is wanted, else what is always shown, until the screen closes."""
        worker = get_current_worker()
        while not worker.is_cancelled:
            try:
                self._round()
                self._hand(self._tell_trouble, "")
            except LineTrouble as error:
                self._hand(self._tell_trouble, error.text(self._speech.language))
                self._look_for_it()

    def _round(self) -> None:
        try:
            self._ask_once(self._wanted.get(timeout=self._every_s if self.looks else 0.01))
        except queue.Empty:
            if not self.is_paused:
                found = {verb: self._controller.ask(verb) for verb in ("live", "status", "health")}
                self._hand(self._show, found)

    def _ask_once(self, words: list[str]) -> None:
        try:
            outcome = self._controller.ask(*words)
        except Refused as error:
            self._hand(self._tell, error.text(self._speech.language))
        else:
            self._hand(self._show_parts, words, outcome)

    def _hand(self, show: Callable[..., None], *values: Any) -> None:
        self.call_from_thread(self._if_open, show, values)

    def _look_for_it(self) -> None:
        try:
            self._controller.come_back(self._controller.now_s() + _BACK_S)
        except LineTrouble:
            return  # the next round says so again

    # -- the screen's thread ------------------------------------------------------------

    @staticmethod
    def _if_open(show: Callable[..., None], values: tuple[Any, ...]) -> None:
        """Show it; an answer that comes while the screen closes finds its parts gone."""
        with contextlib.suppress(NoMatches):
            show(*values)

    def _tell_trouble(self, text: str) -> None:
        banner = self.query_one("#trouble", Static)
        banner.update(printable(text))
        banner.display = bool(text)

    def _show(self, found: dict[str, Outcome]) -> None:
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.clear()
        for part in found["live"].parts:
            cells = [self._speech.value(name, part.get(name)) for name in COLUMNS]
            table.add_row(*cells, key=str(part.get("quantity")), height=None)
        table.move_cursor(row=row)
        books: dict[str, Any] = {}
        for part in found["status"].parts:  # alarms stand where nobody has to scroll for them
            books.update(members(part))
        books |= {**members(found["live"].answer), **members(found["status"].answer)}
        self.query_one("#status", Static).update(self._lines(books))
        self.query_one("#health", Static).update(self._lines(members(found["health"].answer)))
        self.looks += 1

    def _lines(self, values: dict[str, Any]) -> str:
        return "\n".join(
            f"{self._speech.label(name)}: {self._speech.value(name, value)}" for name, value in values.items()
        )

    def _show_parts(self, words: list[str], outcome: Outcome) -> None:
        for part in [*outcome.parts, outcome.answer]:
            shown = []
            for name, value in members(part).items():
                text = _spaced(value) if name in _FRAMES else self._speech.value(name, value)
                shown.append(f"{self._speech.label(name)} {text}")
            if shown:
                self._tell("  ".join([" ".join(words), *shown]))

    def _tell(self, text: str) -> None:
        self.query_one(RichLog).write(printable(text))

    # -- keys ---------------------------------------------------------------------------

    def action_raw(self) -> None:
        """Ask for the next reading of the meter under the cursor, byte by byte."""
        table = self.query_one(DataTable)
        if table.row_count:
            quantity = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value
            name = self._speech.value("quantity", quantity)
            self._tell(self._words["raw-wait"].format(quantity=name))
            self._wanted.put(["raw", str(quantity)])

    def action_events(self) -> None:
        """Ask for the newest events."""
        self._wanted.put(["events", "10"])

    def action_pause(self) -> None:
        """Stop looking, or go on."""
        self.is_paused = not self.is_paused
        self.sub_title = self._words["paused"] if self.is_paused else ""


def _spaced(value: Any) -> str:
    """Bytes as `karez decode` and people read them: 01 03 00 08."""
    text = str(value)
    return " ".join(text[at : at + 2] for at in range(0, len(text), 2))
