"""A whole board in memory, for tests and models on either runtime: the calls of ports/unix.

Time stands still unless the app waits (or a test moves it); meters answer Modbus frames by
their registers; a broker is in fake_broker.py. Nothing here is loaded on a controller.
"""

import sys

from karez_protocols import modbus_frames, record
from karez_protocols.exchange import Reply
from karez_protocols.wire_time import wire_us

_LATENCY_US = 30_000  # what both profiles state for their meters
_TURN_US = 200  # a turn of the app takes time: without it a loop that never sleeps would never end
_REQUESTS_MAX = 512  # kept: an hour of them would fill a heap
_WAIT_MAX_US = 200_000  # as ports/unix: never longer away from the control loop
_DEAD_MAN_US = 5_000_000  # as the hardware of a board, and the bench


class BenchGone(BaseException):
    """The bench closed its end."""


class Reset(BaseException):
    """The box starts anew: nothing after this call is run."""


class Port:
    """What the app needs of a board, in memory. A test scripts it and looks at what it said.

    One meter line, which is the port itself.
    `stations`: address -> object with `registers(start, count, now_us) -> bytes` (None: silent).
    `coil(on, now_us)`, if set, is called when the contactor is commanded, `trip(on, now_us)` when
    the second trip is. Who has once held the outputs must go on: after 5 s without it both drop.
    Contacts come as lines: script("aux 1"), script("door 1").
    """

    tier = 3
    tls_block_ms = 50

    def __init__(self, nor, fram, utc_s=1_790_000_000):
        self.nor = nor
        self.fram = fram
        self.us = 0
        self.utc_s = utc_s  # at us = 0; None: the clock is dead
        self.time_state = record.TIME_SYNCHRONISED
        self.stations: dict = {}
        self.talkers: list = []  # meters of other protocols: frame -> answer or None
        self.uarts = [self]
        self.pulses = [0, 0]  # not yet taken, of each input
        self.is_sound = [True, True]
        self.baud, self.character_bits = 9600, 10
        self.coil = self.trip = None  # called as (on, now_us)
        self.is_coil_on = self.is_trip_on = False
        self.held_us = None  # when the outputs were last held
        self.drops = 0  # of held outputs, by the dead-man
        self.feeds = 0  # of the watchdog
        self.has_watchdog = False
        self.flash = None  # a RamNor for updates (update/marks.py); None: this box takes none
        self.slot, self.board = 0, "fake"
        self.room = None  # lines the bench takes before its end of the cable is full; None: any number
        self.broker = None  # a fake_broker.Broker; None: no network
        self.is_gone = False
        self.files: dict = {}  # name -> bytes, before what ships with the firmware
        self.said: list = []  # lines to the bench, but panel, beat and record
        self.panel = self.beat = ""
        self.slots: list = []  # of the record lines
        self.requests: list = []  # (when, address) of the newest frames to meters
        self._rx: list = []  # (when, bytes) from meters
        self._script: list = []  # (when, text) from the bench
        self._seed = 1

    # -- time ---------------------------------------------------------------------------

    def now_us(self):
        """Microseconds since start."""
        return self.us

    def now_ms(self):
        """Milliseconds since start."""
        return self.us // 1000

    def utc(self):
        """(UTC seconds or None, time state)."""
        if self.utc_s is None:
            return None, record.TIME_UNKNOWN
        return self.utc_s + self.us // 1_000_000, self.time_state

    def set_utc(self, utc_s, time_state):
        """Set the clock, and keep with it how far it may be believed."""
        self.utc_s, self.time_state = utc_s - self.us // 1_000_000, time_state

    def wait(self, deadline_us):
        """Go on to the deadline, or to what comes in before it."""
        until_us = min(max(deadline_us, self.us + _TURN_US), self.us + _WAIT_MAX_US)
        for when_us, _ in self._rx + self._script:
            until_us = min(until_us, max(when_us, self.us + _TURN_US))
        self.us = until_us
        self._watch_outputs()

    def random(self, size):
        """Bytes that are the same in every run."""
        data = bytearray(size)
        for at in range(size):
            self._seed = (self._seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            data[at] = self._seed >> 16 & 255
        return bytes(data)

    def random_below(self, limit):
        """An integer in 0..limit-1."""
        return int.from_bytes(self.random(4), "little") % limit

    # -- meter bus ----------------------------------------------------------------------

    def configure(self, baud, parity, stop_bits):
        """The UART's settings."""
        self.baud, self.character_bits = baud, 9 + (parity != "N") + stop_bits

    def read(self):
        """Bytes that came in on the meter bus."""
        data = b"".join(part for when_us, part in self._rx if when_us <= self.us)
        self._rx = [item for item in self._rx if item[0] > self.us]
        return data

    def write(self, data):
        """A request to a meter, which answers after its latency and the bytes' own time."""
        for talker in self.talkers:
            answer = talker(bytes(data))
            if answer:
                self._answer(len(data), answer)
                return
        request = modbus_frames.decode_request(bytes(data))
        self.requests.append((self.us, request.address))
        if len(self.requests) > _REQUESTS_MAX:
            self.requests = self.requests[_REQUESTS_MAX // 2 :]
        station = self.stations.get(request.address)
        if station is None:
            return
        sent_us = self.us + wire_us(len(data), self.baud, self.character_bits)
        answer = station.registers(request.start, request.count, sent_us)
        if answer is not None:
            self._answer(
                len(data), modbus_frames.encode_reply(Reply(request.address, request.function, answer))
            )

    def take_pulses(self, number):
        """Pulses since the last call, and whether the loop is sound."""
        pulses, self.pulses[number] = self.pulses[number], 0
        return pulses, self.is_sound[number]

    def _answer(self, asked, frame):
        characters_us = wire_us(asked + len(frame), self.baud, self.character_bits)
        self._rx.append((self.us + characters_us + _LATENCY_US, frame))

    # -- network ------------------------------------------------------------------------

    def connect(self, link, certificate, key, authority):  # noqa: ARG002 - the port's contract
        """Return a stream to the broker. Raises OSError without a network."""
        if self.broker is None:
            raise OSError(101)
        return self.broker.open()

    def listen_to(self, stream):
        """Nothing has to be polled here."""

    # -- bench --------------------------------------------------------------------------

    def script(self, text, in_ms=0):
        """Let the bench say a line, in so many milliseconds from now."""
        self._script.append((self.us + in_ms * 1000, text))

    def say(self, text):
        """Keep a line that goes to the bench; False when there is no room for it."""
        if self.room is not None:
            if self.room < 1:
                return False
            self.room -= 1
        sort, _, rest = text.partition(" ")
        if sort == "panel":
            self.panel = rest
        elif sort == "beat":
            self.beat = rest
        elif sort == "record":
            self.slots.append(rest)
        else:
            self.said.append(text)
        return True

    def set_coil(self, on):
        """Command the contactor."""
        self.is_coil_on = bool(on)
        self.say("coil %d" % on)
        if self.coil:
            self.coil(bool(on), self.us)

    def set_trip(self, on):
        """Command the second trip."""
        self.is_trip_on = bool(on)
        self.say("trip %d" % on)
        if self.trip:
            self.trip(bool(on), self.us)

    def hold(self):
        """Keep both outputs as they were commanded."""
        self._watch_outputs()
        self.held_us = self.us

    def _watch_outputs(self):
        """The dead-man of both outputs."""
        if self.held_us is None or self.us - self.held_us < _DEAD_MAN_US:
            return
        self.held_us = None
        if self.is_coil_on or self.is_trip_on:
            self.drops += 1
        for output, is_on in ((self.coil, self.is_coil_on), (self.trip, self.is_trip_on)):
            if output and is_on:
                output(False, self.us)
        self.is_coil_on = self.is_trip_on = False

    def feed(self):
        """Feed the watchdog."""
        self.feeds += 1

    def start_watchdog(self):
        """From here on it must be fed."""
        self.has_watchdog = True

    def reset(self):
        """Start anew. Raises Reset."""
        raise Reset

    def lines(self):
        """Return the lines that are due, each as its words. Raises BenchGone."""
        if self.is_gone:
            raise BenchGone
        due = [text for when_us, text in self._script if when_us <= self.us]
        self._script = [item for item in self._script if item[0] > self.us]
        return [text.split(" ") for text in due]

    def await_time(self):
        """The time is there."""

    def resource(self, name):
        """Return the bytes of a file that ships with the firmware. Raises OSError."""
        if name in self.files:
            return self.files[name]
        for folder in sys.path:
            try:
                with open(folder + "/" + name, "rb") as file:
                    return file.read()
            except OSError:
                continue
        raise OSError(2)
