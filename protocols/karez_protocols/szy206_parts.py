"""Messages of SZY 206 / SL/T 427 that are longer than a frame: dividing them, and putting them together.

C has DIV set and DIVS counts down to 1; each fragment is a frame with A and AFN of its own, is
confirmed with its DIVS and repeated by the rules of any frame. No source says where PW and Tp of
a divided message stand: here they end the joined body, as they end an undivided one.

A picture (61H up) is cut by its own rule: each fragment has a length of its own, low byte first.
"""

from .errors import Malformed, NotAllowed, TooLarge
from .szy206 import AFN_IMAGE, FCB_FIRST, IMAGE_BODY_BYTES, Frame

FRAGMENTS_MAX = 255
BODY_BYTES_MAX = 255 - 8  # L less C, DIVS, A and AFN; a user function has one byte less
# Of one fragment: L = 1 counts whole kilobytes, so a shorter last one is filled up with zeros and its
# length says how much of it counts.
PICTURE_BYTES = 1024
MESSAGE_BYTES_MAX = FRAGMENTS_MAX * IMAGE_BODY_BYTES


def fragments(frame: Frame, body_bytes: int = BODY_BYTES_MAX) -> "list[Frame]":
    """Frames that carry a message: itself if it fits, else fragments with at most so many bytes of body.

    SMS and Beidou carriers want frames of 140 and 98 bytes at most: give `body_bytes`.
    Raises NotAllowed, TooLarge above 255 fragments.
    """
    if not 1 <= body_bytes <= BODY_BYTES_MAX or frame.divs is not None:
        raise NotAllowed("a whole message goes into fragments of 1..%d bytes" % BODY_BYTES_MAX)
    room = body_bytes - (frame.afn > 0xFF)
    if len(frame.body) <= room:
        return [frame]
    if room < 1:
        raise NotAllowed("no room for data beside a user function")
    pieces = [frame.body[at : at + room] for at in range(0, len(frame.body), room)]
    return _numbered(frame, pieces)


def picture_fragments(frame: Frame) -> "list[Frame]":
    """Frames of a picture, whose bytes are the body of an 61H frame up. Raises NotAllowed, TooLarge."""
    if not frame.is_up or frame.afn != AFN_IMAGE or not frame.body:
        raise NotAllowed("a picture is the answer to 61H")
    pieces = []
    for at in range(0, len(frame.body), PICTURE_BYTES):
        piece = frame.body[at : at + PICTURE_BYTES]
        padding = bytes(PICTURE_BYTES - len(piece))
        pieces.append(len(piece).to_bytes(2, "little") + piece + padding)
    return _numbered(frame, pieces)


def _numbered(frame, pieces):
    if len(pieces) > FRAGMENTS_MAX:
        raise TooLarge("%d fragments" % len(pieces), limit=FRAGMENTS_MAX)
    return [
        Frame(frame.is_up, frame.address, frame.afn, piece, frame.fcb, frame.type_code, len(pieces) - at)
        for at, piece in enumerate(pieces)
    ]


def picture_of(frame: Frame) -> bytes:
    """Bytes of picture in one fragment. Raises Malformed."""
    size = int.from_bytes(frame.body[:2], "little")
    if len(frame.body) < 2 or size > len(frame.body) - 2:
        raise Malformed("%d bytes cannot hold %d of a picture" % (len(frame.body), size))
    return frame.body[2 : 2 + size]


class Assembly:
    """Puts the fragments of one peer together, one message at a time.

    take(frame) gives the whole message as a Frame, or None while fragments are missing. A
    repeated fragment is passed over: confirm it again, its first confirm was lost. `duplicates` and
    `lost` count repeats, and messages given up because of a gap.

    The first fragment that comes is taken for the first there is: only its DIVS tells how many follow.
    """

    def __init__(self, bytes_max: int = MESSAGE_BYTES_MAX):
        self.duplicates = 0
        self.lost = 0
        self._bytes_max = bytes_max
        self._key: tuple | None = None
        self._next = 0  # DIVS of the fragment to come, 0 = a whole message is there
        self._last = b""
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_broken = False  # what is still to come of this message is refused

    @property
    def is_idle(self) -> bool:
        """True if no message is half here."""
        return not self._pieces

    def reset(self) -> None:
        """The sender fell silent or the connection is new: what comes next begins a message.

        Without it a message shorter than the rest of one that broke would be taken for that rest.
        """
        self.lost += not self.is_idle
        self._key = None
        self._drop(False)

    def take(self, frame: Frame) -> "Frame | None":
        """Take a frame of any kind; one that is not divided is a whole message.

        Raises Malformed for a gap and for what follows it, TooLarge above `bytes_max`; what was
        there is dropped then. A fragment with a higher DIVS than awaited begins a new message.
        """
        if frame.divs is None:
            return frame
        key = (frame.is_up, frame.address, frame.afn, frame.type_code)
        is_same = key == self._key
        if is_same and frame.divs == self._next + 1 and frame.body == self._last:
            self.duplicates += 1
            return None
        if not is_same or frame.divs > self._next:
            self.lost += not self.is_idle
            self._drop(False)
        elif self._is_broken or frame.divs < self._next:
            awaited = self._next
            self.lost += not self.is_idle
            self._drop(True)
            self._next = frame.divs
            raise Malformed("fragment %d came, %d was awaited" % (frame.divs, awaited))
        return self._add(key, frame)

    def _drop(self, is_broken):
        self._is_broken = is_broken
        self._pieces = []
        self._size = 0

    def _add(self, key, frame):
        try:
            piece = picture_of(frame) if frame.is_up and frame.afn == AFN_IMAGE else frame.body
        except Malformed:
            self._drop(True)
            self._key, self._next = key, frame.divs
            raise
        self._size += len(piece)
        if self._size > self._bytes_max:
            self._drop(True)
            self._key, self._next = key, frame.divs
            raise TooLarge("a divided message above %d bytes" % self._bytes_max, limit=self._bytes_max)
        self._key = key
        self._pieces.append(piece)
        self._last = frame.body
        self._next = frame.divs - 1
        if self._next:
            return None
        body = b"".join(self._pieces)
        self._pieces = []
        self._size = 0
        return Frame(frame.is_up, frame.address, frame.afn, body, FCB_FIRST, frame.type_code)
