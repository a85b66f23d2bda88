"""Somebody at the console: lines in, answers out, a slice at a time (decision 29).

Nothing waits here: what the terminal does not take stands in one bounded answer, and no further
row is made meanwhile; what stands for longer is given up.
"""

import sys

from karez_protocols import console
from karez_protocols.constant import const
from karez_protocols.errors import BadChecksum, ProtocolError

from ..store.devices import StoreFailed
from ..unload import unload
from . import answer, verbs
from .editor import CANCEL, Editor
from .refusal import Refused, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROMPT = b"karez> "
IDLE_MS = const(600_000)
_STUCK_MS = const(10_000)  # a terminal that takes nothing for so long has gone
_HELD_MS = const(20)  # between tries while it takes nothing
_AHEAD_MAX = const(1_200)  # two requests sent before the answer to the first has ended
_WRITE_MAX = const(64)  # bytes a try, as a UART's own buffer holds
_LATE_MS = const(1_500)  # a verb says that it is at it
_LEAVE_MS = const(200)  # what a UART still holds goes out before a restart

# What its verbs load besides.
_ITS_OWN = b"karez_protocols.console karez_protocols.technicians karez_protocols.bundle \
karez_firmware.bundle_export karez_firmware.configuration karez_firmware.fitting karez_firmware.rules \
karez_firmware.core.settings karez_protocols.binding karez_protocols.profile_index"
# What stays while other verbs are asked: of the rest one part is loaded at a time.
_CORE = b"karez_firmware.console karez_firmware.console.session karez_firmware.console.editor \
karez_firmware.console.answer karez_firmware.console.verbs karez_firmware.console.refusal \
karez_protocols.console"
_OK, _MORE = '"ok":true', '"more":true'


def _role(is_technician):
    return text(b"technician" if is_technician else b"reader")


class Session:
    """One session of one app. `terminal`: read() -> bytes, write(bytes) -> how many it took."""

    def __init__(self, app, terminal, heard=b""):
        self.app = app
        self._terminal = terminal
        self._editor = Editor()
        self.is_json = False
        self._tag = None  # of the request at hand
        self._part = 0  # whose verbs are loaded
        self._rows: Any = None  # what answers it, row by row
        self._ahead = heard  # and not yet edited
        self._out = b""
        self._used_ms = self._took_ms = self._told_ms = app.port.now_ms()
        self._is_held = self._is_resting = False
        self.number = None  # of the technician who is logged in
        self.challenge = self.staging = None
        self.put_ms = 0  # until then a reader begins no other list
        self.said: list = []  # what the controller answered to a change
        self.is_over = False
        self.is_leaving = False  # the controller restarts, once what is said stands on the line

    # -- for the app --------------------------------------------------------------------

    def wait_ms(self):
        """How long nothing need be done here, if nothing comes in; None: for any time."""
        if self._out:
            return _HELD_MS if self._is_held else 0
        if self.is_leaving:
            return _HELD_MS
        if self._rows:
            return _HELD_MS if self._is_resting else 0
        return 0 if self._ahead else None

    def run_slice(self):
        """Do one slice; return True while there is more to do at once."""
        now_ms = self.app.port.now_ms()
        if now_ms - self._used_ms >= IDLE_MS:
            self.is_over = True
            return False
        heard = self._terminal.read()
        if heard:
            self._hear(heard)
        if self._out:
            return self._write(now_ms)
        if self.is_leaving and self._rows is None:
            if now_ms - self._took_ms >= _LEAVE_MS:
                self.app.port.say("restarting")
                raise SystemExit  # no task's failure: it ends the program, outputs off (ports/boot.py)
            return False
        self._took_ms = now_ms
        if self._rows is not None:
            self._answer(now_ms)
            if self._is_resting:
                return False
        elif self._ahead:
            self._take(now_ms)
        return bool(self._out or self._rows or self._ahead)

    @staticmethod
    def modules():
        """Return the names of all that was loaded for a session, itself among them."""
        own = text(b"karez_firmware.console")
        return [name for name in sys.modules if name.startswith(own) or name.encode() in _ITS_OWN.split()]

    def close(self):
        """Let go of what a request holds."""
        rows, self._rows = self._rows, None
        if rows:
            rows.close()  # what it borrowed it gives back: taps and lines of meters, modules

    # -- in -----------------------------------------------------------------------------

    def _hear(self, data):
        if self._rows is not None and CANCEL in data:
            self.close()
            self._ahead = b""
            self._out = b""
            self._end(Refused(b"cancelled: by Ctrl-C"))
            return
        # What is more is lost: a tool's check says so, a person sees it in the echo.
        self._ahead = (self._ahead + data)[:_AHEAD_MAX]

    def _take(self, now_ms):
        """Edit up to the next whole line, and begin what it asks."""
        line = None
        at = 0
        while line is None and at < len(self._ahead):
            line = self._editor.feed(self._ahead[at])
            at += 1
        self._ahead = self._ahead[at:]
        echo, self._editor.echo = self._editor.echo, b""
        if not self.is_json:
            self._out = echo
        if line is not None:
            self._begin(line, now_ms)

    def _begin(self, line, now_ms):
        self._tag = None
        self._told_ms = now_ms
        try:
            self._tag, words = console.parse(line)
        except BadChecksum as error:
            self._end(Refused(b"garbled: %s", error))
            return
        except ProtocolError as error:
            self._end(Refused(b"malformed: %s", error))
            return
        if words:
            number, role = self._verb(words[0])
            if number is None:
                self._end(Refused(b"unknown: %s is no verb, see help", words[0][:16]))
                return
            self._used_ms = now_ms
            if role == "t" and self.number is None:
                self._end(Refused(b"role: %s is for a technician, see login", words[0]))
                return
            self._rows = self._rows_of(number, words)
        elif not self.is_json:
            self._out += PROMPT

    def _verb(self, word):
        """Return (number, role) of a verb, (None, "") when there is none."""
        return verbs.find(word)

    def _rows_of(self, number, words):
        """Return the generator that answers; each step is one slice."""
        part = 0
        for first in (verbs.LOOKS, verbs.LOGS, verbs.PAPERS, verbs.ACTS):
            part += number >= first
        if part and part != self._part:
            self._part = part
            unload(*[name for name in self.modules() if name.encode() not in _CORE.split()])
        if number >= verbs.ACTS:
            from .acts import rows
        elif number >= verbs.PAPERS:
            from .papers import rows
        elif number >= verbs.LOGS:
            from .logs import rows
        elif number >= verbs.LOOKS:
            from .looks import rows
        else:
            return (yield from self._own(number, words))
        return (yield from rows(self, number, words))

    def _own(self, number, words):
        """The session's own verbs."""
        yield
        if number in (verbs.JSON, verbs.TEXT):
            self.is_json = number == verbs.JSON
        elif number == verbs.LOGOUT:
            self.number = self.challenge = None
        else:
            for line in verbs.rows():
                name, role, arguments, does = line.split("|")
                if len(words) < 2 or name in words:
                    yield b"verb arguments role does", (name, arguments, _role(role == "t"), does)
        return b"role number", (_role(self.number is not None), self.number)

    # -- out ----------------------------------------------------------------------------

    def _answer(self, now_ms):
        """Make the next row; False for one means that nothing is to be done at once."""
        self._is_resting = False
        try:
            found = next(self._rows)
        except StopIteration as end:
            self._rows = None
            names, values = end.value or (b"", ())
            self._row(_OK, names, values)
        except Refused as error:
            self._end(error)
        except ProtocolError as error:
            self._end(Refused(b"malformed: %s", error))
        except StoreFailed as error:
            self._end(Refused(b"store: %s", error))
        except Exception as error:  # noqa: BLE001 - every request ends, and a reader's question is no failure of the box
            self._end(Refused(b"failed: %s", repr(error)[:60]))
        else:
            if found:
                self._told_ms = now_ms
                self._row(_MORE, found[0], found[1])
                return
            self._is_resting = found is False
            if now_ms - self._told_ms >= _LATE_MS:
                self._told_ms = now_ms
                self._row(_MORE, b"", ())
                self._is_resting = False

    def _row(self, state, names, values):
        is_last = state is _OK
        if self.is_json:
            self._out += answer.in_json(self._tag, state, names, values)
        else:
            if values:
                self._out += answer.in_text(names, values, is_last)
            if is_last:
                self._out += b"ok\r\n" + PROMPT

    def _end(self, refused):
        """The request ends without its effect."""
        self._rows = None
        if self.is_json:
            word, _, why = refused.text.partition(": ")
            self._out += answer.in_json(self._tag, '"error":"%s"' % word, b"text", (why,))
        else:
            self._out += ("error %s\r\n" % refused.text).encode() + PROMPT

    def _write(self, now_ms):
        """Hand on what the terminal takes; True while it takes."""
        taken = self._terminal.write(self._out[:_WRITE_MAX])
        self._out = self._out[taken:]
        self._is_held = not taken
        if taken:
            self._took_ms = now_ms
            if self._rows is not None:
                self._used_ms = now_ms  # a long answer is read
        elif now_ms - self._took_ms >= _STUCK_MS:
            self.close()
            self._out = self._ahead = b""
        return not self._is_held
