"""The talk with a 4G modem until it carries PPP: commands of 3GPP TS 27.007 that every module knows.

One table: what is said, what answer is awaited and for how long, how often it is tried, and what the next
row is. What fails switches the modem off and on by its key; a modem that nobody can reach is asked for ever,
because it costs the well nothing.
"""

from karez_protocols.constant import const

_SAY = const(0)
_AWAIT = const(1)
_MS = const(2)
_TRIES = const(3)
# (what is said, what is awaited, for how long in ms, how often). The last row ends in data.
TALK: tuple = (
    ("AT", "OK", 1_000, 20),  # it starts up for up to 15 s
    ("ATE0", "OK", 1_000, 3),
    ("AT+CPIN?", "READY", 5_000, 4),  # a SIM, and no number is asked for
    ("AT+CEREG?", ",1", 5_000, 24),  # registered at home; two minutes are the searching of all bands
    ("AT+CGDCONT=1,", "OK", 5_000, 2),
    ("ATD*99***1#", "CONNECT", 60_000, 1),
)
_REGISTRATION = const(3)
_CONTEXT = const(4)
_AWAY = ",5"  # registered in another's network is as good
_REST_MS = const(1_000)  # between two tries
_PRESS_MS = const(3_000)  # of the key: an EC200U-CN wants 2 s (hardware/parts.csv), others 0.5 to 1 s
_OFF_MS = const(12_000)  # until it has said goodbye to the network
_HEARD_MAX = const(256)


class Modem:
    """One modem. `uart` is its line, `key` the pin that presses its button (None: it cannot be pressed)."""

    def __init__(self, uart, key):
        self._uart = uart
        self._key = key
        self.apn = ""  # "": the one that the network or the modem itself has set
        self.is_connected = False  # the line carries PPP from now on
        self.presses = 0
        self._row = self._tries = 0
        self._heard = b""
        self._until_ms = None  # of the answer; None: the row is to be said
        self._rest_ms = 0
        self._is_pressed = False

    def restart(self, now_ms):
        """Press the key, and begin anew: the line is dead."""
        self.is_connected = False
        self._row = self._tries = 0
        self._until_ms = None
        self._rest_ms = now_ms + _OFF_MS
        if self._key is not None:
            self._key.value(1)
            self._is_pressed = True
            self.presses += 1
            self._rest_ms = now_ms + _PRESS_MS

    def step(self, now_ms):
        """Do what is due; return True once the line carries PPP."""
        if self.is_connected:
            return True
        if now_ms < self._rest_ms:
            return False
        if self._is_pressed:
            self._key.value(0)
            self._is_pressed = False
            self._rest_ms = now_ms + _OFF_MS
        elif self._until_ms is None:
            self._say(now_ms)
        else:
            self._listen(now_ms)
        return self.is_connected

    def _say(self, now_ms):
        text = TALK[self._row][_SAY]
        if self._row == _CONTEXT:
            # A name of others goes into a command: only what an access point's may hold.
            apn = "".join([one for one in self.apn if one.isalpha() or one.isdigit() or one in ".-"])
            if not apn:
                self._row += 1
                return
            text += '"IP","%s"' % apn
        self._uart.read()  # what it says unasked
        self._heard = b""
        self._uart.write(text.encode() + b"\r")
        self._until_ms = now_ms + TALK[self._row][_MS]

    def _listen(self, now_ms):
        self._heard = (self._heard + (self._uart.read() or b""))[-_HEARD_MAX:]
        awaited = TALK[self._row][_AWAIT].encode()
        if awaited in self._heard or (self._row == _REGISTRATION and _AWAY.encode() in self._heard):
            self._until_ms = None
            self._tries = 0
            self._row += 1
            self.is_connected = self._row == len(TALK)
        elif now_ms >= self._until_ms or b"ERROR" in self._heard or b"NO CARRIER" in self._heard:
            self._until_ms = None
            self._tries += 1
            self._rest_ms = now_ms + _REST_MS
            if self._tries >= TALK[self._row][_TRIES]:
                self.restart(now_ms)
        elif self._row == _REGISTRATION and b"OK" in self._heard:
            self._until_ms = now_ms  # it answered, and not what we hope for
