"""Messages of several packets (mode M3): a body divided, and put together again.

Only the first packet holds serial and send time; the others go on where it stopped. Packets end
with ETB, the last with ETX. One confirm answers all of them, one NAK asks for one of them.
"""

from .errors import Malformed, NotAllowed, TooLarge
from .sl651_frames import EOT, ETB, ETX, PACKETS_MAX, Frame
from .sl651_messages import Confirm, Resend

# A whole message; ours: pictures of stations are 3 to 60 kB, 4095 packets could be 16 MB.
MESSAGE_BYTES_MAX = 1 << 20
HEAD_BYTES = 8  # serial and send time in HEX; twice as many characters in ASCII


def divided(frame: Frame, body_bytes: int) -> "list[Frame]":
    """Frames of at most `body_bytes` of body each; the frame itself if it is short enough.

    Raises NotAllowed where the first would not hold serial and time, TooLarge above 4095 packets.
    """
    if frame.packet is not None or not frame.is_up:
        raise NotAllowed("a station's whole message is divided, nothing else")
    if body_bytes < (2 * HEAD_BYTES if frame.is_ascii else HEAD_BYTES):
        raise NotAllowed("%d bytes hold no serial and time" % body_bytes)
    count = -(-len(frame.body) // body_bytes)
    if count <= 1:
        return [frame]
    if count > PACKETS_MAX:
        raise TooLarge("%d packets, at most %d" % (count, PACKETS_MAX), PACKETS_MAX)
    out = []
    for number in range(1, count + 1):
        data = frame.body[(number - 1) * body_bytes : number * body_bytes]
        ending = frame.end if number == count else ETB
        out.append(as_packet(frame, data, ending, (count, number)))
    return out


def as_packet(frame: Frame, body: bytes, end: int, packet) -> Frame:
    """The frame with another body, end character and place in its message."""
    return Frame(
        frame.is_up,
        frame.centre,
        frame.station,
        frame.password,
        frame.function,
        body,
        end,
        packet,
        frame.is_ascii,
    )


def resent(frame: Frame) -> Frame:
    """A packet as it is sent again after a NAK: with ETX, whichever it is (6.3.1.2 c)."""
    return as_packet(frame, frame.body, ETX, frame.packet)


class Assembly:
    """The packets of one message, in whatever order and however often they come.

    `total`: how many there are, 0 before the first. Frames with a wrong CRC never come here: a
    packet that is missing is asked for by `resend`.
    """

    def __init__(self, bytes_max: int = MESSAGE_BYTES_MAX):
        self.total = 0
        self._bytes_max = bytes_max
        self._bytes = 0
        self._model: "Frame | None" = None
        self._bodies: dict = {}

    def fits(self, frame: Frame) -> bool:
        """True if a packet may be of the message that has begun: same addresses, function and total."""
        model = self._model
        return model is None or (
            frame.packet is not None
            and frame.packet[0] == self.total
            and frame.is_ascii == model.is_ascii
            and frame.is_up == model.is_up
            and (frame.centre, frame.station, frame.function) == (model.centre, model.station, model.function)
        )

    def take(self, frame: Frame) -> bool:
        """Take a packet; True when the message is whole.

        Raises Malformed for a packet of another message, and for one that came before with other
        bytes; TooLarge above the limit. Nothing is changed then.
        """
        if frame.packet is None or not frame.is_up or not self.fits(frame):
            raise Malformed("no packet of this message")
        number = frame.packet[1]
        known = self._bodies.get(number)
        if known is None:
            if self._bytes + len(frame.body) > self._bytes_max:
                raise TooLarge("a message above %d bytes" % self._bytes_max, self._bytes_max)
            self._bodies[number] = bytes(frame.body)
            self._bytes += len(frame.body)
            self._model = self._model or frame
            self.total = frame.packet[0]
        elif known != frame.body:
            raise Malformed("packet %d came again with other bytes" % number)
        return self.is_whole()

    def is_whole(self) -> bool:
        """True when every packet is there."""
        return 0 < self.total == len(self._bodies)

    def missing(self) -> "list[int]":
        """Numbers of the packets that have not come, lowest first."""
        return [number for number in range(1, self.total + 1) if number not in self._bodies]

    def whole(self) -> Frame:
        """The message as one frame without packet; it may be longer than any frame. Raises Malformed."""
        if not self.is_whole() or self._model is None:
            raise Malformed("%d packets are missing" % len(self.missing()))
        body = b"".join([self._bodies[number] for number in range(1, self.total + 1)])
        return as_packet(self._model, body, ETX, None)

    def _serial(self):
        """The serial in the first packet, 0 where that one is missing."""
        head = self._bodies.get(1, b"")
        if self._model is None or not self._model.is_ascii:
            return int.from_bytes(head[:2], "big")
        try:
            return int(head[:4].decode(), 16)
        except ValueError:
            return 0

    def confirm(self, sent, end: int = EOT) -> Confirm:
        """The confirm of a whole message; its number is the total (note a of table 23). Raises NotAllowed."""
        if not self.is_whole() or self._model is None:
            raise NotAllowed("packets are missing")
        return Confirm(self._model.function, self._serial(), sent, end, (self.total, self.total))

    def resend(self, sent) -> Resend:
        """The question for the lowest packet that is missing. Raises NotAllowed if none is, or none came."""
        missing = self.missing()
        if not missing or self._model is None:
            raise NotAllowed("no packet is missing")
        return Resend(self._model.function, self._serial(), sent, (self.total, missing[0]))
