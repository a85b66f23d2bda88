"""A controller board, whatever its chip: what the app needs, made of parts that esp32.py or rp2.py put in.

Nothing here knows a pin or a register. A part that is not there is None or an empty list, and what the app
then does without it is told in docs/ports.md.
"""

import os
import sys
import time

from karez_protocols import record
from karez_protocols.constant import const

from .card import NOBODY
from .ticks import Ticks

# Never away from the contacts for longer, for no poll tells of a button (design §4: step every 500 ms).
_WAIT_MS_MAX = const(50)
_SPIN_US = const(1_000)  # below a millisecond poll() cannot wait
_WATCHDOG_MS = const(8_000)  # rp2 can do 8,388 at most
# A start over a long ring, or with a lost head, takes longer than the watchdog waits.
_GRACE_S = const(60)
_CLOCK_MS = const(60_000)  # how often the RTC corrects the chip's own quartz
_SLACK_S = const(1)  # whole seconds, read at any moment
_BEARER_MS = const(500)
_ENETDOWN = const(100)
_PANEL = "panel "


class Parts:
    """What a board is made of; esp32.py and rp2.py fill it in. Outputs: objects with `value(level)`."""

    def __init__(self):
        self.nor = self.fram = None
        self.coil = self.trip = self.alive = None
        self.uarts: list = []
        self.contacts: list = []  # contacts.State and contacts.Button
        self.card = None
        self.pulses: list = []  # pulse_inputs.PulseInput
        self.clock = None  # Ds3231
        self.display = None
        self.terminal = None
        self.bearer = None
        self.poll = None
        self.flash = None  # RomFlash, where there is room for two images
        self.slot = 0  # of them the one that runs
        self.watchdog = None  # (ms) -> object with feed()
        self.timer = None  # () -> machine.Timer
        self.reset = None


class Port:
    """What the app needs of a board (contract.py)."""

    tier = 3  # C: nothing of this chip is locked yet (integrity §5.3)
    board = ""  # what an update's manifest must name
    tls_block_ms = 1_100  # the upper end of design §4's estimate; no board was measured

    def __init__(self, parts):
        self._parts = parts
        self.nor, self.fram = parts.nor, parts.fram
        self.flash, self.slot = parts.flash, parts.slot
        self.uarts = parts.uarts
        self.inputs = len(parts.pulses)
        self.console = None  # from open_console() on
        self._ticks = Ticks(time.ticks_us, time.ticks_diff)  # type: ignore[attr-defined]
        self._alive = 0
        self._dog = None
        self._grace = None  # the timer that feeds during a start
        self._grace_s = 0
        self._looked_ms = -1
        self._net = None
        self._link: dict = {}
        self._bearer_ms = 0
        self._is_up = False
        self._utc_s = None  # at `_utc_ms`
        self._utc_ms = self._clock_ms = 0
        self._time_state = record.TIME_UNKNOWN
        self._read_clock()
        for uart in parts.uarts:
            parts.poll.register(uart.file)
        if parts.bearer:
            self.connect = self._connect  # asked for by its name: a board without a bearer has none

    # -- time ---------------------------------------------------------------------------

    def now_us(self):
        """Microseconds since start, growing for ever."""
        return self._ticks.now_us()

    def now_ms(self):
        """Milliseconds since start."""
        return self._ticks.now_us() // 1000

    def _read_clock(self):
        """Take the RTC's time, unless it says what we count anyway."""
        self._clock_ms = self.now_ms()
        if self._parts.clock is None:
            return
        utc_s, state = self._parts.clock.read()
        if utc_s is None:
            return  # what was believed before, the chip's own quartz carries on until the mains go
        own_s = self._own_utc_s()
        if own_s is None or abs(utc_s - own_s) > _SLACK_S:
            self._utc_s, self._utc_ms = utc_s, self._clock_ms
        self._time_state = state

    def _own_utc_s(self):
        return None if self._utc_s is None else self._utc_s + (self.now_ms() - self._utc_ms) // 1000

    def utc(self):
        """(UTC seconds or None, time state)."""
        if self._parts.clock and self.now_ms() - self._clock_ms >= _CLOCK_MS:
            self._read_clock()
        return self._own_utc_s(), self._time_state

    def set_utc(self, utc_s, time_state):
        """Set the clock, and keep with it how far it may be believed. Without an RTC until the mains go."""
        self._utc_s, self._utc_ms = utc_s, self.now_ms()
        self._time_state = time_state
        if self._parts.clock and not self._parts.clock.set(utc_s, time_state):
            self._parts.clock = None  # one that cannot be set must not set us back

    def await_time(self):
        """The RTC has been read."""

    def wait(self, deadline_us):
        """Return when something came in or the deadline is there."""
        self._tend_bearer()
        left_us = deadline_us - self.now_us()
        if left_us > _SPIN_US:
            left_ms = min((left_us - _SPIN_US // 2) // 1000, _WAIT_MS_MAX)
            for _ in self._parts.poll.ipoll(left_ms):
                return
            if left_ms == _WAIT_MS_MAX:
                return
        while self.now_us() < deadline_us:
            pass

    def random(self, size):
        """Random bytes of the chip."""
        return os.urandom(size)

    def random_below(self, limit):
        """A random integer in 0..limit-1, for jitter."""
        return int.from_bytes(os.urandom(4), "little") % limit

    def take_pulses(self, number):
        """Return (pulses since the last call, whether the loop is sound); one that is not there is cut."""
        return self._parts.pulses[number].take() if number < self.inputs else (0, False)

    # -- network ------------------------------------------------------------------------

    def _tend_bearer(self):
        """Keep the way out open: from the first wish of the uplink on."""
        if not self._link:
            return
        now_ms = self.now_ms()
        if now_ms - self._bearer_ms >= _BEARER_MS:
            self._bearer_ms = now_ms
            self._is_up = self._parts.bearer.step(now_ms, self._link)

    def _connect(self, link, certificate, key, authority):
        """Return a non-blocking stream to the broker. Raises OSError while there is no way out."""
        self._link = link
        self._tend_bearer()
        if not self._is_up:
            raise OSError(_ENETDOWN)
        from .board_net import Stream  # a board without a network may lack what it imports

        tls_name = link.get("tls_name") or None
        return Stream(link["host"], link["port"], certificate, key, authority, tls_name)

    def listen_to(self, stream):
        """Wake up for a stream (or for none): bytes that arrive end a wait."""
        if self._net is not None:
            self._parts.poll.unregister(self._net)
        self._net = getattr(stream, "socket", None)
        if self._net is not None:
            self._parts.poll.register(self._net)

    # -- outputs ------------------------------------------------------------------------

    def set_coil(self, on):
        """Command the contactor."""
        self._parts.coil.value(1 if on else 0)

    def set_trip(self, on):
        """Command the second trip: the shunt release of the breaker, energised to trip."""
        self._parts.trip.value(1 if on else 0)

    def hold(self):
        """Keep both outputs as they were commanded: one edge, which a monostable awaits every 5 s."""
        self._alive = 1 - self._alive
        self._parts.alive.value(self._alive)

    # -- watchdog -----------------------------------------------------------------------

    def start_watchdog(self):
        """From here on it must be fed. A start gets 60 s: a timer feeds so long, then nobody else does."""
        self._dog = self._parts.watchdog(_WATCHDOG_MS)
        self._grace_s = _GRACE_S
        self._grace = self._parts.timer()
        self._grace.init(period=1_000, callback=self._feed_start)

    def _feed_start(self, _timer):
        if self._grace_s and self._dog:
            self._grace_s -= 1
            self._dog.feed()

    def feed(self):
        """Feed the watchdog; the first time ends a start's grace."""
        if self._grace:
            self._grace.deinit()
            self._grace = None
        if self._dog:
            self._dog.feed()

    def reset(self):
        """Start anew."""
        self._parts.reset()

    # -- contacts, panel and cable --------------------------------------------------------

    def lines(self):
        """Return what contacts and buttons have to say."""
        now_ms = self.now_ms()
        if now_ms == self._looked_ms:
            return ()
        self._looked_ms = now_ms
        if self._parts.card:
            self._parts.card.look()
        found = None
        for contact in self._parts.contacts:
            words = contact.words(now_ms)
            if words:
                found = (found or []) + [words]
        return found or ()

    def credential(self):
        """Who stands at the button: the card that was shown just now, as hexadecimal digits."""
        return self._parts.card.credential() if self._parts.card else NOBODY

    def say(self, text):
        """Show the panel's lines. What else is said is a bench's to hear, and people ask the console."""
        if self._parts.display and text.startswith(_PANEL):
            self._parts.display.show(text[len(_PANEL) :])
        return True

    def open_console(self):
        """Let what comes in on the console end a wait, from now on."""
        if self._parts.terminal and self.console is None:
            self.console = self._parts.terminal
            self._parts.poll.register(self.console.file)

    @staticmethod
    def resource(name):
        """Return the bytes of a file that ships with the firmware. Raises OSError."""
        for folder in sys.path:
            try:
                with open(folder + "/" + name, "rb") as file:
                    return file.read()
            except OSError:
                continue
        raise OSError(2)
