"""Who answers whom in SL 651: modes M1 to M4, repeats, serials, the password of a command.

    mode  begins   answer                                  ends upward   ends downward
    M1    station  none                                    ETX           -
    M2    station  confirm                                 ETB ETX       EOT ESC ACK
    M3    station  one confirm, or NAK for one packet      ETB ETX       EOT ESC ACK NAK
    M4    centre   the answer; a command then a last frame ETB ETX       ENQ, then EOT ESC ACK

A frame that is wrong is not answered. Who began repeats twice and then leaves (6.3.2.3).
"""

from .errors import Malformed, NotAllowed, ProtocolError
from .sl651_frames import CONFIRM_ENDS, ENQ, EOT, ESC, ETX, NAK, Frame
from .sl651_messages import Confirm, Line
from .sl651_packets import resent
from .sl651_stations import is_for

M1 = 1
M2 = 2
M3 = 3
M4 = 4

ATTEMPTS_MAX = 3  # 6.3.2.3: sent once and repeated twice
RESENDS_MAX = 2  # 6.3.1.2 c: of one packet
SERIAL_MAX = 65535
SERIAL_OF_CENTRE = 0  # 6.6.2.4; other values occur
KEEP_ALIVE_S = 40  # 6.6.4.2 recommends it, 1 to 255 are allowed
CLOCK_OFF_S_MAX = 300  # 6.6.4.24: further off, a clock is set twice, from the command and from the last frame
ON_LINE_MS = 600000  # after ESC a station stays for 10 minutes without a command (table 10)

WAITING = "waiting"
DONE = "done"
FAILED = "failed"

_CONFIRMED = "confirmed"
_ASKED_AGAIN = "asked again"
_SILENT = "silent"
_GIVEN_UP = "given up"
# A pair that is not here changes nothing.
_NEXT = {
    (WAITING, _CONFIRMED): DONE,
    (WAITING, _ASKED_AGAIN): WAITING,
    (WAITING, _SILENT): WAITING,
    (WAITING, _GIVEN_UP): FAILED,
}


def next_serial(serial: int) -> int:
    """The serial after this one; 0 is never a station's."""
    return serial % SERIAL_MAX + 1


def serial_of(frame: Frame) -> "int | None":
    """The serial of a frame, None in a packet that has none. Raises Malformed."""
    if frame.is_up and frame.packet is not None and frame.packet[1] > 1:
        return None
    if not frame.is_ascii:
        if len(frame.body) < 2:
            raise Malformed("no serial")
        return frame.body[0] << 8 | frame.body[1]
    word = frame.body[:4]
    if len(word) < 4 or not all(one in b"0123456789ABCDEFabcdef" for one in word):
        raise Malformed("no serial")
    return int(word.decode(), 16)


def line_of(frame: Frame) -> Line:
    """Addresses, password and encoding of a frame: its answer uses the same."""
    return Line(frame.centre, frame.station, frame.password, frame.is_ascii)


def confirm_for(frame: Frame, sent, end: int = EOT) -> Confirm:
    """What a centre owes to a report, and sends last after a command was answered. Raises Malformed.

    ESC where it has commands to give. A message of several packets: sl651_packets.Assembly.confirm.
    """
    serial = serial_of(frame)
    if serial is None or not frame.is_up:
        raise Malformed("a station's message, or its first packet, is confirmed")
    packet = None if frame.packet is None else (frame.packet[0], frame.packet[0])
    return Confirm(frame.function, serial, sent, end, packet)


def check_command(frame: Frame, station: bytes, password: int) -> None:
    """Raise NotAllowed unless a frame from the centre is for this station and has its password.

    It is not answered then: the standard has no refusal.
    """
    if frame.is_up:
        raise NotAllowed("this frame comes from a station")
    if not is_for(frame.station, station):
        raise NotAllowed("for another station")
    if frame.password != password:
        raise NotAllowed("wrong password")


def answers(question: Frame, answer: Frame) -> bool:
    """True if `answer` may be one to `question`: other direction, same station, function and writing.

    A confirm repeats the serial, an answer to a query has a serial of its own.
    """
    if (answer.function, answer.is_ascii) != (question.function, question.is_ascii):
        return False
    if not question.is_up:
        is_asked = question.end == ENQ and answer.is_up
        return is_asked and is_for(question.station, answer.station)
    if answer.is_up or answer.station != question.station or answer.end not in CONFIRM_ENDS + (NAK,):
        return False
    try:
        # While packet 1 is missing a NAK cannot know the serial.
        return serial_of(question) == serial_of(answer) or answer.end == NAK
    except ProtocolError:
        return False


class Transmission:
    """One message on its way, until it is confirmed or given up. Time comes in as now_ms.

    frames: those of the message, several in mode M3. `state` is WAITING, DONE or FAILED; `answer` the
    frame that ended it; `stays_on_line` True if that one was an ESC. Each method returns the frames
    to send now.
    """

    def __init__(self, frames: "list[Frame]", mode: int, answer_ms: int):
        if not frames or mode not in (M1, M2, M3, M4) or (len(frames) > 1 and mode != M3):
            raise NotAllowed("several frames are sent in mode M3 only")
        if frames[0].is_up == (mode == M4):
            raise NotAllowed("a station begins M1, M2 and M3, a centre M4")
        self.state = WAITING
        self.answer: "Frame | None" = None
        self.stays_on_line = False
        self._frames = frames
        self._mode = mode
        self._answer_ms = answer_ms
        self._attempts = 0
        self._resends: dict = {}
        self._until_ms = 0

    @property
    def next_deadline_ms(self) -> "int | None":
        """When `time_passed` must be called at the latest; None = no need."""
        return self._until_ms if self.state == WAITING and self._attempts else None

    def start(self, now_ms: int) -> "list[Frame]":
        """Begin; in mode M1 this is also the end."""
        if self._attempts:
            raise NotAllowed("it has begun")
        if self._mode == M1:
            self.state = DONE
        return self._send(now_ms)

    def receive(self, frame: Frame, now_ms: int) -> "list[Frame]":
        """A good frame came. One that is no answer to this message changes nothing."""
        if self.state != WAITING or not self._attempts or not answers(self._frames[0], frame):
            return []
        if self._mode == M4:
            if frame.end == ETX:
                self._finish(frame)
            else:  # ETB: more follows
                self._until_ms = now_ms + self._answer_ms
            return []
        if frame.end in CONFIRM_ENDS:
            self._finish(frame)
        elif frame.end == NAK and self._mode == M3 and frame.packet is not None:
            return self._again(frame.packet, now_ms)
        return []

    def time_passed(self, now_ms: int) -> "list[Frame]":
        """Repeat when no answer came in time, and give up after three attempts."""
        if self.state != WAITING or not self._attempts or now_ms < self._until_ms:
            return []
        if self._attempts == ATTEMPTS_MAX:
            self._fire(_GIVEN_UP)
            return []
        self._fire(_SILENT)
        return self._send(now_ms)

    def _fire(self, event):
        self.state = _NEXT.get((self.state, event), self.state)

    def _finish(self, frame):
        self.answer = frame
        self.stays_on_line = frame.end == ESC
        self._fire(_CONFIRMED)

    def _send(self, now_ms):
        self._attempts += 1
        self._resends = {}
        self._until_ms = now_ms + self._answer_ms
        return list(self._frames)

    def _again(self, packet, now_ms):
        total, number = packet
        if total != len(self._frames) or not 1 <= number <= total:
            return []
        count = self._resends.get(number, 0)
        if count == RESENDS_MAX:
            return []  # the time-out decides
        self._resends[number] = count + 1
        self._until_ms = now_ms + self._answer_ms
        self._fire(_ASKED_AGAIN)
        return [resent(self._frames[number - 1])]
