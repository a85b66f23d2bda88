"""Finding SZY 206 / SL/T 427 frames in a byte stream."""

from .errors import BadChecksum, ProtocolError
from .szy206 import BadFrame, Frame, parse_at, size_at


class StreamReader:
    """Finds frames in a byte stream: hunts for 68 L 68, and after a wrong frame hunts again one byte on.

    Keeps less than one frame between calls. Counts: `frames`, `bad_checksums`, `noise_bytes`.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.frames = 0
        self.bad_checksums = 0
        self.noise_bytes = 0

    def feed(self, data: bytes) -> "list[Frame]":
        """Frames completed by `data`. Raises nothing: what is no frame is counted."""
        return self._hunt(self._rest + bytes(data), False)

    def silence(self) -> "list[Frame]":
        """The line fell silent: what is incomplete now was no frame, look behind its first byte."""
        return self._hunt(self._rest, True)

    def _hunt(self, data, is_final):
        found = []
        start = 0
        end = len(data)
        while start < end:
            head = data.find(b"\x68", start)
            self.noise_bytes += (end if head < 0 else head) - start
            start = end if head < 0 else head
            if head < 0:
                break
            try:
                size = size_at(data, start, end)
                if size == 0 or end - start < size:
                    if not is_final:
                        break
                    raise BadFrame("length", "incomplete")
                found.append(parse_at(data, start, size))
                self.frames += 1
                start += size
            except ProtocolError as error:
                if isinstance(error, BadChecksum):
                    self.bad_checksums += 1
                self.noise_bytes += 1
                start += 1
        self._rest = data[start:]
        return found
